"""Creating and steering: what a write to new or ctl means."""
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

import harness
from harness import SLOW, eventually
from watching import standing

SPEC = {"name": "probe", "kind": "SQL", "queueName": "root_queue"}
GOOD = json.dumps(SPEC)
CREATE, START, STOP = ("CreateSessionCluster", "StartSessionCluster",
                       "StopSessionCluster")


@pytest.fixture
def emu(emulator):
    return emulator("--fill", "w-1=3", "--start-ms", "300", "--stop-ms", "300")


def write(path, text, flags=os.O_WRONLY):
    """One write(2) and the close; returns the errno, 0 for none."""
    fd = os.open(path, flags)
    failed = 0
    try:
        os.write(fd, text.encode() if isinstance(text, str) else text)
    except OSError as e:
        failed = e.errno
    try:
        os.close(fd)
    except OSError as e:
        failed = failed or e.errno
    return failed


def new(mount, text, **more):
    return write(mount.ws("w-1") + "/new", text, **more)


def last(mount):
    return os.readlink(mount.ws("w-1") + "/.last")


def last_error(mount):
    return mount.read(mount.ws("w-1"), ".last_error")


def made(emu):
    return emu.control("GET", "sessions?workspace=w-1")["created"]


def test_a_spec_becomes_a_running_session(emu, mount):
    m = mount(emu)
    assert new(m, GOOD) == 0
    assert emu.counts()[CREATE] == 1 and emu.counts()[START] == 1
    assert m.read(m.ws("w-1"), ".last", "state") in ("Starting\n", "Running\n")
    eventually(lambda: m.read(m.ws("w-1"), ".last", "state") == "Running\n")
    assert last(m) in os.listdir(m.ws("w-1"))
    sent = next(r for r in emu.requests() if r["action"] == CREATE)
    assert SPEC.items() <= json.loads(sent["body"]).items()
    assert last_error(m) == ""


def test_start_false_makes_one_step(emu, mount):
    m = mount(emu, config={"alibaba": {"start": False}})
    assert new(m, GOOD) == 0
    assert emu.counts()[START] == 0
    assert m.read(m.ws("w-1"), ".last", "state") == "Stopped\n"


def test_a_session_that_starts_by_itself_is_left_alone(emulator, mount):
    emu = emulator("--workspace", "w-1", "--create-state", "Starting")
    m = mount(emu)
    assert new(m, GOOD) == 0
    assert emu.counts()[START] == 0


def test_the_answer_is_read_on_the_same_descriptor(emu, mount):
    m = mount(emu)
    fd = os.open(m.ws("w-1") + "/new", os.O_RDWR)
    try:
        os.write(fd, GOOD.encode())
        answer = json.loads(os.read(fd, 4096))
        assert os.read(fd, 4096) == b""
    finally:
        os.close(fd)
    assert answer["path"] == f"alibaba/w-1/{last(m)}"
    assert answer["session"] == last(m)
    assert answer["name"] == json.loads(GOOD)["name"] != last(m)


def test_the_answer_is_one_line(emu, mount):
    m = mount(emu)
    said = m.run(f"exec 3<>{m.ws('w-1')}/new; echo '{GOOD}' >&3; cat <&3")
    assert said.ok().count("\n") == 1


def test_an_append_does_not_mind_who_looks_in_between(emu, mount):
    m = mount(emu)
    path = m.ws("w-1") + "/new"
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    other = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        for part in (GOOD[:10], GOOD[10:30], GOOD[30:]):
            os.write(fd, part.encode())
            os.stat(path)
            os.write(other, b" ")
    finally:
        os.close(fd)
        os.close(other)
    assert made(emu) == 1


@pytest.mark.parametrize("flag", ["-p", "-a", "--preserve=mode,timestamps"])
def test_a_copy_that_preserves_is_one_session(emu, mount, rig, flag):
    m = mount(emu)
    with open(rig.folder + "/spec.json", "w") as f:
        f.write(GOOD)
    os.chmod(rig.folder + "/spec.json", 0o600)
    m.run(["cp", flag, rig.folder + "/spec.json", m.ws("w-1") + "/new"]).ok()
    assert made(emu) == 1


def test_a_mode_that_is_set_is_not_kept(emu, mount):
    m = mount(emu)
    os.chmod(m.ws("w-1") + "/new", 0o777)
    assert os.stat(m.ws("w-1") + "/new").st_mode & 0o7777 == 0o660


def test_last_is_listed_when_it_comes(emu, mount):
    m = mount(emu)
    for _ in range(3):
        assert ".last" not in os.listdir(m.ws("w-1"))
    assert new(m, GOOD) == 0
    eventually(lambda: ".last" in os.listdir(m.ws("w-1")))


def test_a_failure_is_read_on_the_same_descriptor(emu, mount):
    m = mount(emu)
    fd = os.open(m.ws("w-1") + "/new", os.O_RDWR)
    try:
        with pytest.raises(OSError):
            os.write(fd, b'{"name": 7}')
        said = os.read(fd, 4096).decode()
    finally:
        with pytest.raises(OSError):
            os.close(fd)
    assert "name" in said and said in last_error(m) + said


def test_a_clone_is_an_equal_session(emu, mount):
    m = mount(emu)
    spec = {**SPEC, "fusion": True, "autoStopConfiguration": {
        "enable": True, "idleTimeoutMinutes": 7}, "applicationConfigs": [
            {"configFileName": "spark-defaults.conf", "configItemKey": "a",
             "configItemValue": "b"}]}
    assert new(m, json.dumps(spec)) == 0
    first = last(m)
    shutil.copyfile(f"{m.ws('w-1')}/{first}/config.json",
                    m.ws("w-1") + "/new")
    assert last(m) != first
    assert m.read(m.ws("w-1"), ".last", "config.json") == \
        m.read(m.ws("w-1"), first, "config.json")
    assert made(emu) == 2


def test_every_example_is_accepted(emu, mount):
    m = mount(emu)
    folder = os.path.join(harness.ROOT, "examples", "specs")
    specs = sorted(n for n in os.listdir(folder) if n.startswith("alibaba-"))
    assert specs
    for spec in specs:
        m.run(["cp", os.path.join(folder, spec), m.ws("w-1") + "/new"]).ok()
    assert made(emu) == len(specs)


def test_every_session_can_be_cloned(emulator, mount):
    emu = emulator("--demo")
    m = mount(emu)
    for workspace in os.listdir(m.path + "/alibaba"):
        if workspace[0] == ".":
            continue
        w = m.ws(workspace)
        for name in [n for n in os.listdir(w) if n[:2] == "sc"]:
            m.run(f"cp {w}/{name}/config.json {w}/new").ok()


@pytest.mark.parametrize("spec,word", [
    ("{bad", "byte 1"), ("[]", "must begin"), ("7", "must begin"),
    ('{"name": "x"}}', "follows"), (GOOD + GOOD, "follows"),
    ('{"kind": "SQL"}', "name"), ('{"name": 7, "kind": "SQL"}', "name"),
    ('{"name": "", "kind": "SQL"}', "name"),
    ('{"name": "%s", "kind": "SQL"}' % ("x" * 65), "name"),
    ('{"nam": "x", "kind": "SQL"}', "did you mean"),
    ('{"name": "x", "kind": "SQL", "fusion": "yes"}', "fusion"),
    ('{"name": "x", "kind": "SQL", "autoStopConfiguration": '
     '{"idleTimeoutMinutes": 1e99}}', "idleTimeoutMinutes"),
    ('{"name": "x", "kind": "SQL", "applicationConfigs": [{"k": 1}]}',
     "applicationConfigs"),
    ('{"name": "x", "kind": "SQL", "workspaceId": "w-2"}', "workspaceId"),
    ('{"name": "a\\u0000b", "kind": "SQL"}', "NUL"),
    ('{"a":' * 65 + "1" + "}" * 65, "deep"),
    (b'{"name": "\xff\xfe", "kind": "SQL"}', "UTF-8"),
])
def test_a_wrong_spec_costs_nothing(emu, mount, spec, word):
    m = mount(emu)
    assert new(m, spec) == errno.EINVAL
    assert word in last_error(m)
    assert emu.counts()[CREATE] == 0


def test_the_workspace_may_be_named_if_it_agrees(emu, mount):
    m = mount(emu)
    assert new(m, json.dumps({**SPEC, "workspaceId": "w-1"})) == 0
    sent = next(r for r in emu.requests() if r["action"] == CREATE)
    assert "workspaceId" not in json.loads(sent["body"])


def test_a_spec_over_a_mebibyte_is_refused(emu, mount):
    m = mount(emu)
    big = '{"name": "%s"' % ("x" * (1 << 20))
    assert new(m, big) == errno.EFBIG
    done = m.run(f"head -c 10M /dev/zero | tr '\\0' ' ' | sed 's/^/{{/' "
                 f"> {m.ws('w-1')}/new")
    assert done.status != 0
    done = m.run(["dd", "if=/dev/zero", f"of={m.ws('w-1')}/new", "bs=10M",
                  "count=1"])
    assert done.status != 0
    assert emu.counts()[CREATE] == 0 and m.alive()


@pytest.mark.parametrize("status,code,expected", [
    (400, "InvalidParameter", errno.EINVAL),
    (404, "InvalidAccessKeyId.NotFound", errno.EKEYREJECTED),
    (400, "SignatureDoesNotMatch", errno.EKEYREJECTED),
    (400, "InvalidSecurityToken.Expired", errno.EKEYEXPIRED),
    (403, "Forbidden.RAM", errno.EACCES), (403, "NoPermission", errno.EACCES),
    (404, "InvalidWorkspaceId.NotFound", errno.ENOENT),
    (409, "Conflict", errno.EBUSY),
    (400, "IdempotentParameterMismatch", errno.EEXIST),
    (400, "QuotaExceeded.Session", errno.EDQUOT),
    # It may have broken after it had made the session.
    (500, "InternalError", errno.ETIMEDOUT)])
def test_each_refusal_has_its_errno_and_sentence(
        emu, mount, status, code, expected):
    m = mount(emu, config={"sessionfs": {"create_deadline": f"{3 * SLOW}s"}})
    emu.fault(action=CREATE, times=-1, status=status, code=code,
              message="because of the test")
    assert new(m, GOOD) == expected
    said = last_error(m)
    assert code in said
    # That refusal quotes what was signed.
    assert ("because of the test" in said) == (code != "SignatureDoesNotMatch")
    assert re.search(r"request id [0-9A-F-]{8,}", said, re.I), said
    assert said.count("\n") == 1


def test_a_listing_that_fails_over_there_is_eremoteio(emu, mount):
    m = mount(emu)
    emu.fault(action="ListSessionClusters", times=-1, status=500,
              code="InternalError")
    listed = m.run(f"ls {m.ws('w-1')}")
    assert listed.status != 0 and "Remote I/O error" in listed.err


def test_throttling_is_eusers_when_it_lasts(emu, mount):
    m = mount(emu, config={"sessionfs": {"create_deadline": "2s"}})
    emu.fault(action=CREATE, times=-1, status=429, code="Throttling.User")
    assert new(m, GOOD) == errno.EUSERS
    assert "Throttling.User" in last_error(m)


def test_a_spent_budget_is_eusers_at_once(emu, mount):
    m = mount(emu, config={"alibaba": {"calls_per_second": 1, "burst": 1}})
    os.listdir(m.ws("w-1"))
    results = []
    for _ in range(4):
        began = time.monotonic()
        results.append(new(m, GOOD))
        assert time.monotonic() - began < 6 * SLOW
    assert errno.EUSERS in results
    assert emu.counts()[CREATE] == made(emu) == results.count(0) or \
        made(emu) <= 4


@pytest.mark.parametrize("fault", [
    {"drop": True}, {"cut": 5}, {"body": "not json"}])
def test_a_session_whose_answer_is_lost_is_found(emu, mount, fault):
    m = mount(emu)
    emu.fault(action=CREATE, times=-1, after=True, **fault)
    assert new(m, GOOD) == 0
    assert emu.counts()[CREATE] == made(emu) == emu.counts()[START] == 1
    assert last_error(m) == ""
    eventually(lambda: m.read(m.ws("w-1"), ".last", "state") == "Running\n")


def of_requests(mount, name):
    """What that file of each request says, the oldest first."""
    room = mount.ws("w-1") + "/.requests"
    return [mount.read(room, rid, name) for rid in sorted(os.listdir(room))]


def test_an_outcome_that_is_not_clear_in_time_is_etimedout(emu, mount):
    m = mount(emu, config={"sessionfs": {"create_deadline": "1s"}})
    emu.fault(action=CREATE, times=-1, hang=True)
    assert new(m, GOOD) == errno.ETIMEDOUT
    rid, = os.listdir(m.ws("w-1") + "/.requests")
    assert "may exist" in last_error(m)
    assert f".requests/{rid} tells" in last_error(m)
    # It could still be missing from the listing.
    eventually(lambda: of_requests(m, "state") == ["looking\n"])
    assert emu.counts()[CREATE] == 1


def test_what_surely_was_not_made_is_not_sent_again(emu, mount):
    m = mount(emu, config={"sessionfs": {"create_deadline": f"{2 * SLOW}s"},
                           "alibaba": {"list_lag": "300ms"}})
    emu.fault(action=CREATE, status=500, code="InternalError")
    # It may be in a queue: to send another one could make two.
    assert new(m, GOOD) == errno.ETIMEDOUT
    eventually(lambda: of_requests(m, "state") == ["failed\n"])
    assert emu.counts()[CREATE] == 1 and made(emu) == 0


def test_nothing_is_sent_once_an_error_was_told(emu, mount):
    m = mount(emu, config={"sessionfs": {"create_deadline": "1s"},
                           "alibaba": {"list_lag": "1500ms"}})
    emu.fault(action=CREATE, hang=True)
    assert new(m, GOOD) == errno.ETIMEDOUT
    eventually(lambda: of_requests(m, "state") == ["failed\n"])
    assert "there is none" in of_requests(m, "error")[0]
    assert emu.counts()[CREATE] == 1 and made(emu) == 0


def test_an_unreachable_provider_is_told(emu, mount):
    deadline = f"{2 * SLOW}s"
    m = mount(emu, config={"sessionfs": {"create_deadline": deadline}})
    os.listdir(m.ws("w-1"))
    emu.terminate(5)
    assert new(m, GOOD) in (errno.ECONNREFUSED, errno.ETIMEDOUT)
    assert last_error(m) != ""


def test_a_start_that_fails_leaves_a_session_that_is_told_of(emu, mount):
    m = mount(emu)
    emu.fault(action=START, times=-1, status=403, code="Forbidden.RAM")
    # Any other errno would say that there is no session.
    assert new(m, GOOD) == errno.ETIMEDOUT
    assert last(m) in last_error(m) and "Forbidden.RAM" in last_error(m)
    assert m.read(m.ws("w-1"), ".last", "state") == "Stopped\n"
    emu.no_faults()
    m.run(f"echo start > {m.ws('w-1')}/.last/ctl").ok()
    eventually(lambda: m.read(m.ws("w-1"), ".last", "state") == "Running\n")


def test_ctl_steers(emu, mount):
    m = mount(emu)
    assert new(m, GOOD) == 0
    session = m.ws("w-1") + "/" + last(m)
    eventually(lambda: m.read(session, "state") == "Running\n")
    m.run(f"echo stop > {session}/ctl").ok()
    assert m.read(session, "state") in ("Stopping\n", "Stopped\n")
    eventually(lambda: m.read(session, "state") == "Stopped\n")
    assert write(session + "/ctl", "start") == 0
    eventually(lambda: m.read(session, "state") == "Running\n")
    assert emu.counts()[STOP] == 1 and emu.counts()[START] == 2


@pytest.mark.parametrize("verb,expected", [
    ("halt\n", errno.EOPNOTSUPP), ("stop start\n", errno.EINVAL),
    ("start\n", errno.EBUSY), ("x" * 100, errno.EINVAL),
    ("stop\0x", errno.EINVAL), ("\xff\n", errno.EINVAL),
    ("\n", errno.EINVAL), (" \t\n", errno.EINVAL)])
def test_verbs_that_make_no_sense(emu, mount, verb, expected):
    emu.session("w-1", {"sessionClusterId": "sc-x", "state": "Running"})
    m = mount(emu)
    assert write(m.ws("w-1") + "/sc-x/ctl", verb) == expected
    assert emu.counts()[START] == emu.counts()[STOP] == 0
    assert last_error(m) != ""
    if not verb.strip():
        assert "alibaba has: start, stop" in last_error(m)


def test_the_end_of_a_line_may_come_by_itself(emu, mount):
    emu.session("w-1", {"sessionClusterId": "sc-x", "state": "Running"})
    m = mount(emu)
    m.run(f"{{ printf stop; echo; }} > {m.ws('w-1')}/sc-x/ctl").ok()
    assert emu.counts()[STOP] == 1


DESTROYERS = [
    "rm -rf {p}", "find {p} -delete", "rmdir {w}/sc-*", "rm -rf {w}/sc-*",
    "/usr/bin/python3 -c 'import shutil,sys;"
    "shutil.rmtree(sys.argv[1], ignore_errors=True)' {p}",
    "perl -MFile::Path -e 'File::Path::rmtree($ARGV[0])' {p}",
    "find {p} -depth -exec rmdir {{}} \\;", "rsync -a --delete /var/empty/ {w}/",
    "mv {w}/sc-x /tmp/"]


@pytest.mark.parametrize("command", DESTROYERS)
def test_nothing_that_destroys_ends_a_session(emu, mount, command):
    emu.session("w-1", {"sessionClusterId": "sc-x", "state": "Running"})
    m = mount(emu)
    before = sorted(os.listdir(m.ws("w-1")))
    m.run(command.format(p=m.path, w=m.ws("w-1")), timeout=60)
    assert sorted(os.listdir(m.ws("w-1"))) == before
    assert emu.counts()[STOP] == 0
    assert m.read(m.ws("w-1"), "sc-x", "state") == "Running\n"


def test_rmdir_ends_where_the_section_allows_it(emu, mount):
    emu.session("w-1", {"sessionClusterId": "sc-x", "state": "Running"})
    m = mount(emu, config={"alibaba": {"rmdir": "terminate"}})
    m.run(["rmdir", m.ws("w-1") + "/sc-x"]).ok()
    assert emu.counts()[STOP] == 1
    eventually(lambda: m.read(m.ws("w-1"), "sc-x", "state") in (
        "Stopping\n", "Stopped\n"))
    assert m.run(["rmdir", m.ws("w-1")]).status != 0


def test_a_slow_rmdir_delays_no_news(emulator, mount):
    emu = emulator("--fill", "w-1=3", "--fill", "w-2=3")
    m = mount(emu, config={"sessionfs": {"refresh": "100ms"},
                           "alibaba": {"rmdir": "terminate"}})
    one, other = (sorted(n for n in os.listdir(m.ws(w)) if n[:2] == "sc")
                  for w in ("w-1", "w-2"))
    emu.session("w-1", {"sessionClusterId": one[0], "state": "Running"})
    eventually(lambda: m.read(m.ws("w-1"), one[0], "state") == "Running\n")
    m.read(m.ws("w-2"), other[0], "state")
    emu.fault(action=STOP, delay_ms=8000)
    rmdir = subprocess.Popen(["rmdir", m.ws("w-1") + "/" + one[0]])
    try:
        eventually(lambda: emu.counts()[STOP] == 1)
        emu.remove("w-1", one[1])
        listed = emu.count("ListSessionClusters")
        eventually(lambda: emu.count("ListSessionClusters") >= listed + 6)
        emu.session("w-2", {"sessionClusterId": other[0], "state": "Error"})
        eventually(lambda: m.read(m.ws("w-2"), other[0], "state") ==
                   "Error\n", 3)
        assert rmdir.poll() is None
    finally:
        assert rmdir.wait(20 * SLOW) == 0


@pytest.mark.parametrize("how", ["config", "option", "section"])
def test_read_only_is_erofs(emu, mount, how):
    emu.session("w-1", {"sessionClusterId": "sc-x", "state": "Running"})
    m = mount(emu, config={
        "config": {"sessionfs": {"read_only": True}},
        "section": {"alibaba": {"read_only": True, "rmdir": "terminate"}},
        "option": {}}[how], options=["-o", "ro"] if how == "option" else [])
    for path in (m.ws("w-1") + "/new", m.ws("w-1") + "/sc-x/ctl"):
        with pytest.raises(OSError) as e:
            os.open(path, os.O_WRONLY)
        assert e.value.errno == errno.EROFS
    if how == "section":
        with pytest.raises(OSError) as e:
            os.rmdir(m.ws("w-1") + "/sc-x")
        assert e.value.errno == errno.EROFS
    assert m.read(m.ws("w-1"), "sc-x", "state") == "Running\n"
    assert emu.counts()[CREATE] == emu.counts()[STOP] == 0


def test_a_killed_caller_is_let_go_and_the_create_goes_on(emu, mount):
    m = mount(emu)
    emu.fault(action=CREATE, delay_ms=1500, after=True, status=200)
    emu.no_faults()
    emu.fault(action=CREATE, delay_ms=4000 * SLOW)
    writer = subprocess.Popen(
        ["bash", "-c", f"echo '{GOOD}' > {m.ws('w-1')}/new"])
    eventually(lambda: emu.counts()[CREATE] == 1)
    began = time.monotonic()
    writer.send_signal(signal.SIGKILL)
    writer.wait(10)
    assert time.monotonic() - began < 3 * SLOW
    eventually(lambda: made(emu) == 1, timeout=30)
    eventually(lambda: os.path.islink(m.ws("w-1") + "/.last"))


def test_timers_do_not_make_a_writer_repeat(emu, mount):
    m = mount(emu)
    emu.fault(action=CREATE, delay_ms=1000)
    script = f"""if True:
        import os, signal
        signal.signal(signal.SIGALRM, lambda *a: None)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        with open({m.ws('w-1') + '/new'!r}, 'w', buffering=1) as f:
            f.write({GOOD + chr(10)!r})
        signal.setitimer(signal.ITIMER_REAL, 0)"""
    # Without the end of the timer it would kill a Python that is on its way out.
    m.run(["/usr/bin/python3", "-c", script]).ok()
    assert emu.counts()[CREATE] == 1


def test_a_slow_create_holds_up_nothing_else(emu, mount):
    m = mount(emu)
    names = os.listdir(m.ws("w-1"))
    emu.fault(action=CREATE, delay_ms=3000)
    writer = subprocess.Popen(
        ["bash", "-c", f"echo '{GOOD}' > {m.ws('w-1')}/new"])
    eventually(lambda: emu.counts()[CREATE] == 1)
    for command in (f"ls -l {m.ws('w-1')}", f"cat {m.ws('w-1')}/sc*/state",
                    f"cat {m.ws('w-1')}/.status", f"ls {m.ws('w-1')}/sc-no"):
        assert m.run(command).seconds < 1 * SLOW, command
    assert writer.wait(20) == 0
    assert len(os.listdir(m.ws("w-1"))) >= len(names) + 1


def test_many_writers_make_as_many_sessions(emu, mount):
    m = mount(emu)
    results = []

    def one(i):
        results.append(new(m, json.dumps({**SPEC, "name": f"n{i}"})))

    threads = [threading.Thread(target=one, args=(i,)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [0] * 24
    assert made(emu) == 24
    eventually(lambda: len(os.listdir(m.ws("w-1"))) >= 27)


def test_writers_of_many_workspaces_are_all_answered(emulator, mount):
    """Requests that are parked side by side wake each other's thread."""
    names = [f"w-{i}" for i in range(8)]
    args = [part for name in names for part in ("--workspace", name)]
    emu = emulator(*args)
    m = mount(emu, config={"alibaba": {"calls_per_second": 10000,
                                       "burst": 10000}})
    results = []

    def one(name):
        for _ in range(8):
            results.append(write(m.ws(name) + "/new", GOOD))

    threads = [threading.Thread(target=one, args=(n,)) for n in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert results == [0] * 64
    assert emu.counts()[CREATE] == 64


def test_a_spec_in_single_bytes_is_one_session(emu, mount):
    m = mount(emu)
    with open(m.ws("w-1") + "/new", "wb", buffering=0) as f:
        for byte in GOOD.encode():
            f.write(bytes([byte]))
    assert made(emu) == 1


def test_a_token_of_the_caller_is_kept(emu, mount):
    m = mount(emu)
    spec = json.dumps({**SPEC, "clientToken": "mine-1"})
    assert new(m, spec) == 0
    first = last(m)
    assert new(m, spec) == 0
    assert last(m) == first
    assert made(emu) == 1


def test_hostile_names_from_the_provider(emu, mount):
    ids = ["../../etc", "a/b", ".", "..", ".hidden", "-rf", "new", "%41",
           "tab\there", "new\nline", "\u202egnp", "x" * 300, "y" * 255,
           "ünïcödé", " blank ", "*", "$(reboot)", "\x1b[31m"]
    for i in ids:
        emu.session("w-1", {"sessionClusterId": i, "state": "Running"})
    m = mount(emu)
    listed = [n for n in os.listdir(m.ws("w-1"))
              if n[0] != "." and n != "new"]
    assert len(listed) == len(set(listed)) == 3 + len(ids)
    for name in listed:
        assert len(name.encode()) <= 255 and name.isprintable()
        assert name[0] not in ".-"
        record = json.loads(m.read(m.ws("w-1"), name, "session.json"))
        assert record["sessionClusterId"]
        if "%" not in name and "~" not in name:
            assert record["sessionClusterId"] == name
    assert "ünïcödé" in listed and "%6Eew" in listed
    m.run(f"ls -lR {m.path} > /dev/null").ok()


def test_credentials_that_are_missing_are_told(emulator, mount):
    emu = emulator("--workspace", "w-1")
    m = mount(emu, env={"ALIBABA_CLOUD_ACCESS_KEY_ID": None,
                        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None})
    with pytest.raises(OSError) as e:
        os.listdir(m.path + "/alibaba")
    assert e.value.errno == errno.ENOKEY
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in m.read("alibaba/.status")


def test_a_clock_that_is_off_is_repaired(emu, mount):
    emu.control("POST", "clock", {"skew_ms": 3600_000})
    m = mount(emu)
    assert len([n for n in os.listdir(m.ws("w-1")) if n[:2] == "sc"]) == 3
    assert new(m, GOOD) == 0


def test_whoever_has_created_a_session_finds_it(emu, mount):
    """The write ends once the kernel has forgotten the listing from before."""
    m = mount(emu, config={"sessionfs": {"refresh": "1h"}})
    place = m.ws("w-1")
    for _ in range(3):  # the kernel keeps it, once it was whole
        before = set(os.listdir(place))
    found = []

    def create_and_look():
        assert new(m, GOOD) == 0
        found.extend(os.listdir(place))
    writer = threading.Thread(target=create_and_look)
    with standing(m, "notify"):
        writer.start()
        eventually(lambda: made(emu) and
                   re.search("requests_open: +0", m.read(place, ".status")))
        writer.join(0.3 * SLOW)
    writer.join(30)
    (name,) = set(found) - before - {".last"}
    assert name in os.listdir(place)
