"""The kill suite: what is run many times over is a job for a crew of processes,
since most of each is waiting."""
import concurrent.futures
import multiprocessing
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "mount")]
import harness  # noqa: E402

CREW = 8 if harness.SLOW == 1 else 3


@pytest.fixture(scope="session", autouse=True)
def fuse():
    why = harness.fuse_trouble()
    if why:
        pytest.skip(why)


@pytest.fixture
def rig(tmp_path):
    rig = harness.Rig(tmp_path).watch()
    yield rig
    rig.close()


def run_job(folder, job, args):
    """In a process of the crew: job(rig, *args), and the rig's own end."""
    os.makedirs(folder)
    rig = harness.Rig(folder).watch()
    try:
        answer = job(rig, *args)
    except BaseException:
        try:
            rig.close()
        except AssertionError as e:
            print(e)
        raise
    rig.close()
    return answer


class Crew:
    """Runs jobs side by side; what one of them raises is raised by result()."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.serial = 0
        self.pool = concurrent.futures.ProcessPoolExecutor(
            CREW, multiprocessing.get_context("fork"))

    def start(self, job, *args):
        self.serial += 1
        folder = os.path.join(self.folder, str(self.serial))
        return self.pool.submit(run_job, folder, job, args)


@pytest.fixture(scope="session")
def crew(tmp_path_factory):
    crew = Crew(tmp_path_factory.mktemp("crew"))
    yield crew
    crew.pool.shutdown(cancel_futures=True)
