"""A TCP server between the daemon and the emulator that spoils what passes."""
import select
import socket
import struct
import threading
import time


def reset(client):
    """The peer gets an RST in place of an end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                      struct.pack("ii", 1, 0))
    client.close()


class Door:
    """spoil(client, server): takes the place of `forward` for each connection that
    begins from then on; None: all pass.  A connection that stood before is reset
    when that changes."""

    def __init__(self, url):
        host, port = url.split("//")[1].split(":")
        self.behind = (host, int(port))
        self.spoil = None
        self.open = set()
        self.lock = threading.Lock()
        self.seen = 0
        self.port = 0
        self.listen()

    @property
    def url(self):
        """By a name: see machine.c."""
        return f"http://cloud.test:{self.port}"

    def listen(self):
        self.socket = socket.create_server(("127.0.0.1", self.port))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, args=(self.socket,),
                         daemon=True).start()

    def serve(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.seen += 1
            with self.lock:
                self.open.add(client)
            threading.Thread(target=self.one, args=(client,),
                             daemon=True).start()

    def one(self, client):
        try:
            with socket.create_connection(self.behind) as server:
                (self.spoil or forward)(client, server)
        except OSError:
            pass
        finally:
            with self.lock:
                self.open.discard(client)
            client.close()

    def hurt(self, spoil):
        self.spoil = spoil
        with self.lock:
            old = list(self.open)
        for client in old:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def shut(self):
        """Nobody listens any more."""
        self.hurt(None)
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def heal(self):
        self.hurt(None)
        if self.socket.fileno() < 0:
            self.listen()

    def close(self):
        if self.socket.fileno() >= 0:
            self.shut()


def pump(source, sink):
    part = source.recv(65536)
    sink.sendall(part)
    return bool(part)


def forward(client, server, back=pump):
    """back(server, client): a part of the answer; false at its end."""
    ways = {client: lambda: pump(client, server),
            server: lambda: back(server, client)}
    while all(ways[end]() for end in select.select(list(ways), [], [])[0]):
        pass


class BlackHole:
    """At the same port of ::1: what is sent there is dropped, since its queue is
    full."""

    def __init__(self, port):
        self.sockets = [socket.socket(socket.AF_INET6)]
        self.sockets[0].bind(("::1", port))
        self.sockets[0].listen(0)
        for _ in range(4):
            one = socket.socket(socket.AF_INET6)
            one.setblocking(False)
            one.connect_ex(("::1", port))
            self.sockets.append(one)

    def close(self):
        for one in self.sockets:
            one.close()


# ---- ways to spoil a connection ----

def stall(client, server):
    """Takes all and says nothing."""
    while client.recv(65536):
        pass


def hang_up(client, server):
    client.recv(1)


def reset_at_once(client, server):
    reset(client)


def swallow(client, server):
    """The request arrives, and its answer does not."""
    forward(client, server, lambda server, client: server.recv(65536))


def reset_after(n):
    """The answer's first n bytes, then an RST."""
    def back(server, client):
        client.sendall(server.recv(n))
        time.sleep(.005)  # sleeps: what was sent would be dropped by the RST
        reset(client)
    return lambda client, server: forward(client, server, back)


def end_after(n):
    def back(server, client):
        client.sendall(server.recv(n))
    return lambda client, server: forward(client, server, back)


def drip(client, server):
    """A byte at a time, so slowly that the answer is never whole."""
    def back(server, client):
        client.sendall(server.recv(1))
        time.sleep(.05)  # sleeps: so slowly
        return True
    forward(client, server, back)


def say(text):
    """Whatever is asked."""
    def spoil(client, server):
        client.recv(65536)
        client.sendall(text)
        client.shutdown(socket.SHUT_WR)
        client.recv(1)
    return spoil


def http(status, body=b"", **headers):
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}",
             *(f"{name.replace('_', '-')}: {value}"
               for name, value in headers.items()), "", ""]
    return say("\r\n".join(lines).encode() + body)
