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
#include "cli/system_sources.h"
#include "cli/verbs.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

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

/// The signals that the server heeds, held back on this thread and all that it starts: Wait takes them.
class ServerSignals {
 public:
  ServerSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGHUP);
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
  const std::string url = fmt::format("{}://{}:{}", options.tls_key.empty() ? "http" : "https",
                                      is_v6 ? "[" + address + "]" : address, application.port());
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

/// A certificate that was renewed is taken up without a restart; one that cannot be used leaves the old one.
void ReloadTls(Env& env, const ServeOptions& options, Application& application) {
  const auto identity = ReadTlsIdentity(env, options);
  Status status = identity.status();
  if (identity.ok()) {
    if (!identity->has_value()) return;
    status = application.SetTlsIdentity(**identity);
  }
  if (status.ok()) {
    LogInfo("SIGHUP: the TLS certificate was read again");
  } else {
    LogError("SIGHUP: the TLS certificate stays as it was: {}", status.message());
  }
}

/// A key that was exchanged in the data directory's credentials file counts from now on.
void ReloadAdministrator(Application& application) {
  const auto reloaded = application.ReloadAdministrator();
  if (!reloaded.ok()) {
    LogError("SIGHUP: the administrator's key stays as it was: {}", reloaded.status().message());
  } else if (*reloaded) {
    LogInfo("SIGHUP: the administrator's key was read again");
  }
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
  const ServerSignals signals;

  auto tls = ReadTlsIdentity(env, options);
  if (!tls.ok()) return Fail(tls.status(), 1);
  options.application.http.tls = *std::move(tls);
  auto application = Application::Open(env, clock, entropy, options.application);
  if (!application.ok()) return Fail(application.status(), 1);
  (*application)->metrics().AddReading("attune_resident_memory_bytes", "Memory that the server holds.", &ResidentBytes);
  if (const Status status = (*application)->Listen(); !status.ok()) return Fail(status, 1);
  Announce(options, **application);
  if (!options.port_file.empty()) {
    const Status status = env.WriteFileAtomically(options.port_file, std::to_string((*application)->port()) + "\n");
    if (!status.ok()) return Fail(status, 1);
  }
  int number = signals.Wait();
  for (; number == SIGHUP; number = signals.Wait()) {
    ReloadTls(env, options, **application);
    ReloadAdministrator(**application);
  }
  LogInfo("{}: finishing what is in flight", number == SIGTERM ? "SIGTERM" : "SIGINT");
  (*application)->Stop();
  return 0;
}

}  // namespace attune
