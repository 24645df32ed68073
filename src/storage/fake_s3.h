#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/http_transport.h"
#include "storage/object_store.h"

namespace attune {

/// For tests: an S3 service over another ObjectStore, and a network to it that fails on demand. One thread at a time.
class FakeS3 final : public HttpTransport {
 public:
  enum class Trouble {
    kUnavailable,  ///< 503, nothing is done.
    kNoAnswer,     ///< The connection breaks before anything is done.
    kLostAnswer,   ///< The connection breaks after all was done.
    kHalfAnswer,   ///< The connection breaks in the middle of the reply's body.
  };

  explicit FakeS3(ObjectStore& store) : store_(store) {}

  HttpReply Send(const HttpCall& call, std::uint64_t body_bytes_max) override;
  void Cancel() override { cancelled_ = true; }
  bool cancelled() const { return cancelled_; }

  /// From the next call on: the call number `call` (from 0) meets this trouble.
  void TroubleAt(std::size_t call, Trouble trouble) { troubles_[calls_.size() + call] = trouble; }
  void TroubleAlways(std::optional<Trouble> trouble) { always_ = trouble; }

  /// "GET /bucket/key?query" of every call so far.
  const std::vector<std::string>& calls() const { return calls_; }
  const HttpCall& last_call() const { return last_call_; }

 private:
  using Parameters = std::map<std::string, std::string>;

  HttpReply Answer(const HttpCall& call);
  HttpReply OnService();
  HttpReply OnBucket(const HttpCall& call, const std::string& bucket, const Parameters& parameters);
  HttpReply OnObject(const HttpCall& call, const std::string& bucket, const std::string& key,
                     const Parameters& parameters);
  HttpReply OnUpload(const HttpCall& call, const std::string& bucket, const std::string& key,
                     const std::string& upload_id, const Parameters& parameters);
  HttpReply List(const std::string& bucket, const Parameters& parameters);
  HttpReply Read(const HttpCall& call, const std::string& bucket, const std::string& key);

  ObjectStore& store_;
  std::vector<std::string> calls_;
  HttpCall last_call_;
  std::map<std::size_t, Trouble> troubles_;
  std::optional<Trouble> always_;
  bool cancelled_ = false;
};

}  // namespace attune
