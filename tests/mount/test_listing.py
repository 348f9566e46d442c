"""Listings: pages, streams, generations, and what goes wrong with them."""
import errno
import json
import os
import re
import subprocess
import time

import pytest

import harness
from harness import SLOW, eventually

LIST = "ListSessionClusters"
FAST = {"sessionfs": {"refresh": "100ms"}}


def sessions(mount, workspace="w-1"):
    return {n for n in os.listdir(mount.ws(workspace))
            if n != "new" and n[0] != "."}


def partial(mount, workspace="w-1"):
    return mount.read(mount.ws(workspace), ".partial")


def test_all_pages_are_listed(emulator, mount):
    emu = emulator("--fill", "w-1=1234")
    m = mount(emu)
    assert len(sessions(m)) == 1234
    assert emu.count(LIST) == 13


def test_first_names_come_with_the_first_page(emulator, mount):
    emu = emulator("--fill", "w-1=1000")
    emu.fault(action=LIST, skip=1, times=-1, delay_ms=6000)
    m = mount(emu, config={"alibaba": {"workspaces": "w-1"}})
    began = time.monotonic()
    with os.scandir(m.ws("w-1")) as listing:
        for _ in range(10):
            next(listing)
        assert time.monotonic() - began < 5
    assert emu.count(LIST) <= 2 * SLOW


def test_a_name_is_asked_for_while_the_listing_goes_on(emulator, mount):
    emu = emulator("--fill", "w-1=1000")
    last = emu.sessions("w-1")[-1]["sessionClusterId"]
    emu.fault(action=LIST, times=-1, delay_ms=3000)
    m = mount(emu, config={"alibaba": {"workspaces": "w-1"}})
    began = time.monotonic()
    assert m.read(m.ws("w-1"), last, "state") != ""
    assert time.monotonic() - began < 5 * SLOW  # all of it takes 30 s
    assert emu.count("GetSessionCluster") == 1
    assert not os.path.exists(m.ws("w-1") + "/sc-none")


def test_changes_are_seen_and_read_fresh(emulator, mount):
    emu = emulator("--fill", "w-1=50")
    m = mount(emu, config=FAST)
    name = sorted(sessions(m))[0]
    path = os.path.join(m.ws("w-1"), name, "state")
    for word in ("Stopping", "Stopped", "Starting", "Running", "Error"):
        emu.session("w-1", {"sessionClusterId": name, "state": word})
        eventually(lambda: m.read(path) == word + "\n", interval=0.01)


def test_members_come_and_go(emulator, mount):
    emu = emulator("--fill", "w-1=250")
    m = mount(emu, config=FAST)
    before = sessions(m)
    assert not os.path.exists(m.ws("w-1") + "/sc-late")
    emu.session("w-1", {"sessionClusterId": "sc-late", "state": "Running"})
    eventually(lambda: os.path.exists(m.ws("w-1") + "/sc-late"))
    gone = sorted(before)[7]
    emu.remove("w-1", gone)
    eventually(lambda: not os.path.exists(m.ws("w-1") + "/" + gone))
    assert sessions(m) == before - {gone} | {"sc-late"}


def test_workspaces_come_and_go(emulator, mount):
    emu = emulator("--workspace", "w-1")
    m = mount(emu, config=FAST)
    assert "w-2" not in os.listdir(m.path + "/alibaba")
    emu.control("POST", "workspace", {"workspace": "w-2"})
    eventually(lambda: "w-2" in os.listdir(m.path + "/alibaba"), 20)


def test_a_failed_page_leaves_what_was_known(emulator, mount):
    emu = emulator("--fill", "w-1=500")
    m = mount(emu, config=FAST)
    before = sessions(m)
    assert len(before) == 500
    emu.fault(action=LIST, skip=2, times=-1, status=500, code="InternalError")
    eventually(lambda: os.path.exists(m.ws("w-1") + "/.partial"))
    assert re.search(r"\bpage \d", partial(m))
    assert "InternalError" in partial(m)
    assert ".partial" in os.listdir(m.ws("w-1"))
    assert sessions(m) == before
    emu.no_faults()
    eventually(lambda: not os.path.exists(m.ws("w-1") + "/.partial"), 30)
    # The kernel is told of the directory a moment later.
    eventually(lambda: ".partial" not in os.listdir(m.ws("w-1")))


def test_partial_is_listed_though_the_listing_was_cached(emulator, mount):
    emu = emulator("--fill", "w-1=50")
    m = mount(emu, config=FAST)
    for _ in range(5):
        assert ".partial" not in os.listdir(m.ws("w-1"))
    emu.fault(action=LIST, times=-1, status=403, code="Forbidden")
    eventually(lambda: ".partial" in os.listdir(m.ws("w-1")))
    emu.no_faults()
    eventually(lambda: ".partial" not in os.listdir(m.ws("w-1")), 30)


def test_a_first_listing_that_fails_says_so(emulator, mount):
    emu = emulator("--fill", "w-1=500")
    emu.fault(action=LIST, skip=2, times=-1, status=403, code="Forbidden.RAM",
              message="not for you")
    m = mount(emu)
    listed = m.run(f"ls {m.ws('w-1')}")
    assert listed.status != 0 and "ermission denied" in listed.err
    assert len([n for n in listed.out.split() if n != "new"]) in (0, 200)
    assert "not for you" in m.read(m.ws("w-1"), ".status")


AWS = {"AWS_ACCESS_KEY_ID": harness.KEY_ID,
       "AWS_SECRET_ACCESS_KEY": harness.KEY_SECRET,
       "AWS_EC2_METADATA_DISABLED": "true"}


def aws_section(emu, **keys):
    return {"emr-serverless": {"region": "us-east-1", "endpoint": emu.url,
                               **keys}}


def test_a_workspace_that_does_not_exist_does_not_look_empty(emulator, mount):
    emu = emulator()
    m = mount(emu, config=aws_section(emu, workspaces="00nope"), env=AWS)
    nope = m.ws("00nope", "emr-serverless")
    listed = m.run(f"LC_ALL=C ls {nope}")
    assert listed.status == 2 and "No such device or address" in listed.err
    said, = (line for line in m.read(nope, ".status").split("\n")
             if line.startswith("partial: "))
    assert "00nope" in said and "failed" in said
    assert not os.path.exists(nope + "/00fsession")


def test_the_log_says_once_that_a_listing_fails_and_that_it_works(
        rig, emulator, mount):
    emu = emulator("--fill", "emr-serverless:00fapp000000001=3")
    folder = rig.new_folder("mount")
    keys = os.path.join(folder, "home", ".aws", "credentials")
    os.makedirs(os.path.dirname(keys))

    def write_key(secret):
        with open(keys, "w") as f:
            f.write("[default]\naws_access_key_id = emulator-key\n"
                    f"aws_secret_access_key = {secret}\n")

    write_key("wrong")
    m = mount(emu, folder=folder, env={"AWS_EC2_METADATA_DISABLED": "true"},
              config={**FAST, **aws_section(emu)})
    top = m.path + "/emr-serverless"

    def logged():
        return [line for line in m.read(".sessionfs", "log").split("\n")
                if " emr-serverless: " in line]

    assert m.run(f"ls {top}").status == 2
    eventually(logged)
    failures = int(re.search(
        r"^failures: (\d+)$", m.read(top, ".status"), re.M).group(1))
    eventually(lambda: int(re.search(
        r"^failures: (\d+)$", m.read(top, ".status"), re.M).group(1))
        > failures and m.run(f"ls {top}"), 30)
    failed, = logged()
    assert " warning: " in failed and "InvalidSignatureException" in failed
    assert "emulator-key" not in failed and len(failed) < 1200
    write_key(harness.KEY_SECRET)
    eventually(lambda: m.run(f"ls {top}").ok() and len(logged()) > 1, 30)
    assert logged()[0] == failed
    assert logged()[1].endswith("the listing is complete again")


@pytest.mark.parametrize("fault", [
    {"cut": 3000}, {"body": "{\"sessionClusters\": [{]"}, {"body": "[]"},
    {"body": "{\"sessionClusters\": 7}"},
    {"body": "<html>busy</html>", "status": 502}, {"drop": True},
    {"status": 503, "code": "ServiceUnavailable"}])
def test_a_bad_answer_costs_nothing(emulator, mount, fault):
    emu = emulator("--fill", "w-1=150")
    m = mount(emu, config=FAST)
    before = sessions(m)
    emu.fault(action=LIST, times=-1, **fault)
    eventually(lambda: os.path.exists(m.ws("w-1") + "/.partial"), 30)
    assert sessions(m) == before
    assert m.alive()
    emu.no_faults()
    eventually(lambda: not os.path.exists(m.ws("w-1") + "/.partial"), 30)


@pytest.mark.parametrize("fault", ["repeat_token", "endless"])
def test_a_listing_without_end_is_ended(emulator, mount, fault):
    emu = emulator("--fill", "w-1=300")
    m = mount(emu, config={"sessionfs": {"refresh": "100ms"}, "alibaba": {
        "calls_per_second": 10000, "burst": 10000}})
    before = sessions(m)
    emu.fault(action=LIST, times=-1, **{fault: True})
    eventually(lambda: os.path.exists(m.ws("w-1") + "/.partial"), 60)
    assert sessions(m) == before


def test_an_empty_page_with_a_token_is_legal(emulator, mount):
    emu = emulator("--fill", "w-1=300")
    emu.fault(action=LIST, skip=1, empty=True)
    m = mount(emu)
    assert len(sessions(m)) == 300


def test_duplicates_are_one(emulator, mount):
    emu = emulator("--fill", "w-1=300")
    emu.fault(action=LIST, times=-1, duplicate=True)
    m = mount(emu)
    listed = os.listdir(m.ws("w-1"))
    assert len(listed) == len(set(listed))
    assert len(sessions(m)) == 300


def test_a_gigabyte_answer_is_refused_in_bounded_memory(emulator, mount):
    emu = emulator("--fill", "w-1=10")
    m = mount(emu, config=FAST)
    before = sessions(m)
    emu.fault(action=LIST, times=-1, big=1 << 30)
    eventually(lambda: os.path.exists(m.ws("w-1") + "/.partial"), 60)
    with open(f"/proc/{m.pid}/status") as f:
        peak = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))
    if SLOW == 1:
        assert peak < 200_000, f"{peak} KiB"
    assert sessions(m) == before


def test_throttling_slows_and_is_told(emulator, mount):
    emu = emulator("--fill", "w-1=10")
    m = mount(emu, config=FAST)
    sessions(m)
    began, before = time.monotonic(), emu.count(LIST)
    emu.fault(action=LIST, times=-1, status=429, code="Throttling.User",
              retry_after=1)
    eventually(lambda: "Throttling.User" in m.read(m.ws("w-1"), ".status"))
    assert emu.count(LIST) - before <= time.monotonic() - began + 2
    assert int(m.status(m.ws("w-1"))["next_refresh_ms"]) > 500
    assert len(sessions(m)) == 10


def test_pages_are_cached_not_asked_again(emulator, mount):
    emu = emulator("--fill", "w-1=300")
    m = mount(emu, config={"sessionfs": {"refresh": "1h"}})
    sessions(m)
    asked = sum(emu.counts().values())
    # Reading .refresh asks on purpose.
    m.run(f"find {m.path} -type f ! -name .refresh | head -500 "
          "| xargs cat > /dev/null", timeout=60)
    m.run(f"grep -rl Running {m.ws('w-1')} > /dev/null", timeout=60)
    m.run(f"ls -lR {m.path} > /dev/null", timeout=60).ok()
    assert sum(emu.counts().values()) <= asked + 1


def test_offline_start_shows_the_last_tree_at_once(emulator, mount):
    emu = emulator("--fill", "w-1=1000")
    m = mount(emu)
    before = sessions(m)
    name = sorted(before)[0]
    state = m.read(m.ws("w-1"), name, "session.json")
    m.stop()
    emu.terminate(5)
    again = mount(emu, folder=m.folder)
    began = time.monotonic()
    assert sessions(again) == before
    assert time.monotonic() - began < 2 * SLOW  # bench has the true figure
    assert again.read(again.ws("w-1"), name, "session.json") == state
    status = again.read(again.ws("w-1"), ".status")
    assert int(re.search(r"^age_ms: +(\d+)$", status, re.M).group(1)) > 0


def test_a_dead_network_delays_nothing_that_is_known(emulator, mount):
    emu = emulator("--fill", "w-1=300")
    m = mount(emu, config=FAST)
    before = sessions(m)
    names = sorted(before)[:20]
    asked = emu.count(LIST)
    emu.fault(action="*", times=-1, hang=True)
    eventually(lambda: emu.count(LIST) > asked)
    for command in (f"ls {m.ws('w-1')}", f"ls -l {m.ws('w-1')}",
                    f"df {m.path}", f"stat {m.ws('w-1')}/{names[0]}/state",
                    f"cat {m.ws('w-1')}/{names[1]}/config.json",
                    f"cat {m.ws('w-1')}/.status"):
        assert m.run(command).seconds < 1 * SLOW, command
    assert sessions(m) == before


def test_what_was_never_known_fails_in_time(emulator, mount):
    emu = emulator("--workspace", "w-1")
    emu.fault(action="*", times=-1, hang=True)
    m = mount(emu, config={"sessionfs": {"deadline": "1s"},
                           "alibaba": {"workspaces": "w-1"}})
    listed = m.run(f"ls {m.ws('w-1')}")
    assert listed.status != 0 and listed.seconds < 4 * SLOW
    assert "timed out" in listed.err


def test_a_slow_workspace_slows_no_other(emulator, mount):
    emu = emulator("--fill", "w-1=10", "--fill", "w-2=10")
    m = mount(emu, config={"alibaba": {"workspaces": "w-1; w-2"}})
    emu.fault(action=LIST, times=1, delay_ms=3000)
    slow = subprocess.Popen(["ls", m.ws("w-1")], stdout=subprocess.DEVNULL)
    eventually(lambda: emu.count(LIST))
    assert m.run(f"ls {m.ws('w-2')}").seconds < 1 * SLOW
    slow.wait(20)


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "middle"])
def test_a_damaged_state_directory_costs_only_what_it_held(
        emulator, mount, damage):
    emu = emulator("--fill", "w-1=300")
    m = mount(emu)
    before = sessions(m)
    m.stop()
    for folder, _, files in os.walk(m.state_dir):
        for name in files:
            path = os.path.join(folder, name)
            if name == ".lock":
                continue
            with open(path, "r+b") as f:
                size = os.path.getsize(path)
                if damage == "cut":
                    f.truncate(size // 2)
                elif damage == "garbage":
                    f.write(os.urandom(size))
                elif damage == "empty":
                    f.truncate(0)
                elif size > 64:
                    f.seek(size // 2)
                    f.write(b"\xff" * 16)
    again = mount(emu, folder=m.folder, config=FAST)
    eventually(lambda: sessions(again) == before)
    for name in before:
        eventually(lambda: json.loads(
            again.read(again.ws("w-1"), name, "session.json")))


def test_what_is_gone_is_not_listed_as_empty(emulator, mount):
    """ENOENT, of all errors, is the end of a directory for readdir(3)."""
    emu = emulator("--fill", "w-1=3", "--fill", "w-2=3")
    m = mount(emu, config={"sessionfs": {"refresh": "200ms",
                                         "events": "false"}})
    fd = os.open(m.ws("w-2"), os.O_RDONLY | os.O_DIRECTORY)
    try:
        emu.control("DELETE", "workspace?workspace=w-2")
        eventually(lambda: "w-2" not in os.listdir(
            os.path.join(m.path, "alibaba")), 40)
        with pytest.raises(OSError) as e:
            os.listdir(fd)
        assert e.value.errno == errno.ESTALE
    finally:
        os.close(fd)
