#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "base/log.h"
#include "cli/serve_options.h"
#include "cli/verbs.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

OptionSources SystemSources(Env& env) {
  return {.environment = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            if (value == nullptr || *value == '\0')
              return std::nullopt;  // Compose files pass on what is not set as "".
            return std::string(value);
          },
          .read_file = [&env](const std::string& path) { return env.ReadFile(path); }};
}

int Fail(const Status& status, int exit_status) {
  fmt::print(stderr, "attune serve: {}\n", status.message());
  return exit_status;
}

/// Every connection takes a descriptor; many systems give a process 1024 unless it asks.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double pages_total = 0, pages_resident = 0;
  statm >> pages_total >> pages_resident;
  return pages_resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// The signals that end the server, held back on this thread and all that it starts: Wait takes them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  int Wait() const {
    int number = 0;
    while (sigwait(&set_, &number) != 0) {
    }
    return number;
  }

 private:
  sigset_t set_;
};

void Announce(const ServeOptions& options, const Application& application) {
  const std::string& address = options.application.http.address;
  const bool is_v6 = address.find(':') != std::string::npos;
  const std::string url = fmt::format("http://{}:{}", is_v6 ? "[" + address + "]" : address, application.port());
  if (application.is_first_start()) {
    fmt::print("The administrator's key is in {}. To use it:\n", application.directory().credentials_path());
    char* absolute = realpath(application.directory().credentials_path().c_str(), nullptr);
    fmt::print("  export AWS_SHARED_CREDENTIALS_FILE='{}'\n",
               absolute != nullptr ? absolute : application.directory().credentials_path());
    std::free(absolute);
    fmt::print("  export AWS_ENDPOINT_URL={}\n  export AWS_DEFAULT_REGION={}\n", url, options.application.region);
  }
  fmt::print("listening on {}\n", url);
  std::fflush(stdout);
}

}  // namespace

int Serve(std::span<const std::string> arguments) {
  PosixEnv env;
  SystemClock clock;
  SystemEntropy entropy;

  ServeOptions options;
  OptionTable table = ServeOptionTable(&options);
  const auto outcome = table.Parse(arguments, SystemSources(env));
  if (!outcome.ok()) return Fail(outcome.status(), 2);
  if (*outcome == OptionTable::Outcome::kHelp) {
    std::fputs(table.Help().c_str(), stdout);
    return 0;
  }
  if (const Status status = FinishServeOptions(&options); !status.ok()) return Fail(status, 2);
  SetLogLevel(options.log_level);
  RaiseDescriptorLimit();
  const StopSignals stop_signals;

  auto application = Application::Open(env, clock, entropy, options.application);
  if (!application.ok()) return Fail(application.status(), 1);
  (*application)->metrics().AddReading("attune_resident_memory_bytes", "Memory that the server holds.", &ResidentBytes);
  if (const Status status = (*application)->Listen(); !status.ok()) return Fail(status, 1);
  Announce(options, **application);
  if (!options.port_file.empty()) {
    const Status status = env.WriteFileAtomically(options.port_file, std::to_string((*application)->port()) + "\n");
    if (!status.ok()) return Fail(status, 1);
  }
  const int number = stop_signals.Wait();
  LogInfo("{}: finishing what is in flight", number == SIGTERM ? "SIGTERM" : "SIGINT");
  (*application)->Stop();
  return 0;
}

}  // namespace attune
