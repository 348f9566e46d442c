"""watchdog's inotify observer, which walks into what comes."""
import os
import sys
import time

# Named after the package that it imports.
sys.path[:] = [p for p in sys.path if p != os.path.dirname(
    os.path.abspath(__file__))]
from watchdog.events import FileSystemEventHandler  # noqa: E402
from watchdog.observers.inotify import InotifyObserver  # noqa: E402

KINDS = {"created": "come", "modified": "change", "deleted": "go"}


class Handler(FileSystemEventHandler):
    def on_any_event(self, event):
        if event.event_type in KINDS:
            print(KINDS[event.event_type], event.src_path, flush=True)


observer = InotifyObserver()
observer.schedule(Handler(), sys.argv[1], recursive=True)
observer.start()
print("READY", flush=True)
while observer.is_alive():
    time.sleep(1)  # sleeps: its threads work
