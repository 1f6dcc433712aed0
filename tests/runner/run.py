"""Runs suites: asks the record, runs the jobs that it does not answer for, prints what came of each, adds it all up."""

import concurrent.futures
import os
import pathlib
import subprocess
import threading
import time

from . import counts, inputs
from .job import Job, Outcome
from .tools import CONDITIONS, TOOLS, Missing


# Over how many seconds it is measured how busy the machine is.
SAMPLE = 1


class Run:
    def __init__(self, checkout, record, folder, everything=False):
        self.checkout, self.record = checkout, record
        # Logs and prepared data of this run.
        self.folder = pathlib.Path(folder)
        self.everything = everything
        self.total = Outcome()
        self.unchanged = 0
        self.failures = []
        # How many seconds this run still waits for a quiet machine.
        self.patience = 180
        # What each function that prepares jobs answered, or how it failed.
        self.prepared = {}
        self.lock = threading.Lock()

    def suite(self, suite, only=None):
        ready = []
        jobs = suite.jobs(self.checkout)
        if only and (unknown := set(only) - {job.name for job in jobs}):
            self.fail(Job(", ".join(unknown), ()), Outcome(failed=1), f"there is no such job in the suite {suite.name}: it has "
                      + ", ".join(job.name for job in jobs))
        for job in jobs:
            if only and job.name not in only:
                continue
            try:
                versions, variables = self.needs(job)
            except Missing as why:
                self.skip(job, str(why))
                continue
            key = inputs.key(self.checkout, job, versions)
            known = None if self.everything else self.record.find(job, key)
            if known:
                self.same(job, known)
            else:
                ready.append((job, key, versions, variables))
        ready = [one for one in ready if self.prepare(one[0])]
        for one in ready:
            if one[0].alone:
                self.wait_for_quiet()
                self.job(*one)
        rest = [one for one in ready if not one[0].alone]
        # The longest first, so that no lane waits at the end; what never ran may be the longest.
        rest.sort(key=lambda one: -(self.record.seconds(one[0]) or 3600) if suite.lanes > 1 else 0)
        with concurrent.futures.ThreadPoolExecutor(lanes(suite)) as pool:
            for done in [pool.submit(self.job, *one) for one in rest]:
                done.result()

    def wait_for_quiet(self):
        """Until half of the processors are idle, so that what is timed meets no other work; a few minutes a run at most."""
        while self.patience > 0:
            idle, total = processors()
            time.sleep(SAMPLE)
            later_idle, later_total = processors()
            if later_total == total or (later_idle - idle) >= 0.5 * (later_total - total):
                return
            self.patience -= SAMPLE
            if self.patience <= 0:
                print("the machine stays busy: times may be longer than on a quiet one", flush=True)

    def prepare(self, job):
        """Whether what comes before the job is done; a job that cannot be prepared has failed."""
        if job.prepare and job.prepare not in self.prepared:
            try:
                self.prepared[job.prepare] = job.prepare(self.folder)
            except (OSError, subprocess.CalledProcessError) as error:
                self.prepared[job.prepare] = error
        error = self.prepared.get(job.prepare)
        if isinstance(error, Exception):
            self.fail(job, Outcome(failed=1), f"error: it could not be prepared: {error}")
            return False
        return True

    def needs(self, job):
        """The versions of what the job uses, and its variables."""
        versions, variables = {}, {}
        for name in job.tools:
            versions[name], more = TOOLS[name]()
            variables |= more
        for name in job.conditions:
            versions[f"may {name}"] = CONDITIONS[name]()
        return versions, variables

    def job(self, job, key, versions, variables):
        log = self.folder / f"{job.name.replace('/', '-')}.log"
        variables = variables | self.prepared.get(job.prepare, {})
        begun = time.monotonic()
        try:
            with log.open("wb") as out:
                status = subprocess.run(job.command, cwd=self.checkout.root, stdout=out, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, env=os.environ | variables).returncode
        except OSError as error:
            log.write_text(f"error: {error}")
            status = 127
        text = log.read_text(errors="replace")
        outcome = Outcome(int(status == 0), int(status != 0)) if job.gate else counts.read(text)
        outcome.seconds = time.monotonic() - begun
        if status and not outcome.failed:
            outcome.failed = 1
        if not (outcome.passed or outcome.failed or outcome.skipped or job.may_be_empty):
            outcome.failed = 1
            text += "\nerror: it ran no test"
        if outcome.failed:
            self.fail(job, outcome, text)
            return
        with self.lock:
            for name in outcome.skipped:
                print(f"skipped: {job.name}: {name}", flush=True)
            self.add(outcome)
            count = "" if job.gate else f": {outcome.passed} passed"
            print(f"ok    {job.name}{count} ({outcome.seconds:.0f} s)", *outcome.tables, sep="\n", flush=True)
            self.keep(job, key, versions, outcome)

    def keep(self, job, key, versions, outcome):
        """Into the record, when nothing that it stands for was otherwise."""
        if any(name in os.environ for name in inputs.WRITING):
            return
        # What was skipped is only known to be skipped again while the condition that it lacks is part of the key.
        if len(outcome.skipped) > sum(1 for name in job.conditions if not versions[f"may {name}"]):
            return
        # A file that was edited meanwhile: nobody knows which of the two was tested.
        self.checkout.look_again()
        if inputs.key(self.checkout, job, versions) == key:
            self.record.keep(job, key, outcome)

    def add(self, outcome):
        self.total.passed += outcome.passed
        self.total.failed += outcome.failed
        self.total.skipped += outcome.skipped

    def same(self, job, known):
        self.add(known)
        self.unchanged += known.passed + len(known.skipped)
        for name in known.skipped:
            print(f"skipped: {job.name}: {name}")
        print(f"unchanged  {job.name} ({known.passed} passed before)", flush=True)

    def skip(self, job, why):
        self.total.skipped.append(job.name)
        print(f"skipped: {job.name}: {why}", flush=True)

    def fail(self, job, outcome, text):
        with self.lock:
            self.add(outcome)
            self.failures.append(job.name)
            count = "" if job.gate else f": {outcome.passed} passed, {outcome.failed} failed"
            print(f"FAIL  {job.name}{count} ({outcome.seconds:.0f} s)")
            print(*counts.failures(text)[:60], *text.splitlines()[-60:], sep="\n", flush=True)


def processors():
    """The time that all processors were idle, and all time, in ticks; nothing where the system does not tell."""
    try:
        with open("/proc/stat") as file:
            ticks = [int(field) for field in file.readline().split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)
    except (OSError, ValueError):
        return 0, 0


def lanes(suite):
    """How many jobs of the suite run at once: as many as it allows and as have memory and a processor."""
    try:
        with open("/proc/meminfo") as file:
            free = next(int(line.split()[1]) // 1024 for line in file if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        free = suite.memory
    return max(1, min(suite.lanes, os.cpu_count() or 1, free // suite.memory))
