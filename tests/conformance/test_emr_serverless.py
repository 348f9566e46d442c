"""boto3 and the sessions of EMR Serverless."""
from aws import Aws
from suite import Conformance

APPLICATION = "00f1emulator01"


class EmrServerless(Aws):
    type = "emr-serverless"
    workspace = APPLICATION
    emulator_args = ("--workspace", "emr-serverless:" + APPLICATION,
                     "--start-ms", "100", "--stop-ms", "100")

    def spec(self, name):
        return {
            "name": name,
            "executionRoleArn": "arn:aws:iam::123456789012:role/spark",
            "idleTimeoutMinutes": 30,
            "tags": {"team": "data + more", "empty": ""},
            "configurationOverrides": {"runtimeConfiguration": [
                {"classification": "spark-defaults",
                 "properties": {"spark.app.name": "caf\u00e9 + % & ="}}]}}

    def create(self, name):
        spec = self.spec(name)
        made = self.client.start_session(applicationId=APPLICATION, **spec)
        assert made["arn"].endswith(made["sessionId"])
        return made["sessionId"], spec

    def page_of(self, token):
        more = {"nextToken": token} if token else {}
        answer = self.client.list_sessions(
            applicationId=APPLICATION, maxResults=self.page, **more)
        return ([one["sessionId"] for one in answer["sessions"]],
                answer.get("nextToken"))

    def get(self, session):
        one = self.client.get_session(
            applicationId=APPLICATION, sessionId=session)["session"]
        return one, one["state"]

    def end(self, session):
        self.client.terminate_session(
            applicationId=APPLICATION, sessionId=session)


class TestEmrServerless(Conformance):
    sdk_class = EmrServerless

    def test_endpoint_and_dashboard_are_read(self, sdk, there):
        session, _ = sdk.create("with-endpoint")
        self.eventually_alive(sdk, there, session)
        told = sdk.client.get_session_endpoint(
            applicationId=APPLICATION, sessionId=session)
        assert told["authToken"] and told["endpoint"]
        assert told["endpoint"].removeprefix("https://").split(":")[0] in \
            self.read(there, session, "endpoint")
        assert sdk.client.get_resource_dashboard(
            applicationId=APPLICATION, resourceId=session,
            resourceType="SESSION")["url"].startswith("http")
        assert self.read(there, session, "webui").startswith("http")

    def test_applications_are_the_workspaces(self, sdk, there):
        listed = sdk.client.list_applications()["applications"]
        assert [one["id"] for one in listed] == [APPLICATION]
        assert there.mount.run(["ls", there("..")]).ok().split() == \
            [APPLICATION]
