"""The emulator itself: what the other tests trust it to do.

Signed by acs3.py, which shares nothing with the signer in C.
"""
import base64
import glob
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import acs3
import harness

KEY = (harness.KEY_ID, harness.KEY_SECRET)
API = "/api/v1/workspaces"
SPEC = {"name": "adhoc", "kind": "SQL", "queueName": "root_queue"}


class Answer:
    def __init__(self, raw, body):
        self.status = raw.status
        self.headers = {k.lower(): v for k, v in raw.getheaders()}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def ok(self):
        assert self.status == 200, (self.status, self.body)
        return self.json

    def refused(self, status, code):
        assert (self.status, self.json["Code"]) == (status, code), self.body
        assert set(self.json) == {"Code", "Message", "RequestId", "HostId"}
        assert self.json["RequestId"] == self.headers["x-acs-request-id"]
        return self.json["Message"]


class Client:
    """One kept connection; calls are signed unless headers are given."""

    def __init__(self, url, key=KEY, timeout=20):
        self.host = url.split("//")[1]
        self.key = key
        self.http = http.client.HTTPConnection(
            self.host, timeout=timeout * harness.SLOW)

    def send(self, method, target, headers, body=b"", **how):
        self.http.request(method, target, body or None, headers, **how)
        raw = self.http.getresponse()
        return Answer(raw, raw.read())

    def call(self, method, target, action, body=b"", key=None, **override):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.send(method, target, acs3.signed_headers(
            method, self.host, target, action, body, key or self.key,
            **override), body)

    def list(self, workspace="w-1", query=""):
        return self.call("GET", f"{API}/{workspace}/sessionClusters?{query}",
                         "ListSessionClusters")

    def get(self, id, workspace="w-1"):
        return self.call("GET", f"{API}/{workspace}/sessionClusters/"
                         + acs3.encode(id), "GetSessionCluster")

    def state(self, id):
        return self.get(id).ok()["sessionCluster"]["state"]

    def create(self, spec, workspace="w-1"):
        return self.call("POST", f"{API}/{workspace}/sessionClusters",
                         "CreateSessionCluster", spec)

    def verb(self, verb, id, workspace="w-1"):
        return self.call(
            "POST", f"{API}/{workspace}/sessionClusters/action/"
            f"{verb}SessionCluster", f"{verb.capitalize()}SessionCluster",
            {"sessionClusterId": id, "queueName": "root_queue"})

    def ids(self, query=""):
        return [s["sessionClusterId"]
                for s in self.list(query=query).ok()["sessionClusters"]]


@pytest.fixture
def emu(rig):
    return rig.emulator("--workspace", "w-1", "--manual-clock")


@pytest.fixture
def client(emu):
    return Client(emu.url)


@pytest.fixture
def filled(rig):
    emu = rig.emulator("--fill", "w-1=250")
    emu.client = Client(emu.url)
    return emu


# ---- the independent signer ----


def test_python_signer_agrees_with_the_recorded_requests():
    folder = os.path.join(harness.ROOT, "tests", "vectors", "requests")
    paths = [p for p in glob.glob(folder + "/**/*aliyun*.json", recursive=True)
             if not os.path.basename(p).startswith("flow-")]
    if not paths:
        pytest.skip("no recorded requests here")
    for path in paths:
        with open(path) as f:
            case = json.load(f)
        request, derived = case["request"], case["derived"]
        headers = {n.lower(): v for n, v in request["headers"].items()}
        names = sorted(n for n in headers if n in ("host", "content-type")
                       or n.startswith("x-acs-"))
        target = request["target"]
        canonical = acs3.canonical_request(request["method"], target, headers,
                                           names, request["body_sha256"])
        assert canonical == derived["canonical_request"], path
        creds = case["credentials"]
        header = acs3.authorize(
            request["method"], target, headers,
            (creds["accessKeyId"], creds["accessKeySecret"]),
            request["body_sha256"])
        assert header.endswith("Signature=" + derived["signature"]), path


# ---- the gate ----


@pytest.mark.parametrize("query", [
    "", "regionId=cn-hangzhou", "nextToken=&maxResults=5",
    "maxResults=5&kind=SQL", "kind=a%20b%2Bc%2Ad~e",
    "queueName=caf%C3%A9%20%E4%BC%9A%E8%AF%9D%20%2B%20100%25%20%26%20a%2Fb%3Dc"])
def test_independently_signed_call_passes(client, query):
    assert client.list(query=query).ok()["sessionClusters"] == []


def test_signed_body_passes_with_other_letters_and_sent_in_chunks(client, emu):
    body = json.dumps({"name": "café +%", "kind": "SQL"}).encode()
    target = f"{API}/w-1/sessionClusters"
    headers = acs3.signed_headers("POST", client.host, target,
                                  "CreateSessionCluster", body, KEY)
    headers["transfer-encoding"] = "chunked"
    client.send("POST", target, headers, iter([body[:7], body[7:]]),
                encode_chunked=True).ok()
    assert emu.sessions("w-1")[0]["name"] == "café +%"


@pytest.mark.parametrize("override, status, code", [
    ({"x_acs_action": None}, 400, "MissingParameter"),
    ({"x_acs_version": None}, 400, "MissingParameter"),
    ({"x_acs_date": None}, 400, "MissingParameter"),
    ({"x_acs_signature_nonce": None}, 400, "MissingParameter"),
    ({"x_acs_content_sha256": None}, 400, "MissingParameter"),
    ({"key": ("nobody", KEY[1])}, 404, "InvalidAccessKeyId.NotFound"),
    ({"key": (KEY[0], "wrong")}, 400, "SignatureDoesNotMatch"),
    ({"x_acs_content_sha256": "0" * 64}, 400, "SignatureDoesNotMatch"),
    ({"date_offset_s": -16 * 60}, 400, "InvalidTimeStamp.Expired"),
    ({"date_offset_s": 16 * 60}, 400, "InvalidTimeStamp.Expired"),
    ({"x_acs_date": "yesterday"}, 400, "InvalidTimeStamp.Format"),
    ({"x_acs_date": "2026-03-14 15:09:26Z"}, 400, "InvalidTimeStamp.Format"),
    ({"x_acs_version": "2019-01-01"}, 400, "InvalidVersion"),
    ({"x_acs_action": "GetSessionCluster"}, 404, "InvalidApi.NotFound"),
    ({"x_acs_security_token": "t"}, 400,
     "InvalidSecurityToken.MismatchWithAccessKey"),
])
def test_gate_refuses(shared_client, override, status, code):
    shared_client.call("GET", API, "ListWorkspaces",
                       **override).refused(status, code)


@pytest.fixture(scope="module")
def shared_client(shared_rig):
    return Client(shared_rig.emulator("--workspace", "w-1").url)


@pytest.mark.parametrize("header, code", [
    (None, "MissingParameter"), ("", "IncompleteSignature"),
    ("Bearer x", "IncompleteSignature"),
    ("ACS3-HMAC-SHA256 Credential=emulator-key", "IncompleteSignature"),
    ("ACS3-HMAC-SHA256 Credential=emulator-key,SignedHeaders=host,Signature=0",
     "SignatureDoesNotMatch")])
def test_gate_refuses_authorization_header(shared_client, header, code):
    headers = acs3.signed_headers("GET", shared_client.host, API,
                                  "ListWorkspaces", b"", KEY)
    del headers["authorization"]
    if header is not None:
        headers["authorization"] = header
    shared_client.send("GET", API, headers).refused(400, code)


def test_date_within_fifteen_minutes_passes(shared_client):
    for offset in (-14 * 60, 14 * 60):
        shared_client.call("GET", API, "ListWorkspaces",
                           date_offset_s=offset).ok()


def test_wrong_signature_is_told_the_servers_string_to_sign(shared_client):
    headers = acs3.signed_headers("GET", shared_client.host, API,
                                  "ListWorkspaces", b"", (KEY[0], "wrong"))
    message = shared_client.send("GET", API, headers).refused(
        400, "SignatureDoesNotMatch")
    names = sorted(n for n in headers if n == "host" or n.startswith("x-acs-"))
    assert message.endswith(acs3.string_to_sign(acs3.canonical_request(
        "GET", API, headers, names, acs3.sha256(b""))))


def test_body_that_was_changed_on_its_way_is_refused(client, emu):
    target = f"{API}/w-1/sessionClusters"
    headers = acs3.signed_headers("POST", client.host, target,
                                  "CreateSessionCluster", b'{"name":"a"}', KEY)
    client.send("POST", target, headers, b'{"name":"b"}').refused(
        400, "SignatureDoesNotMatch")
    assert emu.sessions("w-1") == []


def test_nonce_is_good_once_and_a_refused_signature_does_not_use_it(client):
    nonce = "0123456789abcdef"
    client.call("GET", API, "ListWorkspaces", key=(KEY[0], "wrong"),
                x_acs_signature_nonce=nonce).refused(
                    400, "SignatureDoesNotMatch")
    client.call("GET", API, "ListWorkspaces", x_acs_signature_nonce=nonce).ok()
    client.call("GET", API, "ListWorkspaces",
                x_acs_signature_nonce=nonce).refused(400, "SignatureNonceUsed")


def test_security_token_is_demanded_when_there_is_one(rig):
    emu = rig.emulator("--access-key", "STS.x:other", "--security-token", "t+/")
    client = Client(emu.url, ("STS.x", "other"))
    client.call("GET", API, "ListWorkspaces").refused(400, "MissingParameter")
    client.call("GET", API, "ListWorkspaces", x_acs_security_token="u").refused(
        400, "InvalidSecurityToken.MismatchWithAccessKey")
    client.call("GET", API, "ListWorkspaces", x_acs_security_token="t+/").ok()


def test_skewed_clock_refuses_true_dates_and_says_its_own(emu, client):
    emu.control("POST", "clock", {"skew_ms": 3600_000})
    answer = client.call("GET", API, "ListWorkspaces")
    answer.refused(400, "InvalidTimeStamp.Expired")
    said = time.mktime(time.strptime(answer.headers["date"],
                                     "%a, %d %b %Y %H:%M:%S GMT"))
    assert abs(said - time.mktime(time.gmtime()) - 3600) < 30
    client.call("GET", API, "ListWorkspaces", date_offset_s=3600).ok()


@pytest.mark.parametrize("method, target", [
    ("GET", "/"), ("GET", "/api/v1/workspaces/"), ("DELETE", API),
    ("GET", f"{API}/w-1/sessionClusters/a/b"), ("GET", f"{API}/w%00/queues"),
    ("GET", f"{API}/w%zz/queues"), ("PUT", f"{API}/w-1/sessionClusters")])
def test_unknown_path_is_no_api(shared_client, method, target):
    shared_client.call(method, target, "ListWorkspaces").refused(
        404, "InvalidApi.NotFound")


# ---- listing ----


def test_pages_cover_every_session_once_newest_first(filled):
    found, query, pages = [], "maxResults=60", 0
    while True:
        page = filled.client.list(query=query).ok()
        assert (page["maxResults"], page["totalCount"]) == (60, 250)
        found += page["sessionClusters"]
        pages += 1
        if "nextToken" not in page:
            break
        query = "maxResults=60&nextToken=" + page["nextToken"]
    assert pages == 5 and len({s["sessionClusterId"] for s in found}) == 250
    times = [s["gmtCreate"] for s in found]
    assert times == sorted(times, reverse=True)
    assert filled.counts()["ListSessionClusters"] == 5


def test_page_length_has_a_default_and_a_limit(rig, filled):
    assert len(filled.client.ids()) == 20
    page = filled.client.list(query="maxResults=5000").ok()
    assert page["maxResults"] == len(page["sessionClusters"]) == 100
    small = Client(rig.emulator("--fill", "w-1=9", "--page-max", 4).url)
    assert small.list(query="maxResults=100").ok()["maxResults"] == 4


@pytest.mark.parametrize("query", [
    "maxResults=0", "maxResults=x", "maxResults=-1", "nextToken=x",
    "nextToken=-20", "nextToken=99999999999999999999"])
def test_bad_page_parameters_are_refused(filled, query):
    filled.client.list(query=query).refused(400, "InvalidParameter")


def test_page_past_the_end_is_empty_and_last(filled):
    page = filled.client.list(query="nextToken=250").ok()
    assert page["sessionClusters"] == [] and "nextToken" not in page


def test_filters_are_exact(filled):
    everything = []
    for offset in (0, 100, 200):
        everything += filled.client.list(
            query=f"maxResults=100&nextToken={offset}").ok()["sessionClusters"]
    sql = [s for s in everything if s["kind"] == "SQL"]
    page = filled.client.list(query="kind=SQL&maxResults=7&nextToken=7").ok()
    assert page["totalCount"] == len(sql) and page["nextToken"] == "14"
    assert page["sessionClusters"] == sql[7:14]
    one = everything[123]
    query = "sessionClusterId=" + one["sessionClusterId"]
    assert filled.client.list(query=query).ok()["sessionClusters"] == [one]
    query += "&queueName=nowhere"
    assert filled.client.list(query=query).ok()["totalCount"] == 0


def test_filled_records_are_whole_and_the_same_in_each_run(rig, filled):
    again = Client(rig.emulator("--fill", "w-1=250").url)
    page = filled.client.list().ok()["sessionClusters"]
    assert again.list().ok()["sessionClusters"] == page
    for record in page:
        assert record["sessionClusterId"].startswith("sc-")
        assert len(record["sessionClusterId"]) == 19
        assert len(record["connectionToken"]) == 64
        assert record["workspaceId"] == "w-1"
        assert 600 < len(json.dumps(record)) < 900
        got = filled.client.get(record["sessionClusterId"]).ok()
        assert got["sessionCluster"] == record


def test_workspaces_are_paged_and_filtered(rig):
    args = [a for i in range(25) for a in ("--workspace", f"w-{i:02}")]
    emu = rig.emulator(*args)
    client = Client(emu.url)

    def page(query):
        return client.call("GET", f"{API}?{query}", "ListWorkspaces").ok()

    first = page("regionId=cn-hangzhou")
    assert len(first["workspaces"]) == 20 and first["totalCount"] == 25
    rest = page("nextToken=" + first["nextToken"])
    assert len(rest["workspaces"]) == 5 and "nextToken" not in rest
    assert page("name=w-1")["totalCount"] == 10
    emu.control("POST", "workspace", {
        "workspace": "w-00", "record": {"workspaceStatus": "TERMINATED"}})
    assert page("state=running")["totalCount"] == 24
    emu.control("DELETE", "workspace?workspace=w-01")
    assert page("")["totalCount"] == 24
    client.list("w-01").refused(404, "InvalidWorkspaceId.NotFound")


def test_queues_are_those_of_the_workspace(client):
    answer = client.call("GET", f"{API}/w-1/queues", "ListWorkspaceQueues").ok()
    assert [q["queueName"] for q in answer["queues"]] == \
        ["root_queue", "dev_queue"]
    client.call("GET", f"{API}/w-2/queues", "ListWorkspaceQueues").refused(
        404, "InvalidWorkspaceId.NotFound")


# ---- creating and steering ----


def test_created_session_goes_through_its_states(emu, client):
    spec = {**SPEC, "kind": "NOTEBOOK", "envId": "env-1",
            "releaseVersion": "esr-4.0.0",
            "autoStopConfiguration": {"enable": True, "idleTimeoutMinutes": 9},
            "applicationConfigs": [{"configFileName": "spark-defaults.conf",
                                    "configItemKey": "a",
                                    "configItemValue": "b"}]}
    made = client.create(spec).ok()
    assert set(made) == {"requestId", "sessionClusterId"}
    id = made["sessionClusterId"]
    record = client.get(id).ok()["sessionCluster"]
    for name, value in spec.items():
        if name != "releaseVersion":
            assert record[name] == value
    assert record["releaseVersion"] == "esr-4.0.0 (Spark 3.5.2, Scala 2.12)"
    assert record["state"] == "Stopped" and not record.get("startTime")
    listed = client.list().ok()["sessionClusters"]
    assert [s["sessionClusterId"] for s in listed] == [id]
    assert "envId" not in listed[0]

    assert client.verb("start", id).ok()["sessionClusterId"] == id
    assert client.state(id) == "Starting"
    emu.advance(1999)
    assert client.state(id) == "Starting"
    emu.advance(1)
    record = client.get(id).ok()["sessionCluster"]
    assert record["state"] == "Running" and record["webUI"].endswith(id)
    assert record["startTime"] == record["gmtCreate"]
    client.verb("stop", id).ok()
    assert client.state(id) == "Stopping"
    emu.advance(1000)
    record = client.get(id).ok()["sessionCluster"]
    assert record["state"] == "Stopped" and record["webUI"] == ""


def test_real_clock_moves_states_by_itself(rig):
    emu = rig.emulator("--workspace", "w-1", "--start-ms", 300,
                       "--create-state", "Starting")
    client = Client(emu.url)
    id = client.create(SPEC).ok()["sessionClusterId"]
    assert client.state(id) in ("Starting", "Running")
    harness.eventually(lambda: client.state(id) == "Running", 5)


def test_verbs_are_refused_in_the_wrong_state(client):
    id = client.create(SPEC).ok()["sessionClusterId"]
    client.verb("stop", id).refused(400, "IncorrectStatus.SessionCluster")
    client.verb("start", id).ok()
    client.verb("start", id).refused(400, "IncorrectStatus.SessionCluster")
    client.verb("stop", id).ok()
    client.verb("stop", id).refused(400, "IncorrectStatus.SessionCluster")


def test_what_is_not_there_is_404(client):
    client.get("sc-0").refused(404, "InvalidSessionClusterId.NotFound")
    client.get("sc-0", "w-0").refused(404, "InvalidWorkspaceId.NotFound")
    client.verb("start", "sc-0").refused(404, "InvalidSessionClusterId.NotFound")
    client.create(SPEC, "w-0").refused(404, "InvalidWorkspaceId.NotFound")
    client.list("w-0").refused(404, "InvalidWorkspaceId.NotFound")


@pytest.mark.parametrize("body", [
    b"", b"{bad", b"[]", b'"x"', {}, {"name": ""}, {"name": "n" * 65},
    {"name": 7}, {"name": "a\nb"}, {"name": "a", "kind": "JAVA"},
    {"name": "a", "kind": []}, {"name": "a", "fusion": "yes"},
    {"name": "a", "applicationConfigs": {}},
    {"name": "a", "applicationConfigs": [1]},
    {"name": "a", "applicationConfigs": [{"configItemKey": 1}]},
    {"name": "a", "autoStopConfiguration": {"enable": 1}},
    {"name": "a", "autoStopConfiguration": {"idleTimeoutMinutes": "9"}},
    {"name": "a", "clientToken": 5}], ids=str)
def test_bad_spec_creates_nothing(shared_client, body):
    shared_client.create(body).refused(400, "InvalidParameter")
    assert shared_client.list().ok()["totalCount"] == 0


def test_verb_without_an_id_is_refused(client):
    target = f"{API}/w-1/sessionClusters/action/startSessionCluster"
    for body in ({}, {"sessionClusterId": 1}, {"sessionClusterId": ""}):
        client.call("POST", target, "StartSessionCluster", body).refused(
            400, "MissingParameter")


def test_client_token_makes_one_session(emu, client):
    spec = {**SPEC, "clientToken": "t-1"}
    first = client.create(spec).ok()["sessionClusterId"]
    again = client.create(json.dumps(spec, indent=4).encode()).ok()
    assert again["sessionClusterId"] == first
    client.create({**spec, "name": "other"}).refused(
        400, "IdempotentParameterMismatch")
    other = client.create({**SPEC, "clientToken": "t-2"}).ok()
    dump = emu.control("GET", "sessions?workspace=w-1")
    assert dump["created"] == dump["total"] == 2
    assert dump["made"] == [
        {"id": first, "token": "t-1"},
        {"id": other["sessionClusterId"], "token": "t-2"}]


def test_one_token_from_many_threads_makes_one_session(emu):
    ids, barrier = [], threading.Barrier(8)

    def create():
        client = Client(emu.url)
        barrier.wait(20)
        for _ in range(5):
            made = client.create({**SPEC, "clientToken": "same"}).ok()
            ids.append(made["sessionClusterId"])

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 40 and len(set(ids)) == 1
    assert len(emu.sessions("w-1")) == 1


def test_everything_at_once_stays_whole(filled):
    """For ThreadSanitizer, mostly."""
    wrong = []

    def use(number):
        client = Client(filled.url)
        try:
            for i in range(15):
                id = client.create(SPEC).ok()["sessionClusterId"]
                client.verb("start", id).ok()
                page = client.list(query="maxResults=100").ok()
                assert len(page["sessionClusters"]) == 100
                filled.control("POST", "churn", {
                    "workspace": "w-1", "change": 5, "add": 2, "remove": 1})
                filled.fault(action="GetSessionCluster", status=500)
                client.get(id)
                filled.control("GET", "requests")
                filled.counts()
        except Exception as e:
            wrong.append(f"{number}: {e!r}")

    threads = [threading.Thread(target=use, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    dump = filled.control("GET", "sessions?workspace=w-1")
    assert dump["total"] == 250 + 60 + 60 and dump["created"] == 60


# ---- faults ----


@pytest.mark.parametrize("fault, code", [
    ({"status": 500}, "InternalError"), ({"status": 503}, "ServiceUnavailable"),
    ({"status": 429}, "Throttling.User"), ({"status": 403}, "NoPermission"),
    ({"status": 400, "code": "Throttling.Api"}, "Throttling.Api")])
def test_fault_refuses_in_the_providers_form(emu, client, fault, code):
    emu.fault(action="ListSessionClusters", message="as asked", **fault)
    assert client.list().refused(fault["status"], code) == "as asked"
    client.list().ok()
    assert emu.counts()["ListSessionClusters"] == 2


def test_faults_skip_repeat_and_come_in_order(emu, client):
    emu.fault(action="ListSessionClusters", status=501, skip=1, times=2)
    emu.fault(action="*", status=502, times=-1)
    assert [client.list().status for _ in range(5)] == \
        [502, 501, 501, 502, 502]
    assert client.get("sc-0").status == 502
    emu.no_faults()
    client.list().ok()


def test_fault_of_another_action_does_not_strike(emu, client):
    emu.fault(action="GetSessionCluster", status=500)
    client.list().ok()


@pytest.mark.parametrize("fault", [
    {}, {"action": "ListSessions"}, {"action": "*", "provider": "nobody"},
    {"action": "*", "statsu": 500}, {"action": "*", "status": "500"},
    {"action": "*", "after": 1}, {"action": "*", "headers": []}])
def test_misspelt_fault_is_refused(emu, client, fault):
    with pytest.raises(AssertionError, match=": 400 "):
        emu.fault(**fault)
    client.list().ok()


def test_raw_bodies_and_headers(emu, client):
    emu.fault(action="*", body="{nonsense")
    answer = client.list()
    assert (answer.status, answer.body) == (200, b"{nonsense")
    emu.fault(action="*", body="<Error/>", status=502, retry_after=7,
              headers={"Content-Type": "text/xml", "x-acs-retry-after": "9"})
    answer = client.list()
    assert (answer.status, answer.body) == (502, b"<Error/>")
    assert answer.headers["content-type"] == "text/xml"
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["x-acs-retry-after"] == "9"
    emu.fault(action="*", chunked=True,
              body_base64=base64.b64encode(b"\xff\xfe").decode())
    answer = client.list()
    assert answer.body == b"\xff\xfe"
    assert answer.headers["transfer-encoding"] == "chunked"


def test_delay_is_waited(emu, client):
    emu.fault(action="*", delay_ms=300)
    began = time.monotonic()
    client.list().ok()
    assert time.monotonic() - began >= 0.3
    emu.fault(action="*", delay_ms=100, status=500)
    assert client.list().status == 500


@pytest.mark.parametrize("chunked", [False, True])
def test_cut_body_ends_early(filled, chunked):
    filled.fault(action="*", cut=100, chunked=chunked)
    with pytest.raises(http.client.IncompleteRead) as caught:
        filled.client.list()
    assert caught.value.partial.startswith(b'{"sessionClusters":[{')
    if not chunked:
        assert len(caught.value.partial) == 100


def test_lost_answer_has_acted(emu, client):
    emu.fault(action="CreateSessionCluster", after=True, drop=True)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.create(SPEC)
    assert len(emu.sessions("w-1")) == 1
    emu.fault(action="CreateSessionCluster", drop=True)
    client.http.close()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.create(SPEC)
    emu.fault(action="CreateSessionCluster", after=True, status=500)
    client.http.close()
    client.create(SPEC).refused(500, "InternalError")
    assert len(emu.sessions("w-1")) == 2


def test_hanging_call_is_closed_by_reset_and_by_the_end(emu):
    emu.fault(action="*", hang=True, times=2)
    ended = []

    def hang():
        try:
            ended.append(Client(emu.url, timeout=60).list().status)
        except (http.client.HTTPException, OSError) as e:
            ended.append(type(e))

    first = threading.Thread(target=hang)
    first.start()
    harness.eventually(lambda: len(emu.requests()) == 1)
    Client(emu.url).send("GET", "/_control/counts", {})
    assert ended == []  # another one has been answered since
    emu.reset()
    first.join(20)
    assert len(ended) == 1 and ended[0] != 200

    emu.fault(action="*", hang=True)
    second = threading.Thread(target=hang)
    second.start()
    harness.eventually(lambda: len(emu.requests()) == 1)
    assert emu.terminate(2) == 0
    second.join(20)
    assert len(ended) == 2 and ended[1] != 200


def test_big_body_has_its_size_and_costs_no_memory(emu, client):
    size = 64 * 1024 * 1024
    emu.fault(action="*", big=size)
    headers = acs3.signed_headers("GET", client.host, API, "ListWorkspaces",
                                  b"", KEY)
    client.http.request("GET", API, None, headers)
    answer = client.http.getresponse()
    assert answer.getheader("content-length") == str(size)
    got = 0
    while part := answer.read(1 << 20):
        got += len(part)
    assert got == size
    if harness.SLOW == 1:
        assert memory_mib(emu.pid) < 50


def test_repeated_token(filled):
    filled.fault(action="*", repeat_token=True, times=-1)
    page = filled.client.list(query="nextToken=40").ok()
    assert page["nextToken"] == "40"
    assert filled.client.list().ok()["nextToken"] == "20"


def test_endless_listing_has_always_a_fresh_token(filled):
    filled.fault(action="*", endless=True, times=-1)
    seen, token = set(), ""
    for _ in range(8):
        page = filled.client.list(
            query=f"maxResults=100&nextToken={token}").ok()
        assert len(page["sessionClusters"]) == 100
        token = page["nextToken"]
        assert token not in seen
        seen.add(token)


def test_duplicate_ids_in_a_page(filled):
    filled.fault(action="*", duplicate=True)
    ids = filled.client.ids("maxResults=10")
    assert len(ids) == 20 and ids[0::2] == ids[1::2]


def test_empty_page_loses_no_session(filled):
    plain = filled.client.ids("maxResults=5&nextToken=5")
    for token in ("", "5"):
        filled.fault(action="*", empty=True)
        page = filled.client.list(query=f"maxResults=5&nextToken={token}").ok()
        assert page["sessionClusters"] == [] and page["nextToken"] != token
        ids = filled.client.ids("maxResults=5&nextToken=" + page["nextToken"])
        assert len(ids) == 5 and (not token or ids == plain)


# ---- control ----


HOSTILE = [
    {"sessionClusterId": "a\u0001b/../\u0000", "state": 7, "gmtCreate": "soon"},
    {"sessionClusterId": 17}, {"sessionClusterId": None, "state": "Running"},
    {"sessionClusterId": ".."}, {}, {"sessionClusterId": "x" * 3000},
    {"sessionClusterId": "sc-日本", "deep": [[[[{"a": [True, None, ""]}]]]]}]


def test_planted_records_are_listed_byte_for_byte(emu, client):
    texts = [json.dumps(record) for record in HOSTILE]
    texts.append('{ "sessionClusterId" : "sp\\u0061ced", "x" : [1.50, 1e3] }')
    for text in texts:
        body = '{"workspace":"w-1","session":' + text + "}"
        client.send("POST", "/_control/session", {}, body.encode()).ok()
    raw = client.list().body.decode()
    assert raw.startswith('{"sessionClusters":['
                          + ",".join(reversed(texts)) + "]")
    client.get("..").ok()
    client.get("spaced").ok()
    client.get("sc-日本").ok()


def test_planted_bytes_that_are_no_text(emu, client):
    raw = b'{"sessionClusterId":"sc-\xff\xfe"}'
    emu.control("POST", "session", {
        "workspace": "w-1", "session_base64": base64.b64encode(raw).decode()})
    assert raw in client.list().body


def test_planted_members_are_merged_by_id(filled):
    id = filled.client.ids()[3]
    before = filled.client.get(id).ok()["sessionCluster"]
    filled.session("w-1", {"sessionClusterId": id, "state": "Error",
                           "stateChangeReason": {"code": "1", "message": "m"},
                           "news": [1, 2]})
    after = filled.client.get(id).ok()["sessionCluster"]
    assert after == {**before, "state": "Error", "news": [1, 2],
                     "stateChangeReason": {"code": "1", "message": "m"}}
    assert filled.client.ids()[3] == id
    filled.client.verb("start", id).ok()
    assert filled.client.state(id) == "Starting"


def test_removed_session_is_gone(filled):
    id = filled.client.ids()[3]
    filled.remove("w-1", id)
    filled.client.get(id).refused(404, "InvalidSessionClusterId.NotFound")
    assert filled.client.list().ok()["totalCount"] == 249
    with pytest.raises(AssertionError, match="404"):
        filled.remove("w-1", id)


def test_churn_does_what_it_says(filled):
    before = {s["sessionClusterId"]: s for s in filled.sessions("w-1")}
    said = filled.churn(workspace="w-1", change=10, remove=20, add=30)
    after = {s["sessionClusterId"]: s for s in filled.sessions("w-1")}
    assert (len(said["changed"]), len(said["removed"]), len(said["added"])) \
        == (10, 20, 30)
    assert set(after) == set(before) - set(said["removed"]) | set(said["added"])
    changed = {id for id in after.keys() & before.keys()
               if after[id]["state"] != before[id]["state"]}
    assert changed == set(said["changed"]) - set(said["removed"])


def test_counts_list_every_action_and_reset(emu, client):
    zero = dict.fromkeys((
        "ListWorkspaces", "ListWorkspaceQueues", "ListSessionClusters",
        "GetSessionCluster", "CreateSessionCluster", "StartSessionCluster",
        "StopSessionCluster"), 0)
    assert emu.counts() == zero
    client.list().ok()
    client.call("GET", f"{API}/w-1/sessionClusters", "ListSessionClusters",
                key=(KEY[0], "wrong"))
    assert emu.counts() == {**zero, "ListSessionClusters": 2}
    emu.fault(action="*", status=500)
    client.create(SPEC)
    client.create(SPEC).ok()
    emu.fault(action="*", status=500)
    emu.reset()
    assert emu.counts() == zero and emu.requests() == []
    assert len(client.list().ok()["sessionClusters"]) == 1


def test_requests_are_kept_as_they_came(emu, client):
    client.create({**SPEC, "clientToken": "tök"}).ok()
    client.send("GET", "/elsewhere?x=%2F", {"X-Odd": "Value"})
    create, other = emu.requests()
    assert create["method"] == "POST" and create["action"] == \
        "CreateSessionCluster"
    assert create["target"] == f"{API}/w-1/sessionClusters"
    assert json.loads(create["body"])["clientToken"] == "tök"
    assert create["headers"]["x-acs-action"] == "CreateSessionCluster"
    assert other["target"] == "/elsewhere?x=%2F" and other["action"] is None
    assert other["headers"]["x-odd"] == "Value"
    for i in range(300):
        client.send("GET", f"/{i}", {})
    kept = [r["target"] for r in emu.requests()]
    assert kept == [f"/{i}" for i in range(44, 300)]


def test_body_over_the_limit_is_refused_and_service_goes_on(client):
    answer = client.send("POST", "/_control/session", {}, b"x" * (33 << 20))
    assert answer.status == 413
    client.list().ok()


@pytest.mark.parametrize("method, path, status", [
    ("GET", "nothing", 404), ("POST", "counts", 404),
    ("GET", "sessions", 400), ("GET", "sessions?workspace=w-9", 404),
    ("GET", "sessions?workspace=w-1&limit=x", 400),
    ("GET", "sessions?workspace=w-1&provider=nobody", 404),
    ("GET", "sessions?workspace=w-1&provider=emr", 404),
    ("POST", "restart", 400), ("POST", "restart?workspace=w-9", 404),
    ("DELETE", "workspace?workspace=w-9", 404),
    ("POST", "churn", 400), ("POST", "session", 400)])
def test_bad_control_is_told(shared_client, method, path, status):
    answer = shared_client.send(method, "/_control/" + path, {})
    assert answer.status == status and answer.json["error"]
    answer = shared_client.send("POST", "/_control/reset", {}, b"{bad")
    assert answer.status == 400 and answer.json["error"]


# ---- the program ----


def test_demo_shows_all_states_and_moves_only_the_passing_ones(rig):
    emu = rig.emulator("--demo", "--manual-clock")
    client = Client(emu.url)
    rooms = client.call("GET", API, "ListWorkspaces").ok()["workspaces"]
    assert [r["workspaceName"] for r in rooms] == ["analytics", "ml-platform"]

    def sessions():
        return {s["sessionClusterId"]: s for room in rooms
                for s in client.list(room["workspaceId"]).ok()
                ["sessionClusters"]}

    before = sessions()
    assert len(before) >= 12
    times = [s["gmtCreate"] for s in before.values()
             if s["workspaceId"] == rooms[0]["workspaceId"]]
    assert times == sorted(times, reverse=True)
    assert {s["state"] for s in before.values()} == \
        {"Starting", "Running", "Stopping", "Stopped", "Error"}
    assert {s["kind"] for s in before.values()} == {"SQL", "NOTEBOOK"}
    for s in before.values():
        assert bool(s["webUI"]) == (s["state"] == "Running")
        assert s["domain"] and s["stateChangeReason"]["message"]
        assert (s["state"] == "Error") == \
            (s["stateChangeReason"]["code"] != "200")
    emu.advance(24 * 3600 * 1000)
    after = sessions()
    moved = {(before[id]["state"], after[id]["state"]) for id in before
             if before[id] != after[id]}
    assert set(before) == set(after)
    assert moved == {("Starting", "Running"), ("Stopping", "Stopped")}


def test_help_and_version():
    said = harness.run([harness.EMULATOR, "--help"]).ok()
    for option in ("port", "fill", "workspace", "demo", "manual-clock",
                   "access-key", "security-token", "page-max", "start-ms",
                   "stop-ms", "create-state", "die-with-parent", "version"):
        assert f"--{option}" in said
    assert harness.run([harness.EMULATOR, "--version"]).ok().startswith(
        "sessionfs-emulator 0.")


@pytest.mark.parametrize("args, status", [
    (["--nonsense"], 2), (["stray"], 2), (["--port", "70000"], 2),
    (["--access-key", "x"], 2), (["--create-state", "Running"], 2),
    (["--page-max", "0"], 2), (["--fill", "w-1"], 1), (["--fill", "w-1=x"], 1)])
def test_bad_options_are_told(args, status):
    result = harness.run([harness.EMULATOR, *args])
    assert result.status == status and not result.out
    assert result.err.startswith("sessionfs-emulator: ")


def test_port_that_is_taken_is_told(emu):
    port = emu.url.rsplit(":", 1)[1]
    result = harness.run([harness.EMULATOR, "--port", port])
    assert result.status == 1 and "cannot listen" in result.err


def test_listens_on_loopback_only(emu):
    port = int(emu.url.rsplit(":", 1)[1])
    with open("/proc/net/tcp") as f:
        local = [line.split()[1] for line in f if line.split()[3] == "0A"]
    assert f"0100007F:{port:04X}" in local
    assert f"00000000:{port:04X}" not in local


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly_with_connections_open(emu, number):
    clients = [Client(emu.url) for _ in range(5)]
    for client in clients:
        client.list().ok()
    half = socket.create_connection(clients[0].host.split(":"))
    half.sendall(b"POST /_control/reset HTTP/1.1\r\nContent-Le")
    emu.process.send_signal(number)
    assert emu.wait(2 * harness.SLOW) == 0


STARTS_AND_ENDS = """
import subprocess, sys
p = subprocess.Popen([sys.argv[1], "--die-with-parent"], stdout=subprocess.PIPE)
print(p.pid, p.stdout.readline().decode().strip(), flush=True)
sys.stdin.readline()
"""


def test_dies_with_its_parent():
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_ENDS, harness.EMULATOR], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with parent:
        pid, _, url = parent.stdout.readline().split()
        Client(url).list().refused(404, "InvalidWorkspaceId.NotFound")
        fd = os.pidfd_open(int(pid))
        assert not select.select([fd], [], [], 0.2)[0]
        parent.kill()
    ended = select.select([fd], [], [], 5 * harness.SLOW)[0]
    os.close(fd)
    assert ended


def memory_mib(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f
                    if line.startswith("VmHWM"))


def test_a_million_sessions_fit(rig):
    began = time.monotonic()
    emu = rig.emulator("--fill", "w-1=1000000")
    seconds = time.monotonic() - began
    page = Client(emu.url).list(query="maxResults=100&nextToken=999900").ok()
    assert len(page["sessionClusters"]) == 100 and "nextToken" not in page
    assert page["totalCount"] == 1000000
    assert seconds < 60 * harness.SLOW
    if harness.SLOW == 1:
        assert memory_mib(emu.pid) < 1024
