#!/usr/bin/env python3
"""One newcomer on a machine of his own, on which the emulator is the cloud.

usage: inside.py SYSTEM FOLDER SCRIPT

Runs in namespaces of its own, as test_quick_starts.py makes them.  What is written
to SYSTEM lands in FOLDER.  The hosts of the vendors are 127.0.0.1, whose
certificate the machine trusts: behind it, and behind Livy's port, stands the
emulator of the package sessionfs-demo.  SCRIPT is run by the user newcomer.
"""
import os
import socket
import ssl
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
EMULATOR = ("127.0.0.1", 8080)
LIVY = ("127.0.0.1", 8998)
PATH = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
HOSTS = ("emr-serverless-spark.cn-hangzhou.aliyuncs.com",
         "emr-serverless.us-east-1.amazonaws.com",
         "elasticmapreduce.us-east-1.amazonaws.com",
         "dli.cn-north-4.myhuaweicloud.com",
         "iam.cn-north-4.myhuaweicloud.com",
         "dataproc.googleapis.com", "oauth2.googleapis.com")


def run(*argv, **how):
    subprocess.run(argv, check=True, **how)


def furnish(system, folder):
    """The new root."""
    root = os.path.join(folder, "root")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    for name in ("upper", "work", "root"):
        os.mkdir(os.path.join(folder, name))
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir={system},upperdir={folder}/upper,workdir={folder}/work",
        root)
    run("mount", "-t", "proc", "proc", root + "/proc")
    run("mount", "--rbind", "/dev", root + "/dev")
    run("ip", "link", "set", "lo", "up")
    with open(root + "/etc/hosts", "w") as f:
        f.write("127.0.0.1 localhost " + " ".join(HOSTS) + "\n")
    os.symlink("../proc/self/mounts", root + "/etc/mtab")  # a boot makes it
    # What the vendors' programs leave behind them.
    for name in ("aliyun", "aws", "gcloud"):
        run("install", "-m", "755", os.path.join(HERE, "vendors", name),
            root + "/usr/local/bin/")
    return root


def certify(root, folder):
    key, cert = folder + "/key.pem", folder + "/cert.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=the cloud", "-keyout", key, "-out", cert, "-addext",
        "subjectAltName=" + ",".join("DNS:" + n for n in HOSTS),
        stderr=subprocess.DEVNULL)
    run("install", "-m", "644", cert,
        root + "/usr/local/share/ca-certificates/cloud.crt")
    run("chroot", root, "env", "-i", PATH, "update-ca-certificates",
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(cert, key)
    return made


# ---- the doors of the cloud ----

def request(lines):
    """The first line and the rest of one request; None at the end."""
    first = lines.readline()
    if not first:
        return None
    head, length = b"", 0
    while (line := lines.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() != b"connection":
            head += line
    return first, head + b"connection: close\r\n\r\n" + lines.read(length)


def serve(client, prefix):
    """One request each, so that nobody has to know where an answer ends."""
    with client, client.makefile("rb") as lines:
        asked = request(lines)
        if not asked:
            return
        method, target, version = asked[0].split(b" ", 2)
        with socket.create_connection(EMULATOR) as there:
            there.sendall(b" ".join([method, prefix + target, version])
                          + asked[1])
            while (answer := there.recv(65536)):
                client.sendall(answer)


def door(place, prefix=b"", tls=None):
    listener = socket.create_server(place)

    def one(client):
        try:
            serve(tls.wrap_socket(client, server_side=True) if tls else client,
                  prefix)
        except OSError:
            client.close()

    def listen():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=one, args=(client,), daemon=True).start()
    threading.Thread(target=listen, daemon=True).start()


def main():
    system, folder, script = sys.argv[1:]
    root = furnish(system, folder)
    tls = certify(root, folder)
    emulator = subprocess.Popen(
        ["chroot", root, "sessionfs-emulator", "--demo", "--die-with-parent",
         f"--port={EMULATOR[1]}"], text=True, stdout=subprocess.PIPE)
    assert emulator.stdout.readline().startswith("ready ")
    door(("127.0.0.1", 443), tls=tls)
    door(LIVY, prefix=b"/livy")
    run("install", "-m", "644", script, root + "/srv/newcomer/typed")
    done = subprocess.run(
        ["chroot", "--userspec=newcomer:newcomer", root, "env", "-i", "-C",
         "/srv/newcomer", "HOME=/srv/newcomer", "USER=newcomer",
         PATH, "LANG=C.UTF-8",
         "bash", "typed"], stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
        check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
