"""The generator of the interfaces: its patterns mean what Python's re means, and it refuses what it does not know."""

import copy
import importlib.util
import json
import pathlib
import random
import re
import unicodedata

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("generate_api", ROOT / "tools" / "generate_api.py")
generate_api = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate_api)

DESCRIPTIONS = sorted((ROOT / "api").glob("*.json"))


def matches(compiler, text):
    """What Pattern::Matches does, with the same tables."""
    if not text:
        return compiler.result.nullable and compiler.count_min == 0
    reachable = compiler.result.first
    active = set()
    for character in text:
        code = ord(character)
        active = {p for p in reachable if accepts(compiler.sets[p], character, code)}
        reachable = set().union(*(compiler.follow[p] for p in active))
    most = len(text) if compiler.count_max is None else compiler.count_max
    return bool(active & compiler.result.last) and compiler.count_min <= len(text) <= most


def accepts(characters, character, code):
    if code < 128:
        return code in characters.ascii
    if character in "\x85\u2028\u2029":
        return characters.line_ends
    if unicodedata.category(character)[0] in "LZN":
        return characters.letters
    return characters.others


def described_patterns():
    patterns = set()
    for path in DESCRIPTIONS:
        scalars = json.loads(path.read_text())["scalars"]
        patterns |= {scalar["pattern"] for scalar in scalars.values() if "pattern" in scalar}
    return sorted(patterns)


@pytest.mark.parametrize("pattern", described_patterns() + ["a|bc", "(a|b)*c{2}", "x{0,2}y?", "(ab+)?c{1,3}"])
def test_patterns_agree_with_re_on_random_text(pattern):
    reference = pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]").replace(r"\p{L}\p{Z}\p{N}", "a-zA-Z0-9 ")
    compiler = generate_api.PatternCompiler(pattern)
    literal = re.findall(r"[a-z]{2,}|[:/()=,.@_-]|\d", re.sub(r"\\p\{\w+\}|\{[^}]*\}|\[[^\]]*\]", "", pattern))
    pieces = literal + list("aZ09:/-_ .xbc@$\n")
    chance = random.Random(7)
    for _ in range(3000):
        text = "".join(chance.choice(pieces) for _ in range(chance.randrange(10)))
        expected = re.fullmatch(reference, text, re.ASCII) is not None
        assert matches(compiler, text) == expected, text


def test_a_long_repetition_is_a_star_and_a_count():
    compiler = generate_api.PatternCompiler(r"\p{ASCII}{0,1500}")

    assert (len(compiler.sets), compiler.count_min, compiler.count_max) == (1, 0, 1500)
    assert matches(compiler, "x" * 1500)
    assert not matches(compiler, "x" * 1501)


@pytest.mark.parametrize("pattern", ["[^a]", r"\w", r"(?=a)", "a" * 65, "(a", r"\p{Lu}", "a**", r"\p{Greek}"])
def test_a_pattern_that_is_not_understood_stops_the_build(pattern):
    with pytest.raises(SystemExit):
        generate_api.PatternCompiler(pattern)


@pytest.mark.parametrize(
    "wire_name,cpp_name",
    [
        ("kmsKeyArn", "kms_key_arn"),
        ("performHPO", "perform_hpo"),
        ("performAutoML", "perform_auto_ml"),
        ("minProvisionedTPS", "min_provisioned_tps"),
        ("tunedHPOParams", "tuned_hpo_params"),
        ("Filters", "filters"),
        ("publishAttributionMetricsToS3", "publish_attribution_metrics_to_s3"),
    ],
)
def test_members_are_named_in_snake_case(wire_name, cpp_name):
    assert generate_api.snake_case(wire_name) == cpp_name


def service_from(tmp_path, change):
    description = copy.deepcopy(json.loads((ROOT / "api" / "personalize-events.json").read_text()))
    change(description)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(description))
    return generate_api.Service(path)


def test_a_structure_that_holds_itself_stops_the_build(tmp_path):
    with pytest.raises(SystemExit, match="holds itself"):
        service_from(tmp_path, lambda d: d["structures"].update(Item={"item": "Item"}))


def test_an_unknown_shape_stops_the_build(tmp_path):
    with pytest.raises(SystemExit, match="unknown shape Nowhere"):
        service_from(tmp_path, lambda d: d["structures"].update(Item={"item": "Nowhere"}))


def test_an_unknown_error_stops_the_build(tmp_path):
    with pytest.raises(SystemExit, match="unknown error"):
        service_from(tmp_path, lambda d: d["operations"]["PutEvents"]["errors"].append("NoSuchException"))


def test_the_output_is_the_same_every_time(tmp_path):
    service = generate_api.Service(DESCRIPTIONS[0])
    again = generate_api.Service(DESCRIPTIONS[0])

    assert [make() for make in service.files().values()] == [make() for make in again.files().values()]


def test_a_file_whose_text_stays_the_same_keeps_its_time(tmp_path):
    path = tmp_path / "x.h"
    generate_api.write_if_changed(path, ["one"])
    before = path.stat().st_mtime_ns

    generate_api.write_if_changed(path, ["one"])

    assert path.stat().st_mtime_ns == before


def test_all_operations_are_described():
    counts = {path.stem: len(json.loads(path.read_text())["operations"]) for path in DESCRIPTIONS}

    assert counts == {"personalize": 71, "personalize-events": 5, "personalize-runtime": 3}
