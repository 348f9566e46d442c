#!/usr/bin/env python3
"""What tests/run needs to know of results: one line per test, and the sum.

usage: report.py tap BUILD SUITE LABEL     run a build's TAP programs of a suite
       report.py step LABEL NAME CMD...    run a command as one test
       report.py findings LABEL            fail for each sanitizer report left over
       report.py sum                       details of failures, then the last line

and a pytest plugin: python3 -m pytest -p report.  All append to the file that
$REPORT_FILE names, one JSON object per test.  $REPORT_LABEL is the plugin's
label, $REPORT_WORDS limits `tap` to tests whose name has one of the words.
"""
import concurrent.futures
import fcntl
import glob
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
TAP_POINT = re.compile(
    r"(not )?ok\b\s*(?:\d+)?\s*(?:-\s+)?(.*?)"
    r"(?:\s*#\s*(SKIP|TODO)\b\s*(.*))?$", re.I)
TAP_PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*SKIP\b\s*(.*))?$", re.I)

lock = threading.Lock()
# tests/run keeps pytest's own words apart and hands the screen on as 3.
screen = open(3, "w", closefd=False) if "REPORT_LABEL" in os.environ \
    else sys.stdout


def record(label, name, outcome, seconds, detail=""):
    """Prints a test's line at once and keeps it for the sum."""
    name = name.replace("\n", " ")
    line = f"{label:12} {name:62} {WORD[outcome]:7} {seconds:7.2f}"
    if outcome == "skipped" and detail:
        line += "  " + detail.strip().split("\n")[-1][:160]
    row = {"label": label, "name": name, "outcome": outcome,
           "seconds": seconds, "detail": detail}
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
            return f"no end after {self.limit} s"
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


def tap(build, suite, label):
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
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
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
    p = subprocess.run(argv, text=True, errors="replace",
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    tail = "\n".join(p.stdout.split("\n")[-DETAIL_LINES:])
    record(label, name, "failed" if p.returncode else "passed",
           time.monotonic() - began, tail)
    return p.returncode


def findings(label):
    """Reports that no test has claimed."""
    for text in sanitizer_reports():
        first = next((line for line in text.split("\n") if ": " in line), text)
        record(label, f"sanitizer report: {first}"[:60], "failed", 0.0, text)


def total():
    path = os.environ["REPORT_FILE"]
    rows = []
    if os.path.exists(path):
        with open(path) as f:
            rows = [json.loads(line) for line in f]
    failed = [r for r in rows if r["outcome"] == "failed"]
    for r in failed:
        print(f"\n==== FAILED {r['label']} {r['name']}")
        print("\n".join(r["detail"].rstrip().split("\n")[-DETAIL_LINES:]))
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


pending = {}


def short(nodeid):
    return os.path.basename(nodeid.split("::")[0])[:-len(".py")] + \
        " " + "::".join(nodeid.split("::")[1:])


def pytest_runtest_logreport(report):
    seen = pending.setdefault(report.nodeid, Pending())
    seen.seconds += report.duration
    if report.failed:
        seen.outcome = "failed"
        seen.detail += report.longreprtext + "".join(
            f"\n-- {title}\n{text}" for title, text in report.sections)
    elif report.skipped and seen.outcome == "passed":
        seen.outcome = "skipped"
        where = report.longrepr
        seen.detail = where[2] if isinstance(where, tuple) else str(where)
    if report.when == "teardown":
        del pending[report.nodeid]
        record(os.environ["REPORT_LABEL"], short(report.nodeid), seen.outcome,
               seen.seconds, seen.detail)


def pytest_collectreport(report):
    if report.failed:
        record(os.environ["REPORT_LABEL"], f"{report.nodeid} (collection)",
               "failed", 0.0, report.longreprtext)
    elif report.skipped:  # a whole file
        record(os.environ["REPORT_LABEL"], short(report.nodeid), "skipped",
               0.0, report.longrepr[2])


def main(argv):
    if argv[:1] == ["tap"] and len(argv) == 4:
        return tap(*argv[1:])
    if argv[:1] == ["step"] and len(argv) > 3:
        return step(argv[1], argv[2], argv[3:])
    if argv[:1] == ["findings"] and len(argv) == 2:
        return findings(argv[1])
    if argv == ["sum"]:
        return total()
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
