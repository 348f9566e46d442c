"""What one provider, one workspace or one user takes is never what another
needs: threads, memory, descriptors."""
import os
import subprocess

from harness import eventually, run

MANY = 200


def test_workspaces_that_hang_slow_no_other_provider(emulator, mount):
    hung, quick = emulator(), emulator("--fill", "w-1=3")
    names = [f"w-{n}" for n in range(MANY)]
    hung.fault(action="ListSessionClusters", hang=True, times=-1)
    m = mount(hung, config={
        "sessionfs": {"deadline": "60s"},
        "alibaba": {"workspaces": "; ".join(names),
                    "calls_per_second": 100000, "burst": 100000},
        "quick": {"type": "alibaba", "region": "cn-hangzhou",
                  "endpoint": quick.url, "workspaces": "w-1"}})
    lookers = [subprocess.Popen(["ls", m.ws(name)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL) for name in names]
    try:
        # As many calls hang as one provider may make at a time.
        eventually(lambda: hung.count("ListSessionClusters") >= 64)
        listed = run(["ls", m.ws("w-1", "quick")], timeout=30).ok().split()
        assert len([n for n in listed if n.startswith("sc-")]) == 3
        assert all(looker.poll() is None for looker in lookers)
    finally:
        hung.no_faults()
        for looker in lookers:
            looker.kill()
            looker.wait(30)
