"""Which files are inputs of which job, in this checkout."""

import pathlib
import unittest

from runner.inputs import Checkout
from runner.suites import READS, SUITES


class Inputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checkout = Checkout(pathlib.Path(__file__).resolve().parents[2], READS)
        cls.files = {job.name: set(cls.checkout.job_files(job)) for suite in SUITES for job in suite.jobs(cls.checkout)}

    def read_by(self, name):
        return {job for job, files in self.files.items() if name in files}

    def test_every_file_decides_something(self):
        read = set().union(*self.files.values())
        self.assertEqual(set(self.checkout.files) - read, set())

    def test_a_crate_depends_on_what_it_is_built_from_and_on_nothing_beside(self):
        storage = "host/capabilities/storage/src/lib.rs"
        for job in ("unit kamld-storage", "unit kamld-linkages", "unit kamld", "servers storage on MinIO", "e2e", "kill", "page journey", "clippy"):
            self.assertIn(storage, self.files[job], job)
        for job in ("unit kamld-types", "unit kamld-metadata", "unit kamld-registry", "unit kamld-server", "ui", "clippy-guests"):
            self.assertNotIn(storage, self.files[job], job)

    def test_the_tests_of_a_crate_decide_its_own_jobs_alone(self):
        jobs = self.read_by("host/registry/tests/power.rs")
        self.assertTrue({"unit kamld-registry", "clippy", "format", "house"} <= jobs, jobs)
        for other in ("unit kamld", "e2e", "power", "page journey"):
            self.assertNotIn(other, jobs)

    def test_a_plug_in_decides_its_own_tests_and_those_of_the_product(self):
        jobs = self.read_by("plugins/history/src/lib.rs")
        self.assertIn("guests kamld-plugin-history", jobs)
        self.assertIn("page journey", jobs)
        for other in ("guests kamld-plugin-sql", "unit kamld-runtime", "unit kamld", "clippy", "ui"):
            self.assertNotIn(other, jobs)

    def test_files_that_a_crate_includes_from_elsewhere_are_inputs(self):
        self.assertIn("wit/ui/catalogue.json", self.files["unit kamld-runtime"])
        self.assertIn("wit/storage/storage.wit", self.files["unit kamld-policy"])
        self.assertIn("sdk/rust/template/plugin.toml", self.files["unit kamld"])
        self.assertIn("tests/programs/examples/limits_spins.rs", self.files["unit kamld-runtime"])

    def test_a_crate_that_goes_out_from_the_root_depends_on_everything_until_it_is_said_what_it_reads(self):
        careful = Checkout(self.checkout.root, {})
        self.assertEqual(careful.crate_globs("kamld-runtime"), ("**",))

    def test_a_page_test_depends_on_its_own_modules_only(self):
        self.assertIn("tests/e2e/page/golden/home-1280-light.png", self.files["page golden"])
        self.assertNotIn("tests/e2e/page/golden/home-1280-light.png", self.files["page journey"])
        self.assertIn("tests/e2e/page/between.mjs", self.files["page journey"])
        self.assertNotIn("tests/e2e/page/journey.test.mjs", self.files["page golden"])


if __name__ == "__main__":
    unittest.main()
