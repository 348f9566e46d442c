#!/usr/bin/env python3
"""Inputs to begin with, made of what the tree has anyway: recorded answers, flows,
specs, key files, a state directory.

usage: gather.py SEEDS FOLDER

SEEDS is a name from the table in fuzz.c.  What only a fuzz target needs lies in
corpus/TARGET.
"""
import glob
import json
import os
import re
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
ROOT = os.path.dirname(TESTS)
sys.path.insert(0, os.path.join(TESTS, "conformance"))
import corpus  # noqa: E402

MARK = b"\n%%\n"
STATE = os.path.join(TESTS, "mount", "state_1")
# That of fuzz_store.c.
RID = b"20260101T000000.000Z-abcdef"
SEEDS = {}


def seeds(function):
    SEEDS[function.__name__.replace("_", "-")] = function
    return function


def read(path):
    with open(path, "rb") as f:
        return f.read()


def files(*pattern):
    return sorted(glob.glob(os.path.join(*pattern), recursive=True))


def answer(status, headers, body):
    lines = [str(status)] + [f"{k}: {v}" for k, v in headers]
    return "\n".join([*lines, "", body]).encode()


def recorded():
    """(headers, body) of Livy's recorded answers; headers begin with the status."""
    for path in files(TESTS, "answers", "livy", "**", "*.txt"):
        _, _, text = read(path).decode().replace("\r", "").partition(
            "<<< response\n")
        head, _, body = text.partition("\n\n")
        lines = head.split("\n")
        found = re.match(r"HTTP/1.1 (\d+)", lines[0])
        if found:
            yield int(found[1]), [line.split(": ", 1) for line in lines[1:]
                                  if ": " in line], body


@seeds
def answers():
    return [answer(*one) for one in recorded()]


@seeds
def pages():
    return [body.encode() for _, _, body in recorded() if "<html" in body]


@seeds
def json_():
    return [body.encode() for _, _, body in recorded() if body[:1] == "{"]


@seeds
def logs():
    return [body.encode() for _, _, body in recorded() if '"log"' in body]


@seeds
def livy():
    """Each what is asked first, and two answers; few, since these are slow."""
    found = answers()[::8]
    return [bytes([48 + i % 8]) + one + MARK + two
            for i, (one, two) in enumerate(zip(found, found[1:]))]


@seeds
def specs():
    return [read(path) for path in files(ROOT, "examples", "specs", "*.json")]


@seeds
def config():
    return [read(path) for pattern in ("examples/cookbook/t*.conf",
                                       "packaging/sessionfs.conf")
            for path in files(ROOT, pattern)]


@seeds
def ini():
    return list(corpus.FILES.values())


def flows(provider):
    """Of tests/vectors/flows, with times that are not over."""
    for path in files(TESTS, "vectors", "flows", "*.json"):
        flow = json.loads(re.sub(r"\b2026-", "2099-", read(path).decode()))
        if flow["provider"] != provider:
            continue
        setup = flow["setup"]
        env = "\n".join(f"{k}={v}" for k, v in setup["env"].items())
        homes = [f"{k}\n{v}" for k, v in setup.get("home_files", {}).items()]
        parts = [part.replace("$HOME/", "").encode()
                 for part in [env, *homes, "-"]]
        parts += [answer(max(a["status"], 1), a["headers"].items(), a["body"])
                  for a in flow["answers"] if isinstance(a["body"], str)]
        yield MARK.join(parts)


for vendor in ("aliyun", "aws", "google", "huawei"):
    SEEDS["flows-" + vendor] = lambda vendor=vendor: list(flows(vendor))


@seeds
def state():
    return [read(path) for path in (STATE + "/.tree",
                                    *files(STATE, "alibaba", "*", "index"))]


def records(path):
    """As fuzz_store.c has them: a type, two bytes of length, the payload."""
    data, at, out = read(path), 16, b""
    while at + 12 <= len(data):
        _, kind, size = struct.unpack_from("=III", data, at)
        at += 12
        out += struct.pack("<BH", kind, size) + data[at:at + size]
        at += size
    return out


@seeds
def index():
    return [records(path) for path in files(STATE, "alibaba", "*", "index")]


@seeds
def tree():
    return [records(STATE + "/.tree")]


@seeds
def journal():
    found = []
    for path in files(STATE, ".requests", "*"):
        data = read(path)
        size, slots = struct.unpack_from("=II", data, 16)
        parts = [data[24:24 + size].replace(os.path.basename(path).encode(), RID)]
        for at in (slots, slots + 8192):
            (size,) = struct.unpack_from("=I", data, at + 16)
            parts.append(data[at + 24:at + 24 + size])
        found.append(MARK.join(parts))
    return found


def gather(name, folder):
    os.makedirs(folder, exist_ok=True)
    for i, data in enumerate(SEEDS[name]()):
        with open(os.path.join(folder, f"seed-{i:03}"), "wb") as f:
            f.write(data)


SEEDS["json"] = SEEDS.pop("json-")

if __name__ == "__main__":
    gather(*sys.argv[1:])
