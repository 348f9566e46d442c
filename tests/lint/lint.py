#!/usr/bin/env python3
"""lint: whether a checkout keeps the house rules.

usage: lint.py [--list] [--root DIR] [RULE...]

Prints each offence as "rule: where: what"; exit status 1 when there is one.
A rule is one function below, its docstring says what it asks for, and
test_lint.py shows by a planted offence that each of them can fail.
"""
import argparse
import ast
import collections
import fcntl
import functools
import json
import math
import os
import re
import statistics
import subprocess
import sys
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tests", "lint")]
import manual  # noqa: E402
import pages  # noqa: E402

FORMATTER = "14.0.6"
PRODUCT = ("backends", "cache", "fs")
RANK = {"backends": 0, "cache": 1, "fs": 2}
BUDGET = {"file": 600, "function": 80, "p99": 60, "median": 20, "nesting": 4,
          "width": 100}
TOP_LEVEL = {".ci", ".clang-format", ".clang-tidy", ".github",
             ".gitattributes", ".gitignore", "LICENSE",
             "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "backends", "cache", "examples", "fs", "meson.build",
             "meson_options.txt", "packaging", "tests"}
NOT_OURS = re.compile(r"(^|/)(\.git|\.venv|__pycache__|\.pytest_cache)(/|$)|"
                      r"^build[^/]*/")
RULES = {}


class Skip(Exception):
    """The rule cannot be judged on this machine; the text says why."""


def rule(function):
    RULES[function.__name__] = function
    return function


def layer(path):
    return path.split("/")[0]


class Tree:
    """A checkout: its files, as git would commit them, and their text."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.files = sorted(f for f in self._list() if not NOT_OURS.search(f)
                            and os.path.isfile(os.path.join(self.root, f)))
        self.names = set(self.files)

    def _list(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            p = subprocess.run(
                ["git", "-C", self.root, "-c", "safe.directory=*", "ls-files",
                 "-z", "--cached", "--others", "--exclude-standard"],
                capture_output=True)
            if p.returncode == 0:
                return [os.fsdecode(f) for f in p.stdout.split(b"\0") if f]
        found = []
        for folder, _, names in os.walk(self.root):
            inside = os.path.relpath(folder, self.root)
            found += [os.path.normpath(os.path.join(inside, n)) for n in names]
        return found

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        with open(os.path.join(self.root, path), errors="replace") as f:
            return f.read()

    @functools.lru_cache(maxsize=None)
    def code(self, path):
        """C text with comments and strings blanked, line numbers kept."""
        return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'
                      r"'(?:\\.|[^'\\\n])*'",
                      lambda m: '""' if m[0][0] == '"' else
                      re.sub(r"[^\n]", " ", m[0]), self.text(path), flags=re.S)

    def c_files(self, folders=None):
        return [f for f in self.files if f.endswith((".c", ".h"))
                and (folders is None or layer(f) in folders)]

    def includes(self, path):
        """(line, "<" or '"', name) of each include."""
        for n, line in enumerate(self.text(path).split("\n"), 1):
            m = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if m:
                yield n, m[1], m[2]

    def ours(self, path, name):
        """The header of ours that path's include of name finds, or None."""
        if name in self.names or name + ".in" in self.names:
            return name
        beside = os.path.join(os.path.dirname(path), name)
        return beside if beside in self.names else None

    def inside(self, path):
        """(line, header) of each include of a header of path's own layer."""
        for n, _, name in self.includes(path):
            header = self.ours(path, name)
            if header and layer(header) == layer(path):
                yield n, header

    @functools.lru_cache(maxsize=None)
    def rooms(self, folder):
        """{name: floor} of a layer's rooms ("base/") and of the headers beside
        them, from the table in its README.md: lower rows are higher floors.
        Rooms that share a row share a floor."""
        readme = f"{folder}/README.md"
        text = self.text(readme) if readme in self.names else ""
        name = r"`[a-z_]+(?:/|\.h)`"
        rows = re.findall(rf"^\| *({name}(?:,? {name})*) *\|", text, re.M)
        return {n.strip("`"): floor for floor, row in enumerate(rows)
                for n in re.findall(name, row)}

    def floor(self, path):
        """Of a file; None where its room is in no row. What stands beside the
        rooms and is in no row is above them all."""
        folder, name, *deeper = path.split("/")
        if deeper:
            return self.rooms(folder).get(name + "/")
        return self.rooms(folder).get(name, math.inf)

    @functools.lru_cache(maxsize=None)
    def functions(self):
        """(lines, path, name, first, last) of each function of the product."""
        files = self.c_files(PRODUCT)
        if not files:
            return []
        try:
            p = subprocess.run(
                ["ctags", "--output-format=json", "--fields=+ne",
                 "--kinds-C=f", "-f", "-", *files],
                cwd=self.root, text=True, capture_output=True, check=True)
        except FileNotFoundError:
            raise Skip("universal-ctags is not installed")
        out = []
        for line in p.stdout.splitlines():
            t = json.loads(line)
            if "end" in t:
                out.append((t["end"] - t["line"] + 1, t["path"], t["name"],
                            t["line"], t["end"]))
        return sorted(out, reverse=True)


def search(tree, files, pattern, say, code=True):
    """Where the pattern stands in files: "path:line: say % match"."""
    found = []
    for f in files:
        text = tree.code(f) if code else tree.text(f)
        for m in re.finditer(pattern, text):
            found.append(f"{f}:{text.count(chr(10), 0, m.start()) + 1}: "
                         + say.replace("%", m[0].strip()))
    return found


# ---- budgets ----

@rule
def file_size(tree):
    """No C file of the product is over 600 lines."""
    sizes = ((f, len(tree.text(f).splitlines())) for f in tree.c_files(PRODUCT))
    return [f"{f}: {n} lines" for f, n in sizes if n > BUDGET["file"]]


@rule
def function_size(tree):
    """No function of the product is over 80 lines."""
    return [f"{path}:{first}: {name} has {n} lines"
            for n, path, name, first, _ in tree.functions()
            if n > BUDGET["function"]]


@rule
def function_p99(tree):
    """99 of 100 functions have at most 60 lines."""
    sizes = sorted(f[0] for f in tree.functions())
    p99 = sizes[min(len(sizes) - 1, int(len(sizes) * .99))] if sizes else 0
    longest = ", ".join(f"{f[2]} {f[0]}" for f in tree.functions()[:5])
    return [f"p99 is {p99}: {longest}"] if p99 > BUDGET["p99"] else []


@rule
def function_median(tree):
    """Half of the functions have at most 20 lines."""
    sizes = [f[0] for f in tree.functions()]
    median = statistics.median(sizes) if sizes else 0
    return [f"median is {median:g}"] if median > BUDGET["median"] else []


def depth_of(text):
    text = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])\'|//[^\n]*|/\*.*?\*/', "",
                  text, flags=re.S)
    depth = deepest = 0
    for ch in text:
        depth += (ch == "{") - (ch == "}")
        deepest = max(deepest, depth)
    return deepest - 1


@rule
def nesting(tree):
    """Blocks nest at most 4 deep."""
    found = []
    for _, path, name, first, last in tree.functions():
        lines = tree.text(path).split("\n")[first - 1:last]
        deep = depth_of("\n".join(lines))
        if deep > BUDGET["nesting"]:
            found.append(f"{path}:{first}: {name} nests {deep} deep")
    return found


@rule
def width(tree):
    """No line of the product is over 100 columns, a tab being 8."""
    return [f"{f}:{n}: {len(line.expandtabs(8))} columns"
            for f in tree.c_files(PRODUCT)
            for n, line in enumerate(tree.text(f).split("\n"), 1)
            if len(line.expandtabs(8)) > BUDGET["width"]]


# ---- layers and rooms ----

@rule
def rooted_include(tree):
    """An include of ours is quoted and names the path from the root. Tests and
    the emulator may name a header alone that stands beside the file."""
    found = []
    for f in tree.c_files():
        for n, kind, name in tree.includes(f):
            header = tree.ours(f, name)
            if kind == "<":
                if header == name:
                    found.append(f"{f}:{n}: <{name}> is ours: quote it")
            elif header is None:
                found.append(f"{f}:{n}: {name} is no header of ours")
            elif header != name and layer(f) in PRODUCT:
                found.append(f"{f}:{n}: {name} is {header}")
    return found


@rule
def upward_include(tree):
    """Includes walk down: fs, cache, backends."""
    return [f"{f}:{n}: {name} lies above {layer(f)}/"
            for f in tree.c_files(PRODUCT) for n, _, name in tree.includes(f)
            if RANK.get(layer(name), 0) > RANK[layer(f)]]


FACES = {
    "backends": {},
    "cache": {"backends": {"backend.h", "session.h", "error.h",
                           "base/clock.h", "base/mutex.h",
                           "base/thread.h"}},
    "fs": {"backends": {"session.h", "error.h", "base/clock.h",
                        "base/digest.h", "base/inherited.h", "base/json.h", "base/mutex.h",
                        "base/nearest.h", "base/secret.h", "base/spawn.h",
                        "base/thread.h"},
           "cache": {"cache.h", "base/escape.h", "base/failpoint.h",
                     "base/locked.h",
                     "base/log_about.h", "base/metric.h", "base/name.h"}},
}
# They put the whole together.
BUILDERS = re.compile(
    r"fs/(main|start/(config\w*|demo)|command/(command|bundle|doctor\w*|init))\.[ch]")


@rule
def narrow_face(tree):
    """A layer sees only the faces of those below, which FACES lists; the files
    that build the whole see all."""
    found = []
    for f in tree.c_files(PRODUCT):
        for n, _, name in tree.includes(f):
            below, _, face = name.partition("/")
            if below in RANK and below != layer(f) \
                    and not BUILDERS.fullmatch(f) \
                    and face not in FACES[layer(f)].get(below, ()):
                found.append(f"{f}:{n}: {name} is private to {below}/")
    return found


@rule
def known_room(tree):
    """A file lies in a room that the README of its layer names, or beside the
    rooms."""
    return [f"{f}: in no room of {layer(f)}/README.md"
            for f in tree.c_files(PRODUCT)
            if tree.floor(f) is None or f.count("/") > 2]


@rule
def room_order(tree):
    """A room includes those above it in the table of its layer's README."""
    found = []
    for f in tree.c_files(PRODUCT):
        for n, header in tree.inside(f):
            room = os.path.dirname(f)
            own, other = tree.floor(f), tree.floor(header)
            if None in (own, other):
                continue
            if other > own:
                found.append(f"{f}:{n}: {header} lies above {room}/")
            elif other == own and os.path.dirname(header) != room:
                found.append(f"{f}:{n}: {header} lies beside {room}/")
    return found


def module(tree, path):
    """x.c and x.h are one, but a face is not what stands behind it."""
    beside = tree.floor(path) == math.inf
    return path if beside and path.endswith(".c") else path[:-2]


def way_back(graph, start):
    """The shortest way from start to start, or None."""
    ways = [[start]]
    seen = set()
    for way in ways:
        for after in sorted(graph.get(way[-1], ())):
            if after == start:
                return [*way, start]
            if after not in seen:
                seen.add(after)
                ways.append([*way, after])
    return None


@rule
def no_circle(tree):
    """No module includes itself by way of others."""
    graph = collections.defaultdict(set)
    for f in tree.c_files(PRODUCT):
        own = module(tree, f)
        graph[own] |= {module(tree, h) for _, h in tree.inside(f)} - {own}
    found = []
    told = set()
    for start in sorted(graph):
        way = None if start in told else way_back(graph, start)
        if way:
            told.update(way)
            found.append(" -> ".join(way))
    return found


@rule
def one_basename(tree):
    """The name of a file of the product stands once in it."""
    owners = collections.defaultdict(list)
    for f in tree.c_files(PRODUCT):
        owners[os.path.basename(f)].append(f)
    return [f"{', '.join(files)}: one name" for files in owners.values()
            if files[1:]]


def prose(tree, path):
    """The comments of a C file, or a page; line numbers kept."""
    if path.endswith(".md"):
        return tree.text(path)
    return re.sub(r"(/\*.*?\*/|//[^\n]*)|[^\n]", lambda m: m[1] or "",
                  tree.text(path), flags=re.S)


# What instructions call a file that is still to be written; the kernel's.
NOT_HERE = re.compile(r"foo|NOUN|linux/")


@rule
def named_file(tree):
    """Comments of the product, and pages, name C files that are there."""
    pages = [f for f in tree.files if f.endswith(".md") and f != "CHANGELOG.md"]
    places = "\n".join("/" + f.removesuffix(".in") for f in tree.files
                       if re.search(r"\.[ch](\.in)?$", f))
    found = []
    for f in (*tree.c_files(PRODUCT), *pages):
        for n, line in enumerate(prose(tree, f).split("\n"), 1):
            for name in re.findall(r"(?<![\w./*-])\w[\w/*]*\.[ch]\b", line):
                end = "/" + re.escape(name).replace(r"\*", r"\w*") + "$"
                if not NOT_HERE.search(name) \
                        and not re.search(end, places, re.M):
                    found.append(f"{f}:{n}: {name} is not there")
    return found


FOREIGN = (
    ("libfuse", r"fuse", r"fs/.*"),
    ("libcurl", r"curl/", r"backends/http/.*"),
    ("cJSON", r"(cjson/|cJSON\.h)", r"backends/base/json\.c"),
    ("OpenSSL", r"openssl/",
     r"backends/(base/(digest|secret)|dataproc/google_jwt)\.c"),
    ("libmicrohttpd", r"microhttpd", r"examples/emulator/.*"),
)


@rule
def foreign_library(tree):
    """One foreign library, one place."""
    found = []
    for f in tree.c_files((*PRODUCT, "examples")):
        for n, _, name in tree.includes(f):
            for library, header, place in FOREIGN:
                if re.match(header, name) and not re.fullmatch(place, f) \
                        and tree.ours(f, name) is None:
                    found.append(f"{f}:{n}: {library} has no place here")
    return found


# ---- words ----

BANNED = ("strtok", "sscanf", "atoi", "atol", "atof", "strcpy", "strcat",
          "sprintf", "vsprintf", "gets", "alloca", "g_alloca", "localtime",
          "gmtime", "system", "popen")


@rule
def banned_function(tree):
    """Functions that cannot be used safely are not used."""
    pattern = r"(?<![\w.>])(%s)(?=\s*\()" % "|".join(BANNED)
    return search(tree, tree.c_files(), pattern, "% is banned")


@rule
def no_goto(tree):
    """goto is banned."""
    return search(tree, tree.c_files(), r"\bgoto\b", "%")


@rule
def pthread_only(tree):
    """Threads, mutexes and conditions are pthread's."""
    pattern = (r"\b(G(Mutex|RecMutex|RWLock|Cond|Thread|AsyncQueue|ThreadPool)"
               r"|g_(mutex|rec_mutex|rw_lock|cond|thread|async_queue"
               r"|thread_pool)_\w+)\b")
    return search(tree, tree.c_files(), pattern,
                  "% is invisible to ThreadSanitizer")


@rule
def annotated_mutex(tree):
    """Every mutex is one whose use clang can check, and what waits with it too."""
    here = ("backends/base/mutex.h", "backends/base/thread.c")
    files = [f for f in tree.c_files() if f not in here]
    pattern = (r"\b(pthread_(mutex|rwlock|spin)(_\w+)?"
               r"|pthread_cond_(timed)?wait)\b")
    return search(tree, files, pattern, "% is no Mutex of base/mutex.h")


@rule
def clock_handed_in(tree):
    """The machine's clocks are read in one place: what decides by time asks the
    Clock that it was given.  A handler of faults may call nothing of ours."""
    here = ("backends/base/clock.c", "fs/base/crash.c")
    files = [f for f in tree.c_files((*PRODUCT, "examples")) if f not in here]
    pattern = (r"\b(g_get_(monotonic|real|current)_time|clock_gettime"
               r"|gettimeofday|g_date_time_new_now(_\w+)?"
               r"|g_timer_new|time(?=\s*\((NULL|0|&)))\b")
    return search(tree, files, pattern, "% is read past base/clock.h")


# ---- headers ----

@rule
def own_header_first(tree):
    """A source with a header of its own includes that first."""
    found = []
    for f in tree.c_files((*PRODUCT, "examples")):
        own = f[:-2] + ".h"
        if not f.endswith(".c") or own not in tree.files:
            continue
        first = next(tree.includes(f), (1, "", "nothing"))
        if tree.ours(f, first[2]) != own:
            found.append(f"{f}:{first[0]}: begins with {first[2]}")
    return found


@rule
def pragma_once(tree):
    """A header begins with #pragma once."""
    return [f"{f}:1: no #pragma once at the top" for f in tree.c_files()
            if f.endswith(".h")
            and not tree.code(f).lstrip().startswith("#pragma once")]


@rule
def header_alone(tree):
    """A header compiles by itself."""
    packages = ["glib-2.0", "fuse3", "libcurl", "libcjson", "libcrypto",
                "libmicrohttpd"]
    p = subprocess.run(["pkg-config", "--cflags", *packages], text=True,
                       capture_output=True)
    if p.returncode:
        raise Skip("pkg-config: " + p.stderr.strip().split("\n")[0])
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused",
             "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", *p.stdout.split()]
    found = []
    for f in tree.c_files((*PRODUCT, "examples")):
        if not f.endswith(".h"):
            continue
        gcc = subprocess.run(
            ["gcc", "-fsyntax-only", *flags, "-I.", "-x", "c", "-"],
            input=f'#include "{os.path.join(tree.root, f)}"\n', text=True,
            cwd=tree.root, capture_output=True)
        if gcc.returncode:
            first = next((line for line in gcc.stderr.split("\n")
                          if "error:" in line), gcc.stderr.strip())
            found.append(f"{f}:1: {first}")
    return found


# ---- form ----

def is_pinned(formatter):
    try:
        said = subprocess.run([formatter, "--version"], text=True,
                              capture_output=True).stdout
    except FileNotFoundError:
        return False
    return f"version {FORMATTER.split('.')[0]}." in said


@functools.lru_cache
def fetched_formatter():
    """A program that is pinned, or else why there is none.  Several pytests ask at
    once, and one of them makes the environment."""
    home = os.path.join(ROOT, "build", "lint-venv")
    formatter = os.path.join(home, "bin", "clang-format")
    os.makedirs(os.path.dirname(home), exist_ok=True)
    with open(home + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_pinned(formatter):
            return formatter, None
        venv.create(home, with_pip=True, clear=True)
        pip = subprocess.run(
            [os.path.join(home, "bin", "pip"), "--no-input", "install",
             "--retries", "1", "clang-format==" + FORMATTER],
            text=True, capture_output=True)
    if pip.returncode == 0:
        return formatter, None
    return None, (pip.stderr.strip() or "pip failed").split("\n")[-1]


def pinned_formatter():
    """The one clang-format whose output counts: versions differ in details.
    From the system, or else from PyPI in an environment below build/."""
    if is_pinned("clang-format"):
        return "clang-format"
    formatter, why = fetched_formatter()
    if not formatter:
        raise Skip(f"no clang-format {FORMATTER}: {why}")
    return formatter


@rule
def clang_format(tree):
    """C files are as clang-format would leave them."""
    files = tree.c_files()
    if not files:
        return []
    p = subprocess.run([pinned_formatter(), "--dry-run", "-Werror",
                        "--style=file", *files],
                       cwd=tree.root, text=True, capture_output=True)
    found = sorted({":".join(line.split(":")[:2]) for line in
                    p.stderr.split("\n") if "error:" in line})
    if p.returncode and not found:
        found = [p.stderr.strip()]
    return [f"{where}: not as clang-format has it" for where in found]


@rule
def scripts_parse(tree):
    """Shell and python scripts have no syntax errors."""
    found = []
    for f in tree.files:
        full = os.path.join(tree.root, f)
        first = tree.text(f).split("\n", 1)[0]
        if f.endswith(".py") or re.match(r"#!.*\bpython", first):
            try:
                ast.parse(tree.text(f), f)
            except SyntaxError as e:
                found.append(f"{f}:{e.lineno}: {e.msg}")
            continue
        shell = re.match(r"#!.*\b(bash|dash|sh)\b", first)
        if not shell and f.endswith(".sh"):
            shell = re.match("(sh)", "sh")
        if shell:
            p = subprocess.run([shell[1], "-n", full], text=True,
                               capture_output=True)
            if p.returncode:
                found.append(p.stderr.strip().split("\n")[0]
                             .replace(tree.root + "/", ""))
    return found


@rule
def scripts_run(tree):
    """What begins with #! is executable."""
    return [f"{f}: not executable" for f in tree.files
            if tree.text(f).startswith("#!")
            and not os.access(os.path.join(tree.root, f), os.X_OK)]


@rule
def top_level(tree):
    """The top folder holds what the README tells of, and nothing else."""
    top = {f.split("/")[0] for f in tree.files}
    return [f"{name}: not expected at the top" for name in
            sorted(top - TOP_LEVEL)]


def ours_to_read(tree):
    """Text of ours: recorded answers and vectors are others' words."""
    return [f for f in tree.files
            if not re.match(r"tests/(vectors|answers)/.*\.json$", f)
            and "\0" not in tree.text(f)[:4096]]


@rule
def machine_path(tree):
    """No path of somebody's machine."""
    places = "|".join(("work", "root", "home", "Users"))
    return search(tree, ours_to_read(tree),
                  rf"(?<![\w.$}})~-])/(?:{places})/[\w.]+", "%", code=False)


@rule
def registry_host(tree):
    """No host name of a package registry or mirror."""
    hosts = "|".join(h.replace(" ", r"\.") for h in (
        "pypi org", "pythonhosted org", "npmjs org", "npmjs com", "crates io",
        "proxy golang org", "rubygems org", "deb debian org", "docker io",
        "archive ubuntu com", "security debian org", "ghcr io", "quay io",
        "apt llvm org", "wrapdb mesonbuild com"))
    return search(tree, ours_to_read(tree), rf"\b(?:{hosts})\b", "%",
                  code=False)


@rule
def test_listed(tree):
    """Each tests/unit/test_*.c is in the build."""
    build = "tests/unit/meson.build"
    text = tree.text(build) if build in tree.files else ""
    names = [re.fullmatch(r"tests/unit/(test_\w+)\.c", f) for f in tree.files]
    return [f"{m[0]}: not in {build}" for m in names
            if m and not re.search(rf"'{m[1]}(\.c)?'", text)]


@rule
def sleep_explained(tree):
    """A test waits for events, not for the clock: a sleep has a comment "sleeps:",
    on its line or the one above, that says why nothing else would do."""
    call = re.compile(r"\b(?:g_usleep|usleep|(?:clock_)?nanosleep|sleep)\s*\(")
    found = []
    for f in tree.files:
        c = f.endswith((".c", ".h"))
        if layer(f) != "tests" or not (c or f.endswith(".py") or re.match(
                r"#!.*\bpython", tree.text(f))):
            continue
        lines = tree.text(f).split("\n")
        code = tree.code(f).split("\n") if c else lines
        found += [f"{f}:{n}: {lines[n - 1].strip()}"
                  for n, line in enumerate(code, 1) if call.search(line) and
                  not any("sleeps: " in near for near in lines[max(n - 2, 0):n])]
    return found


# ---- man pages ----

@rule
def man_page_form(tree):
    """mandoc has nothing to say about the man pages."""
    files = [f for f in tree.files if re.match(r"packaging/man/.*\.[1-9]$", f)]
    if not files:
        return []
    try:
        said = subprocess.run(["mandoc", "-T", "lint", "-W", "style", *files],
                              cwd=tree.root, text=True,
                              capture_output=True).stdout
    except FileNotFoundError:
        raise Skip("mandoc is not installed")
    # Which pages others installed here says nothing about ours.
    return [line.removeprefix("mandoc: ") for line in said.splitlines()
            if "referenced manual not found" not in line]


@rule
def man_page_tables(tree):
    """The man pages name each key, option, error, verb, file and metric that
    the code has, and no other."""
    found = pages.load(tree.root)
    return manual.compare(tree, found) if found else []


def check(root, names=None):
    """{rule: offences, or a Skip} for those rules."""
    tree = Tree(root)
    out = {}
    for name in names or RULES:
        try:
            out[name] = RULES[name](tree)
        except Skip as reason:
            out[name] = reason
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    parser.add_argument("--root", default=top)
    parser.add_argument("--list", action="store_true", help="the rules")
    parser.add_argument("rules", nargs="*", metavar="RULE")
    args = parser.parse_args()
    unknown = [r for r in args.rules if r not in RULES]
    if unknown:
        parser.error("no rule " + ", ".join(unknown))
    if args.list:
        for name, function in RULES.items():
            print(f"{name:18} {' '.join(function.__doc__.split())}")
        return 0
    broken = 0
    for name, offences in check(args.root, args.rules).items():
        if isinstance(offences, Skip):
            print(f"{name}: skipped: {offences}")
            continue
        for offence in offences:
            print(f"{name}: {offence}")
        broken += len(offences)
    print(f"lint: {broken} offences" if broken else "lint: clean")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
