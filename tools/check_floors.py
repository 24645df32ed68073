#!/usr/bin/env python3
"""check_floors.py SRC FLOORS: every include of a folder of SRC goes to itself or to a folder that FLOORS allows.

Also: no file directly in SRC, no folder that FLOORS does not name, and includes of our own are written from SRC.
Prints each violation and exits 1 if there is one.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def read_floors(path):
    floors = {}
    for line in path.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        name, below = line.split(":", 1)
        floors[name] = set(floors) if below.strip() == "(all)" else set(below.split())
        unknown = floors[name] - set(floors)
        if unknown:
            sys.exit(f"{path}: {name} may not rest on {sorted(unknown)}: they do not stand below it")
    return floors


def violations(src, floors):
    for path in sorted(src.rglob("*")):
        if path.suffix not in {".h", ".cc"}:
            continue
        parts = path.relative_to(src).parts
        if len(parts) == 1:
            yield f"{path}: no file may lie directly in {src}"
            continue
        floor = parts[0]
        if floor not in floors:
            yield f"{path}: the folder {floor} is not in floors.txt"
            continue
        for include in INCLUDE.findall(path.read_text()):
            target = include.split("/")[0]
            if "/" not in include:
                yield f"{path}: write \"{include}\" from src/"
            elif target != floor and target not in floors[floor]:
                yield f"{path}: {floor} may not include {include}"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    found = list(violations(pathlib.Path(sys.argv[1]), read_floors(pathlib.Path(sys.argv[2]))))
    print("\n".join(found) if found else "no include climbs")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
