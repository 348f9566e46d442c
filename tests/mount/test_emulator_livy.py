"""The emulator's Livy against what a real 0.9.0 answered: the recorded requests,
sent again in their order, have to be answered alike."""
import glob
import http.client
import json
import os
import re

import pytest

import harness
from harness import eventually

ANSWERS = os.path.join(harness.ROOT, "tests", "answers", "livy", "0.9.0")
NOT_SPOKEN = re.compile(r"/statements|/completion|/batches|^HEAD|^GET / ")
# Of a record: what hangs on time or on the machine.
LOOSE = {"id", "log", "state"}


class Link:
    def __init__(self, url, headers=None):
        self.http = http.client.HTTPConnection(url.split("//")[1], timeout=20)
        self.headers = {"X-Requested-By": "tests", **(headers or {})}

    def send(self, method, target, body=None, headers=None):
        headers = self.headers if headers is None else headers
        self.http.request(method, "/livy" + target, body or None, headers)
        answer = self.http.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()

    def ok(self, method, target, body=None):
        status, _, text = self.send(
            method, target, None if body is None else json.dumps(body))
        assert status in (200, 201), text
        return json.loads(text)


def recorded(scenario):
    """(file, method, target, headers, body, status, answer) of each."""
    for path in sorted(glob.glob(f"{ANSWERS}/{scenario}/*.txt")):
        if path.endswith(".progress.txt"):
            continue
        with open(path, newline="") as f:
            asked, answered = f.read().split("<<< response\n")
        head, _, body = asked.split(">>> request\n")[1].partition("\r\n\r\n")
        lines = head.split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        for name in ("Host", "Connection", "Content-Length"):
            headers.pop(name, None)
        first, _, answer = answered.partition("\r\n\r\n")
        yield (os.path.basename(path), method, target, headers, body.strip(),
               int(first.split(" ")[1]), answer.strip())


def form(text):
    """Which of the four forms a body has, and what of it must agree."""
    if not text:
        return "nothing", None
    if text.startswith("<"):
        return "HTML", re.search("<title>(.*?)</title>", text)[1]
    value = json.loads(text)
    if isinstance(value, str):
        return "string", re.split(r"\n| \(|`|: class", value)[0][:25]
    if "msg" in value:
        return "message", re.sub(r"\d+", "N", value["msg"])
    if "state" in value and "kind" in value:
        return "record", [(k, "?" if k in LOOSE else v)
                          for k, v in value.items()]
    return "object", list(value)


def renumber(target, ids):
    return re.sub(r"^/sessions/(\d+)", lambda m: "/sessions/"
                  + ids.get(m[1], m[1]), target)


def replay(link, scenario):
    """How many answers were compared."""
    ids, n = {}, 0
    for file, method, target, headers, body, status, text in recorded(scenario):
        if NOT_SPOKEN.search(f"{method} {target} "):
            continue
        got = link.send(method, renumber(target, ids), body,
                        {**headers, **({} if scenario.startswith("csrf") else
                                         link.headers)})
        assert (got[0], form(got[2])) == (status, form(text)), \
            f"{scenario}/{file}: {got[2][:500]}"
        if status == 201:
            ids[str(json.loads(text)["id"])] = str(json.loads(got[2])["id"])
            assert got[1]["Location"] == \
                f"/sessions/{json.loads(got[2])['id']}"
        n += 1
    return n


@pytest.mark.parametrize("scenario, least, args", [
    ("main", 50, ()),
    ("csrf-on", 8, ("--livy-csrf",)),
    ("csrf-off", 1, ()),
])
def test_recorded_requests_are_answered_alike(emulator, scenario, least, args):
    emu = emulator("--start-ms", 600000, *args)
    assert replay(Link(emu.url), scenario) >= least


def test_creates_that_were_refused_are_refused_alike(emulator):
    link = Link(emulator().url)
    n = 0
    for file, method, target, _, body, status, text in recorded("more"):
        if method != "POST" or target != "/sessions" or "dup" in file:
            continue
        got = link.send(method, target, body)
        assert (got[0], form(got[2])) == (status, form(text)), (file, got[2])
        n += 1
    assert n >= 20


def test_too_many_at_once_and_the_driver_that_dies(emulator):
    link = Link(emulator("--start-ms", 60000, "--livy-max-creation", 1).url)
    link.ok("POST", "/sessions", {"kind": "spark"})
    status, _, text = link.send("POST", "/sessions", "{}")
    assert status == 400
    assert json.loads(text)["msg"] == \
        "Rejected, too many sessions are being created!"
    link = Link(emulator("--start-ms", 1000).url)
    made = link.ok("POST", "/sessions", {"driverMemory": "banana"})
    assert made["state"] == "starting"
    at = f"/sessions/{made['id']}"
    eventually(lambda: link.ok("GET", at)["state"] == "dead")


def test_ids_begin_anew_after_a_restart(emulator):
    emu = emulator()
    link = Link(emu.url)
    assert [link.ok("POST", "/sessions", {})["id"] for _ in range(3)] == \
        [0, 1, 2]
    emu.restart("livy", "livy")
    assert link.ok("GET", "/sessions")["total"] == 0
    assert link.ok("POST", "/sessions", {})["id"] == 0


def test_the_log_grows_and_keeps_its_end(emulator):
    emu = emulator()
    link = Link(emu.url)
    made = link.ok("POST", "/sessions", {})
    at = f"/sessions/{made['id']}/log"
    few = link.ok("GET", at + "?from=0&size=-1")
    assert few["log"][:2] == ["stdout: ", "\nstderr: "]
    emu.advance(3600 * 1000)
    many = link.ok("GET", at + "?from=-1&size=200")
    assert len(many["log"]) == 200 and many["total"] == 202
    assert len(link.ok("GET", at)["log"]) == 100
    emu.advance(60 * 1000)
    assert link.ok("GET", at + "?size=1")["log"] != many["log"][-1:]


def test_a_token_is_demanded_where_one_is_set(emulator):
    emu = emulator("--livy-token", "sesame")
    status, headers, text = Link(emu.url).send("GET", "/sessions")
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert text.startswith("<html>")
    Link(emu.url, {"Authorization": "Bearer sesame"}).ok("GET", "/sessions")
