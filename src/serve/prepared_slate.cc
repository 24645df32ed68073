#include "serve/prepared_slate.h"

namespace attune {

std::vector<Choice> PreparedSlate::Choose(Random& random) const {
  std::vector<Choice> choices;
  {
    const MutexLock lock(mutex_);
    choices = draws_.Choose(random);
  }
  for (Choice& choice : choices) choice.index = items_[choice.index];
  return choices;
}

std::size_t PreparedSlate::bytes() const {
  const MutexLock lock(mutex_);
  return sizeof(*this) + items_.size() * sizeof(items_[0]) + drawn_from_.size() + draws_.bytes();
}

}  // namespace attune
