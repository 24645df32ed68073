#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace attune {

/// Why something expected went wrong. Lower floors speak in these; services/ maps them to AWS errors in one switch.
enum class Code {
  kOk,
  kInvalidArgument,    ///< The request is wrong, whatever the state of the server.
  kNotFound,           ///< The thing named does not exist.
  kAlreadyExists,      ///< A thing of that name exists.
  kBusy,               ///< The thing is in a state, or has children, that forbid this now.
  kLimitExceeded,      ///< A named limit on how many things there may be is reached.
  kInvalidPageToken,   ///< A page token that this list did not hand out.
  kTooManyTags,        ///< More tags than a resource may have.
  kTooManyTagKeys,     ///< More tag keys in a request than are accepted.
  kPermissionDenied,   ///< The caller or role may not do this.
  kResourceExhausted,  ///< A queue, pool, cache or disk is full; trying later may help.
  kCorrupt,            ///< Bytes on disk are not what was written.
  kIo,                 ///< The operating system refused to read or write.
  kCancelled,          ///< Somebody asked for this to stop.
  kUnimplemented,      ///< A known operation that this version does not perform.
  kInternal,           ///< A bug: what should hold does not.
};

/// The constant's name without its k, for logs: "InvalidArgument".
std::string_view CodeName(Code code);

/// Success, or a Code with a sentence that names the thing, the value and the limit. Immutable.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  /// "InvalidArgument: userId is 257 characters; the limit is 256", for logs and tests.
  std::string ToString() const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

Status InvalidArgument(std::string message);
Status NotFound(std::string message);
Status AlreadyExists(std::string message);
Status Busy(std::string message);
Status LimitExceeded(std::string message);
Status PermissionDenied(std::string message);
Status ResourceExhausted(std::string message);
Status Corrupt(std::string message);
Status IoError(std::string message);
Status Cancelled(std::string message);
Status Unimplemented(std::string message);
Status Internal(std::string message);

/// A value, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor): `return value;`
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor): `return NotFound(…);`
    ATTUNE_CHECK(!status_.ok());
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  /// Requires ok().
  const T& value() const& {
    ATTUNE_CHECK(ok());
    return *value_;
  }
  T& value() & {
    ATTUNE_CHECK(ok());
    return *value_;
  }
  T&& value() && {
    ATTUNE_CHECK(ok());
    return *std::move(value_);
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace attune

#define ATTUNE_CAT_(a, b) a##b
#define ATTUNE_CAT(a, b) ATTUNE_CAT_(a, b)

/// ATTUNE_TRY(auto solution, catalog.Find(arn)): the value, or return the Status to the caller.
#define ATTUNE_TRY(declaration, expression) ATTUNE_TRY_(ATTUNE_CAT(attune_try_, __LINE__), declaration, expression)
#define ATTUNE_TRY_(temporary, declaration, expression) \
  auto temporary = (expression);                        \
  if (!temporary.ok()) return temporary.status();       \
  declaration = std::move(temporary).value()

/// The same for expressions that give a bare Status.
#define ATTUNE_RETURN_IF_ERROR(expression)                                            \
  do {                                                                                \
    if (auto attune_status = (expression); !attune_status.ok()) return attune_status; \
  } while (false)
