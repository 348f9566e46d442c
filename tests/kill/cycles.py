"""Writers, faults and a kill at a random moment, again and again over one state.

A cycle: faults are scripted, writers write, the daemon is killed, all writers
return, the daemon is started again (in half of the cycles over what a power cut
leaves), everything is settled and accounted for, and what is unknown resolved.
"""
import collections
import errno
import json
import os
import random
import signal
import threading
import time

from harness import SLOW
from world import (LIST_LAG_MS, TOKENED, VARIANTS, World, Wrote, by_mark, mark_of,
                   new_token, spec_of, write)

WRITERS = 3
KILL_S = 0.4 * SLOW
DEADLINE_MS = 200 * SLOW

STOPS = .1
STEPS = [f"{state}.{when}" for state in ("sent", "created", "done", "failed",
                                         "starting", "unknown")
         for when in ("write", "synced")] + [
             "create.send", "create.answer", "start.send", "start.answer"]

# What befalls a create.  What is delayed and not lost yet happens while the daemon
# is away, and has to before it may say that nothing came of it.
CREATE_FAULTS = (
    {}, {}, {"delay_ms": DEADLINE_MS // 2}, {"delay_ms": DEADLINE_MS * 3 // 2},
    {"delay_ms": 2 * DEADLINE_MS, "after": True},
    {"drop": True}, {"drop": True, "after": True},
    {"cut": 5, "after": True},
    {"status": 500}, {"status": 500, "after": True},
    {"status": 503, "after": True},
    {"status": 429}, {"status": 400}, {"hang": True},
    {"hang": True, "after": True}, {"body": "{", "after": True})
LIST_FAULTS = ({"status": 500}, {"drop": True}, {"delay_ms": DEADLINE_MS},
               {"duplicate": True}, {"body": "{"}, {"cut": 20})


class Cycles(World):
    """A world that goes through cycles; `pick` decides all."""

    def __init__(self, rig, type, seed, flaws="", faults=CREATE_FAULTS,
                 power=.5, again=.25, list_lag_ms=LIST_LAG_MS, patient=False):
        """patient: it waits so long that it sends again what is absent."""
        deadline_ms = 2 * LIST_LAG_MS if patient else DEADLINE_MS
        super().__init__(rig, type, f"{deadline_ms}ms",
                         list_lag_ms=LIST_LAG_MS // 2 if patient else list_lag_ms)
        self.kill_s = deadline_ms / 1000 if patient else KILL_S
        self.pick = random.Random(seed)
        self.flaws = flaws
        # What happens late has to before it is sure that it did not.
        self.faults = [f for f in faults if not patient or f.get("after") or
                       f.get("delay_ms", 0) < DEADLINE_MS]
        self.power = power  # how often it goes when the daemon dies
        self.again = again  # how often it dies again before all is settled
        self.tally = collections.Counter()
        self.tokens = [(self.next_mark(), new_token(self.pick))]
        self.repeated = []  # (mark, token) of callers that try again
        self.lock = threading.Lock()
        self.dying = False  # at a step, by itself

    # ---- what is written ----

    def plan(self):
        """What one writer writes: [(pieces, how of `write`)]."""
        return [self.plan_one() for _ in range(self.pick.randrange(1, 4))]

    def plan_one(self):
        kind = self.pick.choice(("one", "one", "bytes", "same", "same",
                                 "alike", "alike", "token", "prefix"))
        mark, token, variant = None, None, 0
        if kind == "same":  # several writers ask for the same, word for word
            mark = self.same
        elif kind == "alike":  # of one name, and not quite the same
            mark = self.alike
            variant = self.pick.randrange(2) if self.type in VARIANTS else 0
        elif kind == "token":
            mark, token = self.pick.choice(self.tokens)
        text = spec_of(self.type, mark or self.next_mark(), token,
                       variant).encode()
        pieces = [text]
        if kind == "bytes":
            pieces = [text[i:i + 1] for i in range(len(text))]
        elif kind == "prefix":
            pieces = [text[:self.pick.randrange(1, len(text))]]
        return pieces, {
            "mark": mark or mark_of(text.decode()), "token": token,
            "whole": kind != "prefix", "read": self.pick.random() < .5,
            "path": self.new(self.pick.choice(self.rooms)
                             if not token else self.rooms[0])}

    def plan_all(self):
        """Plans for each writer; some of them share a mark."""
        self.same, self.alike = self.next_mark(), self.next_mark()
        self.tokens = [*self.tokens[-1:],
                       (self.next_mark(), new_token(self.pick))]
        return [self.plan() for _ in range(WRITERS + 1)]

    def script_faults(self):
        fault = self.emu.fault
        for _ in range(self.pick.randrange(2, 9)):
            how = self.pick.choice(self.faults)
            if how and not (how.get("status") == 429 and self.type == "livy"):
                fault(provider=self.type, action=self.row.create,
                      times=self.pick.choice((1, 1, 2)),
                      skip=self.pick.randrange(4), **how)
        if self.type == "alibaba" and self.pick.random() < .3:
            fault(provider=self.type, action="StartSessionCluster",
                  skip=self.pick.randrange(3), **self.pick.choice(
                      ({"status": 500}, {"drop": True},
                       {"drop": True, "after": True})))
        self.spoil_listings(.4)

    def spoil_listings(self, chance):
        if self.pick.random() < chance:
            self.emu.fault(provider=self.type, action=self.row.list,
                           times=self.pick.randrange(1, 3),
                           **self.pick.choice(LIST_FAULTS))

    # ---- writing, and the end of it ----

    def run_writer(self, plan):
        for pieces, how in plan:
            made = write(pieces=pieces, **how)
            with self.lock:
                self.writes.append(made)
                if made.token:
                    self.repeated.append((made.mark, made.token))

    def slay_later(self, plan):
        """A writer that is a process, to be killed in the middle of its write:
        (pid, what it writes).  Forked while there are no threads."""
        pieces, how = plan[0]
        pid = os.fork()
        if pid:
            return pid, how
        code = 255
        try:
            made = write(how["path"], [b"".join(pieces)])
            code = made.errno if made.whole else 254
        finally:
            os._exit(code)

    def write_and_die(self):
        plans = self.plan_all()
        child, how = self.slay_later(plans.pop())
        writers = [threading.Thread(target=self.run_writer, args=(plan,))
                   for plan in plans]
        moments = sorted((
            (self.pick.random() * self.kill_s,
             lambda: os.kill(child, signal.SIGKILL)),
            (self.pick.random() * self.kill_s, self.end)),
            key=lambda moment: moment[0])
        for writer in writers:
            writer.start()
        began = time.monotonic()
        for moment, act in moments:
            # sleeps: a random moment
            time.sleep(max(0, began + moment - time.monotonic()))
            act()
        for writer in writers:
            writer.join(10 * SLOW)
            assert not writer.is_alive(), "a write outlives its daemon"
        self.reap(child, how)

    def end(self):
        """In most cycles it is killed; it may have done that by itself."""
        if self.pick.random() < STOPS and not self.dying:
            self.mount.stop()
            self.tally["stops"] += 1
        else:
            self.kill()

    def kill(self):
        self.mount.kill()
        self.tally["kills"] += 1

    def reap(self, child, how):
        """It is killed once it has been told to, or has ended before."""
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        failed = {-signal.SIGKILL: errno.EINTR, 254: errno.ENOTCONN}.get(
            status, status)
        assert status != 255, "a writer broke"
        self.writes.append(Wrote(
            how["mark"], failed, how["whole"] and status != 254,
            token=how["token"]))
        if how["token"]:
            self.repeated.append((how["mark"], how["token"]))

    # ---- what comes after ----

    def start_again(self):
        # Or else what was delayed happens while it is looked for.
        if self.pick.random() < .5:
            self.emu.no_faults()
        self.power_may_go()
        self.spoil_listings(.3)
        while self.pick.random() < self.again:
            self.start(flaws=self.flaws, wait=False)
            # sleeps: a random moment
            time.sleep(self.pick.random() * LIST_LAG_MS / 1000)
            self.kill()
            self.power_may_go()
        self.start(flaws=self.flaws)
        self.dying = False

    def power_may_go(self):
        if self.pick.random() < self.power:
            self.power_cut()
            self.tally["power cuts"] += 1

    def start_to_die(self):
        """Another daemon, which will die at a step, if it comes to it."""
        step = self.pick.choice(STEPS)
        self.mount.stop()
        self.dying = True
        self.start(flaws=self.flaws,
                   kill=f"{step}:{self.pick.randrange(1, 4)}")

    def try_again(self):
        """Callers of a token, who do not know what came of it."""
        for mark, token in self.repeated:
            self.write(mark, token=token, read=True)
        self.repeated = []

    def account(self):
        requests = self.settled()
        wrong = self.offences(requests)
        return requests, wrong

    def resolve_unknown(self, requests):
        for request in requests:
            if request.state == "unknown":
                self.resolve_one(request)

    def resolve_one(self, request):
        self.tally["unknown"] += 1
        asked = by_mark(self.requests())[request.mark]
        free = set(self.sessions()[request.mark]) - {
            r.session for r in asked}
        wanted = self.variant_of(json.loads(request.spec))
        words = ["abandon"] + [f"adopt {id}" for id in sorted(free)
                               if self.variants[id] in (None, wanted)]
        if self.type in TOKENED:
            words.append("retry")
        chosen = self.pick.choice(words)
        said = self.resolve(request, chosen)
        # A throttled account may not even look.
        assert said in (0, errno.EUSERS) or chosen == "retry", (
            request, chosen, said)
        self.tally[chosen.split()[0]] += said == 0

    def cycle(self):
        """The offences; none."""
        self.script_faults()
        self.write_and_die()
        self.start_again()
        early = self.pick.random() < .5
        if early:
            self.try_again()
        requests, wrong = self.account()
        if not early:
            self.try_again()
        if not wrong:
            self.resolve_unknown(requests)
            wrong = self.account()[1]
        if self.pick.random() < .5:
            self.written_back()
        self.emu.no_faults()
        if self.pick.random() < .3 and not wrong:
            self.start_to_die()
        return wrong

    def figures(self):
        """Counts of all that has been, for the table in README.md."""
        for made in self.writes:
            if made.whole:
                self.tally["write " + (errno.errorcode[made.errno]
                                       if made.errno else "0")] += 1
        for request in self.requests():
            self.tally["request " + request.state] += 1
        self.tally["sessions"] += sum(map(len, self.sessions().values()))
        return self.tally


def run_cycles(rig, type, seed, n, how=None):
    """(figures, offences) of at most n cycles; it ends with the first that has
    an offence."""
    w = Cycles(rig, type, seed, **(how or {}))
    w.start(flaws=w.flaws)
    w.requests()
    for i in range(n):
        wrong = w.cycle()
        if wrong:
            return w.figures(), [
                f"{type}, seed {seed}, cycle {i}: {what}" for what in wrong]
    figures = w.figures()
    w.mount.stop()
    return figures, []
