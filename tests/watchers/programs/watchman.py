"""watchman, asked again and again what is new below a directory.

usage: watchman.py DIRECTORY FOLDER     FOLDER: for its socket and files
"""
import json
import os
import socket
import subprocess
import sys
import time

root, folder = sys.argv[1:]
sock = os.path.join(folder, "sock")
server = subprocess.Popen(
    ["watchman", "--foreground", "--no-save-state", f"--sockname={sock}",
     f"--logfile={folder}/log", f"--statefile={folder}/state",
     f"--pidfile={folder}/pid"],
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
link = socket.socket(socket.AF_UNIX)
for _ in range(500):
    try:
        link.connect(sock)
        break
    except OSError:
        time.sleep(0.02)  # sleeps: it knows nothing of the harness


answers = link.makefile()


def ask(*command):
    link.sendall(json.dumps(command).encode() + b"\n")
    answer = json.loads(answers.readline())
    if answer.get("error"):
        print(answer["error"], file=sys.stderr, flush=True)
    return answer


def since(clock):
    # It would wait for a file that it makes, and this is no place for files.
    return ask("query", root, {
        "since": clock, "sync_timeout": 0,
        "fields": ["name", "exists", "new"]})


ask("watch", root)
clock = ask("clock", root)["clock"]
print("READY", flush=True)
while server.poll() is None:
    answer = since(clock)
    clock = answer.get("clock", clock)
    for entry in answer.get("files", ()):
        kind = "go" if not entry["exists"] else \
            "come" if entry["new"] else "change"
        print(kind, os.path.join(root, entry["name"]), flush=True)
    time.sleep(0.05)  # sleeps: how often it is asked
