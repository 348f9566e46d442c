"""What tests/run is made of can fail: each thing that may go wrong with a suite
that several pytests share is done here on purpose."""
import json
import os
import subprocess
import sys
import tempfile
import time

import pytest

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


@pytest.fixture
def rows(tmp_path):
    """Runs a program of tests/ that has so long, and gives what it records."""
    def run(program, *args, seconds=60):
        results = tmp_path / "results"
        results.unlink(missing_ok=True)
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("SHARE_", "REPORT_"))}
        subprocess.run(
            [sys.executable, os.path.join(TESTS, program), *args],
            env={**env, "PYTHONPATH": TESTS, "REPORT_FILE": str(results),
                 "REPORT_UNTIL": str(time.time() + seconds)},
            cwd=tmp_path, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, timeout=120, check=False)
        return [json.loads(line) for line in results.read_text().splitlines()]
    return run


@pytest.fixture
def shared(rows, tmp_path):
    """Runs a file's text by so many pytests."""
    def run(text, count=3, **how):
        (tmp_path / "test_it.py").write_text(text)
        made = tempfile.mkdtemp(prefix="made-", dir=tmp_path)
        return rows("share.py", "it", str(count), made + "/it",
                    "test_it.py", **how)
    return run


def outcomes(rows):
    return sorted((r["name"], r["outcome"]) for r in rows)


def test_each_test_runs_once(shared):
    rows = shared("import pytest\n"
                  "@pytest.mark.parametrize('n', range(40))\n"
                  "def test_it(n): assert n != 7\n")
    assert outcomes(rows) == sorted(
        (f"test_it test_it[{n}]", "failed" if n == 7 else "passed")
        for n in range(40))


def test_a_fixture_of_a_module_is_made_once(shared, tmp_path):
    made = tmp_path / "fixtures"
    made.mkdir()
    rows = shared("import pytest, tempfile\n"
                  "@pytest.fixture(scope='module')\n"
                  f"def dear(): tempfile.mkdtemp(dir={str(made)!r})\n"
                  "@pytest.mark.parametrize('n', range(40))\n"
                  "def test_it(dear, n): pass\n")
    assert len(rows) == 40 and len(os.listdir(made)) == 1


def test_what_still_runs_is_named(shared):
    wanted = [("test_it test_ends", "passed"), ("test_it test_waits", "failed")]
    # A machine that is busy has not even begun after five seconds.
    for seconds in (5, 15, 45):
        rows = shared("import threading\n"
                      "def test_ends(): pass\n"
                      "def test_waits(): threading.Event().wait()\n",
                      seconds=seconds)
        if outcomes(rows) == wanted:
            break
    assert outcomes(rows) == wanted
    detail = next(r["detail"] for r in rows if r["outcome"] == "failed")
    assert "still ran" in detail and "in test_waits" in detail


def test_what_ends_its_pytest_is_named(shared):
    rows = shared("import os\n"
                  "def test_ends(): pass\n"
                  "def test_dies(): os._exit(77)\n", count=1)
    assert ("test_it test_dies", "failed") in outcomes(rows)


@pytest.mark.parametrize("text", ["import nonsense\n", "assert False\n"])
def test_what_cannot_be_read_is_told_once(shared, text):
    names = [name for name, outcome in outcomes(shared(text))]
    assert sum("(collection)" in name for name in names) == 1
    assert len(names) <= 2, names


def test_a_command_that_runs_on_is_named(rows):
    (row,) = rows("report.py", "step", "it", "sleeper", "sleep", "600",
                  seconds=0.5)
    assert (row["name"], row["outcome"]) == ("sleeper", "failed")
    assert "still ran" in row["detail"]
