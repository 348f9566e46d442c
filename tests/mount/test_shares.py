"""What one provider, one workspace or one user takes is never what another
needs: threads, memory, descriptors."""
import errno
import glob
import os
import subprocess

import pytest

from harness import eventually, run

MANY = 200
SPEC = '{"name": "n", "kind": "SQL"}'
SPEC_MAX, SPECS_MAX = 1 << 20, 64 << 20  # bytes, of one and of all half-written


def test_workspaces_that_hang_slow_no_other_provider(emulator, mount):
    hung, quick = emulator(), emulator("--fill", "w-1=3")
    names = [f"w-{n}" for n in range(MANY)]
    hung.fault(action="ListSessionClusters", hang=True, times=-1)
    m = mount(hung, config={
        "sessionfs": {"deadline": "60s"},
        "alibaba": {"workspaces": "; ".join(names),
                    "calls_per_second": 100000, "burst": 100000},
        "quick": {"type": "alibaba", "region": "cn-hangzhou",
                  "endpoint": quick.url, "workspaces": "w-1"}})
    lookers = [subprocess.Popen(["ls", m.ws(name)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL) for name in names]
    try:
        # As many calls hang as one provider may make at a time.
        eventually(lambda: hung.count("ListSessionClusters") >= 64)
        listed = run(["ls", m.ws("w-1", "quick")], timeout=30).ok().split()
        assert len([n for n in listed if n.startswith("sc-")]) == 3
        assert all(looker.poll() is None for looker in lookers)
    finally:
        hung.no_faults()
        for looker in lookers:
            looker.kill()
            looker.wait(30)


def test_half_written_specs_have_a_bound(emulator, mount):
    emu = emulator("--fill", "w-1=3", "--fill", "w-2=1")
    m = mount(emu)
    new = os.path.join(m.ws("w-1"), "new")
    half = b'{"kind": "SQL", "name": "n"' + b" " * (SPEC_MAX - 30)
    made, opened = emu.count("CreateSessionCluster"), []
    try:
        with pytest.raises(OSError) as refused:
            for _ in range(SPECS_MAX // SPEC_MAX + 1):
                opened.append(os.open(new, os.O_WRONLY))
                write_all(opened[-1], half)
        assert refused.value.errno == errno.ENOBUFS
        assert len(opened) == SPECS_MAX // len(half) + 1
        assert "half-written" in m.read(m.ws("w-1"), ".last_error")
        # What was refused stays so; whoever has a whole document goes on.
        with pytest.raises(OSError) as refused:
            os.write(opened[-1], b'}')
        assert refused.value.errno == errno.ENOBUFS
        run(["sh", "-c", 'echo "$1" > "$0"/new', m.ws("w-2"), SPEC]).ok()
        # And so do those who have half of one.
        os.write(opened[0], b'}')
        assert emu.count("CreateSessionCluster") == made + 2
    finally:
        for fd in opened:
            try:
                os.close(fd)
            except OSError:
                pass  # that its document is not whole
    fd = os.open(new, os.O_WRONLY)
    write_all(fd, half)
    with pytest.raises(OSError) as refused:
        os.close(fd)
    assert refused.value.errno == errno.EINVAL


def test_more_workspaces_than_descriptors(emulator, mount):
    names = [f"w-{n}" for n in range(MANY)]
    emu = emulator(*(arg for name in names for arg in ("--fill", name + "=1")))
    m = mount(emu, starter=["prlimit", "--nofile=120:120"], config={
        "alibaba": {"calls_per_second": 100000, "burst": 100000}})

    def listed(name):
        found = run(["ls", m.ws(name)]).ok().split()
        return len([n for n in found if n.startswith("sc-")])

    def opened():
        """Files of the state; what else is open are calls' and the kernel's."""
        found = run(["find", f"/proc/{m.pid}/fd", "-lname", m.state_dir + "/*"])
        return len(found.out.split())

    for name in names:
        assert listed(name) == 1
    assert 0 < opened() < 40  # what is left is for calls and the journal
    for name in names:
        with open(os.path.join(m.ws(name), "new"), "w") as f:
            f.write(SPEC)
    assert emu.count("CreateSessionCluster") == MANY
    for name in names:
        assert listed(name) == 2
        state = os.path.join(m.ws(name), "*", "state")
        assert len(glob.glob(state)) == 2
    # All at once: whoever finds none says so, and nothing is lost.
    lookers = [subprocess.Popen(["ls", "-l", m.ws(name)],
                                stdout=subprocess.DEVNULL) for name in names]
    assert [looker.wait(60) for looker in lookers] == [0] * MANY
    assert opened() < 40
    assert "Too many open files" not in m.log()


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]
