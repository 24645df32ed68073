#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"

namespace attune {

/// Which user a session belongs to, for the newest sessions. One thread at a time.
class SessionLinks {
 public:
  explicit SessionLinks(std::size_t sessions_max) : sessions_max_(sessions_max) {}

  struct Owner {
    std::string user_id;  ///< "" while nobody knows whose session it is.
    bool is_new = false;  ///< Known by this event: what the session did before is the user's too.
  };
  /// Whose an event of this user and session is. `user_id` may be empty.
  Owner Find(std::string_view user_id, std::string_view session_id);

  void Clear();

 private:
  struct Hasher {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return Hash64(text); }
  };

  const std::size_t sessions_max_;
  std::unordered_map<std::string, std::string, Hasher, std::equal_to<>> user_of_;
  std::deque<std::string> oldest_first_;
};

}  // namespace attune
