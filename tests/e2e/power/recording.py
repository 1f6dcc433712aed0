"""A recorded server: the folder it began with, the log of what it did, and what it had acknowledged when.

Must not live here: the steps (`session.py`), what is cut (`cutting.py`).
"""

import bisect
import os
import pathlib
import pickle
import shutil

import disk
import log
from kamld import Kamld
from session import FirstStart, Session
from world import look


def is_cache(path, data):
    """Compiled plug-ins take half a minute to make again and are checked before they are used."""
    return path.startswith(f"{data}/cache/") or path == f"{data}/cache"


class Recording:
    """Made by `record`; read by every process that cuts. `states[0]` was there before the first step."""

    # What may come out otherwise at each start that nobody was told of.
    UNTOLD = ("token", "audit")

    def __init__(self, base, name):
        self.base, self.name = pathlib.Path(base), name
        self.root, self.origin, self.log = (str(self.base / part) for part in ("recorded", "origin", "log"))
        # A first start makes its data folder, whose own name must survive too.
        self.below = "data" if name == "first" else ""
        self.data = os.path.join(self.root, self.below) if self.below else self.root

    def record(self, baseline):
        """Runs the session. `baseline`: a data folder to begin with, or None."""
        self.base.mkdir(parents=True)
        if baseline:
            shutil.copytree(baseline, self.origin, symlinks=True)
            shutil.copytree(baseline, self.root, symlinks=True)
        else:
            os.mkdir(self.origin)
            os.mkdir(self.root)
        self.inodes = disk.snapshot(self.root)
        server = Kamld(self.data, **log.recorded(self.root, self.log))
        server.start()
        try:
            session = (FirstStart if self.name == "first" else Session)(server)
            self.tagged, self.uploads = session.tagged, session.uploads
            started = self._position()
            self.steps, self.positions = ["start"], [started]
            self.states = [look(server, self.tagged, self.uploads)]
            for name, run, changes in session.steps:
                run()
                self.positions.append(self._position())
                self.steps.append(name)
                self.states.append(look(server, self.tagged, self.uploads))
                assert not changes or self.states[-1] != self.states[-2], f"nothing shows that '{name}' was done"
            assert server.stop() == 0, "the recorded server did not stop well"
        finally:
            if server.process.poll() is None:
                server.kill()
        self.read()
        # The last that the server wrote to a socket is what the client had just read.
        answers = [event.end for event in self.events if event.kind == log.ANSWER]
        self.positions = [answers[bisect.bisect_right(answers, position) - 1] for position in self.positions[1:]]
        self.positions.insert(0, started)
        with open(self.base / "acknowledged", "wb") as file:
            pickle.dump({key: getattr(self, key) for key in
                         ("inodes", "tagged", "uploads", "steps", "positions", "states")}, file)
        return self

    def finished(self):
        return (self.base / "acknowledged").exists()

    def _position(self):
        return os.stat(self.log).st_size

    def load(self):
        with open(self.base / "acknowledged", "rb") as file:
            self.__dict__.update(pickle.load(file))
        return self.read()

    def read(self):
        self.events = log.read(self.log)
        return self

    def trust(self):
        """Whether the recorder saw everything: a full replay is the folder that the server left."""
        problems = sorted({f"{event.second}: {log.normal(event.path, self.data)}" for event in self.events
                           if event.kind == log.PROBLEM})
        replayed = self.base / "replayed"
        self.disk(1 << 62).write(replayed, disk.ALL, None)
        problems += disk.differences(self.root, replayed)
        shutil.rmtree(replayed)
        return problems

    def disk(self, cut, without=()):
        """The disk at a cut, with the syncs of the classes `without` doing nothing."""
        ignored = (lambda event: log.sync_class(event, self.data) in without) if without else (lambda event: False)
        safe = (lambda path: is_cache(path, self.data)) if self.name == "first" else (lambda path: False)
        return disk.Disk(self.root, self.inodes, self.origin, safe).play(self.events, cut, ignored)

    def acknowledged(self, cut):
        """(what had been acknowledged at a cut, what holds when the step in flight is done too)."""
        done = bisect.bisect_right(self.positions, cut)
        if done == 0:
            # Not ready yet: nothing was acknowledged, but a new start must bring what the first one would have.
            state = {name: value for name, value in self.states[0].items() if name not in self.UNTOLD}
            return state, state
        return self.states[done - 1], self.states[min(done, len(self.states) - 1)]

    def where(self, cut):
        """The place of a cut in words."""
        done = bisect.bisect_right(self.positions, cut)
        if done and self.positions[done - 1] == cut:
            return f"after '{self.steps[done - 1]}' was acknowledged"
        return f"during '{self.steps[done]}'" if done < len(self.steps) else "during the stop"

    def syncs(self):
        """{class: its sync ends}, in the order of their first appearance."""
        found = {}
        for event in self.events:
            if event.kind == log.SYNC_END:
                found.setdefault(log.sync_class(event, self.data), []).append(event)
        return found
