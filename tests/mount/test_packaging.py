"""What an installation has, and whether the shells' completions, the example of
a configuration and the packages' lists agree with the program."""
import configparser
import os
import re
import shutil
import subprocess

import pytest

import harness
from harness import run

PACKAGING = os.path.join(harness.ROOT, "packaging")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    if harness.SLOW > 1:
        pytest.skip("the same files as of the other builds")
    folder = str(tmp_path_factory.mktemp("installed"))
    done = subprocess.run(
        ["meson", "install", "-C", harness.BUILD, "--no-rebuild"],
        env={**os.environ, "DESTDIR": folder}, capture_output=True, text=True)
    assert done.returncode == 0, done
    return os.path.join(folder, "usr/local")


def test_all_that_is_told_of_is_installed(installed):
    for name in ("bin/sessionfs", "bin/sessionfs-emulator",
                 "sbin/mount.sessionfs", "sbin/mount.fuse.sessionfs",
                 "share/man/man8/mount.sessionfs.8",
                 "share/doc/sessionfs/LICENSE",
                 "share/doc/sessionfs/README.md",
                 "share/doc/sessionfs/examples/sessionfs.conf",
                 "share/doc/sessionfs/examples/cookbook/clone",
                 "share/doc/sessionfs/examples/demo.svg",
                 "share/doc/sessionfs/examples/specs/livy-minimal.json",
                 "share/doc/sessionfs/examples/quickstart/livy.md",
                 "share/doc/sessionfs/examples/policies/livy.conf",
                 "share/doc/sessionfs/examples/monitoring/alerts.yml"):
        assert os.path.lexists(os.path.join(installed, name)), name
    pages = [name for _, _, names in os.walk(PACKAGING + "/man")
             for name in names]
    found = [name for _, _, names in os.walk(installed + "/share/man")
             for name in names]
    assert set(pages) <= set(found)


def test_the_lists_of_the_rpm_are_whole(installed):
    with open(PACKAGING + "/sessionfs.spec") as f:
        spec = f.read()
    places = {"%{_bindir}": "bin", "%{_sbindir}": "sbin",
              "%{_mandir}": "share/man", "%{_docdir}": "share/doc",
              "%{_datadir}": "share"}
    patterns = []
    for line in re.findall(r"^%\{_\w+\}\S+$", spec, re.M):
        for macro, place in places.items():
            line = line.replace(macro, place)
        patterns.append(re.escape(line).replace(r"\*", ".*"))
    for folder, _, names in os.walk(installed):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), installed)
            assert any(re.match(p, path) for p in patterns) or \
                "systemd" in path, path
    for macro in ("%{_unitdir}", "%{_userunitdir}"):
        assert f"\n{macro}/sessionfs@.service\n" in spec


def complete(installed, *words, setup=""):
    script = f"""{setup}
compopt() {{ :; }}
source "{installed}/share/bash-completion/completions/sessionfs"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
f=$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\).*/\\1/')
$f
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    return run(["bash", "-c", script, "bash", *words]).ok().split()


@pytest.mark.parametrize("words,wanted", [
    (("sessionfs", "--de"), ["--debug", "--demo"]),
    (("sessionfs", "hel"), ["help"]),
    (("sessionfs", "help", "--h"), ["--help"]),
    (("sessionfs", "-o", "ro,state"), ["ro,state_dir"]),
    (("sessionfs", "--trace", "a"), ["api"])])
def test_bash_completes(installed, words, wanted):
    assert complete(installed, *words) == wanted


def test_bash_completes_verbs_where_they_can_be_written(installed, tmp_path):
    assert complete(installed, "echo", "ter",
                    setup=f"cd '{tmp_path}'; >ctl") == ["terminate"]
    os.unlink(tmp_path / "ctl")
    assert complete(installed, "echo", "ter", setup=f"cd '{tmp_path}'") == []


@pytest.mark.parametrize("shell,name", [
    ("bash", "bash-completion/completions/sessionfs"),
    ("zsh", "zsh/site-functions/_sessionfs"),
    ("fish", "fish/vendor_completions.d/sessionfs.fish")])
def test_each_shell_can_read_its_completions(installed, shell, name):
    with open(os.path.join(installed, "share", name)) as f:
        text = f.read()
    for word in ("metrics_socket", "terminate", "help"):
        assert word in text
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell}")
    run([shell, "-n", os.path.join(installed, "share", name)]).ok()


def test_the_example_of_a_configuration_is_right(mount, tmp_path):
    """All of its remarks that are keys, taken out of their remarks."""
    with open(PACKAGING + "/sessionfs.conf") as f:
        text = re.sub(r"^#(?! )", "", f.read(), flags=re.M)
    text = re.sub(r"^metrics_socket = .*", f"metrics_socket = {tmp_path}/m",
                  text, flags=re.M)
    text = re.sub(r"^profile = .*\n", "", text, flags=re.M)
    parsed = configparser.ConfigParser()
    parsed.read_string(text)
    keys = tmp_path / "aws"
    keys.write_text(
        "[default]\naws_access_key_id = k\naws_secret_access_key = s\n")
    keys.chmod(0o600)
    m = mount(config=text, env={
        "CREDENTIALS_DIRECTORY": str(tmp_path), "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
        "HUAWEICLOUD_SDK_AK": "k", "HUAWEICLOUD_SDK_SK": "s"})
    assert set(parsed.sections()) - {"sessionfs"} <= set(os.listdir(m.path))


def test_versions_agree():
    with open(harness.ROOT + "/meson.build") as f:
        version = re.search(r"version: '([^']+)'", f.read())[1]
    for name, pattern in (("debian/changelog", r"^sessionfs \(([^)-]+)"),
                          ("sessionfs.spec", r"^Version: *(\S+)")):
        with open(os.path.join(PACKAGING, name)) as f:
            assert re.search(pattern, f.read(), re.M)[1] == version, name
