"""The inputs of a job as one key: the contents of the files that it reads, the versions of its tools, its environment.

Files are those that Git tracks and those that it would track; what it ignores is made from them.
"""

import functools
import hashlib
import json
import os
import pathlib
import re
import stat
import subprocess

# Variables that name a place on this machine. What they point at is known by its version instead.
PLACES = ("KAMLD_CACHE", "KAMLD_CHROMIUM", "KAMLD_SHELL", "KAMLD_PREPARED", "KAMLD_MINIO", "KAMLD_CARGO_DENY")
# With one of these a test writes what it otherwise checks.
WRITING = ("KAMLD_BLESS", "KAMLD_REGENERATE")
# A quoted path that leaves the folder of a crate: include_str!, bindgen!, files that a test reads.
OUTSIDE = re.compile(r'"(\.\./[^"{}\s]*)"')
# What every Rust job reads besides its crates. `tests/features` decides the features of outside dependencies.
CARGO = ("Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "tests/features/**", ".cargo/**", "clippy.toml")
# The runner's own part in what an outcome means. `suites.py` is not: a job's definition is in its key.
RUNNER = ("tests/run", "tests/runner/counts.py", "tests/runner/inputs.py", "tests/runner/job.py", "tests/runner/run.py")


@functools.cache
def pattern(glob):
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(parts.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*|\?)", glob)) + r"\Z")


class Checkout:
    """The files of a clone and the packages of its workspace."""

    def __init__(self, root, reads):
        self.root = pathlib.Path(root)
        # Which files a crate reads that lie outside its folder, where its sources do not say it themselves.
        self.reads = reads
        # Of each file what `lstat` said and the digest; it is read again when that changes.
        self.digests = {}

    @functools.cached_property
    def files(self):
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                cwd=self.root, capture_output=True, check=True).stdout
        return sorted({name for name in listed.decode().split("\0") if name and os.path.lexists(self.root / name)})

    def look_again(self):
        """Notices files that came, went or changed since."""
        self.__dict__.pop("files", None)

    def match(self, globs):
        """The files that the globs name, in order."""
        wanted = [pattern(glob) for glob in globs if not glob.startswith("!")]
        out = [pattern(glob[1:]) for glob in globs if glob.startswith("!")]
        return [name for name in self.files
                if any(one.match(name) for one in wanted) and not any(one.match(name) for one in out)]

    def digest(self, name):
        path = self.root / name
        try:
            found = path.lstat()
            seen = (found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            if self.digests.get(name, (None,))[0] != seen:
                content = os.readlink(path).encode() if stat.S_ISLNK(found.st_mode) else path.read_bytes()
                # Of the mode only what Git keeps.
                kind = f"{stat.S_IFMT(found.st_mode):o} {bool(found.st_mode & 0o100)}"
                self.digests[name] = seen, f"{kind} {hashlib.sha256(content).hexdigest()}"
            return self.digests[name][1]
        except (FileNotFoundError, IsADirectoryError):
            return "gone"

    @functools.cached_property
    def packages(self):
        """The packages of the workspace by name, as cargo describes them."""
        text = subprocess.run(["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline"],
                              cwd=self.root, capture_output=True, check=True).stdout
        return {one["name"]: one for one in json.loads(text)["packages"]}

    def folder(self, package):
        return os.path.relpath(os.path.dirname(self.packages[package]["manifest_path"]), self.root)

    @functools.cache
    def closure(self, package, development=True):
        """The package and all of ours that it is built from, those of its tests too."""
        found = {package}
        for one in self.packages[package]["dependencies"]:
            if one["name"] in self.packages and one["name"] not in found and (development or one["kind"] != "dev"):
                found |= self.closure(one["name"], False) | ({one["name"]})
        return frozenset(found)

    @functools.cache
    def crate_globs(self, package):
        """The files that one crate is made from, its tests included."""
        folder = self.folder(package)
        # A crate may lie in the folder of another, as host/linkages/wasi does.
        inner = [self.folder(other) for other in self.packages if self.folder(other).startswith(folder + "/")]
        globs = [f"{folder}/**", *(f"!{other}/**" for other in inner)]
        if package in self.reads:
            return (*globs, *self.reads[package])
        for name in self.match([f"{folder}/**/*.rs", *globs[1:]]):
            for quoted in OUTSIDE.findall((self.root / name).read_text()):
                # `include_str!` counts from the file, CARGO_MANIFEST_DIR and `bindgen!` from the crate.
                for base in (os.path.dirname(name), folder):
                    path = os.path.normpath(os.path.join(base, quoted))
                    if path == ".":
                        # It goes out from the root of the checkout: until `reads` says where to, anywhere.
                        return ("**",)
                    if path.startswith("..") or path.startswith(folder + "/"):
                        continue
                    if (self.root / path).is_dir():
                        globs.append(f"{path}/**")
                    elif (self.root / path).exists():
                        globs.append(path)
        return tuple(dict.fromkeys(globs))

    def job_files(self, job):
        """All files that decide the outcome of a job."""
        found = set(self.match(job.files)) | set(self.match(RUNNER))
        if job.crates:
            found |= set(self.match(CARGO))
        for package in {one for crate in job.crates for one in self.closure(crate)}:
            # Of what a crate depends on, nobody builds the tests.
            tests = () if package in job.crates else (f"!{self.folder(package)}/tests/**",)
            found |= set(self.match((*self.crate_globs(package), *tests)))
        return sorted(found)


def digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def environment():
    """The variables that decide outcomes."""
    return {name: value for name, value in os.environ.items()
            if (name.startswith("KAMLD_") and name not in PLACES) or name in ("RUSTFLAGS", "RUSTDOCFLAGS", "CARGO_PROFILE")}


def key(checkout, job, versions):
    """The key of a job; `versions` says what its tools and conditions are."""
    return digest({
        "command": job.command, "gate": job.gate, "versions": versions, "environment": environment(),
        "files": [[name, checkout.digest(name)] for name in checkout.job_files(job)],
    })
