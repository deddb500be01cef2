#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/schema/schema.h"

namespace lance::table {

/// A column file of a fragment.
struct DataFile {
  std::string path;                     ///< relative to data/ of its base
  std::vector<int32_t> fields;          ///< field ids; negative: tombstoned or spilled lineage
  std::vector<int32_t> column_indices;  ///< parallel to fields; empty in 0.1
  uint32_t major_version = 0;
  uint32_t minor_version = 0;
  uint64_t size_bytes = 0;  ///< 0: unknown
  std::optional<uint32_t> base_id;
  bool operator==(const DataFile&) const = default;
};

struct DeletionFile {
  enum class Type { kArrowArray, kBitmap };
  Type type = Type::kArrowArray;
  uint64_t read_version = 0;
  uint64_t id = 0;
  uint64_t num_deleted_rows = 0;  ///< 0: unknown
  std::optional<uint32_t> base_id;
  bool operator==(const DeletionFile&) const = default;
};

/// A lineage sequence of a fragment: absent, inline bytes (serialized RowIdSequence or
/// RowDatasetVersionSequence), or a column of the data files.
struct Lineage {
  enum class Kind { kAbsent, kInline, kColumn };
  Kind kind = Kind::kAbsent;
  std::string inline_bytes;
  bool operator==(const Lineage&) const = default;
};

/// A horizontal slice of the table.
struct Fragment {
  uint64_t id = 0;
  std::vector<DataFile> files;
  std::optional<DeletionFile> deletion_file;
  uint64_t physical_rows = 0;  ///< deleted rows included
  Lineage row_ids;
  Lineage last_updated_at_versions;
  Lineage created_at_versions;
  std::map<std::string, std::string> metadata;
  /// Rows that are not deleted; none when the deletion file does not say how many it holds.
  std::optional<uint64_t> num_rows() const;
  bool operator==(const Fragment&) const = default;
};

struct BasePath {
  uint32_t id = 0;
  std::optional<std::string> name;
  bool is_dataset_root = false;
  std::string path;
  bool operator==(const BasePath&) const = default;
};

struct IndexFile {
  std::string path;
  uint64_t size_bytes = 0;
  bool operator==(const IndexFile&) const = default;
};

/// One segment of one index, as the manifest's index section lists it.
struct IndexMetadata {
  std::string uuid;  ///< 36 characters
  std::vector<int32_t> fields;
  std::string name;
  uint64_t dataset_version = 0;
  std::optional<std::string> fragment_bitmap;  ///< portable Roaring; absent: unknown
  std::string details_type_url;
  std::string details;
  std::optional<int32_t> index_version;
  std::optional<uint64_t> created_at_ms;
  std::optional<uint32_t> base_id;
  std::vector<IndexFile> files;
  std::vector<int32_t> covering_fields;
  bool operator==(const IndexMetadata&) const = default;
};

struct WriterVersion {
  std::string library;
  std::string version;
  std::optional<std::string> prerelease;
  std::optional<std::string> build_metadata;
};

/// One version of a table. A value; shared as shared_ptr<const Manifest>.
struct Manifest {
  schema::Schema schema;
  std::vector<Fragment> fragments;
  uint64_t version = 0;
  std::optional<uint64_t> index_section;
  std::optional<uint64_t> transaction_section;  ///< presence matters: 0 is a legal offset
  std::string transaction_file;
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> timestamp;
  std::string tag;
  uint64_t reader_feature_flags = 0;
  uint64_t writer_feature_flags = 0;
  std::optional<uint32_t> max_fragment_id;
  std::optional<WriterVersion> writer_version;
  uint64_t next_row_id = 0;
  std::string file_format;           ///< "lance"
  std::string data_storage_version;  ///< "2.2"; "" when the manifest says nothing
  std::map<std::string, std::string> config;
  std::vector<BasePath> base_paths;
  std::map<std::string, std::string> table_metadata;
  std::optional<std::string> branch;
  std::optional<int32_t> max_allocated_field_id;

  bool has_stable_row_ids() const { return (reader_feature_flags & 2) != 0; }
};

/// Feature flag bits; see docs/format/table.md.
enum FeatureFlag : uint64_t {
  kFlagDeletionFiles = 1,
  kFlagStableRowIds = 2,
  kFlagV2FormatDeprecated = 4,
  kFlagTableConfig = 8,
  kFlagBasePaths = 16,
  kFlagDisableTransactionFile = 32,
  kFlagDataOverlays = 64,
  kFlagCoveredIndexMetadata = 128,
  kFlagMixedFileVersions = 256,
  kFlagFragmentReuseWithStableRowIds = 512,
  kFlagTaggedFragmentReuse = 1024,
  kFlagSpilledRowLineage = 2048,
  kFlagFragmentTree = 4096,
  kFlagIndependentCoveringFields = 8192,
  kFlagManagedBlobs = 16384,
  kFlagNonReusableFieldIds = 32768,
  kFlagZoneWriteSeeds = 65536,
  kFlagObjectMetadata = 131072,
};

/// Refuses what this library cannot read, naming each flag. Thread-safe.
Status CheckReadable(const Manifest& manifest);
/// Refuses to write onto a table that needs what this library does not write, naming each flag. Thread-safe.
Status CheckWritable(const Manifest& manifest);

/// Sets the feature flags that what the manifest holds asks for. Kept as they are: stable row ids, covered
/// index metadata and the flags that a table never loses (mixed file versions, tagged fragment reuse, managed
/// blobs). Errors: InvalidArgument when only some fragments have row ids.
Status RecomputeFlags(bool disable_transaction_file, Manifest* manifest);

}  // namespace lance::table
