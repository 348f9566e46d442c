"""The real daemon on a real mount, and the real emulator behind it.

A Rig owns what one test (or module) starts, ends all of it, and fails when the
daemon did not end as promised or said something that no healthy daemon says.
No wait is without a deadline; limits are stretched for sanitizer builds.
"""
import collections
import contextlib
import ctypes
import dataclasses
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import report  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build", "gcc"))
SESSIONFS = os.environ.get("SESSIONFS", os.path.join(BUILD, "fs", "sessionfs"))
EMULATOR = os.environ.get("EMULATOR", os.path.join(
    BUILD, "examples", "emulator", "sessionfs-emulator"))
# A program that is asked to end has that long; it takes far less than one second
# where nothing else runs.
END_S = 6
SLOW = 5 if os.environ.get("REPORT_SLOW") else 1
LONG = bool(os.environ.get("REPORT_LONG"))
LONG_S = 600  # how long a test may do the same over and over then
KEY_ID, KEY_SECRET = "emulator-key", "emulator-secret"

# Of tests that ask when and how often a provider is called, which no sanitizer
# has an opinion of: conftest.py leaves them out of those builds.
policy = pytest.mark.policy

SUSPICIOUS = re.compile(
    r"Sanitizer|runtime error:|CRITICAL|[Aa]ssertion|\*\* ERROR|"
    r"stack smashing|double free|corrupted|uncaught|SIGSEGV")
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def setpriv(*options):
    """What to put before a command to run it with these options of setpriv(1).
    Skips the test where that does not work, as in a chroot without /proc."""
    prefix = ("setpriv", *options, "--")
    try:
        done = subprocess.run([*prefix, "true"], text=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no setpriv")
    if done.returncode:
        pytest.skip(done.stderr.strip().split("\n")[-1]
                    or f"setpriv: status {done.returncode}")
    return prefix


def as_nobody():
    """setpriv() of a user who owns nothing of a test's."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    return setpriv("--reuid=65534", "--regid=65534", "--clear-groups")


# A shell's & and nohup ignore these, and every child would inherit that.
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


def die_with_us():
    """In a child, before exec: what we start never outlives the tests."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def eventually(question, timeout=10, interval=0.02):
    """Asks until the answer is true, and returns it; a failed assertion or a
    failed call is a "not yet"."""
    end = time.monotonic() + timeout * SLOW
    while True:
        last = "never true"
        try:
            answer = question()
            if answer:
                return answer
            last = f"last answer: {answer!r}"
        except (AssertionError, OSError) as e:
            last = f"last: {e!r}"
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout * SLOW} s; {last}")
        time.sleep(interval)  # sleeps: the one wait of all


@contextlib.contextmanager
def held(folder):
    """Somebody has the directory open, and so looks at it."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.listdir(folder)
        yield
    finally:
        os.close(fd)


class Listings:
    """How many pages of each workspace the provider is asked for from now on.  The
    emulator keeps the last requests alone, so that it has to be asked now and then."""

    def __init__(self, emu):
        self.emu = emu
        self.pages = collections.Counter()
        self.next = max((r["number"] for r in emu.requests()), default=-1) + 1

    def of(self, workspace):
        for r in self.emu.requests():
            if r["number"] >= self.next and r["action"] == "ListSessionClusters":
                self.pages[re.search("/([^/]+)/sessionClusters", r["target"])[1]] += 1
            self.next = max(self.next, r["number"] + 1)
        return self.pages[workspace]


def meanwhile(emu, workspace, beat, rounds):
    """How many pages of a workspace are asked for until so many of another one are.
    So the provider's calls are the clock: they are as late as those that must not
    come would be."""
    pages = Listings(emu)
    eventually(lambda: pages.of(beat) >= rounds, 60)
    return pages.of(workspace)


@dataclasses.dataclass
class Result:
    status: int  # as a shell has it: 128 + n for signal n
    out: str
    err: str
    seconds: float

    def ok(self):
        assert self.status == 0, self
        return self.out

    def failed(self):
        assert self.status != 0, self
        return self.err


def run(command, shell="bash", timeout=20, cwd=None, env=None, stdin=None,
        prefix=()):
    """Runs a shell command line (or an argv), ended at the deadline."""
    argv = [shell, "-c", command] if isinstance(command, str) \
        else [str(a) for a in command]
    began = time.monotonic()
    process = subprocess.Popen(
        [*prefix, *argv], cwd=cwd, text=True, errors="surrogateescape",
        env={**os.environ, **env} if env else None, start_new_session=True,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(stdin, timeout=timeout * SLOW)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        try:
            out, err = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            out, err = "", "(it cannot be killed, or what it " \
                "started holds its output open)"
        raise AssertionError(
            f"no end within {timeout * SLOW} s: {command}\n{out}\n{err}")
    status = process.returncode
    return Result(status if status >= 0 else 128 - status, out, err,
                  time.monotonic() - began)


def mounted(path, pid="self"):
    """Whether something is mounted at path, without touching it."""
    with open(f"/proc/{pid}/mountinfo") as f:
        return any(line.split(" ")[4] == path.replace(" ", "\\040")
                   for line in f)


class Process:
    """A program of ours: its stderr goes to a file, its end is checked."""

    def __init__(self, argv, log, env, stdout=subprocess.DEVNULL):
        self.argv = argv
        self.log_path = log
        self.ended = False
        with open(log, "ab") as err:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=err,
                env=env, preexec_fn=die_with_us)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def wait(self, seconds):
        """The exit status; AssertionError when it does not come in time."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.argv[0]} runs on after {seconds} s:\n{self.log()}")
        self.ended = True
        return status

    def terminate(self, seconds=None):
        self.process.send_signal(signal.SIGTERM)
        return self.wait((seconds or END_S) * SLOW)

    def kill(self):
        """kill -9, and the mount that is left behind is left behind."""
        self.process.kill()
        return self.wait_killed()

    def wait_killed(self):
        """The status of what SIGKILL ends, by whomever."""
        self.ended = True
        return self.process.wait(10)

    def complaints(self):
        found = [line for line in self.log().split("\n")
                 if SUSPICIOUS.search(line)]
        return found + report.sanitizer_reports(self.pid)


class Emulator(Process):
    """sessionfs-emulator, and its control path as methods."""

    def __init__(self, folder, args=(), starter=()):
        os.makedirs(folder, exist_ok=True)
        super().__init__([*starter, EMULATOR, *map(str, args)],
                         os.path.join(folder, "emulator.log"),
                         dict(os.environ), subprocess.PIPE)
        self.url = self._ready(60 * SLOW)

    def _ready(self, seconds):
        end = time.monotonic() + seconds
        said = b""
        fd = self.process.stdout.fileno()
        while b"\n" not in said:
            left = end - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise AssertionError("the emulator does not become ready:\n"
                                     + self.log())
            part = os.read(fd, 4096)
            if not part:
                raise AssertionError(
                    f"the emulator ended: {self.wait(5)}\n{self.log()}")
            said += part
        word, url = said.decode().split("\n")[0].split(" ", 1)
        assert word == "ready", said
        return url.strip()

    def control(self, method, path, body=None, timeout=30):
        request = urllib.request.Request(
            f"{self.url}/_control/{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout * SLOW) as answer:
                text = answer.read()
        except urllib.error.HTTPError as e:
            raise AssertionError(
                f"{method} {path}: {e.code} {e.read().decode()}") from None
        return json.loads(text) if text.strip() else None

    def counts(self, provider="alibaba"):
        """{action: calls}, since the start or the last reset."""
        return self.control("GET", "counts")[provider]

    def count(self, action, provider="alibaba"):
        return self.counts(provider)[action]

    def reset(self):
        """Counts and requests begin anew, faults go; sessions stay."""
        self.control("POST", "reset")

    def advance(self, ms):
        return self.control("POST", "clock", {"advance_ms": ms})

    def fault(self, **fault):
        self.control("POST", "fault", fault)

    def no_faults(self):
        self.control("DELETE", "faults")

    def session(self, workspace, record, provider="alibaba", extra=None):
        """Puts a session there, or changes members of the one of that id;
        extra: those that only a get shows."""
        body = {"provider": provider, "workspace": workspace,
                "session": record}
        if extra is not None:
            body["extra"] = extra
        return self.control("POST", "session", body)

    def workspace(self, workspace, provider="alibaba", **members):
        """Makes a workspace, or changes its `record`, its `extra`."""
        self.control("POST", "workspace", {
            "provider": provider, "workspace": workspace, **members})

    def remove(self, workspace, session, provider="alibaba"):
        query = urllib.parse.urlencode({
            "provider": provider, "workspace": workspace, "id": session})
        self.control("DELETE", "session?" + query)

    def dump(self, workspace, provider="alibaba"):
        """{"sessions", "total", "created", "made": [{"id", "token"}]}"""
        query = urllib.parse.urlencode({
            "provider": provider, "workspace": workspace})
        return self.control("GET", "sessions?" + query, timeout=120)

    def sessions(self, workspace, provider="alibaba"):
        return self.dump(workspace, provider)["sessions"]

    def restart(self, workspace, provider):
        """As a server that keeps its sessions in memory."""
        self.control("POST", "restart", {
            "provider": provider, "workspace": workspace})

    def requests(self):
        answer = self.control("GET", "requests")
        return answer["requests"] if isinstance(answer, dict) else answer

    def churn(self, **what):
        return self.control("POST", "churn", what)


def key_file(sections):
    """The text of a config: {section: {key: value}}."""
    out = []
    for name, keys in sections.items():
        out.append(f"[{name}]")
        for key, value in keys.items():
            if isinstance(value, bool):
                value = str(value).lower()
            out.append(f"{key} = {value}")
        out.append("")
    return "\n".join(out)


class Mount(Process):
    """`sessionfs -f` on a mount point of its own.

    starter: a program that becomes it, as ["nohup"] does.
    """

    def __init__(self, folder, sections, options=(), env=None, place=None,
                 argv=None, wait=True, starter=()):
        self.place = place or Place()
        self.folder = folder
        self.path = os.path.join(folder, "mnt")
        self.state_dir = os.path.join(folder, "state")
        self.config = os.path.join(folder, "sessionfs.conf")
        for inside in ("mnt", "state", "home", "run"):
            inside = os.path.join(folder, inside)
            if not mounted(inside):  # a dead mount is no directory any more
                os.makedirs(inside, 0o700, exist_ok=True)
        if isinstance(sections, dict):
            sections = key_file(sections)
        with open(self.config, "w") as f:
            f.write(sections)
        self.place.give(folder)
        if argv is None:
            argv = ["-f", "-c", self.config, *map(str, options), self.path]
        super().__init__([*self.place.prefix, *starter,
                          self.place.program(SESSIONFS), *argv],
                         os.path.join(folder, "daemon.log"),
                         self._environment(env))
        if wait:
            self.wait_mounted()

    def _environment(self, extra):
        home = os.path.join(self.folder, "home")
        env = {k: v for k, v in os.environ.items() if k in
               ("PATH", "LC_ALL", "TZ", "MALLOC_PERTURB_", "G_SLICE") or
               k.endswith("SAN_OPTIONS")}
        env.update(
            HOME=home, XDG_STATE_HOME=home + "/state",
            XDG_CONFIG_HOME=home + "/config", XDG_CACHE_HOME=home + "/cache",
            XDG_RUNTIME_DIR=os.path.join(self.folder, "run"),
            ALIBABA_CLOUD_ACCESS_KEY_ID=KEY_ID,
            ALIBABA_CLOUD_ACCESS_KEY_SECRET=KEY_SECRET,
            ALIBABA_CLOUD_ECS_METADATA_DISABLED="true")
        for key, value in (extra or {}).items():
            if value is None:
                env.pop(key, None)
            else:
                env[key] = value
        return env

    def is_mounted(self):
        return mounted(self.path, self.place.pid)

    def wait_mounted(self, seconds=10):
        # A dead mount has no statfs; what lies below has no root number 1.
        ask = 'stat -f "$0" > /dev/null && stat -c %i "$0"'

        def decided():
            return self.run(["sh", "-c", ask, self.path],
                            timeout=seconds).out == "1\n" or not self.alive()
        try:
            eventually(decided, seconds, 0.01)
        except AssertionError as e:
            raise AssertionError(f"no mount: {e}\n{self.log()}") from None
        if not self.alive():
            raise AssertionError(
                f"sessionfs ended: {self.wait(5)}\n{self.log()}")

    def run(self, command, **how):
        """A command as whoever may use this mount."""
        how["env"] = {"HOME": os.path.join(self.folder, "home"),
                      **(how.get("env") or {})}
        return run(command, prefix=self.place.prefix, **how)

    def ws(self, workspace, section="alibaba"):
        return os.path.join(self.path, section, workspace)

    def read(self, *path, timeout=20):
        """A file's text, read by a process that can be ended."""
        return self.run(["cat", "--", os.path.join(self.path, *path)],
                        timeout=timeout).ok()

    def status(self, folder):
        """{key: value} of the .status of a workspace or a provider."""
        return dict(re.findall(r"(?m)^(\w+): *(.*?) *$",
                               self.read(folder, ".status")))

    def told(self, key):
        """What the mount's status says of the daemon."""
        for line in self.read(".sessionfs", "status").split("\n"):
            name, _, value = line.partition(": ")
            if name == key:
                return value
        raise AssertionError(f"there is no {key}")

    def rests(self, folder):
        """Whether nobody asks for it now, or will within ten minutes."""
        now = self.status(folder)
        return now["refreshing"] == "no" and \
            not 0 <= int(now["next_refresh_ms"]) < 600 * 1000

    def metrics(self):
        """{'name{label="x"}': number} of .sessionfs/metrics."""
        found = {}
        for line in self.read(".sessionfs", "metrics").split("\n"):
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                found[name] = float(value)
        return found

    def metric(self, name, **labels):
        """The sum of a metric's values that have these labels."""
        total = 0
        for key, value in self.metrics().items():
            base, _, rest = key.partition("{")
            if base == name and all(f'{k}="{v}"' in rest
                                    for k, v in labels.items()):
                total += value
        return total

    def wait_killed(self):
        """A daemon that dies while the kernel has a notification wait for the lock
        of a directory, in which somebody waits for that daemon, is stuck for good:
        only the end of the connection frees both.  tests/README.md says when that
        may be, and it is no reason to fail another test.  A thread in fsync ends
        when the disk has answered."""
        self.ended = True
        try:
            return self.process.wait(20 * SLOW)
        except subprocess.TimeoutExpired:
            self.end_connection()
            return self.process.wait(60)

    def end_connection(self):
        """As `umount -f` would, which needs nobody to answer; takes root."""
        with open("/proc/self/mountinfo") as f:
            minors = {line.split()[4]: line.split()[2].split(":")[1]
                      for line in f}
        control = os.path.join(self.folder, "connections")
        os.makedirs(control, exist_ok=True)
        run(["mount", "-t", "fusectl", "none", control]).ok()
        try:
            with open(f"{control}/{minors[self.path]}/abort", "w") as f:
                f.write("1")
        finally:
            run(["umount", control]).ok()

    def stop(self):
        """SIGTERM: it has to end soon, cleanly, and be unmounted."""
        status = self.terminate()
        assert status == 0, f"exit status {status}:\n{self.log()}"
        assert not self.is_mounted(), "ended, and the mount is still there"

    def detach(self):
        """Whatever became of the daemon, its mount goes."""
        for _ in range(4):
            if not self.is_mounted():
                return
            run(["umount", "-l", self.path] if self.place.root() else
                ["fusermount3", "-uz", self.path], prefix=self.place.inside)


def remount(path, how):
    """By mount(2): the newer calls, which libmount prefers, change nothing of FUSE."""
    run(["mount", "-i", "-o", f"remount,{how}", path],
        env={"LIBMOUNT_FORCE_MOUNT2": "always"}).ok()


class Place:
    """Where and as whom things run: here, as whoever runs the tests."""
    prefix = inside = ()
    pid = "self"

    def give(self, path):
        """Makes a folder usable for whom things run as."""

    def program(self, path):
        return path

    def root(self):
        return os.geteuid() == 0

    def close(self):
        pass


HOLD = r"""
set -e
mount -t tmpfs -o mode=755 none "$1"
mknod -m 666 "$1/fuse" c 10 229
mount --bind "$1/fuse" /dev/fuse
mkdir "$1/build"
mount --bind "$2" "$1/build"
echo held
exec sleep infinity
"""


class UserPlace(Place):
    """As an ordinary user, in a mount namespace whose /dev/fuse is 0666.

    Paths under it are seen only by what runs with its prefix.
    """
    uid = 65534  # nobody: fusermount3 wants one that has a name

    def __init__(self, folder):
        become = setpriv(f"--reuid={self.uid}", f"--regid={self.uid}",
                         "--clear-groups", "--pdeathsig=TERM")
        self.base = folder
        self.build = os.path.join(folder, "ns")
        os.makedirs(self.build)
        os.chmod(folder, 0o755)
        self.holder = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", HOLD,
             "sh", self.build, BUILD], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=die_with_us)
        if self.holder.stdout.readline() != "held\n":
            self.holder.kill()
            raise OSError(self.holder.communicate()[1].strip())
        self.pid = self.holder.pid
        self.inside = ("nsenter", "-t", str(self.pid), "-m", "--")
        self.prefix = (*self.inside, *become)

    def give(self, path):
        for folder, names, files in os.walk(path):
            for inside in (folder, *(os.path.join(folder, n)
                                     for n in names + files)):
                os.chown(inside, self.uid, self.uid, follow_symlinks=False)

    def program(self, path):
        """The build is bound to where that user can reach it."""
        return os.path.join(self.build, "build", os.path.relpath(path, BUILD))

    def root(self):
        return True  # what unmounts does so by `inside`

    def close(self):
        self.holder.kill()
        self.holder.wait(10)


class Rig:
    """What one test starts; close() ends it and says what was wrong."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.started = []
        self.places = []
        self.guard = threading.Timer(
            120 * SLOW + (LONG_S if LONG else 0), self.abort)
        self.guard.daemon = True

    def watch(self):
        """A daemon that hangs would hang the tests too: it is killed."""
        self.guard.start()
        return self

    def abort(self):
        for process in self.started:
            if process.alive():
                process.process.kill()

    def new_folder(self, name, place=None):
        base = place.base if place and place.prefix else self.folder
        return tempfile.mkdtemp(prefix=name + "-", dir=base)

    def emulator(self, *args, starter=()):
        made = Emulator(self.new_folder("emulator"), args, starter)
        self.started.append(made)
        return made

    def mount(self, emulator=None, config=None, options=(), env=None,
              place=None, folder=None, wait=True, argv=None, starter=()):
        """config: a key file's text, or {section: {key: value}} over the
        defaults (a value of None takes a key away)."""
        folder = folder or self.new_folder("mount", place)
        if not isinstance(config, str):
            config = self.sections(folder, emulator, config or {})
        made = Mount(folder, config, options, env, place, argv, wait=False,
                     starter=starter)
        self.started.append(made)
        if wait:
            made.wait_mounted()
        return made

    @staticmethod
    def sections(folder, emulator, config):
        sections = {
            "sessionfs": {"state_dir": os.path.join(folder, "state")},
            "alibaba": {"region": "cn-hangzhou",
                        "endpoint": emulator.url if emulator else None}}
        for name, keys in config.items():
            sections.setdefault(name, {}).update(keys)
        return {name: {k: v for k, v in keys.items() if v is not None}
                for name, keys in sections.items()}

    def user(self):
        """Raises OSError where namespaces may not be made."""
        base = os.environ.get("REPORT_FILE")
        folder = tempfile.mkdtemp(prefix="sessionfs-user-",
                                  dir=base and os.path.dirname(base))
        place = UserPlace(folder)
        self.places.append(place)
        return place

    def close(self):
        self.guard.cancel()
        wrong = []
        for process in reversed(self.started):
            wrong += self._end(process)
        for place in self.places:
            place.close()
            shutil.rmtree(place.base, ignore_errors=True)
        assert not wrong, "\n".join(wrong)

    @staticmethod
    def _end(process):
        wrong = []
        name = os.path.basename(process.argv[0])
        try:
            if not process.ended:
                status = process.terminate()
                if status:
                    wrong.append(f"{name} ended with status {status}:\n"
                                 + process.log()[-4000:])
        except AssertionError as e:
            wrong.append(str(e)[-4000:])
            process.kill()
        finally:
            if isinstance(process, Mount):
                process.detach()
        return wrong + [f"{name} said: {text}"
                        for text in process.complaints()]


def fuse_trouble():
    """Why no mount can be made here; None when it can."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as e:
        return f"/dev/fuse: {e.strerror}"
    for program in (SESSIONFS, EMULATOR):
        if not os.access(program, os.X_OK):
            return f"{program} is not built"
    return None
