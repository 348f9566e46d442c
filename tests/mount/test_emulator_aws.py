"""The emulator's two AWS services: what the other tests trust them to do.

Signed by sigv4.py, which shares nothing with the signer in C.
"""
import glob
import http.client
import json
import os
import time
import urllib.parse

import pytest

import harness
import sigv4

KEY = (harness.KEY_ID, harness.KEY_SECRET)
ROLE = "arn:aws:iam::123456789012:role/spark-sessions"
APP, CLUSTER = "00fapp1", "j-2T9N1TR7AJFDV"


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
        assert self.headers["x-amzn-requestid"]
        return self.json

    @property
    def code(self):
        """As the SDKs find it, in both protocols."""
        code = self.json.get("__type") or self.headers["x-amzn-errortype"]
        return code.split(":")[0].split("#")[-1]

    @property
    def message(self):
        return self.json.get("Message") or self.json.get("message")

    def refused(self, status, code):
        assert (self.status, self.code) == (status, code), self.body
        assert self.headers["x-amzn-requestid"]
        return self.message


class Client:
    """One kept connection; calls are signed unless headers are given."""
    service = None

    def __init__(self, url, key=KEY):
        self.host = url.split("//")[1]
        self.key = key
        self.http = http.client.HTTPConnection(
            self.host, timeout=20 * harness.SLOW)

    def send(self, method, target, headers, body=b""):
        self.http.request(method, target, body or None, headers)
        raw = self.http.getresponse()
        return Answer(raw, raw.read())

    def sign(self, method, target, body=b"", key=None, service=None, **how):
        return sigv4.signed_headers(method, self.host, target,
                                    service or self.service, body,
                                    key or self.key, **how)

    def signed(self, method, target, body=b"", **how):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.send(method, target,
                         self.sign(method, target, body, **how), body)


class Serverless(Client):
    service = "emr-serverless"
    spec = {"clientToken": "t-1", "executionRoleArn": ROLE, "name": "adhoc"}
    words = {"id": "sessionId", "state": "state", "room": APP,
             "created": "createdAt", "token": "clientToken"}

    def call(self, method, path, body=b"", **how):
        return self.signed(method, "/applications" + path, body, **how)

    def probe(self, **how):
        return self.call("GET", "", **how)

    def list(self, query="", app=APP):
        return self.call("GET", f"/{app}/sessions{query and '?'}{query}")

    def page(self, size, token=None, states=()):
        pairs = [("maxResults", size)] + [("states", s) for s in states]
        if token is not None:
            pairs.append(("nextToken", token))
        answer = self.list(urllib.parse.urlencode(pairs)).ok()
        return answer["sessions"], answer.get("nextToken")

    def get(self, id, app=APP):
        return self.call("GET", f"/{app}/sessions/{id}")

    def record(self, id):
        return self.get(id).ok()["session"]

    def start(self, spec, app=APP):
        return self.call("POST", f"/{app}/sessions", spec)

    def started(self, **spec):
        return self.start({**self.spec, **spec}).ok()["sessionId"]

    def end(self, id, app=APP):
        return self.call("DELETE", f"/{app}/sessions/{id}")

    def endpoint(self, id):
        return self.call("GET", f"/{APP}/sessions/{id}/endpoint")

    def dashboard(self, id, type="SESSION"):
        return self.call("GET", f"/{APP}/dashboard?resourceId={id}"
                         f"&resourceType={type}")

    def application(self, app=APP):
        return self.call("GET", f"/{app}").ok()["application"]

    def verb(self, verb, app=APP):
        return self.call("POST", f"/{app}/{verb}")


class Emr(Client):
    service = "elasticmapreduce"
    spec = {"ClientRequestToken": "t-1", "ClusterId": CLUSTER,
            "ExecutionRoleArn": ROLE, "Name": "adhoc"}
    words = {"id": "Id", "state": "State", "room": CLUSTER,
             "created": "CreatedAt", "token": "ClientRequestToken"}

    def call(self, action, input=None, **how):
        how = {"x_amz_target": "ElasticMapReduce." + action,
               "content_type": "application/x-amz-json-1.1", **how}
        return self.signed("POST", "/", input or {}, **how)

    def probe(self, **how):
        return self.call("ListClusters", **how)

    def list(self, **input):
        return self.call("ListSessions", {"ClusterId": CLUSTER, **input})

    def page(self, size, token=None, states=()):
        more = {} if token is None else {"NextToken": token}
        if states:
            more["SessionStates"] = list(states)
        answer = self.list(MaxResults=size, **more).ok()
        return answer["Sessions"], answer.get("NextToken")

    def get(self, id, cluster=CLUSTER):
        return self.call("GetSession", {"ClusterId": cluster, "SessionId": id})

    def record(self, id):
        return self.get(id).ok()["Session"]

    def start(self, spec):
        return self.call("StartSession", spec)

    def started(self, **spec):
        return self.start({**self.spec, **spec}).ok()["Id"]

    def end(self, id, cluster=CLUSTER):
        return self.call("TerminateSession", {"ClusterId": cluster,
                                              "SessionId": id})

    def endpoint(self, id):
        return self.call("GetSessionEndpoint", {"ClusterId": CLUSTER,
                                                "SessionId": id})


KINDS = {"emr-serverless": Serverless, "emr": Emr}


def opened(rig, kind, *args):
    room = KINDS[kind].words["room"]
    emu = rig.emulator("--workspace", f"{kind}:{room}", "--manual-clock",
                       *args)
    client = KINDS[kind](emu.url)
    client.emu, client.kind, client.room = emu, kind, room
    return client


@pytest.fixture(params=KINDS)
def client(rig, request):
    return opened(rig, request.param)


@pytest.fixture(scope="module", params=KINDS)
def gate(shared_rig, request):
    """For calls that change nothing."""
    return opened(shared_rig, request.param)


@pytest.fixture(params=KINDS)
def filled(rig, request):
    room = KINDS[request.param].words["room"]
    return opened(rig, request.param, "--fill", f"{request.param}:{room}=120")


@pytest.fixture
def less(rig):
    return opened(rig, "emr-serverless")


@pytest.fixture
def emr(rig):
    return opened(rig, "emr")


# ---- the independent signer ----


def test_python_signer_agrees_with_the_recorded_requests():
    folder = os.path.join(harness.ROOT, "tests", "vectors", "requests")
    paths = glob.glob(folder + "/**/*emr-*.json", recursive=True)
    if not paths:
        pytest.skip("no recorded requests here")
    for path in paths:
        with open(path) as f:
            case = json.load(f)
        request, derived = case["request"], case["derived"]
        headers = {n.lower(): v for n, v in request["headers"].items()}
        header = headers["authorization"]
        names = header.split("SignedHeaders=")[1].split(",")[0].split(";")
        scope = header.split("Credential=")[1].split(",")[0].partition("/")[2]
        canonical = sigv4.canonical_request(
            request["method"], request["target"], headers, names,
            request["body_sha256"])
        assert canonical == derived["canonical_request"], path
        text = sigv4.string_to_sign(headers["x-amz-date"], scope, canonical)
        assert text == derived["string_to_sign"], path
        assert sigv4.signature(case["credentials"]["secretAccessKey"], scope,
                               text) == derived["signature"], path


# ---- the gate ----


def refused(gate, answer, code):
    return answer.refused(403 if gate.kind == "emr-serverless" else 400, code)


@pytest.mark.parametrize("how", [
    {}, {"region": "eu-west-3"}, {"date_offset_s": -14 * 60},
    {"date_offset_s": 14 * 60}, {"x_amz_user_agent": "a   b"},
    {"amz_sdk_request": "attempt=1; max=1"},
    {"amz_sdk_request": "attempt=1", "unsigned": ("amz-sdk-request",)},
    {"accept": "*/*", "unsigned": ("accept",)}])
def test_independently_signed_call_passes(gate, how):
    gate.probe(**how).ok()


@pytest.mark.parametrize("how, code, said", [
    ({"key": ("nobody", KEY[1])}, "UnrecognizedClientException", "invalid"),
    ({"x_amz_security_token": "t"}, "UnrecognizedClientException", "invalid"),
    ({"x_amz_security_token": "expired"}, "ExpiredTokenException", "expired"),
    ({"key": (KEY[0], "wrong")}, "InvalidSignatureException", "does not match"),
    ({"x_amz_content_sha256": "0" * 64}, "InvalidSignatureException", "hash"),
    ({"date_offset_s": -16 * 60}, "InvalidSignatureException",
     "Signature expired"),
    ({"date_offset_s": 16 * 60}, "InvalidSignatureException",
     "not yet current"),
    ({"x_amz_date": "2026-03-14T15:09:26Z"}, "IncompleteSignature", "ISO-8601"),
    ({"x_amz_date": None}, "IncompleteSignature", "ISO-8601"),
    ({"unsigned": ("host",)}, "InvalidSignatureException", "SignedHeader"),
    ({"x_amz_meta": "x", "unsigned": ("x-amz-meta",)},
     "InvalidSignatureException", "x-amz-meta"),
    ({"service": "s3"}, "InvalidSignatureException", "correct service"),
    ({"region": ""}, "InvalidSignatureException", "valid region"),
    ({"scope": "20200101/r/SERVICE/aws4_request"}, "InvalidSignatureException",
     "Credential scope"),
    ({"scope": "x"}, "IncompleteSignature", "scope"),
])
def test_gate_refuses(gate, how, code, said):
    if "scope" in how:
        how = {"scope": how["scope"].replace("SERVICE", gate.service)}
    assert said in refused(gate, gate.probe(**how), code)


def test_wrong_signature_is_told_the_canonical_request(gate):
    answer = gate.probe(key=(KEY[0], "wrong"))
    said = refused(gate, answer, "InvalidSignatureException")
    assert f"host:{gate.host}\n" in said and sigv4.ALGORITHM in said


@pytest.mark.parametrize("header, code", [
    (None, "MissingAuthenticationTokenException"), ("", "IncompleteSignature"),
    ("Bearer x", "IncompleteSignature"),
    ("AWS4-HMAC-SHA256 Credential=a/b/c", "IncompleteSignature")])
def test_gate_refuses_authorization_header(gate, header, code):
    method, target = ("GET", "/applications") \
        if gate.kind == "emr-serverless" else ("POST", "/")
    headers = gate.sign(method, target, b"{}",
                        x_amz_target="ElasticMapReduce.ListClusters")
    del headers["authorization"]
    if header is not None:
        headers["authorization"] = header
    refused(gate, gate.send(method, target, headers, b"{}"), code)


def test_session_token_is_demanded_when_there_is_one(rig):
    for kind in KINDS:
        emu = rig.emulator("--access-key", "ASIAX:other", "--security-token",
                           "t+/=")
        client = KINDS[kind](emu.url, ("ASIAX", "other"))
        client.kind = kind
        refused(client, client.probe(), "UnrecognizedClientException")
        refused(client, client.probe(x_amz_security_token="u"),
                "UnrecognizedClientException")
        client.probe(x_amz_security_token="t+/=").ok()


def test_body_that_was_changed_on_its_way_is_refused(client):
    method, target = ("POST", f"/applications/{APP}/sessions") \
        if client.kind == "emr-serverless" else ("POST", "/")
    headers = client.sign(method, target, b'{"a":1}',
                          x_amz_target="ElasticMapReduce.StartSession")
    body = json.dumps(client.spec).encode()
    refused(client, client.send(method, target, headers, body),
            "InvalidSignatureException")
    assert client.emu.sessions(client.room, client.kind) == []


def test_only_region_is_demanded(rig):
    emu = rig.emulator("--aws-region", "us-east-1")
    client = Serverless(emu.url)
    client.kind = "emr-serverless"
    client.probe().ok()
    said = refused(client, client.probe(region="eu-west-3"),
                   "InvalidSignatureException")
    assert "valid region" in said


def test_skewed_clock_refuses_true_dates_and_says_its_own(client):
    client.emu.control("POST", "clock", {"skew_ms": 3600_000})
    answer = client.probe()
    refused(client, answer, "InvalidSignatureException")
    said = time.mktime(time.strptime(answer.headers["date"],
                                     "%a, %d %b %Y %H:%M:%S GMT"))
    assert abs(said - time.mktime(time.gmtime()) - 3600) < 30
    client.probe(date_offset_s=3600).ok()


def test_unknown_operation_is_refused_by_the_service_it_is_for(gate):
    if gate.kind == "emr":
        gate.call("Nonsense").refused(400, "UnknownOperationException")
        gate.signed("GET", "/").refused(400, "UnknownOperationException")
    else:
        gate.call("PUT", "").refused(404, "UnknownOperationException")
        gate.signed("GET", "/else").refused(404, "UnknownOperationException")


# ---- listing ----


def walk(client, size, states=()):
    found, token, pages = [], None, 0
    while True:
        items, token = client.page(size, token, states)
        assert len(items) <= size
        found += items
        pages += 1
        if token is None:
            return found, pages


def test_pages_cover_every_session_once_newest_first(filled):
    found, pages = walk(filled, 50)
    ids = [s[filled.words["id"]] for s in found]
    assert pages == 3 and len(set(ids)) == len(ids) == 120
    times = [s[filled.words["created"]] for s in found]
    assert times == sorted(times, reverse=True)
    assert all(isinstance(t, float) for t in times)
    assert filled.emu.count("ListSessions", filled.kind) == 3
    assert filled.emu.counts()["ListSessionClusters"] == 0


def test_page_length_has_limits(filled):
    most = 50 if filled.kind == "emr-serverless" else 100
    assert len(filled.page(most)[0]) == most
    for size in (0, most + 1, -1):
        with pytest.raises(AssertionError, match="ValidationException|50"):
            filled.page(size)


def test_token_that_is_none_is_refused(filled):
    for token in ("", "x", "-1", "c2Vzc2lvbnM-x"):
        answer = filled.list(NextToken=token) if filled.kind == "emr" else \
            filled.list("nextToken=" + token)
        assert answer.status == 400 and answer.message


def test_states_filter(filled):
    everything, _ = walk(filled, 50)
    state = filled.words["state"]
    failed = [s for s in everything if s[state] == "FAILED"]
    idle = [s for s in everything if s[state] == "IDLE"]
    assert failed and idle
    both, pages = walk(filled, 7, ["FAILED", "IDLE"])
    assert pages > 3
    if filled.kind == "emr-serverless":
        assert both == failed + idle  # grouped by state
    else:
        assert both == [s for s in everything if s in failed or s in idle]
    assert walk(filled, 50, ["BUSY"])[0] == []
    with pytest.raises(AssertionError, match="enum"):
        filled.page(10, None, ["NONSENSE"])


def test_filled_records_are_whole_and_the_same_in_each_run(rig, filled):
    again = opened(rig, filled.kind, "--fill",
                   f"{filled.kind}:{filled.room}=120")
    assert again.page(50)[0] == filled.page(50)[0]
    for listed in filled.page(50)[0]:
        got = filled.record(listed[filled.words["id"]])
        assert listed.items() <= got.items()
        assert (listed == got) == (filled.kind == "emr")


def test_summaries_leave_out_what_only_a_get_shows(less):
    id = less.started(tags={"a": "b"}, idleTimeoutMinutes=9)
    listed, = less.page(10)[0]
    assert set(listed) == {
        "applicationId", "sessionId", "arn", "name", "state", "stateDetails",
        "releaseLabel", "executionRoleArn", "createdBy", "createdAt",
        "updatedAt"}
    got = less.record(id)
    assert got["tags"] == {"a": "b"} and got["idleTimeoutMinutes"] == 9


def test_created_range(less):
    less.emu.control("POST", "clock", {"advance_ms": 0})
    ids = []
    for i in range(3):
        ids.append(less.started(clientToken=f"t-{i}"))
        less.emu.advance(60_000)
    times = [less.record(id)["createdAt"] for id in ids]

    def iso(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%S.500Z", time.gmtime(seconds))

    def listed(**query):
        answer = less.list(urllib.parse.urlencode(query)).ok()
        return [s["sessionId"] for s in answer["sessions"]]

    middle = iso(times[0] + 30)
    assert listed(createdAtAfter=middle) == [ids[2], ids[1]]
    assert listed(createdAtBefore=middle) == [ids[0]]
    assert listed(createdAtAfter=middle,
                  createdAtBefore=iso(times[1] + 30)) == [ids[1]]
    less.list("createdAtAfter=yesterday").refused(400, "ValidationException")


# ---- workspaces ----


def test_applications_are_paged_and_filtered(rig):
    args = [a for i in range(60)
            for a in ("--workspace", f"emr-serverless:00fa{i:02}")]
    emu = rig.emulator(*args)
    less = Serverless(emu.url)
    first = less.call("GET", "?maxResults=50").ok()
    rest = less.call("GET", "?maxResults=50&nextToken="
                     + first["nextToken"]).ok()
    assert len(first["applications"]) == 50
    assert len(rest["applications"]) == 10 and "nextToken" not in rest
    assert set(first["applications"][0]) == {
        "id", "name", "arn", "releaseLabel", "type", "state", "stateDetails",
        "architecture", "createdAt", "updatedAt"}
    emu.workspace("00fa07", "emr-serverless",
                  record={"state": "STOPPED", "name": "a/b"})
    stopped = less.call("GET", "?states=STOPPED&states=CREATED").ok()
    assert [(a["id"], a["name"]) for a in stopped["applications"]] == \
        [("00fa07", "a/b")]
    less.call("GET", "?states=IDLE").refused(400, "ValidationException")


def test_clusters_come_by_fifty(rig):
    args = [a for i in range(60) for a in ("--workspace", f"emr:j-{i:02}")]
    emu = rig.emulator(*args)
    emr = Emr(emu.url)
    first = emr.call("ListClusters").ok()
    rest = emr.call("ListClusters", {"Marker": first["Marker"]}).ok()
    assert len(first["Clusters"]) == 50
    assert len(rest["Clusters"]) == 10 and "Marker" not in rest
    assert "SessionEnabled" not in first["Clusters"][0]
    emu.workspace("j-07", "emr", record={"Status": {"State": "TERMINATED"}})
    ended = emr.call("ListClusters", {"ClusterStates": ["TERMINATED"]}).ok()
    assert [c["Id"] for c in ended["Clusters"]] == ["j-07"]
    live = emr.call("ListClusters", {
        "ClusterStates": ["RUNNING", "WAITING"], "CreatedAfter": 1735689600,
        "CreatedBefore": 1735689600.5}).ok()
    assert len(live["Clusters"]) == 50
    assert emr.call("ListClusters", {"CreatedAfter": 2e9}).ok() == \
        {"Clusters": []}
    emr.call("ListClusters", {"ClusterStates": ["IDLE"]}).refused(
        400, "ValidationException")
    emr.call("ListClusters", {"Marker": "x"}).refused(
        400, "InvalidRequestException")
    cluster = emr.call("DescribeCluster", {"ClusterId": "j-08"}).ok()["Cluster"]
    assert cluster["SessionEnabled"] is True
    assert cluster["Status"]["State"] == "WAITING"


def test_application_stops_and_starts(less):
    assert less.application()["applicationId"] == APP
    assert "id" not in less.application()
    id = less.started()
    less.verb("stop").refused(400, "ValidationException")
    less.end(id).ok()
    less.emu.advance(1000)
    assert less.verb("stop").ok() == {}
    assert less.application()["state"] == "STOPPING"
    less.emu.advance(1000)
    assert less.application()["state"] == "STOPPED"
    less.verb("stop").ok()
    assert less.verb("start").ok() == {}
    assert less.application()["state"] == "STARTING"
    less.emu.advance(2000)
    assert less.application()["state"] == "STARTED"
    less.verb("start").ok()
    less.verb("start", "00fnone").refused(404, "ResourceNotFoundException")


def test_stopped_application_starts_for_a_session_unless_told_not_to(less):
    less.verb("stop").ok()
    less.emu.advance(1000)
    less.started()
    assert less.application()["state"] == "STARTING"
    less.emu.workspace(APP, "emr-serverless", record={"state": "STOPPED"},
                       extra={"autoStartConfiguration": {"enabled": False}})
    less.start({**less.spec, "clientToken": "t-2"}).refused(
        400, "ValidationException")
    assert less.application()["autoStartConfiguration"] == {"enabled": False}


def test_workspace_without_sessions_takes_none(client):
    off = {"SessionEnabled": False} if client.kind == "emr" else \
        {"interactiveConfiguration": {"sessionEnabled": False}}
    client.emu.workspace(client.room, client.kind, extra=off)
    answer = client.start(client.spec)
    assert answer.status == 400 and "not enabled" in answer.message
    assert client.emu.sessions(client.room, client.kind) == []


# ---- creating and steering ----


def test_started_session_goes_through_its_states(client):
    id = client.started()
    state = client.words["state"]
    seen = []
    for _ in range(21):
        seen.append(client.record(id)[state])
        client.emu.advance(100)
    order = list(dict.fromkeys(seen))
    assert order == ["SUBMITTED", "STARTING", "STARTED", "IDLE"]
    record = {k.lower(): v for k, v in client.record(id).items()}
    assert record["createdat"] < record["startedat"] <= record["idlesince"]
    assert record["updatedat"] == record["idlesince"]
    assert "endedat" not in record
    client.end(id).ok()
    assert client.record(id)[state] == "TERMINATING"
    client.end(id).ok()
    client.emu.advance(1000)
    record = {k.lower(): v for k, v in client.record(id).items()}
    assert record["state"] == "TERMINATED" and record["endedat"]
    assert "idlesince" not in record
    assert client.end(id).status == 400
    assert len(client.page(10)[0]) == 1  # the record stays


def test_serverless_session_says_what_it_used(less):
    id = less.started()
    less.emu.advance(3602_000)
    less.end(id).ok()
    less.emu.advance(1000)
    record = less.record(id)
    assert 3600 <= record["totalExecutionDurationSeconds"] <= 3603
    assert set(record["billedResourceUtilization"]) == {
        "vCPUHour", "memoryGBHour", "storageGBHour"}


def test_answers_of_the_calls(less, emr):
    made = less.start(less.spec).ok()
    assert set(made) == {"applicationId", "sessionId", "arn"}
    assert made["arn"].endswith(
        f":/applications/{APP}/sessions/{made['sessionId']}")
    assert set(less.end(made["sessionId"]).ok()) == {
        "applicationId", "sessionId"}
    made = emr.start(emr.spec).ok()
    assert set(made) == {"Id", "ClusterId", "Arn", "AccountId", "State"}
    assert made["State"] == "SUBMITTED"
    assert set(emr.end(made["Id"]).ok()) == {"ClusterId", "SessionId", "State"}


def test_client_token_makes_one_session(client):
    token = client.words["token"]
    first = client.started()
    spaced = json.dumps(client.spec, indent=3).encode()
    again = client.start(spaced).ok()
    assert first in again.values()
    name = "Name" if client.kind == "emr" else "name"
    answer = client.start({**client.spec, name: "other"})
    if client.kind == "emr":
        answer.refused(400, "InvalidRequestException")
    else:
        answer.refused(409, "ConflictException")
    other = client.started(**{token: "t-2"})
    dump = client.emu.dump(client.room, client.kind)
    assert dump["created"] == dump["total"] == 2
    assert dump["made"] == [{"id": first, "token": "t-1"},
                            {"id": other, "token": "t-2"}]


def test_emr_makes_two_sessions_without_a_token(emr):
    spec = {"ClusterId": CLUSTER}
    assert emr.start(spec).ok()["Id"] != emr.start(spec).ok()["Id"]


@pytest.mark.parametrize("change", [
    {"clientToken": None}, {"clientToken": ""}, {"clientToken": "a b"},
    {"clientToken": "x" * 65}, {"executionRoleArn": None},
    {"executionRoleArn": "arn:aws:iam::1:role"},
    {"executionRoleArn": "x" * 40}, {"name": ""}, {"name": "  "},
    {"name": "n" * 257}, {"name": 7}, {"idleTimeoutMinutes": -1},
    {"idleTimeoutMinutes": 1.5}, {"idleTimeoutMinutes": "9"},
    {"idleTimeoutMinutes": 1000001}, {"tags": []}, {"tags": {"": "x"}},
    {"tags": {"a": "x" * 257}}, {"tags": {"a": 1}}, {"tags": {"a!": "b"}},
    {"tags": {str(i): "" for i in range(201)}},
    {"configurationOverrides": []},
    {"configurationOverrides": {"runtimeConfiguration": {}}},
    {"configurationOverrides": {"runtimeConfiguration": [{}]}},
    {"configurationOverrides": {"runtimeConfiguration": [
        {"classification": "a", "properties": {"b": 1}}]}},
    {"configurationOverrides": {"runtimeConfiguration": [
        {"classification": "a", "configurations": [{}]}]}},
], ids=lambda change: str(change)[:50])
def test_bad_serverless_spec_creates_nothing(shared_less, change):
    spec = {**shared_less.spec, **change}
    spec = {k: v for k, v in spec.items() if v is not None}
    shared_less.start(spec).refused(400, "ValidationException")
    assert shared_less.page(10) == ([], None)


@pytest.fixture(scope="module")
def shared_less(shared_rig):
    return opened(shared_rig, "emr-serverless")


@pytest.fixture(scope="module")
def shared_emr(shared_rig):
    return opened(shared_rig, "emr")


@pytest.mark.parametrize("change", [
    {"ClusterId": None}, {"ClusterId": 1}, {"Name": "n" * 257},
    {"ClientRequestToken": ""}, {"ClientRequestToken": "x" * 37},
    {"ExecutionRoleArn": "short"}, {"SessionIdleTimeoutInMinutes": "9"},
    {"SessionIdleTimeoutInMinutes": -1}, {"Tags": {"a": "b"}}, {"Tags": [{}]},
    {"EngineConfigurations": {}}, {"EngineConfigurations": [{}]},
    {"EngineConfigurations": [{"Classification": "a", "Properties": {"b": 1}}]},
    {"EngineConfigurations": [{"Classification": "a",
                               "Configurations": [{}]}]},
], ids=lambda change: str(change)[:50])
def test_bad_emr_spec_creates_nothing(shared_emr, change):
    spec = {**shared_emr.spec, **change}
    spec = {k: v for k, v in spec.items() if v is not None}
    shared_emr.start(spec).refused(400, "ValidationException")
    assert shared_emr.page(10) == ([], None)


@pytest.mark.parametrize("body", [b"{bad", b"[]", b'"x"'])
def test_body_that_is_no_object_is_refused(gate, body):
    answer = gate.start(body)
    answer.refused(400, "SerializationException")


def test_quota_is_enforced_when_there_is_one(rig):
    less = opened(rig, "emr-serverless", "--emr-session-max", 2)
    ids = [less.started(clientToken=str(i)) for i in range(2)]
    third = {**less.spec, "clientToken": "3"}
    less.start(third).refused(402, "ServiceQuotaExceededException")
    less.end(ids[0]).ok()
    less.emu.advance(1000)
    less.start(third).ok()


def test_what_is_not_there(less, emr):
    code = "ResourceNotFoundException"
    assert "Application" in less.list("", "00fnone").refused(404, code)
    assert "Session 00fs" in less.get("00fs").refused(404, code)
    less.get("00fs", "00fnone").refused(404, code)
    less.start(less.spec, "00fnone").refused(404, code)
    less.end("00fs").refused(404, code)
    less.endpoint("00fs").refused(404, code)
    less.dashboard("00fs").refused(404, code)
    less.call("GET", "/00fnone").refused(404, code)
    less.get("UPPER").refused(400, "ValidationException")
    less.get("x" * 65).refused(400, "ValidationException")

    code = "InvalidRequestException"
    for action in ("DescribeCluster", "ListSessions", "StartSession",
                   "GetOnClusterAppUIPresignedURL"):
        said = emr.call(action, {"ClusterId": "j-NONE"}).refused(400, code)
        assert said == "Cluster id 'j-NONE' is not valid."
    assert emr.get("ss-NONE").refused(400, code) == \
        "Session id 'ss-NONE' is not valid."
    emr.end("ss-NONE").refused(400, code)
    emr.endpoint("ss-NONE").refused(400, code)
    emr.get("ss-NONE", "j-NONE").refused(400, code)
    emr.call("GetSession", {"ClusterId": CLUSTER}).refused(
        400, "ValidationException")


def test_endpoint_has_a_token_that_expires(less, emr):
    for client, words in ((less, ("endpoint", "authToken",
                                  "authTokenExpiresAt")),
                          (emr, ("Endpoint", "AuthToken",
                                 "AuthTokenExpirationTime"))):
        id = client.started()
        assert client.endpoint(id).status == 400
        client.emu.advance(2000)
        answer = client.endpoint(id).ok()
        endpoint, token, expires = (answer[word] for word in words)
        assert endpoint.startswith("https://") and id in endpoint
        assert len(token) > 100
        assert token != client.endpoint(id).ok()[words[1]]
        assert abs(expires - time.time() - 3600) < 60
        client.end(id).ok()
        assert client.endpoint(id).status == 400


def test_dashboard_is_there_once_the_session_is_up(less):
    id = less.started()
    assert less.dashboard(id).ok() == {}
    less.emu.advance(2000)
    url = less.dashboard(id).ok()["url"]
    assert url.startswith(f"https://p-{id}.") and "X-Amz-Expires=3600" in url
    assert less.dashboard(id).ok()["url"] != url
    less.end(id).ok()
    less.emu.advance(1000)
    assert less.dashboard(id).ok()["url"]
    less.dashboard(id, "JOB_RUN").refused(400, "ValidationException")


def test_cluster_has_uis(emr):
    answer = emr.call("GetOnClusterAppUIPresignedURL", {
        "ClusterId": CLUSTER, "OnClusterAppUIType": "SparkHistoryServer"}).ok()
    assert answer["PresignedURLReady"] is True
    assert "X-Amz-Expires" in answer["PresignedURL"]
    emr.call("GetOnClusterAppUIPresignedURL", {
        "ClusterId": CLUSTER, "OnClusterAppUIType": "Nonsense"}).refused(
            400, "ValidationException")
    arn = emr.call("DescribeCluster", {"ClusterId": CLUSTER}).ok()[
        "Cluster"]["ClusterArn"]
    made = emr.call("CreatePersistentAppUI", {"TargetResourceArn": arn}).ok()
    assert made["RuntimeRoleEnabledCluster"] is False
    answer = emr.call("GetPersistentAppUIPresignedURL", {
        "PersistentAppUIId": made["PersistentAppUIId"],
        "PersistentAppUIType": "SHS"}).ok()
    assert answer["PresignedURLReady"] is True
    for action, input in (
            ("CreatePersistentAppUI", {"TargetResourceArn": arn + "X"}),
            ("GetPersistentAppUIPresignedURL", {"PersistentAppUIId": "p-X"})):
        emr.call(action, input).refused(400, "InvalidRequestException")


def test_terminated_cluster_takes_no_session(emr):
    emr.emu.workspace(CLUSTER, "emr",
                      record={"Status": {"State": "TERMINATED"}})
    said = emr.start(emr.spec).refused(400, "InvalidRequestException")
    assert "RUNNING or WAITING" in said
    assert emr.list().ok() == {"Sessions": []}


# ---- faults and control ----


@pytest.mark.parametrize("status, less_code, emr_code", [
    (500, "InternalServerException", "InternalServerException"),
    (503, "ServiceUnavailableException", "ServiceUnavailable"),
    (429, "ThrottlingException", "ThrottlingException"),
    (403, "AccessDeniedException", "AccessDeniedException"),
    (402, "ServiceQuotaExceededException", "InvalidRequestException")])
def test_fault_refuses_in_the_services_form(client, status, less_code,
                                            emr_code):
    client.emu.fault(provider=client.kind, action="ListSessions",
                     status=status, message="as asked")
    code = emr_code if client.kind == "emr" else less_code
    with pytest.raises(AssertionError) as caught:
        client.page(10)
    assert "as asked" in str(caught.value)
    client.emu.fault(provider=client.kind, action="*", status=status)
    client.probe().refused(status, code)
    client.page(10)


def test_fault_of_the_other_service_does_not_strike(rig):
    emu = rig.emulator("--workspace", f"emr:{CLUSTER}", "--workspace",
                       f"emr-serverless:{APP}")
    less, emr = Serverless(emu.url), Emr(emu.url)
    emu.fault(provider="emr", action="ListSessions", status=500)
    less.page(10)
    assert emr.list().status == 500
    assert emu.count("ListSessions", "emr") == 1
    assert emu.count("ListSessions", "emr-serverless") == 1
    assert [r["provider"] for r in emu.requests()] == ["emr-serverless", "emr"]
    with pytest.raises(AssertionError, match="400"):
        emu.fault(provider="emr", action="ListApplications")


def test_listing_faults(filled):
    word = filled.words["id"]

    def fault(**how):
        filled.emu.fault(provider=filled.kind, action="ListSessions", **how)

    _, token = filled.page(10)
    fault(repeat_token=True)
    assert filled.page(10, token)[1] == token
    fault(endless=True, times=-1)
    seen, at = set(), None
    for _ in range(5):
        items, at = filled.page(50, at)
        assert len(items) == 50 and at not in seen
        seen.add(at)
    filled.emu.no_faults()
    fault(duplicate=True)
    ids = [s[word] for s in filled.page(10)[0]]
    assert len(ids) == 20 and ids[0::2] == ids[1::2]
    plain = filled.page(10, token)[0]
    fault(empty=True)
    items, at = filled.page(10, token)
    assert items == [] and at != token
    assert filled.page(10, at)[0] == plain
    # With a filter too.
    fault(endless=True)
    items, at = filled.page(50, None, ["FAILED"])
    assert len(items) == 50 and at


def test_planted_records(client):
    word, state = client.words["id"], client.words["state"]
    id = "00fplanted"
    client.emu.session(client.room, {word: id, state: "RECOVERING", "x": [1]},
                       client.kind, extra={"more": {"a": 1}})
    assert client.page(10)[0] == [{word: id, state: "RECOVERING", "x": [1]}]
    assert client.record(id) == {word: id, state: "RECOVERING", "x": [1],
                                 "more": {"a": 1}}
    client.emu.session(client.room, {word: id, state: "BUSY"}, client.kind,
                       extra={"more": 2})
    assert client.record(id) == {word: id, state: "BUSY", "x": [1], "more": 2}
    assert len(client.page(10, None, ["BUSY"])[0]) == 1
    client.end(id).ok()
    assert client.record(id)[state] == "TERMINATING"
    client.emu.remove(client.room, id, client.kind)
    assert client.page(10) == ([], None)


def test_churn_leaves_idle_and_busy(filled):
    state, word = filled.words["state"], filled.words["id"]
    said = filled.emu.churn(provider=filled.kind, workspace=filled.room,
                            change=10, add=3, remove=2)
    changed = set(said["changed"]) - set(said["removed"])
    found = {s[word]: s[state] for s in walk(filled, 50)[0]}
    assert len(found) == 121 and set(said["added"]) <= set(found)
    assert {found[id] for id in changed} <= {"BUSY", "IDLE"}


def test_restart_forgets_sessions_and_tokens(client):
    first = client.started()
    client.emu.restart(client.room, client.kind)
    assert client.page(10) == ([], None)
    assert client.started() != first


# ---- the demonstration ----


def test_demo_shows_all_states_and_moves_only_the_passing_ones(rig):
    emu = rig.emulator("--demo", "--manual-clock")
    less, emr = Serverless(emu.url), Emr(emu.url)
    apps = less.call("GET", "").ok()["applications"]
    assert [a["name"] for a in apps] == ["analytics", "ml/features"]
    clusters = emr.call("ListClusters", {
        "ClusterStates": ["RUNNING", "WAITING"]}).ok()["Clusters"]
    assert len(clusters) == 2

    def states():
        found = {}
        for app in apps:
            for s in less.list("", app["id"]).ok()["sessions"]:
                found[s["sessionId"]] = s["state"]
                full = less.get(s["sessionId"], app["id"]).ok()["session"]
                assert s.items() <= full.items()
        for cluster in clusters:
            answer = emr.call("ListSessions", {"ClusterId": cluster["Id"]}).ok()
            found.update({s["Id"]: s["State"] for s in answer["Sessions"]})
        return found

    before = states()
    assert len(before) >= 10 and {"SUBMITTED", "STARTING", "IDLE", "BUSY",
                                  "TERMINATING", "TERMINATED", "FAILED"} == \
        set(before.values())
    emu.advance(24 * 3600 * 1000)
    after = states()
    assert {(before[id], after[id]) for id in before
            if before[id] != after[id]} == {
                ("SUBMITTED", "IDLE"), ("STARTING", "IDLE"),
                ("TERMINATING", "TERMINATED")}
