"""The checkout keeps each rule of lint.py, and each rule can fail: every one
has an offence that is planted in a small clean tree and has to be found."""
import os
import stat

import pytest

import lint

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


@pytest.mark.parametrize("rule", lint.RULES)
def test_checkout_keeps(rule):
    found = lint.check(ROOT, [rule])[rule]
    if isinstance(found, lint.Skip):
        pytest.skip(str(found))
    assert not found, "\n".join(found)


# A tree that keeps every rule, and in it a case of what looks like an offence.
CLEAN = {
    ".clang-format": open(os.path.join(ROOT, ".clang-format")).read(),
    "meson.build": "project('tiny', 'c')\n",
    "README.md": "# tiny\n\nState is in $HOME/work/ and /var/lib.\n",
    "backends/error.h": "#pragma once\n\nint error_of(int code);\n",
    "backends/error.c": '#include "error.h"\n\n'
        "/* goto, strcpy(a, b) and GMutex are words here. */\n"
        "int error_of(int code)\n{\n\treturn code;\n}\n",
    "backends/backend.h": '#pragma once\n\n#include "error.h"\n',
    "backends/session.h": "#pragma once\n",
    "backends/net/http.h": "#pragma once\n",
    "backends/net/http.c": '#include "net/http.h"\n\n#include <curl/curl.h>\n',
    "cache/cache.h": '#pragma once\n\n#include "backend.h"\n',
    "cache/name.h": "#pragma once\n",
    "cache/cache.c": '#include "cache.h"\n\n#include "error.h"\n\n'
        "const char *cache_text(void);\n"
        'const char *cache_text(void)\n{\n\treturn "goto strcpy( {{{{{{";\n}\n',
    "fs/node.h": "#pragma once\n",
    "fs/node.c": '#include "node.h"\n\n#include <stdio.h>\n\n'
        '#include "cache.h"\n#include "error.h"\n',
    "fs/main.c": '#include "backend.h"\n#include "net/http.h"\n'
        '#include "version.h"\n',
    "fs/config.h": '#pragma once\n\n#include "backend.h"\n',
    "fs/version.h.in": '#define VERSION "@version@"\n',
    "examples/demo": "#!/bin/bash\nexec true\n",
    "packaging/install-deps": "#!/bin/sh\nexec true\n",
    "tests/unit/meson.build": "tests = ['test_error']\n",
    "tests/unit/test_error.c": "int main(void)\n{\n\treturn 0;\n}\n",
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
static const struct option names[] = {{"help", no_argument}, {NULL}};
const char *letters = "-ho:";
static const int errno_of[] = {[BACKEND_ERROR_INVALID] = EINVAL};
static const TreeRow rows[] = {{"state", FILE_STATE}};
static gboolean is_ignored(const char *option)
{
	static const char *const names[] = {"rw"};

	return !strcmp(option, "ro");
}
static const char *const names[] = {"sessionfs_calls_total "};
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
    "options": "Fl h , Fl \\-help\n.It Fl o Ar options",
    "mount options": "Cm ro",
    "errors": "Bq Er EINVAL\n.It Bq Er ECONNABORTED",
    "words of errors": "Dq Invalid argument",
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
    "file_size": [{"cache/long.c": "/*\n" + "x\n" * 599 + "*/\n"}],
    "function_size": [{
        "fs/long.c": function("f", 81),
        "fs/short.c": "".join(function(f"g{n}", 5) for n in range(99))}],
    "function_p99": [{"fs/long.c": function("f", 61)}],
    "function_median": [{"fs/mid.c": "".join(
        function(f"f{n}", 22) for n in range(5))}],
    "nesting": [{"backends/deep.c": DEEP}],
    "width": [
        {"fs/wide.c": "// " + "x" * 98 + "\n"},
        {"fs/tabs.h": "#pragma once\n\n/*\n" + "\t" * 12 + "12345\n*/\n"}],
    "upward_include": [
        {"cache/up.c": '#include "node.h"\n'},
        {"backends/up.c": '#include "cache.h"\n'},
        {"backends/up.c": "#include <name.h>\n"}],
    "dotted_include": [{"fs/dots.c": '#include "../cache/cache.h"\n'}],
    "narrow_face": [
        {"cache/deep.c": '#include "net/http.h"\n'},
        {"fs/deep.c": '#include "backend.h"\n'},
        {"fs/deep.c": '#include "net/http.h"\n'},
        {"cache/inner.h": "#pragma once\n",
         "fs/deep.c": '#include "inner.h"\n'},
        {"fs/lost.c": '#include "nowhere.h"\n'}],
    "foreign_library": [
        {"cache/a.c": "#include <fuse_lowlevel.h>\n"},
        {"backends/a.c": "#include <curl/curl.h>\n"},
        {"backends/net/a.c": "#include <cjson/cJSON.h>\n"},
        {"backends/net/a.c": "#include <openssl/evp.h>\n"},
        {"fs/a.c": "#include <microhttpd.h>\n"},
        {"examples/emulator/a.c": "#include <curl/curl.h>\n"}],
    "banned_function": [
        {"fs/a.c": f"void f(void)\n{{\n\t{name}(0);\n}}\n"}
        for name in lint.BANNED] + [
        {"tests/unit/a.c": "void f(void)\n{\n\tstrcpy (0, 0);\n}\n"}],
    "no_goto": [{"fs/a.c": "void f(void)\n{\nagain:\n\tgoto again;\n}\n"}],
    "pthread_only": [
        {"cache/a.c": f"static {name} x;\n"} for name in
        ("GMutex", "GThread *", "GAsyncQueue *", "GThreadPool *", "GCond")] + [
        {"fs/a.c": "void f(void)\n{\n\tg_mutex_lock(0);\n}\n"}],
    "own_header_first": [
        {"fs/node.c": '#include <stdio.h>\n\n#include "node.h"\n'},
        {"backends/net/http.c": "#include <curl/curl.h>\n"}],
    "pragma_once": [
        {"fs/node.h": ""},
        {"fs/node.h": "#ifndef NODE_H\n#define NODE_H\n#endif\n"},
        {"fs/node.h": "int node;\n#pragma once\n"}],
    "header_alone": [
        {"fs/node.h": "#pragma once\n\nvoid node_new(guint32 number);\n"}],
    "clang_format": [
        {"fs/a.c": "void f(void)\n{\n    return;\n}\n"},
        {"fs/node.h": "#pragma once\n\nint * f ( void );\n"}],
    "scripts_parse": [
        {"examples/demo": "#!/bin/bash\nif true; then\n"},
        {"packaging/install-deps": "#!/bin/sh\necho $(\n"},
        {"tests/lint/tool.py": "#!/usr/bin/env python3\ndef f(:\n"}],
    "scripts_run": [{"examples/plain": "#!/bin/sh\n"}],
    "top_level": [{"notes.txt": "x\n"}, {"utils/a.h": "#pragma once\n"}],
    "machine_path": [
        {"README.md": "see /" + "work/main\n"},
        {"packaging/service": "Exec=/" + "home/someone/bin/x\n"},
        {"fs/a.c": '// "/' + 'root/.config"\n'}],
    "registry_host": [
        {"packaging/x": "https://" + "pypi" + ".org/simple\n"},
        {"README.md": "get it from " + "ghcr" + ".io\n"}],
    "test_listed": [
        {"tests/unit/test_other.c": "int x;\n"},
        {"tests/unit/meson.build": "tests = []\n"}],
    "man_page_form": [
        {"packaging/man/tiny.1": PAGE + "two  \n"},
        {"packaging/man/tiny.1": PAGE + ".Xx\n"},
        {"packaging/man/tiny.1": PAGE.replace(".Sh NAME\n", "")}],
    "man_page_tables": [
        told(errors=None),
        *(told(**{name.replace(" ", "_"): item}) for name in TABLES
          for item in (None, TABLES[name].split()[0] + " made_up")),
        told(TINY + 'const BackendKey more_keys[] = {{"more", KEY_INT}};\n'),
        told(TINY + 'const BackendVerb verbs[] = {{"more", "more"}};\n'),
        told(TINY + 'const char more[] = "sessionfs_more_total ";\n'),
        told(TINY.replace('"state"', '"state"}, {"more"')),
        told(TINY.replace('"rw"', '"rw", "more"')),
        told(TINY.replace("daemon_keys", "renamed"))],
}
# What a plant cannot help breaking beside its own rule.
ALSO = {"upward_include": {"narrow_face"},
        "dotted_include": {"narrow_face"},
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
    assert "no_goto: fs/a.c:4: goto" in capsys.readouterr().out
