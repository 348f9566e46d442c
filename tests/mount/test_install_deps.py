"""packaging/install-deps, where it may not install: on a machine whose package
manager it only names, it says nothing when all is there."""
import os
import pty
import subprocess

import pytest

from harness import ROOT

MANAGERS = {"dnf": "dnf install jq", "pacman": "pacman -S --needed jq",
            "zypper": "zypper install jq", None: "missing: cmd:jq"}


@pytest.fixture(params=MANAGERS, ids=str)
def machine(request, tmp_path):
    """Runs install-deps with one package manager, and without some programs."""
    def ask(*absent):
        bin = tmp_path / f"bin{len(absent)}"
        bin.mkdir()
        for folder in os.environ["PATH"].split(":"):
            if os.path.basename(folder) == "ccache":
                continue  # its names look for the real ones in PATH
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                if name not in ("apt-get", "dpkg-query", *MANAGERS, *absent) \
                        and not os.path.lexists(bin / name):
                    os.symlink(os.path.join(folder, name), bin / name)
        if request.param:
            (bin / request.param).write_text("#!/bin/sh\nexit 99\n")
            (bin / request.param).chmod(0o755)
        return subprocess.run(
            ["/bin/sh", os.path.join(ROOT, "packaging", "install-deps"), "test"],
            env={**os.environ, "PATH": str(bin)}, text=True,
            capture_output=True, stdin=subprocess.DEVNULL)
    ask.named = MANAGERS[request.param]
    return ask


def test_nothing_is_said_where_all_is_there(machine):
    done = machine()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_missing_package_is_named_for_the_package_manager(machine):
    done = machine("jq")
    assert done.returncode == 1
    assert done.stderr.strip().endswith(machine.named)


# ---- where it may install ----

APT = r"""#!/bin/sh
echo "$@" >>"$0.calls"
case "$*" in
*--assume-no*) echo 'Need to get 7 kB of archives.' ;;
*' -s '* | -s*) echo '0 upgraded, 1 newly installed, 0 to remove.' ;;
*' -y '*) ln -s "$(command -v true)" "${0%/*}/jq" ;;
esac
"""
SUDO = """#!/bin/sh
exit 1
"""


@pytest.fixture
def debian(tmp_path):
    """A machine with an apt-get of ours, and without jq."""
    bin = tmp_path / "bin"
    bin.mkdir()
    for folder in os.environ["PATH"].split(":"):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if os.path.basename(folder) != "ccache" and not os.path.lexists(
                    bin / name) and name not in ("apt-get", "jq", "sudo", "id"):
                os.symlink(os.path.join(folder, name), bin / name)
    for name, text in (("apt-get", APT), ("sudo", SUDO),
                       ("id", "#!/bin/sh\necho ${WHO-0}\n")):
        (bin / name).write_text(text)
        (bin / name).chmod(0o755)

    def ask(answer=None, **env):
        """(status, what was said); answer: typed on a terminal."""
        argv = ["/bin/sh", os.path.join(ROOT, "packaging", "install-deps"),
                "test"]
        env = {**os.environ, "PATH": str(bin), **env}
        if answer is None:
            done = subprocess.run(argv, env=env, text=True,
                                  capture_output=True,
                                  stdin=subprocess.DEVNULL)
            return done.returncode, done.stderr
        ours, theirs = pty.openpty()
        process = subprocess.Popen(argv, env=env, stdin=theirs, stdout=theirs,
                                   stderr=theirs)
        os.close(theirs)
        os.write(ours, answer.encode())
        said = b""
        try:
            while part := os.read(ours, 4096):
                said += part
        except OSError:
            pass
        os.close(ours)
        return process.wait(60), said.decode()

    def installs():
        calls = bin / "apt-get.calls"
        return "install -y" in calls.read_text() if calls.exists() else False
    ask.installs = installs
    return ask


def test_without_a_terminal_it_installs_and_asks_nothing(debian):
    status, said = debian()
    assert status == 0 and "[Y/n]" not in said, said
    assert debian.installs()


def test_on_a_terminal_it_tells_number_and_size_and_asks(debian):
    status, said = debian("n\n")
    assert "1 newly installed" in said and "Need to get 7 kB" in said
    assert "install jq? [Y/n]" in said
    assert status == 1 and "nothing was installed" in said
    assert not debian.installs()


def test_yes_is_the_default(debian):
    status, said = debian("\n")
    assert status == 0 and "[Y/n]" in said, said
    assert debian.installs()


def test_sudo_that_wants_a_password_says_so(debian):
    status, said = debian(WHO="1000")
    assert status == 1 and "sudo wants a password" in said and "jq" in said
    assert not debian.installs()
