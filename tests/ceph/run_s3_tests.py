"""Runs the chosen tests of Ceph's s3-tests against a fresh server, and compares what fails with expected_failures.txt.

    run_s3_tests.py FOLDER-OF-S3-TESTS [argument of pytest ...]

README.md beside this file says what to install and what the choice is.
"""
import collections
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

_spec = importlib.util.spec_from_file_location("api_conftest", HERE.parent / "api" / "conftest.py")
_api = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_api)

# The second user may list buckets, which the suite asks before and after each test, and make its own; nothing else.
OTHER_USER_POLICY = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "s3:CreateBucket"], "Resource": "*"}]}"""

SECTION = """
[{name}]
display_name = {user}
user_id = {user}
email = {user}@example.com
access_key = {key}
secret_key = {secret}
"""


def lines_of(name):
    """Of a file beside this one, without comments."""
    lines = (re.sub(r"\s*#.*", "", line) for line in (HERE / name).read_text().splitlines())
    return [line for line in lines if line]


def make_user(server, name):
    iam = server.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="lists", PolicyDocument=OTHER_USER_POLICY)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def remove_sample(server):
    """The bucket that a new server brings: the suite counts buckets."""
    s3 = server.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        for each in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            s3.delete_object(Bucket=bucket["Name"], Key=each["Key"])
        s3.delete_bucket(Bucket=bucket["Name"])


def write_configuration(server, path):
    host, port = re.match(r"http://(.*):(\d+)", server.url).groups()
    text = (f"[DEFAULT]\nhost = {host}\nport = {port}\nis_secure = False\nssl_verify = False\n"
            "[fixtures]\nbucket prefix = s3-tests-{random}-\niam name prefix = s3-tests-\niam path prefix = /s3-tests/\n")
    administrator = (server.access_key_id, server.secret_access_key)
    other = make_user(server, "other")
    for name, user, (key, secret) in (("s3 main", "administrator", administrator), ("s3 alt", "other", other),
                                      ("s3 tenant", "other", other), ("iam", "administrator", administrator),
                                      ("iam root", "administrator", administrator), ("iam alt root", "other", other)):
        text += SECTION.format(name=name, user=user, key=key, secret=secret)
    path.write_text(text.replace("[s3 tenant]\n", "[s3 tenant]\ntenant = other\n"))


def run(folder, arguments, configuration):
    """The results by test: "passed", "failed" or "error"."""
    markers = " and ".join(f"not {marker}" for marker in lines_of("markers_left_out.txt"))
    names = " and ".join(f"not ({name})" for name in lines_of("names_left_out.txt"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=line", "-m", markers, "-k", names,
               *arguments, "s3tests/functional/test_s3.py", "s3tests/functional/test_headers.py"]
    run = subprocess.run(command, cwd=folder, env={**os.environ, "S3TEST_CONF": str(configuration)},
                         stdout=subprocess.PIPE, text=True)
    results = {}
    for word, name in re.findall(r"^(PASSED|FAILED|ERROR) \S*::(\w+)", run.stdout, re.MULTILINE):
        results[name] = "failed" if results.get(name) == "failed" else word.lower()
    return results, run.stdout


def main():
    folder, *arguments = sys.argv[1:]
    expected = set(lines_of("expected_failures.txt"))
    with tempfile.TemporaryDirectory() as temporary:
        server = _api.Server(pathlib.Path(temporary) / "data").start()
        try:
            configuration = pathlib.Path(temporary) / "s3tests.conf"
            remove_sample(server)
            write_configuration(server, configuration)
            results, output = run(folder, arguments, configuration)
            server.stop()
        finally:
            server.kill()
    failed = {name for name, result in results.items() if result != "passed"}
    counts = collections.Counter(results.values())
    for name in sorted(failed - expected):
        reason = re.search(rf"^(?:FAILED|ERROR) \S*::{name} - (.*)", output, re.MULTILINE)
        print(f"{results[name]}, not expected: {name}: {reason[1] if reason else ''}")
    for name in sorted(expected & results.keys() - failed):
        print(f"passed, not expected: {name}")
    print(f"{counts['passed']} of {len(results)} passed; {len(failed & expected)} failed as expected")
    return 0 if results and failed <= expected else 1


if __name__ == "__main__":
    sys.exit(main())
