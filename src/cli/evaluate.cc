#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/json.h"
#include "cli/option_table.h"
#include "cli/progress_bar.h"
#include "cli/system_sources.h"
#include "cli/verbs.h"
#include "data/csv_tables.h"
#include "services/personalize/recipe_catalogue.h"
#include "storage/posix_env.h"
#include "train/leave_one_out.h"
#include "train/train_parameters.h"
#include "train/train_solution.h"

namespace attune {
namespace {

constexpr std::uint64_t kSeedsMax = 1000;
constexpr std::uint64_t kThreadsMax = 1024;

struct EvaluateOptions {
  CsvTables tables;
  std::string recipe = "aws-user-personalization";
  std::string protocol = "leave-one-out";
  bool members = false;
  bool json = false;
  std::uint64_t seeds = 1;
  std::uint64_t threads = std::max(1u, std::thread::hardware_concurrency());
};

OptionTable EvaluateOptionTable(EvaluateOptions* options) {
  OptionTable table("attune evaluate --interactions FILE [OPTION...]",
                    "Trains on a part of the data and measures the recommendations on the rest. Files are CSV as\n"
                    "Amazon Personalize imports them, plain or gzipped.");
  table.AddText("interactions", "FILE", "USER_ID, ITEM_ID, TIMESTAMP; EVENT_TYPE, EVENT_VALUE, IMPRESSION and more.",
                &options->tables.interactions);
  table.AddText("items", "FILE", "ITEM_ID and what is known of each item.", &options->tables.items);
  table.AddText("users", "FILE", "USER_ID and what is known of each user.", &options->tables.users);
  table.AddText("recipe", "NAME", "What to train.", &options->recipe);
  table.AddText("protocol", "NAME",
                "leave-one-out: each user's last event is to be found among all items, the one before it chooses "
                "weights. service: nine tenths of the users train, as GetSolutionMetrics measures.",
                &options->protocol);
  table.AddSwitch("members", "Print each member of the blend too.", &options->members);
  table.AddNumber("seeds", "N", 1, kSeedsMax, "Train with the seeds 1 to N; figures are means.", &options->seeds);
  table.AddNumber("threads", "N", 1, kThreadsMax, "Threads that compute.", &options->threads);
  table.AddSwitch("json", "Print one JSON object instead of tables.", &options->json);
  return table;
}

/// A folder that goes away with what is in it.
class TemporaryFolder {
 public:
  static Result<std::unique_ptr<TemporaryFolder>> Make() {
    std::error_code missing;
    const std::filesystem::path scratch = std::filesystem::temp_directory_path(missing);
    if (missing) return IoError("TMPDIR names no folder to keep the trained model in while it is measured");
    std::string path = (scratch / "attune-evaluate-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) return IoError(fmt::format("cannot make a folder like {}", path));
    return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(std::move(path)));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

/// Means over seeds of one ranking.
struct Row {
  std::map<std::string, double> figures;
  std::map<std::string, std::pair<double, double>> intervals;

  void Add(const RankingQuality& quality, double share) {
    for (const auto& [name, value] : quality.figures) figures[name] += value * share;
    for (const auto& [name, interval] : quality.intervals) {
      intervals[name].first += interval.low * share;
      intervals[name].second += interval.high * share;
    }
  }
};

struct Evaluation {
  Row blend;
  std::map<std::string, Row> members;
  std::map<std::string, std::pair<double, double>> blend_minus_member;
  std::vector<double> ndcg_by_seed;
  double fit_seconds = 0;
  double train_tokens_per_second = 0;
  std::size_t test_count = 0;
};

std::uint64_t PeakMemoryBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

double Seconds(const Clock& clock) { return static_cast<double>(clock.MonotonicNanoseconds()) * 1e-9; }

void AddSeed(const LeaveOneOutReport& report, double read_seconds, double share, Evaluation* evaluation) {
  evaluation->blend.Add(report.blend, share);
  evaluation->ndcg_by_seed.push_back(report.blend.figures.at("ndcg_at_10"));
  for (const auto& [name, quality] : report.members) evaluation->members[name].Add(quality, share);
  for (const auto& [name, difference] : report.blend_minus_member) {
    evaluation->blend_minus_member[name].first += difference.low * share;
    evaluation->blend_minus_member[name].second += difference.high * share;
  }
  evaluation->fit_seconds += (read_seconds + report.fit_seconds) * share;
  evaluation->test_count = report.test_count;
  evaluation->train_tokens_per_second += report.train_tokens_per_second * share;
}

Result<Evaluation> Evaluate(const EvaluateOptions& options) {
  PosixEnv env;
  const SystemClock clock;
  ATTUNE_TRY(const auto folder, TemporaryFolder::Make());
  ThreadPool pool(options.threads - 1, 4096);
  const std::atomic<bool> cancelled{false};
  const bool is_service = options.protocol == "service";
  Evaluation evaluation;
  const double share = 1 / static_cast<double>(options.seeds);
  const double before_read = Seconds(clock);
  ATTUNE_TRY(const auto data, ReadCsvTables(env, options.tables, folder->path()));
  const double read_seconds = Seconds(clock) - before_read;
  for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) {
    const std::string artifact = JoinPath(folder->path(), fmt::format("artifact-{}", seed));
    const TrainParameters parameters{.recipe = options.recipe, .seed = seed};
    ProgressBar bar(fmt::format("seed {} of {}", seed, options.seeds));
    if (is_service) {
      TrainContext context{
          .env = env,
          .clock = clock,
          .pool = pool,
          .cancelled = cancelled,
          .on_progress = [&](const TrainProgress& progress) { bar.Show(progress.fraction, progress.step); }};
      ATTUNE_TRY(const auto report, TrainFull(data, parameters, context, artifact));
      evaluation.blend.Add({.figures = report.metrics, .intervals = {}, .ndcg_at_10 = {}}, share);
      evaluation.fit_seconds += (read_seconds + report.seconds) * share;
      continue;
    }
    const FitContext context{.workers = Workers(pool, cancelled),
                             .on_step = [&](std::string_view step) { bar.Step(step); }};
    ATTUNE_TRY(const FitOptions fit_options, FitOptionsOf(parameters));
    ATTUNE_TRY(const auto report, EvaluateLeaveOneOut(data, fit_options, context, env, clock, artifact));
    AddSeed(report, read_seconds, share, &evaluation);
  }
  return evaluation;
}

void WriteRow(JsonWriter& json, const Row& row) {
  for (const auto& [name, value] : row.figures) {
    json.Key(name);
    json.Double(value);
  }
  for (const auto& [name, interval] : row.intervals) {
    json.Key(name + "_interval");
    json.BeginArray();
    json.Double(interval.first);
    json.Double(interval.second);
    json.EndArray();
  }
}

std::string ToJson(const Evaluation& evaluation, const EvaluateOptions& options) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  json.Key("blend");
  json.BeginObject();
  WriteRow(json, evaluation.blend);
  json.EndObject();
  json.Key("members");
  json.BeginObject();
  for (const auto& [name, row] : evaluation.members) {
    json.Key(name);
    json.BeginObject();
    WriteRow(json, row);
    json.EndObject();
  }
  json.EndObject();
  json.Key("fit_seconds");
  json.Double(evaluation.fit_seconds);
  json.Key("train_tokens_per_second");
  json.Double(evaluation.train_tokens_per_second);
  json.Key("peak_memory_bytes");
  json.Int(static_cast<std::int64_t>(PeakMemoryBytes()));
  json.Key("test_count");
  json.Int(static_cast<std::int64_t>(evaluation.test_count));
  json.Key("seeds");
  json.BeginArray();
  for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) json.Int(static_cast<std::int64_t>(seed));
  json.EndArray();
  json.Key("ndcg_at_10_by_seed");
  json.BeginArray();
  for (const double value : evaluation.ndcg_by_seed) json.Double(value);
  json.EndArray();
  json.EndObject();
  return text;
}

void PrintRanking(const std::string& name, const Row& row) {
  const auto figure = [&](const char* key) { return row.figures.at(key); };
  const auto& interval = row.intervals.at("ndcg_at_10");
  fmt::print("{:<22} {:.4f} [{:.4f}, {:.4f}]  {:.4f}  {:.4f}  {:.4f}  {:.4f}  {:.3f}  {:.3f}\n", name,
             figure("ndcg_at_10"), interval.first, interval.second, figure("hr_at_10"), figure("mrr_at_10"),
             figure("precision_at_10"), figure("ndcg_at_25"), figure("coverage"), figure("tail_share"));
}

void Print(const Evaluation& evaluation, const EvaluateOptions& options) {
  if (options.protocol == "service") {
    for (const auto& [name, value] : evaluation.blend.figures) fmt::print("{:<48} {:.4f}\n", name, value);
  } else {
    fmt::print("{:<22} NDCG@10 [95 % interval]   HR@10   MRR@10  P@10    NDCG@25 cover  tail\n", "");
    PrintRanking("blend", evaluation.blend);
    if (options.members) {
      for (const auto& [name, row] : evaluation.members) PrintRanking(name, row);
      fmt::print("\nNDCG@10 of the blend minus that of\n");
      for (const auto& [name, interval] : evaluation.blend_minus_member) {
        fmt::print("{:<22} [{:+.4f}, {:+.4f}]\n", name, interval.first, interval.second);
      }
    }
    fmt::print("\n{} tests, every item of the catalogue ranked but those of the user's history\n",
               evaluation.test_count);
  }
  fmt::print("fitted in {:.1f} s, {} seed{}; {:.0f} training tokens a second; peak memory {:.0f} MiB\n",
             evaluation.fit_seconds, options.seeds, options.seeds == 1 ? "" : "s", evaluation.train_tokens_per_second,
             static_cast<double>(PeakMemoryBytes()) / (1 << 20));
}

Status CheckOptions(const EvaluateOptions& options) {
  if (options.tables.interactions.empty()) {
    return InvalidArgument("--interactions is missing: it names the CSV file to train on and to test with");
  }
  if (options.protocol != "leave-one-out" && options.protocol != "service") {
    return InvalidArgument(fmt::format("--protocol: '{}' is neither leave-one-out nor service", options.protocol));
  }
  const RecipeEntry* recipe = FindRecipe("arn:aws:personalize:::recipe/" + options.recipe);
  if (recipe != nullptr && recipe->trainable) return {};
  return InvalidArgument(
      fmt::format("--recipe: '{}' is no recipe that can be trained, such as aws-user-personalization", options.recipe));
}

}  // namespace

int Evaluate(std::span<const std::string> arguments) {
  PosixEnv env;
  EvaluateOptions options;
  OptionTable table = EvaluateOptionTable(&options);
  const auto outcome = table.Parse(arguments, SystemSources(env));
  if (outcome.ok() && *outcome == OptionTable::Outcome::kHelp) {
    std::fputs(table.Help().c_str(), stdout);
    return 0;
  }
  const Status checked = outcome.ok() ? CheckOptions(options) : outcome.status();
  if (!checked.ok()) {
    fmt::print(stderr, "attune evaluate: {}\n", checked.message());
    return 2;
  }
  const auto evaluation = Evaluate(options);
  if (!evaluation.ok()) {
    fmt::print(stderr, "attune evaluate: {}\n", evaluation.status().message());
    return 1;
  }
  if (options.json) {
    fmt::print("{}\n", ToJson(*evaluation, options));
  } else {
    Print(*evaluation, options);
  }
  return 0;
}

}  // namespace attune
