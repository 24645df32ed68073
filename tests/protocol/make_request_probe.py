"""Writes a program that reads lines "Operation<TAB>body" and answers each with the request written again, or its error.

    make_request_probe.py OUTPUT api/personalize.json ...
"""
import json
import pathlib
import sys

PROGRAM = """\
#include <iostream>
#include <map>
#include <string>

{includes}

namespace {{

template <class Request>
std::string Answer(std::string_view body) {{
  Request request;
  const auto error = attune::DecodeRequest(body, &request);
  if (!error) return attune::ToJson(request);
  std::string text;
  attune::JsonWriter json(&text);
  json.BeginObject();
  json.Key("code");
  json.String(error->code());
  json.Key("message");
  json.String(error->message);
  json.EndObject();
  return text;
}}

}}  // namespace

int main() {{
  const std::map<std::string, std::string (*)(std::string_view)> operations = {{
{rows}
  }};
  for (std::string line; std::getline(std::cin, line);) {{
    const std::size_t tab = line.find('\\t');
    std::cout << operations.at(line.substr(0, tab))(std::string_view(line).substr(tab + 1)) << "\\n";
  }}
}}
"""


def main():
    output, *paths = sys.argv[1:]
    includes, rows = [], []
    for path in paths:
        description = json.loads(pathlib.Path(path).read_text())
        namespace = description["namespace"]
        includes.append(f'#include "protocol/generated/{namespace}.h"')
        rows += [f'      {{"{name}", Answer<attune::{namespace}::{name}Request>}},' for name in description["operations"]]
    pathlib.Path(output).write_text(PROGRAM.format(includes="\n".join(sorted(includes)), rows="\n".join(rows)))


main()
