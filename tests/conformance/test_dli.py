"""The signatures of Huawei's SDK and the sessions of DLI, which its SDK has no
calls for any more."""
import json
import urllib.error
import urllib.parse
import urllib.request

from suite import GONE, KEY_ID, KEY_SECRET, Conformance, Sdk, need

need("huawei")

from huaweicloudsdkcore.auth.credentials import BasicCredentials  # noqa: E402
from huaweicloudsdkcore.sdk_request import SdkRequest  # noqa: E402
from huaweicloudsdkcore.signer.signer import Signer  # noqa: E402

PROJECT = "0123456789abcdef0123456789abcdef"
QUEUE = "q_1"


class Refused(Exception):
    pass


class Dli(Sdk):
    type = "dli"
    keys = {"region": "cn-north-4"}
    environment = {"HUAWEICLOUD_SDK_AK": KEY_ID,
                   "HUAWEICLOUD_SDK_SK": KEY_SECRET,
                   "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT}
    workspace = QUEUE
    emulator_args = ("--workspace", "dli:" + QUEUE,
                     "--start-ms", "100", "--stop-ms", "100")
    alive = ("idle",)
    ended = ("dead", GONE)
    verb = "terminate"
    wrong_secret = "APIGW.0301"

    def open(self):
        self.signer = Signer(BasicCredentials(KEY_ID, self.secret, PROJECT))
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}))

    def ask(self, method, path, query=(), body=None):
        request = self.signer.sign(SdkRequest(
            method=method, schema="http", resource_path=path,
            host=urllib.parse.urlsplit(self.url).netloc,
            query_params=list(query),
            header_params={"Content-Type": "application/json"},
            body="" if body is None else json.dumps(body)))
        try:
            with self.opener.open(urllib.request.Request(
                    self.url + request.uri, method=method,
                    headers=request.header_params,
                    data=request.body or None), timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as e:
            raise Refused(json.loads(e.read())["error_code"]) from None

    def sessions(self, *more):
        return "/".join(("", "v2.0", PROJECT, "sessions", *more))

    def spec(self, name):
        return {"name": name, "kind": "spark", "sc_type": "B"}

    def create(self, name):
        spec = self.spec(name)
        made = self.ask("POST", self.sessions(), body={**spec, "queue": QUEUE})
        return made["id"], spec

    def page_of(self, token):
        start = token or 0
        answer = self.ask("GET", self.sessions(), [
            ("queue", QUEUE), ("from", start), ("size", self.page)])
        ids = [one["id"] for one in answer["sessions"]]
        end = start + len(ids)
        return ids, end if ids and end < answer["total"] else None

    def get(self, session):
        try:
            one = self.ask("GET", self.sessions(session))
        except Refused as e:
            if str(e) in ("DLI.0002", "DLI.0023"):
                return {}, GONE
            raise
        state = self.ask("GET", self.sessions(session, "state"))
        assert state["id"] == session
        return one, state["state"]

    def end(self, session):
        self.ask("DELETE", self.sessions(session))

    def refused(self, call):
        try:
            call()
        except Refused as e:
            return str(e)
        return None


class TestDli(Conformance):
    sdk_class = Dli

    def test_queues_are_the_workspaces(self, sdk, there):
        told = sdk.ask("GET", f"/v1.0/{PROJECT}/queues",
                       [("queue_type", "general")])
        assert [one["queue_name"] for one in told["queues"]] == [QUEUE]
        assert there.mount.run(["ls", there("..")]).ok().split() == [QUEUE]

    def test_the_log_is_the_same(self, sdk, there):
        session, _ = sdk.create("with-log")
        self.eventually_alive(sdk, there, session)
        told = sdk.ask("GET", sdk.sessions(session, "log"),
                       [("from", 0), ("size", 1)])
        assert len(told["log"]) == 1 and told["total"] > 0
        shown = self.read(there, session, "log")
        assert told["log"][0].strip().split("\n")[-1] in shown
