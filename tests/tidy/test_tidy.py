"""Rules about the text of the repository, as tests: what the style page says and a program can see."""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

FILE_LINES_MAX = 500
# Files that were longer when the rule came. They may shrink, never grow; nothing may be added here.
LONG_FILES = {}
FUNCTION_LINES_MAX = 70
LONG_FUNCTIONS_MAX = 0
# A table that is longer than a screen is still read line by line: one row is one thing.
TABLES = ("PersonalizeOperations()", "MakeRecipes()")


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def test_no_include_climbs():
    check = subprocess.run([sys.executable, ROOT / "tools/check_floors.py", ROOT / "src", ROOT / "floors.txt"],
                           capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr


def section(text, title):
    return text.split(f"## {title}\n")[1].split("\n## ")[0]


def test_architecture_has_a_row_for_each_floor_in_their_order():
    floors = re.findall(r"^(\w+):", (ROOT / "floors.txt").read_text(), re.MULTILINE)
    rows = re.findall(r"^\| (\w+) \|", section((ROOT / "ARCHITECTURE.md").read_text(), "Floors"), re.MULTILINE)
    assert rows == ["floor", *floors]
    assert sorted(floors) == sorted(path.name for path in (ROOT / "src").iterdir() if path.is_dir())


def test_architecture_names_everything_in_the_data_directory():
    named = re.findall(r"^///   (\w[\w.]*)", (ROOT / "src/storage/data_directory.h").read_text(), re.MULTILINE)
    assert "catalog.db" in named
    there = section((ROOT / "ARCHITECTURE.md").read_text(), "On disk")
    assert [name for name in named if f"`{name}" not in there] == []


def test_every_file_that_architecture_names_is_there():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for line in section(text, "Floors").splitlines():
        if row := re.match(r"\| (\w+) \| .* \| (.*) \|$", line):
            for name in re.findall(r"`([\w.]+)`", row[2]):
                assert (ROOT / "src" / row[1] / name).exists(), f"{row[1]}/{name}"
    for path in re.findall(r"`(\w+/[\w./]*)`", text.split("## Where is the thing")[1]):
        there = any((ROOT / folder / (path + end)).exists() for folder in ("", "src") for end in ("", ".h", ".cc"))
        assert there, path


def test_no_source_file_is_longer_than_its_limit():
    for path in tracked("src/*.cc", "src/*.h"):
        lines = len(path.read_text().splitlines())
        limit = LONG_FILES.get(str(path.relative_to(ROOT)), FILE_LINES_MAX)
        assert lines <= limit, f"{path.relative_to(ROOT)} has {lines} lines; the limit is {limit}: split it"


def function_lengths(text):
    """Lines of each brace block that starts in the first column of a namespace: functions, as clang-format lays them."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines):
        if start is None and re.match(r"^[A-Za-z].*[({].*$", line) and not line.startswith(("namespace", "struct", "class",
                                                                                           "enum", "#", "using")):
            start = number if line.count("{") == 0 or line.count("{") != line.count("}") else None  # Not a whole one.
        if start is not None and re.match(r"^}", line):
            yield lines[start], number - start + 1
            start = None
        elif start is not None and line.endswith(";") and not line.startswith(" "):
            start = None


def test_functions_fit_on_a_screen():
    long = []
    for path in tracked("src/*.cc"):
        if path.name.endswith("_test.cc"):
            continue
        for first, length in function_lengths(path.read_text()):
            if length > FUNCTION_LINES_MAX and not any(table in first for table in TABLES):
                long.append(f"{path.relative_to(ROOT)}: {first.strip()} has {length} lines")
    assert len(long) <= LONG_FUNCTIONS_MAX, "\n".join(long)


def test_nothing_is_left_to_do_without_an_issue_number():
    for path in tracked("src/*", "tools/*", "tests/*", "bench/*", "examples/*"):
        if path == pathlib.Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            found = re.search(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))", line)
            assert not found, f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_every_header_guards_itself_with_pragma_once():
    for path in tracked("src/*.h"):
        assert path.read_text().startswith("#pragma once"), path


def test_compatibility_has_a_row_for_each_operation_and_every_test_it_names():
    operations = []
    for path in tracked("api/*.json"):
        operations += json.loads(path.read_text())["operations"]
    rows = re.findall(r"^\| (\w+) \| (works|differs|not yet) \| (.*) ?\|$", (ROOT / "COMPATIBILITY.md").read_text(),
                      re.MULTILINE)
    assert sorted(name for name, _, _ in rows) == sorted(operations)
    for name, state, how in rows:
        named = re.search(r"test_\w+\.py", how)
        assert (named is not None) == (state != "not yet"), name
        if named:
            assert (ROOT / "tests/api" / named.group()).exists(), f"{name} names {named.group()}"
