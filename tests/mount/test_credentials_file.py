"""The key `credentials_file`, of every provider: that file and no other, as systemd's
LoadCredential= leaves it in the directory of a unit."""
import errno
import json
import os

import pytest

from harness import KEY_ID, KEY_SECRET, eventually
from test_no_keys import NONE, ROW, refused
from test_providers import section

PAIRS = {
    "alibaba": "[default]\ntype = access_key\naccess_key_id = {id}\n"
               "access_key_secret = {secret}\n",
    "emr": "[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n",
    "dli": "[basic]\nak = {id}\nsk = {secret}\n",
}
PAIRS["emr-serverless"] = PAIRS["emr"]
TOKEN = "sesame-of-livy"
# Of another account, so that nobody lists with them.
WRONG = {name: "wrong" for name in (
    "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HUAWEICLOUD_SDK_AK",
    "HUAWEICLOUD_SDK_SK", "CLOUDSDK_AUTH_ACCESS_TOKEN")}
LOADED = "${CREDENTIALS_DIRECTORY}/"
KINDS = ["alibaba", "emr-serverless", "emr", "dli", "livy", "dataproc"]


def content(kind, emu):
    """What the file of a provider holds."""
    if kind == "livy":
        return TOKEN + "\n"
    if kind == "dataproc":
        return json.dumps({
            "type": "authorized_user", "token_uri": emu.url + "/token",
            "client_id": KEY_ID, "client_secret": KEY_SECRET,
            "refresh_token": "emulator-refresh"})
    return PAIRS[kind].format(id=KEY_ID, secret=KEY_SECRET)


class Unit:
    """What a unit with LoadCredential= has: a directory with a file for each
    credential, which only its own daemon may read."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "credentials")
        os.mkdir(self.folder, 0o700)
        self.env = {**WRONG, "CREDENTIALS_DIRECTORY": self.folder}

    def load(self, name, text, mode=0o400):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        return path


@pytest.fixture
def unit(tmp_path):
    return Unit(tmp_path)


def keys(kind, emu, path):
    more = {"auth": "bearer"} if kind == "livy" else {}
    return {**section(ROW[kind], emu), **more, "credentials_file": path}


def started(emulator, kind):
    options = ("--livy-token", TOKEN) if kind == "livy" else ()
    room = "livy" if kind == "livy" else ROW[kind].workspace
    return emulator("--workspace", f"{kind}:{room}" if room != "livy" else
                    "livy:livy", *options)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_a_unit_loads_is_taken(emulator, mount, unit, kind):
    emu = started(emulator, kind)
    path = unit.load("key", content(kind, emu))
    m = mount(emu, config={"cloud": keys(kind, emu, LOADED + "key")},
              env=unit.env)
    (name,) = (n for n in os.listdir(os.path.join(m.path, "cloud"))
               if n[0] != ".")
    os.listdir(os.path.join(m.path, "cloud", name))
    said = m.read("cloud/.status")
    assert "credentials_error" not in said, said
    assert f"credentials_file = {path}\n" in m.read(".sessionfs/config")
    assert "that cannot be read" not in m.log() and "others may" not in m.log()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_not_there(emulator, mount, unit, kind):
    """It is told at the start, by whoever asks, and by the doctor."""
    emu = started(emulator, kind)
    missing = os.path.join(unit.folder, "nosuch")
    m = mount(emu, config={"cloud": keys(kind, emu, LOADED + "nosuch")},
              env=unit.env)
    assert (f"[cloud] credentials_file names a file that cannot be read: "
            f"{missing}: No such file") in m.log()
    refused(m, ROW[kind], "credentials_file", missing + ": No such file")
    unit.load("nosuch", content(kind, emu))
    eventually(lambda: listed(m))


def listed(m):
    folder = os.path.join(m.path, "cloud")
    try:
        names = [n for n in os.listdir(folder) if n[0] != "."]
        return names and os.listdir(os.path.join(folder, names[0])) is not None
    except OSError as e:
        assert e.errno == errno.ENOKEY, e
        return False


@pytest.mark.parametrize("mode,told", [(0o644, True), (0o666, True),
                                       (0o600, False)])
def test_a_secret_for_everybody_is_told(emulator, mount, unit, mode, told):
    emu = started(emulator, "emr")
    path = unit.load("key", content("emr", emu), mode)
    m = mount(emu, config={"cloud": keys("emr", emu, path)}, env=unit.env)
    said = (f"[cloud] credentials_file names a file that others may read or "
            f"write: chmod 600 {path}")
    assert (said in m.log()) == told, m.log()


def test_a_start_outside_of_the_unit(mount, tmp_path):
    """The variable is not set there: nothing is mounted, and that is said."""
    config = tmp_path / "c.conf"
    config.write_text("[emr]\nregion = us-east-1\n"
                      f"credentials_file = {LOADED}aws\n")
    (tmp_path / "mnt").mkdir()
    m = mount(argv=["-f", "-c", str(config), str(tmp_path / "mnt")],
              env=NONE, wait=False)
    assert m.wait(20) != 0
    assert "systemd sets it for a unit with LoadCredential=" in m.log()
