#pragma once

#include <cstddef>

namespace attune::exploration_bench {

/// The policy as a campaign serves it: a model trained on what people of a small generated world took of the old items,
/// lists by Recommend(), what came of them told as events, new items put as they arrive. Prints a table.
void PrintServed(std::size_t seed_count);

}  // namespace attune::exploration_bench
