#include "cli/option_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace attune {
namespace {

std::string EnvironmentName(std::string_view option) {
  std::string name = "ATTUNE_";
  for (const char c : option) name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t start = text.find_first_not_of(kBlank);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlank) - start + 1);
}

/// The words of `text` in lines of at most `width`, each after `indent` blanks but the first.
std::string Wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > 0 && column + 1 + end > width) {
      out += "\n" + std::string(indent, ' ');
      column = 0;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

Result<std::uint64_t> OptionTable::ParseNumber(std::string_view text, std::uint64_t min, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < min || number > max) {
    return InvalidArgument(fmt::format("'{}' is not a whole number from {} to {}", text, min, max));
  }
  return number;
}

void OptionTable::Section(std::string heading) { headings_.push_back({options_.size(), std::move(heading)}); }

void OptionTable::Add(std::string name, std::string value_name, std::string default_text, std::string help, Set set) {
  ATTUNE_CHECK(Find(name) == nullptr && name != "config" && name != "help");
  options_.push_back({std::move(name),
                      std::move(value_name),
                      std::move(default_text),
                      std::move(help),
                      std::move(set),
                      std::nullopt,
                      {}});
}

void OptionTable::AddSwitch(std::string name, std::string help, bool* target) {
  Add(std::move(name), "", *target ? "true" : "false", std::move(help), [target](std::string_view value) -> Status {
    if (value != "true" && value != "false") {
      return InvalidArgument(fmt::format("'{}' is neither true nor false", value));
    }
    *target = value == "true";
    return {};
  });
}

void OptionTable::AddText(std::string name, std::string value_name, std::string help, std::string* target) {
  Add(std::move(name), std::move(value_name), *target, std::move(help), [target](std::string_view value) {
    *target = value;
    return Status();
  });
}

OptionTable::Option* OptionTable::Find(std::string_view name) {
  const auto found = std::ranges::find(options_, name, &Option::name);
  return found == options_.end() ? nullptr : &*found;
}

Status OptionTable::Unknown(std::string_view what, std::string_view name) const {
  std::string message = fmt::format("{} is not an option", what);
  const Option* nearest = nullptr;
  std::size_t distance = 0;
  for (const Option& option : options_) {
    const std::size_t here = option.name.starts_with(name) && name.size() > 2 ? 0 : EditDistance(option.name, name);
    if (nearest == nullptr || here < distance) {
      nearest = &option;
      distance = here;
    }
  }
  if (nearest != nullptr && distance <= 1 + name.size() / 4) {
    message += fmt::format("; did you mean --{}?", nearest->name);
  } else {
    message += "; --help lists them";
  }
  return InvalidArgument(message);
}

Result<OptionTable::Outcome> OptionTable::Parse(std::span<const std::string> arguments, const OptionSources& sources) {
  Outcome outcome = Outcome::kRun;
  ATTUNE_RETURN_IF_ERROR(ReadArguments(arguments, &outcome));
  if (outcome == Outcome::kHelp) return outcome;
  ReadEnvironment(sources);
  ATTUNE_RETURN_IF_ERROR(ReadConfig(sources));
  for (const Option& option : options_) {
    if (!option.value) continue;
    if (const Status status = option.set(*option.value); !status.ok()) {
      return Status(status.code(), fmt::format("{}: {}", option.source, status.message()));
    }
  }
  return outcome;
}

Status OptionTable::ReadArguments(std::span<const std::string> arguments, Outcome* outcome) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      *outcome = Outcome::kHelp;
      return {};
    }
    if (!argument.starts_with("--") && operand_ != nullptr) {
      if (operand_is_set_) return InvalidArgument(fmt::format("'{}' is a second {}", argument, operand_name_));
      *operand_ = argument;
      operand_is_set_ = true;
      continue;
    }
    if (!argument.starts_with("--")) {
      return InvalidArgument(fmt::format("'{}' is not an option; options begin with --", argument));
    }
    const std::size_t equals = argument.find('=');
    const std::string_view flag = argument.substr(0, equals);
    const std::string_view name = flag.substr(2);
    Option* option = name == "config" ? nullptr : Find(name);
    if (option == nullptr && name != "config") return Unknown(flag, name);

    const bool is_switch = option != nullptr && option->value_name.empty();
    std::string value = is_switch ? "true" : "";
    if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (!is_switch) {
      if (++i == arguments.size()) return InvalidArgument(fmt::format("{} needs a value after it", flag));
      value = arguments[i];
    }
    if (option == nullptr) {
      config_path_ = value;
    } else {
      option->value = std::move(value);
      option->source = flag;
    }
  }
  return {};
}

void OptionTable::ReadEnvironment(const OptionSources& sources) {
  for (Option& option : options_) {
    const std::string name = EnvironmentName(option.name);
    if (option.value) continue;
    option.value = sources.environment(name);
    option.source = name;
  }
  if (config_path_.empty()) config_path_ = sources.environment("ATTUNE_CONFIG").value_or("");
}

Status OptionTable::ReadConfig(const OptionSources& sources) {
  if (config_path_.empty()) return {};
  const auto text = sources.read_file(config_path_);
  if (!text.ok()) {
    return InvalidArgument(fmt::format("the configuration cannot be read: {}", text.status().message()));
  }
  std::string_view rest = *text;
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = Trimmed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    ATTUNE_RETURN_IF_ERROR(ReadConfigLine(line, fmt::format("{} line {}", config_path_, number)));
  }
  return {};
}

Status OptionTable::ReadConfigLine(std::string_view line, const std::string& place) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return InvalidArgument(place + " is not 'name = value'");
  const std::string_view name = Trimmed(line.substr(0, equals));
  Option* option = Find(name);
  if (option == nullptr) return Unknown(fmt::format("{}: '{}'", place, name), name);
  if (option->value) {
    if (option->source.starts_with(config_path_ + " line ")) {
      return InvalidArgument(fmt::format("{}: '{}' stands there already, in {}", place, name, option->source));
    }
    return {};
  }
  option->value = Trimmed(line.substr(equals + 1));
  option->source = fmt::format("{}: {}", place, name);
  return {};
}

void OptionTable::AddOperand(std::string name, std::string* target) {
  operand_name_ = std::move(name);
  operand_ = target;
}

std::string OptionTable::Help() const {
  constexpr std::size_t kIndent = 6;
  constexpr std::size_t kWidth = 90;
  std::string out = fmt::format("usage: {}\n\n{}\n", usage_, summary_);
  const auto entry = [&](const std::string& name, const std::string& value_name, const std::string& text) {
    out += fmt::format("  --{}{}{}\n{}{}\n", name, value_name.empty() ? "" : " ", value_name, std::string(kIndent, ' '),
                       Wrapped(text, kIndent, kWidth));
  };
  auto heading = headings_.begin();
  for (std::size_t i = 0; i < options_.size(); ++i) {
    for (; heading != headings_.end() && heading->before_option == i; ++heading) out += "\n" + heading->text + "\n";
    const Option& option = options_[i];
    entry(option.name, option.value_name,
          option.default_text.empty() ? option.help : fmt::format("{} [{}]", option.help, option.default_text));
  }
  out += "\nMore\n";
  entry("config", "FILE", "Lines of 'name = value', names as above without --; # begins a comment.");
  entry("help", "", "This text.");
  out +=
      "\nEach option can also be set in the environment: --data-dir is ATTUNE_DATA_DIR. A flag wins over\n"
      "the environment, that over the file, that over the default in brackets.\n";
  return out;
}

}  // namespace attune
