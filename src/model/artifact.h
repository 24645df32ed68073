#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/env.h"

namespace attune {

/// One file of an artifact.
struct ArtifactFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;
};

/// What an artifact folder holds: manifest.json, which is written last. docs/formats/artifact.md tells every field.
struct Manifest {
  std::string recipe;         ///< "aws-user-personalization"
  std::string training_mode;  ///< "FULL" or "UPDATE"
  std::uint64_t seed = 0;
  std::map<std::string, std::string> parameters;  ///< What was asked for.
  std::map<std::string, double> chosen;           ///< What a search on validation chose.
  std::map<std::string, double> metrics;          ///< By the keys of GetSolutionMetrics.
  std::vector<std::string> members;               ///< Names, in the order of the blend.
  std::uint64_t user_count = 0;
  std::uint64_t item_count = 0;
  std::uint64_t interaction_count = 0;
  std::int64_t newest_interaction_ms = 0;
  std::uint64_t log_sequence = 0;
  /// That of the training whose members these are: an update takes them over.
  std::uint64_t fitted_log_sequence = 0;
  std::vector<ArtifactFile> files;

  static constexpr int kVersion = 1;
  static constexpr const char* kFileName = "manifest.json";
};

/// Fills `manifest.files` from what lies in the folder, and writes manifest.json there, durably.
Status WriteManifest(Env& env, const std::string& folder, Manifest manifest);

/// NotFound where there is no manifest, Corrupt where it is torn, newer than kVersion, or a file that it names is
/// missing or has another length. Checksums of files are checked by their own readers when they are opened.
Result<Manifest> ReadManifest(Env& env, const std::string& folder);

}  // namespace attune
