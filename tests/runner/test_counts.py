"""What is read from the output of cargo, node and our own suites."""

import unittest

from runner import counts

CARGO = """
running 3 tests
test memory_conforms ... ok
test s3_conforms ... ignored, suite servers
test reads_a_tape ... ignored, needs a tape
test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
"""
NODE = """
✔ opens (12.5ms)
﹣ prints on paper (0.1ms) # SKIP no printer
ℹ tests 4
ℹ pass 2
ℹ fail 0
ℹ cancelled 1
ℹ skipped 1
ℹ todo 0
"""


class Counts(unittest.TestCase):
    def test_an_ignored_rust_test_is_skipped_by_name_unless_another_suite_runs_it(self):
        outcome = counts.read(CARGO)
        self.assertEqual((outcome.passed, outcome.failed), (5, 1))
        self.assertEqual(outcome.skipped, ["reads_a_tape: needs a tape"])

    def test_a_skipped_test_of_node_has_a_name_and_a_cancelled_one_failed(self):
        outcome = counts.read(NODE)
        self.assertEqual((outcome.passed, outcome.failed), (2, 1))
        self.assertEqual(outcome.skipped, ["prints on paper: no printer"])

    def test_our_own_suites_say_what_they_left_out(self):
        outcome = counts.read("ok    test_01\nskipped: test_02: no disk\n1 passed, 0 failed\n")
        self.assertEqual((outcome.passed, outcome.failed, outcome.skipped), (1, 0, ["test_02: no disk"]))

    def test_what_is_skipped_without_a_name_is_counted_all_the_same(self):
        self.assertEqual(len(counts.read("test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured").skipped), 2)
        self.assertEqual(len(counts.read("3 passed, 0 failed, 1 skipped").skipped), 1)


if __name__ == "__main__":
    unittest.main()
