"""Our readers of vendors' files beside the vendors' own.

Who is read differently is a failure: the same values of the same sections, and
what they refuse is refused.  Chains find the same keys in the same home.
"""
import json
import os
import subprocess
import sys

import pytest

import corpus
from suite import need

GROUPS = {"alibaba": "alibaba", "aws": "aws", "google": "dataproc",
          "huawei": "huawei"}
HERE = os.path.dirname(os.path.abspath(__file__))
GCLOUD = "/usr/lib/google-cloud-sdk/lib/googlecloudsdk"
# No machine's own accounts, and no network.
ALONE = {"AWS_EC2_METADATA_DISABLED": "true", "NO_GCE_CHECK": "true",
         "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", "LC_ALL": "C.UTF-8",
         "PATH": os.environ["PATH"], "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
KEY = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----"""


def theirs(cases):
    """The vendors' answers to [(vendor, question, environment, folder)]."""
    for vendor in {case[0] for case in cases}:
        need(GROUPS[vendor])
    done = subprocess.run(
        [sys.executable, os.path.join(HERE, "vendors.py")], text=True,
        input=json.dumps(cases), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, timeout=600, check=True)
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def ours(*args, env=None, cwd=None):
    program = os.path.join(os.environ["BUILD_DIR"], "tests", "conformance",
                           "reading")
    done = subprocess.run(
        [program, *args], text=True, stdout=subprocess.PIPE, timeout=300,
        env={**os.environ, **ALONE} if env is None else env, cwd=cwd,
        check=True)
    return done.stdout.split("\n")[:-1]


def same(told):
    """What is to be compared: not in which words somebody refuses."""
    if isinstance(told, dict):
        if list(told) == [""] and isinstance(told[""], str):
            return "refused"
        return {same(k): same(v) for k, v in told.items()}
    return told.replace("\0", "\1") if isinstance(told, str) else told


def differences(names, ours_, theirs_):
    assert len(ours_) == len(theirs_) == len(names)
    return {name: {"ours": a, "theirs": b}
            for name, a, b in zip(names, ours_, theirs_) if same(a) != same(b)}


def home_of(folder, environment, files):
    """Fills the folder; returns the environment."""
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", newline="") as f:
            f.write(text)
    return {**ALONE, "HOME": folder,
            **{k: v.replace("@", folder) for k, v in environment.items()}}


def homes(tmp_path, cases):
    """[(name, environment, folder)]"""
    made = []
    for number, (name, (environment, files)) in enumerate(cases.items()):
        folder = str(tmp_path / str(number))
        os.mkdir(folder)
        made.append((name, home_of(folder, environment, files), folder))
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    paths = []
    for number, data in enumerate(corpus.FILES.values()):
        path = folder / str(number)
        path.write_bytes(data)
        paths.append(str(path))
    return paths


def test_the_corpus_is_large():
    assert len(corpus.FILES) >= 60


@pytest.mark.parametrize("vendor", ["alibaba", "aws", "google", "huawei"])
def test_a_file_is_read_as_by_the_vendor(files, vendor):
    if vendor == "google" and not os.path.isdir(GCLOUD):
        pytest.skip(f"{GCLOUD} is not there: gcloud's reader is in no index")
    told = theirs([(vendor, path, ALONE, "/") for path in files])
    assert differences(corpus.FILES, [
        json.loads(line) for line in ours("ini", vendor, *files)], told) == {}
    read = [one for one in told if same(one) != "refused"]
    assert 40 < len(read) < len(told)  # it is about both


def profile_files():
    """Homes with both of AWS's files: each awkward file as either, and each
    heading."""
    cases = {}
    for name, text in corpus.TEXTS.items():
        cases["config: " + name] = ({}, {
            corpus.CONFIG: text, corpus.CREDENTIALS: "[default]\nak = k\n"})
        cases["credentials: " + name] = ({}, {
            corpus.CONFIG: "[default]\nak = k\nregion = r\n[profile a]\n"
                           "x = y\n", corpus.CREDENTIALS: text})
    for heading in corpus.HEADINGS:
        for other in ("default", "profile a", "profile default"):
            cases[f"[{heading}] [{other}]"] = ({}, {
                corpus.CONFIG: f"[{heading}]\nk = 1\n[{other}]\nl = 2\n"})
        cases[f"credentials: [{heading}]"] = ({}, {
            corpus.CREDENTIALS: f"[{heading}]\nk = 1\n"})
    return cases


def test_profiles_are_put_together_as_by_botocore(tmp_path):
    made = homes(tmp_path, profile_files())
    told = theirs([("aws", "profiles", env, cwd) for _, env, cwd in made])
    mine = [json.loads(ours("aws", env=env, cwd=cwd)[0])
            for _, env, cwd in made]
    assert differences([name for name, _, _ in made], mine, told) == {}


@pytest.mark.parametrize("vendor", ["alibaba", "aws", "huawei"])
def test_a_chain_finds_the_vendors_keys(tmp_path, vendor):
    made = homes(tmp_path, corpus.HOMES[vendor])
    told = theirs([(vendor, "keys", env, cwd) for _, env, cwd in made])
    mine = [json.loads(ours("keys", vendor, env=env, cwd=cwd)[0])
            for _, env, cwd in made]
    assert differences([name for name, _, _ in made], mine, told) == {}
    assert "refused" in map(same, told)


def projects(tmp_path, cases):
    cases = {name: (env, {path: text.replace("KEY", KEY.replace("\n", "\\n"))
                          for path, text in files.items()})
             for name, (env, files) in cases.items()}
    made = homes(tmp_path, cases)
    told = theirs([("google", "project", env, cwd) for _, env, cwd in made])
    mine = [ours("project", env=env, cwd=cwd)[0] for _, env, cwd in made]
    return differences([name for name, _, _ in made], mine,
                       [one or "" for one in told])


def test_the_project_is_that_of_google_auth(tmp_path):
    assert projects(tmp_path, corpus.PROJECTS) == {}


def test_the_project_is_that_of_gcloud(tmp_path):
    if not os.path.isdir(GCLOUD):
        pytest.skip(f"{GCLOUD} is not there, and google-auth asks gcloud")
    assert projects(tmp_path, corpus.GCLOUD_PROJECTS) == {}
