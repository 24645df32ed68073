#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/status_machine.h"

namespace attune {

/// What every resource has.
struct Resource {
  std::string arn;
  std::string name;
  std::string parent_arn;  ///< By which it is listed: the dataset of an import job, the solution of a campaign …
  ResourceStatus status = ResourceStatus::kCreatePending;
  std::string failure_reason;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  /// Names its folder or stream on disk; never used again after a delete, unlike the ARN. Set by Catalog::Insert.
  std::string uid;
};

// Each struct below is one kind. Members called …_json hold what a client gave, to be echoed as it came; the catalog
// does not look inside. Fields() names what is stored beside the Resource part (see catalog/fields.h).

struct DatasetGroup : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kDatasetGroup;
  std::string role_arn;
  std::string kms_key_arn;
  std::string domain;

  template <class F>
  void Fields(F& field) {
    field("role_arn", role_arn);
    field("kms_key_arn", kms_key_arn);
    field("domain", domain);
  }
};

struct SchemaResource : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kSchema;
  std::string schema_json;  ///< Verbatim.
  std::string domain;

  template <class F>
  void Fields(F& field) {
    field("schema_json", schema_json);
    field("domain", domain);
  }
};

/// The newest UpdateDataset: the schema was replaced.
struct DatasetUpdate {
  std::string schema_arn;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;

  template <class F>
  void Fields(F& field) {
    field("schema_arn", schema_arn);
    field("created_ms", created_ms);
    field("updated_ms", updated_ms);
  }
};

/// Listed by its dataset group.
struct Dataset : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kDataset;
  std::string type;  ///< "INTERACTIONS", "ITEMS", "USERS", "ACTIONS" or "ACTION_INTERACTIONS".
  std::string schema_arn;
  std::string tracking_id;            ///< ACTION_INTERACTIONS only.
  std::vector<std::string> segments;  ///< File names below datasets/<uid>/, oldest first: what imports brought.
  std::optional<DatasetUpdate> update;

  template <class F>
  void Fields(F& field) {
    field("type", type);
    field("schema_arn", schema_arn);
    field("tracking_id", tracking_id);
    field("segments", segments);
    field("update", update);
  }
};

/// Listed by its dataset.
struct DatasetImportJob : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kDatasetImportJob;
  std::string data_location;  ///< "s3://bucket/key", or a folder ending in '/'.
  std::string role_arn;
  std::string import_mode;  ///< "FULL" or "INCREMENTAL".
  std::optional<bool> publish_attribution_metrics_to_s3;

  template <class F>
  void Fields(F& field) {
    field("data_location", data_location);
    field("role_arn", role_arn);
    field("import_mode", import_mode);
    field("publish_attribution_metrics_to_s3", publish_attribution_metrics_to_s3);
  }
};

/// Listed by its dataset.
struct DatasetExportJob : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kDatasetExportJob;
  std::string ingestion_mode;  ///< "BULK", "PUT" or "ALL".
  std::string role_arn;
  std::string output_path;  ///< "s3://bucket/prefix"
  std::string job_output_json;

  template <class F>
  void Fields(F& field) {
    field("ingestion_mode", ingestion_mode);
    field("role_arn", role_arn);
    field("output_path", output_path);
    field("job_output_json", job_output_json);
  }
};

/// Listed by its dataset group.
struct EventTracker : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kEventTracker;
  std::string tracking_id;
  std::string account_id;

  template <class F>
  void Fields(F& field) {
    field("tracking_id", tracking_id);
    field("account_id", account_id);
  }
};

/// Listed by its dataset group.
struct Solution : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kSolution;
  std::string recipe_arn;
  std::string event_type;
  bool perform_hpo = false;
  bool perform_auto_ml = false;
  std::optional<bool> perform_auto_training;
  std::optional<bool> perform_incremental_update;
  std::string solution_config_json;
  std::string latest_update_json;  ///< A SolutionUpdateSummary, once there was one.

  // What training reads of the configuration.
  std::optional<double> event_value_threshold;
  std::map<std::string, std::string> algorithm_hyper_parameters;
  std::map<std::string, std::string> feature_transformation_parameters;
  std::map<std::string, std::vector<std::string>> excluded_columns;  ///< By upper-case dataset type.
  std::map<std::string, std::vector<std::string>> included_columns;
  std::string auto_training_expression;    ///< "rate(7 days)"
  std::int64_t auto_training_from_ms = 0;  ///< When automatic training was set last: its schedule counts from there.

  template <class F>
  void Fields(F& field) {
    field("recipe_arn", recipe_arn);
    field("event_type", event_type);
    field("perform_hpo", perform_hpo);
    field("perform_auto_ml", perform_auto_ml);
    field("perform_auto_training", perform_auto_training);
    field("perform_incremental_update", perform_incremental_update);
    field("solution_config_json", solution_config_json);
    field("latest_update_json", latest_update_json);
    field("event_value_threshold", event_value_threshold);
    field("algorithm_hyper_parameters", algorithm_hyper_parameters);
    field("feature_transformation_parameters", feature_transformation_parameters);
    field("excluded_columns", excluded_columns);
    field("included_columns", included_columns);
    field("auto_training_expression", auto_training_expression);
    field("auto_training_from_ms", auto_training_from_ms);
  }
};

/// Listed by its solution. Its artifact is the folder artifacts/<artifact_name()>.
struct SolutionVersion : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kSolutionVersion;
  std::string dataset_group_arn;
  std::string training_mode;  ///< "FULL" or "UPDATE".
  std::string training_type;  ///< "AUTOMATIC" or "MANUAL".
  Solution solution;          ///< As it stood when the version was created.
  std::optional<double> training_hours;
  std::map<std::string, double> metrics;

  // What the artifact was made of, for automatic updates.
  std::vector<std::string> data_segments;  ///< Of interactions and items, as Dataset::segments.
  std::int64_t data_sequence = 0;          ///< In the event log: what came later is not in it.
  std::int64_t refreshed_ms = 0;           ///< When its data was read, at training or by an automatic update since.
  std::int64_t artifact_revision = 0;      ///< Automatic updates so far.

  std::string artifact_name() const { return ArtifactName(artifact_revision); }
  std::string ArtifactName(std::int64_t revision) const {
    return revision == 0 ? uid : uid + "-" + std::to_string(revision);
  }

  template <class F>
  void Fields(F& field) {
    field("dataset_group_arn", dataset_group_arn);
    field("training_mode", training_mode);
    field("training_type", training_type);
    field("solution", solution);
    field("training_hours", training_hours);
    field("metrics", metrics);
    field("data_segments", data_segments);
    field("data_sequence", data_sequence);
    field("refreshed_ms", refreshed_ms);
    field("artifact_revision", artifact_revision);
  }
};

/// What a campaign serves, or is about to.
struct CampaignConfiguration {
  std::string solution_version_arn;  ///< Of a version: what "$LATEST" stood for.
  bool follows_latest = false;       ///< Given as <solutionArn>/$LATEST.
  std::optional<std::int64_t> min_provisioned_tps;
  std::string campaign_config_json;
  double exploration_weight = 0.3;
  double exploration_item_age_cut_off_days = 30;
  bool sync_with_latest_solution_version = false;
  bool enable_metadata_with_recommendations = false;

  template <class F>
  void Fields(F& field) {
    field("solution_version_arn", solution_version_arn);
    field("follows_latest", follows_latest);
    field("min_provisioned_tps", min_provisioned_tps);
    field("campaign_config_json", campaign_config_json);
    field("exploration_weight", exploration_weight);
    field("exploration_item_age_cut_off_days", exploration_item_age_cut_off_days);
    field("sync_with_latest_solution_version", sync_with_latest_solution_version);
    field("enable_metadata_with_recommendations", enable_metadata_with_recommendations);
  }
};

/// The newest UpdateCampaign; while it is pending the campaign keeps serving what it served.
struct CampaignUpdate {
  CampaignConfiguration configuration;
  ResourceStatus status = ResourceStatus::kCreatePending;
  std::string failure_reason;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;

  template <class F>
  void Fields(F& field) {
    field("configuration", configuration);
    field("status", status);
    field("failure_reason", failure_reason);
    field("created_ms", created_ms);
    field("updated_ms", updated_ms);
  }
};

/// Listed by its solution.
struct Campaign : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kCampaign;
  std::string dataset_group_arn;
  CampaignConfiguration configuration;
  std::optional<CampaignUpdate> update;

  template <class F>
  void Fields(F& field) {
    field("dataset_group_arn", dataset_group_arn);
    field("configuration", configuration);
    field("update", update);
  }
};

/// Listed by its dataset group.
struct FilterResource : Resource {
  static constexpr ResourceKind kKind = ResourceKind::kFilter;
  std::string expression;  ///< Verbatim.

  template <class F>
  void Fields(F& field) {
    field("expression", expression);
  }
};

}  // namespace attune
