"""watchfiles, and so Rust's notify."""
import os
import sys

# Named after the package that it imports.
sys.path[:] = [p for p in sys.path if p != os.path.dirname(
    os.path.abspath(__file__))]
from watchfiles import Change, watch  # noqa: E402

KINDS = {Change.added: "come", Change.modified: "change",
         Change.deleted: "go"}

for changes in watch(sys.argv[1], debounce=50, step=10, rust_timeout=100,
                     yield_on_timeout=True, watch_filter=None):
    print("READY", flush=True)
    for change, path in changes:
        print(KINDS[change], path, flush=True)
