#pragma once

#include <span>
#include <string>

namespace attune {

// Each verb has a file of its own. It gives the exit status of the program: 0, 1 for what went wrong, 2 for a wrong
// command line.

/// attune serve: the server, until SIGTERM or SIGINT.
int Serve(std::span<const std::string> arguments);

/// attune evaluate: how good the recommendations are, on a part of the data that training did not see.
int Evaluate(std::span<const std::string> arguments);

/// attune evaluate-policy: what another exploration would have brought, from a recommendation log.
int EvaluatePolicy(std::span<const std::string> arguments);

/// attune train: a model from CSV files, as a folder.
int Train(std::span<const std::string> arguments);

/// attune recommend: a list from such a folder, and why each item is in it.
int Recommend(std::span<const std::string> arguments);

/// attune backup: a copy of a running server's data directory.
int BackUp(std::span<const std::string> arguments);

/// attune sample-data: CSV files of a generated world.
int SampleData(std::span<const std::string> arguments);

}  // namespace attune
