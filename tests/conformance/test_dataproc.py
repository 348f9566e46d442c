"""Google's own SDK, by its REST transport, and its sessions on a mount."""
import json

from suite import GONE, KEY_SECRET, Conformance, Sdk, need

need("dataproc")

from google.api_core.exceptions import GoogleAPICallError, NotFound  # noqa: E402
from google.auth.credentials import Credentials  # noqa: E402
from google.cloud import dataproc_v1  # noqa: E402
from google.cloud.dataproc_v1.services.session_controller.transports.rest \
    import SessionControllerRestTransport  # noqa: E402

PROJECT, REGION, TOKEN = "emulator-project", "us-central1", "emulator-token"
PARENT = f"projects/{PROJECT}/locations/{REGION}"
Session = dataproc_v1.Session


class Token(Credentials):
    """A bare token, as others renew it."""

    def __init__(self, token):
        super().__init__()
        self.token = token

    def refresh(self, request):
        pass


class Dataproc(Sdk):
    type = "dataproc"
    keys = {"project": PROJECT, "region": REGION}
    environment = {"CLOUDSDK_AUTH_ACCESS_TOKEN": TOKEN}
    workspace = REGION
    emulator_args = ("--workspace", "dataproc:" + REGION,
                     "--start-ms", "100", "--stop-ms", "100")
    alive = ("ACTIVE",)
    ended = ("TERMINATED", GONE)
    verb = "terminate"
    wrong_secret = "Unauthorized"

    def open(self):
        token = TOKEN if self.secret == KEY_SECRET else self.secret
        self.client = dataproc_v1.SessionControllerClient(
            transport=SessionControllerRestTransport(
                host=self.url.removeprefix("http://"), url_scheme="http",
                credentials=Token(token)))

    def name(self, session):
        return f"{PARENT}/sessions/{session}"

    def spec(self, name):
        return {
            "labels": {"made": name},
            "jupyterSession": {"kernel": "PYTHON", "displayName": name},
            "runtimeConfig": {
                "version": "2.2",
                "properties": {"spark.app.name": "caf\u00e9 + % & ="}},
            "environmentConfig": {"executionConfig": {"idleTtl": "1800s"}}}

    def create(self, name):
        spec = self.spec(name)
        operation = self.client.create_session(
            parent=PARENT, session_id=name,
            session=Session.from_json(json.dumps(spec)))
        assert operation.metadata.session == self.name(name)
        return name, spec

    def page_of(self, token):
        pager = self.client.list_sessions(dataproc_v1.ListSessionsRequest(
            parent=PARENT, page_size=self.page, page_token=token or ""))
        page = next(iter(pager.pages))
        return ([one.name.rsplit("/", 1)[1] for one in page.sessions],
                page.next_page_token or None)

    def get(self, session):
        try:
            one = self.client.get_session(name=self.name(session))
        except NotFound:
            return {}, GONE
        record = json.loads(Session.to_json(
            one, use_integers_for_enums=False,
            always_print_fields_with_no_presence=False))
        return record, one.state.name

    def end(self, session):
        self.client.terminate_session(name=self.name(session))

    def refused(self, call):
        try:
            call()
        except GoogleAPICallError as e:
            return type(e).__name__
        return None


class TestDataproc(Conformance):
    sdk_class = Dataproc

    def test_what_the_sdk_deletes_is_gone_from_the_mount(self, sdk, there):
        session, _ = sdk.create("to-be-deleted")
        self.eventually_alive(sdk, there, session)
        sdk.client.delete_session(name=sdk.name(session))
        self.eventually_gone(there, session)

    def test_what_ctl_deletes_is_gone_for_the_sdk(self, sdk, there):
        session, _ = sdk.create("to-be-deleted")
        self.eventually_alive(sdk, there, session)
        self.write(there, session + "/ctl", "delete").ok()
        self.eventually_gone(there, session)
        assert sdk.get(session)[1] == GONE
