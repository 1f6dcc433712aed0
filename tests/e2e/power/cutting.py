"""One power cut: the folder that it leaves, a start on it, and the comparison with what was acknowledged.

Must not live here: which cuts are made (`main.py`).
"""

import hashlib
import os
import pathlib
import random
import re
import shutil
import tempfile
from dataclasses import dataclass

import compare
import disk
from kamld import Kamld
from recording import Recording
from world import Answer, append, command, damage, get, look, offset, sha

# Of each process.
recordings = {}


@dataclass(frozen=True)
class Cut:
    """`without`: the classes of syncs that are taken out."""

    recording: str
    position: int
    variant: str
    seed: int = 0
    without: tuple = ()


def open_recordings(base, names):
    """For each process of a pool."""
    for name in names:
        recordings[name] = Recording(pathlib.Path(base) / name, name).load()


def shared(path):
    """What the server reads and never writes to in place."""
    return path.startswith(("cache/", "plugins/blobs/"))


def examine(cut):
    """(the cut, what is wrong after it)."""
    recording = recordings[cut.recording]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cut-", dir=recording.base))
    try:
        state = recording.disk(cut.position, cut.without)
        target = folder / "left"
        state.write(target, cut.variant, random.Random(f"{cut.position} {cut.seed}"), shared)
        wrong = check(recording, cut.position, target / recording.below if recording.below else target)
        return cut, [plain(line.replace(str(target), "DATA")) for line in wrong]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def plain(line):
    """Without what is another one in each run, so that two runs can be compared."""
    line = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", line)
    line = re.sub(r"\x1b\[[\d;]*m", "", line)
    line = re.sub(r"^token: is \w+", "token: is another one", line)
    return re.sub(r'"trace":"\w+"', '"trace":"..."', line)


def check(recording, position, data):
    """Starts a server on a folder that a cut left."""
    server = Kamld(data)
    try:
        try:
            server.start(timeout=300)
        except AssertionError as error:
            return [f"it does not start: {' | '.join(str(error).splitlines()[-3:])[:600]}"]
        before, after = recording.acknowledged(position)
        known = {url: upload for url, upload in recording.uploads.items()
                 if f"upload {url}" in before or f"upload {url}" in after}
        try:
            found = look(server, recording.tagged, known)
            if position < recording.positions[0]:
                found = {name: value for name, value in found.items() if name not in recording.UNTOLD}
            wrong = compare.faults(before, after, found)
        except Answer as error:
            wrong = [str(error)]
        for finding in (damage, lambda server: go_on(server, known)):
            try:
                wrong += filter(None, [finding(server)])
            except (Answer, OSError, KeyError) as error:
                wrong.append(f"{type(error).__name__}: {error}"[:600])
        return wrong
    except OSError as error:
        return [f"the server is gone: {error}; {' | '.join(server.output[-3:])}"[:600]]
    finally:
        if server.process.poll() is None:
            server.kill()


def go_on(server, uploads):
    """Uploads go on from where they stand and end with the right bytes, and new things can be written."""
    for url, (address, data) in sorted(uploads.items()):
        at = offset(server, url, len(data))
        if at is None:
            continue
        append(server, url, at, data[at:])
        found = sha(get(server, f"/api/v1/objects/{address}"))
        if found != sha(data):
            return f"{url} went on from {at}, and {address} has other bytes now"
    if "p/a" in [f"{a['project']}/{a['name']}" for a in command(server, "asset", "list")["assets"]]:
        get(server, "/api/v1/objects/p/a/probe.txt", "PUT", b"written after the cut")
        command(server, "commit", asset="p/a", message="after the cut")
        if get(server, "/api/v1/objects/p/a/probe.txt") != b"written after the cut":
            return "what is written after the cut reads as something else"
    return None


def same_as_before(base):
    """The contents of the files that the folders of all cuts share, to see whether anybody wrote into them. Their times do
    change: the cache of compiled plug-ins keeps the time of the last use there."""
    contents = {}
    for path in filter(shared, disk.snapshot(base)):
        with open(os.path.join(base, path), "rb") as file:
            contents[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return contents
