#!/usr/bin/env python3
"""Turns the interface descriptions in api/*.json into C++: structs, decoders, validators, encoders, operation tables.

    generate_api.py --output DIR api/personalize.json ...     writes DIR/protocol/generated/*
    generate_api.py --list api/personalize.json ...           prints the names of the files that it would write

A description is one JSON object (docs/formats/api_description.md tells the same at length):

    service, namespace, apiVersion, protocol, targetPrefix (awsJson1.1 only), signingName
    scalars     name: {"type": string | integer | boolean | double | float | timestamp,
                       min, max (length of strings, value of numbers), pattern, enum, sensitive}
    lists       name: {"of": shape, min, max, sensitive}
    maps        name: {"key": scalar, "value": shape, min, max, sensitive}
    structures  name: {member: shape}; "member*" is required; shape "json X" is JSON text inside a string of scalar X;
                the pseudo-member "!" says that the structure is sensitive
    errors      name: HTTP status
    operations  name: {path (REST only), idempotent, input: members, output: members, errors: [name]}

The output is the same for the same input, apart from the Unicode classes, which follow the Python that runs this.
"""

import argparse
import json
import os
import re
import sys
import unicodedata

SCALAR_TYPES = {
    "string": "std::string",
    "integer": "std::int32_t",
    "boolean": "bool",
    "double": "double",
    "float": "float",
    "timestamp": "Timestamp",
}
POSITIONS_MAX = 64
UNBOUNDED = None


def fail(message):
    sys.exit(f"generate_api.py: {message}")


def snake_case(name):
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def cpp_string(text):
    return json.dumps(text, ensure_ascii=True)


# --- Patterns: a regular expression becomes a position automaton ------------------------------------------------


class CharacterSet:
    """ASCII characters as a set of code points; the three kinds of wide characters as booleans."""

    def __init__(self, ascii_codes=(), letters=False, others=False, line_ends=False):
        self.ascii, self.letters, self.others, self.line_ends = set(ascii_codes), letters, others, line_ends

    def add(self, other):
        self.ascii |= other.ascii
        self.letters |= other.letters
        self.others |= other.others
        self.line_ends |= other.line_ends


ANY_BUT_LINE_END = CharacterSet(set(range(128)) - {10, 13}, letters=True, others=True)


class Automaton:
    """nullable, first, last over positions; follow and sets live in the builder."""

    def __init__(self, nullable=True, first=frozenset(), last=frozenset()):
        self.nullable, self.first, self.last = nullable, frozenset(first), frozenset(last)


class PatternCompiler:
    """Reads the subset of regular expressions that the models use: literals, '.', classes, groups, alternatives,
    quantifiers, anchors at the two ends, \\d, \\xHH, \\p{ASCII}, \\p{L}, \\p{Z}, \\p{N}."""

    def __init__(self, text):
        self.text = text
        self.sets, self.follow = [], []
        self.count_min, self.count_max = 0, UNBOUNDED
        body = text[1:] if text.startswith("^") else text
        if body.endswith("$") and not body.endswith("\\$"):
            body = body[:-1]
        whole = re.fullmatch(r"(\[[^\]]*\]|\\p\{\w+\}|\\?.)\{(\d+),(\d+)\}", body)
        if whole and int(whole[3]) > POSITIONS_MAX:
            # One class repeated more often than there are positions: an automaton for * and a count beside it.
            self.count_min, self.count_max = int(whole[2]), int(whole[3])
            body = whole[1] + "*"
        self.body, self.at = body, 0
        self.result = self.alternatives()
        if self.at != len(self.body):
            fail(f"pattern {text!r}: cannot read from {self.body[self.at:]!r}")
        if len(self.sets) > POSITIONS_MAX:
            fail(f"pattern {text!r} has {len(self.sets)} positions; the limit is {POSITIONS_MAX}")

    def peek(self):
        return self.body[self.at] if self.at < len(self.body) else ""

    def alternatives(self):
        result = self.sequence()
        while self.peek() == "|":
            self.at += 1
            other = self.sequence()
            result = Automaton(result.nullable or other.nullable, result.first | other.first, result.last | other.last)
        return result

    def sequence(self):
        result = Automaton()
        while self.peek() not in ("", "|", ")"):
            result = self.concatenate(result, self.quantified())
        return result

    def concatenate(self, left, right):
        for position in left.last:
            self.follow[position] |= right.first
        return Automaton(
            left.nullable and right.nullable,
            left.first | (right.first if left.nullable else frozenset()),
            right.last | (left.last if right.nullable else frozenset()),
        )

    def star(self, inner):
        for position in inner.last:
            self.follow[position] |= inner.first
        return Automaton(True, inner.first, inner.last)

    def quantified(self):
        begin = self.at
        result = self.atom()
        end = self.at
        symbol = self.peek()
        if symbol == "*":
            self.at += 1
            return self.star(result)
        if symbol == "+":
            self.at += 1
            return Automaton(result.nullable, *(lambda s: (s.first, s.last))(self.star(result)))
        if symbol == "?":
            self.at += 1
            return Automaton(True, result.first, result.last)
        count = re.match(r"\{(\d+)(?:,(\d+))?\}", self.body[self.at :])
        if not count:
            return result
        low, high = int(count[1]), int(count[2] or count[1])
        after = self.at + count.end()
        for i in range(1, high):
            self.at = begin
            copy = self.atom()
            assert self.at == end
            if i >= low:
                copy = Automaton(True, copy.first, copy.last)
            result = self.concatenate(result, copy)
        self.at = after
        return Automaton(True, result.first, result.last) if low == 0 else result

    def atom(self):
        symbol = self.peek()
        if symbol == "(":
            self.at += 1
            result = self.alternatives()
            if self.peek() != ")":
                fail(f"pattern {self.text!r}: a group does not end")
            self.at += 1
            return result
        if symbol == "[":
            return self.position(self.character_class())
        if symbol == ".":
            self.at += 1
            return self.position(ANY_BUT_LINE_END)
        if symbol == "\\":
            return self.position(self.escape())
        if symbol in "*+?{})]^$":
            fail(f"pattern {self.text!r}: unexpected {symbol!r}")
        self.at += 1
        return self.position(CharacterSet({ord(symbol)}))

    def position(self, characters):
        self.sets.append(characters)
        self.follow.append(set())
        only = frozenset({len(self.sets) - 1})
        return Automaton(False, only, only)

    def escape(self):
        rest = self.body[self.at + 1 :]
        if rest.startswith("d"):
            self.at += 2
            return CharacterSet(range(ord("0"), ord("9") + 1))
        if rest.startswith("x"):
            self.at += 4
            return CharacterSet({int(rest[1:3], 16)})
        if rest.startswith("p"):
            name = re.match(r"p\{(\w+)\}", rest)[1]
            self.at += 1 + len(name) + 3
            if name == "ASCII":
                return CharacterSet(range(128))
            codes = {c for c in range(128) if unicodedata.category(chr(c))[0] == name}
            if name not in "LZN":
                fail(f"pattern {self.text!r}: unknown class {name}")
            self.wide = getattr(self, "wide", set()) | {name}
            return CharacterSet(codes, letters=True, line_ends=name == "Z")
        if rest[:1].isalnum():
            fail(f"pattern {self.text!r}: unknown escape {rest[:1]!r}")
        self.at += 2
        return CharacterSet({ord(rest[0])})

    def character_class(self):
        self.at += 1
        result = CharacterSet()
        if self.peek() == "^":
            fail(f"pattern {self.text!r}: negated classes are not understood")
        self.wide = set()
        while self.peek() != "]":
            low = self.class_member()
            if self.peek() == "-" and self.body[self.at + 1] != "]":
                self.at += 1
                high = self.class_member()
                low = CharacterSet(range(min(low.ascii), max(high.ascii) + 1))
            result.add(low)
        self.at += 1
        if self.wide and self.wide != set("LZN"):
            fail(f"pattern {self.text!r}: \\p{{L}}, \\p{{Z}} and \\p{{N}} are only known together")
        return result

    def class_member(self):
        if self.peek() == "\\":
            return self.escape()
        symbol = self.peek()
        self.at += 1
        return CharacterSet({ord(symbol)})

    def write(self, name, out):
        def mask(positions):
            return f"0x{sum(1 << p for p in positions):x}"

        def where(predicate):
            return mask(p for p, characters in enumerate(self.sets) if predicate(characters))

        out.append(f"constexpr std::uint64_t k{name}Follow[] = {{{', '.join(mask(f) for f in self.follow)}}};")
        high = "kNoCountMax" if self.count_max is UNBOUNDED else self.count_max
        ascii_masks = [where(lambda s, c=c: c in s.ascii) for c in range(128)]
        out.append(
            f"constexpr Pattern k{name} = {{{cpp_string(self.text)}, {str(self.result.nullable).lower()}, "
            f"{self.count_min}, {high},\n    {mask(self.result.first)}, {mask(self.result.last)}, "
            f"{where(lambda s: s.letters)}, {where(lambda s: s.others)}, {where(lambda s: s.line_ends)}, "
            f"k{name}Follow,\n    {{{', '.join(ascii_masks)}}}}};"
        )


def unicode_classes():
    """The ranges outside ASCII of \\p{L}, \\p{Z} and \\p{N} together."""
    ranges = []
    for code in range(128, 0x110000):
        if unicodedata.category(chr(code))[0] in "LZN":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    lines = [
        f"// Unicode {unicodedata.unidata_version}.",
        "#pragma once",
        "",
        "namespace attune {",
        "",
        "struct CharacterRange {",
        "  char32_t first;",
        "  char32_t last;",
        "};",
        "inline constexpr CharacterRange kLetterSeparatorNumberRanges[] = {",
    ]
    lines += [f"    {{0x{first:x}, 0x{last:x}}}," for first, last in ranges]
    return lines + ["};", "", "}  // namespace attune"]


# --- Services -------------------------------------------------------------------------------------------------------


class Member:
    def __init__(self, wire_name, shape):
        self.required = wire_name.endswith("*")
        self.wire_name = wire_name.rstrip("*")
        self.is_json = shape.startswith("json ")
        self.shape = shape[5:] if self.is_json else shape
        self.name = snake_case(self.wire_name)


class Service:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            description = json.load(file)
        self.description = description
        self.namespace = description["namespace"]
        self.scalars, self.lists, self.maps = (description[k] for k in ("scalars", "lists", "maps"))
        self.operations = description["operations"]
        self.structures, self.sensitive = {}, set()
        for name, members in description["structures"].items():
            self.add_structure(name, members)
        self.requests, self.responses = [], []
        for name, operation in self.operations.items():
            self.requests.append(self.add_structure(f"{name}Request", operation["input"]))
            if "output" in operation:
                self.responses.append(self.add_structure(f"{name}Response", operation["output"]))
            for error in operation["errors"]:
                if error not in description["errors"]:
                    fail(f"{path}: {name} names an unknown error {error}")
        self.ordered = self.order()
        self.patterns = {}
        for scalar in self.scalars.values():
            if "pattern" in scalar and scalar["pattern"] not in self.patterns:
                self.patterns[scalar["pattern"]] = f"Pattern{len(self.patterns)}"

    def add_structure(self, name, members):
        if name in self.structures:
            fail(f"{name} is described twice")
        if members.get("!") == "sensitive":
            self.sensitive.add(name)
        self.structures[name] = [Member(k, v) for k, v in members.items() if k != "!"]
        return name

    def order(self):
        """Structures, each after those that it holds."""
        ordered, pending = [], set()

        def visit(shape):
            if shape in self.lists:
                visit(self.lists[shape]["of"])
            elif shape in self.maps:
                visit(self.maps[shape]["value"])
            elif shape in self.structures:
                if shape in ordered:
                    return
                if shape in pending:
                    fail(f"structure {shape} holds itself")
                pending.add(shape)
                for member in self.structures[shape]:
                    visit(member.shape)
                ordered.append(shape)
            elif shape not in self.scalars:
                fail(f"unknown shape {shape}")

        for shape in self.structures:
            visit(shape)
        return ordered

    def cpp_type(self, shape, is_json=False):
        if is_json:
            return "JsonText"
        if shape in self.scalars:
            return SCALAR_TYPES[self.scalars[shape]["type"]]
        if shape in self.lists:
            return f"std::vector<{self.cpp_type(self.lists[shape]['of'])}>"
        if shape in self.maps:
            return f"StringMap<{self.cpp_type(self.maps[shape]['value'])}>"
        return shape

    def rule_type(self, shape):
        if shape in self.scalars:
            kind = self.scalars[shape]["type"]
            return {"string": "StringRule", "boolean": "BooleanRule", "timestamp": "TimestampRule"}.get(kind, "NumberRule")
        if shape in self.lists:
            return f"ListRule<{self.rule_type(self.lists[shape]['of'])}>"
        if shape in self.maps:
            return f"MapRule<{self.rule_type(self.maps[shape]['value'])}>"
        return "StructureRule"

    def rule_name(self, shape):
        return f"k{shape}Rule"

    def rule_fields(self, shape):
        fields = []

        def bounds(description, low, high):
            if "min" in description:
                fields.append(f".{low} = {description['min']}")
            if "max" in description:
                fields.append(f".{high} = {description['max']}")

        if shape in self.scalars:
            scalar = self.scalars[shape]
            if scalar["type"] == "string":
                bounds(scalar, "length_min", "length_max")
                if "pattern" in scalar:
                    fields.append(f".pattern = &k{self.patterns[scalar['pattern']]}")
                if "enum" in scalar:
                    fields.append(f".values = k{shape}Values")
                if scalar.get("sensitive"):
                    fields.append(".sensitive = true")
            else:
                bounds(scalar, "min", "max")
            return fields
        if shape in self.structures:
            return [".sensitive = true"] if shape in self.sensitive else []
        if shape in self.lists:
            description = self.lists[shape]
            fields.append(f".element = {self.rule_name(description['of'])}")
        else:
            description = self.maps[shape]
            fields.append(f".key = {self.rule_name(description['key'])}")
            fields.append(f".value = {self.rule_name(description['value'])}")
        bounds(description, "count_min", "count_max")
        if description.get("sensitive"):
            fields.append(".sensitive = true")
        return fields

    def rules_in_order(self):
        """Every shape that a decoded structure holds, each after those that its rule names."""
        ordered = []

        def visit(shape):
            if shape in ordered:
                return
            if shape in self.lists:
                visit(self.lists[shape]["of"])
            elif shape in self.maps:
                visit(self.maps[shape]["key"])
                visit(self.maps[shape]["value"])
            ordered.append(shape)

        for structure in self.decoded():
            for member in self.structures[structure]:
                visit(member.shape)
        return ordered

    def decoded(self):
        return [s for s in self.ordered if s not in self.responses]

    # -- what is written --

    def header(self):
        out = [
            "#pragma once",
            "",
            "#include <cstdint>",
            "#include <optional>",
            "#include <string>",
            "#include <vector>",
            "",
            '#include "protocol/json_codec.h"',
            '#include "protocol/operation_info.h"',
            "",
            f"namespace attune::{self.namespace} {{",
            "",
        ]
        for structure in self.ordered:
            out.append(f"struct {structure} {{")
            for member in self.structures[structure]:
                cpp = self.cpp_type(member.shape, member.is_json)
                if not member.required:
                    cpp = f"std::optional<{cpp}>"
                out.append(f"  {cpp} {member.name}{{}};")
            if self.structures[structure]:
                out.append("")
            out.append(f"  friend bool operator==(const {structure}&, const {structure}&) = default;")
            out += ["};", ""]
        for structure in self.decoded():
            out.append(f"void DecodeMembers(const JsonObject& object, RequestDecoder& decoder, {structure}* out);")
        for structure in self.ordered:
            out.append(f"void EncodeMembers(const {structure}& value, JsonWriter& json);")
        out += [
            "",
            "/// The service and all its operations.",
            "const ServiceInfo& Service();",
            "",
            f"}}  // namespace attune::{self.namespace}",
        ]
        return out

    def decoder(self):
        out = [f'#include "protocol/generated/{self.namespace}.h"', "", f"namespace attune::{self.namespace} {{", "namespace {", ""]
        for text, name in self.patterns.items():
            PatternCompiler(text).write(name, out)
        rules = self.rules_in_order()
        for shape in rules:
            if shape in self.scalars and "enum" in self.scalars[shape]:
                values = ", ".join(cpp_string(v) for v in self.scalars[shape]["enum"])
                out.append(f"constexpr std::string_view k{shape}Values[] = {{{values}}};")
        for shape in rules:
            out.append(f"constexpr {self.rule_type(shape)} {self.rule_name(shape)} = {{{', '.join(self.rule_fields(shape))}}};")
        out += ["", "}  // namespace", ""]
        for structure in self.decoded():
            members = self.structures[structure]
            names = ("object", "decoder", "out") if members else ("", "", "")
            out.append(
                f"void DecodeMembers(const JsonObject& {names[0]}, RequestDecoder& {names[1]}, {structure}* {names[2]}) {{"
            )
            for member in members:
                presence = "Required" if member.required else "Optional"
                out.append(
                    f"  decoder.{presence}(object, {cpp_string(member.wire_name)}, {self.rule_name(member.shape)}, "
                    f"&out->{member.name});"
                )
            out += ["}", ""]
        return out + [f"}}  // namespace attune::{self.namespace}"]

    def encoder(self):
        out = [f'#include "protocol/generated/{self.namespace}.h"', "", f"namespace attune::{self.namespace} {{", ""]
        for structure in self.ordered:
            members = self.structures[structure]
            names = ("value", "json") if members else ("", "")
            out.append(f"void EncodeMembers(const {structure}& {names[0]}, JsonWriter& {names[1]}) {{")
            for member in members:
                out.append(f"  EncodeMember({cpp_string(member.wire_name)}, value.{member.name}, json);")
            out += ["}", ""]
        out += ["namespace {", ""]
        for name, operation in self.operations.items():
            errors = ", ".join(f"&aws_error::k{error}" for error in operation["errors"])
            out.append(f"constexpr const ErrorKind* k{name}Errors[] = {{{errors}}};")
        out.append("constexpr OperationInfo kOperations[] = {")
        for name, operation in self.operations.items():
            out.append(
                f"    {{{cpp_string(name)}, {cpp_string(operation.get('path', '/'))}, k{name}Errors, "
                f"{str(operation.get('idempotent', False)).lower()}, {str('output' in operation).lower()}}},"
            )
        description = self.description
        protocol = {"awsJson1.1": "kAwsJson11", "restJson1": "kRestJson"}[description["protocol"]]
        out += [
            "};",
            f"constexpr ServiceInfo kService = {{{cpp_string(description['service'])}, "
            f"{cpp_string(description['apiVersion'])}, Protocol::{protocol}, "
            f"{cpp_string(description.get('targetPrefix', ''))}, {cpp_string(description['signingName'])}, kOperations}};",
            "",
            "}  // namespace",
            "",
            "const ServiceInfo& Service() { return kService; }",
            "",
            f"}}  // namespace attune::{self.namespace}",
        ]
        return out

    def files(self):
        return {
            f"{self.namespace}.h": self.header,
            f"{self.namespace}_decode.cc": self.decoder,
            f"{self.namespace}_encode.cc": self.encoder,
        }


def write_if_changed(path, lines):
    """Keeps the time of a file whose text stays the same, so that nothing is compiled again for it."""
    text = "// Written by tools/generate_api.py from api/*.json. Do not edit.\n" + "\n".join(lines) + "\n"
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("descriptions", nargs="+")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--output")
    mode.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    files = {"unicode_classes.h": unicode_classes}
    for path in arguments.descriptions:
        files.update(Service(path).files())
    if arguments.list:
        print(";".join(f"protocol/generated/{name}" for name in files), end="")
        return
    folder = os.path.join(arguments.output, "protocol", "generated")
    os.makedirs(folder, exist_ok=True)
    for name, lines in files.items():
        write_if_changed(os.path.join(folder, name), lines())


if __name__ == "__main__":
    main()
