"""What is run again and what is not, on a small checkout of its own."""

import contextlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from runner import tools
from runner.inputs import Checkout
from runner.job import Job, Suite
from runner.record import Record
from runner.run import Run


class Green(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.root = pathlib.Path(self.folder) / "checkout"
        self.root.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)
        self.write("input", "1")
        self.write("other", "1")

    def write(self, name, text):
        (self.root / name).write_text(text)

    def run_suite(self, program, everything=False, conditions=(), files=("input",)):
        """Runs a job that is a Python program; answers the run and what was printed."""
        job = Job("job", (sys.executable, "-c", program), files=files, conditions=conditions)
        run = Run(Checkout(self.root, {}), Record(self.folder), tempfile.mkdtemp(dir=self.folder), everything)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            run.suite(Suite("job", lambda checkout: [job]))
        return run, said.getvalue()

    PASSES = "print('3 passed, 0 failed')"

    def test_what_passed_is_not_run_again_until_an_input_changes(self):
        self.assertIn("ok    job: 3 passed", self.run_suite(self.PASSES)[1])
        run, said = self.run_suite(self.PASSES)
        self.assertEqual(said, "unchanged  job (3 passed before)\n")
        self.assertEqual((run.total.passed, run.unchanged), (3, 3))
        self.write("other", "2")
        self.assertIn("unchanged", self.run_suite(self.PASSES)[1])
        self.write("input", "2")
        self.assertIn("ok    job", self.run_suite(self.PASSES)[1])
        # What was green before is green again, as on a branch that one comes back to.
        self.write("input", "1")
        self.assertIn("unchanged", self.run_suite(self.PASSES)[1])

    def test_all_runs_what_passed_before(self):
        self.run_suite(self.PASSES)
        self.assertIn("ok    job", self.run_suite(self.PASSES, everything=True)[1])

    def test_a_new_file_that_git_does_not_know_yet_is_an_input(self):
        self.run_suite(self.PASSES, files=("*.txt",))
        self.write("new.txt", "")
        self.assertIn("ok    job", self.run_suite(self.PASSES, files=("*.txt",))[1])

    def test_a_variable_of_the_product_is_an_input(self):
        self.run_suite(self.PASSES)
        with mock.patch.dict(os.environ, KAMLD_KILLS="7"):
            self.assertIn("ok    job", self.run_suite(self.PASSES)[1])

    def test_what_failed_is_never_kept(self):
        for program in ("print('2 passed, 1 failed')", "import sys; print('3 passed, 0 failed'); sys.exit(1)", "pass"):
            for _ in range(2):
                run, said = self.run_suite(program)
                self.assertIn("FAIL  job", said)
                self.assertEqual(run.total.failed, 1)

    def test_what_was_skipped_is_kept_only_with_the_condition_that_it_lacks(self):
        program = "print('skipped: mounts: no right'); print('3 passed, 0 failed')"
        for _ in range(2):
            self.assertIn("ok    job", self.run_suite(program)[1])
        with mock.patch.dict(tools.CONDITIONS, mount=lambda: False):
            self.run_suite(program, conditions=("mount",))
            run, said = self.run_suite(program, conditions=("mount",))
            self.assertEqual(said, "skipped: job: mounts: no right\nunchanged  job (3 passed before)\n")
            self.assertEqual(run.total.skipped, ["mounts: no right"])
        with mock.patch.dict(tools.CONDITIONS, mount=lambda: True):
            self.assertIn("ok    job", self.run_suite(program, conditions=("mount",))[1])

    def test_a_file_that_changes_meanwhile_leaves_no_record(self):
        program = f"open({str(self.root / 'input')!r}, 'w').write('edited'); {self.PASSES}"
        self.run_suite(program)
        self.assertIn("ok    job", self.run_suite(program)[1])

    def test_a_test_that_writes_what_it_checks_leaves_no_record(self):
        with mock.patch.dict(os.environ, KAMLD_BLESS="1"):
            for _ in range(2):
                self.assertIn("ok    job", self.run_suite(self.PASSES)[1])

    def test_jobs_that_pass_already_are_not_prepared_and_the_others_once(self):
        prepared = []

        def prepare(folder):
            prepared.append(folder)
            return {"PREPARED": "yes"}

        program = "import os; assert os.environ['PREPARED'] == 'yes'; print('1 passed, 0 failed')"
        jobs = [Job(f"job {number}", (sys.executable, "-c", program), files=("input",), prepare=prepare) for number in (1, 2)]
        for expected in (1, 1):
            run = Run(Checkout(self.root, {}), Record(self.folder), tempfile.mkdtemp(dir=self.folder))
            with contextlib.redirect_stdout(io.StringIO()):
                run.suite(Suite("job", lambda checkout: jobs))
            self.assertEqual((run.total.passed, run.total.failed, len(prepared)), (2, 0, expected))

    def test_a_job_that_cannot_be_prepared_failed(self):
        def prepare(folder):
            raise OSError("no room")

        run = Run(Checkout(self.root, {}), Record(self.folder), self.folder)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            run.suite(Suite("job", lambda checkout: [Job("job", ("true",), gate=True, prepare=prepare)]))
        self.assertEqual(run.total.failed, 1)
        self.assertIn("no room", said.getvalue())

    def test_half_a_record_is_no_record(self):
        self.run_suite(self.PASSES)
        for path in pathlib.Path(self.folder).glob("green/job/*.json"):
            path.write_text(path.read_text()[:20])
        self.assertIn("ok    job", self.run_suite(self.PASSES)[1])

    def test_a_missing_tool_is_a_skip_with_its_reason(self):
        def missing():
            raise tools.Missing("no such thing here")
        with mock.patch.dict(tools.TOOLS, tape=missing):
            job = Job("job", ("true",), tools=("tape",))
            run = Run(Checkout(self.root, {}), Record(self.folder), self.folder)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                run.suite(Suite("job", lambda checkout: [job]))
        self.assertEqual((said.getvalue(), run.total.skipped), ("skipped: job: no such thing here\n", ["job"]))


if __name__ == "__main__":
    unittest.main()
