"""packaging/install-deps, where it may not install: on a machine whose package
manager it only names, it says nothing when all is there."""
import os
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
