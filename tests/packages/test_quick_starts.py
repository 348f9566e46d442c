"""Each quick start, typed as a newcomer types it on a machine that has nothing but
our packages, up to the end of the first session.  inside.py makes the machine."""
import dataclasses
import glob
import os
import re
import sys

import pytest

import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tests"))
import pages  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ENDS = "--- the end of a command ---"
SAVE = "cat >sessionfs.conf <<'END'\n{}\nEND"
# What a page leaves to its reader to fill in.
FILLED = {"SDK_AK=KEY": "SDK_AK=emulator-key",
          "SDK_SK=SECRET": "SDK_SK=emulator-secret",
          "project PROJECT": "project emulator-project"}


def quick_starts():
    return sorted(glob.glob(harness.ROOT + "/examples/quickstart/*.md"))


@dataclasses.dataclass
class Typed:
    line: str
    output: list = None  # None: nothing that is of interest


def files_named(path):
    """Those of ours that a page tells its reader to take."""
    with open(path) as f:
        text = f.read()
    for name in re.findall(r"`([\w./*-]+\.(?:json|conf))`", text):
        if name != "sessionfs.conf":  # which the reader writes
            yield name if "/" in name else "examples/policies/" + name


def blocks(path):
    """(mark, lines) of each block of a page; "" where it has no mark."""
    found, mark, open_block = [], "", False
    with open(path) as f:
        for line in f.read().split("\n"):
            if line.startswith("<!-- "):
                mark = line[len("<!-- "):-len(" -->")]
            elif line.startswith("    "):
                if not open_block:
                    found.append((mark, []))
                found[-1][1].append(line[4:])
            elif line:
                mark = ""
            open_block = line.startswith("    ") or \
                (open_block and not line)
    return found


def typed(path):
    """What a reader types, from the top of the page to its end."""
    for mark, lines in blocks(path):
        if mark == "load":
            yield Typed(SAVE.format("\n".join(lines)))
        elif mark.startswith("run in "):
            place = f"~/sessions/{mark.removeprefix('run in ')}"
            yield Typed(f"cd $(ls -d {place} | head -n 1)")
            example = pages.Example(path, 0, mark, lines)
            for command in example.commands():
                yield Typed(command.text, command.output)
        else:
            yield from (Typed(line) for line in lines)
    yield Typed("cd && sessionfs umount ~/sessions")


def script(steps):
    text = f"end() {{ printf '\\n{ENDS}%s\\n' $?; }}\n"
    for step in steps:
        line = step.line
        for word, value in FILLED.items():
            line = line.replace(word, value)
        text += f"{line}\nend\n"
    return text


def walk(root, steps, tmp_path):
    """(status, output) of each command."""
    folder, path = tmp_path / "machine", tmp_path / "typed"
    folder.mkdir()
    path.write_text(script(steps))
    done = harness.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
         "--propagation", "private", sys.executable, HERE + "/inside.py",
         root, str(folder), str(path)], timeout=300)
    parts = re.split(rf"\n{ENDS}(\d+)\n", done.out)
    found = list(zip(map(int, parts[1::2]), parts[0::2]))
    assert len(found) == len(steps), done
    return found


EACH = pytest.mark.parametrize("path", quick_starts(), ids=[
    os.path.basename(path)[:-len(".md")] for path in quick_starts()])


@EACH
def test_what_a_quick_start_names_is_installed(installed, path):
    folder = installed + "/usr/share/doc/sessionfs/"
    assert glob.glob(folder + "examples/quickstart/" + os.path.basename(path))
    for name in files_named(path):
        assert glob.glob(folder + name), name


@EACH
def test_a_quick_start_leads_to_a_session(installed, path, tmp_path):
    steps = list(typed(path))
    for step, (status, said) in zip(steps, walk(installed, steps, tmp_path)):
        assert status == 0, f"$ {step.line}\n{said}"
        if step.output is not None:
            assert pages.matches(step.output, said.splitlines()), \
                f"$ {step.line}\nit prints:\n{said}"
