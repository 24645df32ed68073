// How fast does a CSV file become a segment, beside a bare scan of its bytes, and in how much memory?
//   import_bench DIRECTORY [million rows = 1] [FILE.csv]
// Generates interactions in DIRECTORY unless a file is given, and leaves nothing there.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/clock.h"
#include "data/importer.h"
#include "data/sample_world.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

constexpr char kSchema[] =
    R"({"type":"record","name":"Interactions","namespace":"com.amazonaws.personalize.schema","version":"1.0","fields":[
        {"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"},{"name":"EVENT_TYPE","type":"string"},
        {"name":"TIMESTAMP","type":"long"},{"name":"IMPRESSION","type":"string"}]})";

double Seconds(const Clock& clock) { return static_cast<double>(clock.MonotonicNanoseconds()) * 1e-9; }

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Largest resident memory so far, in MiB.
double PeakMemoryMib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

class FileSource final : public ByteSource {
 public:
  explicit FileSource(std::unique_ptr<SequentialFile> file) : file_(std::move(file)) {}
  Result<std::size_t> Read(std::span<char> buffer) override { return file_->Read(std::as_writable_bytes(buffer)); }

 private:
  const std::unique_ptr<SequentialFile> file_;
};

Status Generate(Env& env, const std::string& path, double rows) {
  constexpr double kPerUser = 50;
  ATTUNE_TRY(const auto world, SampleWorld::Create({.user_count = static_cast<std::uint32_t>(rows * 1.05 / kPerUser),
                                                    .item_count = 50'000,
                                                    .interactions_per_user = kPerUser}));
  ATTUNE_TRY(const auto file, env.Create(path));
  ATTUNE_RETURN_IF_ERROR(world.WriteInteractions(
      [&](std::string_view part) { return file->Append(std::as_bytes(std::span(part.data(), part.size()))); }));
  return file->Close();
}

/// Reads all bytes and counts newlines, a megabyte at a time: what no import can beat on one core.
Result<std::uint64_t> Scan(Env& env, const std::string& path) {
  ATTUNE_TRY(const auto file, env.OpenSequential(path));
  std::vector<char> buffer(std::size_t{1} << 20);
  std::uint64_t newlines = 0;
  for (;;) {
    ATTUNE_TRY(const auto count, file->Read(std::as_writable_bytes(std::span(buffer))));
    if (count == 0) return newlines;
    const char* at = buffer.data();
    const char* const end = at + count;
    while ((at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) != nullptr) {
      ++newlines;
      ++at;
    }
  }
}

Status Run(Env& env, const std::string& directory, double rows, std::string path) {
  const SystemClock clock;
  const bool generated = path.empty();
  if (generated) {
    path = JoinPath(directory, "import_bench.csv");
    ATTUNE_RETURN_IF_ERROR(Generate(env, path, rows));
  }
  ATTUNE_TRY(const auto bytes, env.FileSize(path));
  ATTUNE_TRY(const auto warm, Scan(env, path));
  const double before_scan = Seconds(clock);
  const double cpu_before_scan = CpuSeconds();
  ATTUNE_TRY(const auto newlines, Scan(env, path));
  const double scan_seconds = Seconds(clock) - before_scan;
  const double scan_cpu_seconds = CpuSeconds() - cpu_before_scan;
  fmt::print("file: {:.1f} MB, {} rows\n", static_cast<double>(bytes) * 1e-6, warm - 1);
  fmt::print("bare scan:  {:6.2f} s  {:6.2f} M rows/s  peak {:.0f} MiB  (CPU {:.2f} s)\n", scan_seconds,
             static_cast<double>(newlines) * 1e-6 / scan_seconds, PeakMemoryMib(), scan_cpu_seconds);

  ATTUNE_TRY(const auto schema, Schema::Parse(kSchema));
  ImportRequest request{.type = DatasetType::kInteractions, .schema = &schema, .files = {}, .segment_path = {}};
  request.segment_path = JoinPath(directory, "import_bench.segment");
  const std::string segment_path = request.segment_path;
  ATTUNE_TRY(auto file, env.OpenSequential(path));
  request.files.push_back({.name = path, .source = std::make_unique<FileSource>(std::move(file))});
  const double before_import = Seconds(clock);
  const double cpu_before_import = CpuSeconds();
  ATTUNE_TRY(const auto summary, ImportCsv(env, std::move(request)));
  const double import_seconds = Seconds(clock) - before_import;
  const double cpu_seconds = CpuSeconds() - cpu_before_import;
  const auto row_count = static_cast<double>(summary.row_count);
  fmt::print("import:     {:6.2f} s  {:6.2f} M rows/s  peak {:.0f} MiB  (CPU {:.2f} s: {:.2f} M rows/s of CPU)\n",
             import_seconds, row_count * 1e-6 / import_seconds, PeakMemoryMib(), cpu_seconds,
             row_count * 1e-6 / cpu_seconds);
  fmt::print("one import is {:.1f} scans, by CPU time {:.1f}\n", import_seconds / scan_seconds,
             cpu_seconds / scan_cpu_seconds);

  const double before_open = Seconds(clock);
  ATTUNE_TRY(const auto segment, Segment::Open(env, segment_path));
  fmt::print("open, with every checksum: {:.2f} s\n", Seconds(clock) - before_open);
  if (segment->row_count() != newlines - 1) return Internal("the segment does not hold the file's rows");
  ATTUNE_RETURN_IF_ERROR(env.RemoveFile(segment_path));
  return generated ? env.RemoveFile(path) : Status();
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print("usage: import_bench DIRECTORY [million rows = 1] [FILE.csv]\n");
    return 2;
  }
  attune::PosixEnv env;
  const double rows = (argc > 2 ? std::atof(argv[2]) : 1) * 1e6;
  const attune::Status status = attune::Run(env, argv[1], rows, argc > 3 ? argv[3] : "");
  if (!status.ok()) fmt::print("{}\n", status.ToString());
  return status.ok() ? 0 : 1;
}
