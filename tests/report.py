#!/usr/bin/env python3
"""What tests/run needs to know of results: one line per test, and the sum.

usage: report.py tap BUILD SUITE LABEL N   run a build's TAP programs of a suite,
                                       N side by side
       report.py step LABEL NAME CMD.. run a command as one test
       report.py findings LABEL        fail for each sanitizer report left over
       report.py sum TIMES             details of failures, where the time went,
                                       then the last line

and a pytest plugin: python3 -m pytest -p report.  All append to the file that
$REPORT_FILE names, one JSON object per test.  $REPORT_LABEL is the plugin's
label, $REPORT_WORDS limits `tap` to tests whose name has one of the words, and
at $REPORT_UNTIL, a moment of the epoch, what still runs is ended and fails.  A
line of TIMES has the name of what ran, its seconds, and those of CPU.
"""
import concurrent.futures
import ctypes
import fcntl
import glob
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

OUTCOMES = ("passed", "failed", "skipped")
WORD = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}
DETAIL_LINES = 120
SLOWEST = 10
PR_SET_PDEATHSIG = 1
TAP_POINT = re.compile(
    r"(not )?ok\b\s*(?:\d+)?\s*(?:-\s+)?(.*?)"
    r"(?:\s*#\s*(SKIP|TODO)\b\s*(.*))?$", re.I)
TAP_PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*SKIP\b\s*(.*))?$", re.I)

lock = threading.Lock()
# share.py keeps pytest's own words apart and hands the screen on as this.
SCREEN = 3
screen = open(SCREEN, "w", closefd=False) if "REPORT_LABEL" in os.environ \
    else sys.stdout


def left():
    """The seconds until $REPORT_UNTIL (of the epoch)."""
    until = os.environ.get("REPORT_UNTIL")
    return float(until) - time.time() if until else 1e6


def die_with_parent():
    """What is started here is ended in a `finally`, whatever ends the shell."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def record(label, name, outcome, seconds, detail="", cpu=None):
    """Prints a test's line at once and keeps it for the sum."""
    name = name.replace("\n", " ")
    line = f"{label:12} {name:62} {WORD[outcome]:7} {seconds:7.2f}"
    if outcome == "skipped" and detail:
        line += "  " + detail.strip().split("\n")[-1][:160]
    row = {"label": label, "name": name, "outcome": outcome,
           "seconds": seconds, "cpu": cpu, "detail": detail}
    with lock:
        print(line, file=screen, flush=True)
        with open(os.environ["REPORT_FILE"], "a") as out:
            fcntl.flock(out, fcntl.LOCK_EX)  # suites may run side by side
            out.write(json.dumps(row) + "\n")


def sanitizer_reports(pid="*"):
    """The texts of what sanitizers wrote of a process; each is told once."""
    texts = []
    for path in sorted(glob.glob(
            os.path.join(os.environ.get("SANITIZER_LOGS", "/nonexistent"),
                         f"*.{pid}"))):
        if not path.endswith(".seen"):
            with open(path, errors="replace") as f:
                texts.append(f.read())
            os.rename(path, path + ".seen")
    return texts


# ---- TAP programs ----

class Program:
    """One run of a TAP program: each point is recorded as it is printed."""

    def __init__(self, label, test):
        self.label = label
        self.name = test["name"]
        self.points = self.failed = 0
        self.plan = None
        self.lines = []
        self.limit = test.get("timeout") or 120
        self.env = {**os.environ, **test.get("env", {})}
        self.argv = test["cmd"]
        self.cwd = test.get("workdir") or test["build"]

    def point(self, match, seconds):
        self.points += 1
        bad, what, directive, reason = match.groups()
        name = f"{self.name} {what.split(' - ERROR')[0]}".strip()
        if directive:
            record(self.label, name, "skipped", seconds, reason or directive)
        elif bad:
            self.failed += 1
            record(self.label, name, "failed", seconds,
                   "\n".join(self.lines[-DETAIL_LINES:]))
        else:
            record(self.label, name, "passed", seconds)

    def follow(self, stream):
        since = time.monotonic()
        for line in stream:
            line = line.rstrip("\n")
            self.lines.append(line)
            plan, match = TAP_PLAN.match(line), TAP_POINT.match(line)
            if plan:
                self.plan = int(plan.group(1))
            elif match:
                now = time.monotonic()
                self.point(match, now - since)
                since = now

    def verdict(self, code, timed_out):
        """What the program as a whole did wrong, beyond its points."""
        if timed_out:
            return f"no end after {self.limit:.0f} s"
        if code != 0 and not self.failed:
            return f"exit status {code}"
        if self.plan is not None and self.points < self.plan and not self.failed:
            return f"{self.plan} planned, {self.points} ran"
        if not self.points and self.plan != 0:
            return "ran nothing"
        return None

    def run(self):
        try:
            self.follow_to_the_end()
        except OSError as e:
            record(self.label, f"{self.name} (program)", "failed", 0.0, str(e))

    def follow_to_the_end(self):
        began = time.monotonic()
        self.limit = max(0, min(self.limit, left()))
        process = subprocess.Popen(
            self.argv, env=self.env, cwd=self.cwd, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        over = threading.Event()

        def end():
            over.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(self.limit, end)
        timer.start()
        try:
            self.follow(process.stdout)
            code = process.wait()
        finally:
            timer.cancel()
        wrong = self.verdict(code, over.is_set())
        reports = sanitizer_reports(process.pid)
        if wrong or reports:
            tail = "\n".join(self.lines[-DETAIL_LINES:] + reports)
            record(self.label, f"{self.name} (program)", "failed",
                   time.monotonic() - began, f"{wrong or 'sanitizer report'}\n{tail}")


def tap(build, suite, label, count):
    listed = json.loads(subprocess.run(
        ["meson", "introspect", "--tests", build], check=True, text=True,
        capture_output=True).stdout)
    words = os.environ.get("REPORT_WORDS", "").split()
    tests = [t for t in listed
             if any(s == suite or s.endswith(":" + suite) for s in t["suite"])
             and (not words or any(w in t["name"] for w in words))]
    stretch = 4 if os.environ.get("REPORT_SLOW") else 1
    for test in tests:
        test["timeout"] = (test.get("timeout") or 60) * stretch
        test["build"] = build
    tests.sort(key=lambda t: -t["priority"])
    with concurrent.futures.ThreadPoolExecutor(int(count)) as pool:
        for done in [pool.submit(Program(label, t).run) for t in tests]:
            done.result()


# ---- other kinds of test ----

def step(label, name, argv):
    began = time.monotonic()
    if os.environ.get("REPORT_SHOW"):
        code = subprocess.run(argv, stdin=subprocess.DEVNULL).returncode
        record(label, name, "failed" if code else "passed",
               time.monotonic() - began, f"exit status {code}")
        return code
    p = subprocess.Popen(argv, text=True, errors="replace",
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    try:
        said = p.communicate(timeout=max(0, left()))[0]
    except subprocess.TimeoutExpired:
        p.terminate()
        said = p.communicate()[0] + "\nstill ran when the time was over"
    finally:
        if p.poll() is None:
            p.terminate()
    tail = "\n".join(said.split("\n")[-DETAIL_LINES:])
    record(label, name, "failed" if p.returncode else "passed",
           time.monotonic() - began, tail)
    return p.returncode


def findings(label):
    """Reports that no test has claimed."""
    for text in sanitizer_reports():
        first = next((line for line in text.split("\n") if ": " in line), text)
        record(label, f"sanitizer report: {first}"[:60], "failed", 0.0, text)


def where_the_time_went(rows, times):
    """The slowest tests, and what ran, in the order of its end."""
    tests = [r for r in rows if r["label"] != "build"]
    print(f"\n{'seconds':>8} {'CPU':>5}  the slowest tests")
    for r in sorted(tests, key=lambda r: -r["seconds"])[:SLOWEST]:
        cpu = "" if r["cpu"] is None else f"{r['cpu']:.0f}"
        print(f"{r['seconds']:8.0f} {cpu:>5}  {r['label']} {r['name']}"[:100])
    print(f"\n{'seconds':>8} {'CPU':>5}  what ran")
    with open(times) as f:
        for name, seconds, *cpu in map(str.split, f):
            cpu = sum(map(int, cpu)) if cpu else ""
            print(f"{seconds:>8} {cpu:>5}  {name}")


def total(times):
    path = os.environ["REPORT_FILE"]
    rows = []
    if os.path.exists(path):
        with open(path) as f:
            rows = [json.loads(line) for line in f]
    failed = [r for r in rows if r["outcome"] == "failed"]
    for r in failed:
        print(f"\n==== FAILED {r['label']} {r['name']}")
        print("\n".join(r["detail"].rstrip().split("\n")[-DETAIL_LINES:]))
    where_the_time_went(rows, times)
    if failed:
        print("\nfailed:")
        for r in failed:
            print(f"  {r['label']} {r['name']}")
    n = {o: sum(r["outcome"] == o for r in rows) for o in OUTCOMES}
    print(f"\n{n['passed']} passed, {n['failed']} failed, "
          f"{n['skipped']} skipped", flush=True)
    return 1 if failed or not n["passed"] else 0


# ---- the pytest plugin ----

class Pending:
    """pytest reports set-up, call and tear-down apart; a test is all three."""
    outcome, detail, seconds = "passed", "", 0.0

    def __init__(self):
        self.cpu = cpu_seconds()


pending = {}


def cpu_seconds():
    """Of this process and of all that it waited for."""
    return sum(os.times()[:4])


def claim(name):
    """Whether no pytest of those that share a suite was faster (share.py)."""
    folder = os.environ.get("SHARE_CLAIMS")
    if not folder:
        return True
    name = hashlib.sha256(name.encode()).hexdigest()
    try:
        os.close(os.open(os.path.join(folder, name), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def short(nodeid):
    return os.path.basename(nodeid.split("::")[0])[:-len(".py")] + \
        " " + "::".join(nodeid.split("::")[1:])


def pytest_runtest_logstart(nodeid):
    pending[nodeid] = Pending()


def pytest_runtest_logreport(report):
    seen = pending[report.nodeid]
    seen.seconds += report.duration
    if report.failed:
        seen.outcome = "failed"
        seen.detail += report.longreprtext + "".join(
            f"\n-- {title}\n{text}" for title, text in report.sections)
    elif report.skipped and seen.outcome == "passed":
        seen.outcome = "skipped"
        where = report.longrepr
        seen.detail = getattr(report, "wasxfail", None) or (
            where[2] if isinstance(where, tuple) else str(where))
    if report.when == "teardown":
        del pending[report.nodeid]
        record(os.environ["REPORT_LABEL"], short(report.nodeid), seen.outcome,
               seen.seconds, seen.detail, cpu_seconds() - seen.cpu)


def pytest_collectreport(report):
    if report.passed or not claim(f"collect {report.nodeid}"):
        return
    if report.failed:
        record(os.environ["REPORT_LABEL"], f"{report.nodeid} (collection)",
               "failed", 0.0, report.longreprtext)
    else:  # a whole file is skipped
        record(os.environ["REPORT_LABEL"], short(report.nodeid), "skipped",
               0.0, report.longrepr[2])


def main(argv):
    die_with_parent()
    if argv[:1] == ["tap"] and len(argv) == 5:
        return tap(*argv[1:])
    if argv[:1] == ["step"] and len(argv) > 3:
        return step(argv[1], argv[2], argv[3:])
    if argv[:1] == ["findings"] and len(argv) == 2:
        return findings(argv[1])
    if argv[:1] == ["sum"] and len(argv) == 2:
        return total(argv[1])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
