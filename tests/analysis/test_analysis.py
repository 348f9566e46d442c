"""What static analysis finds in the product.

Each tool has a test for each part of the checkout, and one that plants an
offence which the tool has to find with the same settings.  A finding that is
allowed has its reason: in .clang-tidy, in the tables here, or beside the line.
The findings differ from version to version, so that the versions of Debian 12
count and others are skipped.
"""
import fcntl
import functools
import json
import os
import re
import shlex
import subprocess
import venv

import pytest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build", "gcc"))
# The rooms, in parts that take about as long.
PARTS = ("backends/[a-d]*", "backends/[e-z]*", "cache/[a-n]*", "cache/[o-z]*",
         "fs/[a-k]*", "fs/[l-z]*", "examples", "tests/memory")

# gcc -fanalyzer, with what it cannot know in one file at a time.
GCC = {
    "-fanalyzer": "",
    # That a function which fails sets its GError is known in another file.
    "-Wno-analyzer-null-dereference": "",
    "-Wno-analyzer-null-argument": "",
    # An out parameter that another file sets, freed by g_autofree.
    "-Wno-analyzer-use-of-uninitialized-value": "",
}

# cppcheck, and what it takes for something else.
CPPCHECK = {
    # Only one thread at a time reads a configuration.
    "getpwnamCalled": "", "getgrnamCalled": "",
    # g_steal_pointer, and a struct that goes on as the address of its first member.
    "memleak": "", "leakNoVarFunctionCall": "",
    # readdir of one stream by one thread is safe in every libc of Linux.
    "readdirCalled": "",
    # open() for a descriptor below 3, which has to stay.
    "leakReturnValNotUsed": "",
    # mmap of no file wants -1.
    "invalidFunctionArg": "",
    # The address of a variable that is gone is put away before it goes.
    "autoVariables": "",
    # A pointer may be NULL only where another one is not.
    "nullPointerRedundantCheck": "",
    # offsetof by G_STRUCT_OFFSET.
    "uninitvar": "",
    # It does not read the headers of GLib.
    "unknownMacro": "",
}

SHELLCHECK = {
    "SC1091": "tests/lint says where the sourced file is",
    "SC2015": "`a && b || c` where b cannot fail",
    "SC2016": "text for another shell stands in single quotes",
    "SC2174": "mkdir -p -m: only the last folder is ours to close",
    "SC2086": "a list of packages is split on purpose",
    "SC1007": "a variable is emptied in the list of others",
}

# The first clang-tidy that finds the lock which a sibling member names: from PyPI.
LOCK_CHECKER = "23.1.4"

# Words that are no mistakes: parts of names, and mistakes that a test writes.
WORDS = "specfield,nd,nam,nmae,te,refesh,sise,propertie,sesion,connexion,alse,"\
        "buildd,idel,hel"


def version(*command):
    """The major and minor version that a tool tells, or None without it."""
    try:
        said = subprocess.run(command, capture_output=True, text=True).stdout
    except FileNotFoundError:
        return None
    found = re.search(r"\d+\.\d+", said)
    return found.group() if found else said


def need(wanted, *command):
    found = version(*command)
    if found is None:
        pytest.skip(f"{command[0]} is not installed")
    if wanted and not found.startswith(wanted):
        pytest.skip(f"{command[0]} is {found}; the findings of {wanted} count")


@functools.lru_cache
def tracked(*patterns):
    return subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT,
                          check=True, capture_output=True,
                          text=True).stdout.split()


def sources(part):
    """The C files of a part that the build compiles, each with its command."""
    inside = set(tracked(part))
    with open(os.path.join(BUILD, "compile_commands.json")) as file:
        entries = json.load(file)
    found = {}
    for entry in entries:
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]),
                               ROOT)
        if path in inside:
            found.setdefault(path, entry)
    return found


def run(command, cwd=ROOT):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True,
                          env=dict(os.environ, LC_ALL="C"))
    return done.returncode, done.stdout + done.stderr


# ---- the tools ----

def clang_tidy(files, *more):
    need("14.", "clang-tidy", "--version")
    status, said = run(["clang-tidy", "--quiet",
                        "--config-file=" + os.path.join(ROOT, ".clang-tidy"),
                        *files, *more])
    # A warning that no check of ours asked for is in a header of the system.
    found = [line for line in said.split("\n")
             if re.search(r"(warning|error): .*\[", line)
             and "clang-diagnostic-format-nonliteral" not in line]
    assert found or not status or "format-nonliteral" in said, said
    return found


def gcc_analyzer(entry):
    """One file, compiled as the build does it, but for the object."""
    need("12.", "gcc", "-dumpfullversion")
    words, command = shlex.split(entry["command"]), []
    while words:
        word = words.pop(0)
        if word in ("-o", "-MF", "-MQ"):
            words.pop(0)
        elif word not in ("ccache", "-MD", "-Werror", "-c"):
            command.append(word)
    status, said = run([*command, *GCC, "-c", "-o", "/dev/null",
                        "-fdiagnostics-plain-output"], entry["directory"])
    assert status == 0, said
    return [line for line in said.split("\n") if "-Wanalyzer" in line]


def cppcheck(files, *more):
    need("2.10", "cppcheck", "--version")
    _, said = run(["cppcheck", "-q", "--library=gtk,posix", "--std=c11", "-I.",
                   "--enable=warning,performance,portability",
                   "--inline-suppr", "--template={file}:{line}: {message} [{id}]",
                   *(f"--suppress={name}" for name in CPPCHECK), *more, *files])
    return [line for line in said.split("\n") if line.endswith("]")]


def shellcheck(files):
    need("", "shellcheck", "--version")
    return run(["shellcheck", "-f", "gcc", "-e", ",".join(SHELLCHECK), *files])[1]


def codespell(files):
    need("", "codespell", "--version")
    return run(["codespell", "-L", WORDS, *files])[1]


@functools.lru_cache
def lock_checker():
    """It lies below build/, and is made once, whoever asks first."""
    home = os.path.join(ROOT, "build", "analysis-venv")
    program = os.path.join(home, "bin", "clang-tidy")
    os.makedirs(os.path.dirname(home), exist_ok=True)
    with open(home + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if version(program, "--version") != LOCK_CHECKER[:4]:
            venv.create(home, with_pip=True, clear=True)
            status, said = run([os.path.join(home, "bin", "pip"), "--no-input",
                                "install", "--retries", "1",
                                "clang-tidy==" + LOCK_CHECKER])
            if status:
                pytest.skip(f"no clang-tidy {LOCK_CHECKER}: {said[-200:]}")
    return program


def locks(files, *more):
    """Where a lock that mutex.h asks for is not held, members included."""
    flags = ["-Wno-error", "-Wthread-safety", "-Wthread-safety-beta",
             "-DCHECK_GUARDED_BY",
             "-Xclang", "-fexperimental-late-parse-attributes"]
    status, said = run([lock_checker(), "--quiet", "--allow-no-checks",
                        "--checks=-*,clang-diagnostic-thread-safety*",
                        *("--extra-arg=" + flag for flag in flags), *files, *more])
    found = [line for line in said.split("\n")
             if re.search(r"\[clang-diagnostic-(thread-safety|error)", line)]
    assert found or not status, said
    return found


# ---- the checkout ----

@pytest.mark.parametrize("part", PARTS)
def test_clang_tidy(part):
    files = sources(part)
    assert files
    found = clang_tidy([os.path.join(ROOT, f) for f in files], "-p", BUILD)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("part", PARTS)
def test_locks(part):
    found = locks([os.path.join(ROOT, f) for f in sources(part)], "-p", BUILD)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("part", PARTS)
def test_gcc_analyzer(part):
    found = [line for entry in sources(part).values()
             for line in gcc_analyzer(entry)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("part", PARTS)
def test_cppcheck(part):
    found = cppcheck([f for f in tracked(part) if f.endswith(".c")])
    assert not found, "\n".join(found)


def scripts():
    """What the first line gives to a shell, and what a script includes."""
    found = []
    for path in tracked():
        try:
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                first = file.readline()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        if re.match(r"#!.*\b(ba|da)?sh\b", first):
            found.append(path)
    return found


def test_shellcheck():
    found = shellcheck(scripts())
    assert not found, found


def test_codespell():
    found = codespell([f for f in tracked()
                       if not f.startswith(("tests/vectors", "tests/answers",
                                            "tests/fuzz/corpus"))])
    assert not found, found


# ---- each tool finds what is planted ----

def plant(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    return str(file)


def test_clang_tidy_finds(tmp_path):
    file = plant(tmp_path, "planted.c",
                 "#include <string.h>\n"
                 "void clear(char *p);\n"
                 "void clear(char *p)\n{\n\tmemset(p, sizeof(p), 0);\n}\n")
    assert any("bugprone" in line for line in clang_tidy([file], "--"))


@pytest.mark.parametrize("offence", [
    "void f(Thing *self)\n{\n\tself->value = 1;\n}\n",
    "void f(Thing *self)\n{\n\tneeds(self);\n}\n",
    "void f(Thing *self)\n{\n\tmutex_lock(&self->lock);\n}\n",
    "void f(Thing *self, Thing *other)\n{\n\tmutex_lock(&other->lock);\n"
    "\tneeds(self);\n\tmutex_unlock(&other->lock);\n}\n",
    "int f(Thing *self)\n{\n\treturn self->both;\n}\n",
    "void f(Thing *self)\n{\n\tmutex_lock(&self->lock);\n"
    "\tself->both = 1;\n\tmutex_unlock(&self->lock);\n}\n"])
def test_locks_finds(tmp_path, offence):
    fine = ("int g(Thing *self)\n{\n\tint both;\n\n"
            "\tmutex_lock(&self->lock);\n\tboth = self->both;\n"
            "\tmutex_unlock(&self->lock);\n\treturn both;\n}\n")
    thing = ('#include "backends/base/mutex.h"\n'
             "typedef struct {\n\tMutex lock, outer;\n"
             "\tint value GUARDED_BY(lock);\n"
             "\tint both GUARDED_BY(outer, lock);\n} Thing;\n"
             "void needs(Thing *self) REQUIRES(self->lock);\n")
    flags = ("--", "-std=gnu11", "-I" + ROOT)
    assert not locks([plant(tmp_path, "fine.c", thing + fine)], *flags)
    assert locks([plant(tmp_path, "planted.c", thing + offence)], *flags)


def test_gcc_analyzer_finds(tmp_path):
    file = plant(tmp_path, "planted.c",
                 "#include <stdlib.h>\n"
                 "void twice(void *p);\n"
                 "void twice(void *p)\n{\n\tfree(p);\n\tfree(p);\n}\n")
    entry = {"command": f"gcc -O1 -c {file}", "directory": str(tmp_path)}
    assert any("double-free" in line for line in gcc_analyzer(entry))


def test_cppcheck_finds(tmp_path):
    file = plant(tmp_path, "planted.c",
                 "int last(void);\n"
                 "int last(void)\n{\n\tint a[4] = {0};\n\n\treturn a[4];\n}\n")
    assert any("arrayIndexOutOfBounds" in line for line in cppcheck([file]))


def test_shellcheck_finds(tmp_path):
    file = plant(tmp_path, "planted", '#!/bin/sh\nrm -rf "$1/"*\ncd $1\n')
    assert "SC2164" in shellcheck([file])


def test_codespell_finds(tmp_path):
    file = plant(tmp_path, "planted.md", "You will rec" "ieve it.\n")
    assert "rec" "ieve" in codespell([file])


def test_each_part_is_there():
    """No room of the product is in no part."""
    inside = {f for part in PARTS for f in tracked(part)}
    assert not [f for f in tracked("fs/*.c", "cache/*.c", "backends/*.c")
                if f not in inside]
