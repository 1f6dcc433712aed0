"""The log of record.c: reading it, naming its syncs, and running a program so that it is recorded.

Must not live here: what survives a power cut (`disk.py`).
"""

import hashlib
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

HEAD = struct.Struct("<IHHHHIQQQQQ")
(CREATE, WRITE, TRUNCATE, ALLOCATE, RENAME, LINK, UNLINK, MKDIR, RMDIR, SYMLINK, CHMOD,
 SYNC_BEGIN, SYNC_END, SYNC_ALL_BEGIN, SYNC_ALL_END, PROBLEM, ANSWER) = range(1, 18)
HERE = pathlib.Path(__file__).resolve().parent


class Event:
    """One record. `at` and `end` are its place in the log, in bytes; a cut at position p keeps events with end <= p."""

    __slots__ = ("at", "end", "kind", "flags", "mode", "inode", "parent", "target", "offset", "length", "path", "second", "data")

    def __init__(self, buffer, at):
        size, self.kind, first, second, self.flags, self.mode, self.inode, self.parent, self.target, self.offset, \
            self.length = HEAD.unpack_from(buffer, at)
        self.at, self.end = at, at + size
        start = at + HEAD.size
        self.path = os.fsdecode(bytes(buffer[start:start + first]))
        self.second = os.fsdecode(bytes(buffer[start + first:start + first + second]))
        self.data = buffer[start + first + second:self.end]

    @property
    def name(self):
        return self.path.rpartition("/")[2]


def read(file):
    """All events of a log."""
    buffer = memoryview(pathlib.Path(file).read_bytes())
    events, at = [], 0
    while at < len(buffer):
        event = Event(buffer, at)
        events.append(event)
        at = event.end
    return events


PATTERNS = (
    (re.compile(r" \(deleted\)$"), ""),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "*"),
    (re.compile(r"[0-9a-fA-F]{16,64}"), "*"),
    (re.compile(r"(?<=objects/)[0-9a-f]{2}(?=/|$)"), "*"),
    (re.compile(r"\.tmp\w+"), ".tmp*"),
    (re.compile(r"\d+"), "N"),
)


def normal(path, root):
    """The path below `root` with everything that is random or counted replaced: what files of one kind share."""
    path = os.path.relpath(path, root) if path != root else "."
    for pattern, word in PATTERNS:
        path = pattern.sub(word, path)
    return path


def sync_class(event, root):
    """The kind of a sync: which call on which kind of file. Independent of the layout of the data folder."""
    folder = event.mode & 0o170000 == 0o040000
    call = "fdatasync" if event.flags else "fsync"
    return f"{call} {'folder ' if folder else ''}{normal(event.path, root)}"


def library():
    """The recorder, compiled once for each content of its source."""
    source = HERE / "record.c"
    key = hashlib.sha256(source.read_bytes() + (HERE / "trap.h").read_bytes()).hexdigest()[:16]
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "kamld" / "power"
    built = folder / f"record-{key}.so"
    if not built.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as partial:
            pass
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-Wl,-z,now", "-o", partial.name,
                        source, "-ldl"], check=True)
        os.replace(partial.name, built)
    return built


def recorded(folder, log):
    """The environment in which a program is recorded."""
    return {"LD_PRELOAD": str(library()), "POWER_LOSS_FOLDER": os.path.realpath(folder), "POWER_LOSS_LOG": str(log)}


def missing():
    """Why nothing can be recorded here, or None."""
    if os.uname().sysname != "Linux" or os.uname().machine not in ("x86_64", "aarch64"):
        return "the recorder needs Linux on x86_64 or aarch64"
    if not shutil.which("cc"):
        return "the recorder is compiled with cc, which is not installed"
    return None
