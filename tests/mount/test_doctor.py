"""`sessionfs doctor`: each check with exactly that broken, which is named with what
mends it; and that it changes nothing."""
import contextlib
import hashlib
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import pytest

import harness
from harness import run

OK, FAILED, USAGE = range(3)  # fs/base/exit_status.h
CONFIG = """[sessionfs]
state_dir = {folder}/state
{own}
[alibaba]
region = cn-hangzhou
{keys}
"""
KEYS = {"ALIBABA_CLOUD_ACCESS_KEY_ID": harness.KEY_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": harness.KEY_SECRET}


def clean(folder, **more):
    """The environment of somebody who has a key of Alibaba and nothing else."""
    keep = {k: v for k, v in os.environ.items()
            if k == "PATH" or k.endswith("SAN_OPTIONS")}
    return {**keep, "HOME": str(folder), **KEYS, **more}


class Patient:
    """A configuration and a state directory, and who looks at them."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.state = f"{folder}/state/mnt-1"
        os.makedirs(self.state + "/.requests")
        for path in (self.state, os.path.dirname(self.state)):
            os.chmod(path, 0o700)
        self.write()

    def write(self, own="", keys="", text=CONFIG):
        self.config = self.folder + "/c.conf"
        with open(self.config, "w") as f:
            f.write(text.format(folder=self.folder, own=own, keys=keys))

    def doctor(self, *words, before="", starter="", env=None, offline=True):
        """before: shell commands in a private mount namespace."""
        line = " ".join(["exec", starter, harness.SESSIONFS, "doctor", "-c",
                         self.config, "--json", *["--offline"][:offline],
                         *words])
        script = f"set -e; cd {self.folder}; {before}\n{line}"
        inside = ["unshare", "-m", "--propagation", "private"] if before else []
        done = subprocess.run(
            [*inside, "sh", "-c", script], text=True, capture_output=True,
            env=clean(self.folder, **(env or {})), timeout=60 * harness.SLOW)
        self.status, self.err = done.returncode, done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()]
        # Those of other tests are none of ours.
        mine = [f for f in found if f["check"] != "stale_mounts"]
        if len(mine) < len(found) and self.status == FAILED and not any(
                f["verdict"] == "fail" for f in mine):
            self.status = OK
        return mine


@pytest.fixture
def patient(tmp_path):
    return Patient(tmp_path)


def only(found, check):
    """The finding of a check, and that nothing else is complained of: what would
    find the same fault again says where it is."""
    wrong = [f for f in found if f["verdict"] != "ok"]
    mine = [f for f in found if f["check"] == check]
    assert mine, f"no check {check}: {found}"
    assert all(f["check"] == check or (f["verdict"], f["found"]) ==
               ("skip", f"skipped: see {check}") for f in wrong), wrong
    return mine[0]


def test_all_is_well(patient):
    found = patient.doctor()
    assert patient.status == OK and patient.err == "", patient.err
    assert [f for f in found if f["verdict"] != "ok"] == []
    assert len({f["check"] for f in found}) >= 30
    assert not any("mend" in f for f in found)


def over(target, text):
    """Shell commands that let a file read so."""
    return f"printf '{text}' > over; mount --bind over {target}"


SYS = "/proc/sys/fs/"
# The check, what breaks it in a mount namespace, the verdict, what is found, what
# mends it.
BROKEN = [
    ("fuse", over("/proc/filesystems", "\\text4\\n"), "fail",
     "no file system \"fuse\"", "modprobe fuse"),
    ("fuse_device", "mount --bind /dev/null /dev/fuse; mkdir dev;"
     "mount -t tmpfs none /dev", "fail", "there is no /dev/fuse", "modprobe"),
    ("fusermount", "PATH=/nowhere", "warn", "no fusermount3", "install fuse3"),
    ("mount_max", over("/etc/fuse.conf", "mount_max = 0\\n"), "fail",
     "lets users have 0", "raise mount_max"),
    ("request_timeout",
     over(SYS + "fuse/default_request_timeout", "20\\n"), "fail",
     "waits for more than 20 s", "sysctl fs.fuse.default_request_timeout=0"),
    ("request_timeout", over(SYS + "fuse/max_request_timeout", "30\\n"),
     "fail", "more than 30 s", "fs.fuse.max_request_timeout=0"),
    ("inotify_instances", over(SYS + "inotify/max_user_instances", "8\\n"),
     "warn", "8 watchers", "sysctl fs.inotify.max_user_instances=128"),
    ("inotify_watches", over(SYS + "inotify/max_user_watches", "100\\n"),
     "warn", "100 watches", "sysctl fs.inotify.max_user_watches=8192"),
    ("open_files", "ulimit -Sn 99; ulimit -Hn 99", "warn", "only 99 files", "LimitNOFILE"),
    ("state_room", "mount -t tmpfs -o size=512k none state", "fail", "is full",
     "make room"),
    ("state_room", "mount -t tmpfs -o size=32m none state", "warn",
     "32 MiB left", "state_dir"),
    ("state_room", "mount -t tmpfs -o nr_inodes=1 none state", "fail",
     "is full", "make room"),
    ("state_place", "rm -r state; touch state", "fail", "is no directory",
     "state_dir"),
    ("state_place", "chmod 777 state", "fail", "everybody may write",
     "chmod o-w"),
    ("state_owner", "chown 65534 state/mnt-1", "fail",
     "mnt-1 belongs to user 65534", "chown -R 0 "),
    ("state_mode", "chmod 755 state/mnt-1", "warn", "others may read",
     "chmod 700 "),
    ("state_mode", "chmod 770 state/mnt-1", "fail", "others may write",
     "chmod 700 "),
    ("state_damage", "touch state/mnt-1/.requests/a.damaged", "warn",
     "1 requests that could not be read", "compare the sessions"),
    ("state_format", "printf sfsreq02 > state/mnt-1/.requests/a", "fail",
     "newer version of sessionfs wrote", "run that version"),
    ("state_format", "mkdir state/mnt-1/s; printf sfsledg2 > state/mnt-1/s/i",
     "fail", "state/mnt-1/s/i", "state_dir"),
    ("crash_report", "touch state/mnt-1/.crash-1", "warn",
     "state/mnt-1/.crash-1", "report it"),
]


@pytest.mark.parametrize("check,before,verdict,said,mend", BROKEN)
def test_what_is_broken_is_named(patient, check, before, verdict, said, mend):
    if os.geteuid():
        pytest.skip("only root breaks a machine")
    target = before.rpartition(" ")[2]
    if target.startswith("/proc") and not os.path.exists(target):
        pytest.skip(f"this kernel has no {target}")
    found = only(patient.doctor(before=before), check)
    assert found["verdict"] == verdict, found
    assert said in found["found"] and mend in found["mend"], found
    assert patient.status == (FAILED if verdict == "fail" else OK)


@pytest.mark.parametrize("text,verdict", [
    ("PRUNEFS = \"NFS fuse.sshfs\"\\n", "warn"),
    ("# PRUNEFS = \"fuse.sessionfs\"\\n", "warn"),
    ("PRUNE_BIND_MOUNTS=\"yes\"\\nPRUNEFS=\"nfs fuse.sessionfs\"\\n", "ok"),
])
def test_updatedb_is_to_leave_mounts_out(patient, text, verdict):
    if os.geteuid():
        pytest.skip("only root breaks a machine")
    before = ("mkdir etc; cp -a /etc/fuse.conf etc 2> /dev/null || :;"
              f"printf '{text}' > etc/updatedb.conf; mount --bind etc /etc")
    found = only(patient.doctor(before=before), "updatedb")
    assert found["verdict"] == verdict, found
    assert verdict == "ok" or "PRUNEFS" in found["mend"]
    assert patient.status == OK


def test_an_old_kernel_is_named(patient):
    if not shutil.which("setarch"):
        pytest.skip("there is no setarch")
    found = only(patient.doctor(starter="setarch --uname-2.6"), "kernel")
    assert found["verdict"] == "warn" and "PARALLEL_DIROPS" in found["found"]
    assert "Linux 5.1" in found["mend"] and patient.status == OK


UNAME = r"""
#include <string.h>
#include <sys/utsname.h>
int uname(struct utsname *name)
{
	memset(name, 0, sizeof(*name));
	strcpy(name->release, "6.10.3-test");
	return 0;
}
"""


def test_a_kernel_that_keeps_old_listings_is_named(patient):
    if harness.SLOW > 1 or not shutil.which("cc"):
        pytest.skip("this takes a compiler, and no sanitizer")
    source = patient.folder + "/uname.c"
    with open(source, "w") as f:
        f.write(UNAME)
    run(["cc", "-shared", "-fPIC", "-o", source + ".so", source]).ok()
    found = only(patient.doctor(env={"LD_PRELOAD": source + ".so"}),
                 "kept_listings")
    assert found["verdict"] == "warn" and "6.9 to 6.12" in found["mend"]


CURL = """#define _GNU_SOURCE
#include <curl/curl.h>
#include <dlfcn.h>
curl_version_info_data *curl_version_info(CURLversion now)
{
	static curl_version_info_data old;
	curl_version_info_data *(*real)(CURLversion) =
		dlsym(RTLD_NEXT, "curl_version_info");
	old = *real(now);
	%s;
	return &old;
}
"""


@pytest.mark.parametrize("broken, said", [
    ('old.version_num = 0x074f00, old.version = "7.79.0"',
     "libcurl 7.79.0, OpenSSL/.*: libcurl 7.87 is needed"),
    ("old.ssl_version = 0", "no TLS: this libcurl speaks no TLS"),
], ids=["old", "plain"])
def test_libraries_that_do_not_do_are_named(patient, broken, said):
    if harness.SLOW > 1 or not shutil.which("cc"):
        pytest.skip("this takes a compiler, and no sanitizer")
    source = patient.folder + "/curl.c"
    with open(source, "w") as f:
        f.write(CURL % broken)
    run(["cc", "-shared", "-fPIC", "-o", source + ".so", source]).ok()
    found = only(patient.doctor(env={"LD_PRELOAD": source + ".so"}),
                 "libraries")
    assert found["verdict"] == "fail" and patient.status == FAILED
    assert re.search(said, found["found"])
    assert found["mend"] == "install libcurl4 of Debian 12 or newer"


# What somebody who is not root needs.
AS_USER = [
    ("fuse_device", "chmod 600 /dev/fuse", "not open to you",
     "chmod 666 /dev/fuse"),
    ("user_allow_other", "printf '# user_allow_other' > /run/over;"
     "mount --bind /run/over /etc/fuse.conf", "no line user_allow_other",
     "echo user_allow_other >> /etc/fuse.conf"),
    ("fusermount", "cp $(command -v fusermount3) /run/over;"
     "mount --bind /run/over $(command -v fusermount3)",
     "not setuid root", "chmod u+s"),
]


@pytest.mark.parametrize("check,before,said,mend", AS_USER)
def test_what_a_user_lacks_is_named(rig, check, before, said, mend):
    if os.geteuid():
        pytest.skip("only root breaks a machine")
    try:
        place = rig.user()
    except OSError as e:
        pytest.skip(f"no mount namespace: {e}")
    sick = Patient(rig.new_folder("patient", place))
    sick.write("allow_other = true" if check == "user_allow_other" else "")
    place.give(sick.folder)
    run([*place.inside, "sh", "-ec", f"mount -t tmpfs none /run; {before}"]).ok()
    done = run([*place.prefix, place.program(harness.SESSIONFS), "doctor",
                "-c", sick.config, "--json", "--offline"],
               env=clean(sick.folder))
    assert done.status == FAILED, done
    found = only([f for f in map(json.loads, done.out.splitlines())
                  if f["check"] != "stale_mounts"], check)
    assert found["verdict"] == "fail" and said in found["found"], found
    assert mend in found["mend"], found


def test_all_errors_of_a_configuration_are_named_at_once(patient):
    patient.write(text="[sessionfs]\nrefesh = 5s\nread_only = yes\nstray\n"
                  "[alibaba]\nregoin = x\nregion = y\nregion = z\n"
                  "[clowds]\nregion = x\n")
    wrong = [f for f in patient.doctor() if f["check"] == "config_values"]
    assert patient.status == FAILED
    assert all(f["verdict"] == "fail" and "correct the file" in f["mend"]
               for f in wrong)
    said = [f["found"].replace(patient.config, "") for f in wrong]
    assert any(s.startswith(":4: this is no [section]") for s in said), said
    assert any(s.startswith(":8: [alibaba] region stands in") for s in said)

    patient.write(text="[sessionfs]\nrefesh = 5s\nread_only = yes\n"
                  "[alibaba]\nregoin = x\n[clowds]\nregion = x\n")
    wrong = [f["found"] for f in patient.doctor()
             if f["check"] == "config_values"]
    assert [w.split(":")[1] for w in wrong] == ["2", "3", "5", "6"], wrong
    assert "did you mean refresh?" in wrong[0]
    assert "\"clowds\"; there are" in wrong[3]


# Keys of [sessionfs], keys of [alibaba], the check, verdict, found, mend.
KEYS_BROKEN = [
    ("", "ca_file = /no/such/file", "local_files", "fail",
     "ca_file names /no/such/file: No such file", "correct the key"),
    ("", "ca_file = /dev/null", "local_files", "fail", "no regular file",
     "name a"),
    ("", "endpoint = http://example.com\ninsecure_http = true", "endpoint",
     "warn", "http://example.com is not encrypted", "endpoint = https://"),
    ("metrics_socket = /no/such/dir/s", "", "metrics_socket", "fail",
     "/no/such/dir: No such file", "make the directory"),
    ("metrics_socket = /etc/passwd", "", "metrics_socket", "fail",
     "/etc/passwd is there, and no socket", "remove it"),
    ("log_file = /no/such/dir/log", "", "log_file", "fail",
     "/no/such/dir: No such file", "make the directory"),
    ("log_file = /dev/null", "", "log_file", "fail",
     "/dev/null is no regular file", "remove it"),
]


@pytest.mark.parametrize("own,keys,check,verdict,said,mend", KEYS_BROKEN)
def test_a_key_that_is_wrong_here_is_named(patient, own, keys, check, verdict,
                                           said, mend):
    patient.write(own, keys)
    found = only(patient.doctor(), check)
    assert found["verdict"] == verdict and said in found["found"], found
    assert mend in found["mend"]
    assert patient.status == (FAILED if verdict == "fail" else OK)


def test_a_secret_that_others_read_is_named(patient):
    path = patient.folder + "/token"
    with open(path, "w") as f:
        f.write("t")
    os.chmod(path, 0o644)
    patient.write(text="[sessionfs]\nstate_dir = {folder}/state\n"
                  "[d]\ntype = dataproc\nproject = p-12345\nregion = r\n"
                  "access_token_file = {folder}/token\n")
    found = only(patient.doctor(), "local_files")
    assert found["section"] == "d" and found["verdict"] == "warn"
    assert "others may read" in found["found"]
    assert found["mend"] == "chmod 600 " + path
    os.chmod(path, 0o600)
    assert only(patient.doctor(), "local_files")["verdict"] == "ok"


def test_the_file_of_credentials_is_named(patient):
    text = ("[sessionfs]\nstate_dir = {folder}/state\n[e]\ntype = emr\n"
            "region = us-east-1\n"
            "credentials_file = ${{CREDENTIALS_DIRECTORY}}/aws\n")
    patient.write(text=text)
    path = patient.folder + "/aws"
    env = {"CREDENTIALS_DIRECTORY": patient.folder}
    found = only(patient.doctor(env=env), "local_files")
    assert found["verdict"] == "fail" and patient.status == FAILED
    assert f"credentials_file names {path}: No such file" in found["found"]
    with open(path, "w") as f:
        f.write("[default]\naws_access_key_id = AKIA\n"
                "aws_secret_access_key = x\n")
    os.chmod(path, 0o400)
    found = {f["check"]: f for f in patient.doctor(env=env)}
    assert patient.status == OK
    assert f"can be read: {path} (credentials_file)" == \
        found["local_files"]["found"]
    assert f"credentials_file {path}" in found["credentials_source"]["found"]
    (wrong,) = (f for f in patient.doctor() if f["check"] == "config_values"
                and f["verdict"] == "fail")
    assert "LoadCredential=" in wrong["found"]


def test_a_section_that_cannot_be_opened_is_named(patient):
    patient.write(text="[sessionfs]\nstate_dir = {folder}/state\n[dli]\n")
    found = only(patient.doctor(), "section_keys")
    assert found["verdict"] == "fail" and "no region is known" in found["found"]
    assert patient.status == FAILED


def test_no_section_is_named(patient):
    patient.write(text="[sessionfs]\nstate_dir = {folder}/state\n")
    found = only(patient.doctor(), "config_sections")
    assert found["verdict"] == "fail" and "add a section" in found["mend"]
    assert patient.status == FAILED


def test_no_configuration_is_named(patient):
    patient.config = patient.folder + "/none.conf"
    found = only(patient.doctor(), "config_file")
    assert found["verdict"] == "fail" and "none.conf" in found["found"]
    assert "-c" in found["mend"] and patient.status == FAILED


def test_a_proxy_is_shown_without_its_password(patient):
    proxy = "http://user:" + "geheim1234" + "@proxy:3128"
    found = patient.doctor(env={"https_proxy": proxy})
    mine = only(found, "proxy")
    assert "https_proxy" in mine["found"] and "proxy:3128" in mine["found"]
    assert "geheim1234" not in json.dumps(found)


def test_the_source_of_credentials_is_named(patient):
    found = only(patient.doctor(), "credentials_source")
    assert "environment" in found["found"], found
    assert harness.KEY_SECRET not in json.dumps(found)


def test_sections_can_be_picked(patient):
    patient.write(text=CONFIG + "[other]\ntype = alibaba\nregion = r\n")
    sections = {f.get("section") for f in patient.doctor("other")}
    assert sections == {None, "other"}
    assert {f.get("section") for f in patient.doctor()} == {
        None, "other", "alibaba"}
    assert patient.doctor("othre") == [] and patient.status == USAGE
    assert "\"othre\"; did you mean other?" in patient.err


def test_people_get_a_line_each(patient):
    patient.write("refesh = 5s")
    done = run([harness.SESSIONFS, "doctor", "--offline", "-c",
                patient.config], env=clean(patient.folder))
    assert done.status == FAILED
    lines = [line for line in done.out.splitlines()
             if "stale_mounts" not in line]  # of other tests
    assert all(line[:6] in ("ok    ", "warn  ", "fail  ", "skip  ") for line in lines)
    assert [line for line in lines if line.startswith("fail")] == [
        f"fail  config_values: {patient.config}:3: [sessionfs] has no key "
        "\"refesh\"; did you mean refresh?; to mend it: correct the file "
        "(man sessionfs.conf)"]


def picture(folder):
    """All that a tree is, but for the times of access."""
    found = {}
    for place, folders, files in os.walk(folder):
        for path in [place] + [os.path.join(place, name) for name in files]:
            st = os.lstat(path)
            digest = ""
            if path != place and os.path.isfile(path):
                with open(path, "rb") as f:
                    digest = hashlib.sha256(f.read()).hexdigest()
            found[path] = (st.st_mode, st.st_uid, st.st_size, st.st_mtime_ns,
                           st.st_ctime_ns, digest)
    return found


def test_nothing_is_changed(patient, emulator):
    with open(patient.state + "/.lock", "w") as f:
        f.write("1\n")
    patient.write("refesh = 5s", f"endpoint = {emulator().url}")
    before = picture(patient.folder)
    assert "ok" in {f["verdict"] for f in patient.doctor(offline=False)
                    if f["check"] == "credentials"}
    assert picture(patient.folder) == before


@pytest.mark.parametrize("options", [[], ["-o", "keeper"]])
def test_a_daemon_that_serves_is_named_and_not_disturbed(
        emulator, mount, options):
    m = mount(emulator("--workspace", "w-1"), options=options)
    lock = [f for f in picture(m.folder) if f.endswith("/.lock")]
    seen = {f: picture(m.folder)[f] for f in lock}
    calls = m.read(".sessionfs", "metrics").count("\n")
    done = run([harness.SESSIONFS, "doctor", "--offline", "--json", "-c",
                m.config], env=clean(m.folder))
    found = [f for f in map(json.loads, done.out.splitlines())
             if f["check"] != "stale_mounts"]
    held = only(found, "state_lock")["found"]
    assert f"process {m.pid} holds {os.path.dirname(lock[0])}" in held
    assert {f: picture(m.folder)[f] for f in lock} == seen
    assert m.alive() and m.read(".sessionfs", "metrics").count("\n") == calls


# ---- mounts ----

def of_mount(m):
    """What is found out about one mount."""
    done = run([harness.SESSIONFS, "doctor", "--offline", "--json", "-c",
                m.config], env=clean(m.folder))
    return done.status, [f for f in map(json.loads, done.out.splitlines())
                         if f["check"] == "stale_mounts"
                         and m.path in f["found"]]


def test_a_dead_mount_is_named(emulator, mount):
    m = mount(emulator("--workspace", "w-1"))
    assert of_mount(m)[1] == []
    m.kill()
    status, [found] = of_mount(m)
    assert status == FAILED and found["verdict"] == "fail"
    assert f"{m.path} is dead" in found["found"]
    assert found["mend"] == f"sessionfs umount {m.path}"


def test_a_mount_that_hangs_holds_up_nobody(emulator, mount):
    m = mount(emulator("--workspace", "w-1"))
    os.kill(m.pid, signal.SIGSTOP)
    try:
        status, [found] = of_mount(m)
    finally:
        os.kill(m.pid, signal.SIGCONT)
    assert status == FAILED and "does not answer" in found["found"]
    assert "umount -l" in found["mend"]


def test_mounts_that_hang_cost_their_time_once(emulator, mount):
    emu = emulator("--workspace", "w-1")
    mounts = [mount(emu) for _ in range(3)]
    for m in mounts:
        os.kill(m.pid, signal.SIGSTOP)
    try:
        done = run([harness.SESSIONFS, "doctor", "--offline", "-c",
                    mounts[0].config], env=clean(mounts[0].folder))
    finally:
        for m in mounts:
            os.kill(m.pid, signal.SIGCONT)
    for m in mounts:
        assert f"stale_mounts: {m.path} does not answer" in done.out
    assert done.seconds < 4.5 * harness.SLOW


# ---- the network ----

def test_a_section_that_answers_is_well(patient, emulator):
    emu = emulator("--fill", "w-1=3")
    patient.write("", f"endpoint = {emu.url}")
    found = patient.doctor(offline=False)
    assert patient.status == OK, found
    assert [f for f in found if f["verdict"] != "ok"] == []
    said = {f["check"]: f["found"] for f in found}
    assert harness.KEY_ID in said["credentials"]
    assert "account" in said["credentials"]
    assert "3 sessions in the first page of w-1" in said["list"]
    assert "127.0.0.1, port" in said["tcp"]
    assert harness.KEY_SECRET not in json.dumps(found)
    assert all(action.startswith("List") for action, count in
               emu.counts().items() if count), emu.counts()


def test_a_refusal_is_shown_in_its_words(patient, emulator):
    emu = emulator("--workspace", "w-1")
    emu.fault(action="ListSessionClusters", times=-1, status=403,
              code="Forbidden.RAM", message="emr:ListSessionClusters is not")
    patient.write("", f"endpoint = {emu.url}")
    found = only(patient.doctor(offline=False), "list")
    assert patient.status == FAILED and found["verdict"] == "fail"
    assert "ListSessionClusters" in found["found"], found
    assert "let this identity do" in found["mend"]


@pytest.mark.parametrize("keys,said", [
    ("profile = nosuch", "profile: there is no profile nosuch in "),
    ("profile = nosuch\nregion = us-east-1", "profile: there is no profile "),
    ("region = us-east-1a", "region: us-east-1a is the name of a zone; its "
                            "region is us-east-1"),
    ("region = useast", "region: useast is not like the name of a region"),
])
@pytest.mark.parametrize("kind", ["emr", "emr-serverless"])
def test_a_profile_and_a_region_are_looked_at(patient, mount, kind, keys, said):
    """Without the network: by the doctor, and by a start."""
    if "region" not in keys:
        keys += "\nregion = eu-west-1"
    section = f"[e]\ntype = {kind}\n{keys}\n"
    patient.write(text="[sessionfs]\nstate_dir = {folder}/state\n" + section)
    found = only(patient.doctor(), "section_keys")
    assert found["verdict"] == "warn" and said in found["found"], found
    m = mount(config=section)
    assert re.search(rf"warning: \S+:\d: \[e\] {re.escape(said)}", m.log())


@pytest.mark.parametrize("kind,keys,env,said", [
    ("alibaba", "profile = nosuch", {},
     "profile: there is no profile nosuch in .*/.aliyun/config.json or "
     ".*/.alibabacloud/credentials"),
    ("alibaba", "profile = nosuch\ncredentials_file = {folder}/keys", {},
     "profile: there is no profile nosuch in .*/keys$"),
    ("alibaba", "profile = there\ncredentials_file = {folder}/keys", {}, None),
    ("alibaba", "", {"ALIBABA_CLOUD_PROFILE": "nosuch",
                     "ALIBABA_CLOUD_ACCESS_KEY_ID": ""},
     "ALIBABA_CLOUD_PROFILE: there is no profile nosuch in "),
    # The keys of the environment come first, and need no profile.
    ("alibaba", "", {"ALIBABA_CLOUD_PROFILE": "nosuch"}, None),
    ("alibaba", "", {"ALIBABA_CLOUD_CREDENTIALS_FILE": "/nope"},
     "ALIBABA_CLOUD_CREDENTIALS_FILE: names a file that cannot be read: /nope"),
    ("dli", "profile = nosuch\nproject = 0123456789abcdef0123456789abcdef", {},
     "profile: there is no profile nosuch in .*/.huaweicloud/credentials$"),
    ("dli", "project = 0123456789abcdef0123456789abcdef",
     {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": "/nope"},
     "HUAWEICLOUD_SDK_CREDENTIALS_FILE: names a file that cannot be read: "),
    ("dataproc", "project = proj-1",
     {"GOOGLE_APPLICATION_CREDENTIALS": "/nope"},
     "GOOGLE_APPLICATION_CREDENTIALS: names a file that cannot be read: "),
    ("dataproc", "project = proj-1\naccess_token_file = {folder}/keys",
     {"GOOGLE_APPLICATION_CREDENTIALS": "/nope"}, None),
    ("emr", "", {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nope"},
     "AWS_WEB_IDENTITY_TOKEN_FILE: names a file that cannot be read: /nope"),
])
def test_what_names_a_profile_or_a_file_is_looked_at(
        patient, mount, kind, keys, env, said):
    """Of every vendor, in the section and in the environment."""
    with open(patient.folder + "/keys", "w") as f:
        f.write("[there]\ntype = access_key\n")
    os.chmod(f.name, 0o600)
    keys = keys.replace("{folder}", patient.folder)
    section = f"[e]\ntype = {kind}\nregion = eu-west-1\n{keys}\n"
    patient.write(text="[sessionfs]\nstate_dir = {folder}/state\n" + section)
    found = only(patient.doctor(env=env), "section_keys")
    assert found["verdict"] == ("warn" if said else "ok"), found
    assert not said or re.match(said, found["found"]), found
    m = mount(config=section, env={**KEYS, "HOME": patient.folder, **env})
    told = re.search(r"warning: \S+ \[e\] (.*)", m.log())
    assert bool(told) == bool(said), m.log()
    assert not said or re.match(said, told[1]), told[1]


@pytest.mark.parametrize("key", ["access_key_id", "aws_secret_access_key",
                                 "password"])
def test_keys_in_the_configuration_are_answered(patient, key):
    patient.write("", f"{key} = geheim1234")
    found = only(patient.doctor(), "config_values")
    assert f"has no key \"{key}\"; credentials do not stand" in found["found"]
    assert "credentials_file" in found["found"]
    assert "geheim1234" not in json.dumps(found)


class Web:
    """A server that answers everything with this."""

    def __init__(self, status, text, **headers):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/livy"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.mark.parametrize("status,text,said,mend", [
    (404, "<title>Not Found</title>", "Not Found", "url to what comes before"),
    (200, "<title>Welcome</title>", "Welcome", "url to what comes before"),
    (200, '{"a": 1}', "no array of sessions", "url to what comes before"),
    (401, "no", "the section's key auth", "set auth (basic, "),
    (403, "forbidden", "forbidden", "let this user see sessions"),
    (500, "<title>Oops</title>", "Oops", "the server's own log"),
])
def test_what_is_no_livy_is_named(patient, status, text, said, mend):
    kind = "application/json" if text[0] == "{" else "text/html"
    with Web(status, text, Content_Type=kind) as web:
        patient.write(text="[sessionfs]\nstate_dir = {folder}/state\n"
                      f"[livy]\nurl = {web.url}\n")
        found = only(patient.doctor(offline=False), "list")
    assert found["verdict"] == "fail" and patient.status == FAILED
    assert said in found["found"] and mend in found["mend"], found
    assert found["found"].startswith(
        f"ListSessions at {web.url} was answered with status {status}: ")


def test_a_wrong_key_is_named(patient, emulator):
    patient.write("", f"endpoint = {emulator('--workspace', 'w-1').url}")
    found = only(patient.doctor(offline=False, env={
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "not-that-secret"}), "list")
    assert found["verdict"] == "fail" and patient.status == FAILED
    assert "correct the credentials" in found["mend"], found


def test_no_credentials_are_named_with_all_sources(patient, emulator):
    patient.write("", f"endpoint = {emulator('--workspace', 'w-1').url}")
    found = only(patient.doctor(offline=False, env={
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "",
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}), "credentials")
    assert found["verdict"] == "fail" and patient.status == FAILED
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in found["found"], found
    assert "log in" in found["mend"]


def test_a_port_where_nobody_listens_is_named(patient):
    patient.write("", "endpoint = http://127.0.0.1:1")
    found = only(patient.doctor(offline=False), "tcp")
    assert found["verdict"] == "fail" and patient.status == FAILED
    assert found["found"] == "127.0.0.1, port 1: Connection refused"
    assert "firewall" in found["mend"]


class Tls:
    """A server that shows a certificate, and then ends each connection."""

    def __init__(self, folder, name="localhost", expired=False,
                 signed_by=None):
        self.key, self.cert = f"{folder}/{name}.key", f"{folder}/{name}.pem"
        more = ["-CA", signed_by.cert, "-CAkey", signed_by.key] \
            if signed_by else []
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
             "-keyout", self.key, "-out", self.cert, *more]).ok()
        if expired:
            past = self.cert + ".past"
            sign = ["openssl", "x509", "-in", self.cert, "-signkey",
                    self.key, "-out", past]
            # OpenSSL 3.4 has dates, and refuses days of before.
            if run([*sign, "-days", "-1"]).status:
                run([*sign, "-not_before", "20200101000000Z",
                     "-not_after", "20200102000000Z"]).ok()
            os.replace(past, self.cert)

    def __enter__(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, args=(context,))
        self.thread.start()
        return self

    def serve(self, context):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.settimeout(10 * harness.SLOW)
                with context.wrap_socket(client, server_side=True) as inside:
                    inside.recv(1)

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()


def seen_by_doctor(patient, tls, ca_file=None):
    patient.write("", f"endpoint = https://localhost:{tls.port}" + (
        f"\nca_file = {ca_file}" if ca_file else ""))
    found = patient.doctor(offline=False)
    return next(f for f in found if f["check"] == "tls")


def test_a_certificate_that_is_trusted_is_told_of(patient):
    with Tls(patient.folder) as tls:
        found = seen_by_doctor(patient, tls, tls.cert)
    assert found["verdict"] == "ok", found
    assert re.search("the certificate of localhost, by localhost, until "
                     "20..-..-..T.*Z, is trusted; TLSv1.3", found["found"])


@pytest.mark.parametrize("keys, trusted, said, mend", [
    ({}, False, "its certificate is signed by itself", "ca_file"),
    ({"name": "elsewhere.example"}, True,
     "its certificate is of another name (of elsewhere.example, by", "endpoint"),
    ({"expired": True}, True, "its certificate has expired", "timedatectl"),
], ids=["unknown", "name", "expired"])
def test_a_certificate_that_is_not_trusted_is_named(
        patient, keys, trusted, said, mend):
    with Tls(patient.folder, **keys) as tls:
        found = seen_by_doctor(patient, tls, trusted and tls.cert)
    assert found["verdict"] == "fail" and patient.status == FAILED
    assert said in found["found"] and "TLSv1" in found["found"], found
    assert mend in found["mend"]


def test_a_fifo_in_place_of_authorities_holds_up_nobody(patient, mount):
    """Nobody writes it, and whoever opens it to read waits."""
    fifo = patient.folder + "/ca"
    os.mkfifo(fifo)
    with Tls(patient.folder) as tls:
        patient.write("", f"endpoint = https://localhost:{tls.port}\n"
                      f"ca_file = {fifo}")
        found = only(patient.doctor(offline=False), "local_files")
        assert "no regular file" in found["found"] and patient.status == FAILED
        m = mount(config={"alibaba": {
            "region": "r", "endpoint": f"https://localhost:{tls.port}",
            "ca_file": fifo}})
        listed = m.run(["ls", m.path + "/alibaba"], timeout=5 * harness.SLOW)
        assert listed.status and listed.seconds < 4 * harness.SLOW
        assert "certificates named by ca_file" in m.read("alibaba/.status")
        m.stop()


def test_an_authority_that_is_not_known_is_named(patient):
    root = Tls(patient.folder, "authority")
    with Tls(patient.folder, signed_by=root) as tls:
        found = seen_by_doctor(patient, tls)
    assert found["verdict"] == "fail"
    assert "not known here" in found["found"]
    assert "of localhost, by authority" in found["found"]
    assert "ca_file" in found["mend"]


def test_what_speaks_no_tls_is_named(patient, emulator):
    emu = emulator("--workspace", "w-1")
    patient.write("", f"endpoint = {emu.url.replace('http:', 'https:')}")
    found = next(f for f in patient.doctor(offline=False)
                 if f["check"] == "tls")
    assert found["verdict"] == "fail" and "endpoint" in found["mend"], found


def test_the_permission_that_is_missing_is_named(patient, emulator):
    emu = emulator("--workspace", "w-1")
    emu.fault(action="ListSessionClusters", times=-1, status=403,
              code="Forbidden.RAM", message="not allowed")
    patient.write("", f"endpoint = {emu.url}")
    found = only(patient.doctor(offline=False), "list")
    assert "let this identity do emr-serverless-spark:ListSessionClusters" \
        in found["mend"], found


def test_a_name_without_an_address_is_named(patient):
    if os.geteuid():
        pytest.skip("only root breaks a machine")
    patient.write("", "endpoint = https://sessionfs.invalid")
    nowhere = over("/etc/resolv.conf", "nameserver 127.0.0.1\\n")
    found = only(patient.doctor(before=nowhere, offline=False), "dns")
    assert found["verdict"] == "fail" and patient.status == FAILED
    assert "sessionfs.invalid has no address" in found["found"]
    assert "/etc/resolv.conf" in found["mend"]


@pytest.mark.parametrize("ahead_s,verdict", [(120, "warn"), (600, "fail")])
def test_a_wrong_clock_is_named(patient, emulator, ahead_s, verdict):
    emu = emulator("--workspace", "w-1")
    emu.control("POST", "clock", {"skew_ms": ahead_s * 1000})
    patient.write("", f"endpoint = {emu.url}")
    found = only(patient.doctor(offline=False), "clock")
    assert found["verdict"] == verdict and "behind" in found["found"], found
    assert "set-ntp" in found["mend"]
    assert patient.status == (FAILED if verdict == "fail" else OK)
