// http_probe [options of attune serve]: the HTTP server with a handler that shows what arrived.
//
//   GET  /hello          "hello", and nothing else
//   POST /count          "BYTES CRC32C" of the body
//   POST /limit/N        the same; takes bodies of N bytes at most
//   POST /slow/MS        the same, after blocking its thread for so long, as a disk would
//   POST /refuse         takes no byte of a body: 403
//   GET  /source/N       N bytes, counted up modulo 251
//   GET  /short/N        a source that ends one byte too early
//   GET  /nothing        204
//   GET  /throw          a handler that throws
#include <fmt/format.h>
#include <signal.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "cli/serve_options.h"
#include "server/http_server.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

std::uint64_t NumberAfter(std::string_view path, std::string_view prefix) {
  std::uint64_t number = 0;
  std::from_chars(path.data() + prefix.size(), path.data() + path.size(), number);
  return number;
}

class CountingSource final : public BodySource {
 public:
  explicit CountingSource(std::uint64_t bytes) : bytes_(bytes) {}

  Result<std::size_t> Read(std::span<std::byte> buffer) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), bytes_ - at_));
    for (std::size_t i = 0; i < count; ++i) buffer[i] = static_cast<std::byte>((at_ + i) % 251);
    at_ += count;
    return count;
  }

 private:
  const std::uint64_t bytes_;
  std::uint64_t at_ = 0;
};

class ProbeExchange final : public HttpExchange {
 public:
  explicit ProbeExchange(HttpRequestHead head) : head_(std::move(head)), path_(head_.path()) {}

  std::uint64_t body_bytes_max() const override {
    return path_.starts_with("/limit/") ? NumberAfter(path_, "/limit/") : std::uint64_t{1} << 50;
  }
  Status OnBody(std::span<const std::byte> part) override {
    if (path_ == "/refuse") return PermissionDenied("no bodies here");
    bytes_ += part.size();
    crc_ = Crc32c(part, crc_);
    return {};
  }
  HttpResponse Finish() override {
    HttpResponse response;
    if (path_ == "/hello") {
      response.body = "hello";
    } else if (path_ == "/refuse") {
      response.status = 403;
      response.body = "refused";
    } else if (path_ == "/nothing") {
      response.status = 204;
    } else if (path_ == "/throw") {
      throw std::runtime_error("thrown for a test");
    } else if (path_.starts_with("/source/")) {
      response.source_bytes = NumberAfter(path_, "/source/");
      response.source = std::make_unique<CountingSource>(response.source_bytes);
    } else if (path_.starts_with("/short/")) {
      response.source_bytes = NumberAfter(path_, "/short/");
      response.source = std::make_unique<CountingSource>(response.source_bytes - 1);
    } else {
      if (path_.starts_with("/slow/")) {
        std::this_thread::sleep_for(std::chrono::milliseconds(NumberAfter(path_, "/slow/")));
      }
      response.body = fmt::format("{} {:08x}", bytes_, crc_);
    }
    return response;
  }

 private:
  const HttpRequestHead head_;
  const std::string path_;
  std::uint64_t bytes_ = 0;
  std::uint32_t crc_ = 0;
};

class ProbeHandler final : public HttpHandler {
 public:
  std::unique_ptr<HttpExchange> Begin(HttpRequestHead head) override {
    return std::make_unique<ProbeExchange>(std::move(head));
  }
};

int Main(const std::vector<std::string>& arguments) {
  ServeOptions options;
  OptionTable table = ServeOptionTable(&options);
  const OptionSources nowhere{.environment = [](const std::string&) { return std::nullopt; },
                              .read_file = [](const std::string& path) { return Result<std::string>(NotFound(path)); }};
  const auto parsed = table.Parse(arguments, nowhere);
  const Status finished = parsed.ok() ? FinishServeOptions(&options) : parsed.status();
  if (!finished.ok()) {
    fmt::print(stderr, "{}\n", finished.message());
    return 2;
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  const SystemClock clock;
  Metrics metrics;
  ProbeHandler handler;
  PosixEnv env;
  auto tls = ReadTlsIdentity(env, options);
  if (!tls.ok()) {
    fmt::print(stderr, "{}\n", tls.status().message());
    return 1;
  }
  options.application.http.tls = *std::move(tls);
  auto server = HttpServer::Start(handler, clock, metrics, options.application.http);
  if (!server.ok()) {
    fmt::print(stderr, "{}\n", server.status().message());
    return 1;
  }
  const Status written = env.WriteFileAtomically(options.port_file, std::to_string((*server)->port()));
  if (!written.ok()) return 1;
  int number = SIGHUP;
  while (number == SIGHUP) {
    sigwait(&stop, &number);
    const auto identity = ReadTlsIdentity(env, options);
    if (number == SIGHUP && identity.ok() && *identity && !(*server)->SetTlsIdentity(**identity).ok()) {
      fmt::print(stderr, "the TLS identity stays as it was\n");
    }
  }
  (*server)->Stop();
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argument_count, char** arguments) {
  return attune::Main(std::vector<std::string>(arguments + 1, arguments + argument_count));
}
