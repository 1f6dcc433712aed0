"""Takes out each class of syncs once and looks for a cut that loses something by it.

A class that is neither missed nor listed here fails the suite: then either the product syncs for nothing, or the
session does not reach what the sync protects.
"""

import dataclasses
import re
import time

import disk
from cutting import Cut, examine

# What may be lost, since it is made again. A pattern of a class, and why.
DERIVED = (
    (r"index/", "the search index is built again from storage"),
    (r"cache/", "compiled plug-ins are authenticated before they are used, and compiled again"),
    (r"spill/", "results of queries live as long as the server"),
    (r"server\.", "it says where the running server is, and each start writes it anew"),
    (r"derived/", "descriptions and what the index has seen are made again; a store of them that does not open is deleted"),
    (r"beginning\.", "the file is empty, so that only its name counts"),
    (r"records\.(reserve|draft)", "the reserve for a full disk is made again, and a draft is begun again"),
)
# How many cuts are tried for a class before it counts as not missed.
TRIES = 15


def derived(name):
    return next((why for pattern, why in DERIVED if re.search(r" (folder )?" + pattern, name + "/")), None)


def candidates(recording, ends):
    """Cuts that a missing sync may show at, the likeliest first."""
    positions = recording.positions
    last = positions[-1]
    after = [next((p for p in positions if p >= end.end), last) for end in ends]
    middle = after[len(after) // 2]
    chosen = [(after[0], disk.STRICT), (after[0], disk.ZEROS), (after[-1], disk.STRICT), (after[-1], disk.EMPTY),
              (last, disk.STRICT), (last, disk.ZEROS), (middle, disk.EMPTY), (middle, disk.STRICT), (after[0], disk.EMPTY)]
    torn = [(position, disk.TORN, seed) for seed in range(3) for position in (after[0], last)]
    return list(dict.fromkeys(Cut(recording.name, *choice) for choice in chosen + torn))


def missed(task):
    """(the class, what was taken out, how many cuts were tried, the cut that lost something or None, what it lost)."""
    name, cuts, known, others = task
    tried = 0
    # A sync may be covered by another one of the same file. Then neither is missed alone, and both together are.
    for without in [(name,)] + ([(name, *others)] if others else []):
        for cut in cuts:
            tried += 1
            wrong = examine(dataclasses.replace(cut, without=without))[1]
            if wrong:
                # What is lost at the same cut with every sync in place is not the merit of this one.
                plain = known.get(cut)
                wrong = [line for line in wrong if line not in (examine(cut)[1] if plain is None else plain)]
            if wrong:
                return name, without, tried, cut, wrong
    return name, (name,), tried, None, []


def of_same_file(name, names):
    """Other classes of syncs of the same files."""
    return [other for other in names if other != name and other.split(" ", 1)[1] == name.split(" ", 1)[1]]


def cell(text):
    """Text for one cell of a table."""
    return " ".join(text.replace("|", "/").split())[:240]


def run(recordings, pool, count, known):
    """`known`: what is wrong after cuts that were examined already."""
    started, places, rows = time.monotonic(), {}, []
    for recording in recordings:
        for name, ends in recording.syncs().items():
            places.setdefault(name, []).append((recording, ends))
    tasks = []
    for name, found in places.items():
        # The longer session has more to lose.
        cuts = [cut for recording, ends in reversed(found) for cut in candidates(recording, ends)]
        if not derived(name):
            tasks.append((name, cuts[:TRIES], {cut: known[cut] for cut in cuts if cut in known}, of_same_file(name, places)))
        else:
            rows.append((name, f"nothing, as listed: {derived(name)}"))
    by_name = {recording.name: recording for recording in recordings}
    for name, without, tried, cut, wrong in pool.imap_unordered(missed, tasks):
        if cut:
            covered = f"nothing alone, with '{', '.join(without[1:])}' taken out too: " if len(without) > 1 else ""
            where = by_name[cut.recording].where(cut.position)
            rows.append((name, f"{covered}{cut.recording}, {where}, {cut.variant}: {wrong[0]}"))
            count.add(f"without '{name}' something is lost", [])
        else:
            rows.append((name, f"NOTHING in {tried} cuts"))
            count.add(f"without '{name}' something is lost", [f"nothing was lost in {tried} cuts"])
    print("| sync taken out | what was lost |\n|---|---|")
    for name, what in sorted(rows):
        print(f"| {name} | {cell(what)} |")
    print(f"{len(places)} classes of syncs, {len(tasks)} taken out, {time.monotonic() - started:.0f} s", flush=True)
