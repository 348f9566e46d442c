"""The man pages in packaging/man as tests read them: their examples and tables.

A literal display has a mark, a comment in the line before it:

    .\\" run             its commands are run in a folder of its own
    .\\" run in DIR      the same, in a directory of the demo's mount
    .\\" load            it is a configuration, which the program loads
    .\\" not run: WHY    it cannot be run here
    .\\" picture         it is no example

A command begins with "$ ", and goes on in lines that begin with "> ".  What it
prints follows.  "..." stands for any text; alone on a line, for any lines.
Blanks are alike, however many there are.

A list that a rule of lint compares with the code has a mark too:

    .\\" table: NAME
"""
import dataclasses
import glob
import os
import re

MARK = re.compile(r'\.\\" (run|run in \S+|load|not run: .+|picture)$')
TABLE = re.compile(r'\.\\" table: (.+)$')
ESCAPES = {r"\(aq": "'", r"\(dq": '"', r"\(ga": "`", r"\(ti": "~",
           r"\(ha": "^", r"\-": "-", r"\&": "", r"\e": "\\"}
# Macros whose words in an .It line are the names that the item is about.
NAMES = {"Cm", "Er", "Fl", "Ic", "Li", "Pa", "Va"}
OTHERS = {"Ar", "Bq", "No", "Ns", "Pq"}


def plain(text):
    """Text without roff's escapes."""
    return re.sub(r"\\(\([a-z]{2}|.)",
                  lambda m: ESCAPES.get(m[0], m[0]), text)


@dataclasses.dataclass
class Command:
    line: int
    text: str
    output: list


@dataclasses.dataclass
class Example:
    page: str
    line: int
    mark: str  # "" when there is none
    lines: list

    @property
    def kind(self):
        return self.mark.split(":")[0].split(" in ")[0]

    @property
    def folder(self):
        return self.mark.partition(" in ")[2]

    def commands(self):
        found = []
        for n, line in enumerate(self.lines, self.line):
            if line.startswith("$ "):
                found.append(Command(n, line[2:], []))
            elif line.startswith("> ") and found and not found[-1].output:
                found[-1].text += "\n" + line[2:]
            elif found:
                found[-1].output.append(line)
            else:
                raise ValueError(f"{self.page}:{n}: output of no command")
        return found


class Page:
    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path) as f:
            self.source = f.read().split("\n")

    def examples(self):
        """All literal displays, marked or not."""
        found, inside = [], False
        for n, line in enumerate(self.source):
            if line.startswith(".Bd") and "-literal" in line:
                mark = MARK.match(self.source[n - 1])
                found.append(Example(self.name, n + 2,
                                     mark[1] if mark else "", []))
                inside = True
            elif line.startswith(".Ed"):
                inside = False
            elif inside:
                found[-1].lines.append(plain(line))
        return found

    def tables(self):
        """{name: set of the names that its items are about}"""
        found, name, depth = {}, None, 0
        for n, line in enumerate(self.source):
            if name is None and line.startswith(".Bl"):
                mark = TABLE.match(self.source[n - 1])
                if mark:
                    name, depth = mark[1], 1
                    found[name] = set()
            elif name is not None:
                depth += line.startswith(".Bl") - line.startswith(".El")
                if depth == 0:
                    name = None
                elif depth == 1 and line.startswith(".It "):
                    found[name] |= item_names(line)
        return found

    def text(self):
        """What a reader sees, roughly: all but comments and names of macros."""
        lines = (line for line in self.source if not line.startswith('.\\"'))
        return plain("\n".join(re.sub(r"^\.[A-Z][a-z]\b|\b[A-Z][a-z]\b(?= )",
                                      " ", line) for line in lines))


def item_names(line):
    """Those that an .It line is about: what follows, as a value, is not."""
    if line.startswith(".It Dq "):
        return {plain(line[len(".It Dq "):])}
    found, taken = set(), False
    for word in line.split()[1:]:
        if word in NAMES:
            taken = True
        elif word in OTHERS and found:
            break
        elif taken and word not in (",", ";"):
            found.add(plain(word).strip("/").lstrip("-"))
    return found


def readme(path):
    """The marked blocks of a page in Markdown: <!-- MARK -->, indented lines."""
    found, mark = [], None
    with open(path) as f:
        lines = f.read().split("\n")
    for n, line in enumerate(lines, 1):
        if line.startswith("<!-- "):
            mark = line[len("<!-- "):-len(" -->")]
        elif line.startswith("    ") and mark:
            if not found or found[-1].mark != mark:
                found.append(Example(os.path.basename(path), n, mark, []))
            found[-1].lines.append(line[4:])
        elif line:
            mark = None
    return found


def readme_specs(path):
    """(provider, spec) of each that README.md writes into a provider's new."""
    with open(path) as f:
        return re.findall(r"^    cd ~/sessions/([\w-]+)\b(?:.*\n)+?"
                          r"    echo '(.*)' > new$", f.read(), re.M)


def load(root):
    return [Page(path) for path in
            sorted(glob.glob(os.path.join(root, "packaging/man/*.[1-9]")))]


def matches(expected, printed):
    """Whether that many lines are what a page says; see above."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
            continue
        parts = re.sub(r"[ \t]+", " ", line.rstrip()).split("...")
        pattern += ".*".join(re.escape(part) for part in parts) + "\n"
    said = "".join(re.sub(r"[ \t]+", " ", line.rstrip()) + "\n"
                   for line in printed)
    return re.fullmatch(pattern, said) is not None
