"""What the SDKs of both AWS services have in common."""
from suite import KEY_ID, KEY_SECRET, Sdk, need

need("aws")

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

REGION = "us-east-1"


class Aws(Sdk):
    keys = {"region": REGION}
    environment = {"AWS_ACCESS_KEY_ID": KEY_ID,
                   "AWS_SECRET_ACCESS_KEY": KEY_SECRET}
    alive = ("IDLE", "STARTED")
    ended = ("TERMINATED",)
    verb = "terminate"
    wrong_secret = "InvalidSignatureException"

    def open(self):
        # A session of its own: nothing of the machine's profiles is read.
        self.client = boto3.session.Session().client(
            self.type, endpoint_url=self.url, region_name=REGION,
            aws_access_key_id=KEY_ID, aws_secret_access_key=self.secret,
            config=Config(retries={"total_max_attempts": 1}, proxies={}))

    def refused(self, call):
        try:
            call()
        except ClientError as e:
            return e.response["Error"]["Code"]
        return None
