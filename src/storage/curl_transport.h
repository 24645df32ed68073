#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/http_transport.h"

namespace attune {

/// HTTP over libcurl; connections are kept and used again. Certificates are verified. Thread-safe.
class CurlTransport final : public HttpTransport {
 public:
  struct Options {
    std::string endpoint;  ///< "https://host:port", without a path.
    std::chrono::milliseconds connect_timeout{5'000};
    /// An exchange that moves nothing for so long is given up.
    std::chrono::seconds idle_timeout{30};
    /// PEM file of the authorities to trust; "" for the system's.
    std::string authorities_file;
  };

  static Result<std::unique_ptr<CurlTransport>> Open(Options options);
  ~CurlTransport() override;

  HttpReply Send(const HttpCall& call, std::uint64_t body_bytes_max) override EXCLUDES(mutex_);
  void Cancel() override { cancelled_ = true; }

  /// So many connections are kept at most while nobody uses them.
  static constexpr std::size_t kIdleConnectionsMax = 16;

 private:
  struct Handle;
  explicit CurlTransport(Options options);
  std::unique_ptr<Handle> Take() EXCLUDES(mutex_);
  void GiveBack(std::unique_ptr<Handle> handle) EXCLUDES(mutex_);

  // Constant after construction.
  const Options options_;
  std::atomic<bool> cancelled_ = false;
  // Guarded by mutex_.
  Mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_ GUARDED_BY(mutex_);
};

}  // namespace attune
