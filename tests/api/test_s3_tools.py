"""Programs that people already use, run as they are. `tools/install_dependencies.sh slow` installs them; a missing one
fails its test, for a skipped test is soon a test that nobody runs."""

import filecmp
import io
import os
import pathlib
import random
import shutil
import subprocess
import time

import pytest

pytestmark = pytest.mark.slow
MIB = 1 << 20


# A bundle of certificates in the environment is none of this test's business, and rclone cannot read one that way.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}


def run(*command, environment=ENVIRONMENT):
    done = subprocess.run([str(each) for each in command], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def needs(program):
    """Debian's own before another on the PATH."""
    found = shutil.which(program, path="/usr/bin") or shutil.which(program)
    assert found, f"{program} is not installed: tools/install_dependencies.sh slow"
    return found


@pytest.fixture
def folder(tmp_path):
    """Small files, one in parts, odd names, an empty one."""
    source = tmp_path / "source"
    rng = random.Random(3)
    for name, size in {"a.csv": 1000, "empty": 0, "sub/b c+d.csv": 5000, "sub/ünï.csv": 70_000,
                       "sub/deep/big.bin": 20 * MIB + 3}.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(size))
    return source


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*") if path.is_file())


def assert_same(left, right):
    assert files_of(left) == files_of(right)
    for name in files_of(left):
        assert filecmp.cmp(left / name, right / name, shallow=False), name


def keys_of(s3, bucket):
    return sorted(each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []))


def test_aws_cli(server, s3, bucket, folder, tmp_path):
    environment = {**ENVIRONMENT, "AWS_ACCESS_KEY_ID": server.access_key_id,
                   "AWS_SECRET_ACCESS_KEY": server.secret_access_key, "AWS_DEFAULT_REGION": "us-east-1",
                   "AWS_CONFIG_FILE": str(tmp_path / "none"), "PYENV_VERSION": "system"}
    program = needs("aws")

    def aws(*arguments):
        return run(program, "--endpoint-url", server.url, *arguments, environment=environment)

    assert bucket in aws("s3", "ls")
    aws("s3", "cp", folder / "a.csv", f"s3://{bucket}/copied.csv")
    aws("s3", "sync", folder, f"s3://{bucket}/all")
    assert keys_of(s3, bucket) == sorted(["copied.csv"] + ["all/" + name for name in files_of(folder)])
    assert aws("s3", "sync", folder, f"s3://{bucket}/all") == ""
    aws("s3", "sync", f"s3://{bucket}/all", tmp_path / "back")
    assert_same(folder, tmp_path / "back")
    aws("s3", "cp", f"s3://{bucket}/all/sub/deep/big.bin", f"s3://{bucket}/big copy")
    assert "20971523" in aws("s3", "ls", f"s3://{bucket}/big copy")
    url = aws("s3", "presign", f"s3://{bucket}/copied.csv").strip()
    assert run(needs("curl"), "-fsS", url, "-o", tmp_path / "presigned") == ""
    assert (tmp_path / "presigned").read_bytes() == (folder / "a.csv").read_bytes()
    aws("s3", "mv", f"s3://{bucket}/copied.csv", f"s3://{bucket}/moved.csv")
    aws("s3", "rm", "--recursive", f"s3://{bucket}")
    assert keys_of(s3, bucket) == []
    aws("s3", "mb", f"s3://{bucket}-2")
    aws("s3", "rb", f"s3://{bucket}-2")
    aws("sts", "get-caller-identity")


def test_s3cmd(server, s3, bucket, folder, tmp_path):
    host = server.url.removeprefix("http://")
    program = needs("s3cmd")

    def s3cmd(*arguments, region=("--region=us-east-1",)):
        return run(program, "--config=/dev/null", "--no-ssl", f"--access_key={server.access_key_id}",
                   f"--secret_key={server.secret_access_key}", f"--host={host}", f"--host-bucket={host}",
                   *region, "--no-progress", *arguments)

    s3cmd("put", folder / "a.csv", f"s3://{bucket}/without-region.csv", region=())  # It asks for one then.
    s3cmd("del", f"s3://{bucket}/without-region.csv", region=())

    assert bucket in s3cmd("ls")
    s3cmd("put", folder / "a.csv", f"s3://{bucket}/copied.csv")
    s3cmd("--multipart-chunk-size-mb=5", "sync", f"{folder}/", f"s3://{bucket}/all/")
    assert keys_of(s3, bucket) == sorted(["copied.csv"] + ["all/" + name for name in files_of(folder)])
    (tmp_path / "back").mkdir()
    s3cmd("sync", f"s3://{bucket}/all/", f"{tmp_path}/back/")
    assert_same(folder, tmp_path / "back")
    assert "copied.csv" in s3cmd("info", f"s3://{bucket}/copied.csv")
    s3cmd("cp", f"s3://{bucket}/copied.csv", f"s3://{bucket}/again.csv")
    s3cmd("del", "--recursive", "--force", f"s3://{bucket}/")
    assert keys_of(s3, bucket) == []


@pytest.fixture
def localhost_names(server):
    """(endpoint, environment): Python programs that run in it find bucket.localhost."""
    if "127.0.0.1" not in server.url:
        pytest.skip("speaks to the server on loopback")
    names = pathlib.Path(__file__).parent / "localhost_names"
    return server.url.replace("127.0.0.1", "localhost"), {**ENVIRONMENT, "PYTHONPATH": str(names)}


def test_s3cmd_with_buckets_in_the_host(server, s3, bucket, folder, tmp_path, localhost_names):
    url, environment = localhost_names
    host, program = url.removeprefix("http://"), needs("s3cmd")

    def s3cmd(*arguments):
        return run(program, "--config=/dev/null", "--no-ssl", f"--access_key={server.access_key_id}",
                   f"--secret_key={server.secret_access_key}", f"--host={host}", f"--host-bucket=%(bucket)s.{host}",
                   "--region=us-east-1", "--no-progress", "--multipart-chunk-size-mb=5", *arguments,
                   environment=environment)

    s3cmd("sync", f"{folder}/", f"s3://{bucket}/")
    assert keys_of(s3, bucket) == files_of(folder)
    assert s3.head_object(Bucket=bucket, Key="sub/deep/big.bin")["ETag"].endswith('-5"')
    assert "a.csv" in s3cmd("ls", f"s3://{bucket}/")
    (tmp_path / "back").mkdir()
    s3cmd("sync", f"s3://{bucket}/", f"{tmp_path}/back/")
    assert_same(folder, tmp_path / "back")
    expiry = str(int(time.time()) + 600)
    signed = s3cmd("signurl", f"s3://{bucket}/a.csv", expiry).strip().splitlines()[-1]
    assert signed.startswith(f"http://{bucket}.{host}/"), "else this test tests nothing"
    resolve = f"{bucket}.{host}:127.0.0.1"
    run(needs("curl"), "-fsS", "--resolve", resolve, signed, "-o", tmp_path / "signed")
    assert (tmp_path / "signed").read_bytes() == (folder / "a.csv").read_bytes()
    s3cmd("del", "--recursive", "--force", f"s3://{bucket}/")
    assert keys_of(s3, bucket) == []


def test_aws_cli_with_buckets_in_the_host(server, s3, bucket, folder, tmp_path, localhost_names):
    url, environment = localhost_names
    (tmp_path / "config").write_text("[default]\ns3 =\n  addressing_style = virtual\n")
    environment = {**environment, "AWS_ACCESS_KEY_ID": server.access_key_id, "AWS_DEFAULT_REGION": "us-east-1",
                   "AWS_SECRET_ACCESS_KEY": server.secret_access_key, "AWS_CONFIG_FILE": str(tmp_path / "config")}

    def aws(*arguments):
        return run(needs("aws"), "--endpoint-url", url, *arguments, environment=environment)

    aws("s3", "sync", folder, f"s3://{bucket}")
    assert keys_of(s3, bucket) == files_of(folder)
    aws("s3", "sync", f"s3://{bucket}", tmp_path / "back")
    assert_same(folder, tmp_path / "back")
    signed = aws("s3", "presign", f"s3://{bucket}/a.csv").strip()
    host = url.removeprefix("http://")
    assert signed.startswith(f"http://{bucket}.{host}/"), "else this test tests nothing"
    run(needs("curl"), "-fsS", "--resolve", f"{bucket}.{host}:127.0.0.1", signed, "-o", tmp_path / "signed")
    assert (tmp_path / "signed").read_bytes() == (folder / "a.csv").read_bytes()
    aws("s3", "rm", "--recursive", f"s3://{bucket}")
    assert keys_of(s3, bucket) == []


def test_rclone(server, s3, bucket, folder, tmp_path):
    program = needs("rclone")
    config = tmp_path / "rclone.conf"
    config.write_text(f"[a]\ntype = s3\nprovider = Other\nendpoint = {server.url}\n"
                      f"access_key_id = {server.access_key_id}\nsecret_access_key = {server.secret_access_key}\n")

    def rclone(*arguments):
        return run(program, "--config", config, "--retries", "1", "--s3-chunk-size", "5M", "--s3-upload-cutoff", "6M",
                   *arguments)

    assert bucket in rclone("lsd", "a:")
    rclone("sync", folder, f"a:{bucket}/all")
    assert keys_of(s3, bucket) == ["all/" + name for name in files_of(folder)]
    rclone("check", folder, f"a:{bucket}/all")
    rclone("copy", f"a:{bucket}/all", tmp_path / "back")
    assert_same(folder, tmp_path / "back")
    rclone("copyto", f"a:{bucket}/all/a.csv", f"a:{bucket}/copied.csv")
    rclone("purge", f"a:{bucket}/all")
    assert keys_of(s3, bucket) == ["copied.csv"]
    rclone("mkdir", f"a:{bucket}-3")
    rclone("rmdir", f"a:{bucket}-3")


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_pandas(server, s3, bucket, compression):
    """Through boto3 and through presigned URLs; s3fs, which pandas would use for s3://, is no Debian package."""
    import pandas
    frame = pandas.DataFrame({"USER_ID": ["1", "ü"], "TIMESTAMP": [3, 4]})
    written = io.BytesIO()
    frame.to_csv(written, index=False, compression=compression)
    s3.put_object(Bucket=bucket, Key="f.csv", Body=written.getvalue())

    body = s3.get_object(Bucket=bucket, Key="f.csv")["Body"]
    assert pandas.read_csv(body, dtype={"USER_ID": str}, compression=compression).equals(frame)
    for version in ("s3", "s3v4"):
        url = server.client("s3", signature_version=version).generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": "f.csv"})
        assert pandas.read_csv(url, dtype={"USER_ID": str}, compression=compression).equals(frame)
