"""Secrets are planted, one of each kind, and looked for in all that a stranger,
the owner or a disk can see.

PLACES says for every provider which of a session's files may tell which planted
secret.  No stranger may read any of them.
"""
import os
import stat
import subprocess

import pytest

import harness
from harness import as_nobody, eventually, run
from test_providers import ROWS, world  # noqa: F401

TYPES = {row.type: row for row in ROWS}
CONF, LOG, UI = "planted-conf", "planted-log", "planted-ui"
URL = f"https://ui.example/?token={UI}"

# type: (what the record gets, what the spec has, {secret: its files})
PLACES = {
    "alibaba": ({
        "webUI": URL, "connectionToken": "planted-token",
        "applicationConfigs": [{"configFileName": "spark-defaults.conf",
                                "configItemKey": "spark.x",
                                "configItemValue": CONF}]}, {},
        {CONF: {"config.json"}, UI: {"webui"}, "planted-token": set()}),
    "emr-serverless": ({}, {"configurationOverrides": {
        "runtimeConfiguration": [{"classification": "spark-defaults",
                                  "properties": {"spark.x": CONF}}]}},
        {CONF: {"config.json"}}),
    "emr": ({"EngineConfigurations": [
        {"Classification": "spark-defaults",
         "Properties": {"spark.x": CONF}}]}, {}, {CONF: {"config.json"}}),
    "dli": ({"conf": {"spark.x": CONF}, "log": ["ERROR " + LOG],
             "state": "error", "appInfo": {"sparkUiUrl": URL}}, {},
            {CONF: {"config.json"}, LOG: {"log", "reason"}, UI: {"webui"}}),
    "livy": ({"conf": {"spark.x": CONF}, "log": ["ERROR " + LOG],
              "state": "error",
              "appInfo": {"driverLogUrl": URL, "sparkUiUrl": URL}}, {},
             {CONF: {"config.json"}, LOG: {"log", "reason"}, UI: {"webui"}}),
    "dataproc": ({"runtimeConfig": {"properties": {"spark.x": CONF}},
                  "runtimeInfo": {"endpoints": {
                      "Spark History Server": URL}}}, {},
                 {CONF: {"config.json"}, UI: {"webui", "endpoint"}}),
}
IDS = {"alibaba": "sessionClusterId", "emr-serverless": "sessionId",
       "emr": "Id", "dli": "id", "livy": "id", "dataproc": "name"}
# Reads all that it can, and says where the planted words stand.
SEARCH = """
import os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        if name in ("new", "ctl", ".ctl", ".refresh") or os.path.islink(path):
            continue
        try:
            with open(path, "rb") as f:
                text = f.read()
        except OSError:
            continue
        for word in sys.argv[2:]:
            if word.encode() in text:
                print(word, os.path.relpath(path, sys.argv[1]))
"""


def search(path, *words, prefix=()):
    """{word: the files that hold it}, as whom the prefix makes us."""
    said = run([*prefix, "/usr/bin/python3", "-c", SEARCH, path, *words],
               timeout=60).ok()
    found = {}
    for line in said.splitlines():
        word, where = line.split(" ", 1)
        found.setdefault(word, set()).add(where)
    return found


@pytest.mark.parametrize("type", PLACES)
def test_no_stranger_reads_what_a_record_may_hide(world, rig, type):
    stranger = as_nobody()
    record, spec, places = PLACES[type]
    w = world(TYPES[type], config={"allow_other": "true"})
    os.chmod(rig.folder, 0o755)
    os.chmod(w.mount.folder, 0o755)
    name = w.create({**w.row.spec, **spec})
    w.until_up(name)
    id = next(s[IDS[type]] for s in w.emu.sessions(w.room, type)
              if str(s[IDS[type]]).rpartition("/")[2] == name)
    w.emu.session(w.room, {IDS[type]: id, **record}, type,
                  {"_log": record["log"]} if "log" in record else None)
    session = w.path(name)
    words = list(places)

    def planted():
        found = search(session, *words)
        return found if set(found) == {w for w in words if places[w]} else None
    found = eventually(planted, timeout=30)
    for word, files in found.items():
        assert files <= places[word], word
    assert search(w.mount.path, *words, prefix=stranger) == {}


PROXIES = {
    "a plain login": "http://someone:planted-pw@127.0.0.1:3",
    "characters of a URL": "http://someone:plant#ed/p?w@127.0.0.1:3",
    "an escaped one": "http://someone:planted%2Dpw@127.0.0.1:3",
    "a scheme that is not known": "ftp://someone:planted-pw@127.0.0.1:3",
    "no scheme": "someone:planted-pw@127.0.0.1:3",
    "no port": "http://someone:planted-pw@127.0.0.1:port",
}
PIECES = ("planted-pw", "plant#", "ed/p", "planted%2Dpw", "someone")


def behind_a_proxy(mount, key=None, environment=None):
    """(a mount whose section gw has tried to list and to create through what stands
    there, the section)"""
    keys = {"url": "https://livy.example", "type": "livy"}
    if key:
        keys["proxy"] = key
    env = {"HTTPS_PROXY": environment} if environment else {}
    m = mount(env=env, options=["-d"], config={
        "sessionfs": {"deadline": "2s", "create_deadline": "2s"},
        "alibaba": {"endpoint": "http://127.0.0.1:3", "workspaces": "w-1"},
        "gw": keys})
    run(["ls", m.path + "/gw/livy.example"])
    run(f"echo '{{\"kind\": \"spark\"}}' > {m.path}/gw/livy.example/new")
    return m, keys


@pytest.mark.parametrize("place", ["key", "environment"])
@pytest.mark.parametrize("proxy", PROXIES.values(), ids=PROXIES)
def test_the_login_of_a_proxy_is_shown_nowhere(mount, proxy, place):
    m, _ = behind_a_proxy(mount, **{place: proxy})
    eventually(lambda: "proxy" in m.read("gw/livy.example/.last_error")
               or m.read("gw/livy.example/.last_error"))
    assert search(m.path, *PIECES) == {}
    assert search(os.path.join(m.folder, "state"), *PIECES) == {}
    assert not [p for p in PIECES if p in m.log()]


def test_keys_and_commands_are_shown_nowhere(emulator, mount):
    emu = emulator("--fill", "w-1=2")
    script = "exec:printf planted-command; exit 3"
    m = mount(emu, options=["-d"], config={
        "gw": {"type": "livy", "auth": script, "url": emu.url + "/livy"}})
    m.read(m.ws("w-1"), ".status")
    run(["ls", m.path + "/gw"])
    words = ("planted-command", harness.KEY_SECRET)
    assert search(m.path, *words) == {}
    assert search(os.path.join(m.folder, "state"), *words) == {}
    assert not [w for w in words if w in m.log()]
    with open(f"/proc/{m.process.pid}/cmdline", "rb") as f:
        assert not [w for w in words if w.encode() in f.read()]


def test_no_process_of_the_user_may_look_into_the_daemon(
        emulator, mount, as_user):
    """A core file, and what another process of the user may read, both ask
    whether a process is dumpable."""
    m = mount(emulator("--fill", "w-1=1"), place=as_user)
    attr = os.stat(f"/proc/{m.process.pid}/environ")
    assert attr.st_uid == 0 and stat.S_IMODE(attr.st_mode) == 0o400
    done = subprocess.run(
        [*as_nobody(), "cat", f"/proc/{m.process.pid}/environ"],
        capture_output=True, text=True)
    assert "denied" in done.stderr
