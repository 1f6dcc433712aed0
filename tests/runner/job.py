"""What a suite is made of: jobs, each one command with the inputs that decide its outcome."""

from dataclasses import dataclass, field
from typing import Callable


@dataclass(frozen=True)
class Job:
    """One command. It runs when its inputs changed since it last passed on this machine."""

    name: str
    command: tuple
    # Globs of files in the checkout. `!GLOB` takes files out again.
    files: tuple = ()
    # Packages of the workspace; their sources, and those of all that they depend on, are inputs.
    crates: tuple = ()
    # Names in `tools.TOOLS`. Their versions are inputs, and where one is missing the job counts as skipped.
    tools: tuple = ()
    # Names in `tools.CONDITIONS`: what a test of this job needs of the machine and is skipped without.
    conditions: tuple = ()
    # A gate counts as one test: its exit status. Other jobs print how many tests they ran.
    gate: bool = False
    # Whether running no test at all is fine, as in a package that has none.
    may_be_empty: bool = False
    # Whether nothing else may run at the same time, because the job measures time.
    alone: bool = False
    # Done once a run, before the first job that names it; answers variables for these jobs.
    prepare: Callable | None = None


@dataclass(frozen=True)
class Suite:
    name: str
    # Answers the jobs; called with the `Checkout`.
    jobs: Callable
    # How many jobs run at the same time.
    lanes: int = 1
    # How much memory a job needs at most, in MB; fewer run at once where that is not free.
    memory: int = 500


@dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    # The names of tests that were skipped, each with its reason.
    skipped: list = field(default_factory=list)
    seconds: float = 0.0
    # Tables of measured values, which are printed.
    tables: list = field(default_factory=list)
