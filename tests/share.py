#!/usr/bin/env python3
"""Several pytests run one suite side by side, since most tests mostly wait.

usage: share.py LABEL COUNT FOLDER PYTEST-ARG...

Each collects all tests and runs those that it is the first to claim, so that
none stands idle while there is one left.  They keep their temporary files and
their own words in FOLDER.  At $REPORT_UNTIL all are ended, and the tests that
still ran fail by name, with what each thread did.

This is the pytest plugin, too: a claim is a file in $SHARE_CLAIMS, and the test
that runs is a line in $SHARE_RUNNING.
"""
import os
import signal
import subprocess
import sys
import time

import report

WORDS_LINES = 60
KILL_AFTER_S = 10
FINE = (0, 1, 5)  # all passed, some failed, there was none to run


# ---- the plugin ----

def bundle_of(item):
    """Tests that use a fixture of their module's stay together."""
    definitions = item._fixtureinfo.name2fixturedefs.values()
    if any(d.scope in ("module", "class") for ds in definitions for d in ds):
        return item.nodeid.split("::")[0]
    return item.nodeid


def pytest_runtestloop(session):
    if not os.environ.get("SHARE_CLAIMS") or session.testsfailed or \
            session.config.option.collectonly:
        return None  # as pytest does it
    bundles = {}
    for item in session.items:
        bundles.setdefault(bundle_of(item), []).append(item)
    for name, items in bundles.items():
        if report.claim(name):
            for item, after in zip(items, [*items[1:], None]):
                item.config.hook.pytest_runtest_protocol(item=item,
                                                         nextitem=after)
    return True


def running(nodeid):
    if "SHARE_RUNNING" in os.environ:
        with open(os.environ["SHARE_RUNNING"], "w") as f:
            f.write(nodeid)


def pytest_runtest_logstart(nodeid):
    running(nodeid)


def pytest_runtest_logfinish():
    running("")


# ---- the runner ----

class Share:
    """One of the pytests."""

    def __init__(self, number, label, folder, argv):
        self.label = label
        self.began = time.monotonic()
        self.late = False
        self.words = os.path.join(folder, f"words-{number}")
        self.running = os.path.join(folder, f"running-{number}")
        with open(self.words, "wb") as words:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-q", "-p", "report",
                 "-p", "share", "-p", "no:cacheprovider",
                 f"--basetemp={folder}/pytest-{number}", *argv],
                env={**os.environ, "REPORT_LABEL": label,
                     "SHARE_CLAIMS": os.path.join(folder, "claims"),
                     "SHARE_RUNNING": self.running},
                stdin=subprocess.DEVNULL, stdout=words, stderr=words,
                pass_fds=(report.SCREEN,))

    def test(self):
        """The one that runs; "" between two."""
        try:
            with open(self.running) as f:
                test = f.read()
                return test and report.short(test)
        except FileNotFoundError:
            return ""

    def wait(self):
        try:
            self.process.wait(max(0, report.left()))
        except subprocess.TimeoutExpired:
            self.late = True
            self.process.send_signal(signal.SIGABRT)  # tells of its threads

    def end(self):
        try:
            return self.process.wait(KILL_AFTER_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def offence(self):
        """(test, what it did wrong as a whole), or None."""
        status = self.end()
        if self.late:
            return self.test(), "still ran when the time was over"
        if status in FINE:
            return None
        return self.test(), f"ended pytest with status {status}"

    def tell(self, test, what):
        with open(self.words, errors="replace") as f:
            said = f.read().split("\n")[-WORDS_LINES:]
        report.record(self.label, test or "pytest", "failed",
                      time.monotonic() - self.began,
                      "\n".join([what, *said]))


def run(label, count, folder, *argv):
    os.makedirs(os.path.join(folder, "claims"))
    os.dup2(sys.stdout.fileno(), report.SCREEN)
    report.die_with_parent()
    shares = []
    try:
        shares += (Share(n, label, folder, argv) for n in range(int(count)))
        for share in shares:
            share.wait()
        # What all of them stumble over is told once.
        told = {share.offence(): share for share in reversed(shares)}
    finally:
        for share in shares:
            if share.process.poll() is None:
                share.process.kill()
    for offence, share in told.items():
        if offence:
            share.tell(*offence)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    run(*sys.argv[1:])
