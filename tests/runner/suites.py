"""The suites of tests/run, cheapest first: what each runs, and which files decide its outcome.

A new suite is one line in SUITES. `product(NAME, COMMAND, FILES)` is the usual one: it uses the built binary with all
plug-ins and the page, and prints `N passed, N failed` and a `skipped: NAME: WHY` for each test that it left out.
"""

import os
import pathlib
import re
import subprocess
from dataclasses import replace

from .job import Job, Suite

# Host and guests are selected apart: together they would turn on features that build wasmtime twice.
HOST = ("--workspace", "--exclude", "kamld-sdk", "--exclude", "kamld-plugin-*", "--exclude", "kamld-programs*")
GUESTS = ("-p", "kamld-sdk", "-p", "kamld-plugin-*")

# Crates whose sources go out from the root of the checkout, and what of it they read. A crate that is not named here
# and does so depends on every file.
READS = {
    "kamld-runtime": ("tests/programs/**", "wit/**"),
    "kamld": ("sdk/rust/**", "wit/**"),
    "kamld-bench": ("tests/programs/**",),
    # Its job, below, says that it reads everything.
    "kamld-house": (),
}

PAGE = "tests/e2e/page"

# The page as the binary serves it, and every plug-in, as the binary builds them.
UI = ("ui/**", "!ui/*/test/**", "!ui/**/*.md", "wit/ui/**")
PLUGINS = ("plugins/**", "sdk/rust/**", "wit/**")


def is_guest(package):
    return package == "kamld-sdk" or package.startswith(("kamld-plugin-", "kamld-programs"))


def host_crates(checkout):
    return sorted(one for one in checkout.packages if not is_guest(one))


def guest_crates(checkout):
    return sorted(one for one in checkout.packages if is_guest(one) and not one.startswith("kamld-programs"))


def format(checkout):
    return [Job("format", ("cargo", "fmt", "--all", "--check"), files=("**/*.rs", "**/Cargo.toml", "rustfmt.toml", "rust-toolchain.toml"),
                tools=("rust",), gate=True)]


def house(checkout):
    return [Job("house", ("cargo", "test", "-p", "kamld-house", "-p", "kamld-features"), files=("**",), tools=("rust",)),
            Job("runner", ("python3", "-m", "unittest", "discover", "-q", "-s", "tests/runner", "-t", "tests"),
                files=("tests/run", "tests/runner/**"), tools=("python",), gate=True)]


def ui(checkout):
    return [Job("ui-types", ("npm", "--prefix", "ui", "run", "check"), files=("ui/**", "wit/ui/**"), tools=("page",), gate=True),
            Job("ui", ("npm", "--prefix", "ui", "test"), files=("ui/**", "wit/ui/**", f"{PAGE}/bars.mjs", f"{PAGE}/table.mjs"), tools=("page", "shell"))]


def deny(checkout):
    # It reads every crate of the lock file, those of other systems too, and asks nobody for them.
    command = 'cargo fetch -q --locked && "$KAMLD_CARGO_DENY" --offline check bans licenses sources'
    return [Job("deny", ("sh", "-c", command), files=("Cargo.lock", "**/Cargo.toml", "deny.toml"), tools=("rust", "cargo-deny"), gate=True)]


def compile_guests(folder):
    """All at once, which uses the processors better than one after the other. What does not compile fails its own job."""
    subprocess.run(["cargo", "test", "-q", "--no-run", *GUESTS], capture_output=True)
    return {}


def compile_host(folder):
    """As `compile_guests`. With `kamld-features` each package alone is built with the same features as all together."""
    subprocess.run(["cargo", "test", "-q", "--no-run", *HOST], capture_output=True)
    return {}


def guests(checkout):
    return [Job(f"guests {name}", ("cargo", "test", "--no-fail-fast", "-p", name), crates=(name,), tools=("rust",),
                may_be_empty=True, prepare=compile_guests)
            for name in guest_crates(checkout)]


def unit(checkout):
    return [Job(f"unit {name}", ("cargo", "test", "--no-fail-fast", "-p", name, "-p", "kamld-features"), crates=(name,),
                tools=("rust",), may_be_empty=True, prepare=compile_host)
            for name in host_crates(checkout) if name not in ("kamld-house", "kamld-features")]


def docs(checkout):
    return [Job("docs", ("env", "RUSTDOCFLAGS=-D warnings", "cargo", "doc", "-q", *HOST, "--no-deps"),
                crates=tuple(host_crates(checkout)), tools=("rust",), gate=True)]


def clippy(checkout):
    return [Job("clippy", ("cargo", "clippy", "-q", *HOST, "--all-targets", "--", "-D", "warnings"),
                crates=tuple(host_crates(checkout)), tools=("rust",), gate=True),
            Job("clippy-guests", ("cargo", "clippy", "-q", *GUESTS, "--all-targets", "--", "-D", "warnings"),
                crates=tuple(guest_crates(checkout)), tools=("rust",), gate=True)]


def product(name, command, files, tools=("python",), conditions=()):
    """A suite of one job that uses the built product."""
    return lambda checkout: [product_job(name, command, files, tools, conditions)]


def product_job(name, command, files, tools=(), conditions=()):
    return Job(name, command, files=(*files, *UI, *PLUGINS), crates=("kamld",), tools=("rust", "page", *tools), conditions=conditions)


E2E = ("tests/e2e/*.py", "tests/e2e/python", "tests/e2e/run", "tests/e2e/formats/*", "tests/e2e/power/world.py", "tests/programs/**")
HOSTILE = ("tests/e2e/hostile/*", "tests/e2e/kamld.py", "tests/e2e/stranger_job.py", "tests/programs/**")


def servers(checkout):
    with_minio = "tests/servers/with-minio"
    conformance = ("cargo", "test", "-p", "kamld-storage", "-p", "kamld-features", "--test", "conformance", "--", "--ignored", "s3")
    return [Job("servers storage on MinIO", (with_minio, *conformance), crates=("kamld-storage",), files=("tests/servers/*minio",),
                tools=("rust", "minio")),
            product_job("servers e2e on MinIO", (with_minio, "tests/e2e/run"), (*E2E, "tests/servers/*minio"),
                        ("python", "minio", "data-science"), ("mount",))]


# These measure milliseconds and have the machine for themselves.
TIMED = ("load", "million", "speed", "response", "palette", "links")
# What a file of page tests reads besides the modules that it imports.
PAGE_READS = {
    "golden": (f"{PAGE}/golden/**",), "tree": (f"{PAGE}/trees/**",), "gallery": ("sdk/examples/gallery/**",),
    "documented": ("sdk/examples/documented/**",), "hostile": ("tests/programs/hostile/**",),
}


def modules(checkout, name, found=None):
    """A file of page tests and all that it imports of its folder."""
    found = set() if found is None else found
    if name not in found:
        found.add(name)
        for other in re.findall(r"from '\./([\w.-]+)'", (checkout.root / PAGE / name).read_text()):
            modules(checkout, other, found)
    return found


def page(checkout):
    names = [os.path.basename(path).removesuffix(".test.mjs") for path in checkout.match([f"{PAGE}/*.test.mjs"])]
    jobs = []
    for name in sorted(names, key=lambda name: (TIMED.index(name) if name in TIMED else len(TIMED), name)):
        imported = modules(checkout, f"{name}.test.mjs")
        files = (*(f"{PAGE}/{one}" for one in sorted(imported)), f"{PAGE}/run", f"{PAGE}/prepare.mjs", *PAGE_READS.get(name, ()))
        command = (f"{PAGE}/run", f"{name}.test.mjs")
        if "server.mjs" in imported:
            job = replace(product_job(f"page {name}", command, files, ("chromium",)), prepare=prepare_page)
        else:
            job = Job(f"page {name}", ("node", "--test", "--test-reporter=spec", f"{PAGE}/{name}.test.mjs"),
                      files=(*files, "ui/package-lock.json"), tools=("page", "chromium"))
        jobs.append(replace(job, alone=name in TIMED))
    return jobs


def prepare_page(folder):
    """Builds the binary, and makes the data folders that the tests of the page copy."""
    subprocess.run(["cargo", "build", "-q"], check=True)
    prepared = pathlib.Path(folder) / "page"
    prepared.mkdir()
    subprocess.run(["node", f"{PAGE}/prepare.mjs", str(prepared)], check=True)
    return {"KAMLD_PREPARED": str(prepared)}


SUITES = [
    Suite("format", format),
    Suite("house", house),
    Suite("ui", ui),
    Suite("deny", deny),
    Suite("guests", guests),
    Suite("unit", unit),
    Suite("docs", docs),
    Suite("clippy", clippy),
    Suite("servers", servers, lanes=2, memory=2000),
    Suite("e2e", product("e2e", ("tests/e2e/run",), E2E, ("python", "data-science"), ("mount",))),
    Suite("hostile", product("hostile", ("tests/e2e/hostile/run",), HOSTILE)),
    Suite("page", page, lanes=2, memory=2000),
    Suite("power", product("power", ("tests/e2e/power/run",), ("tests/e2e/power/**", "tests/e2e/kamld.py"))),
    Suite("kill", product("kill", ("tests/e2e/kill",), ("tests/e2e/kill", "tests/e2e/kill.py", "tests/e2e/kamld.py"))),
]
