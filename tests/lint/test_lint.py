"""The checkout keeps each rule of lint.py, and each rule can fail: every one
has an offence that is planted in a small clean tree and has to be found."""
import os
import shutil
import stat
import subprocess

import pytest

import lint

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


@pytest.mark.parametrize("rule", lint.RULES)
def test_checkout_keeps(rule):
    found = lint.check(ROOT, [rule])[rule]
    if isinstance(found, lint.Skip):
        pytest.skip(str(found))
    assert not found, "\n".join(found)


def test_scripts_that_build_are_read():
    """Only folders that a build makes are none of ours."""
    assert {"packaging/build-deb", "tests/build"} <= lint.Tree(ROOT).names


# A tree that keeps every rule, and in it a case of what looks like an offence.
CLEAN = {
    ".clang-format": open(os.path.join(ROOT, ".clang-format")).read(),
    "meson.build": "project('tiny', 'c')\n",
    "README.md": "# tiny\n\nState is in $HOME/work/ and /var/lib.\n"
        "`fs/base/n*.c` and `node.h` are there; foo.c comes with a provider.\n",
    "backends/error.h": "#pragma once\n\nint error_of(int code);\n",
    "backends/README.md": "| room | what |\n|---|---|\n"
        "| `error.h`, `session.h`, `backend.h` | the face |\n"
        "| `base/` | |\n| `http/` | |\n| `livy/`, `aws/` | vendors |\n",
    "backends/error.c": '#include "backends/error.h"\n\n'
        '#include "backends/livy/livy.h"\n\n'
        "/* goto, strcpy(a, b) and GMutex are words here. */\n"
        "int error_of(int code)\n{\n\treturn code;\n}\n",
    "backends/backend.h": '#pragma once\n\n#include "backends/error.h"\n',
    "backends/session.h": "#pragma once\n",
    "backends/base/json.h": '#pragma once\n\n#include "backends/error.h"\n',
    "backends/http/http.h": "#pragma once\n",
    "backends/http/http.c": '#include "backends/http/http.h"\n\n'
        '#include <curl/curl.h>\n\n#include "backends/base/json.h"\n',
    "backends/aws/aws.h": "#pragma once\n",
    "backends/livy/livy.h": "#pragma once\n",
    "backends/livy/livy.c": '#include "backends/livy/livy.h"\n\n'
        '#include "backends/backend.h"\n#include "backends/http/http.h"\n',
    "cache/README.md": "| `cache.h` | the face |\n| `base/` | |\n",
    "cache/cache.h": '#pragma once\n\n#include "backends/backend.h"\n',
    "cache/base/name.h": "#pragma once\n",
    "cache/base/name.c": '#include "cache/base/name.h"\n\n'
        '#include "cache/cache.h"\n',
    "cache/cache.c": '#include "cache/cache.h"\n\n'
        '#include "backends/error.h"\n#include "cache/base/name.h"\n\n'
        "const char *cache_text(void);\n"
        'const char *cache_text(void)\n{\n\treturn "goto strcpy( {{{{{{";\n}\n',
    "fs/README.md": "| `base/` | nodes |\n| `start/` | |\n",
    "fs/base/node.h": "#pragma once\n",
    "fs/base/node.c": '#include "fs/base/node.h"\n\n#include <stdio.h>\n\n'
        '#include "backends/error.h"\n#include "cache/cache.h"\n',
    "fs/main.c": '#include "backends/backend.h"\n'
        '#include "backends/http/http.h"\n#include "fs/start/config.h"\n'
        '#include "fs/version.h"\n',
    "fs/start/config.h": '#pragma once\n\n#include "backends/backend.h"\n',
    "fs/version.h.in": '#define VERSION "@version@"\n',
    "examples/demo": "#!/bin/bash\nexec true\n",
    "packaging/install-deps": "#!/bin/sh\nexec true\n",
    "tests/unit/meson.build": "tests = ['test_error']\n",
    "tests/unit/box.h": "#pragma once\n",
    "tests/unit/test_error.c": '#include "backends/error.h"\n'
        '#include "box.h"\n\nint main(void)\n{\n\treturn 0;\n}\n',
    "tests/lint/tool.py": "#!/usr/bin/env python3\nprint()\n",
}


# A product with a row in each table, and a page that tells of them.
TINY = """static const OwnKey daemon_keys[] = {{"refresh", DURATION}, {NULL}};
static const OwnKey provider_keys[] = {{"start", BOOL}, {NULL}};
static const char *const other_keys[] = {"type", NULL};
const BackendKey api_keys[] = {{"proxy", KEY_STRING}, {NULL}};
static const BackendKey tiny_keys[] = {{"region", KEY_STRING}, {NULL}};
static const BackendVerb tiny_verbs[] = {{"stop", "stop it"}, {NULL}};
const BackendClass tiny_class = {.name = "tiny"};
static const Flag mount_flags[] = {{"options", 'o', "LIST"}, {NULL}};
static const Flag go_flags[] = {{"json", 256, NULL}, {NULL}};
static const Command commands[] = {{"go", "FILE"}};
const DoctorCheck doctor_machine[] = {{"kernel", FALSE}, {NULL}};
enum { STATUS_USAGE = 2 };
static const int errno_of[] = {[BACKEND_ERROR_INVALID] = EINVAL};
static const TreeRow rows[] = {{"state", FILE_STATE}};
static gboolean is_ignored(const char *option)
{
	static const char *const names[] = {"rw"};

	return !strcmp(option, "ro");
}
static const char *const names[] = {"sessionfs_calls_total "};
static const char said[] = "another process %d "
			   "is there";
/* not "sessionfs_dreams_total " */
"""
PAGE = """.Dd January 1, 2026
.Dt TINY 1
.Os
.Sh NAME
.Nm tiny
.Nd what it takes
.Sh DESCRIPTION
The option
.Cm rw
has no effect.
"""
TABLES = {
    "global keys": "Ic refresh No = Ar duration",
    "provider keys": "Ic start , type , proxy",
    "keys of one provider": "Ic region No = Ar region",
    "providers": "Cm tiny",
    "verbs": "Cm stop",
    "options": "Fl h , Fl \\-help\n.It Fl o , Fl \\-options Ar list",
    "commands": "Cm go Ar file",
    "options of commands": "Fl \\-json",
    "checks": "Cm kernel",
    "exit statuses": "Li 2",
    "mount options": "Cm ro",
    "errors": "Bq Er EINVAL\n.It Bq Er ECONNABORTED",
    "words of errors": "Dq Invalid argument\n"
                       ".It Dq Software caused connection abort",
    "messages": "Dq process N is there",
    "files of a session": "Pa state",
    "metrics": "Va sessionfs_calls_total",
}


def told(code=TINY, **other):
    """The product and its page; other: an item in place of a table's (None: no
    such table)."""
    page = PAGE
    items = {key.replace("_", " "): item for key, item in other.items()}
    for name, item in {**TABLES, **items}.items():
        if item:
            page += (f'.\\" table: {name}\n.Bl -tag -width Ds\n'
                     f".It {item}\nTold.\n.El\n")
    return {"fs/tiny.c": code, "packaging/man/tiny.1": page}


def body(lines):
    return "".join(f"\tx += {n};\n" for n in range(lines))


def function(name, lines):
    """A function of that many lines."""
    return (f"int {name}(int x);\nint {name}(int x)\n{{\n"
            f"{body(lines - 4)}\treturn x;\n}}\n")


DEEP = ("int deep(int x);\nint deep(int x)\n{\n"
        + "".join("\t" * n + "while (x) {\n" for n in range(1, 6))
        + "\t" * 6 + "x--;\n"
        + "".join("\t" * n + "}\n" for n in range(5, 0, -1))
        + "\treturn x;\n}\n")

# rule: {file: text}; a file that is in CLEAN is replaced, None deletes it.
PLANTS = {
    "file_size": [{"cache/base/long.c": "/*\n" + "x\n" * 599 + "*/\n"}],
    "function_size": [{
        "fs/base/long.c": function("f", 81),
        "fs/base/short.c": "".join(function(f"g{n}", 5) for n in range(99))}],
    "function_p99": [{"fs/base/long.c": function("f", 61)}],
    "function_median": [{"fs/base/mid.c": "".join(
        function(f"f{n}", 22) for n in range(5))}],
    "nesting": [{"backends/base/deep.c": DEEP}],
    "width": [
        {"fs/base/wide.c": "// " + "x" * 98 + "\n"},
        {"fs/base/tabs.h": "#pragma once\n\n/*\n" + "\t" * 12 + "12345\n*/\n"}],
    "rooted_include": [
        {"fs/base/short.c": '#include "node.h"\n'},
        {"fs/base/short.c": '#include "base/node.h"\n'},
        {"fs/base/angle.c": "#include <fs/base/node.h>\n"},
        {"fs/base/dots.c": '#include "../base/node.h"\n'},
        {"fs/base/lost.c": '#include "fs/nowhere.h"\n'},
        {"tests/unit/short.c": '#include "error.h"\n'}],
    "upward_include": [
        {"cache/base/up.c": '#include "fs/base/node.h"\n'},
        {"backends/base/up.c": '#include "cache/cache.h"\n'},
        {"backends/base/up.c": "#include <cache/base/name.h>\n"}],
    "narrow_face": [
        {"cache/base/deep.c": '#include "backends/http/http.h"\n'},
        {"fs/base/deep.c": '#include "backends/backend.h"\n'},
        {"fs/base/deep.c": '#include "backends/http/http.h"\n'},
        {"cache/base/inner.h": "#pragma once\n",
         "fs/base/deep.c": '#include "cache/base/inner.h"\n'}],
    "known_room": [
        {"fs/cellar/wine.h": "#pragma once\n"},
        {"fs/README.md": "No table.\n"},
        {"fs/base/corner/wine.h": "#pragma once\n"}],
    "room_order": [
        {"backends/base/up.c": '#include "backends/http/http.h"\n'},
        {"backends/aws/beside.c": '#include "backends/livy/livy.h"\n'},
        {"cache/entry.h": "#pragma once\n",
         "cache/base/up.c": '#include "cache/entry.h"\n'},
        {"cache/cache.h": '#pragma once\n\n#include "cache/base/name.h"\n'},
        {"cache/README.md": "| `base/` | |\n| `cache.h` | |\n"}],
    "no_circle": [
        {"fs/base/a.h": '#pragma once\n\n#include "fs/base/b.h"\n',
         "fs/base/b.h": "#pragma once\n",
         "fs/base/b.c": '#include "fs/base/b.h"\n\n'
             '#include "fs/base/c.h"\n',
         "fs/base/c.h": "#pragma once\n",
         "fs/base/c.c": '#include "fs/base/c.h"\n\n'
             '#include "fs/base/a.h"\n'}],
    "one_basename": [
        {"cache/base/node.h": "#pragma once\n"},
        {"fs/start/node.c": "int node;\n"}],
    "named_file": [
        {"README.md": "Nodes are made in `fs/node.c`.\n"},
        {"fs/base/old.c": "/* See nodes.h. */\n"},
        {"fs/base/old.c": "int x; // as base/o*e.c has it\n"}],
    "foreign_library": [
        {"cache/base/a.c": "#include <fuse_lowlevel.h>\n"},
        {"backends/base/a.c": "#include <curl/curl.h>\n"},
        {"backends/base/a.c": "#include <cjson/cJSON.h>\n"},
        {"backends/http/a.c": "#include <openssl/evp.h>\n"},
        {"fs/base/a.c": "#include <microhttpd.h>\n"},
        {"examples/emulator/a.c": "#include <curl/curl.h>\n"}],
    "banned_function": [
        {"fs/base/a.c": f"void f(void)\n{{\n\t{name}(0);\n}}\n"}
        for name in lint.BANNED] + [
        {"tests/unit/a.c": "void f(void)\n{\n\tstrcpy (0, 0);\n}\n"}],
    "no_goto": [{"fs/base/a.c": "void f(void)\n{\nagain:\n\tgoto again;\n}\n"}],
    "pthread_only": [
        {"cache/base/a.c": f"static {name} x;\n"} for name in
        ("GMutex", "GThread *", "GAsyncQueue *", "GThreadPool *", "GCond")] + [
        {"fs/base/a.c": "void f(void)\n{\n\tg_mutex_lock(0);\n}\n"}],
    "annotated_mutex": [
        {"cache/base/a.c": "static pthread_mutex_t lock;\n"},
        {"tests/unit/a.c": "void f(void)\n{\n\tpthread_mutex_lock(0);\n}\n"},
        {"fs/base/a.c": "void f(void)\n{\n\tpthread_cond_wait(0, 0);\n}\n"}],
    "clock_handed_in": [
        {"cache/base/a.c": f"void f(void)\n{{\n\t{call};\n}}\n"}
        for call in ("g_get_monotonic_time()", "g_get_real_time ()",
                     "clock_gettime(0, 0)", "time(NULL)", "gettimeofday(0, 0)",
                     "g_date_time_new_now_utc()")] + [
        {"examples/a.c": "void f(void)\n{\n\tg_get_real_time();\n}\n"}],
    "own_header_first": [
        {"fs/base/node.c": '#include <stdio.h>\n\n'
             '#include "fs/base/node.h"\n'},
        {"backends/http/http.c": "#include <curl/curl.h>\n"}],
    "pragma_once": [
        {"fs/base/node.h": ""},
        {"fs/base/node.h": "#ifndef NODE_H\n#define NODE_H\n#endif\n"},
        {"fs/base/node.h": "int node;\n#pragma once\n"}],
    "header_alone": [
        {"fs/base/node.h": "#pragma once\n\nvoid node_new(guint32 number);\n"}],
    "clang_format": [
        {"fs/base/a.c": "void f(void)\n{\n    return;\n}\n"},
        {"fs/base/node.h": "#pragma once\n\nint * f ( void );\n"}],
    "scripts_parse": [
        {"examples/demo": "#!/bin/bash\nif true; then\n"},
        {"packaging/install-deps": "#!/bin/sh\necho $(\n"},
        {"tests/lint/tool.py": "#!/usr/bin/env python3\ndef f(:\n"}],
    "scripts_run": [{"examples/plain": "#!/bin/sh\n"}],
    "top_level": [{"notes.txt": "x\n"}, {"utils/a.h": "#pragma once\n"}],
    "machine_path": [
        {"README.md": "see /" + "work/main\n"},
        {"packaging/service": "Exec=/" + "home/someone/bin/x\n"},
        {"fs/base/a.c": '// "/' + 'root/.config"\n'}],
    "registry_host": [
        {"packaging/x": "https://" + "pypi" + ".org/simple\n"},
        {"README.md": "get it from " + "ghcr" + ".io\n"}],
    "test_listed": [
        {"tests/unit/test_other.c": "int x;\n"},
        {"tests/unit/meson.build": "tests = []\n"}],
    "sleep_explained": [
        {"tests/unit/a.c": f"void f(void)\n{{\n\t{call}ep(1);\n}}\n"}
        for call in ("g_usle", "usle", "nanosle", "sle")] + [
        {"tests/lint/tool.py": "import time\ntime.sle" "ep(1)\n"},
        {"tests/lint/tool": "#!/usr/bin/python3\nfrom time import sleep\n"
             "sle" "ep(1)  # a moment\n"}],
    "man_page_form": [
        {"packaging/man/tiny.1": PAGE + "two  \n"},
        {"packaging/man/tiny.1": PAGE + ".Xx\n"},
        {"packaging/man/tiny.1": PAGE.replace(".Sh NAME\n", "")}],
    "man_page_tables": [
        told(errors=None),
        *(told(**{name.replace(" ", "_"): item}) for name in TABLES
          for item in (None, TABLES[name].split()[0] + " made_up")
          if item or name != "messages"),
        told(words_of_errors="Dq Invalid argument"),
        told(TINY + "void f(void)\n{\n\treply_error(req, ENOTDIR);\n}\n"),
        told(TINY + 'const BackendKey more_keys[] = {{"more", KEY_INT}};\n'),
        told(TINY + 'const BackendVerb verbs[] = {{"more", "more"}};\n'),
        told(TINY + 'const char more[] = "sessionfs_more_total ";\n'),
        told(TINY.replace('"state"', '"state"}, {"more"')),
        told(TINY.replace('"rw"', '"rw", "more"')),
        told(TINY.replace("daemon_keys", "renamed"))],
}
# What a plant cannot help breaking beside its own rule.
ALSO = {"upward_include": {"narrow_face"},
        "man_page_form": {"man_page_tables"},
        "man_page_tables": {"clang_format"}}


def plant(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if text.startswith("#!") and name != "examples/plain":
            path.chmod(path.stat().st_mode | stat.S_IXUSR)


def broken_rules(folder):
    return {name for name, found in lint.check(folder).items()
            if found and not isinstance(found, lint.Skip)}


def test_clean_tree_passes(tmp_path):
    plant(tmp_path, CLEAN)
    found = lint.check(tmp_path)
    assert {name: found[name] for name in found
            if not isinstance(found[name], lint.Skip)} == {
        name: [] for name in lint.RULES
        if not isinstance(found[name], lint.Skip)}


def test_a_complete_page_passes(tmp_path):
    plant(tmp_path, {**CLEAN, **told()})
    found = lint.check(tmp_path, ["man_page_form", "man_page_tables"])
    assert found["man_page_tables"] == []
    assert isinstance(found["man_page_form"], lint.Skip) or \
        found["man_page_form"] == []


def test_every_rule_has_an_offence():
    assert set(PLANTS) == set(lint.RULES)


CASES = [(rule, n) for rule, plants in PLANTS.items()
         for n in range(len(plants))]


@pytest.mark.parametrize("rule,n", CASES)
def test_finds_offence(tmp_path, rule, n):
    plant(tmp_path, CLEAN)
    plant(tmp_path, PLANTS[rule][n])
    found = lint.check(tmp_path, [rule])[rule]
    if isinstance(found, lint.Skip):
        pytest.skip(str(found))
    assert found
    if n == 0:
        assert broken_rules(tmp_path) - ALSO.get(rule, set()) == {rule}


def test_command_fails_on_an_offence(tmp_path, capsys, monkeypatch):
    plant(tmp_path, {**CLEAN, **PLANTS["no_goto"][0]})
    monkeypatch.setattr("sys.argv", ["lint", "--root", str(tmp_path)])
    assert lint.main() == 1
    assert "no_goto: fs/base/a.c:4: goto" in capsys.readouterr().out


# What the clang build must refuse, with the flags that meson.build gives it.
LOCKS = ("#include \"backends/base/mutex.h\"\n"
         "typedef struct { Mutex lock; } Thing;\n"
         "void needs(Thing *self) REQUIRES(self->lock);\n"
         "void takes(Thing *self) EXCLUDES(self->lock);\n"
         "void f(Thing *self);\n")


def clang_refuses(body):
    said = subprocess.run(
        ["clang", "-fsyntax-only", "-Werror", "-Wthread-safety",
         "-Wno-thread-safety-precise", "-I.", "-x", "c", "-"],
        input=LOCKS + "void f(Thing *self)\n{" + body + "}\n", text=True,
        cwd=ROOT, capture_output=True)
    assert not said.returncode or "-Wthread-safety" in said.stderr, said.stderr
    return said.returncode != 0


@pytest.mark.skipif(not shutil.which("clang"), reason="no clang")
@pytest.mark.parametrize("body", [
    "needs(self);", "mutex_lock(&self->lock);", "mutex_unlock(&self->lock);",
    "mutex_lock(&self->lock); takes(self); mutex_unlock(&self->lock);",
    "mutex_lock(&self->lock); mutex_lock(&self->lock);"
    "mutex_unlock(&self->lock);"])
def test_clang_finds_a_wrong_lock(body):
    assert clang_refuses(body)
    assert not clang_refuses(
        "mutex_lock(&self->lock); needs(self); mutex_unlock(&self->lock);")


def test_the_build_asks_clang_for_wrong_locks():
    with open(os.path.join(ROOT, "meson.build")) as f:
        assert "'-Wthread-safety'" in f.read()
