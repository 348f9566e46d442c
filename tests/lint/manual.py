"""What the code's tables name, for the rule that compares them with the tables
of the man pages.  A table is found by its own name, wherever it lies."""
import errno
import os
import re

STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


def tables(tree, head):
    """The texts between the braces of each `HEAD = {...};`."""
    found = []
    for f in tree.c_files(("backends", "cache", "fs")):
        text = COMMENT.sub("", tree.text(f))
        for m in re.finditer(rf"{head}\s*=\s*\{{", text):
            found.append(text[m.end():text.index("};", m.end())])
    return found


def firsts(*texts):
    """The string that each row begins with."""
    return {name for text in texts
            for name in re.findall(r'\{\s*"([^"]+)"', text)}


def strings(*texts):
    return {m[1] for text in texts for m in STRING.finditer(text)}


def provider_keys(tree):
    own = tables(tree, r"\bprovider_keys\[\]")
    others = tables(tree, r"\bother_keys\[\]")
    return firsts(*own, *tables(tree, r"\bapi_keys\[\]")) | strings(*others)


def own_keys(tree):
    """Those that one provider alone has."""
    return firsts(*tables(tree, r"\bBackendKey \w+\[\]")) - \
        firsts(*tables(tree, r"\bapi_keys\[\]"))


def providers(tree):
    return {m[1] for text in tables(tree, r"\bBackendClass \w+")
            for m in re.finditer(r'\.name = "([^"]+)"', text)}


def flags(texts):
    """Long options, and letters."""
    return {name for text in texts for m in re.findall(
        r"\{\s*\"([\w-]+)\",\s*(?:'(\w)')?", text) for name in m if name}


def options(tree):
    """Those of the mount."""
    return {"help", "h"} | flags(tables(tree, r"\bFlag mount_flags\[\]"))


def command_options(tree):
    """Those of the commands, but for --help."""
    return flags(tables(tree, r"\bFlag (?!mount_)\w+_flags\[\]"))


def commands(tree):
    return firsts(*tables(tree, r"\bCommand commands\[\]"))


def checks(tree):
    """Of sessionfs doctor."""
    return firsts(*tables(tree, r"\bDoctorCheck doctor_\w+\[\]"))


def exit_statuses(tree):
    return {m[1] for f in tree.c_files(("fs",))
            for m in re.finditer(r"\bSTATUS_\w+ = (\d+)", tree.text(f))}


def mount_options(tree):
    """Those of -o that are no keys."""
    return {m[1] for f in tree.c_files(("fs",))
            for m in re.finditer(r'strcmp\(option, "(\w+)"\)', tree.text(f))}


def errors(tree):
    """Those of failures, and those that an operation replies by name.  ENOSYS
    tells the kernel not to ask again, and reaches no caller."""
    return set(re.findall(r"\bE[A-Z]+\b", " ".join(
        re.sub(r"\[\w+\]", "", text)
        for text in tables(tree, r"\berrno_of\[\]")))) | {
            m for f in tree.c_files(("fs",))
            for call in re.findall(r"\breply_error\(\w+,([^;]*)\);",
                                   tree.code(f))
            for m in re.findall(r"\bE[A-Z]{3,}\b", call)} - {"ENOSYS"}


def verbs(tree):
    return firsts(*tables(tree, r"\bBackendVerb \w+\[\]"))


def files(tree):
    return strings(*tables(tree, r"\bTreeRow \w+\[\]"))


def metrics(tree):
    return {m[1] for f in tree.c_files(("backends", "cache", "fs"))
            for m in re.finditer(r'(?<=["n])(sessionfs_\w+)[ {"]',
                                 COMMENT.sub("", tree.text(f)))}


def words(tree):
    """All errnos that the code speaks of, and those that are the kernel's."""
    return {"ECONNABORTED", "ENODEV"} | {m for f in tree.c_files(("fs",))
                               for m in re.findall(r"\bE[A-Z]{3,}\b",
                                                   tree.code(f))}


def ignored(tree):
    """Options of mount(8) that mean nothing here."""
    return {name for f in tree.c_files(("fs",))
            for text in re.findall(r"gboolean is_ignored\(.*?\n}",
                                   tree.text(f), re.S)
            for name in strings(text)}


def in_words(names):
    """Errors as a terminal prints them."""
    return {os.strerror(getattr(errno, name)) for name in names
            if hasattr(errno, name)}


def prints(tree, message):
    """Whether a text of the code has it; N and X stand for what changes."""
    pattern = re.compile(re.sub(r"\\? \b[NX]\b", r" %\\w+",
                                re.escape(message)))
    return any(pattern.search(re.sub(r'"\s*"', "", tree.text(f)))
               for f in tree.c_files(("backends", "cache", "fs")))


# Table of the pages: what the code has, and what else may stand there.
KINDS = {
    "global keys": (lambda tree: firsts(*tables(
        tree, r"\bdaemon_keys\[\]")), None),
    "provider keys": (provider_keys, None),
    "keys of one provider": (own_keys, None),
    "providers": (providers, None),
    "options": (options, None),
    "commands": (commands, None),
    "options of commands": (command_options, None),
    "checks": (checks, None),
    "exit statuses": (exit_statuses, lambda tree: {"0", "1"}),
    "mount options": (mount_options, None),
    "errors": (errors, words),
    "words of errors": (lambda tree: in_words(errors(tree)),
                        lambda tree: in_words(words(tree))),
    "verbs": (verbs, None),
    "metrics": (metrics, None),
}


def compare(tree, pages):
    """What is in the code and not in the pages, or the other way round."""
    told, found = {}, []
    for page in pages:
        for name, names in page.tables().items():
            told.setdefault(name, set()).update(names)
    for kind, (code, besides) in KINDS.items():
        has, tells = code(tree), told.get(kind, set())
        if not has:
            found.append(f"tests/lint/manual.py: finds no {kind} in the code")
        found += [f"packaging/man: the table {kind} lacks {name}"
                  for name in sorted(has - tells)]
        may = has | (besides(tree) if besides else set())
        found += [f"packaging/man: the table {kind} has {name}, which the "
                  "code has not" for name in sorted(tells - may)]
    return found + compare_files(tree, told, pages) + [
        f"packaging/man: no text of the code says “{message}”"
        for message in sorted(told.get("messages", ()))
        if not prints(tree, message)] + [
        "packaging/man: the table words of errors lacks “%s”, which the table "
        "errors has" % name for name in sorted(
            in_words(told.get("errors", ())) -
            told.get("words of errors", set()))] + [
        f"packaging/man: says nothing of the mount option {name}"
        for name in sorted(ignored(tree)) if not says(pages, name)]


def compare_files(tree, told, pages):
    has, found = files(tree), []
    tells = {name for kind in told if kind.startswith("files of ")
             for name in told[kind]}
    if not has:
        found.append("tests/lint/manual.py: finds no files in the code")
    return found + [f"packaging/man: says nothing of the file {name}"
                    for name in sorted(has) if not says(pages, name)] + [
        f"packaging/man: the tables of files have {name}, which the tree has "
        "not" for name in sorted(tells - has)]


def says(pages, name):
    pattern = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    return any(pattern.search(page.text()) for page in pages)
