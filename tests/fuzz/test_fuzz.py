"""Each target of fuzz.c, from what the tree has to begin with: ten seconds each, or
an hour with --long.  What was found once lies in corpus/TARGET and is replayed first.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile

import pytest

import gather

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD_DIR", os.path.join(
    os.path.dirname(os.path.dirname(HERE)), "build", "fuzz"))
PROGRAM = os.path.join(BUILD, "tests", "fuzz", "fuzz")
LONG = bool(os.environ.get("REPORT_LONG"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", 3600 if LONG else 10))
# What one input may take, of time and of memory.
INPUT_S, MEMORY_MB = 20, 2048
DICTIONARY = os.path.join(HERE, "fuzz.dict")


def table():
    """[(name, bytes of an input, seeds)] of fuzz.c; [] where it is not built."""
    if not os.access(PROGRAM, os.X_OK):
        return []
    said = subprocess.run([PROGRAM], env={**os.environ, "FUZZ_TARGET": "list"},
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    return [tuple(line.split()) for line in said.splitlines()]


TARGETS = {name: (most, seeds) for name, most, seeds in table()}


def fuzz(name, folder, seconds, *corpora):
    """Runs a target; (whether nothing was found, what it said)."""
    most, seeds = TARGETS[name]
    grown, found = folder / "grown", folder / "found"
    grown.mkdir()
    found.mkdir()
    if seeds != "-":
        gather.gather(seeds, folder / "seeds")
        corpora = (*corpora, folder / "seeds")
    env = {**os.environ, "FUZZ_TARGET": name, "TMPDIR": str(folder)}
    # In memory, where it can be: a target that writes waits for no disk then.
    memory = tempfile.TemporaryDirectory(
        prefix="sessionfs-fuzz-",
        dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else folder)
    env["FUZZ_FOLDER"] = memory.name
    # libFuzzer tells of leaks and of reports itself, on its standard error.
    env["ASAN_OPTIONS"] = "detect_leaks=1:detect_stack_use_after_return=0"
    env["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + \
        os.path.join(HERE, "..", "lsan.supp")
    env.pop("UBSAN_OPTIONS", None)
    with memory:
        done = subprocess.run(
            [PROGRAM, f"-max_len={most}", f"-max_total_time={seconds}",
             f"-timeout={INPUT_S}", f"-rss_limit_mb={MEMORY_MB}",
             f"-artifact_prefix={found}/", "-print_final_stats=1",
             f"-dict={DICTIONARY}", grown, *corpora],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=seconds + 300)
    told = done.stdout[-6000:]
    for path in glob.glob(f"{found}/*"):
        kept = keep(name, path)
        told += f"\nthe input: {kept}\n"
    return done.returncode == 0 and not os.listdir(found), told


def keep(name, path):
    """Where the input is kept that a person looks at: the folder of a test goes."""
    kept = os.path.join(BUILD, "found", name)
    os.makedirs(kept, exist_ok=True)
    return shutil.copy(path, kept)


def executions(told):
    (number,) = re.findall(r"number_of_executed_units: (\d+)", told)
    return int(number)


def corpora(name):
    folder = os.path.join(HERE, "corpus", name)
    return [folder] if os.path.isdir(folder) else []


def test_the_table_and_the_folders_agree():
    assert TARGETS, f"{PROGRAM} is not built"
    folders = set(os.listdir(os.path.join(HERE, "corpus")))
    assert folders <= set(TARGETS)
    # Who begins with nothing finds nothing.
    assert not [name for name, (_, seeds) in TARGETS.items()
                if seeds == "-" and name not in folders | {"planted"}]


@pytest.mark.parametrize("name", [n for n in TARGETS if n != "planted"])
def test_target(name, tmp_path):
    fine, told = fuzz(name, tmp_path, SECONDS, *corpora(name))
    print(told)
    assert fine, told
    assert executions(told) > 20, told


def test_a_planted_crash_is_found(tmp_path):
    """The control of this suite: the very same call finds a crash, by itself and
    among what was found before."""
    seed = tmp_path / "seed"
    seed.mkdir()
    (seed / "near").write_bytes(b"BOOx")
    (tmp_path / "a").mkdir()
    fine, told = fuzz("planted", tmp_path / "a", 60, seed)
    assert not fine and "planted" in told
    (seed / "crash").write_bytes(b"BOOM")
    (tmp_path / "b").mkdir()
    fine, told = fuzz("planted", tmp_path / "b", 1, seed)
    assert not fine and "planted" in told
