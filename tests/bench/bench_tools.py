"""The programs that the benchmarks time: `loop`, and the reference `onefile`."""
import contextlib
import os
import subprocess

import harness

TOOLS = os.path.join(os.environ["BUILD_DIR"], "tests", "bench")


def build(*names):
    subprocess.run(["ninja", "-C", os.environ["BUILD_DIR"],
                    *(f"tests/bench/{name}" for name in names)], check=True,
                   stdout=subprocess.DEVNULL)


def tool(name, *args):
    """(microseconds of the fastest round, what it counted)"""
    out = subprocess.run([os.path.join(TOOLS, name), *map(str, args)],
                         capture_output=True, text=True, check=True,
                         timeout=300)
    lines = [line.split() for line in (out.stdout or out.stderr).splitlines()]
    return min(int(line[0]) for line in lines), int(lines[-1][1])


@contextlib.contextmanager
def one_file(folder):
    """The path of the file of a mounted `onefile`."""
    point = os.path.join(folder, "one")
    os.makedirs(point, exist_ok=True)
    one = subprocess.Popen([os.path.join(TOOLS, "onefile"), point])
    try:
        harness.eventually(lambda: os.path.exists(point + "/state"))
        yield point + "/state"
    finally:
        one.terminate()
        one.wait(5)
