"""Alibaba Cloud's own SDK, and its sessions on a mount."""
from suite import KEY_ID, Conformance, Sdk, need

need("alibaba")

from alibabacloud_emr_serverless_spark20230808 import models  # noqa: E402
from alibabacloud_emr_serverless_spark20230808.client import Client  # noqa: E402
from alibabacloud_tea_openapi.utils_models import Config  # noqa: E402


class Alibaba(Sdk):
    type = "alibaba"
    keys = {"region": "cn-hangzhou"}
    workspace = "w-1"
    emulator_args = ("--workspace", "w-1", "--start-ms", "100",
                     "--stop-ms", "100")
    alive = ("Running",)
    ended = ("Stopped",)
    verb = "stop"
    wrong_secret = "SignatureDoesNotMatch"

    def open(self):
        self.client = Client(Config(
            access_key_id=KEY_ID, access_key_secret=self.secret,
            endpoint=self.url.removeprefix("http://"), protocol="http",
            region_id="cn-hangzhou"))

    def spec(self, name):
        return {
            "name": name, "kind": "SQL", "queueName": "root_queue",
            "releaseVersion": "esr-4.0.0",
            "autoStopConfiguration": {"enable": True,
                                      "idleTimeoutMinutes": 30},
            "applicationConfigs": [{
                "configFileName": "spark-defaults.conf",
                "configItemKey": "spark.app.name",
                "configItemValue": "caf\u00e9 + % & ="}]}

    def create(self, name):
        spec = self.spec(name)
        made = self.client.create_session_cluster(
            self.workspace,
            models.CreateSessionClusterRequest().from_map(spec))
        session = made.body.session_cluster_id
        self.client.start_session_cluster(
            self.workspace, models.StartSessionClusterRequest(
                session_cluster_id=session))
        return session, spec

    def page_of(self, token):
        body = self.client.list_session_clusters(
            self.workspace, models.ListSessionClustersRequest(
                max_results=self.page, next_token=token)).body
        return ([one.session_cluster_id for one in body.session_clusters],
                body.next_token)

    def get(self, session):
        one = self.client.get_session_cluster(
            self.workspace, session,
            models.GetSessionClusterRequest()).body.session_cluster
        # A record tells what it is called: "esr-4.0.0 (Spark 3.5.2, ...)".
        one.release_version = one.release_version.split(" ")[0]
        return one.to_map(), one.state

    def end(self, session):
        self.client.stop_session_cluster(
            self.workspace, models.StopSessionClusterRequest(
                session_cluster_id=session))

    def refused(self, call):
        try:
            call()
        except Exception as e:  # the SDK has several kinds of it
            return getattr(e, "code", repr(e))
        return None


class TestAlibaba(Conformance):
    sdk_class = Alibaba
