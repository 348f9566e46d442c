"""The log in a file of its own: moved away, made anew, and where it cannot be."""
import json
import os
import resource
import signal
import stat

import pytest

import harness
from harness import eventually

END = 3  # exit status: a fault of the configuration


@pytest.fixture
def place(rig):
    return os.path.join(rig.new_folder("log"), "sessionfs.log")


def text_of(path):
    with open(path) as f:
        return f.read()


def test_all_lines_go_to_the_file(emulator, mount, place):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, config={"sessionfs": {"log_file": place}})
    assert "note: serving " + m.path in text_of(place)
    assert not m.log()
    assert stat.S_IMODE(os.stat(place).st_mode) == 0o600
    first = text_of(place)
    m.stop()
    mount(emu, folder=m.folder, config={"sessionfs": {"log_file": place}})
    assert text_of(place).startswith(first)
    assert text_of(place).count("note: serving ") == 2


def test_its_lines_may_be_objects_and_the_trace_is_among_them(
        emulator, mount, place):
    m = mount(emulator("--fill", "w-1=3"), options=["--trace=fuse"], config={
        "sessionfs": {"log_file": place, "log_json": True}})
    os.listdir(m.ws("w-1"))
    lines = [json.loads(line) for line in text_of(place).splitlines()]
    assert {"note", "trace"} <= {line["level"] for line in lines}
    assert "note: serving" in m.read(".sessionfs", "log")


@pytest.mark.parametrize("fine", [True, False])
def test_a_reload_opens_it_again(emulator, mount, place, fine):
    """Also one whose configuration is refused."""
    m = mount(emulator("--fill", "w-1=3"),
              config={"sessionfs": {"log_file": place}})
    os.rename(place, place + ".1")
    if not fine:
        with open(m.config, "a") as f:
            f.write("\n[clowds]\n")
    m.process.send_signal(signal.SIGHUP)
    said = "was read again" if fine else "stays as it was"
    eventually(lambda: said in text_of(place))
    assert "serving" not in text_of(place)
    assert text_of(place + ".1").count("\n") == 1


def test_a_reload_gives_it_another_place_or_none(emulator, mount, place):
    m = mount(emulator("--fill", "w-1=3"),
              config={"sessionfs": {"log_file": place}})
    text = text_of(m.config)

    def reload(key):
        with open(m.config, "w") as f:
            f.write(text.replace(f"log_file = {place}", key))
        m.process.send_signal(signal.SIGHUP)
    reload(f"log_file = {place}.2")
    eventually(lambda: "was read again" in text_of(place + ".2"))
    reload(f"log_file = {place}/none")
    eventually(lambda: "the log goes on where it was" in text_of(place + ".2"))
    reload("")
    eventually(lambda: "was read again" in m.log())


def test_what_it_does_not_take_is_on_stderr(emulator, mount, place):
    """Here it is as long as a file may be."""
    with open(place, "w") as f:
        f.truncate(1 << 20)
    m = mount(emulator("--fill", "w-1=3"),
              config={"sessionfs": {"log_file": place}})
    before = os.path.getsize(place)
    _, most = resource.prlimit(m.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(m.pid, resource.RLIMIT_FSIZE, (1 << 20, most))
    m.process.send_signal(signal.SIGHUP)
    eventually(lambda: "was read again" in m.log())
    resource.prlimit(m.pid, resource.RLIMIT_FSIZE, (most, most))
    assert os.path.getsize(place) == before


@pytest.mark.parametrize("what,word", [
    ("folder", "there is no such directory"), ("pipe", "no regular file"),
    ("link", "it is a symbolic link"), ("mount", "would hide"),
    ("directory", "no regular file")])
def test_where_it_cannot_be(emulator, mount, rig, place, what, word):
    folder = rig.new_folder("m")
    if what == "folder":
        place += "/log"
    if what == "pipe":
        os.mkfifo(place)
    if what == "link":
        os.symlink("/etc/passwd", place)
    if what == "directory":
        os.mkdir(place)
    if what == "mount":
        place = folder + "/mnt/log"
    m = mount(emulator("--fill", "w-1=1"), folder=folder, wait=False,
              config={"sessionfs": {"log_file": place}})
    assert m.wait(harness.END_S * harness.SLOW) == END
    assert "[sessionfs] log_file: " in m.log() and word in m.log()
