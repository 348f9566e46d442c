"""Servers that speak like Livy and count as they like: totals are hints, ids are
texts, and what cannot be shown is told."""
import http.server
import json
import os
import re
import threading
import urllib.parse

import pytest

from harness import eventually

KEYS = {"sessionfs": {"refresh": "300ms"}, "alibaba": {"endpoint": None}}


class Server:
    """ids: of its sessions; cap: the most that it gives at a time; total(page):
    what it says there are; gone: what a get says is not there."""

    def __init__(self, ids, cap=100, total=None):
        self.ids, self.cap, self.gone = list(ids), cap, set()
        self.total = total or (lambda page: len(self.ids))
        self.state = {}
        self.lists = 0
        answer = self.answer

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                status, body = answer(urllib.parse.urlsplit(self.path))
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.httpd = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()
        self.host = f"127.0.0.1:{self.httpd.server_address[1]}"

    def record(self, id):
        return {"id": id, "name": None, "state": self.state.get(id, "idle"),
                "kind": "spark", "log": []}

    def answer(self, url):
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path != "/sessions":
            id = urllib.parse.unquote(url.path.rpartition("/")[2])
            found = [i for i in self.ids if str(i) == id and i not in self.gone]
            return (200, self.record(found[0])) if found else (
                404, {"msg": f"Session '{id}' not found."})
        self.lists += 1
        first, size = int(query["from"]), min(self.cap, int(query["size"]))
        page = self.ids[first:first + size]
        return 200, {"from": first, "total": self.total(page),
                     "sessions": [self.record(i) for i in page]}


@pytest.fixture
def serve(mount):
    servers = []

    def start(*args, **keys):
        server = Server(*args, **keys)
        servers.append(server)
        m = mount(config={**KEYS, "livy": {"url": f"http://{server.host}"}})
        return server, m, m.ws(server.host, "livy")
    yield start
    for server in servers:
        server.httpd.shutdown()
        server.httpd.server_close()


def shown(path):
    return sorted(n for n in os.listdir(path)
                  if n != "new" and not n.startswith("."))


def status(m, path, key):
    return re.search(rf"^{key}: *(.*)$", m.read(path, ".status"), re.M).group(1)


@pytest.mark.parametrize("cap", [1, 5, 20, 100])
@pytest.mark.parametrize("total", [
    len, lambda page: 0, lambda page: 10, lambda page: -5, lambda page: None],
    ids=["the page's", "0", "10", "-5", "none"])
def test_a_total_that_is_too_low_ends_no_listing(serve, cap, total):
    server, m, path = serve(range(23), cap=cap, total=total)
    assert len(shown(path)) == 23
    assert status(m, path, "listing") == "complete"


def test_a_total_that_is_too_high_is_taken_and_told(serve):
    server, m, path = serve(range(23), total=lambda page: len(server.ids) + 1)
    assert m.run(["ls", path]).status == 0
    assert len(shown(path)) == 23
    assert "counted by the provider's total" in m.read(path, ".partial")
    del server.ids[3:6]
    eventually(lambda: len(shown(path)) == 20)


def test_a_total_that_is_right_costs_one_call_more_and_once(serve):
    server, m, path = serve(range(23))
    shown(path)
    assert server.lists == 2
    os.utime(path + "/.refresh")
    eventually(lambda: server.lists > 2)
    assert status(m, path, "listing") == "complete"


def test_ids_may_be_texts(serve):
    ids = [f"0b5c1d2e-0000-4000-8000-{i:012d}" for i in range(30)]
    server, m, path = serve(ids, cap=20, total=len)
    assert shown(path) == ids
    assert m.read(path, ids[7], "state") == "idle\n"


def test_what_has_no_id_is_counted_and_told(serve):
    server, m, path = serve([0, 1, 2, 3, None, 5, 6, 7, 8, "", 10], cap=5)
    assert shown(path) == sorted(map(str, (0, 1, 2, 3, 5, 6, 7, 8, 10)))
    assert status(m, path, "left_out") == "2"
    assert status(m, path, "listing") == "partial"
    assert "2 records" in m.read(path, ".partial")


def test_a_session_that_get_calls_gone_and_lists_name_stays(serve):
    server, m, path = serve(range(5))
    before = {name: os.stat(f"{path}/{name}").st_ino for name in shown(path)}
    server.gone = set(server.ids)
    for name in before:
        m.run(["cat", f"{path}/{name}/log"])
    lists = server.lists
    eventually(lambda: shown(path) and server.lists > lists + 4)
    assert before == {
        name: os.stat(f"{path}/{name}").st_ino for name in shown(path)}
    server.ids.pop()
    eventually(lambda: len(shown(path)) == 4)


def test_an_unknown_state_is_shown_as_it_is(serve):
    server, m, path = serve(range(2))
    server.state[1] = "ARCH\x9bIVED"
    eventually(lambda: shown(path) and
               m.read(path, "1", "state") == "ARCH?IVED\n")
    assert m.read(path, "1", "phase") == "pending\n"
