"""Signed requests of the control plane for operations that the installed botocore does not know."""
import json
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def call(server, operation, **members):
    """(HTTP status, body) of one AWS JSON 1.1 request."""
    request = AWSRequest("POST", server.url + "/", data=json.dumps(members), headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonPersonalize." + operation})
    SigV4Auth(Credentials(server.access_key_id, server.secret_access_key), "personalize", "us-east-1").add_auth(request)
    plain = urllib.request.Request(server.url + "/", request.body, dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(plain) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
