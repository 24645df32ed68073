#include "serve/session_links.h"

namespace attune {

SessionLinks::Owner SessionLinks::Find(std::string_view user_id, std::string_view session_id) {
  const auto linked = user_of_.find(session_id);
  if (user_id.empty()) return {.user_id = linked == user_of_.end() ? std::string() : linked->second};
  if (linked != user_of_.end()) {
    linked->second = user_id;  // The newest user of a session keeps it.
    return {.user_id = std::string(user_id)};
  }
  user_of_.emplace(session_id, user_id);
  oldest_first_.emplace_back(session_id);
  if (oldest_first_.size() > sessions_max_) {
    user_of_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  return {.user_id = std::string(user_id), .is_new = true};
}

void SessionLinks::Clear() {
  user_of_.clear();
  oldest_first_.clear();
}

}  // namespace attune
