"""The tree: what stands where, with which modes, sizes, times and numbers."""
import json
import os
import re
import stat

import pytest

from harness import eventually

RECORD = {
    "sessionClusterId": "sc-full", "name": "etl", "kind": "SQL",
    "workspaceId": "w-1", "queueName": "root_queue", "state": "Running",
    "userId": "1", "userName": "ada", "gmtCreate": 1700000000000,
    "startTime": 1700000100000, "releaseVersion": "esr-4.0.0 (Spark 3.5.2)",
    "displayReleaseVersion": "esr-4.0.0 (Spark 3.5.2, Scala 2.12)",
    "fusion": True, "publicEndpointEnabled": True,
    "autoStartConfiguration": {"enable": True},
    "autoStopConfiguration": {"enable": True, "idleTimeoutMinutes": 45},
    "applicationConfigs": [{"configFileName": "spark-defaults.conf",
                            "configItemKey": "spark.executor.cores",
                            "configItemValue": "4"}],
    "stateChangeReason": {"code": "200", "message": "fine"},
    "webUI": "https://ui.example/sc-full", "domain": "gw.example",
    "domainInner": "gw-internal.example", "connectionToken": "hush-hush",
    "futureMember": {"kept": [1, 2, 3]}}
FILES = {"state", "phase", "config.json", "webui", "session.json", "reason",
         "endpoint", "ctl"}
OF_WORKSPACE = {"new", ".status", ".last_error", ".refresh", ".by-name",
                ".by-state", ".by-phase", ".by-user", ".sessions.tsv",
                ".sessions.jsonl", ".requests"}


@pytest.fixture
def emu(emulator):
    made = emulator("--workspace", "w-1", "--workspace", "w-2")
    made.session("w-1", RECORD)
    return made


def names(path):
    return set(os.listdir(path))


def walk(mount):
    """{path: (inode, mode, size)} of the whole mount."""
    out = {}
    for folder, dirs, files in os.walk(mount.path):
        for name in dirs + files:
            path = os.path.join(folder, name)
            attr = os.lstat(path)
            out[os.path.relpath(path, mount.path)] = (
                attr.st_ino, attr.st_mode, attr.st_size)
    return out


def test_every_level_lists_what_it_promises(emu, mount):
    m = mount(emu)
    assert names(m.path) == {".sessionfs", "alibaba"}
    assert names(m.path + "/.sessionfs") == {"version", "config", "metrics",
                                             "log", "events", "trace",
                                             "crash", "status",
                                             "calls"}
    assert names(m.path + "/alibaba") == {".status", ".refresh", ".by-name",
                                          "w-1", "w-2"}
    assert names(m.ws("w-1")) == {*OF_WORKSPACE, "sc-full"}
    assert names(m.ws("w-1") + "/sc-full") == FILES
    assert names(m.ws("w-2")) == OF_WORKSPACE


def test_a_shell_glob_sees_sessions_only(emu, mount):
    m = mount(emu)
    assert m.run(f"cd {m.ws('w-1')}; echo */").ok() == "sc-full/\n"
    assert m.run(f"ls {m.ws('w-1')}").ok() == "new\nsc-full\n"


def test_named_workspaces_are_all_there_is(emu, mount):
    m = mount(emu, config={"alibaba": {"workspaces": "w-2"}})
    assert names(m.path + "/alibaba") == {".status", ".refresh", ".by-name",
                                          "w-2"}
    assert emu.count("ListWorkspaces") == 0


def test_contents_of_a_full_record(emu, mount):
    m = mount(emu)
    session = m.ws("w-1") + "/sc-full/"
    assert m.read(session + "state") == "Running\n"
    assert m.read(session + "phase") == "idle\n"
    assert m.read(session + "webui") == "https://ui.example/sc-full\n"
    assert m.read(session + "endpoint") == "gw.example\n"
    assert m.read(session + "reason") == "200: fine\n"
    assert json.loads(m.read(session + "config.json")) == {
        "name": "etl", "kind": "SQL", "queueName": "root_queue",
        "releaseVersion": "esr-4.0.0",
        "displayReleaseVersion": RECORD["displayReleaseVersion"],
        "fusion": True, "publicEndpointEnabled": True,
        "autoStartConfiguration": {"enable": True},
        "autoStopConfiguration": {"enable": True, "idleTimeoutMinutes": 45},
        "applicationConfigs": RECORD["applicationConfigs"]}


def test_session_json_is_what_was_sent_but_for_secrets(emu, mount):
    m = mount(emu)
    text = m.read(m.ws("w-1"), "sc-full", "session.json")
    configs = [{**RECORD["applicationConfigs"][0], "configItemValue": "***"}]
    assert json.loads(text) == {**RECORD, "connectionToken": "***",
                                "webUI": "***", "applicationConfigs": configs}
    assert text.endswith("}\n")


def test_secrets_are_nowhere_in_the_mount_or_on_disk(emu, mount):
    m = mount(emu)
    m.read(m.ws("w-1"), "sc-full", "session.json")
    m.run(f"echo '{{bad' > {m.ws('w-1')}/new")
    for folder in (m.path, m.state_dir):
        found = m.run(["grep", "-rlE", "hush-hush|emulator-secret", folder])
        assert found.status == 1, found
    assert "emulator-secret" not in m.log()


def test_missing_values_are_empty_files(emu, mount):
    emu.session("w-1", {"sessionClusterId": "sc-bare", "state": "Stopped"})
    m = mount(emu)
    bare = m.ws("w-1") + "/sc-bare"
    assert names(bare) == FILES
    for name in ("webui", "reason", "endpoint"):
        assert os.stat(f"{bare}/{name}").st_size == 0
        assert m.read(bare, name) == ""


@pytest.mark.parametrize("word,phase", [
    ("Starting", "starting"), ("Running", "idle"), ("Stopping", "stopping"),
    ("Stopped", "stopped"), ("Error", "failed"), ("RUNNING", "idle"),
    ("Hibernating", "pending")])
def test_words_and_phases(emu, mount, word, phase):
    emu.session("w-1", {**RECORD, "state": word})
    m = mount(emu)
    assert m.read(m.ws("w-1"), "sc-full", "state") == word + "\n"
    assert m.read(m.ws("w-1"), "sc-full", "phase") == phase + "\n"


def test_modes(emu, mount):
    m = mount(emu)
    modes = {p.split("/")[-1]: stat.S_IMODE(v[1]) for p, v in walk(m).items()
             if not stat.S_ISLNK(v[1])}
    expected = {"state": 0o644, "phase": 0o644, "reason": 0o644,
                "session.json": 0o644, "config.json": 0o640, "webui": 0o640,
                "endpoint": 0o640, "new": 0o660, "ctl": 0o660,
                "sc-full": 0o755, "w-1": 0o755, ".refresh": 0o660,
                ".by-user": 0o755, "ada": 0o755, ".sessions.tsv": 0o640,
                ".sessions.jsonl": 0o640, ".requests": 0o750}
    assert {k: modes[k] for k in expected} == expected


def test_owner_is_the_configs(emu, mount):
    m = mount(emu, config={"sessionfs": {"uid": 1234, "gid": 4321}})
    attr = os.stat(m.ws("w-1") + "/sc-full/state")
    assert (attr.st_uid, attr.st_gid) == (1234, 4321)


def test_sizes_are_exact_before_anything_is_opened(emu, mount):
    m = mount(emu)
    sizes = {p: v[2] for p, v in walk(m).items() if stat.S_ISREG(v[1])}
    for path, size in sizes.items():
        if path.split("/")[-1] in ("metrics", "log", "new", "ctl", "trace",
                                   "calls", "status"):
            continue
        assert len(m.read(path).encode()) == size, path


@pytest.mark.parametrize("copy", [
    "cp -r {src} {dst}", "rsync -a {src}/ {dst}/",
    "mkdir {dst} && tar -C {src} -cf - . | tar -C {dst} -xf -"])
def test_copies_are_whole(emu, mount, rig, copy):
    m = mount(emu)
    src, dst = m.ws("w-1") + "/sc-full", rig.folder + "/copy"
    m.run(copy.format(src=src, dst=dst), timeout=30).ok()
    for name in FILES - {"ctl"}:
        with open(f"{dst}/{name}") as f:
            assert f.read() == m.read(src, name), name


def test_times_are_the_providers_and_only_move_with_the_bytes(emu, mount):
    m = mount(emu, config={"sessionfs": {"refresh": "100ms"}})
    session = m.ws("w-1") + "/sc-full/"
    before = {n: os.stat(session + n).st_mtime_ns for n in FILES - {"ctl"}}
    assert before["config.json"] // 10**6 in (1700000000000, 1700000100000)
    emu.session("w-1", {"sessionClusterId": "sc-full", "state": "Stopping"})
    eventually(lambda: m.read(session + "state") == "Stopping\n")
    after = {n: os.stat(session + n).st_mtime_ns for n in before}
    moved = {n for n in before if after[n] != before[n]}
    assert moved == {"state", "phase", "session.json"}
    assert all(after[n] > before[n] for n in moved)


def test_times_grow_strictly_with_each_version(emu, mount):
    m = mount(emu, config={"sessionfs": {"refresh": "50ms"}})
    path = m.ws("w-1") + "/sc-full/state"
    last = os.stat(path).st_mtime_ns
    for word in ("Stopping", "Stopped", "Starting", "Running"):
        emu.session("w-1", {"sessionClusterId": "sc-full", "state": word})
        eventually(lambda: m.read(path) == word + "\n")
        now = os.stat(path).st_mtime_ns
        assert now > last
        last = now


def test_a_workspace_moves_when_its_members_do(emu, mount):
    m = mount(emu, config={"sessionfs": {"refresh": "100ms"}})
    before = os.stat(m.ws("w-1")).st_mtime_ns
    os.listdir(m.ws("w-1"))
    before = os.stat(m.ws("w-1")).st_mtime_ns
    emu.session("w-1", {"sessionClusterId": "sc-2", "state": "Running"})
    eventually(lambda: "sc-2" in names(m.ws("w-1")))
    between = os.stat(m.ws("w-1")).st_mtime_ns
    emu.remove("w-1", "sc-2")
    eventually(lambda: "sc-2" not in names(m.ws("w-1")))
    assert before < between < os.stat(m.ws("w-1")).st_mtime_ns


def test_inode_numbers_stay_over_a_restart(emu, mount):
    m = mount(emu)
    before = walk(m)
    m.stop()
    again = mount(emu, folder=m.folder)
    assert {p: v[0] for p, v in walk(again).items()} == \
        {p: v[0] for p, v in before.items()}


def test_inode_numbers_stay_over_kill(emu, mount):
    m = mount(emu)
    before = walk(m)
    m.kill()
    again = mount(emu, folder=m.folder)
    assert {p: v[0] for p, v in walk(again).items()} == \
        {p: v[0] for p, v in before.items()}


def test_inode_numbers_are_small_and_unique(emu, mount):
    emu.churn(workspace="w-1", add=300)
    m = mount(emu)
    inodes = [v[0] for v in walk(m).values()]
    assert len(set(inodes)) == len(inodes)
    assert max(inodes) < 2**32


def test_listing_stat_and_cat_agree(emu, mount):
    emu.churn(workspace="w-1", add=250)
    m = mount(emu)
    with os.scandir(m.ws("w-1")) as listing:
        for entry in listing:
            assert entry.inode() == os.lstat(entry.path).st_ino
            if entry.is_dir() and entry.name[0] != ".":
                state = m.path and open(entry.path + "/state").read()
                assert len(state) == os.stat(entry.path + "/state").st_size


def test_the_daemon_tells_about_itself(emu, mount):
    m = mount(emu)
    os.listdir(m.ws("w-1"))
    assert re.match(r"sessionfs \d+\.\d+", m.read(".sessionfs/version"))
    config = m.read(".sessionfs/config")
    assert "[alibaba]" in config and emu.url in config
    assert "serving" in m.read(".sessionfs/log")
    assert m.metric("sessionfs_api_calls_total", provider="alibaba",
                    action="ListSessionClusters") == \
        emu.count("ListSessionClusters")


@pytest.mark.parametrize("keys,env,lines", [
    ({"type": "livy"}, {"LIVY_URL": "http://127.0.0.1:9/x"},
     ["url = http://127.0.0.1:9/x", "list_lag = 10000ms"]),
    ({"type": "alibaba", "list_lag": "2m"},
     {"ALIBABA_CLOUD_REGION_ID": "cn-beijing"},
     ["region = cn-beijing", "list_lag = 120000ms"]),
    ({"type": "emr"}, {"AWS_REGION": "eu-west-1"}, ["region = eu-west-1"]),
    ({"type": "emr-serverless"}, {"AWS_DEFAULT_REGION": "eu-west-1"},
     ["region = eu-west-1"]),
    ({"type": "dli", "region": "cn-north-4"},
     {"HUAWEICLOUD_SDK_PROJECT_ID": "0123456789abcdef0123456789abcdef"},
     ["project = 0123456789abcdef0123456789abcdef"]),
    ({"type": "dataproc"}, {"GOOGLE_CLOUD_PROJECT": "mine",
                            "CLOUDSDK_DATAPROC_REGION": "us-east1"},
     ["project = mine", "region = us-east1"])])
def test_the_config_tells_what_the_environment_says(mount, keys, env, lines):
    m = mount(config={"cloud": keys}, env=env)
    shown = m.read(".sessionfs/config").split("[cloud]\n")[1].split("\n")
    assert not set(lines) - set(shown), shown
    names = [line.split(" = ")[0] for line in shown]
    assert len(names) == len(set(names))


def test_status_files_tell_where_things_stand(emu, mount):
    m = mount(emu)
    os.listdir(m.ws("w-1"))
    eventually(lambda: "listing: complete" in
               m.read(m.ws("w-1"), ".status"))
    status = m.read(m.ws("w-1"), ".status")
    assert re.search(r"^sessions: +1$", status, re.M), status
    assert re.search(r"^age_ms: +\d+$", status, re.M), status
    provider = m.read("alibaba/.status")
    assert re.search(r"^type: +alibaba$", provider, re.M), provider
    assert "emulator-key" in provider and "environment" in provider
    assert "emulator-secret" not in provider


def test_xattrs_cost_nothing(emu, mount):
    m = mount(emu)
    with pytest.raises(OSError):
        os.getxattr(m.ws("w-1"), "user.x")
    m.run(f"ls -l {m.ws('w-1')}").ok()


def test_nothing_can_be_made_moved_or_changed(emu, mount):
    m = mount(emu)
    w = m.ws("w-1")
    for command in ("touch {w}/x", "mkdir {w}/x", "ln -s a {w}/x",
                    "mkfifo {w}/x", "mv {w}/sc-full {w}/y", "rm {w}/new",
                    "rm {w}/sc-full/state", "ln {w}/new {w}/x",
                    "echo x > {w}/sc-full/state", "chmod 777 {w}/sc-full",
                    "truncate -s0 {w}/sc-full/state", "touch {w}/sc-full",
                    "mv /etc/hostname {w}/hostname"):
        failed = m.run(command.format(w=w)).failed()
        assert "not permitted" in failed or "ermission" in failed, command
    assert m.read(w, "sc-full", "state") == "Running\n"
