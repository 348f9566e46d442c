"""Where the watchers are that no distribution has in the versions tried here:
fetched once into build/watchers, pinned.  What cannot be fetched is a reason to
skip."""
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
HOME = os.path.abspath(os.path.join(ROOT, "build", "watchers"))
PYPI = ["watchdog==6.0.0", "watchfiles==1.0.5"]
NPM = ["chokidar@4.0.3", "@parcel/watcher@2.5.1"]
LIMIT_S = 180
REASON_MAX = 300


class Missing(Exception):
    """Why it is not there."""


def call(argv, cwd, env=None):
    try:
        done = subprocess.run(
            argv, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})}, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Missing(str(e)[:REASON_MAX]) from None
    if done.returncode:
        lines = [line for line in done.stdout.split("\n") if line.strip()]
        raise Missing("; ".join(lines[-3:])[-REASON_MAX:] or argv[0])


def made(name, wanted, fill):
    """The folder that `fill` makes, once for what is wanted."""
    digest = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:16]
    folder = os.path.join(HOME, f"{name}-{digest}")
    os.makedirs(HOME, exist_ok=True)
    with open(os.path.join(HOME, name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, ".made")):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            fill(folder)
            open(os.path.join(folder, ".made"), "w").close()
    return folder


def need(program):
    found = shutil.which(program)
    if not found:
        raise Missing(f"there is no {program}")
    return found


@functools.cache
def python():
    """A Python that has what PYPI names."""
    def fill(folder):
        venv.create(folder, with_pip=True)
        call([os.path.join(folder, "bin", "python"), "-m", "pip",
              "--disable-pip-version-check", "--no-input", "install",
              "--retries", "1", "--timeout", "20", *PYPI], folder)
    return os.path.join(made("venv", [sys.version, *PYPI], fill),
                        "bin", "python")


@functools.cache
def node():
    """A folder whose node_modules have what NPM names."""
    npm = need("npm")
    need("node")

    def fill(folder):
        call([npm, "install", "--prefix", folder, "--no-audit", "--no-fund",
              "--fetch-retries=1", *NPM], folder)
    return made("node", NPM, fill)


@functools.cache
def fsnotify():
    """The program of programs/fsnotify."""
    go = need("go")
    source = os.path.join(HERE, "programs", "fsnotify")
    with open(os.path.join(source, "main.go")) as main, \
            open(os.path.join(source, "go.mod")) as mod:
        wanted = [main.read(), mod.read()]

    def fill(folder):
        for name in ("main.go", "go.mod"):
            shutil.copy(os.path.join(source, name), folder)
        call([go, "build", "-mod=mod", "-o", "watch", "."], folder,
             {"GOFLAGS": "", "GONOSUMDB": "*", "GOTOOLCHAIN": "local"})
    return os.path.join(made("fsnotify", wanted, fill), "watch")
