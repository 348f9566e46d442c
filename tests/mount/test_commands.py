"""The command line: what it answers, and what it says of mistakes.  What mounts is
elsewhere (test_life.py, test_mount_point.py)."""
import os

import pytest

import harness
from harness import eventually, run

OK, FAILED, USAGE, CONFIG, BUSY = range(5)  # fs/base/exit_status.h


def sessionfs(*words, **how):
    return run([harness.SESSIONFS, *words], **how)


# The words, the status, and what the only line on standard error has.
MISTAKES = [
    ("", "a mount point is missing"),
    ("umout MNT", "neither a command nor a directory called \"umout\""),
    ("spark", "called \"spark\"; mkdir spark makes one (see"),
    ("hepl", "called \"hepl\"; did you mean help? (see sessionfs --help)"),
    ("help hepl", "no command \"hepl\"; did you mean help?"),
    ("version --foo", "\"--foo\" (see sessionfs version --help)"),
    ("-f version", "the command version comes first"),
    ("--verison", "no option \"--verison\"; did you mean --version?"),
    ("--read-only MNT", "no option \"--read-only\""),
    ("--read=1 MNT", "no option \"--read\""),
    ("-v", "no option \"-v\"; did you mean -V (--version)?"),
    ("-x MNT", "no option \"-x\""),
    ("-fx MNT", "no option \"-x\""),
    ("--demo=1 MNT", "--demo takes no value"),
    ("--config", "--config needs a FILE"),
    ("-c", "-c needs a FILE"),
    ("MNT -fc", "-c needs a FILE"),
    ("-o", "-o needs a LIST"),
    ("-c '' MNT", "config needs a FILE"),
    ("-o config MNT", "config needs a FILE"),
    ("-o config= MNT", "config needs a FILE"),
    ("-o foo MNT", "no option \"foo\""),
    ("-o allowother MNT", "\"allowother\"; did you mean allow_other?"),
    ("-o refersh=5s MNT", "\"refersh\"; did you mean refresh?"),
    ("-o reed_only MNT", "did you mean read_only?"),
    ("-o region=cn-beijing MNT", "\"region\" is no option: it belongs into a"),
    ("-o workspaces=x MNT", "belongs into a section"),
    ("-o refresh=5d MNT", "refresh must be a duration"),
    ("-o uid=no.such MNT", "uid must be a number, or the name of a user"),
    ("-o gid=no.such MNT", "gid must be a number, or the name of a group"),
    ("MNT m2", "too many arguments"),
    ("--demo -c X MNT", "--demo brings its own configuration"),
]


@pytest.mark.parametrize("words,said", MISTAKES)
def test_a_mistake_is_named_and_mounts_nothing(tmp_path, words, said):
    os.mkdir(tmp_path / "mnt")
    line = words.replace("MNT", "mnt")
    done = run(f"{harness.SESSIONFS} {line}", cwd=tmp_path)
    assert done.status == USAGE and done.out == "", done
    assert done.err.startswith("sessionfs: ") and said in done.err, done
    assert done.err.count("\n") == 1
    assert not harness.mounted(str(tmp_path / "mnt"))


@pytest.mark.parametrize("words", [
    "--help", "-h", "--hel", "help", "help help", "help version",
    "version --help", "help -h"])
def test_help_is_printed(words):
    done = sessionfs(*words.split())
    assert done.ok().startswith("usage: sessionfs ") and done.err == ""


def test_all_commands_have_help():
    shown = sessionfs("help").ok()
    names = [line.split()[0] for line in
             shown.split("Commands:\n")[1].split("\n\n")[0].split("\n")]
    assert {"help", "version"} <= set(names)
    for name in names:
        help_of = sessionfs("help", name).ok()
        assert help_of == sessionfs(name, "--help").ok()
        assert f"usage: sessionfs {name} " in help_of


@pytest.mark.parametrize("words", ["--help", "--version", "help", "version",
                                   "help version"])
@pytest.mark.parametrize("where, why", [
    ("> /dev/full", "cannot be written: No space left on device"),
    (">&-", "is closed")], ids=["full", "closed"])
def test_what_cannot_be_written_is_an_error(words, where, why):
    done = run(f"{harness.SESSIONFS} {words} {where}")
    assert done.status == FAILED
    assert done.err == f"sessionfs: standard output {why}\n"


@pytest.mark.parametrize("words", [
    ["status", "a\x1b[2Jb"], ["\x1b[2J\x9b"], ["help", "\x1b[2J"],
    ["--\x1b[2J"], ["wait", "/a", "\x1b[2J"], ["init", "\x1b[2J"]],
    ids=ascii)
def test_a_terminal_obeys_nothing_that_a_message_quotes(words):
    done = sessionfs(*words)
    assert done.status and "\\x1b[2J" in done.out + done.err, done
    assert not set(done.out + done.err) & {"\x1b", "\x9b"}


@pytest.mark.parametrize("words", [
    ["a" * 9000], ["--" + "a" * 9000], ["-o", "a" * 9000, "/"]],
    ids=["operand", "option", "mount option"])
def test_a_word_that_is_too_long_is_cut(words):
    done = sessionfs(*words)
    assert done.status and "aaaa...aaaa" in done.err and len(done.err) < 1000


def test_a_command_wins_over_a_directory(tmp_path):
    os.mkdir(tmp_path / "version")
    done = sessionfs("version", cwd=tmp_path)
    assert done.ok() == sessionfs("--version").out
    assert "write ./version" in done.err
    done = sessionfs("--demo", "./version", cwd=tmp_path)
    assert done.status == OK, done
    # Its events may still be under way in there.
    eventually(lambda: run(["umount", tmp_path / "version"]).status == 0)


def test_names_of_users_are_taken(background):
    if os.geteuid():
        pytest.skip("only root gives files away")
    assert background("-o", "uid=nobody,gid=nogroup,allow_other").status == 0
    st = os.stat(background.point + "/alibaba")
    assert (st.st_uid, st.st_gid) == (65534, 65534)


def test_what_mount_passes_on_is_taken(background):
    done = background(
        "-o", "_netdev,nofail,sync,nodiratime,lazytime,user,users,noauto,"
        "x-systemd.automount,x-a=b,comment=c d,silent,mand,strictatime,"
        "dirsync,fsname=x,subtype=y,max_read=131072,rw,owner,group")
    assert done.status == 0 and done.err == "", done
