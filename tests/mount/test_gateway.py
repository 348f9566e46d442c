"""What stands between us and a provider changes its answers: it compresses them,
its lists leave a session out, and its lists and its single answers tell the time of
making in two precisions."""
import gzip
import http.client
import http.server
import json
import os
import re
import threading
import urllib.parse

import pytest

from harness import eventually
from test_providers import ROWS, each, fill, world  # noqa: F401

MADE = {"gmtCreate", "createdAt", "CreatedAt", "CreationDateTime",
        "createTime", "create_time"}


class Gateway:
    """Hands requests on as they are, and answers as change() makes them."""

    def __init__(self):
        self.target = None  # host:port of the emulator
        self.ready = threading.Event()
        self.squeezes = False
        self.squeezed = 0
        self.change = lambda asked, answer: answer
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                gateway.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def lead_to(self, emulator):
        self.target = urllib.parse.urlsplit(emulator.url).netloc
        self.ready.set()

    def answer(self, request):
        body = request.rfile.read(
            int(request.headers.get("Content-Length", 0)))
        self.ready.wait(30)
        link = http.client.HTTPConnection(self.target, timeout=30)
        link.putrequest(request.command, request.path, skip_host=True,
                        skip_accept_encoding=True)
        for name, value in request.headers.items():
            link.putheader(name, value)
        link.endheaders(body)
        answer = link.getresponse()
        text = answer.read()
        link.close()
        if answer.status == 200:
            text = self.changed(request.path, body, text)
        request.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection"):
                request.send_header(name, value)
        if self.squeezes:
            text = gzip.compress(text)
            self.squeezed += 1
            request.send_header("Content-Encoding", "gzip")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def changed(self, path, body, text):
        try:
            answer = json.loads(text)
        except ValueError:
            return text
        return json.dumps(self.change(words(path, body), answer)).encode()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def words(path, body):
    """All that a request names: segments, values of the query and of the body."""
    parts = urllib.parse.urlsplit(path)
    found = set(map(urllib.parse.unquote, parts.path.split("/")))
    # A number there is a page's.
    found |= {value for _, value in urllib.parse.parse_qsl(parts.query)
              if not value.isdigit()}
    try:
        found |= {v for v in json.loads(body).values() if isinstance(v, str)}
    except (ValueError, AttributeError):
        pass
    return found


def walk(value, change):
    """A copy in which each object is what change(object) says; None: left out."""
    if isinstance(value, list):
        copies = (walk(item, change) for item in value)
        return [copy for copy in copies if copy is not None]
    if not isinstance(value, dict):
        return value
    value = change({k: walk(v, change) for k, v in value.items()})
    return value


def is_session(record, name):
    """Whether it is the record of that session, whose id may end a path."""
    return any(k.lower() in ("id", "name", "sessionid", "session_id",
                             "sessionclusterid") and
               str(v).split("/")[-1] == name for k, v in record.items())


def in_precision(value, fine):
    if isinstance(value, str):
        return re.sub(r"(\.\d+)?Z$", ".500Z" if fine else "Z", value)
    if value > 10 ** 11:
        return value // 1000 * 1000 + (500 if fine else 0)
    return int(value) + (0.5 if fine else 0)


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.close()


@pytest.fixture
def behind(world, gateway):  # noqa: F811
    """A world of that provider behind the gateway."""
    def make(row, n):
        key = "url" if row.type == "livy" else "endpoint"
        w = world(row, *fill(row, n), **{key: gateway.url + row.prefix})
        gateway.lead_to(w.emu)
        room = w.workspace if row.type != "livy" else \
            gateway.url.removeprefix("http://") + "%2Flivy"
        w.path = lambda *rest: os.path.join(w.mount.path, "cloud", room, *rest)
        eventually(lambda: len(w.names()) == n)
        return w
    return make


def listed(w, times):
    """Until that many listings more were made, while somebody looks."""
    before = w.count(w.row.list)
    eventually(lambda: w.names() and w.count(w.row.list) >= before + times, 60)


def vanished(w):
    events = w.mount.read(".sessionfs", "events").splitlines()
    return [e for e in map(json.loads, events) if e["what"] == "vanished"]


@each(ROWS)
def test_an_answer_may_be_compressed(behind, gateway, row):
    gateway.squeezes = True
    w = behind(row, 3)
    name = w.create()
    assert len(w.names()) == 4
    w.until_up(name)
    assert json.loads(w.mount.read(w.path(name, "session.json")))
    for file in row.costly:
        w.mount.read(w.path(name, file))
    assert w.count(row.create) == 1
    assert gateway.squeezed >= 3  # a listing, the create and a look


@each(ROWS)
def test_a_session_that_lists_leave_out_stays_while_it_lives(
        behind, gateway, row):
    """F4: what says so is an answer about itself."""
    w = behind(row, 4)
    name = sorted(w.names())[1]
    inode = os.stat(w.path(name)).st_ino
    left_out = []

    def leave_out(record):
        if is_session(record, name):
            left_out.append(name)
            return None
        return record

    gateway.change = lambda asked, answer: \
        answer if name in asked else walk(answer, leave_out)
    listed(w, 6)
    assert len(left_out) >= 3
    assert os.stat(w.path(name)).st_ino == inode
    assert vanished(w) == []
    # And it goes when its own answer says that it has gone.
    w.emu.remove(w.room, name, row.type)
    eventually(lambda: name not in w.names(), 30)
    assert [e["id"].split("/")[-1] for e in vanished(w)] == [name]


@each([row for row in ROWS if row.type != "livy"])  # it tells no time
def test_a_time_in_two_precisions_is_one(behind, gateway, row):
    """F3: lists tell halves of seconds, and answers about one session do not."""
    changed = set()

    def precise(asked, answer, hidden=None):
        own = hidden is not None and hidden in asked

        def change(record):
            if hidden is not None and not own and is_session(record, hidden):
                return None
            for key in MADE & set(record):
                record[key] = in_precision(record[key], not own)
                changed.add(own)
            return record
        return walk(answer, change)

    gateway.change = precise
    w = behind(row, 4)
    inodes = {n: os.stat(w.path(n)).st_ino for n in w.names()}
    name = sorted(inodes)[1]
    for hidden in (name, None, name, None):
        gateway.change = lambda asked, answer, hidden=hidden: \
            precise(asked, answer, hidden)
        listed(w, 3)
        eventually(lambda: w.names() and changed == {True, False}, 30)
    assert {n: os.stat(w.path(n)).st_ino for n in w.names()} == inodes
    assert vanished(w) == []
