"""Who reads a file while it changes gets the one or the other, whole."""
import json
import os
import threading

from harness import eventually

SESSIONS = 60
ROUNDS = 20
IDS = [f"sc-{i}" for i in range(SESSIONS)]


def rename_all(emu, name):
    for one in IDS:
        emu.session("w-1", {"sessionClusterId": one, "name": name})


class Reader(threading.Thread):
    """Reads all session.json again and again, as `cat` does."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.over = threading.Event()
        self.wrong = []

    def run(self):
        while not self.over.is_set():
            for one in IDS:
                self.look(one)

    def look(self, one):
        with open(os.path.join(self.folder, one, "session.json")) as f:
            text = f.read()
        try:
            name = json.loads(text)["name"]
        except ValueError:
            self.wrong.append(text)
            return
        if len(name) % 13:
            self.wrong.append(text)


def test_a_read_is_never_cut_or_mixed(emulator, mount):
    emu = emulator("--workspace", "w-1")
    rename_all(emu, "")
    m = mount(emu, config={"sessionfs": {"refresh": "50ms"}})
    eventually(lambda: set(IDS) <= set(os.listdir(m.ws("w-1"))))
    readers = [Reader(m.ws("w-1")) for _ in range(2)]
    for reader in readers:
        reader.start()
    for i in range(ROUNDS):
        rename_all(emu, "abcdefghijklm" * (i % 7))
    last = "abcdefghijklm" * ((ROUNDS - 1) % 7)
    for one in IDS:
        eventually(lambda: json.loads(m.read(
            m.ws("w-1"), one, "session.json"))["name"] == last)
    for reader in readers:
        reader.over.set()
        reader.join()
    assert sum((reader.wrong for reader in readers), []) == []


def test_who_begins_anew_reads_what_there_is(emulator, mount):
    """However a file was opened: the kernel keeps the bytes of some opens, of
    those in the wake of a change it does not."""
    emu = emulator("--workspace", "w-1")
    rename_all(emu, "first")
    m = mount(emu, config={"sessionfs": {"refresh": "50ms"}})
    eventually(lambda: set(IDS) <= set(os.listdir(m.ws("w-1"))))
    kept = []

    def text(fd):
        return os.pread(fd, 1 << 20, 0).decode()

    def renamed(name):
        rename_all(emu, name)
        for one in IDS:
            path = os.path.join(m.ws("w-1"), one, "session.json")
            eventually(lambda: name in m.read(path))
            kept.append(os.open(path, os.O_RDONLY))
        for fd in kept:  # at once: the change was seen above
            assert name in text(fd)
            assert name in text(fd)
    try:
        for i in range(5):
            renamed(f"name-{i}")  # of one length
    finally:
        for fd in kept:
            os.close(fd)
