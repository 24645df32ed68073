#include <fmt/format.h>

#include <cstdio>
#include <thread>

#include "cli/machine_memory.h"
#include "cli/option_table.h"
#include "cli/progress_bar.h"
#include "cli/system_sources.h"
#include "cli/verbs.h"
#include "data/csv_tables.h"
#include "storage/posix_env.h"
#include "train/train_solution.h"

namespace attune {
namespace {

constexpr std::uint64_t kThreadsMax = 1024;

struct TrainOptions {
  CsvTables tables;
  std::string out;
  TrainParameters parameters;
  std::uint64_t threads = std::max(1u, std::thread::hardware_concurrency());
  std::uint64_t memory_bytes_max = MachineMemoryBytes() / 10 * 9;
};

OptionTable TrainOptionTable(TrainOptions* options) {
  OptionTable table("attune train --interactions FILE --out DIR [OPTION...]",
                    "Trains a model on CSV files as Amazon Personalize imports them, plain or gzipped, for\n"
                    "attune recommend. What a server trains is the same.");
  table.AddText("interactions", "FILE", "USER_ID, ITEM_ID, TIMESTAMP; EVENT_TYPE, EVENT_VALUE, IMPRESSION and more.",
                &options->tables.interactions);
  table.AddText("items", "FILE", "ITEM_ID and what is known of each item.", &options->tables.items);
  table.AddText("users", "FILE", "USER_ID and what is known of each user.", &options->tables.users);
  table.AddText("out", "DIR", "Where to write the model; must not exist.", &options->out);
  table.AddNumber("seed", "N", 0, UINT64_MAX, "The same data and seed give the same model.", &options->parameters.seed);
  table.AddNumber("threads", "N", 1, kThreadsMax, "Threads that compute.", &options->threads);
  table.AddNumber("memory-bytes-max", "BYTES", 0, UINT64_MAX,
                  "A training that needs more is refused before it begins; 0 for no limit.",
                  &options->memory_bytes_max);
  return table;
}

Status CheckOptions(const TrainOptions& options) {
  if (options.tables.interactions.empty()) {
    return InvalidArgument("--interactions is missing: it names the CSV file to train on");
  }
  if (options.out.empty()) return InvalidArgument("--out is missing: it names the folder to write the model into");
  return {};
}

Status TrainAndReport(PosixEnv& env, const TrainOptions& options) {
  if (env.Exists(options.out)) return AlreadyExists(fmt::format("{} exists already; name a new folder", options.out));
  const std::string temporary = options.out + ".import";
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(temporary));
  const auto data = ReadCsvTables(env, options.tables, temporary);
  ATTUNE_RETURN_IF_ERROR(env.RemoveTree(temporary));
  if (!data.ok()) return data.status();
  const SystemClock clock;
  ThreadPool pool(options.threads - 1, 4096);
  const std::atomic<bool> cancelled{false};
  Result<TrainReport> report = Cancelled("not begun");
  {
    ProgressBar bar("training");
    TrainContext context{
        .env = env,
        .clock = clock,
        .pool = pool,
        .cancelled = cancelled,
        .on_progress = [&](const TrainProgress& progress) { bar.Show(progress.fraction, progress.step); },
        .memory_bytes_max = options.memory_bytes_max};
    report = TrainFull(*data, options.parameters, context, options.out);
  }
  if (!report.ok()) return report.status();
  fmt::print("{} interactions of {} users with {} items: trained in {:.1f} s, in {}\n", data->interactions.size(),
             data->users.size(), data->items.size(), report->seconds, options.out);
  for (const auto& [name, value] : report->metrics) fmt::print("  {:<48} {:.4f}\n", name, value);
  return {};
}

}  // namespace

int Train(std::span<const std::string> arguments) {
  PosixEnv env;
  TrainOptions options;
  OptionTable table = TrainOptionTable(&options);
  const auto outcome = table.Parse(arguments, SystemSources(env));
  if (outcome.ok() && *outcome == OptionTable::Outcome::kHelp) {
    std::fputs(table.Help().c_str(), stdout);
    return 0;
  }
  const Status checked = outcome.ok() ? CheckOptions(options) : outcome.status();
  const Status status = checked.ok() ? TrainAndReport(env, options) : checked;
  if (!status.ok()) fmt::print(stderr, "attune train: {}\n", status.message());
  return status.ok() ? 0 : checked.ok() ? 1 : 2;
}

}  // namespace attune
