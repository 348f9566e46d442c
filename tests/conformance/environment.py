#!/usr/bin/env python3
"""Makes the virtual environment in which the vendors' SDKs are.

usage: environment.py FOLDER       prints the path of its Python

Kept between runs: FOLDER/<hash of what is wanted>.  A group of requirements.txt
that cannot be installed leaves its reason in GROUP.failed there, which skips
its cases, and is tried again by the next run.  pytest is the system's.
"""
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
WANTED = os.path.join(HERE, "requirements.txt")
CONSTRAINTS = os.path.join(HERE, "constraints.txt")
# A registry that does not answer must not hold up the other tests for long.
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install",
       "--no-warn-script-location", "--retries", "1", "--timeout", "20"]
LIMIT_S = 300  # for all groups together
REASON_MAX = 300


def groups():
    """{group: [requirement]}: a comment of one word begins a group."""
    found, group = {}, None
    with open(WANTED) as f:
        for line in map(str.strip, f):
            head = re.fullmatch(r"# (\w+)", line)
            if head:
                group = found.setdefault(head[1], [])
            elif line and not line.startswith("#"):
                group.append(line)
    return found


def digest():
    sum_ = hashlib.sha256(sys.version.encode())
    for path in (WANTED, CONSTRAINTS):
        with open(path, "rb") as f:
            sum_.update(f.read())
    return sum_.hexdigest()[:16]


def reason(said):
    """Why pip failed, in one line: its first error, and before it, where the
    registry was out of reach, what became of the connection."""
    lines = [line.strip() for line in said.split("\n") if line.strip()]
    broken = re.findall(
        r"connection broken by '(?:\w+\('<[^>]*>: )?(.*?)(?:'\))?': /", said)
    errors = [line for line in lines if line.startswith("ERROR:")]
    told = broken[-1:] + (errors or lines or ["pip said nothing"])[:1]
    return "; ".join(told)[:REASON_MAX]


def install(python, requirements, seconds):
    """None when they are there, or why they are not."""
    try:
        done = subprocess.run(
            [python, *PIP, "-c", CONSTRAINTS, *requirements], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=max(1, seconds), check=False)
    except subprocess.TimeoutExpired:
        return f"pip did not end within {LIMIT_S} s"
    return reason(done.stdout) if done.returncode else None


def fill(home):
    python = os.path.join(home, "bin", "python")
    end = time.monotonic() + LIMIT_S
    if not os.path.exists(os.path.join(home, "made")):
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True, system_site_packages=True)
        open(os.path.join(home, "made"), "w").close()
    for group, requirements in groups().items():
        done = os.path.join(home, group + ".done")
        failed = os.path.join(home, group + ".failed")
        if os.path.exists(done):
            continue
        why = install(python, requirements, end - time.monotonic())
        with open(failed if why else done, "w") as f:
            f.write(f"{', '.join(requirements)}: {why}\n" if why else "")
        if not why and os.path.exists(failed):
            os.unlink(failed)
    return python


def main():
    folder = os.path.abspath(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print(fill(os.path.join(folder, digest())))


if __name__ == "__main__":
    main()
