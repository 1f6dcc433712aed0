"""Reads how many tests passed, failed and were skipped from what cargo, node and our own suites print."""

import re

from .job import Outcome

CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;")
IGNORED = re.compile(r"^test (.+?) \.\.\. ignored(?:, (.*))?$")
NODE = re.compile(r"^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)$")
NODE_SKIPPED = re.compile(r"^\s*﹣ (.+?)(?: \([\d.]+ms\))? # (?:SKIP|TODO) ?(.*)$")
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
SKIPPED = re.compile(r"^skipped: (.+)$")
# An ignored Rust test with this reason is run, and counted, by the suite of that name.
ELSEWHERE = re.compile(r"^suite (\S+)$")
TABLE = re.compile(r"^\|")
FAILURE = re.compile(r"^(test .*FAILED|\s*✖|not ok|---- |error|thread )|panicked at|FAIL")


def read(text):
    """The outcome that an output tells. Skipped tests that the output counts and does not name are named by their number."""
    outcome = Outcome()
    counted = named = elsewhere = 0
    for line in text.splitlines():
        if found := CARGO.match(line):
            passed, failed, ignored = map(int, found.groups())
            outcome.passed += passed
            outcome.failed += failed
            counted += ignored
        elif found := IGNORED.match(line):
            name, reason = found.groups()
            named += 1
            if reason and ELSEWHERE.match(reason):
                elsewhere += 1
            else:
                outcome.skipped.append(f"{name}: {reason or 'ignored without a reason'}")
        elif found := NODE.match(line):
            what, number = found[1], int(found[2])
            if what == "pass":
                outcome.passed += number
            elif what in ("fail", "cancelled"):
                outcome.failed += number
            else:
                counted += number
        elif found := NODE_SKIPPED.match(line):
            named += 1
            outcome.skipped.append(": ".join(part for part in found.groups() if part))
        elif found := PLAIN.match(line):
            passed, failed, skipped = (int(part or 0) for part in found.groups())
            outcome.passed += passed
            outcome.failed += failed
            counted += skipped
        elif found := SKIPPED.match(line):
            named += 1
            outcome.skipped.append(found[1])
        elif TABLE.match(line):
            outcome.tables.append(line)
    if counted > named:
        outcome.skipped += [f"test {number} that the output does not name" for number in range(1, counted - named + 1)]
    return outcome


def failures(text):
    """The lines that say what failed."""
    return [line for line in text.splitlines() if FAILURE.search(line)]
