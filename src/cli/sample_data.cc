#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "base/hash.h"
#include "cli/option_table.h"
#include "cli/system_sources.h"
#include "cli/verbs.h"
#include "data/sample_world.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

/// Writes what `write` gives into a new file of the folder.
Status WriteTable(Env& env, const std::string& path, const std::function<Status(const SampleWorld::Sink&)>& write) {
  ATTUNE_TRY(const auto file, env.Create(path));
  ATTUNE_RETURN_IF_ERROR(write([&](std::string_view text) { return file->Append(AsBytes(text)); }));
  return file->Close();
}

Status WriteWorld(Env& env, const SampleWorldOptions& options, const std::string& folder, bool with_truth) {
  ATTUNE_TRY(const auto world, SampleWorld::Create(options));
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(folder));
  ATTUNE_RETURN_IF_ERROR(WriteTable(env, JoinPath(folder, "interactions.csv"),
                                    [&](const auto& sink) { return world.WriteInteractions(sink); }));
  ATTUNE_RETURN_IF_ERROR(
      WriteTable(env, JoinPath(folder, "items.csv"), [&](const auto& sink) { return world.WriteItems(sink); }));
  if (!with_truth) return {};
  return WriteTable(env, JoinPath(folder, "truth.csv"),
                    [&](const auto& sink) { return world.WriteTruth(sink, options.item_count); });
}

OptionTable SampleDataOptions(SampleWorldOptions* options, std::string* folder, bool* with_truth) {
  OptionTable table(
      "attune sample-data --out DIR [OPTION...]",
      "Writes interactions.csv and items.csv of a generated world: users with tastes that drift, items with "
      "genres and a skewed popularity, and what was shown with each click. The same options give the same "
      "files.");
  table.AddText("out", "DIR", "the folder to write into; made if missing", folder);
  table.AddNumber("seed", "N", 0, UINT64_MAX, "another number, another world", &options->seed);
  table.AddNumber("users", "N", 1, SampleWorld::kUsersMax, "how many users", &options->user_count);
  table.AddNumber("items", "N", SampleWorld::kItemsMin, SampleWorld::kItemsMax, "how many items", &options->item_count);
  table.AddNumber("interactions-per-user", "N", 1, 100'000, "on average", &options->interactions_per_user);
  table.AddNumber("days", "N", 1, 10'000, "over how long", &options->days);
  table.AddNumber("impression-size", "N", 1, SampleWorld::kImpressionSizeMax, "items shown with each click",
                  &options->impression_size);
  table.AddSwitch("truth", "also write truth.csv: each item's true chance to be each user's next click", with_truth);
  return table;
}

}  // namespace

int SampleData(std::span<const std::string> arguments) {
  PosixEnv env;
  SampleWorldOptions options;
  std::string folder;
  bool with_truth = false;
  OptionTable table = SampleDataOptions(&options, &folder, &with_truth);
  const auto outcome = table.Parse(arguments, SystemSources(env));
  if (!outcome.ok() || (*outcome == OptionTable::Outcome::kRun && folder.empty())) {
    fmt::print(stderr, "attune sample-data: {}\n",
               outcome.ok() ? "--out is missing: it names the folder to write into" : outcome.status().message());
    return 2;
  }
  if (*outcome == OptionTable::Outcome::kHelp) {
    std::fputs(table.Help().c_str(), stdout);
    return 0;
  }
  if (const Status written = WriteWorld(env, options, folder, with_truth); !written.ok()) {
    fmt::print(stderr, "attune sample-data: {}\n", written.message());
    return 1;
  }
  fmt::print("{0}/interactions.csv{1} {0}/items.csv{2} are written\n", folder, with_truth ? "," : " and",
             with_truth ? fmt::format(" and {}/truth.csv", folder) : "");
  return 0;
}

}  // namespace attune
