"""What jobs need of the machine: tools, installed or built once into the cache, and conditions.

A tool answers its version, which is part of a job's key, and the variables that its job gets. A tool that cannot be had
here raises `Missing`, and every job that needs it is counted as skipped.
"""

import functools
import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Missing(Exception):
    """A tool that is not here and could not be installed, and what to do about it."""


def ask(*command, **settings):
    """What a command prints; `Missing` with the end of its messages when it fails."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **settings)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is missing") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or [f"{command[0]} failed with {done.returncode}"]
        raise Missing(said[0])
    return done.stdout.strip()


def rust():
    if not shutil.which("cargo"):
        raise Missing("rustup is missing: https://rustup.rs")
    if subprocess.run(["cargo", "--version"], cwd=ROOT, capture_output=True).returncode:
        ask("rustup", "toolchain", "install")
    if shutil.which("rustup"):
        if "wasm32-wasip2" not in ask("rustup", "target", "list", "--installed").split():
            ask("rustup", "target", "add", "wasm32-wasip2")
        parts = ask("rustup", "component", "list", "--installed").splitlines()
        for part in ("rustfmt", "clippy"):
            if not any(line.startswith(part) for line in parts):
                ask("rustup", "component", "add", part)
    return ask("rustc", "-vV"), {}


def python():
    return f"{platform.python_implementation()} {sys.version}", {}


def page():
    """Node, and the packages of the page as its lock file names them."""
    version = ask("node", "--version")
    installed, lock = ROOT / "ui/node_modules/.package-lock.json", ROOT / "ui/package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        try:
            ask("npm", "--prefix", "ui", "ci", "--no-audit", "--no-fund")
        except Missing as why:
            raise Missing(f"the packages of the page cannot be installed, Node 20 with npm is needed: {why}") from None
    return version, {}


def version_of(chromium):
    """A browser draws letters with the fonts that are installed."""
    fonts = subprocess.run(["fc-list"], capture_output=True, text=True).stdout if shutil.which("fc-list") else ""
    digest = hashlib.sha256("\n".join(sorted(fonts.splitlines())).encode()).hexdigest()[:12]
    return f"{ask(chromium, '--version')}, fonts {digest}"


def shell():
    """The smaller Chromium, without windows, for tests that open many pages."""
    path = ask("tests/servers/chromium", "--shell")
    return version_of(path), {"KAMLD_CHROMIUM": path}


def chromium():
    window = ask("tests/servers/chromium")
    small = ask("tests/servers/chromium", "--shell", env=os.environ | {"KAMLD_CHROMIUM": os.environ.get("KAMLD_SHELL", "")})
    return f"{version_of(window)}; {version_of(small)}", {"KAMLD_CHROMIUM": window, "KAMLD_SHELL": small}


def cargo_deny():
    path = ask("tests/servers/cargo-deny")
    return ask(path, "--version"), {"KAMLD_CARGO_DENY": path}


def minio():
    path = ask("tests/servers/minio")
    return ask(path, "--version"), {"KAMLD_MINIO": path}


def data_science():
    """A Python with pandas and pyarrow."""
    path = ask("tests/e2e/python", os.environ["KAMLD_CACHE"])
    return f"{path} {ask(path, '--version')}", {}


TOOLS = {one.__name__.replace("_", "-"): functools.cache(one) for one in (rust, python, page, shell, chromium, cargo_deny, minio, data_science)}


@functools.cache
def may_mount():
    """Whether a test may mount a small disk of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if not shutil.which("mount") or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
        return True


CONDITIONS = {"mount": may_mount}
