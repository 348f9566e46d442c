"""Clean systems with our packages in them: one for each release, made once."""
import glob
import hashlib
import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "mount"))
import harness  # noqa: E402

BUILT = os.path.join(harness.ROOT, "build", "deb")
KEPT = os.path.join(harness.ROOT, "build", "packages")
RELEASES = ("bookworm", "trixie")
INSTALL = 'cp {} "$1/root" && chroot "$1" sh -c ' \
    '"apt-get -q -y --no-install-recommends install /root/*.deb && ' \
    'rm /root/*.deb && useradd -m -d /srv/newcomer newcomer"'


def command(argv):
    done = subprocess.run(argv, text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr)[-600:]


def packages(release):
    """Built when there are none: packaging/build-deb makes them anew."""
    def there():
        return sorted(glob.glob(f"{BUILT}/{release}/sessionfs_*.deb")
                      + glob.glob(f"{BUILT}/{release}/sessionfs-demo_*.deb"))
    if not there():
        status, said = command([harness.ROOT + "/packaging/build-deb",
                                "--no-test", release])
        assert status == 0, said
    return there()


def system(release):
    """A minimal Debian with these packages."""
    debs = packages(release)
    digest = hashlib.sha256(INSTALL.encode())
    for deb in debs:
        with open(deb, "rb") as f:
            digest.update(f.read())
    folder = f"{KEPT}/{release}-{digest.hexdigest()[:16]}"
    if os.path.exists(folder + ".made"):
        return folder
    for old in glob.glob(f"{KEPT}/{release}-*"):
        shutil.rmtree(old) if os.path.isdir(old) else os.remove(old)
    os.makedirs(KEPT, exist_ok=True)
    mirror = [os.environ["MIRROR"]] if os.environ.get("MIRROR") else []
    status, said = command(
        ["mmdebstrap", "-q", "--mode=root", "--variant=minbase",
         '--aptopt=APT::Get::Assume-Yes "true"',
         "--customize-hook=" + INSTALL.format(" ".join(debs)),
         release, folder, *mirror])
    assert status == 0, said
    open(folder + ".made", "w").close()
    return folder


@pytest.fixture(scope="module", params=RELEASES)
def installed(request):
    if os.geteuid() != 0:
        pytest.skip("only root can make a system")
    for program in ("mmdebstrap", "ip", "openssl", "unshare"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    return system(request.param)
