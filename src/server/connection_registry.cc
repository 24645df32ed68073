#include "server/connection_registry.h"

#include <fmt/format.h>

namespace attune {

ConnectionRegistry::Admission ConnectionRegistry::Enter(const std::string& peer_address, HttpRefusal* refusal) {
  MutexLock lock(mutex_);
  const auto found = per_peer_.find(peer_address);
  const std::size_t of_peer = found == per_peer_.end() ? 0 : found->second;
  if (welcome_count_ >= limits_.connections_max) {
    *refusal = {
        503, "connections",
        fmt::format("the server has http-connections-max, {} connections; try again later", limits_.connections_max)};
  } else if (of_peer >= limits_.connections_per_peer_max) {
    *refusal = {503, "connections_per_peer",
                fmt::format("there are http-connections-per-peer-max, {} connections from {}; try again later",
                            limits_.connections_per_peer_max, peer_address)};
  } else {
    ++welcome_count_;
    ++per_peer_[peer_address];
    return Admission::kWelcome;
  }
  if (refused_count_ >= kRefusedMax) return Admission::kDropped;
  ++refused_count_;
  return Admission::kRefused;
}

void ConnectionRegistry::Leave(const std::string& peer_address, Admission admission) {
  MutexLock lock(mutex_);
  if (admission == Admission::kRefused) --refused_count_;
  if (admission != Admission::kWelcome) return;
  --welcome_count_;
  const auto found = per_peer_.find(peer_address);
  if (--found->second == 0) per_peer_.erase(found);
}

void ConnectionRegistry::Add(const std::shared_ptr<Connection>& connection) {
  MutexLock lock(mutex_);
  connections_.emplace(connection.get(), connection);
}

void ConnectionRegistry::Remove(Connection* connection) {
  MutexLock lock(mutex_);
  connections_.erase(connection);
  if (connections_.empty()) changed_.NotifyAll();
}

std::vector<std::shared_ptr<Connection>> ConnectionRegistry::All() const {
  std::vector<std::shared_ptr<Connection>> all;
  MutexLock lock(mutex_);
  all.reserve(connections_.size());
  for (const auto& [address, connection] : connections_) {
    if (auto alive = connection.lock()) all.push_back(std::move(alive));
  }
  return all;
}

bool ConnectionRegistry::WaitUntilEmpty(std::chrono::nanoseconds duration) {
  MutexLock lock(mutex_);
  if (connections_.empty()) return true;
  changed_.WaitFor(mutex_, duration);
  return connections_.empty();
}

std::size_t ConnectionRegistry::size() const {
  MutexLock lock(mutex_);
  return connections_.size();
}

}  // namespace attune
