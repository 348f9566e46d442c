"""Each recipe of examples/cookbook does what its head says, on a mount."""
import configparser
import glob
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading

import pytest

import harness
from harness import eventually

COOKBOOK = os.path.join(harness.ROOT, "examples", "cookbook")
SPEC = {"name": "job", "kind": "SQL", "queueName": "root_queue"}
INSTALLED = "/usr/share/doc/sessionfs/examples/cookbook"
NAMED = "/mnt/sessions"
WORKSPACE = "w-0123456789abcdef"
# What a recipe prints and does is a matter of the mount, not of its build.
pytestmark = harness.policy


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def recipe(name):
    return os.path.join(COOKBOOK, name)


def text(name):
    with open(recipe(name)) as f:
        return f.read()


@pytest.mark.parametrize("name", sorted(
    name for name in os.listdir(COOKBOOK) if os.access(recipe(name), os.X_OK)))
def test_without_operands_it_says_how_it_is_used(name):
    done = harness.run([recipe(name)])
    assert done.status in (1, 2, 3) and done.out == ""
    assert done.err == re.search(
        f"^(?:# )?(usage: {name} .+\n)", text(name), re.M).group(1)


class Kitchen:
    def __init__(self, emulator, mount, tmp_path):
        self.emu = emulator("--fill", "w-1=3")
        self.m = mount(self.emu, config={
            "sessionfs": {"refresh": "200ms"},
            "alibaba": {"calls_per_second": 10000, "burst": 10000}})
        self.ws = self.m.ws("w-1")
        self.tmp = tmp_path
        self.spec = tmp_path / "session.json"
        self.spec.write_text(json.dumps(SPEC, indent=2))
        self.ids = sorted(self.states())

    def states(self):
        return {s["sessionClusterId"]: s["state"]
                for s in self.emu.sessions("w-1")}

    def set(self, number, state, **members):
        self.emu.session("w-1", {"sessionClusterId": self.ids[number],
                                 "state": state, **members})
        self.m.run(["cat", self.ws + "/.refresh"]).ok()

    def cook(self, name, *args, **how):
        how.setdefault("cwd", self.tmp)
        return self.m.run([recipe(name), *map(str, args)], **how)


@pytest.fixture
def kitchen(emulator, mount, tmp_path):
    return Kitchen(emulator, mount, tmp_path)


@pytest.fixture
def demo(rig):
    folder = rig.new_folder("demo")
    return rig.mount(config="", folder=folder,
                     argv=["-f", "--demo", os.path.join(folder, "mnt")])


def test_the_table_lists_each_recipe():
    told = set(re.findall(r"`([\w.-]+)[` ]", "".join(
        line.split("|")[2] for line in text("README.md").split("\n")
        if line.startswith("| "))))
    assert told == set(os.listdir(COOKBOOK)) - {"README.md"}
    assert len(told) >= 15


def test_clone(kitchen):
    made = kitchen.cook("clone", f"{kitchen.ws}/{kitchen.ids[0]}",
                        '.name = "twin"').ok().strip()
    assert os.path.dirname(made) == kitchen.ws
    assert kitchen.emu.count("CreateSessionCluster") == 1
    (twin,) = [s for s in kitchen.emu.sessions("w-1")
               if s["sessionClusterId"] == os.path.basename(made)]
    assert twin["name"] == "twin"


def test_clone_says_why_not(kitchen):
    done = kitchen.cook("clone", f"{kitchen.ws}/{kitchen.ids[0]}", ".kidn = 1")
    assert done.status == 1 and "kidn" in done.err
    assert kitchen.emu.count("CreateSessionCluster") == 0


def test_stop_idle_ends_only_what_is_idle(demo):
    (ws,) = [os.path.dirname(path) for path in glob.glob(
        demo.path + "/emr-serverless/*/.sessions.tsv")
        if "\tbusy\t" in demo.read(path)]

    def phases():
        return {line.split("\t")[0]: line.split("\t")[3] for line in
                demo.read(ws, ".sessions.tsv").splitlines()[1:]}
    before = phases()
    idle = sorted(name for name in before if before[name] == "idle")
    assert demo.run([recipe("stop-idle"), ws, "1000000000"]).ok() == ""
    ended = demo.run([recipe("stop-idle"), ws, "-3600"]).ok()
    assert idle and sorted(
        line.split("\t")[0] for line in ended.splitlines()) == idle
    for name, phase in phases().items():
        assert name in idle or phase != "stopping", name


def test_stop_idle_asks_where_nobody_tells(kitchen):
    for n in range(2):
        kitchen.set(n, "Running")
    kitchen.set(2, "Starting")
    done = kitchen.cook("stop-idle", kitchen.ws)
    assert done.status == 2 and "does not tell who is idle" in done.err
    assert kitchen.emu.count("StopSessionCluster") == 0
    kitchen.cook("stop-idle", "-r", kitchen.ws, -3600).ok()
    assert kitchen.emu.count("StopSessionCluster") == 2
    assert kitchen.states()[kitchen.ids[2]] == "Starting"


def test_stop_idle_does_not_act_on_an_old_listing(kitchen):
    kitchen.m.read(kitchen.ws, ".sessions.tsv")
    kitchen.emu.fault(provider="alibaba", action="ListSessionClusters",
                      times=-1, status=403)
    done = kitchen.cook("stop-idle", "-r", kitchen.ws, -3600)
    assert done.status != 0
    assert kitchen.emu.count("StopSessionCluster") == 0


def test_with_session(kitchen):
    done = kitchen.cook(
        "with-session", kitchen.ws, kitchen.spec,
        "sh", "-c", 'cat "$SESSION/phase"; exit 7', timeout=60)
    assert (done.status, done.out) == (7, "idle\n"), done
    assert kitchen.emu.count("CreateSessionCluster") == 1
    assert kitchen.emu.count("StopSessionCluster") == 1


def test_with_session_ends_one_that_does_not_come(kitchen):
    kitchen.m.read(kitchen.ws, ".sessions.tsv")
    done = kitchen.cook("with-session", kitchen.ws, kitchen.spec, "echo",
                        "ran", env={"SESSION_TIMEOUT": "0.01"}, timeout=60)
    assert (done.status, done.out) == (75, ""), done
    assert kitchen.emu.count("StopSessionCluster") == 1


def test_with_session_refused(kitchen):
    kitchen.spec.write_text('{"kidn": 1}')
    done = kitchen.cook("with-session", kitchen.ws, kitchen.spec, "echo", "ran")
    assert (done.status, done.out) == (75, "") and "kidn" in done.err


def test_make(kitchen):
    need("make")

    def make(target):
        return kitchen.m.run(
            ["make", "-s", "-f", recipe("sessions.mk"),
             "WORKSPACE=" + kitchen.ws, target], cwd=kitchen.tmp,
            timeout=60).ok()
    make("session")
    make("session")
    assert kitchen.emu.count("CreateSessionCluster") == 1
    assert os.path.dirname(os.readlink(kitchen.tmp / "session")) == kitchen.ws
    make("report.tsv")
    assert "\tidle\t" in (kitchen.tmp / "report.tsv").read_text()


def test_cron(demo, tmp_path):
    """cron's environment, and its shell."""
    ws = glob.glob(demo.path + "/emr-serverless/*/new")[0][:-len("/new")]
    env, commands = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, []
    for line in text("crontab").split("\n"):
        variable = re.fullmatch(r"(\w+)=(.*)", line)
        if variable:
            env[variable[1]] = variable[2]
        elif line and line[0] != "#":
            fields = line.split(" ", 5)
            assert all(re.fullmatch(r"(\*|\d+)(/\d+)?", f) for f in fields[:5])
            assert "%" not in fields[5], "a newline for cron"
            commands.append(fields[5])
    assert env["COOKBOOK"] == INSTALLED
    env.update(COOKBOOK=COOKBOOK, WORKSPACE=ws)
    for command in commands:
        done = subprocess.run(["/bin/sh", "-c", command], env=env, text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 0 and not done.stderr, done
    assert len(commands) == 3
    assert glob.glob(str(tmp_path / "specs" / "*.json"))


def test_save_specs(kitchen):
    specs = kitchen.tmp / "specs"
    kitchen.cook("save-specs", kitchen.ws, specs).ok()
    assert sorted(os.listdir(specs)) == [i + ".json" for i in kitchen.ids]
    times = {f: (specs / f).stat().st_mtime_ns for f in os.listdir(specs)}
    for name in kitchen.ids:
        assert (specs / f"{name}.json").read_text() == kitchen.m.read(
            kitchen.ws, name, "config.json")
    kitchen.cook("save-specs", kitchen.ws, specs).ok()
    assert times == {f: (specs / f).stat().st_mtime_ns
                     for f in os.listdir(specs)}


def test_nagios(kitchen):
    def check(*args):
        done = kitchen.cook("check-sessions", *args)
        assert re.fullmatch(r"(OK|WARNING|CRITICAL|UNKNOWN) - [^\n]+\n",
                            done.out), done
        return done.status, done.out
    for n in range(3):
        kitchen.set(n, "Running")
    status, said = check(kitchen.ws)
    assert status == 0 and re.search(
        r"\| sessions=3;;;0 failed=0;0;;0 age=\d+ms;;300000\n", said), said
    kitchen.set(1, "Error")
    assert check(kitchen.ws)[0] == 1
    assert check(kitchen.ws, 300, 1)[0] == 0
    assert check(kitchen.ws, -1)[0] == 2
    assert check(kitchen.ws + "x")[0] == 3


def unit(name):
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read_string(text(name))
    return parser


def test_a_path_unit_of_systemd(world, tmp_path):
    """systemd watches a PathChanged= by inotify for these events."""
    from inotify import IN_CREATE, IN_DELETE
    world.start("w-1=2", refresh="200ms")
    path = unit("session-failed.path")["Path"]["PathChanged"]
    command = unit("session-failed.service")["Service"]["ExecStart"].split()
    assert path.startswith(f"{NAMED}/alibaba/{WORKSPACE}/")
    assert command[0].startswith(INSTALLED + "/")
    name = world.names()[0]
    world.set_state(name, "Running")
    eventually(lambda: world.shows(name, "Running"))
    watcher = world.watcher()
    watcher.add(path.replace(f"{NAMED}/alibaba/{WORKSPACE}", world.ws()),
                IN_CREATE | IN_DELETE)
    world.set_state(name, "Error")
    eventually(lambda: watcher.count(IN_CREATE), 40)
    here = [word.replace(INSTALLED, COOKBOOK).replace(
        f"{NAMED}/alibaba/{WORKSPACE}", world.ws()) for word in command]
    done = world.m.run(here)
    assert done.status == 1 and done.out.startswith("WARNING - failed"), done
    assert unit("session-failed.service")["Service"]["SuccessExitStatus"] == "1"


def test_entr(kitchen):
    need("entr")
    kitchen.set(0, "Running")
    session = f"{kitchen.ws}/{kitchen.ids[0]}"
    seen = kitchen.tmp / "seen"
    with subprocess.Popen([recipe("on-change"), session, "sh", "-c",
                           f'cat "{session}/state" >> "{seen}"']) as entr:
        try:
            # It watches when the kernel has been told so.
            eventually(lambda: "inotify wd:" in "".join(
                open(f).read() for f in glob.glob(
                    f"/proc/{entr.pid}/fdinfo/*")))
            kitchen.set(0, "Error")
            eventually(lambda: seen.exists() and seen.read_text() == "Error\n")
        finally:
            entr.terminate()


@pytest.fixture
def webhook():
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, json.loads(body)))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    server.got = got
    yield server
    server.shutdown()
    server.server_close()


def test_chat(kitchen, webhook):
    need("curl", "jq")
    kitchen.set(0, "Running")
    url = kitchen.tmp / "url"
    url.write_text(webhook.url + "?key=planted-secret\n")
    with open(url) as stdin, subprocess.Popen(
            [recipe("chat-on-failure"), kitchen.m.path], stdin=stdin,
            process_group=0) as chat:
        try:
            def told():
                # Until it follows the log, a failure is told to nobody.
                kitchen.set(0, "Running")
                kitchen.set(0, "Error")
                return webhook.got
            eventually(told, 30, 0.5)
        finally:
            os.killpg(chat.pid, 15)
    path, message = webhook.got[0]
    assert path == "/hook?key=planted-secret"
    assert message["text"].startswith(
        f"alibaba/w-1/{kitchen.ids[0]} has failed: ")


def test_prompt(kitchen):
    kitchen.set(0, "Running")
    kitchen.set(1, "Running")
    kitchen.set(2, "Error")
    script = '. "$0"; PS1=\'$(session_phases "$1") \'; printf %s "${PS1@P}"'
    where = ["bash", "-c", script, recipe("prompt.bash")]
    # A machine under load may take longer than a prompt waits.
    eventually(lambda: kitchen.m.run([*where, kitchen.ws]).ok()
               == "failed 1, idle 2 ")
    assert kitchen.m.run([*where, kitchen.ws + "x"]).ok() == " "


def test_profile(kitchen):
    """For a program that still runs, and for one that has ended."""
    kitchen.m.run(["ls", kitchen.ws]).ok()
    script = "import os, subprocess, sys; os.listdir(sys.argv[1]); " \
        "subprocess.run(sys.argv[2:], check=True)"
    said = kitchen.m.run(["python3", "-c", script, kitchen.ws,
                          recipe("profile"), kitchen.m.path]).ok()
    line = r"^ +\d+ +\d+  {} +\w+$"
    assert re.search(line.format(r"python3?\S*"), said, re.M), said
    assert re.search(line.format(r"pid \d+"), said, re.M), said
    assert re.search(line.format("alibaba"), said, re.M), said


def with_endpoints(config, emu, *sections):
    """The text of a recipe, before the emulator and with its keys."""
    for name in sections:
        config = config.replace(f"[{name}]\n",
                                f"[{name}]\nendpoint = {emu.url}\n")
    return config


def test_two_accounts(emulator, rig, tmp_path):
    emu, folder = emulator("--fill", "w-1=1"), rig.new_folder("two")
    aliyun = pathlib.Path(folder, "home/.aliyun/config.json")
    aws = tmp_path / "credentials"
    aliyun.parent.mkdir(parents=True)
    aliyun.write_text(json.dumps({"current": "dev", "profiles": [
        {"name": name, "mode": "AK", "access_key_id": harness.KEY_ID,
         "access_key_secret": harness.KEY_SECRET}
        for name in ("dev", "production")]}))
    aliyun.chmod(0o600)
    aws.write_text("[analytics]\naws_access_key_id = emulator-key\n"
                   "aws_secret_access_key = emulator-secret\n")
    aws.chmod(0o600)
    m = rig.mount(config=with_endpoints(
        text("two-accounts.conf"), emu, "dev", "production", "aws"),
        folder=folder, env={
        "ALIBABA_CLOUD_ACCESS_KEY_ID": None,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None,
        "AWS_SHARED_CREDENTIALS_FILE": str(aws)})
    for section in ("dev", "production"):
        assert os.listdir(m.ws("w-1", section))
        assert "profile" in m.read(section, ".status")
    m.run(f"echo '{json.dumps(SPEC)}' > {m.ws('w-1', 'dev')}/new").ok()
    done = m.run(f"echo '{json.dumps(SPEC)}' > "
                 f"{m.ws('w-1', 'production')}/new")
    assert "Read-only file system" in done.failed()
    assert os.path.isdir(f"{m.path}/aws")


def test_a_team_reads(emulator, mount):
    if os.geteuid() != 0:
        pytest.skip("allow_other takes root")
    emu = emulator("--fill", "w-1=1")
    m = mount(emu, config=with_endpoints(text("team.conf"), emu, "alibaba"))
    (session,) = [n for n in os.listdir(m.ws("w-1")) if n[0] != "."
                  and os.path.isdir(m.ws("w-1") + "/" + n)]
    # The folders above the mount are this test's alone: go in, then become other.
    other = harness.setpriv("--reuid=65534", "--regid=65534", "--clear-groups")

    def as_other(command):
        return harness.run([*other, "sh", "-c", command],
                           cwd=m.ws("w-1") + "/" + session)
    assert as_other("cat phase").ok().strip()
    assert "Permission denied" in as_other("cat config.json").failed()
    refused = m.run(f"echo stop > {m.ws('w-1')}/{session}/ctl").failed()
    assert "Read-only file system" in refused


ENGINE = r"""#!/bin/bash
# What podman makes of these arguments: a mount namespace of its own.
[ "$1 $2 $3" = "run --rm --mount" ] || exit 99
IFS=, read -ra options <<<"$4"
for option in "${options[@]}"; do declare "${option//-/_}"; done
[ "$type" = bind ] && [ "$5" = some/image ] || exit 98
shift 5
[ "$bind_propagation" = rslave ] || exec unshare -m --propagation private "$@"
exec unshare -m --propagation slave "$@"
"""


def test_a_container_sees_a_mount_that_is_made_anew(rig, emulator, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a mount namespace takes root")
    if harness.run(["unshare", "-m", "true"]).status:
        pytest.skip("no mount namespace can be made")
    engine = tmp_path / "podman"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    emu, folder = emulator("--fill", "w-1=1"), rig.new_folder("node")
    above = harness.run(["mount", "--bind", folder, folder])
    if above.status or harness.run(
            ["mount", "--make-shared", folder]).status:
        pytest.skip("no shared mount can be made: " + above.err)
    try:
        before = rig.mount(emu, folder=folder)
        before.stop()
        go = tmp_path / "go"
        os.mkfifo(go)
        with subprocess.Popen(
                [recipe("in-container"), before.path, "some/image", "sh",
                 "-c", f'echo up; read go < "{go}"; ls "$0"',
                 before.path], text=True, stdout=subprocess.PIPE,
                env={**os.environ, "ENGINE": str(engine)}) as container:
            assert container.stdout.readline() == "up\n"
            m = rig.mount(emu, folder=folder)
            m.run(["ls", m.path]).ok()
            go.write_text("\n")
            assert container.stdout.read() == "alibaba\n"
        m.stop()
    finally:
        harness.run(["umount", "-l", folder])


def documents():
    yaml = pytest.importorskip("yaml")
    return list(yaml.safe_load_all(text("daemonset.yaml")))


def test_kubernetes_parses_and_is_of_one_piece():
    daemons, config, reader = documents()
    pod = daemons["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert daemons["spec"]["selector"]["matchLabels"] == \
        daemons["spec"]["template"]["metadata"]["labels"]
    volumes = {v["name"]: v for v in pod["volumes"]}
    mounts = {m["name"]: m for m in container["volumeMounts"]}
    assert set(volumes) == set(mounts)
    assert mounts["sessions"]["mountPropagation"] == "Bidirectional"
    assert container["securityContext"]["privileged"] is True
    point = container["command"][-1]
    assert os.path.dirname(point) == mounts["sessions"]["mountPath"]
    for told in (container["lifecycle"]["preStop"],
                 container["readinessProbe"]):
        assert told["exec"]["command"][-1].startswith(point)
    assert volumes["config"]["configMap"]["name"] == config["metadata"]["name"]
    (seen,) = reader["spec"]["containers"][0]["volumeMounts"]
    assert seen["mountPropagation"] == "HostToContainer"
    assert reader["spec"]["volumes"][0]["hostPath"] == \
        volumes["sessions"]["hostPath"]


def test_the_configuration_of_kubernetes_loads(mount, emulator, tmp_path):
    emu = emulator()
    config = documents()[1]["data"]["sessionfs.conf"]
    if os.geteuid() != 0:
        config = config.replace("allow_other = true\n", "")
    assert "/var/lib/sessionfs\n" in config
    config = with_endpoints(config.replace("/var/lib/sessionfs",
                                           str(tmp_path / "state")),
                            emu, "emr-serverless")
    m = mount(config=config, env={"AWS_ACCESS_KEY_ID": "emulator-key",
                                  "AWS_SECRET_ACCESS_KEY": "emulator-secret"})
    assert set(os.listdir(m.path)) == {".sessionfs", "emr-serverless"}


def python_with(module):
    for python in ("python3", "/usr/bin/python3"):
        if not harness.run([python, "-c", f"import {module}"],
                           timeout=60).status:
            return python
    pytest.skip(f"no python here has {module}")


def test_pandas(kitchen):
    python = python_with("pandas")
    kitchen.set(0, "Running")
    kitchen.set(1, "Running")
    kitchen.set(2, "Error")
    out = kitchen.m.run([python, recipe("phases-pandas"), kitchen.m.path],
                        timeout=60).ok().splitlines()
    assert out[0].split() == ["phase", "failed", "idle"]
    assert sum(int(line.split()[-1]) for line in out[2:]) == 2
    assert sum(int(line.split()[-2]) for line in out[2:]) == 1


def test_duckdb(kitchen):
    python = python_with("duckdb")
    kitchen.set(0, "Running")
    kitchen.set(1, "Running", name='a "quoted" name, and more')
    kitchen.set(2, "Error")
    out = kitchen.m.run([python, recipe("phases-duckdb"), kitchen.m.path],
                        timeout=60).ok().splitlines()
    assert sorted(line.split("\t")[0] for line in out) == kitchen.ids[:2]
    assert kitchen.m.run([python, recipe("phases-duckdb"), kitchen.m.path, "1"],
                         timeout=60).ok().splitlines() == out[:1]


def test_spark_connect(demo):
    demo.run(["ls", *glob.glob(demo.path + "/emr-serverless/*/")]).ok()
    session = eventually(lambda: glob.glob(
        demo.path + "/emr-serverless/*/.by-phase/idle/*"))[0]
    done = demo.run([recipe("spark-connect"), session, "sh", "-c",
                     'printf "%s\\n" "$SPARK_REMOTE"'])
    assert done.ok() == demo.read(session, "endpoint")
    assert done.out.startswith("sc://")


def test_spark_connect_says_what_it_cannot(demo):
    session = glob.glob(demo.path + "/alibaba/*/.by-name/feature-store-sync")
    done = demo.run([recipe("spark-connect"), session[0], "echo", "ran"])
    assert (done.status, done.out) == (1, ""), done
    assert "tells no sc:// address" in done.err


def test_samba(kitchen, rig):
    need("smbd", "smbclient")
    if os.geteuid() != 0:
        pytest.skip("smbd takes root")
    base = rig.new_folder("samba")
    port = free_port()
    own = "".join(f"{key} = {base}\n" for key in (
        "private dir", "state directory", "cache directory", "lock directory",
        "pid directory", "ncalrpc dir"))
    # The server of a test: loopback alone, a guest in place of an account.
    conf = text("smb.conf").replace("[global]\n", (
        f"[global]\n{own}smb ports = {port}\ninterfaces = lo\n"
        "bind interfaces only = yes\nguest account = root\n"
        f"log file = {base}/log\n")).replace(
            "map to guest = never", "map to guest = bad user").replace(
            NAMED, kitchen.m.path) + "guest ok = yes\n"
    with open(base + "/smb.conf", "w") as f:
        f.write(conf)
    with subprocess.Popen(["smbd", "-F", "-s", base + "/smb.conf"],
                          stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL,
                          preexec_fn=harness.die_with_us) as smbd:
        def ask(command):
            return harness.run(
                ["smbclient", "-s", base + "/smb.conf", "-N", "-p", str(port),
                 "//127.0.0.1/sessions", "-c", command], timeout=60)
        try:
            eventually(lambda: ask("ls").status == 0, 60)
            assert "w-1" in ask("ls alibaba/*").ok()
            state = f"alibaba/w-1/{kitchen.ids[0]}/state"
            copy = kitchen.tmp / "copy"
            ask(f'get "{state}" "{copy}"').ok()
            assert copy.read_text() == kitchen.m.read(state)
            refused = ask(f'put "{kitchen.spec}" alibaba/w-1/new')
            assert "NT_STATUS" in refused.out + refused.err
            assert kitchen.emu.count("CreateSessionCluster") == 0
        finally:
            smbd.terminate()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
