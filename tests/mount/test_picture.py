"""The terminal that README.md shows is one that a run of the demo draws."""
import os
import shutil
import xml.etree.ElementTree

import pytest

import harness

PICTURE = os.path.join(harness.ROOT, "examples", "demo.svg")
MAKER = os.path.join(harness.ROOT, "examples", "demo-picture")


@harness.policy
def test_the_picture_is_what_the_demo_prints(tmp_path):
    for program in ("inotifywait", "column", "fusermount3"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    drawn = harness.run([MAKER, harness.SESSIONFS], timeout=90,
                        env={"TMPDIR": str(tmp_path)}).ok()
    with open(PICTURE) as f:
        assert drawn == f.read(), (
            "make it again: examples/demo-picture "
            "build/gcc/fs/sessionfs > examples/demo.svg")
    xml.etree.ElementTree.fromstring(drawn)


def test_the_readme_shows_it():
    with open(os.path.join(harness.ROOT, "README.md")) as f:
        assert "](examples/demo.svg)" in f.read()
