"""The recorder and the simulated disk, tried on tiny programs whose faults are known.

Must not live here: kamld.
"""

import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import compare
import disk
import log

EVERYTHING = r"""
import ctypes, os, subprocess, sys, threading
os.chdir(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
os.mkdir("a"); os.makedirs("b/c"); os.rmdir("b/c")
with open("a/plain", "wb") as f: f.write(b"x" * 10000)
with open("a/plain", "ab") as f: f.write(b"appended")
with open("a/plain", "r+b") as f: f.seek(5000); f.write(b"inside"); f.truncate(9000)
fd = os.open("a/at", os.O_RDWR | os.O_CREAT)
os.pwrite(fd, b"pwrite", 100); os.pwritev(fd, [b"one", b"two"], 50); os.writev(fd, [b"three", b"four"])
os.posix_fallocate(fd, 0, 300); os.ftruncate(fd, 5000)
libc.fallocate(fd, 3, ctypes.c_long(40), ctypes.c_long(30))
os.rename("a/at", "b/at"); os.pwrite(fd, b"after the rename", 0)
os.link("b/at", "b/link"); os.unlink("b/at"); os.pwrite(fd, b"after the unlink", 200)
os.symlink("link", "b/symbolic"); os.chmod("b/link", 0o640)
gone = os.open("gone", os.O_RDWR | os.O_CREAT); os.unlink("gone"); os.write(gone, b"nobody sees this"); os.close(gone)
source, target = os.open("a/plain", os.O_RDONLY), os.open("copied", os.O_WRONLY | os.O_CREAT)
os.copy_file_range(source, target, 3000, offset_src=4000); os.sendfile(target, source, 0, 2000)
os.write(target, b"end"); os.truncate("copied", 4500)
SYS_pwrite64, SYS_renameat2 = (18, 316) if os.uname().machine == "x86_64" else (68, 276)
libc.syscall(SYS_pwrite64, fd, b"past libc", ctypes.c_long(9), ctypes.c_long(400))
libc.syscall(SYS_renameat2, -100, b"copied", -100, b"moved", 1)
with open("replaced", "wb") as f: f.write(b"old")
with open("replaced.new", "wb") as f: f.write(b"new"); f.flush(); os.fsync(f.fileno())
os.replace("replaced.new", "replaced")
with open("replaced", "wb") as f: f.write(b"truncated by opening")
temporary = os.open(".", os.O_TMPFILE | os.O_RDWR); os.write(temporary, b"had no name")
assert libc.linkat(-100, f"/proc/self/fd/{temporary}".encode(), -100, b"named", 0x400) == 0
os.mkdir("moving"); open("moving/inside", "w").write("i"); os.rename("moving", "b/moved")
def many(n):
    with open(f"thread{n}", "wb") as f:
        for i in range(200): f.write(bytes([n, i % 256]) * 20); f.flush(); os.fdatasync(f.fileno())
threads = [threading.Thread(target=many, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
subprocess.run([sys.executable, "-c", "open('child', 'w').write('of a child')"], env={}, check=True)
with open("/dev/null", "wb") as f: f.write(b"elsewhere")
print("done")
"""

REPLACE = r"""
import os, sys
os.chdir(sys.argv[1])
def replace(name, text, file=True, folder=True):
    with open(name + ".new", "w") as f:
        f.write(text); f.flush()
        if file: os.fsync(f.fileno())
    os.rename(name + ".new", name)
    if folder:
        fd = os.open(".", os.O_RDONLY); os.fsync(fd); os.close(fd)
for text in ("first" * 2000, "second" * 2000):
    replace("value", text, *eval(sys.argv[2]))
    os.write(1, b"done\n"); sys.stdin.readline()
"""

SQLITE = r"""
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/db", isolation_level=None)
db.execute("pragma synchronous = " + sys.argv[2])
db.execute("create table if not exists t (n integer, text text)")
for n in range(6):
    db.execute("insert into t values (?, ?)", (n, str(n) * 3000))
    os.write(1, b"done\n"); sys.stdin.readline()
"""


class Recording:
    """A program that ran once: its log, where it said 'done', and the folder as it began."""

    def __init__(self, program, *arguments):
        self.temporary = tempfile.TemporaryDirectory(prefix="kamld-power-")
        base = pathlib.Path(self.temporary.name)
        self.folder, self.origin, file = base / "folder", base / "origin", base / "log"
        self.folder.mkdir()
        shutil.copytree(self.folder, self.origin)
        self.inodes = disk.snapshot(self.folder)
        self.acknowledged = []
        process = subprocess.Popen([sys.executable, "-c", program, self.folder, *arguments], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, env=os.environ | log.recorded(self.folder, file), text=True)
        for line in process.stdout:
            assert line == "done\n", line
            self.acknowledged.append(file.stat().st_size)
            process.stdin.write("go\n")
            try:
                process.stdin.flush()
            except BrokenPipeError:
                break
        assert process.wait() == 0, "the recorded program failed"
        self.events = log.read(file)
        problems = [f"{event.second}: {event.path}" for event in self.events if event.kind == log.PROBLEM]
        assert not problems, problems
        self.left = 0

    def cut(self, position, variant, seed=0):
        """The folder after a cut."""
        self.left += 1
        target = pathlib.Path(self.temporary.name) / f"cut{self.left}"
        state = disk.Disk(str(self.folder), self.inodes, str(self.origin)).play(self.events, position)
        state.write(target, variant, random.Random(seed))
        return target

    def cuts(self):
        """(position, how many steps were acknowledged) of every event, with all variants."""
        for event in self.events:
            yield event.end, sum(position <= event.end for position in self.acknowledged)


def test_a_full_replay_is_the_real_folder():
    recording = Recording(EVERYTHING)
    found = disk.differences(recording.folder, recording.cut(1 << 62, disk.ALL))
    assert not found, found
    assert (recording.folder / "child").read_text() == "of a child"


def lost_replacements(file, folder):
    recording = Recording(REPLACE, repr((file, folder)))
    values = [None, "first" * 2000, "second" * 2000]
    lost = set()
    for position, done in recording.cuts():
        for variant in (*disk.VARIANTS, disk.ALL):
            for seed in range(3 if variant == disk.TORN else 1):
                path = recording.cut(position, variant, seed) / "value"
                value = path.read_text() if path.exists() else None
                if value not in values[done:done + 2]:
                    lost.add(variant)
    return lost


def test_a_replacement_with_both_syncs_survives_every_cut():
    assert lost_replacements(True, True) == set()


def test_a_replacement_without_the_sync_of_the_file_is_lost():
    assert {disk.STRICT, disk.EMPTY, disk.ZEROS} <= lost_replacements(False, True)


def test_a_replacement_without_the_sync_of_the_folder_is_lost():
    lost = lost_replacements(True, False)
    assert disk.STRICT in lost and disk.EMPTY not in lost, lost


def lost_rows(synchronous):
    recording = Recording(SQLITE, synchronous)
    lost = set()
    for position, done in recording.cuts():
        for variant in disk.VARIANTS:
            folder = recording.cut(position, variant, position)
            try:
                with sqlite3.connect(folder / "db") as db:
                    rows = db.execute("select n, text from t order by n").fetchall()
                    whole = db.execute("pragma integrity_check").fetchone() == ("ok",)
            except sqlite3.Error:
                rows, whole = [], done == 0
            if not whole or rows not in ([(n, str(n) * 3000) for n in range(count)] for count in (done, done + 1)):
                lost.add(variant)
            db.close()
            shutil.rmtree(folder)
    return lost


def test_sqlite_keeps_what_it_committed():
    assert lost_rows("extra") == set()


def test_sqlite_without_syncs_loses_it():
    assert disk.STRICT in lost_rows("off")


def test_a_sync_covers_only_what_was_written_before_it_began():
    def event(kind, **fields):
        record = log.Event.__new__(log.Event)
        values = dict(at=0, end=0, flags=0, mode=0o100644, inode=2, parent=1, target=0, offset=0, length=0, path="/r/f",
                      second="", data=b"")
        for name, value in (values | fields | {"kind": kind}).items():
            setattr(record, name, value)
        return record

    state = disk.Disk("/r", {".": (1, 0o040755)}, "/nowhere")
    state.play([event(log.CREATE, end=10), event(log.WRITE, end=20, length=1, data=b"a"), event(log.SYNC_BEGIN, end=30),
                event(log.WRITE, end=40, offset=1, length=1, data=b"b"), event(log.SYNC_END, end=50, offset=30)], 50)
    assert state.nodes[2].survivor(disk.STRICT, None) == b"a"
    assert state.nodes[2].survivor(disk.ALL, None) == b"ab"


def test_a_fact_may_be_as_before_or_as_after_and_nothing_else():
    before, after = {"files": {"a": 1}, "upload u": 10, "audit": ["one"]}, {
        "files": {"a": 1, "b": 2}, "upload u": 20, "audit": ["one", "two"]}
    torn = (2, "host", "repair", None, "a record of 5 bytes was torn")
    for fine in (before, after, {"files": {"a": 1}, "upload u": 15, "audit": ["one", torn]}):
        assert compare.faults(before, after, fine) == [], fine
    for bad in ({"files": {"b": 2}}, {"files": {}}, {"upload u": 9}, {"upload u": 21}, {"upload u": None}, {"audit": []},
                {"files": {"a": 1, "b": 3}}, {"more": 1}, {"audit": ["one", (2, "host", "repair", None, "the head was missing")]}):
        assert len(compare.faults(before, after, before | bad)) == 1, bad
    assert compare.faults({"upload u": 5}, {}, {"upload u": None}) == [], "it was finished or aborted in flight"
    assert compare.faults({}, {}, {"upload u": 5}) != [], "it came back"
    assert compare.faults({}, {"upload u": 0}, {"upload u": 0}) == [], "it was begun in flight"


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
