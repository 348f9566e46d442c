"""Every tool and idiom that people write files with, on `new`.

A good document makes exactly one session and the tool succeeds; a bad one
makes none and the tool says so by its exit status.  Where a tool cannot learn
of an error (a shell's echo ignores close), the table says so.
"""
import json
import os
import re
import shutil

import pytest

import harness

WORKSPACE = "w-1"
SPEC = {"name": "probe", "kind": "SQL", "queueName": "root_queue"}
GOOD = json.dumps(SPEC)

# What each case finds in its folder, beside $new.
FILES = {
    "good": GOOD + "\n",
    "bare": GOOD,                                  # no newline at the end
    "a": GOOD[:20], "b": GOOD[20:],                # halves
    "pretty": json.dumps(SPEC, indent=4) + "\n",
    "big": GOOD[:-1] + " " * 300_000 + "}\n",      # more than one write
    "broken": "{bad\n",                            # cannot become JSON
    "cut": GOOD[:20],                              # could, but ends
    "wrong": json.dumps({**SPEC, "kidn": "SQL"}) + "\n",  # an unknown key
    "typed": json.dumps({**SPEC, "name": 7}) + "\n",      # a wrong type
    "huge": GOOD[:-1] + " " * 1_200_000 + "}\n",   # over 1 MiB
    "empty": "",
}

PYTHON = "/usr/bin/python3 -c '{}' "


class World:
    """One mount for all cases; a case counts what it added."""

    def __init__(self, rig):
        self.rig = rig
        self.emulator = rig.emulator("--workspace", WORKSPACE)
        self.start()

    def start(self):
        self.mount = self.rig.mount(self.emulator, config={"alibaba": {
            "calls_per_second": 10000, "burst": 10000}})
        self.new = os.path.join(self.mount.ws(WORKSPACE), "new")
        self.mount.run(["ls", self.mount.ws(WORKSPACE)]).ok()

    def created(self):
        return self.emulator.count("CreateSessionCluster"), len(
            self.emulator.sessions(WORKSPACE))

    def last_error(self):
        return self.mount.read(self.mount.ws(WORKSPACE), ".last_error")


@pytest.fixture(scope="module")
def shared_world(shared_rig):
    return World(shared_rig)


@pytest.fixture
def world(shared_world):
    """A daemon that died fails its own case, and at the end; not the rest."""
    if not shared_world.mount.alive():
        shared_world.mount.detach()
        shared_world.start()
    return shared_world


@pytest.fixture
def case(world, tmp_path):
    """run(command, shell): its result, and how many sessions it made."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)

    def go(command, shell="bash"):
        calls, sessions = world.created()
        result = harness.run(command, shell=shell, cwd=tmp_path,
                             env={"new": world.new, "HOME": str(tmp_path),
                                  "dir": os.path.dirname(world.new)})
        after_calls, after_sessions = world.created()
        made = after_sessions - sessions
        assert after_calls - calls == made, "calls and sessions differ"
        return result, made
    return go


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


# ---- good documents: the tool succeeds, one session ----

# name: command; {py} begins a python program, in which ' may not occur.
GOOD_ROWS = {
    "echo": 'echo "$(cat good)" > "$new"',
    "echo without newline": 'printf %s "$(cat good)" > "$new"',
    "printf": 'printf "%s\\n" "$(cat good)" > "$new"',
    "echo append": 'echo "$(cat good)" >> "$new"',
    "echo over noclobber": 'set -C; echo "$(cat good)" >| "$new"',
    "external echo": '/bin/echo "$(cat good)" > "$new"',
    "cat": 'cat good > "$new"',
    "cat append": 'cat good >> "$new"',
    "cat from stdin": 'cat < good > "$new"',
    "cat of a pipe": 'cat good | cat > "$new"',
    "cat here-document": 'cat > "$new" <<EOF\n' + GOOD + "\nEOF",
    "cat in a subshell": '( cat good ) > "$new"',
    "cat a pretty document": 'cat pretty > "$new"',
    "cat a big document": 'cat big > "$new"',
    "cat no newline": 'cat bare > "$new"',
    "head": 'head -n 1 good > "$new"',
    "gzip": 'gzip -c good > good.gz; gzip -dc good.gz > "$new"',
    "jq": 'jq . good > "$new"',
    "jq compact": 'jq -c . good > "$new"',
    "cp": 'cp good "$new"',
    "cp a big document": 'cp big "$new"',
    "cp force": 'cp -f good "$new"',
    "cp preserving nothing": 'cp --no-preserve=all good "$new"',
    "cp without reflink": 'cp --reflink=never --sparse=never good "$new"',
    "cp making holes": 'cp --sparse=always good "$new"',
    "tee": 'tee "$new" < good',
    "tee append": 'tee -a "$new" < good',
    "tee a big document": 'tee "$new" < big > copy',
    "python with": '{py}import os\nwith open(os.environ["new"], "w") as f:\n'
                   ' f.write(open("good").read())',
    "python pathlib": '{py}import os, pathlib\npathlib.Path(os.environ["new"])'
                      '.write_text(open("good").read())',
    "python unbuffered": '{py}import os\nwith open(os.environ["new"], "wb", 0)'
                         ' as f:\n assert f.write(open("big", "rb").read())',
    "python append": '{py}import os\nwith open(os.environ["new"], "a") as f:\n'
                     ' f.write(open("good").read())',
    "python json.dump": '{py}import json, os\nwith open(os.environ["new"], "w")'
                        ' as f:\n json.dump(json.load(open("good")), f)',
    "python r+b": '{py}import os\nwith open(os.environ["new"], "r+b") as f:\n'
                  ' f.write(open("good", "rb").read())',
    "python fsync": '{py}import os\nwith open(os.environ["new"], "w") as f:\n'
                    ' f.write(open("good").read()); f.flush()\n'
                    ' os.fsync(f.fileno())',
    "python byte by byte": '{py}import os\nfd = os.open(os.environ["new"], 1)\n'
                           'for c in open("good", "rb").read():\n'
                           ' os.write(fd, bytes([c]))\nos.close(fd)',
    "python sendfile": '{py}import os\nfd = os.open(os.environ["new"], 1)\n'
                       'n = os.sendfile(fd, os.open("big", 0), 0, 1 << 20)\n'
                       'assert n == os.path.getsize("big"), n\nos.close(fd)',
    "python O_SYNC": '{py}import os\nfd = os.open(os.environ["new"],'
                     ' os.O_WRONLY | os.O_SYNC)\n'
                     'os.write(fd, open("good", "rb").read())\nos.close(fd)',
    "curl": 'curl -sS -o "$new" "file://$PWD/good"',
    "node": "node -e 'const fs = require(\"fs\"); "
            "fs.writeFileSync(process.env.new, fs.readFileSync(\"good\"))'",
    "perl": "perl -e 'open(F, \">\", $ENV{new}) or die; local $/; "
            "open(G, \"good\"); print F <G>; close(F) or die'",
    "two cats": '{ cat a; cat b; } > "$new"',
    "two external programs": '( cat a; dd if=b status=none ) > "$new"',
    "cat and a newline": '( cat bare; /bin/echo ) > "$new"',
    "cat and blank lines": '{ cat good; echo; echo "  "; } > "$new"',
    "dd": 'dd if=good of="$new" status=none',
    "dd big in small blocks": 'dd if=big of="$new" status=none',
    "dd bs=1M": 'dd if=big of="$new" bs=1M status=none',
    "dd fsync": 'dd if=good of="$new" conv=fsync status=none',
    "dd no truncate": 'dd if=good of="$new" conv=notrunc status=none',
    "exec append": 'exec 3>>"$new"; echo "$(cat good)" >&3; exec 3>&-',
    "exec write": 'exec 3>"$new"; cat good >&3; exec 3>&-',
    "vim": 'vim -u NONE -N -es -c "0r good" -c wq "$new" </dev/null',
    "rsync in place": 'rsync --inplace good "$new"',
    "rsync in place whole": 'rsync -W --inplace --no-times good "$new"',
    "sort": 'sort -o "$new" good',
    "awk": "awk '{ print > ENVIRON[\"new\"] }' good",
    "xxd": 'xxd good > hex; xxd -r hex "$new"',
    "socat": 'socat -u OPEN:good OPEN:"$new"',
    "sed to stdout": 'sed "s/probe/other/" good > "$new"',
    "truncate, then cat": ': > "$new" && cat good > "$new"',
    "sponge by shell": 'x=$(cat good); printf "%s" "$x" | cat > "$new"',
}
# Shell idioms behave alike in both shells.
SHELLS = ("bash", "dash")
BUILTIN = {"echo", "echo without newline", "printf", "echo append",
           "echo over noclobber", "cat", "cat append", "cat in a subshell",
           "two cats", "cat and a newline", "cat and blank lines",
           "exec append", "exec write", "cat here-document",
           "truncate, then cat", "jq"}
PROGRAM = {"jq": "jq", "jq compact": "jq", "curl": "curl", "node": "node",
           "perl": "perl", "vim": "vim", "rsync in place": "rsync",
           "rsync in place whole": "rsync", "xxd": "xxd", "socat": "socat",
           "awk": "awk"}


def command_of(text):
    if text.startswith("{py}"):
        return ["/usr/bin/python3", "-c", text[4:]]
    if text.startswith("vim ") and not shutil.which("vim"):
        return text.replace("vim", "vim.tiny", 1)
    return text


def with_shells(rows):
    for name in rows:
        for shell in SHELLS if name in BUILTIN else ("bash",):
            yield pytest.param(name, shell, id=f"{name}-{shell}")


@pytest.mark.parametrize("name,shell", with_shells(GOOD_ROWS))
def test_good_document_makes_one_session(case, name, shell):
    if name == "vim":
        if not shutil.which("vim"):
            need("vim.tiny")
    elif name in PROGRAM:
        need(PROGRAM[name])
    result, made = case(command_of(GOOD_ROWS[name]), shell)
    assert (result.status, made) == (0, 1), result


# ---- bad documents: the tool fails, no session ----

BAD_TOOLS = {
    "echo": 'echo "$(cat {f})" > "$new"',
    "printf": 'printf "%s\\n" "$(cat {f})" > "$new"',
    "echo append": 'echo "$(cat {f})" >> "$new"',
    "echo over noclobber": 'set -C; echo "$(cat {f})" >| "$new"',
    "exec and echo": 'exec 3>"$new"; echo "$(cat {f})" >&3',
    "external echo": '/bin/echo "$(cat {f})" > "$new"',
    "cat": 'cat {f} > "$new"',
    "cat of a pipe": 'cat {f} | cat > "$new"',
    "cat here-document": 'cat > "$new" <<EOF\n$(cat {f})\nEOF',
    "head": 'head -c 2000000 {f} > "$new"',
    "gzip": 'gzip -c {f} > z.gz; gzip -dc z.gz > "$new"',
    "cp": 'cp {f} "$new"',
    "tee": 'tee "$new" < {f}',
    "dd": 'dd if={f} of="$new" status=none',
    "dd fsync": 'dd if={f} of="$new" conv=fsync status=none',
    "sort": 'sort -o "$new" {f}',
    "awk": "awk '{{ print > ENVIRON[\"new\"] }}' {f}",
    "xxd": 'xxd {f} > hex; xxd -r hex "$new"',
    "python with": '{py}import os\nwith open(os.environ["new"], "w") as f:\n'
                   ' f.write(open("{f}").read())',
    "python pathlib": '{py}import os, pathlib\npathlib.Path(os.environ["new"])'
                      '.write_text(open("{f}").read())',
    "python r+b": '{py}import os\nwith open(os.environ["new"], "r+b") as f:\n'
                  ' f.write(open("{f}", "rb").read())',
    "node": "node -e 'const fs = require(\"fs\"); "
            "fs.writeFileSync(process.env.new, fs.readFileSync(\"{f}\"))'",
    "perl": "perl -e 'open(F, \">\", $ENV{{new}}) or die; local $/; "
            "open(G, \"{f}\"); print F <G>; close(F) or die'",
    "curl": 'curl -sS -o "$new" "file://$PWD/{f}"',
    "rsync in place": 'rsync --inplace {f} "$new"',
    "vim": 'vim -u NONE -N -es -c "0r {f}" -c wq "$new" </dev/null',
    "socat": 'socat -u OPEN:{f} OPEN:"$new"',
}
BAD_FILES = ("broken", "wrong", "typed")


def bad_command(tool, file):
    text = BAD_TOOLS[tool]
    if text.startswith("{py}"):
        return ["/usr/bin/python3", "-c", text[4:].replace("{f}", file)]
    return command_of(text.format(f=file))


@pytest.mark.parametrize("tool", BAD_TOOLS)
@pytest.mark.parametrize("file", BAD_FILES)
def test_bad_document_fails_in_the_tool(case, world, tool, file):
    need(*[PROGRAM[tool]] if tool in PROGRAM and tool != "vim" else [])
    for shell in SHELLS if tool in BUILTIN or "echo" in tool else ("bash",):
        result, made = case(bad_command(tool, file), shell)
        assert result.status != 0, result
        assert made == 0
    assert world.last_error().strip()


@pytest.mark.parametrize("tool", ["cat", "cp", "tee", "dd", "python with",
                                  "perl", "external echo", "head"])
def test_cut_document_fails_when_it_is_closed(case, world, tool):
    result, made = case(bad_command(tool, "cut"))
    assert (result.status != 0, made) == (True, 0), result
    assert world.last_error().strip()


@pytest.mark.parametrize("shell", SHELLS)
def test_cut_document_of_echo_is_told_by_last_error(case, world, shell):
    """No shell passes on what close says; the write itself was fine."""
    case('echo "{bad" > "$new"')
    before = world.last_error()
    result, made = case('printf %s "$(cat cut)" > "$new"', shell)
    assert made == 0
    harness.eventually(lambda: world.last_error() != before)


@pytest.mark.parametrize("tool", ["cat", "cp", "tee", "dd", "python with"])
def test_document_over_a_mebibyte_is_too_large(case, tool):
    result, made = case(bad_command(tool, "huge"))
    assert made == 0 and result.status != 0
    assert "File too large" in result.err, result


@pytest.mark.parametrize("shell", SHELLS)
def test_errno_of_a_bad_document(case, shell):
    result, made = case('echo "{bad" > "$new"', shell)
    assert (result.status, made) == (1 if shell == "bash" else result.status, 0)
    if shell == "bash":
        assert "Invalid argument" in result.err, result


@pytest.mark.parametrize("shell", SHELLS)
def test_what_follows_a_document_is_refused(case, shell):
    """The session is there already; what came after it was not taken."""
    result, made = case('( cat good; /bin/echo "and more" ) > "$new"', shell)
    assert (result.status != 0, made) == (True, 1), result


@pytest.mark.parametrize("shell", SHELLS)
def test_second_document_on_a_descriptor_is_refused(case, shell):
    result, made = case('exec 3>>"$new"; echo "$(cat good)" >&3 && '
                        'echo "$(cat good)" >&3', shell)
    assert (result.status != 0, made) == (True, 1), result


def test_two_appends_make_two_sessions(case):
    """The second arrives at the offset where the first ended."""
    result, made = case('echo "$(cat good)" >> "$new" && '
                        'echo "$(cat good)" >> "$new"')
    assert (result.status, made) == (0, 2), result


def test_two_descriptors_are_two_documents(case):
    result, made = case(
        'exec 3>"$new" 4>"$new"; cat a >&3; cat a >&4; cat b >&3; cat b >&4')
    assert (result.status, made) == (0, 2), result


def test_document_after_a_failed_one_needs_a_new_open(case):
    result, made = case('exec 3>"$new"; cat broken >&3; cat good >&3')
    assert (result.status != 0, made) == (True, 0), result


# ---- nothing written ----

NOTHING = {
    "colon": ': > "$new"', "redirection": '> "$new"',
    "append nothing": ': >> "$new"', "truncate": 'truncate -s 0 "$new"',
    "cat of nothing": 'cat empty > "$new"', "cp of nothing": 'cp empty "$new"',
    "blanks": 'echo "   " > "$new"', "dd of nothing":
    'dd if=/dev/null of="$new" status=none', "sync": 'sync "$new"',
    "truncate to a size": 'truncate -s 100 "$new"',
    "read": 'test -z "$(cat "$new")"', "true": 'true > "$new"',
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", NOTHING)
def test_nothing_written_makes_nothing(case, name, shell):
    result, made = case(NOTHING[name], shell)
    assert (result.status, made) == (0, 0), result


def test_touch_makes_nothing(case):
    result, made = case('touch "$new"')
    assert made == 0
    assert result.status == 0 or "not permitted" in result.err, result


# ---- what has to be refused ----

REFUSED = {
    "sed -i": ('sed -i s/x/y/ "$new"', 4),
    "mv": ('mv -f good "$new"', 1),
    "mv within": ('mv -f "$new" "$dir/old"', 1),
    "install": ('install good "$new"', 1),
    "cp --remove-destination": ('cp --remove-destination good "$new"', 1),
    "rsync": ('rsync good "$new"', 23),
    "rm": ('rm -f "$new"', 1),
    "ln": ('ln -f good "$new"', 1),
    "ln -s": ('ln -s good "$dir/link"', 1),
    "mkdir": ('mkdir "$dir/made"', 1),
    "new file": ('echo x > "$dir/other"', 1),
    "write state": ('echo x > "$dir/.status"', 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_and_nothing_made(case, world, name):
    command, status = REFUSED[name]
    if command.startswith("rsync"):
        need("rsync")
    before = sorted(os.listdir(os.path.dirname(world.new)))
    result, made = case(command)
    assert (result.status, made) == (status, 0), result
    assert sorted(os.listdir(os.path.dirname(world.new))) == before
    assert re.search(r"not permitted|ermission denied|cross-device|"
                     r"not supported|not implemented", result.err,
                     re.I), result


PYTHON_CALLS = {
    "O_EXCL": ("os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL)",
               {"EEXIST"}),
    "O_TMPFILE": ("os.open(os.path.dirname(new), os.O_WRONLY | os.O_TMPFILE)",
                  {"ENOTSUP", "EPERM"}),
    "fallocate": ("os.posix_fallocate(os.open(new, os.O_WRONLY), 0, 4096)",
                  {"ENOTSUP", "EINVAL", "EPERM", "ENODEV"}),
    "copy_file_range": ("os.copy_file_range(os.open('good', 0), "
                        "os.open(new, os.O_WRONLY), 100)",
                        {"EXDEV", "ENOTSUP", "EINVAL"}),
    "hole": ("f = os.open(new, os.O_WRONLY); os.pwrite(f, b'{', 0); "
             "os.pwrite(f, b'}', 100000)", {"EINVAL"}),
    "shared mapping": ("shared(os.open(new, os.O_RDWR))", {"ENODEV"}),
    "chown": ("os.chown(new, 12345, -1)", {"EPERM"}),
    "setxattr": ("os.setxattr(new, 'user.x', b'y')",
                 {"ENOTSUP", "EPERM"}),
}


@pytest.mark.parametrize("name", PYTHON_CALLS)
def test_system_call_is_refused(case, name):
    call, errnos = PYTHON_CALLS[name]
    program = ("import ctypes, errno, os\nnew = os.environ['new']\n"
               "def shared(fd):\n"
               " libc = ctypes.CDLL(None, use_errno=True)\n"
               " libc.mmap.restype = ctypes.c_long\n"
               " if libc.mmap(None, 4096, 3, 1, fd, 0) == -1:\n"
               "  raise OSError(ctypes.get_errno(), 'mmap')\n"
               f"try:\n {call}\nexcept OSError as e:\n"
               " print(errno.errorcode[e.errno])\n")
    result, made = case(["/usr/bin/python3", "-c", program])
    assert made == 0
    assert result.ok().strip() in errnos, result


# ---- the answer on the same descriptor ----

READ_BACK = {
    "cat": 'exec 3<>"$new"; cat good >&3; cat <&3',
    "echo, cat": 'exec 3<>"$new"; echo "$(cat good)" >&3; cat <&3',
    "echo, read": 'exec 3<>"$new"; echo "$(cat good)" >&3; '
                  'read -r x <&3; echo "$x"',
    "jq": 'exec 3<>"$new"; cat good >&3; jq -c . <&3',
    "perl": "perl -e 'open(F, \"+<\", $ENV{new}) or die; $| = 1; "
            "select(F); $| = 1; select(STDOUT); local $/; open(G, \"good\"); "
            "print F <G>; print <F>'",
    "node": "node -e 'const fs = require(\"fs\"); "
            "const f = fs.openSync(process.env.new, \"r+\"); "
            "fs.writeSync(f, fs.readFileSync(\"good\")); "
            "const b = Buffer.alloc(4096); "
            "process.stdout.write(b.subarray(0, fs.readSync(f, b)))'",
    "python unbuffered": '{py}import os\nf = open(os.environ["new"], "r+b", 0)'
                         '\nf.write(open("good", "rb").read())\n'
                         'print(f.read().decode())',
    "python rewound": '{py}import os\nf = os.open(os.environ["new"], 2)\n'
                      'os.write(f, open("good", "rb").read())\n'
                      'print(os.pread(f, 4096, 0).decode())',
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", READ_BACK)
def test_answer_can_be_read_back(case, world, name, shell):
    need(*[name] if name in ("jq", "perl", "node") else [])
    ids = {s["sessionClusterId"] for s in world.emulator.sessions(WORKSPACE)}
    result, made = case(command_of(READ_BACK[name]), shell)
    assert (result.status, made) == (0, 1), result
    fresh = {s["sessionClusterId"]
             for s in world.emulator.sessions(WORKSPACE)} - ids
    answer = json.loads(result.out)
    assert isinstance(answer, dict), result
    assert fresh.pop() in result.out, result


def test_error_can_be_read_back(case):
    result, made = case('exec 3<>"$new"; cat wrong >&3; cat <&3')
    assert made == 0
    assert "kidn" in result.out, result


def test_clone_by_copying_config(case, world):
    """config.json is what `new` accepts."""
    case('cat good > "$new"')
    link = os.path.join(os.path.dirname(world.new), ".last")
    harness.eventually(lambda: os.path.getsize(
        os.path.join(link, "config.json")))
    result, made = case('cp "$dir/.last/config.json" "$new"')
    assert (result.status, made) == (0, 1), result


def test_mount_serves_after_all_that(world):
    world.mount.run(["ls", "-l", os.path.dirname(world.new)]).ok()
    assert world.mount.metric("sessionfs_upcalls_total") > 0
