"""A certificate that expires while the mount goes on: the clock of the daemon's machine
moves over its end, and the server closes its connections."""
import contextlib
import errno
import os
import socket

import harness
from faults import DAY
from harness import eventually
from place import Behind, Machine
from test_providers import KEYS, ROWS, each, section
from test_transport import certificate, door, forward_to  # noqa: F401
from world import spec_of


def written(path, text):
    """The errno of that."""
    try:
        with open(path, "w") as f:
            f.write(text)
    except OSError as e:
        return e.errno
    return 0


@each(ROWS)
def test_a_certificate_expires(rig, row, door, certificate):  # noqa: F811
    """Nothing is sent to who shows it, and the sentence says why; all is right again
    once it is renewed."""
    emu = rig.emulator()
    emu.workspace(row.workspace or "livy", row.type)
    cert, context = certificate("localhost")  # good for two days
    forward, clients = forward_to(emu.url), []

    def handle(client):
        clients.append(client)
        forward(client)

    tls = door(handle, context)
    keys = section(row, Behind(emu, f"https://localhost:{tls.port}"))
    folder = rig.new_folder("expiry")
    machine = Machine(folder)
    m = rig.mount(folder=folder, env={**KEYS, **machine.env},
                  config=harness.key_file({
                      "sessionfs": {"refresh": "1h"},
                      "cloud": {**keys, "ca_file": cert}}))
    cloud = os.path.join(m.path, "cloud")
    room = os.path.join(cloud, row.workspace or next(
        name for name in os.listdir(cloud) if not name.startswith(".")))
    ask = os.path.join(room, ".refresh")
    new = os.path.join(room, "new")
    assert written(ask, "now") == 0
    assert written(new, spec_of(row.type, "kill-before")) == 0

    machine.tell(clock_ms=3 * DAY)
    for client in clients:
        with contextlib.suppress(OSError):  # it may have gone
            client.shutdown(socket.SHUT_RDWR)
    emu.reset()
    eventually(lambda: written(ask, "now"))
    assert "certificate has expired" in m.read(room, ".status")
    assert written(new, spec_of(row.type, "kill-during")) == errno.EPROTO
    assert sum(emu.counts().values()) == 0

    machine.tell()
    eventually(lambda: written(ask, "now") == 0)
    assert written(new, spec_of(row.type, "kill-after")) == 0
