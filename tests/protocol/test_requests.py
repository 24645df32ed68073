"""Every member of all 79 requests is read and written back, and every constraint on it is enforced: the cases come from
api/*.json, so a member that is added there is tested from then on."""
import copy
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build"))

# A value that matches each pattern; a new pattern needs a new line.
MATCHING = {
    r"arn:([a-z\d-]+):personalize:.*:.*:.+": "arn:aws:personalize:us-east-1:123456789012:solution/s",
    r"[A-Za-z_][A-Za-z\d_]*": "A_1",
    r"^[A-Za-z_]+$": "Items",
    r"arn:aws.*:kms:.*:[0-9]{12}:key/.*": "arn:aws:kms:us-east-1:123456789012:key/a",
    r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*": "name-1",
    r"\p{ASCII}{0,1500}": "token",
    r"arn:([a-z\d-]+):iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+": "arn:aws:iam::123456789012:role/r",
    r"(s3|http|https)://.+": "s3://bucket/key",
    r"rate\(\d+ days?\)": "rate(7 days)",
    r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$": "größe 7",
    r"[A-Za-z\d_]+": "a_1",
    r"[A-Za-z0-9_]+": "b_2",
    r"^[\x20-\x7E]*[\x21-\x7E]+[\x20-\x7E]*$": " source ",
}
# Breaks every pattern but the ASCII one.
BREAKING = "#!\n"


class Shapes:
    def __init__(self, path):
        self.description = json.loads(path.read_text())

    def find(self, name):
        for kind in ("scalars", "lists", "maps", "structures"):
            if name in self.description[kind]:
                return kind, self.description[kind][name]
        raise KeyError(name)

    def members(self, structure):
        for name, shape in structure.items():
            if name != "!":
                yield name.rstrip("*"), name.endswith("*"), shape.removeprefix("json ")

    def good(self, shape):
        kind, rule = self.find(shape)
        if kind == "structures":
            return self.good_structure(rule)
        if kind == "lists":
            return [self.good(rule["of"])]
        if kind == "maps":
            return {self.good(rule["key"]): self.good(rule["value"])}
        if "enum" in rule:
            return rule["enum"][-1]
        if "pattern" in rule:
            return MATCHING[rule["pattern"]]
        return {"string": 'quote " and \U0001F600', "integer": max(1, rule.get("min", 1)), "boolean": True, "double": 0.5,
                "float": 0.25, "timestamp": 1553631760.125}[rule["type"]]

    def good_structure(self, structure):
        return {name: self.good(shape) for name, _, shape in self.members(structure)}

    def bad(self, shape):
        """Pairs of a value that breaks one rule, and what the error must say."""
        kind, rule = self.find(shape)
        yield from getattr(self, f"bad_{kind}")(rule)

    def bad_scalars(self, rule):
        kind = rule["type"]
        if kind == "string":
            if "enum" in rule:
                yield "NONE", f"Member must satisfy enum value set: [{', '.join(rule['enum'])}]"
            if "max" in rule:
                yield "\u00e9" * (rule["max"] + 1), f"Member must have length less than or equal to {rule['max']}"
            if rule.get("min"):
                yield "", f"Member must have length greater than or equal to {rule['min']}"
            if "pattern" in rule and "ASCII" not in rule["pattern"]:
                yield BREAKING, f"Member must satisfy regular expression pattern: {rule['pattern']}"
        elif kind in ("integer", "double", "float"):
            if "max" in rule:
                yield rule["max"] + 1, f"Member must have value less than or equal to {rule['max']}"
            if "min" in rule:
                yield rule["min"] - 1, f"Member must have value greater than or equal to {rule['min']}"
        yield True if kind != "boolean" else 1, "was expected"

    def bad_count(self, rule, members):
        if "max" in rule:
            yield members(rule["max"] + 1), f"Member must have length less than or equal to {rule['max']}"
        if rule.get("min"):
            yield members(0), f"Member must have length greater than or equal to {rule['min']}"

    def bad_lists(self, rule):
        yield from self.bad_count(rule, lambda count: [self.good(rule["of"])] * count)
        yield "text", "a list was expected"
        for value, error in self.bad(rule["of"]):
            yield [value], error

    def bad_maps(self, rule):
        yield from self.bad_count(
            rule, lambda count: {"k" + "x" * i: self.good(rule["value"]) for i in range(count)})
        yield [], "a structure was expected"
        for value, error in self.bad(rule["key"]):
            if isinstance(value, str):
                yield {value: self.good(rule["value"])}, error
        for value, error in self.bad(rule["value"]):
            yield {self.good(rule["key"]): value}, error

    def bad_structures(self, structure):
        good = self.good_structure(structure)
        for name, required, shape in self.members(structure):
            if required:
                without = {key: value for key, value in good.items() if key != name}
                yield without, f"{name}' failed to satisfy constraint: Member must not be null"
            for value, error in self.bad(shape):
                yield {**copy.deepcopy(good), name: value}, error


def ask(lines):
    """The probe's answers, one JSON value for each line."""
    text = "".join(f"{operation}\t{json.dumps(body)}\n" for operation, body in lines)
    probe = subprocess.run([BUILD / "request_probe"], input=text, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in probe.stdout.splitlines()]
    assert len(answers) == len(lines)
    return answers


ALL = [Shapes(path) for path in sorted((ROOT / "api").glob("*.json"))]
OPERATIONS = [(shapes, name, operation) for shapes in ALL for name, operation in shapes.description["operations"].items()]


def test_every_request_with_every_member_is_read_and_written_back():
    assert len(OPERATIONS) == 79
    lines = [(name, shapes.good_structure(operation["input"])) for shapes, name, operation in OPERATIONS]

    for (name, sent), got in zip(lines, ask(lines)):
        assert got == sent, name


def test_every_request_with_required_members_alone_is_read_and_written_back():
    lines = []
    for shapes, name, operation in OPERATIONS:
        required = {key: value for key, value in operation["input"].items() if key.endswith("*")}
        lines.append((name, shapes.good_structure(required)))

    for (name, sent), got in zip(lines, ask(lines)):
        assert got == sent, name


@pytest.mark.parametrize("shapes", ALL, ids=[shapes.description["service"] for shapes in ALL])
def test_every_constraint_is_enforced(shapes):
    lines, errors = [], []
    for name, operation in shapes.description["operations"].items():
        for body, error in shapes.bad_structures(operation["input"]):
            lines.append((name, body))
            errors.append(error)

    for (name, body), error, got in zip(lines, errors, ask(lines)):
        expected = "SerializationException" if error.endswith("expected") else "InvalidInputException"
        assert got.get("code") == expected, f"{name} {json.dumps(body)[:500]}: {got}"
        assert error in got["message"], f"{name} {json.dumps(body)[:500]}"


def test_nothing_sensitive_is_shown():
    lines = []
    for shapes, name, operation in OPERATIONS:
        for body, _ in shapes.bad_structures(operation["input"]):
            lines.append((name, body, shapes))
    answers = ask([(name, body) for name, body, _ in lines])

    hidden = "größe 7"  # What every tag's key and value reads.
    for (name, _, _), got in zip(lines, answers):
        assert hidden not in got["message"], name
