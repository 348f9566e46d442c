"""Jobs side by side in processes of their own: what is run many times over mostly
waits."""
import concurrent.futures
import multiprocessing
import os

import harness

CREW = 8 if harness.SLOW == 1 else 3


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

    def __init__(self, folder, size=CREW):
        self.folder = str(folder)
        self.serial = 0
        self.pool = concurrent.futures.ProcessPoolExecutor(
            size, multiprocessing.get_context("fork"))

    def start(self, job, *args):
        self.serial += 1
        folder = os.path.join(self.folder, str(self.serial))
        return self.pool.submit(run_job, folder, job, args)

    def close(self):
        self.pool.shutdown(cancel_futures=True)
