// How many durable appends a second does the event log take, and how fast do objects go in and out, beside what the
// disk gives to a bare program? README.md has the command and the figures.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <functional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "storage/directory_object_store.h"
#include "storage/event_log.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

constexpr std::size_t kPayloadBytes = 200;
constexpr std::uint64_t kReserveBytes = std::uint64_t{64} << 20;

/// What one thread does again and again, until it is told to stop.
using Step = std::function<Status()>;

struct Figures {
  double per_second = 0;
  std::int64_t p50_us = 0;
  std::int64_t p99_us = 0;
  std::int64_t max_us = 0;
  std::uint64_t count = 0;
};

/// Runs `make_step(thread)` of each thread for so long. Aborts when a step fails.
Figures Measure(const Clock& clock, int thread_count, std::int64_t milliseconds,
                const std::function<Step(int)>& make_step) {
  std::vector<std::vector<std::int64_t>> durations(static_cast<std::size_t>(thread_count));
  const std::int64_t begin = clock.MonotonicNanoseconds();
  const std::int64_t end = begin + milliseconds * 1'000'000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < thread_count; ++thread) {
    threads.emplace_back([&, thread] {
      const Step step = make_step(thread);
      std::int64_t now = clock.MonotonicNanoseconds();
      while (now < end) {
        ATTUNE_CHECK(step().ok());
        const std::int64_t after = clock.MonotonicNanoseconds();
        durations[static_cast<std::size_t>(thread)].push_back(after - now);
        now = after;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = static_cast<double>(clock.MonotonicNanoseconds() - begin) / 1e9;

  std::vector<std::int64_t> all;
  for (const auto& of_thread : durations) all.insert(all.end(), of_thread.begin(), of_thread.end());
  std::sort(all.begin(), all.end());
  return {.per_second = static_cast<double>(all.size()) / seconds,
          .p50_us = all[all.size() / 2] / 1000,
          .p99_us = all[all.size() * 99 / 100] / 1000,
          .max_us = all.back() / 1000,
          .count = all.size()};
}

void Print(std::string_view what, int threads, const Figures& figures) {
  fmt::print("{:<34} {:>3} threads {:>9.0f}/s   p50 {:>6} us  p99 {:>6} us  max {:>7} us\n", what, threads,
             figures.per_second, figures.p50_us, figures.p99_us, figures.max_us);
  std::fflush(stdout);
}

void PrintBytes(std::string_view what, int threads, std::size_t bytes, const Figures& figures) {
  fmt::print("{:<34} {:>3} threads {:>9.0f} MB/s p50 {:>6} us  p99 {:>6} us  max {:>7} us\n", what, threads,
             figures.per_second * static_cast<double>(bytes) / 1e6, figures.p50_us, figures.p99_us, figures.max_us);
  std::fflush(stdout);
}

/// Appends the payload to an own, preallocated file and syncs it: what the disk gives to one thread.
Step RawAppend(Env& env, const std::string& path) {
  auto created = env.Create(path);
  ATTUNE_CHECK(created.ok());
  std::shared_ptr<WritableFile> file = *std::move(created);
  ATTUNE_CHECK(file->Reserve(0, kReserveBytes).ok());
  return [file, payload = std::string(kPayloadBytes, 'x')]() -> Status {
    ATTUNE_RETURN_IF_ERROR(file->Append(AsBytes(payload)));
    return file->Sync();
  };
}

void MeasureAppends(Env& env, const Clock& clock, EventLog& log, const std::string& folder, std::int64_t ms) {
  for (const int threads : {1, 16, 64}) {
    Print("write + fdatasync, a file a thread", threads, Measure(clock, threads, ms, [&](int thread) {
            return RawAppend(env, fmt::format("{}/raw{}", folder, thread));
          }));
    const std::string stream = fmt::format("stream{}", threads);
    const Figures figures = Measure(clock, threads, ms, [&](int) -> Step {
      return [&log, &stream, payloads = std::vector<std::string>{std::string(kPayloadBytes, 'x')}] {
        return log.Append(stream, payloads).status();
      };
    });
    Print("EventLog::Append of 200 bytes", threads, figures);
    std::uint64_t found = 0;
    ATTUNE_CHECK(log.Read(stream, 0,
                          [&](std::uint64_t, std::string_view payload) {
                            ATTUNE_CHECK(payload.size() == kPayloadBytes);
                            ++found;
                            return Status();
                          })
                     .ok());
    ATTUNE_CHECK(found == figures.count);
  }
}

void MeasureObjects(Env& env, const Clock& clock, ObjectStore& store, const std::string& folder, std::int64_t ms) {
  ATTUNE_CHECK(store.CreateBucket("bench", "us-east-1").ok());
  for (const std::size_t bytes : {std::size_t{4} << 10, std::size_t{1} << 20, std::size_t{16} << 20}) {
    std::string content(bytes, '\0');
    Random random(1);
    for (char& c : content) c = static_cast<char>(random.Next());
    for (const int threads : {1, 4}) {
      const std::string size =
          bytes < (1 << 20) ? fmt::format("{} KiB", bytes >> 10) : fmt::format("{} MiB", bytes >> 20);
      PrintBytes(fmt::format("write + fsync a file of {}", size), threads, bytes,
                 Measure(clock, threads, ms, [&](int thread) -> Step {
                   return [&, path = fmt::format("{}/object{}", folder, thread)] {
                     return env.WriteFileAtomically(path, content);
                   };
                 }));
      PrintBytes(fmt::format("put an object of {}", size), threads, bytes,
                 Measure(clock, threads, ms, [&](int thread) -> Step {
                   return
                       [&, key = fmt::format("{}", thread)] { return store.PutObject("bench", key, content).status(); };
                 }));
      PrintBytes(
          fmt::format("read a file of {}", size), threads, bytes, Measure(clock, threads, ms, [&](int thread) -> Step {
            return [&, path = fmt::format("{}/object{}", folder, thread)] { return env.ReadFile(path).status(); };
          }));
      PrintBytes(fmt::format("get an object of {}", size), threads, bytes,
                 Measure(clock, threads, ms, [&](int thread) -> Step {
                   return [&, key = fmt::format("{}", thread)]() -> Status {
                     ATTUNE_TRY(const std::string got, store.ReadObject("bench", key));
                     ATTUNE_CHECK(got == content);
                     return {};
                   };
                 }));
    }
  }
}

int Main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    fmt::print(stderr, "usage: bench_storage EMPTY-FOLDER [MILLISECONDS-A-CASE]\n");
    return 2;
  }
  const std::string folder = arguments[1];
  std::int64_t ms = 2000;
  if (argument_count > 2) {
    const std::string_view text = arguments[2];
    std::from_chars(text.data(), text.data() + text.size(), ms);
  }
  PosixEnv env;
  const SystemClock clock;
  SystemEntropy entropy;
  ATTUNE_CHECK(env.CreateDirectories(folder).ok());
  const auto store = KeyValueStore::Open(env, folder + "/log");
  ATTUNE_CHECK(store.ok());
  const auto log = EventLog::Open(**store);
  ATTUNE_CHECK(log.ok());
  const auto objects = DirectoryObjectStore::Open(env, clock, entropy, **store, folder + "/objects");
  ATTUNE_CHECK(objects.ok());
  MeasureAppends(env, clock, **log, folder, ms);
  MeasureObjects(env, clock, **objects, folder, ms);
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argument_count, char** arguments) { return attune::Main(argument_count, arguments); }
