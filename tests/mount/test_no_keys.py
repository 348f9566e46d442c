"""What a section says that has no credentials: ENOKEY, and where it looked."""
import errno
import os
import types

import pytest

from harness import run
from test_providers import ROWS, section

ROW = {row.type: row for row in ROWS}
CLOSED = "127.0.0.1:9"  # nobody listens there
NONE = {name: None for name in (
    "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_ECS_METADATA_DISABLED")}
AWS = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "profile default",
       "AWS_CONTAINER_CREDENTIALS_FULL_URI", "EC2 metadata")
LOOKED = {
    "alibaba": ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ROLE_ARN",
                ".aliyun/config.json", ".alibabacloud/credentials",
                "ECS metadata", "ALIBABA_CLOUD_CREDENTIALS_URI"),
    "emr-serverless": AWS,
    "emr": AWS,
    "dli": ("HUAWEICLOUD_SDK_IDP_ID", "HUAWEICLOUD_SDK_AK",
            ".huaweicloud/credentials", "ECS metadata"),
    "livy": ("the section's key auth",),
    "dataproc": ("CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS",
                 "application_default_credentials.json",
                 "the metadata server"),
}


def refused(m, row, *words):
    """A look ends in ENOKEY, and the sentence has all of these words."""
    folder = os.path.join(m.path, "cloud")
    if row.type in ("livy", "dataproc"):  # where nobody lists workspaces
        folder = os.path.join(folder, min(
            name for name in os.listdir(folder) if name[0] != "."))
    with pytest.raises(OSError) as e:
        os.listdir(folder)
    assert e.value.errno == errno.ENOKEY, e.value
    said = m.read("cloud/.status")
    assert not [word for word in words if word not in said], said


def test_no_network_and_no_credentials(mount):
    """No metadata service either: the cloud that runs this may have one."""
    if run(["unshare", "-n", "true"]).status:
        pytest.skip("no network namespace can be made")
    nowhere = types.SimpleNamespace(url="http://" + CLOSED)
    rows = [row for row in ROWS if row.type != "livy"]
    for row in rows:
        m = mount(config={"cloud": section(row, nowhere)}, env=NONE,
                  starter=("unshare", "-n"))
        refused(m, row, *LOOKED[row.type])
        m.stop()


def test_a_livy_that_wants_some(emulator, mount):
    m = mount(emu := emulator("--livy-token", "sesame"),
              config={"cloud": section(ROW["livy"], emu)}, env=NONE)
    refused(m, ROW["livy"], *LOOKED["livy"])


@pytest.mark.parametrize("kind,name,value", [
    ("emr", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://" + CLOSED),
    ("emr-serverless", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
     "http://" + CLOSED),
    ("dataproc", "GCE_METADATA_HOST", CLOSED)])
def test_a_metadata_server_where_nobody_listens(
        emulator, mount, kind, name, value):
    m = mount(emu := emulator(), config={"cloud": section(ROW[kind], emu)},
              env={**NONE, name: value})
    refused(m, ROW[kind], *LOOKED[kind])


MISSING = "/nonexistent/secret"


@pytest.mark.parametrize("kind,key,value,says", [
    ("livy", "auth", "basic:" + MISSING, "auth: " + MISSING),
    ("livy", "auth", "bearer:" + MISSING, "auth: " + MISSING),
    ("livy", "auth", "header:X-Token:" + MISSING, "auth: " + MISSING),
    ("livy", "auth", "exec:" + MISSING, "auth: " + MISSING),
    ("dataproc", "credentials_file", MISSING, "credentials_file = " + MISSING),
    ("dataproc", "access_token_file", MISSING,
     "access_token_file = " + MISSING),
    ("alibaba", "profile", "absent", "profile = absent"),
    ("emr", "profile", "absent", "profile = absent"),
    ("emr-serverless", "profile", "absent", "profile = absent"),
    ("dli", "profile", "absent", "profile = absent")])
def test_a_key_that_names_what_is_not_there(
        emulator, mount, kind, key, value, says):
    emu = emulator()
    m = mount(emu, config={
        "cloud": {**section(ROW[kind], emu), key: value}}, env=NONE)
    refused(m, ROW[kind], says, "looked in" if kind != "livy" else "such file")
