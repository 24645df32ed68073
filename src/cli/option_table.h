#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

/// Where a program finds the values of options that are not on its command line. Thread-safe.
struct OptionSources {
  /// The value of an environment variable, if it is set.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  /// The text of a file.
  std::function<Result<std::string>(const std::string& path)> read_file;
};

/// The options of one verb: the same table parses them and prints the help. An option `--data-dir` is also
/// ATTUNE_DATA_DIR in the environment and `data-dir = VALUE` in the file that `--config` names. The flag wins over the
/// environment, that over the file, that over the default. One thread at a time.
class OptionTable {
 public:
  /// `usage` is the first line of the help, `summary` the lines below it.
  OptionTable(std::string usage, std::string summary) : usage_(std::move(usage)), summary_(std::move(summary)) {}

  using Set = std::function<Status(std::string_view value)>;

  /// A heading in the help.
  void Section(std::string heading);
  /// `set` is called once, with the value that won; not for `default_text`, which is what the target holds already.
  void Add(std::string name, std::string value_name, std::string default_text, std::string help, Set set);
  /// Without value on the command line; elsewhere true or false.
  void AddSwitch(std::string name, std::string help, bool* target);
  void AddText(std::string name, std::string value_name, std::string help, std::string* target);
  /// A whole number between the bounds.
  template <class Number>
  void AddNumber(std::string name, std::string value_name, std::uint64_t min, std::uint64_t max, std::string help,
                 Number* target) {
    Add(std::move(name), std::move(value_name), std::to_string(*target), std::move(help),
        [=](std::string_view value) -> Status {
          ATTUNE_TRY(const std::uint64_t number, ParseNumber(value, min, max));
          *target = static_cast<Number>(number);
          return {};
        });
  }
  /// Milliseconds, 0 not allowed.
  template <class Duration>
  void AddMilliseconds(std::string name, std::string help, Duration* target) {
    Add(std::move(name), "MS", std::to_string(target->count()), std::move(help), [=](std::string_view value) -> Status {
      ATTUNE_TRY(const std::uint64_t number, ParseNumber(value, 1, kMillisecondsMax));
      *target = Duration(static_cast<std::int64_t>(number));
      return {};
    });
  }

  /// The one argument that is no option, wherever it stands; `target` keeps what it holds where there is none.
  void AddOperand(std::string name, std::string* target);

  enum class Outcome { kRun, kHelp };
  /// InvalidArgument for an unknown option (with the nearest known one), a missing or unfit value, an argument that is
  /// no option, or a file that cannot be read; the message says where the value stood.
  Result<Outcome> Parse(std::span<const std::string> arguments, const OptionSources& sources);

  std::string Help() const;

  static Result<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t min, std::uint64_t max);
  static constexpr std::uint64_t kMillisecondsMax = 86'400'000;

 private:
  struct Option {
    std::string name;
    std::string value_name;  // Empty: a switch.
    std::string default_text;
    std::string help;
    Set set;
    std::optional<std::string> value;  // The one that wins so far,
    std::string source;                // and where it stood.
  };
  struct Heading {
    std::size_t before_option;
    std::string text;
  };

  Option* Find(std::string_view name);
  Status Unknown(std::string_view what, std::string_view name) const;
  Status ReadArguments(std::span<const std::string> arguments, Outcome* outcome);
  void ReadEnvironment(const OptionSources& sources);
  Status ReadConfig(const OptionSources& sources);
  Status ReadConfigLine(std::string_view line, const std::string& place);

  const std::string usage_;
  const std::string summary_;
  std::vector<Option> options_;
  std::vector<Heading> headings_;
  std::string config_path_;
  std::string operand_name_;  // Empty: there is none.
  std::string* operand_ = nullptr;
  bool operand_is_set_ = false;
};

/// "--data-dri" is one exchange of neighbours away from "--data-dir": the least number of insertions, deletions,
/// replacements and exchanges of neighbours.
std::size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace attune
