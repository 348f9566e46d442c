"""The examples in the man pages, in README.md and the quick starts, typed as a reader would type
them into the tree of `sessionfs --demo`; tests/pages.py says how they are marked."""
import glob
import os
import re

import pytest

import harness
import pages
from test_providers import ROWS

README = os.path.join(harness.ROOT, "README.md")
PAGES = pages.load(harness.ROOT)
EXAMPLES = [example for page in PAGES for example in page.examples()]
EXAMPLES += pages.readme(README)
QUICK_STARTS = sorted(glob.glob(
    os.path.join(harness.ROOT, "examples/quickstart/*.md")))
for quick_start in QUICK_STARTS:
    EXAMPLES += pages.readme(quick_start)
# Those that nothing here can run, each with its reason in the page.
NOT_RUN = 14


def of(kind):
    return [pytest.param(example, id=f"{example.page}:{example.line}")
            for example in EXAMPLES if example.kind == kind]


@pytest.fixture(scope="module")
def typing(shared_rig):
    """An environment in which the program is found by its name."""
    tools = shared_rig.new_folder("bin")
    os.symlink(harness.SESSIONFS, os.path.join(tools, "sessionfs"))
    return {"PATH": tools + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="module")
def demo(shared_rig):
    """The demo's mount, which a page has for its own."""
    mounts = {}

    def of_page(name=""):
        if name not in mounts:
            folder = shared_rig.new_folder("demo")
            mounts[name] = shared_rig.mount(
                config="", folder=folder,
                argv=["-f", "--demo", os.path.join(folder, "mnt")])
        return mounts[name]
    return of_page


ENDS = "--- the end of a command ---"


def type_in(commands, cwd, env, tmp_path):
    """What each command prints, in the shell of one reader."""
    script = tmp_path / "typed"
    # The next command may ask for a status.
    script.write_text(
        f"end() {{ printf '\\n{ENDS}\\n'; return \"$1\"; }}\n" + "".join(
            f"{command.text}\nend $?\n" for command in commands))
    done = harness.run(["bash", "-c", '. "$0" 2>&1', str(script)], cwd=cwd,
                       env=env, timeout=60)
    printed = done.out.split(f"\n{ENDS}\n")[:-1]
    assert len(printed) == len(commands), done
    # A shell that a person types into names no file and no line.
    return [re.sub(rf"^{re.escape(str(script))}: line \d+: ", "bash: ", said,
                   flags=re.M) for said in printed]


def check(example, cwd, env, tmp_path):
    commands = example.commands()
    for command, said in zip(commands,
                             type_in(commands, cwd, env, tmp_path)):
        assert pages.matches(command.output, said.splitlines()), (
            f"{example.page}:{command.line}: $ {command.text}\n"
            + "it prints:\n" + said)


def test_each_example_is_marked():
    for example in EXAMPLES:
        assert example.mark, f"{example.page}:{example.line}: no mark"
    assert {e.kind for e in EXAMPLES} == {
        "run", "load", "not run", "picture"}


def test_few_are_not_run():
    assert len(of("not run")) == NOT_RUN


# What they print is a matter of the program, not of its build.
@harness.policy
@pytest.mark.parametrize("example", of("run"))
def test_it_prints_what_the_page_says(example, demo, typing, tmp_path):
    cwd = str(tmp_path)
    if example.folder:
        cwd = sorted(glob.glob(
            os.path.join(demo(example.page).path, example.folder)))[0]
    try:
        check(example, cwd, typing, tmp_path)
    finally:
        left = str(tmp_path / "sessions")
        if harness.mounted(left):
            harness.run(["fusermount3", "-uz", left])


@pytest.mark.parametrize("example", of("load"))
def test_it_loads(example, mount):
    m = mount(config="\n".join(example.lines) + "\n",
              env={"CREDENTIALS_DIRECTORY": "/run/credentials/a-unit"})
    shown = m.read(".sessionfs/config")
    for line in example.lines:
        if line.startswith("["):
            assert line in shown.split("\n")


@harness.policy
def test_the_specs_of_the_readme_make_sessions(demo):
    mount = demo()
    specs = pages.readme_specs(README)
    assert sorted(provider for provider, _ in specs) == sorted(
        name for name in os.listdir(mount.path) if name[0] != ".")
    for provider, spec in specs:
        new = sorted(glob.glob(f"{mount.path}/{provider}/*/new"))[0]
        mount.run(f"echo '{spec}' > '{new}'").ok()


def test_each_provider_has_a_quick_start():
    providers = {row.type for row in ROWS}
    assert providers == {os.path.basename(path)[:-len(".md")]
                         for path in QUICK_STARTS}
    for path in QUICK_STARTS:
        # Log in, mount, look, start, end, and what it costs.
        with open(path) as file:
            said = set(re.findall(r"^\*\*([A-Za-z ]+)", file.read(), re.M))
        assert said >= {"Log in", "Mount", "Look", "Start a session",
                        "End it", "What it costs"}, path


@harness.policy
def test_each_member_of_status_is_told(demo):
    mount = demo()
    (told,) = [page.tables()["members of .status"] for page in PAGES
               if "members of .status" in page.tables()]
    shown = set()
    for path in glob.glob(mount.path + "/*/.status") + \
            glob.glob(mount.path + "/*/*/.status"):
        shown |= set(re.findall(r"^(\w+): ", mount.read(path), re.M))
    # The rest is there while something is wrong.
    assert shown <= told
    assert told - shown <= {
        "clock_offset", "credentials_error", "credentials_state",
        "last_failed_call", "throttled_until"}


# ---- the tests of this test ----

@pytest.mark.parametrize("expected, printed, same", [
    (["a"], ["a"], True), (["a"], ["b"], False), (["a"], [], False),
    ([], ["a"], False), (["a ..."], ["a  b c"], True),
    (["a...c"], ["a b c"], True), (["a...c"], ["a b"], False),
    (["...", "b"], ["x", "y", "b"], True), (["...", "b"], ["b"], True),
    (["...", "b"], ["x"], False), (["b", "..."], ["b"], True),
    (["a\tb"], ["a    b"], True), (["a.c"], ["abc"], False)])
def test_expected_output(expected, printed, same):
    assert pages.matches(expected, printed) is same


def test_a_wrong_page_fails(tmp_path):
    page = tmp_path / "x.1"
    page.write_text('.\\" run\n.Bd -literal\n$ echo a \\-\\(aqb\\(aq\n'
                    '> echo c\na \\-b\n.Ed\n.Bd -literal\nx\n.Ed\n')
    right, unmarked = pages.Page(page).examples()
    assert unmarked.mark == ""
    with pytest.raises(AssertionError):
        check(right, str(tmp_path), {}, tmp_path)
    right.lines.append("c")
    check(right, str(tmp_path), {}, tmp_path)
