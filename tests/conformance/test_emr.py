"""boto3 and the sessions of EMR clusters."""
from aws import Aws
from suite import Conformance

CLUSTER = "j-1EMULATOR0001"


class Emr(Aws):
    type = "emr"
    workspace = CLUSTER
    emulator_args = ("--workspace", "emr:" + CLUSTER,
                     "--start-ms", "100", "--stop-ms", "100")

    def spec(self, name):
        return {
            "Name": name,
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/spark",
            "SessionIdleTimeoutInMinutes": 30,
            "Tags": [{"Key": "team", "Value": "data + more"}],
            "EngineConfigurations": [
                {"Classification": "spark-defaults",
                 "Properties": {"spark.app.name": "caf\u00e9 + % & ="}}]}

    def create(self, name):
        spec = self.spec(name)
        made = self.client.start_session(ClusterId=CLUSTER, **spec)
        assert made["ClusterId"] == CLUSTER
        return made["Id"], spec

    def page_of(self, token):
        more = {"NextToken": token} if token else {}
        answer = self.client.list_sessions(
            ClusterId=CLUSTER, MaxResults=self.page, **more)
        return [one["Id"] for one in answer["Sessions"]], \
            answer.get("NextToken")

    def get(self, session):
        one = self.client.get_session(
            ClusterId=CLUSTER, SessionId=session)["Session"]
        return one, one["State"]

    def end(self, session):
        self.client.terminate_session(ClusterId=CLUSTER, SessionId=session)


class TestEmr(Conformance):
    sdk_class = Emr

    def test_the_endpoint_is_read(self, sdk, there):
        session, _ = sdk.create("with-endpoint")
        self.eventually_alive(sdk, there, session)
        told = sdk.client.get_session_endpoint(
            ClusterId=CLUSTER, SessionId=session)
        assert told["Endpoint"].removeprefix("https://").split(":")[0] in \
            self.read(there, session, "endpoint")

    def test_clusters_are_the_workspaces(self, sdk, there):
        listed = sdk.client.list_clusters()["Clusters"]
        assert [one["Id"] for one in listed] == [CLUSTER]
        assert there.mount.run(["ls", there("..")]).ok().split() == [CLUSTER]
