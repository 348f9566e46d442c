"""The emulator's Dataproc: what the other tests trust it to do, and its sessions on a mount."""
import base64
import http.client
import json
import os
import time
import urllib.parse

import pytest

import harness

PROJECT, REGION, TOKEN = "emulator-project", "us-central1", "emulator-token"
PARENT = f"projects/{PROJECT}/locations/{REGION}"
BEARER = {"authorization": "Bearer " + TOKEN}
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REFRESH = {"grant_type": "refresh_token", "client_id": harness.KEY_ID,
           "client_secret": harness.KEY_SECRET, "refresh_token": "emulator-refresh"}


class Answer:
    def __init__(self, status, text):
        self.status, self.text = status, text

    def ok(self):
        assert self.status == 200, (self.status, self.text)
        return json.loads(self.text)

    def refused(self, status, word):
        error = json.loads(self.text)["error"]
        assert (self.status, error["code"], error["status"]) == (status, status, word)
        return error["message"]


class Client:
    def __init__(self, emu):
        self.emu, self.host = emu, emu.url.split("//")[1]
        self.http = http.client.HTTPConnection(self.host, timeout=20 * harness.SLOW)

    def send(self, method, target, body=None, headers=BEARER):
        self.http.request(method, target, body, headers)
        raw = self.http.getresponse()
        return Answer(raw.status, raw.read().decode())

    def call(self, method, rest="", body=None, parent=PARENT, **query):
        query = "?" + urllib.parse.urlencode(query) if query else ""
        return self.send(method, f"/v1/{parent}/sessions{rest}{query}",
                         None if body is None else json.dumps(body))

    def create(self, id, spec=None, **query):
        return self.call("POST", "", spec or {}, sessionId=id, **query)

    def state(self, id):
        return self.call("GET", "/" + id).ok()["state"]

    def ids(self, **query):
        page = self.call("GET", **query).ok()
        return ([s["name"].rsplit("/", 1)[1] for s in page.get("sessions", [])],
                page.get("nextPageToken"))

    def token(self, **form):
        return self.send("POST", "/token", urllib.parse.urlencode(form), {})


@pytest.fixture
def client(rig):
    return Client(rig.emulator("--workspace", "dataproc:" + REGION, "--manual-clock"))


def test_a_session_lives_through_its_states(client):
    operation = client.create("s-one", {"jupyterSession": {"kernel": 1}}).ok()
    assert "done" not in operation
    assert operation["metadata"]["@type"].endswith("v1.SessionOperationMetadata")
    assert operation["metadata"]["session"] == f"{PARENT}/sessions/s-one"
    seen = [client.state("s-one")]
    client.emu.advance(10000)
    record = client.call("GET", "/s-one").ok()
    assert record["jupyterSession"] == {"kernel": "PYTHON"}
    assert record["runtimeInfo"]["endpoints"]["Spark Connect Server"].startswith("https:")
    seen.append(record["state"])
    client.call("POST", "/s-one:terminate", {}).ok()
    seen.append(client.state("s-one"))
    client.emu.advance(10000)
    record = client.call("GET", "/s-one").ok()
    seen.append(record["state"])
    assert seen == ["CREATING", "ACTIVE", "TERMINATING", "TERMINATED"]
    assert [h["state"] for h in record["stateHistory"]] == seen[:-1]
    assert "endpoints" not in record["runtimeInfo"]
    client.call("POST", "/s-one:terminate", {}).refused(400, "FAILED_PRECONDITION")


def test_an_operation_tells_how_it_ended(client):
    name = client.create("s-one").ok()["name"]
    assert "done" not in client.send("GET", "/v1/" + name).ok()
    client.emu.advance(10000)
    operation = client.send("GET", "/v1/" + name).ok()
    assert operation["done"] and operation["response"]["state"] == "ACTIVE"


def test_a_live_session_is_terminated_before_it_is_deleted(client):
    client.create("s-one").ok()
    client.emu.advance(10000)
    client.call("DELETE", "/s-one").ok()
    assert client.state("s-one") == "TERMINATING"
    client.emu.advance(10000)
    client.call("GET", "/s-one").refused(404, "NOT_FOUND")
    client.call("DELETE", "/s-one").refused(404, "NOT_FOUND")


def test_a_repeated_request_is_the_first_one(client):
    first = client.create("s-one", requestId="r").ok()
    again = client.create("s-two", requestId="r").ok()
    assert again["metadata"]["session"] == first["metadata"]["session"]
    client.create("s-one", requestId="other").refused(409, "ALREADY_EXISTS")
    assert client.ids() == (["s-one"], None)


def test_pages_go_with_their_filter(client):
    for i in range(5):
        client.create(f"s-{i}aa").ok()
    client.emu.advance(10000)
    client.create("s-new").ok()
    active = "state = ACTIVE"
    first, token = client.ids(pageSize=3, filter=active)
    rest, end = client.ids(pageSize=3, filter=active, pageToken=token)
    assert (len(first), len(rest), end) == (3, 2, None)
    assert not {"s-new"} & {*first, *rest}
    for other in ({}, {"filter": "state = CREATING"}):
        client.call("GET", pageToken=token, **other).refused(400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("text,found", [
    ("state = CREATING", True), ("state != CREATING", False), ('session_id="s-one"', True),
    ('create_time > "2020-01-01T00:00:00Z" AND state = CREATING', True),
    ('create_time < "2020-01-01T00:00:00.5Z"', False), ("", True)])
def test_filters_are_obeyed(client, text, found):
    client.create("s-one").ok()
    assert client.ids(filter=text)[0] == ["s-one"] * found


@pytest.mark.parametrize("text", [
    "labels.a:*", "state", "state =", "state = ACTIVE or state = CREATING", "state < ACTIVE",
    "create_time < soon", "state = ACTIVE and", "(state = ACTIVE)", 'state = "ACTIVE'])
def test_filters_beyond_it_are_refused(client, text):
    client.call("GET", filter=text).refused(400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("id,query,spec", [
    ("abc", {}, {}), ("Abcd", {}, {}), ("abc-", {}, {}), ("s-one", {"requestId": "a b"}, {}),
    ("s-one", {}, {"sesion": 1}), ("s-one", {}, {"labels": {"goog-x": "y"}}),
    ("s-one", {}, {"jupyterSession": {}, "sparkConnectSession": {}}),
    ("s-one", {}, {"jupyterSession": {"kernel": "COBOL"}}),
    ("s-one", {}, {"name": "projects/p/locations/l/sessions/s-one"}),
    ("s-one", {}, {"environmentConfig": {"executionConfig": {"ttl": "1s"}}})])
def test_bad_creates_are_refused(client, id, query, spec):
    client.create(id, spec, **query).refused(400, "INVALID_ARGUMENT")
    assert client.ids() == ([], None)


def test_the_gate_wants_the_token_and_the_project(client):
    target = f"/v1/{PARENT}/sessions"
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": TOKEN},
                    {"authorization": "Bearer ya29.emulator-9999999999999-00"}):
        client.send("GET", target, None, headers).refused(401, "UNAUTHENTICATED")
    client.call("GET", parent=f"projects/x/locations/{REGION}") \
        .refused(403, "PERMISSION_DENIED")
    client.call("GET", parent=f"projects/{PROJECT}/locations/x").refused(404, "NOT_FOUND")
    page = client.send("GET", "/v1/projects/nothing")
    assert page.status == 404 and page.text.startswith("<!DOCTYPE html>")


def jwt(claims):
    def part(thing):
        return base64.urlsafe_b64encode(json.dumps(thing).encode()).decode().rstrip("=")
    return f"{part({'alg': 'RS256'})}.{part(claims)}.c2lnbmVk"


def claims(client, **other):
    now = int(time.time())
    return {"iss": "s@p.example", "scope": SCOPE, "aud": client.emu.url + "/token",
            "iat": now, "exp": now + 3600, **other}


def test_tokens_are_given_out_and_end(client):
    refreshed = client.token(**REFRESH).ok()
    signed = client.token(grant_type=JWT_GRANT, assertion=jwt(claims(client))).ok()
    for given in (refreshed, signed):
        headers = {"authorization": "Bearer " + given["access_token"]}
        client.send("GET", f"/v1/{PARENT}/sessions", None, headers).ok()
    client.emu.control("POST", "clock", {"skew_ms": 3600 * 1000})
    client.send("GET", f"/v1/{PARENT}/sessions", None, headers) \
        .refused(401, "UNAUTHENTICATED")


@pytest.mark.parametrize("other", [
    {"iss": ""}, {"scope": "x"}, {"aud": "https://elsewhere/"}, {"exp": 1}, {"iat": 1}])
def test_other_claims_get_no_token(client, other):
    answer = client.token(grant_type=JWT_GRANT, assertion=jwt(claims(client, **other)))
    assert (answer.status, json.loads(answer.text)["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("other,status,error", [
    ({"client_secret": "x"}, 401, "invalid_client"),
    ({"refresh_token": "x"}, 400, "invalid_grant"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type")])
def test_other_forms_get_no_token(client, other, status, error):
    answer = client.token(**{**REFRESH, **other})
    assert (answer.status, json.loads(answer.text)["error"]) == (status, error)


# ---- on a mount ----

@pytest.fixture
def there(rig, tmp_path):
    """A mount that logs in as a user, and its one location."""
    emu = rig.emulator("--workspace", "dataproc:" + REGION, "--start-ms", 300,
                       "--stop-ms", 300)
    path = os.path.join(tmp_path, "user.json")
    with open(path, "w") as out:
        json.dump({"type": "authorized_user", "token_uri": emu.url + "/token",
                   **{k: v for k, v in REFRESH.items() if k != "grant_type"}}, out)
    mount = rig.mount(config={"sessionfs": {"refresh": "1s"}, "dataproc": {
        "endpoint": emu.url, "project": PROJECT, "region": REGION,
        "credentials_file": path, "calls_per_second": 100}})
    mount.emu = emu
    return mount


def becomes(mount, path, wanted):
    path = os.path.join(mount.ws(REGION, "dataproc"), path)
    harness.eventually(lambda: mount.run(["cat", path]).out == wanted + "\n",
                       timeout=20 * harness.SLOW)


def write(mount, name, text):
    path = os.path.join(mount.ws(REGION, "dataproc"), name)
    return harness.run(f"printf %s '{text}' > {path}")


def test_a_session_is_made_steered_and_deleted(there):
    write(there, "new", '{"sessionId": "from-mount", "labels": {"a": "b"}}').ok()
    becomes(there, "from-mount/state", "ACTIVE")
    config = json.loads(there.read("dataproc", REGION, "from-mount", "config.json"))
    assert config["labels"] == {"a": "b"} and "sessionId" not in config
    write(there, "from-mount/ctl", "terminate").ok()
    becomes(there, "from-mount/phase", "stopped")
    write(there, "from-mount/ctl", "delete").ok()
    place = os.path.join(there.ws(REGION, "dataproc"), "from-mount")
    harness.eventually(lambda: not os.path.exists(place), timeout=20 * harness.SLOW)
    assert there.emu.counts("dataproc")["Token"] == 1


def test_a_config_makes_another_session(there):
    write(there, "new", '{"sparkConnectSession": {}, "sessionId": "the-first"}').ok()
    becomes(there, "the-first/state", "ACTIVE")
    place = there.ws(REGION, "dataproc")
    harness.run(f"cp {place}/the-first/config.json {place}/new").ok()
    made = os.readlink(os.path.join(place, ".last"))
    becomes(there, made + "/state", "ACTIVE")
    assert made.startswith("sessionfs-")


def test_a_second_one_of_an_id_is_refused(there):
    write(there, "new", '{"sessionId": "only-one"}').ok()
    assert "File exists" in write(there, "new", '{"sessionId": "only-one"}').failed()
    assert "ALREADY_EXISTS" in there.read("dataproc", REGION, ".last_error")
