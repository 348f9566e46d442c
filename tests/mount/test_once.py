"""What a descriptor answers once it has failed: a writer with a buffer writes the same
again when it closes, and what it meant is sent once."""
import errno
import http.server
import json
import os
import shutil
import threading

import pytest

from harness import SLOW, eventually

SPEC = json.dumps({"name": "probe", "kind": "SQL", "queueName": "root_queue"})
CREATE, START, STOP = ("CreateSessionCluster", "StartSessionCluster",
                       "StopSessionCluster")
SHORT = {"sessionfs": {"create_deadline": "1s"}}

# Each writes one line by a buffer, and so writes it again.
BUFFERED = {
    "pathlib": ["python3", "-c", "import pathlib, sys\n"
                "pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"],
    "with": ["python3", "-c", "import sys\nwith open(sys.argv[1], 'w') as f:\n"
             "    try:\n        print(sys.argv[2], file=f, flush=True)\n"
             "    finally:\n        f.write('')"],
    "perl": ["perl", "-e", "open(F, '>', $ARGV[0]); print F $ARGV[1]; "
             "close(F) or close(F) or exit 1"],
    "awk": ["awk", "BEGIN { print ARGV[2] > ARGV[1]; fflush(ARGV[1]); "
            "close(ARGV[1]); exit 1 }"],
}


@pytest.fixture
def emu(emulator):
    return emulator("--workspace", "w-1", "--start-ms", "100")



def running(emu, m):
    emu.session("w-1", {"sessionClusterId": "sc-x", "state": "Running"})
    ctl = m.ws("w-1") + "/sc-x/ctl"
    eventually(lambda: os.path.exists(ctl))
    return ctl


def requests(m):
    return sorted(os.listdir(m.ws("w-1") + "/.requests"))


@pytest.mark.parametrize("writer", BUFFERED)
@pytest.mark.parametrize("how", [
    {"delay_ms": 3000 * SLOW}, {"status": 500}, {"status": 409},
    {"status": 403, "code": "Forbidden.RAM"}])
def test_a_verb_of_a_buffer_is_sent_once(emu, mount, writer, how):
    m = mount(emu, config=SHORT)
    ctl = running(emu, m)
    emu.fault(action=STOP, times=-1, **how)
    m.run([*BUFFERED[writer], ctl, "stop\n"]).failed()
    assert emu.count(STOP) == 1 and len(requests(m)) == 1


@pytest.mark.parametrize("writer", BUFFERED)
def test_words_of_a_buffer_are_tried_once(emu, mount, writer):
    m = mount(emu, config=SHORT)
    emu.fault(action=CREATE, times=-1, status=403, code="Forbidden.RAM")
    m.run([*BUFFERED[writer], m.ws("w-1") + "/new", SPEC]).failed()
    rid, = requests(m)
    m.run([*BUFFERED[writer], f"{m.ws('w-1')}/.requests/{rid}/resolve",
           "adopt sc-no\n"]).failed()
    assert emu.count(CREATE) == 1 and emu.count("GetSessionCluster") == 1


def test_what_failed_goes_on_failing_until_it_is_truncated(emu, mount):
    m = mount(emu)
    fd = os.open(running(emu, m), os.O_RDWR)
    try:
        for verb, code in ((b"start\n", errno.EBUSY), (b"halt\n", errno.EBUSY),
                           (b"\n", errno.EBUSY), (b"stop\n", errno.EBUSY)):
            with pytest.raises(OSError) as e:
                os.pwrite(fd, verb, 0)
            assert e.value.errno == code
        assert b"makes no sense" in os.pread(fd, 4096, 0)
        assert emu.count(STOP) == 0
        os.ftruncate(fd, 0)
        assert os.pwrite(fd, b"stop\n", 0) == 5
        assert emu.count(STOP) == 1
    finally:
        os.close(fd)


def test_verbs_that_succeed_can_follow_each_other(emu, mount):
    m = mount(emu)
    ctl = running(emu, m)
    m.run(f"exec 3>{ctl}; echo stop >&3 && until grep -q Stopped "
          f"{m.ws('w-1')}/sc-x/state; do sleep .05; done; echo start >&3").ok()
    assert emu.count(STOP) == emu.count(START) == 1


# ---- tools that verify or retry ----

class CutShort(http.server.BaseHTTPRequestHandler):
    """Serves the whole spec, and promises more of it than there is, twice."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(
            len(self.server.spec) + 9 * (self.server.asked < 3)))
        self.end_headers()
        self.wfile.write(self.server.spec)
        self.close_connection = True


@pytest.fixture
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), CutShort)
    server.asked = 0
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


CURL = "curl -sSf --retry 3 --retry-all-errors --retry-delay 1 "
TOKEN = {"clientToken": "0f8fad5b-d9cb-469f-a165-70867728950e"}


@pytest.mark.parametrize("command,more", [
    (CURL + "-o {tmp}/spec {url} && cp {tmp}/spec {new}", {}),
    (CURL + "-o {new} {url}", TOKEN)])
def test_a_download_that_is_tried_again_is_one_session(
        emu, mount, rig, web, command, more):
    if not shutil.which("curl"):
        pytest.skip("there is no curl")
    web.spec = json.dumps({**json.loads(SPEC), **more}).encode()
    m = mount(emu)
    m.run(command.format(tmp=rig.folder, new=m.ws("w-1") + "/new",
                         url=f"http://127.0.0.1:{web.server_port}/")).ok()
    assert web.asked == 3
    assert emu.dump("w-1")["created"] == len(requests(m)) == 1


@pytest.mark.parametrize("command,more", [
    ("rclone cat {spec} > {new}", {}),
    ("rclone copyto --ignore-size --ignore-checksum --retries 1 {spec} {new}",
     {}),
    ("! rclone copyto {spec} {new}", TOKEN)])
def test_a_copy_that_is_verified_is_one_session(
        emu, mount, rig, command, more):
    if not shutil.which("rclone"):
        pytest.skip("there is no rclone")
    spec = rig.folder + "/spec.json"
    with open(spec, "w") as f:
        json.dump({**json.loads(SPEC), **more}, f)
    m = mount(emu)
    m.run(command.format(spec=spec, new=m.ws("w-1") + "/new"),
          timeout=60).ok()
    assert emu.dump("w-1")["created"] == len(requests(m)) == 1
