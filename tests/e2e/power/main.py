"""Power cuts: records a server, cuts its disk at many points, and takes out each sync once to see that it is missed.

KAMLD_CUTS is how many cuts are tried (`all` for all of them), KAMLD_SEED repeats a run.
"""

import collections
import itertools
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import cutting  # noqa: E402
import disk  # noqa: E402
import log  # noqa: E402
import mutations  # noqa: E402
import selftest  # noqa: E402
from cutting import Cut  # noqa: E402
from kamld import Kamld  # noqa: E402
from recording import Recording  # noqa: E402

SEED = int(os.environ.get("KAMLD_SEED", str(random.randrange(1 << 32))))
CUTS = os.environ.get("KAMLD_CUTS", "120")
LANES = 2
PARTS = ("selftest", "cuts", "mutations")


class Count:
    def __init__(self):
        self.passed, self.wrong = 0, {}

    def add(self, name, wrong):
        """`wrong`: a list of what is wrong; empty when all is well."""
        self.passed += not wrong
        if wrong:
            self.wrong[name] = wrong
            print(f"FAIL  {name}", flush=True)

    def tell(self):
        """What is wrong comes last, since whoever looks for it looks there."""
        for name, wrong in self.wrong.items():
            print(f"FAIL  {name}")
            for line in wrong[:6]:
                print(f"      {line}")
            if len(wrong) > 6:
                print(f"      and {len(wrong) - 6} more")
        print(f"{self.passed} passed, {len(self.wrong)} failed")
        sys.exit(bool(self.wrong))


def baseline(base):
    """A data folder after its first start and stop."""
    folder = pathlib.Path(base) / "baseline"
    with Kamld(folder) as server:
        # One that answers has come to where it listens for the signal to stop.
        server.http("GET", "/readyz")
        assert server.stop() == 0, "the first server did not stop well"
    return folder


def record(base, count):
    """Both recordings. Those that are kept in `base` from an earlier run are used again."""
    made = [Recording(pathlib.Path(base) / name, name) for name in ("first", "work")]
    for recording in made:
        if recording.finished():
            recording.load()
            continue
        recording.record(baseline(base) if recording.name == "work" else None)
        syncs = sum(len(ends) for ends in recording.syncs().values())
        print(f"recorded '{recording.name}': {len(recording.steps)} steps, {len(recording.events)} events, {syncs} syncs",
              flush=True)
        count.add(f"a full replay of '{recording.name}' is the real folder", recording.trust())
    return made


def plan(recording, rng):
    """Every cut of a recording in the order of their worth: after each acknowledgement, before each sync, elsewhere."""
    after = [Cut(recording.name, position, variant) for variant in (disk.STRICT, disk.ZEROS, disk.TORN, disk.EMPTY)
             for position in recording.positions]
    ends = [end.at for ends in recording.syncs().values() for end in ends]
    before = [Cut(recording.name, at, variant) for at in ends for variant in disk.VARIANTS]
    anywhere = [Cut(recording.name, event.end, variant, event.end) for event in recording.events for variant in disk.VARIANTS]
    strict, rest = after[:len(recording.positions)], after[len(recording.positions):]
    rng.shuffle(rest), rng.shuffle(before), rng.shuffle(anywhere)
    others = [cut for group in itertools.zip_longest(rest, before, anywhere) for cut in group if cut]
    return strict, list(dict.fromkeys(others))


def chosen(recordings, rng):
    strict, others = zip(*(plan(recording, rng) for recording in recordings))
    strict = [cut for cuts in strict for cut in cuts]
    mixed = [cut for group in itertools.zip_longest(*others) for cut in group if cut]
    if CUTS == "all":
        return strict + mixed
    return (strict + mixed)[:int(CUTS)]


def cuts(recordings, pool, count, rng):
    """{cut: what is wrong after it}."""
    started, known = time.monotonic(), {}
    todo = chosen(recordings, rng)
    by_name = {recording.name: recording for recording in recordings}
    for cut, wrong in pool.imap_unordered(cutting.examine, todo):
        where = by_name[cut.recording].where(cut.position)
        count.add(f"{cut.recording}: cut at {cut.position} {where}, variant {cut.variant}", wrong)
        known[cut] = wrong
    kinds = collections.Counter(re.sub(r"[0-9a-f]{8,}|\d+", "N", line)[:110] for wrong in known.values() for line in wrong)
    for kind, times in kinds.most_common(25):
        print(f"{times:5} times: {kind}")
    lost = sum(map(bool, known.values()))
    print(f"{len(known)} cuts, {lost} of them lost something, {time.monotonic() - started:.0f} s", flush=True)
    return known


def selftests(count):
    for test in selftest.TESTS:
        try:
            test()
            count.add(test.__name__, [])
        except AssertionError as error:
            traceback.print_exc()
            count.add(test.__name__, [str(error)])


def main():
    parts = sys.argv[1:] or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"there is no part {sorted(unknown)}; there are {', '.join(PARTS)}")
    if why := log.missing():
        print(f"skipped: power: {why}\n0 passed, 0 failed, 0 skipped")
        return
    count, rng = Count(), random.Random(SEED)
    print(f"seed {SEED}", flush=True)
    if "selftest" in parts:
        selftests(count)
    if set(parts) - {"selftest"}:
        base = os.environ.get("KAMLD_POWER_KEEP") or tempfile.mkdtemp(prefix="kamld-power-")
        try:
            recordings = record(base, count)
            unchanged = cutting.same_as_before(recordings[1].origin)
            names = [recording.name for recording in recordings]
            with multiprocessing.Pool(LANES, cutting.open_recordings, (base, names)) as pool:
                known = cuts(recordings, pool, count, rng) if "cuts" in parts else {}
                if "mutations" in parts:
                    mutations.run(recordings, pool, count, known)
            count.add("no cut wrote into files that all share",
                      [] if cutting.same_as_before(recordings[1].origin) == unchanged else ["they changed"])
        finally:
            if "KAMLD_POWER_KEEP" not in os.environ:
                shutil.rmtree(base, ignore_errors=True)
    count.tell()


if __name__ == "__main__":
    main()
