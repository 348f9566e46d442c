"""The trace: what the daemon was asked, what it asked, and what it does, as files
and as lines; who calls, how long it took, and never a secret.
"""
import os
import re
import threading

import pytest

import harness
from harness import eventually, run

OPS = {"lookup", "forget", "getattr", "setattr", "readlink", "mknod", "mkdir",
       "unlink", "rmdir", "symlink", "rename", "link", "create", "open",
       "read", "write", "flush", "release", "fsync", "opendir", "readdir",
       "readdirplus", "releasedir", "statfs", "poll"}
SPEC = '{"name": "probe", "kind": "SQL", "queueName": "root_queue"}'
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def table(text):
    """The rows of a table, each {column: value}."""
    lines = text.split("\n")
    assert lines.pop() == ""
    names = lines[0].split("\t")
    rows = [line.split("\t") for line in lines[1:]]
    assert all(len(row) == len(names) for row in rows), text
    return [dict(zip(names, row)) for row in rows]


def trace(m):
    return table(m.read(".sessionfs", "trace"))


def calls(m):
    return table(m.read(".sessionfs", "calls"))


def lines(m, what):
    """The lines of one kind, each {name: value}."""
    found = re.findall(rf"^{TIME} {what}: (.*)$", m.log(), re.MULTILINE)
    return [{name: value.strip('"') for name, value in
             re.findall(r'(\w+)=("[^"]*"|\S*)', line)} for line in found]


def of(rows, **values):
    return [row for row in rows
            if all(row.get(k) == v for k, v in values.items())]


def as_pid(command, path):
    """Runs `command path` and tells under which pid."""
    out = run(["sh", "-c", f'echo $$; exec {command} "$0"', path]).out
    return out.split("\n")[0]


def test_each_operation_is_a_row(emulator, mount):
    m = mount(emulator("--fill", "w-1=3"))
    name = sorted(n for n in os.listdir(m.ws("w-1")) if n[:3] == "sc-")[0]
    state = os.path.join(m.ws("w-1"), name, "state")
    inode = str(os.stat(state).st_ino)
    pid = as_pid("cat", state)
    other = as_pid("cat", os.path.join(m.ws("w-1"), "nope"))
    rows = trace(m)
    path = f"/alibaba/w-1/{name}/state"
    assert of(rows, op="open", pid=pid, result="OK", path=path, node=inode)
    read = of(rows, op="read", pid=pid, result="OK", path=path)
    assert read and int(read[0]["bytes"]) == os.stat(state).st_size
    assert of(rows, op="lookup", pid=other, result="ENOENT",
              path="/alibaba/w-1/nope")
    assert not of(rows, op="open", pid=other)
    assert {row["op"] for row in rows} <= OPS
    assert all(re.fullmatch(TIME, row["time"]) for row in rows)


def test_what_is_refused_is_told_too(emulator, mount):
    m = mount(emulator("--fill", "w-1=3"))
    session = os.path.join(m.ws("w-1"), next(
        n for n in os.listdir(m.ws("w-1")) if n[:3] == "sc-"))
    run(["rm", session + "/state"])
    run(["mkdir", m.path + "/made"])
    run(["mv", session + "/state", session + "/other"])
    rows = trace(m)
    for op, path in ("unlink", "/state"), ("mkdir", "/made"), \
            ("rename", "/state"):
        assert [row for row in of(rows, op=op, result="EPERM")
                if row["path"].endswith(path)], op


def test_a_request_that_waits_took_until_its_answer(emulator, mount):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu)
    emu.fault(action="ListSessionClusters", delay_ms=400, times=1)
    pid = as_pid("ls -f", m.ws("w-1"))
    waited = [row for row in of(trace(m), pid=pid, result="OK")
              if int(row["us"]) >= 400000]
    assert [row["path"] for row in waited] == ["/alibaba/w-1"]


def test_what_is_gone_keeps_its_path(emulator, mount):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, config={"sessionfs": {"refresh": "200ms"}})
    name = next(n for n in os.listdir(m.ws("w-1")) if n[:3] == "sc-")
    state = os.path.join(m.ws("w-1"), name, "state")
    pid = as_pid("cat", state)
    emu.remove("w-1", name)
    eventually(lambda: name not in os.listdir(m.ws("w-1")))
    assert of(trace(m), op="open", pid=pid,
              path=f"/alibaba/w-1/{name}/state")


def test_every_attempt_of_a_call_is_a_row(emulator, mount):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, options=["--trace=api"])
    emu.fault(action="ListSessionClusters", status=503, times=1)
    os.listdir(m.ws("w-1"))
    for rows in calls(m), lines(m, "api"):
        first, second = of(rows, action="ListSessionClusters")[:2]
        assert (first["attempt"], first["status"], first["result"]) == (
            "1", "503", "EREMOTEIO")
        assert (second["attempt"], second["status"], second["result"]) == (
            "2", "200", "OK")
        assert re.fullmatch(r"[0-9A-Fa-f-]{30,}", second["request_id"])
        assert first["section"] == second["section"] == "alibaba"
        assert int(second["us"]) > 0
    assert not lines(m, "fuse") and not lines(m, "cache")


def test_a_call_without_an_answer_is_a_row(mount):
    m = mount(config={"alibaba": {"endpoint": "http://127.0.0.1:3",
                                  "workspaces": "w-1"}})
    run(["ls", m.ws("w-1")])
    row = eventually(lambda: of(calls(m), action="ListSessionClusters"))[0]
    assert (row["status"], row["result"], row["request_id"]) == (
        "0", "ECONNREFUSED", "-")


def test_each_operation_is_a_line(emulator, mount):
    m = mount(emulator("--fill", "w-1=3"), options=["-d"])
    os.listdir(m.ws("w-1"))
    pid = as_pid("cat", os.path.join(m.ws("w-1"), "no pe"))
    line = of(lines(m, "fuse"), pid=pid, op="lookup", result="ENOENT")[-1]
    assert line["path"] == "/alibaba/w-1/no pe"
    assert line["node"].isdigit() and line["us"].isdigit()
    assert of(lines(m, "api"), action="ListSessionClusters", status="200")
    # They are no log: that would push out what somebody looks for there.
    assert " fuse: " not in m.read(".sessionfs", "log")


def test_the_cache_tells_what_it_does(emulator, mount):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, options=["--trace=cache"], config={
        "sessionfs": {"refresh": "200ms"}})
    names = [n for n in os.listdir(m.ws("w-1")) if n[:3] == "sc-"]
    told = lines(m, "cache")
    assert of(told, listing="begun", path="/alibaba/w-1")
    assert of(told, news="appeared", path="/alibaba/w-1/" + names[0])
    ended = eventually(lambda: of(lines(m, "cache"), listing="ended",
                                  path="/alibaba/w-1"))
    assert (ended[0]["pages"], ended[0]["entries"]) == ("1", "3")
    emu.session("w-1", {"sessionClusterId": names[0], "state": "Error"})
    eventually(lambda: m.read(m.ws("w-1"), names[0], "state") == "Error\n")
    assert of(lines(m, "cache"), news="changed", to="Error",
              path="/alibaba/w-1/" + names[0])
    run(f"echo '{SPEC}' > {m.ws('w-1')}/new").ok()
    request = eventually(
        lambda: of(lines(m, "cache"), news="request", state="done"))[0]
    assert re.fullmatch(r"/alibaba/w-1/\.requests/[^/]+", request["path"])
    emu.fault(action="ListSessionClusters", status=400, times=1,
              body='{"code": "Odd", "message": "no such page"}')
    failed = eventually(lambda: of(lines(m, "cache"), listing="failed"))
    assert failed[0]["path"] == "/alibaba/w-1"
    assert "no such page" in m.log()
    assert not lines(m, "fuse") and not lines(m, "api")
    assert " debug: " not in m.log()


def test_without_a_wish_there_are_no_lines(emulator, mount):
    m = mount(emulator("--fill", "w-1=3"))
    os.listdir(m.ws("w-1"))
    assert trace(m) and calls(m)
    assert not re.search(r" (fuse|api|cache): ", m.log())


@pytest.mark.parametrize("words", ["", "http", "fuse,http", "fuse,,api"])
def test_an_unknown_word_is_refused(tmp_path, words):
    said = run([harness.SESSIONFS, "--trace=" + words, str(tmp_path)])
    assert said.status == 2
    assert "fuse, api and cache" in said.err


def test_both_can_be_read_while_all_are_busy(emulator, mount):
    m = mount(emulator("--fill", "w-1=50"), config={
        "sessionfs": {"refresh": "200ms"}})
    names = [n for n in os.listdir(m.ws("w-1")) if n[:3] == "sc-"]
    over = threading.Event()

    def look():
        while not over.is_set():
            for name in names:
                with open(os.path.join(m.ws("w-1"), name, "state")) as f:
                    f.read()
    lookers = [threading.Thread(target=look) for _ in range(3)]
    for thread in lookers:
        thread.start()
    try:
        for _ in range(30):
            rows = trace(m)
            assert len(rows) <= 1000
            assert {row["op"] for row in rows} <= OPS
            assert all(row["result"] == "OK" for row in of(rows, op="read"))
            calls(m)
        assert len(trace(m)) >= 900
    finally:
        over.set()
        for thread in lookers:
            thread.join()


def test_tools_find_a_size_and_the_end(emulator, mount):
    m = mount(emulator("--fill", "w-1=3"))
    for file in "trace", "calls":
        path = os.path.join(m.path, ".sessionfs", file)
        assert os.stat(path).st_size == 4096
        text = m.read(path)
        assert os.stat(path).st_size == len(text.encode())
        assert os.stat(path).st_mode & 0o777 == 0o640
        with pytest.raises(PermissionError):
            open(path, "w")
    pid = as_pid("cat", m.path + "/nope")
    last = run(["tail", "-n", "20", m.path + "/.sessionfs/trace"]).ok()
    assert [line for line in last.split("\n")
            if line.split("\t")[1:3] == ["lookup", pid]]


def test_nothing_secret_is_traced(emulator, mount):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, options=["-d"])
    secret, written = harness.KEY_SECRET, "planted-in-a-spec"
    os.listdir(m.ws("w-1"))
    run(["cat", os.path.join(m.path, secret)])
    run(["mkdir", os.path.join(m.ws("w-1"), f"a-{secret}-b")])
    run(f"echo '{{\"{written}\": 1}}' > {m.ws('w-1')}/new")
    emu.fault(action="ListSessionClusters", status=503, times=1, body=(
        '{"code": "X", "message": "m", "requestId": "r-%s"}' % secret))
    run(["touch", os.path.join(m.ws("w-1"), ".refresh")])
    eventually(lambda: of(calls(m), status="503"))
    rows = trace(m)
    assert of(rows, op="lookup", path="/***", result="ENOENT")
    assert of(rows, op="write", path="/alibaba/w-1/new", result="EINVAL")
    seen = m.read(".sessionfs", "trace") + m.read(".sessionfs", "calls") + \
        m.log()
    assert secret not in seen
    assert written not in m.read(".sessionfs", "trace")
    assert not [line for line in m.log().split("\n")
                if " fuse: " in line and written in line]


def test_threads_have_names(emulator, mount):
    m = mount(emulator("--fill", "w-1=3"))
    os.listdir(m.ws("w-1"))
    names = set()
    folder = f"/proc/{m.pid}/task"
    for task in os.listdir(folder):
        with open(f"{folder}/{task}/comm") as f:
            names.add(f.read().strip())
    assert {"sessionfs", "fuse", "pending", "notify", "emit", "signals",
            "scheduler", "list alibaba"} <= names, names
