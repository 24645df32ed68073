#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/operation.h"
#include "protocol/operation_info.h"
#include "protocol/service.h"
#include "protocol/sigv4.h"

namespace attune {

/// How many bytes of bodies are held at a time, over all requests. Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// False, and nothing taken, if so many more would be too many.
  bool Take(std::uint64_t bytes);
  void Return(std::uint64_t bytes) { taken_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t bytes_max() const { return bytes_max_; }

 private:
  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> taken_{0};
};

/// What a handler may know of a request besides its body.
struct JsonCall {
  const VerifiedSignature& signature;  ///< Who asks, and the region for ARNs.
  const std::string& request_id;
  const HttpRequestHead& head;
};

/// One operation: the body in, the reply out. Called from many threads. See protocol/operation.h for how a handler
/// becomes the inner part of it.
using JsonOperation = std::function<OperationReply(const JsonCall& call, std::string_view body)>;

/// The operations of a service by name.
using JsonOperationTable = std::map<std::string, JsonOperation, std::less<>>;

/// A service of AWS JSON 1.1 or REST-JSON: holds the body, verifies the signature over it, finds the operation and
/// answers in the protocol's envelope. Thread-safe.
class JsonService final : public Service {
 public:
  static constexpr std::uint64_t kBodyBytesMaxDefault = 6 << 20;

  /// References must outlive it. An operation that `info` has and `operations` lacks is answered with
  /// UnknownOperationException.
  JsonService(const ServiceInfo& info, JsonOperationTable operations, SigV4Verifier& verifier, BodyBudget& budget,
              std::uint64_t body_bytes_max = kBodyBytesMaxDefault);

  std::string_view name() const override { return info_.name; }
  std::string_view signing_name() const override { return info_.signing_name; }
  std::unique_ptr<ServiceExchange> Begin(RoutedRequest request) override;

 private:
  class Exchange;

  /// Null if the head names none.
  const OperationInfo* FindOperation(const HttpRequestHead& head) const;

  // Constant after construction; these synchronise themselves.
  const ServiceInfo& info_;
  const JsonOperationTable operations_;
  SigV4Verifier& verifier_;
  BodyBudget& budget_;
  const std::uint64_t body_bytes_max_;
};

}  // namespace attune
