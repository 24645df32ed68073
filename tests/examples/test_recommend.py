"""attune train and attune recommend, as a user calls them: a model from CSV files, a list from it, and why."""
import os
import pathlib
import random
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATTUNE = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build")) / "attune"
ITEMS = 20


def attune(*arguments):
    return subprocess.run([ATTUNE, *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Of people who walk around a ring of items: after i3 comes i4."""
    folder = tmp_path_factory.mktemp("ring")
    rows = [f"u{user},i{(user + step) % ITEMS},{1_600_000_000 + 60 * step}" for user in range(200) for step in range(9)]
    (folder / "interactions.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\n" + "\n".join(rows) + "\n")
    colours = [f"i{item},{'red' if item % 2 else 'blue'}" for item in range(ITEMS)]
    (folder / "items.csv").write_text("ITEM_ID,COLOUR\n" + "\n".join(colours) + "\n")
    run = attune("train", "--interactions", folder / "interactions.csv", "--items", folder / "items.csv", "--out",
                 folder / "model")
    assert run.returncode == 0, run.stderr
    assert "1800 interactions of 200 users with 20 items" in run.stdout
    assert sorted(path.name for path in folder.iterdir()) == ["interactions.csv", "items.csv", "model"]
    return folder / "model"


def test_recommends_what_follows_and_says_because_of_what(model):
    run = attune("recommend", "--model", model, "--history", "i1,i2,i3", "--count", 3, "--explain")
    assert run.returncode == 0, run.stderr
    assert re.match(r"\s+1\. i4 ", run.stdout), run.stdout
    assert run.stdout.index("because of i3") > 0
    assert "COLOUR=blue, as 1 of the history" in run.stdout and "taken " in run.stdout
    plain = attune("recommend", "--model", model, "--history", "i1,i2,i3", "--count", 3)
    assert plain.stdout.count("\n") == 3 and "because" not in plain.stdout
    assert attune("recommend", "--model", model, "--user", "u0", "--count", 3).stdout.count("\n") == 3


@pytest.mark.parametrize("arguments,said", [
    (("recommend",), "--model"), (("recommend", "--model", "/nowhere"), "/nowhere"), (("train",), "--interactions"),
    (("train", "--interactions", "x"), "--out"), (("train", "--interactions", "/none", "--out", "/tmp/attune-none"), "/none")])
def test_says_what_is_wrong(arguments, said):
    run = attune(*arguments)
    assert run.returncode in (1, 2) and said in run.stderr, run.stderr
    assert not pathlib.Path("/tmp/attune-none").exists()


def test_names_who_and_what_it_does_not_know(model):
    assert "'nobody'" in attune("recommend", "--model", model, "--user", "nobody").stderr
    assert "'i99'" in attune("recommend", "--model", model, "--history", "i1,i99").stderr
    run = attune("train", "--interactions", "/dev/null", "--out", model)
    assert run.returncode == 1 and "exists" in run.stderr


def test_who_somebody_is_and_where_says_what_they_get_without_history(tmp_path):
    """Each kind of user takes one half of the items, on each device one half of that."""
    draw = random.Random(3)
    rows, users = ["USER_ID,ITEM_ID,TIMESTAMP,DEVICE"], ["USER_ID,KIND"]
    for user in range(200):
        kind = draw.randrange(2)
        users.append(f"u{user},{('left', 'right')[kind]}")
        for step in range(10):
            device = draw.randrange(2)
            rows.append(f"u{user},i{10 * (2 * kind + device) + draw.randrange(10)},{1_600_000_000 + 60 * step},"
                        f"{('phone', 'desk')[device]}")
    (tmp_path / "interactions.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "users.csv").write_text("\n".join(users) + "\n")
    run = attune("train", "--interactions", tmp_path / "interactions.csv", "--users", tmp_path / "users.csv", "--out",
                 tmp_path / "model")
    assert run.returncode == 0, run.stderr

    def quarters(*arguments):
        run = attune("recommend", "--model", tmp_path / "model", "--count", 8, *arguments)
        assert run.returncode == 0, run.stderr
        return {int(number) // 10 for number in re.findall(r" i(\d+) ", run.stdout)}

    assert quarters("--user-attributes", "KIND=left", "--context", "DEVICE=phone") == {0}
    assert quarters("--user-attributes", "KIND=right", "--context", "DEVICE=desk") == {3}
    assert quarters("--user", "nobody", "--user-attributes", "kind=left") <= {0, 1}
    run = attune("recommend", "--model", tmp_path / "model", "--context", "phone")
    assert run.returncode == 2 and "'phone' is not NAME=VALUE" in run.stderr
