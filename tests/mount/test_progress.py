"""The line on the terminal that says how far a first listing is."""
import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import tty

import pytest

import harness
from harness import eventually

SLOWLY = {"sessionfs": {"deadline": "60s"}}


class Terminal:
    """A terminal of so many columns, and what was written on it."""

    def __init__(self, columns=80):
        self.end, self.slave = pty.openpty()
        tty.setraw(self.slave)  # "\n" stays what it is
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        self.written = ""

    @property
    def starter(self):
        """Whose standard error it is; of what is not started by us."""
        return ("sh", "-c", 'exec "$0" "$@" 2>' + os.ttyname(self.slave))

    def look(self):
        while select.select([self.end], [], [], 0)[0]:
            self.written += os.read(self.end, 65536).decode()
        return self.written

    def screen(self):
        """The lines as they stand there, the last of which is the cursor's."""
        lines, at = [""], 0
        for piece in re.findall(r"\r|\n|[^\r\n]+", self.look()):
            if piece == "\n":
                lines.append("")
                at = 0
            elif piece == "\r":
                at = 0
            else:
                assert "\033" not in piece, piece
                lines[-1] = lines[-1][:at] + piece + lines[-1][at + len(piece):]
                at += len(piece)
        return [line.rstrip(" ") for line in lines]

    def close(self):
        os.close(self.end)
        os.close(self.slave)


@pytest.fixture
def terminal():
    with contextlib.ExitStack() as stack:
        def make(columns=80):
            made = Terminal(columns)
            stack.callback(made.close)
            return made
        yield make


@contextlib.contextmanager
def listing(path):
    """Somebody who lists a directory, and waits for that."""
    reader = subprocess.Popen(["ls", path], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        reader.kill()
        reader.wait()


def test_the_foreground_tells_how_far_it_is(emulator, mount, terminal):
    screen = terminal()
    emu = emulator("--fill", "w-1=350")
    m = mount(emu, config=SLOWLY, starter=screen.starter)
    emu.fault(action="ListSessionClusters", skip=2, times=-1, hang=True)
    with listing(m.ws("w-1")):
        eventually(lambda: screen.screen()[-1] ==
                   "alibaba/w-1 [##########          ] "
                   "page 2 of about 4, 200 so far")
        # What is logged meanwhile has a line of its own.
        with open(m.config, "a") as f:
            f.write("nonsense = 1\n")
        m.process.send_signal(harness.signal.SIGHUP)
        eventually(lambda: any(re.match(r"\d{4}-\S+ warning: ", line)
                               for line in screen.screen()))
        assert not any("alibaba/w-1 [" in line and "warning" in line
                       for line in screen.screen())
        emu.no_faults()
        eventually(lambda: screen.screen()[-1] == "", 20)
    assert not any("page" in line for line in screen.screen())
    m.stop()


@pytest.mark.parametrize("columns", [24, 40])
def test_a_narrow_terminal_has_one_line(emulator, mount, terminal, columns):
    screen = terminal(columns)
    emu = emulator("--fill", "w-1=350")
    m = mount(emu, config=SLOWLY, starter=screen.starter)
    emu.fault(action="ListSessionClusters", skip=2, times=-1, hang=True)
    text = "alibaba/w-1: page 2 of about 4, 200 so far"
    with listing(m.ws("w-1")):
        eventually(lambda: screen.screen()[-1] == text[:columns - 1].rstrip())
        emu.no_faults()


def many(emulator, *args):
    """An account whose list of workspaces has several pages."""
    return emulator(*args, *(word for i in range(250)
                             for word in ("--workspace", f"alibaba:w-{i:03}")))


def test_a_start_waits_as_long_as_pages_come(emulator, background, terminal):
    screen = terminal()
    emu = many(emulator, "--page-max", "25")
    emu.fault(action="ListWorkspaces", times=-1, delay_ms=300)
    done = start(background, emu, screen)
    assert done.status == 0 and done.out == ""
    told = screen.look()
    assert "\ralibaba: asked for its workspaces" in told
    assert re.search(r"\ralibaba:? .*page [2-9]\b.* so far", told), told
    assert screen.screen() == [""], "the line was left there"
    status = read(background.point + "/alibaba/.status")
    assert "listing: complete\n" in status


def test_a_start_does_not_wait_for_ever(emulator, background, terminal):
    screen = terminal()
    emu = many(emulator)
    emu.fault(action="ListWorkspaces", times=-1, hang=True)
    done = start(background, emu, screen)
    assert done.status == 0
    assert screen.screen() == [""]


def test_what_cannot_be_listed_is_said(emulator, background, terminal):
    screen = terminal(400)
    emu = many(emulator)
    emu.fault(action="ListWorkspaces", times=-1, status=403, code="Forbidden")
    done = start(background, emu, screen)
    assert done.status == 0
    line, end = screen.screen()
    assert line.startswith("sessionfs: alibaba: ") and "Forbidden" in line
    assert end == ""


def test_a_second_start_lists_nothing(emulator, background, terminal):
    screen = terminal()
    emu = many(emulator)
    assert start(background, emu, screen).status == 0
    harness.run([harness.SESSIONFS, "umount", background.point]).ok()
    before = emu.count("ListWorkspaces")
    again = terminal()
    assert start(background, emu, again).status == 0
    assert again.look() == "" and emu.count("ListWorkspaces") == before


def test_without_a_terminal_nothing_is_written_or_listed(emulator, background):
    emu = many(emulator)
    done = start(background, emu, None)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert emu.count("ListWorkspaces") == 0


def read(path):
    with open(path) as f:
        return f.read()


def start(background, emu, screen):
    folder = os.path.dirname(background.point)
    return background(
        starter=screen.starter if screen else (),
        config=harness.key_file({
            "sessionfs": {"state_dir": folder + "/state", "deadline": "60s"},
            "alibaba": {"region": "cn-hangzhou", "endpoint": emu.url}}))
