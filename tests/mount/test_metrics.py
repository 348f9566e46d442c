"""The metrics: their form, what they count, the socket that offers them, and
what examples/monitoring makes of them."""
import contextlib
import glob
import json
import os
import re
import shutil
import socket
import stat

import pytest

import harness
from harness import eventually, run

MONITORING = os.path.join(harness.ROOT, "examples", "monitoring")
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:\w+="(?:\\.|[^"\\])*",?)*)\})? '
                    r'([0-9.+e]+)')


def promtool():
    found = shutil.which("promtool", path=os.environ["PATH"] + os.pathsep
                         + os.path.join(harness.ROOT, "build", "promtool"))
    if not found:
        pytest.skip("there is no promtool: packaging/install-deps test")
    return found


def families(text):
    """{name: (type, [(sample's name, labels, value)])}, of a text that keeps
    the rules: HELP, TYPE, then all samples of that metric."""
    found, name = {}, None
    for line in text.rstrip("\n").split("\n"):
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in found and len(line.split(" ")) > 3, line
            continue
        if line.startswith("# TYPE "):
            _, _, same, kind = line.split(" ")
            assert same == name, line
            found[name] = (kind, [])
            continue
        m = SAMPLE.fullmatch(line)
        assert m and name in found, line
        base = re.sub(r"_(bucket|sum|count)$", "", m[1]) \
            if found[name][0] == "histogram" else m[1]
        assert base == name, line
        found[name][1].append((m[1], m[2] or "", float(m[3])))
    return found


def used(emulator, mount, **config):
    m = mount(emulator("--fill", "w-1=3"), config=config)
    assert m.run(["ls", m.ws("w-1")]).ok()
    assert m.run(["cat", m.ws("w-1") + "/nothing"]).status != 0
    return m


def test_each_metric_has_its_help_and_its_type(emulator, mount):
    found = families(used(emulator, mount).read(".sessionfs/metrics"))
    assert len(found) > 18
    for name, (kind, samples) in found.items():
        assert kind in ("counter", "gauge", "histogram"), name
        assert (kind == "counter") == name.endswith("_total"), name
        assert samples, name


def test_promtool_has_nothing_to_say(emulator, mount):
    m = used(emulator, mount)
    done = run([promtool(), "check", "metrics"],
               stdin=m.read(".sessionfs/metrics"))
    assert done.status == 0 and not done.out + done.err, done


def test_a_wrong_text_is_found(emulator, mount):
    """The twin of both."""
    text = used(emulator, mount).read(".sessionfs/metrics")
    wrong = text.replace("# TYPE sessionfs_parked_total counter\n", "")
    with pytest.raises(AssertionError):
        families(wrong)
    assert run([promtool(), "check", "metrics"],
               stdin=text.replace("{op=", "{op")).status != 0


@pytest.mark.parametrize("name,labels", [
    ("sessionfs_upcall_seconds", 'op="lookup"'),
    ("sessionfs_api_attempt_seconds",
     'provider="alibaba",action="ListSessionClusters"')])
def test_histograms_add_up(emulator, mount, name, labels):
    m = used(emulator, mount)
    samples = families(m.read(".sessionfs/metrics"))[name][1]
    buckets = [v for n, ls, v in samples
               if n == name + "_bucket" and ls.startswith(labels + ",le=")]
    (count,) = [v for n, ls, v in samples
                if n == name + "_count" and ls == labels]
    (total,) = [v for n, ls, v in samples
                if n == name + "_sum" and ls == labels]
    assert buckets == sorted(buckets) and len(buckets) == 13
    assert buckets[-1] == count > 0 and 0 < total < 60 * count


def test_a_slow_answer_is_in_a_slow_bucket(emulator, mount):
    emu = emulator("--fill", "w-1=1", "--fill", "w-2=1")
    m = mount(emu)
    m.run(["ls", m.ws("w-1")]).ok()
    emu.fault(action="ListSessionClusters", delay_ms=1200, times=1)
    m.run(["ls", m.ws("w-2")]).ok()
    name = "sessionfs_api_attempt_seconds"
    labels = {"provider": "alibaba", "action": "ListSessionClusters"}

    def slow():
        return m.metric(name + "_count", **labels) - m.metric(
            name + "_bucket", le="1", **labels) >= 1
    eventually(slow)


# ---- the socket ----

def ask(path, request=b"GET /metrics HTTP/1.0\r\n\r\n", timeout=20):
    """(status, head, body); ("", ...) when it was cut off."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout * harness.SLOW)
        s.connect(path)
        answer = b""
        try:
            s.sendall(request)
            while part := s.recv(65536):
                answer += part
        except (ConnectionResetError, BrokenPipeError):
            pass
    head, _, body = answer.decode().partition("\r\n\r\n")
    return head[9:12], head, body


@pytest.fixture
def served(emulator, mount, rig):
    path = os.path.join(rig.new_folder("s"), "m")
    m = used(emulator, mount, sessionfs={"metrics_socket": path})
    return m, path


def test_the_socket_tells_the_same(served):
    m, path = served
    status, head, body = ask(path)
    assert status == "200"
    assert "\r\nContent-Type: text/plain; version=0.0.4" in head
    assert f"\r\nContent-Length: {len(body)}\r\n" in head + "\r\n"
    assert families(body).keys() == families(
        m.read(".sessionfs/metrics")).keys()
    assert run(["curl", "-sf", "--unix-socket", path,
                "http://localhost/metrics"]).ok().startswith("# HELP ")


@pytest.mark.parametrize("request_,status,empty", [
    (b"GET /metrics?a=b HTTP/1.1\r\nHost: x\r\n\r\n", "200", False),
    (b"GET /metrics HTTP/1.0\n\n", "200", False),
    (b"HEAD /metrics HTTP/1.0\r\n\r\n", "200", True),
    (b"GET / HTTP/1.0\r\n\r\n", "404", False),
    (b"GET /metricsx HTTP/1.0\r\n\r\n", "404", False),
    (b"GET  /metrics HTTP/1.0\r\n\r\n", "404", False),
    (b"POST /metrics HTTP/1.0\r\n\r\n", "405", False),
    (b"\r\n\r\n", "405", False),
    (b"\0\xff\xfe\r\n\r\n", "", True)])
def test_what_it_answers(served, request_, status, empty):
    got, head, body = ask(served[1], request_)
    assert got == status and (body == "") == empty, (head, body)


def test_it_is_for_the_owner_and_goes_with_the_daemon(served):
    m, path = served
    assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
    m.stop()
    assert not os.path.exists(path)


def test_one_that_a_killed_daemon_left_is_replaced(emulator, mount, served):
    m, path = served
    m.kill()
    assert os.path.exists(path)
    mount(emulator("--fill", "w-1=1"), folder=m.folder,
          config={"sessionfs": {"metrics_socket": path}})
    assert ask(path)[0] == "200"


@pytest.mark.parametrize("what,word", [
    ("file", "there is something else"), ("used", "listens there already"),
    ("long", "at most 107 bytes"), ("mount", "would hide"),
    ("folder", "No such file")])
def test_where_it_cannot_be(emulator, mount, rig, what, word):
    folder = rig.new_folder("m")
    path = os.path.join(rig.new_folder("s"), "m")
    if what == "file":
        with open(path, "w") as f:
            f.write("mine")
    if what == "used":
        other = socket.socket(socket.AF_UNIX)
        other.bind(path)
        other.listen()
    if what == "long":
        path += "x" * 120
    if what == "mount":
        path = folder + "/mnt/m"
    if what == "folder":
        path += "/m"
    m = mount(emulator("--fill", "w-1=1"), folder=folder, wait=False,
              config={"sessionfs": {"metrics_socket": path}})
    assert m.wait(harness.END_S * harness.SLOW) == 3
    assert "metrics_socket" in m.log() and word in m.log(), m.log()
    if what == "file":
        with open(path) as f:
            assert f.read() == "mine"


def test_a_start_does_not_wait_for_one_who_lets_nobody_in(
        emulator, mount, rig):
    path = os.path.join(rig.new_folder("s"), "m")
    with contextlib.ExitStack() as held:
        other = held.enter_context(socket.socket(socket.AF_UNIX))
        other.bind(path)
        other.listen(0)
        with pytest.raises(BlockingIOError):
            while True:
                s = held.enter_context(socket.socket(socket.AF_UNIX))
                s.setblocking(False)
                s.connect(path)
        m = mount(emulator("--fill", "w-1=1"), wait=False,
                  config={"sessionfs": {"metrics_socket": path}})
        assert m.wait(harness.END_S * harness.SLOW) == 3
        assert "listens there already" in m.log()
        assert os.path.exists(path)


def test_the_end_leaves_what_somebody_else_put_there(served):
    m, path = served
    os.unlink(path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        m.stop()
        assert os.path.exists(path)


# ---- hostile clients ----

def test_a_client_that_says_nothing_is_cut_off(served):
    assert ask(served[1], b"GET /metr")[0] == ""
    assert ask(served[1])[0] == "200"


def test_a_client_that_goes_on_and_on_is_cut_off(served):
    assert ask(served[1], b"GET /" + b"x" * 100000)[0] == ""
    assert ask(served[1])[0] == "200"


def test_a_client_that_drips_is_cut_off(served):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(served[1])

        def drip():
            try:
                s.send(b"x")
                return False
            except OSError:
                return True
        eventually(drip, interval=0.1)
    assert ask(served[1])[0] == "200"


def test_many_who_hold_it_open_delay_and_do_not_stop_it(served):
    m, path = served
    held = []
    for _ in range(3):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        held.append(s)
    assert ask(path, timeout=30)[0] == "200"
    # The mount knows nothing of it, and the end does not wait for them.
    held.append(socket.socket(socket.AF_UNIX))
    held[-1].connect(path)
    m.stop()
    for s in held:
        s.close()


# ---- what is made of them ----

def names_in(text):
    return set(re.findall(r"\bsessionfs_[a-z_]+", text))


@pytest.mark.parametrize("name", ["alerts.yml", "grafana.json"])
def test_each_metric_that_is_used_exists(emulator, mount, name):
    with open(os.path.join(MONITORING, name)) as f:
        text = f.read()
    if name.endswith("json"):
        assert json.loads(text)["panels"]
    found = families(used(emulator, mount).read(".sessionfs/metrics"))
    there = {n for kind, samples in found.values() for n, _, _ in samples}
    assert names_in(text) and names_in(text) <= there


def test_the_alert_rules_are_right():
    run([promtool(), "check", "rules", MONITORING + "/alerts.yml"]).ok()


def test_the_board_shows_each_metric():
    with open(os.path.join(harness.ROOT, "packaging/man/sessionfs.8")) as f:
        told = set(re.findall(r"^\.It Va (sessionfs_\w+)", f.read(), re.M))
    with open(MONITORING + "/grafana.json") as f:
        shown = {n.removesuffix("_bucket") for n in names_in(f.read())}
    assert told - shown <= {"sessionfs_build_info",
                            "sessionfs_start_time_seconds"}


def test_the_textfile_collector(emulator, mount, rig):
    m = used(emulator, mount)
    folder = rig.new_folder("prom")
    script = MONITORING + "/textfile-collector"
    run([script, m.path, folder]).ok()
    (file,) = glob.glob(folder + "/*")
    assert file.endswith(".prom") and os.stat(file).st_mode & 0o777 == 0o644
    with open(file) as f:
        assert "sessionfs_build_info" in families(f.read())
    m.stop()
    assert run([script, m.path, folder]).status == 1
    assert os.listdir(folder) == []
    assert run([script]).status == 2
