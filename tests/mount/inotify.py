"""inotify(7) by its system calls, so that nothing between the kernel and a test
merges, drops or reorders what it said.

    watcher = Watcher()
    watcher.add(path, IN_MODIFY | IN_CLOSE_WRITE)
    ...
    watcher.count(IN_MODIFY, path)

A thread reads as fast as events come, since the kernel's queue has an end
(16,384 by default); what did not fit in fails whatever is asked afterwards.
"""
import collections
import ctypes
import os
import select
import struct
import threading
import time

IN_ACCESS = 0x1
IN_MODIFY = 0x2
IN_ATTRIB = 0x4
IN_CLOSE_WRITE = 0x8
IN_CLOSE_NOWRITE = 0x10
IN_OPEN = 0x20
IN_MOVED_FROM = 0x40
IN_MOVED_TO = 0x80
IN_CREATE = 0x100
IN_DELETE = 0x200
IN_DELETE_SELF = 0x400
IN_MOVE_SELF = 0x800
IN_ALL_EVENTS = 0xfff
IN_UNMOUNT = 0x2000
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
IN_DONT_FOLLOW = 0x2000000
IN_ISDIR = 0x40000000

NAMES = {value: name[3:] for name, value in dict(globals()).items()
         if name.startswith("IN_") and name != "IN_ALL_EVENTS"}
HEAD = struct.Struct("iIII")
LIBC = ctypes.CDLL(None, use_errno=True)


def words(mask):
    """As inotifywait has it: "CREATE,ISDIR"."""
    return ",".join(name for bit, name in sorted(NAMES.items()) if mask & bit)


class Event(collections.namedtuple("Event", "path name mask at")):
    """path: what is watched; name: of a child, or ""; at: monotonic."""

    @property
    def where(self):
        return os.path.join(self.path, self.name) if self.name else self.path

    def __repr__(self):
        return f"{words(self.mask)} {self.where}"


class Watcher:
    """Reads until it is closed; on_event is called on its thread before the
    event counts as seen."""

    def __init__(self, on_event=None):
        self.fd = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self.on_event = on_event
        self.paths = {}
        self.lock = threading.Lock()
        self.events = []
        self.troubles = []
        self.wake = os.pipe()
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.thread.start()

    def add(self, path, mask):
        with self.lock:  # no event of it may be read before it has a name
            wd = LIBC.inotify_add_watch(self.fd, os.fsencode(path), mask)
            if wd >= 0:
                self.paths[wd] = path
                return wd
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)

    def remove(self, wd):
        if LIBC.inotify_rm_watch(self.fd, wd):
            raise OSError(ctypes.get_errno(), "inotify_rm_watch")

    def close(self):
        if self.thread.is_alive():
            os.write(self.wake[1], b"x")
            self.thread.join(30)
        for fd in (self.fd, *self.wake):
            os.close(fd)

    # ---- what came ----

    def seen(self, mask=IN_ALL_EVENTS, path=None, name=None):
        """The events that have one of the mask's bits; IN_ISDIR besides means
        only those of directories."""
        with self.lock:
            assert not self.troubles, self.troubles[0]
            events = list(self.events)
        kinds, isdir = mask & ~IN_ISDIR, mask & IN_ISDIR
        return [e for e in events if e.mask & kinds and
                (not isdir or e.mask & IN_ISDIR) and
                (path is None or e.path == path) and
                (name is None or e.name == name)]

    def count(self, mask=IN_ALL_EVENTS, path=None, name=None):
        return len(self.seen(mask, path, name))

    def total(self):
        """All events, at the price of none."""
        with self.lock:
            assert not self.troubles, self.troubles[0]
            return len(self.events)

    def by(self, mask):
        """Counter of where the events with one of these bits were."""
        return collections.Counter(e.where for e in self.seen(mask))

    def clear(self):
        with self.lock:
            self.events.clear()

    # ---- the thread ----

    def _follow(self):
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        poll.register(self.wake[0], select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if self.wake[0] in ready:
                return
            try:
                self._take(os.read(self.fd, 1 << 20), time.monotonic())
            except BlockingIOError:
                pass
            except Exception as e:  # whoever asks next is told
                with self.lock:
                    self.troubles.append(f"{type(e).__name__}: {e}")

    def _take(self, data, at):
        offset = 0
        while offset < len(data):
            wd, mask, _, length = HEAD.unpack_from(data, offset)
            offset += HEAD.size
            name = data[offset:offset + length].rstrip(b"\0")
            offset += length
            if mask & IN_Q_OVERFLOW:
                raise OverflowError("the kernel's queue of events was full")
            if mask & IN_IGNORED:
                continue
            with self.lock:
                path = self.paths[wd]
            event = Event(path, os.fsdecode(name), mask, at)
            if self.on_event:
                self.on_event(event)
            with self.lock:
                self.events.append(event)
