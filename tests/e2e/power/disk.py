"""A file system that keeps nothing but what was synced: what is left of a folder when power fails.

The rules are the strictest that POSIX allows. Data of a file is durable up to the last fsync or fdatasync of that file
that ended; names in a folder are durable up to the last fsync of that folder; one says nothing about the other.
What was not synced may survive too, in part, which is what the variants are.
Must not live here: kamld.
"""

import os
import shutil

import log

# What may be left of the things that were not synced.
STRICT = "strict"  # nothing
EMPTY = "empty"    # all names and truncations, no data: ext4 with delayed allocation
ZEROS = "zeros"    # all names and sizes, zeros where the data should be
TORN = "torn"      # some of the names, and of the data some pieces
ALL = "all"        # everything
VARIANTS = (STRICT, EMPTY, ZEROS, TORN)


class File:
    """`base` is where the durable bytes are, unless `content` has them. `pending` was not synced yet."""

    def __init__(self, base, mode):
        self.base, self.mode, self.content, self.pending = base, mode, None if base else bytearray(), []

    def durable(self):
        if self.content is None:
            with open(self.base, "rb") as file:
                self.content = bytearray(file.read())
        return self.content

    def sync(self, until):
        if self.pending and self.pending[0].end <= until:
            content = self.durable()
            while self.pending and self.pending[0].end <= until:
                apply(content, self.pending.pop(0))

    def survivor(self, variant, rng):
        """The bytes after the cut; None when they are those of `base`."""
        if not self.pending or variant == STRICT:
            return self.content
        content = bytearray(self.durable())
        luck = rng.random() if variant == TORN else 0
        if luck < 0.2 and variant == TORN:
            return content
        for event in self.pending:
            if variant == ALL or luck > 0.8:
                apply(content, event)
            elif event.kind == log.WRITE:
                if variant == ZEROS:
                    grow(content, event.offset + event.length)
                elif variant == TORN:
                    tear(content, event, rng)
            elif variant != TORN or rng.random() < 0.5:
                apply(content, event)
        return content


def grow(content, size):
    if len(content) < size:
        content.extend(bytes(size - len(content)))


def apply(content, event):
    if event.kind == log.WRITE:
        grow(content, event.offset + event.length)
        content[event.offset:event.offset + event.length] = event.data
    elif event.kind == log.TRUNCATE:
        del content[event.length:]
        grow(content, event.length)
    elif event.kind == log.ALLOCATE:
        if event.flags == 0:
            grow(content, event.offset + event.length)
        elif event.flags == 3:  # FALLOC_FL_PUNCH_HOLE with FALLOC_FL_KEEP_SIZE
            end = min(event.offset + event.length, len(content))
            content[event.offset:end] = bytes(max(0, end - event.offset))
        elif event.flags != 1:  # FALLOC_FL_KEEP_SIZE changes nothing that can be read
            raise AssertionError(f"fallocate with flags {event.flags} is not simulated")


def tear(content, event, rng):
    """Some of the sectors or pages of a write."""
    piece, at = rng.choice((512, 4096)), event.offset
    while at < event.offset + event.length:
        end = min((at // piece + 1) * piece, event.offset + event.length)
        if rng.random() < 0.5:
            grow(content, end)
            content[at:end] = event.data[at - event.offset:end - event.offset]
        at = end


class Folder:
    """`pending` are changes of names, each of which happens whole or not at all: (end, {name: node or None})."""

    def __init__(self, mode):
        self.mode, self.names, self.pending = mode, {}, []

    def change(self, end, names):
        self.pending.append((end, names))

    def sync(self, until):
        while self.pending and self.pending[0][0] <= until:
            self.take(self.names, self.pending.pop(0)[1])

    @staticmethod
    def take(into, names):
        for name, node in names.items():
            if node is None:
                into.pop(name, None)
            else:
                into[name] = node

    def survivor(self, variant, rng):
        names = dict(self.names)
        if variant != STRICT and self.pending:
            # A journal keeps the order within a folder.
            kept = rng.randint(0, len(self.pending)) if variant == TORN else len(self.pending)
            for _, change in self.pending[:kept]:
                self.take(names, change)
        return names


class Symlink:
    def __init__(self, text):
        self.text = text


class Disk:
    """The folder `root` while it is recorded. All that `origin`, a copy of its first state, holds counts as durable."""

    def __init__(self, root, inodes, origin, safe=lambda path: False):
        """`inodes`: what `snapshot` answered before the recording began. Files for which `safe` says yes never lose
        anything: what takes long to make again and is not under test."""
        self.root, self.nodes, self.safe = root, {}, safe
        for path, (inode, mode) in sorted(inodes.items()):
            if mode & 0o170000 == 0o040000:
                node = Folder(mode)
            else:
                node = self.nodes.get(inode) or File(os.path.join(origin, path), mode)
            self.nodes[inode] = node
            if path != ".":
                parent, _, name = path.rpartition("/")
                self.nodes[inodes[parent or "."][0]].names[name] = node
        self.top = self.nodes[inodes["."][0]]

    def play(self, events, cut, ignored=lambda event: False):
        """Goes on with events up to the position `cut`; syncs for which `ignored` says yes do nothing."""
        for event in events:
            if event.end > cut:
                break
            if event.kind == log.SYNC_END and ignored(event):
                continue
            self.step(event)
            if event.path and self.safe(event.path):
                for inode in (event.inode, event.parent, event.target):
                    if inode in self.nodes and not isinstance(self.nodes[inode], Symlink):
                        self._keep(self.nodes[inode], event)
        return self

    @staticmethod
    def _keep(node, event):
        """Makes the last change of a node durable, and that one alone."""
        if isinstance(node, Folder):
            if node.pending and node.pending[-1][0] == event.end:
                node.take(node.names, node.pending.pop()[1])
        elif node.pending and node.pending[-1] is event:
            apply(node.durable(), node.pending.pop())

    def step(self, event):
        kind, nodes = event.kind, self.nodes
        if kind == log.CREATE:
            nodes[event.inode] = File(None, event.mode)
            if event.parent:
                nodes[event.parent].change(event.end, {event.name: nodes[event.inode]})
        elif kind in (log.WRITE, log.TRUNCATE, log.ALLOCATE):
            nodes[event.inode].pending.append(event)
        elif kind == log.MKDIR:
            nodes[event.inode] = Folder(event.mode)
            nodes[event.parent].change(event.end, {event.name: nodes[event.inode]})
        elif kind == log.SYMLINK:
            nodes[event.inode] = Symlink(event.second)
            nodes[event.parent].change(event.end, {event.name: nodes[event.inode]})
        elif kind in (log.UNLINK, log.RMDIR):
            nodes[event.parent].change(event.end, {event.name: None})
        elif kind == log.LINK:
            nodes[event.target].change(event.end, {event.name: nodes[event.inode]})
        elif kind == log.RENAME:
            new = event.second.rpartition("/")[2]
            if event.parent == event.target:
                nodes[event.parent].change(event.end, {event.name: None, new: nodes[event.inode]})
            else:
                nodes[event.parent].change(event.end, {event.name: None})
                nodes[event.target].change(event.end, {new: nodes[event.inode]})
        elif kind == log.CHMOD:
            nodes[event.inode].mode = event.mode
        elif kind == log.SYNC_END:
            nodes[event.inode].sync(event.offset)
        elif kind == log.SYNC_ALL_END:
            for node in list(nodes.values()):
                if not isinstance(node, Symlink):
                    node.sync(event.offset)

    def unsynced(self):
        """Whether a cut now could lose anything at all."""
        return any(not isinstance(node, Symlink) and node.pending for node in self.nodes.values())

    def write(self, target, variant, rng, shared=lambda path: False):
        """Makes the folder that a start after the cut would find. Files for which `shared` says yes, and which the
        recorded program did not change, are hard links to those of the origin: nobody may write to them in place."""
        self._write(self.top, target, "", variant, rng, shared, {})

    def _write(self, folder, target, below, variant, rng, shared, written):
        os.mkdir(target, 0o700)
        for name, node in sorted(folder.survivor(variant, rng).items()):
            path, relative = os.path.join(target, name), below + name
            if isinstance(node, Folder):
                self._write(node, path, relative + "/", variant, rng, shared, written)
            elif isinstance(node, Symlink):
                os.symlink(node.text, path)
            elif id(node) in written:
                os.link(written[id(node)], path)
            else:
                written[id(node)] = path
                content = node.survivor(variant, rng)
                if content is None and shared(relative):
                    os.link(node.base, path)
                    continue
                if content is None:
                    shutil.copyfile(node.base, path)
                else:
                    with open(path, "wb") as file:
                        file.write(content)
                os.chmod(path, node.mode & 0o777)
        os.chmod(target, folder.mode & 0o777)


def snapshot(root):
    """{path below root: (inode, mode)} of everything in a folder, '.' for the folder itself."""
    found = {".": (os.stat(root).st_ino, os.stat(root).st_mode)}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            stat = os.lstat(path)
            found[os.path.relpath(path, root)] = (stat.st_ino, stat.st_mode)
    return found


def differences(one, other):
    """Where two folders differ: names, kinds, permissions, bytes."""
    left, right = snapshot(one), snapshot(other)
    found = [f"only in {where}: {path}" for where, paths in (("the first", left.keys() - right.keys()),
                                                             ("the second", right.keys() - left.keys())) for path in paths]
    for path in left.keys() & right.keys():
        if left[path][1] != right[path][1]:
            found.append(f"modes {left[path][1]:o} and {right[path][1]:o}: {path}")
        elif left[path][1] & 0o170000 == 0o100000:
            with open(os.path.join(one, path), "rb") as a, open(os.path.join(other, path), "rb") as b:
                a, b = a.read(), b.read()
                if a != b:
                    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                    found.append(f"bytes differ at {at} (sizes {len(a)} and {len(b)}): {path}")
    return sorted(found)
