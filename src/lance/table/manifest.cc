#include "lance/table/manifest.h"

#include "lance/table/storage_version.h"

namespace lance::table {
namespace {

struct FlagName {
  uint64_t flag;
  const char* name;
};

constexpr FlagName kFlagNames[] = {
    {kFlagDeletionFiles, "deletion files"},
    {kFlagStableRowIds, "stable row ids"},
    {kFlagV2FormatDeprecated, "v2 format"},
    {kFlagTableConfig, "table config"},
    {kFlagBasePaths, "base paths"},
    {kFlagDisableTransactionFile, "no transaction files"},
    {kFlagDataOverlays, "data overlay files"},
    {kFlagCoveredIndexMetadata, "covered index metadata"},
    {kFlagMixedFileVersions, "mixed data file versions"},
    {kFlagFragmentReuseWithStableRowIds, "fragment reuse index with stable row ids"},
    {kFlagTaggedFragmentReuse, "tagged fragment reuse index"},
    {kFlagSpilledRowLineage, "spilled row lineage"},
    {kFlagFragmentTree, "fragment tree"},
    {kFlagIndependentCoveringFields, "independent covering fields"},
    {kFlagManagedBlobs, "managed blobs"},
    {kFlagNonReusableFieldIds, "non-reusable field ids"},
    {kFlagZoneWriteSeeds, "zone write seeds"},
    {kFlagObjectMetadata, "object metadata"},
};

constexpr uint64_t kReadable = kFlagDeletionFiles | kFlagStableRowIds | kFlagV2FormatDeprecated |
                               kFlagTableConfig | kFlagBasePaths | kFlagDisableTransactionFile |
                               kFlagCoveredIndexMetadata | kFlagMixedFileVersions | kFlagTaggedFragmentReuse |
                               kFlagSpilledRowLineage | kFlagManagedBlobs;
// Set in both words or in none: one alone has no meaning.
constexpr uint64_t kPaired =
    kFlagMixedFileVersions | kFlagTaggedFragmentReuse | kFlagManagedBlobs | kFlagZoneWriteSeeds;

std::string NameFlags(uint64_t flags) {
  std::string out;
  for (int bit = 0; bit < 64; ++bit) {
    const uint64_t flag = uint64_t{1} << bit;
    if ((flags & flag) == 0) continue;
    const char* name = "unknown";
    for (const FlagName& known : kFlagNames) {
      if (known.flag == flag) name = known.name;
    }
    fmt::format_to(std::back_inserter(out), "{}{} ({})", out.empty() ? "" : ", ", flag, name);
  }
  return out;
}

constexpr uint64_t kWritable = kReadable | kFlagNonReusableFieldIds;
constexpr uint64_t kKept = kFlagStableRowIds | kFlagCoveredIndexMetadata | kPaired;

}  // namespace

std::optional<uint64_t> Fragment::num_rows() const {
  if (!deletion_file) return physical_rows;
  if (deletion_file->num_deleted_rows == 0 || deletion_file->num_deleted_rows > physical_rows)
    return std::nullopt;
  return physical_rows - deletion_file->num_deleted_rows;
}

Status CheckReadable(const Manifest& manifest) {
  const uint64_t reader = manifest.reader_feature_flags, writer = manifest.writer_feature_flags;
  const bool allocates_ids = manifest.max_allocated_field_id.has_value();
  LANCE_CHECK_BYTES(allocates_ids == ((writer & kFlagNonReusableFieldIds) != 0),
                    "the manifest's highest field id and its non-reusable field ids flag disagree");
  LANCE_CHECK_BYTES((reader & kFlagNonReusableFieldIds) == 0,
                    "the non-reusable field ids flag is for writers, the manifest sets it for readers");
  if (const uint64_t unknown = reader & ~kReadable) {
    return NotSupported("This table cannot be read by this version of lance-cpp. It needs the features: {}",
                        NameFlags(unknown));
  }
  if (const uint64_t half = (reader ^ writer) & kPaired) {
    return Corruption("the manifest sets only one of the reader and writer flags of: {}", NameFlags(half));
  }
  if (manifest.has_stable_row_ids()) {
    for (const Fragment& fragment : manifest.fragments) {
      LANCE_CHECK_BYTES(fragment.row_ids.kind != Lineage::Kind::kAbsent,
                        "the table has stable row ids, fragment {} has none", fragment.id);
    }
  }
  return CheckStorageVersions(manifest);
}

Status CheckWritable(const Manifest& manifest) {
  if (const uint64_t unknown = manifest.writer_feature_flags & ~kWritable) {
    return NotSupported(
        "This table cannot be written by this version of lance-cpp. It needs the features: {}",
        NameFlags(unknown));
  }
  return Status::OK();
}

Status RecomputeFlags(bool disable_transaction_file, Manifest* manifest) {
  const std::vector<Fragment>& fragments = manifest->fragments;
  uint64_t both = (manifest->reader_feature_flags | manifest->writer_feature_flags) & kKept;
  uint64_t writer = 0;
  bool has_deletions = false, has_ids = false, lacks_ids = false, has_columns = false;
  for (const Fragment& fragment : fragments) {
    has_deletions |= fragment.deletion_file.has_value();
    (fragment.row_ids.kind == Lineage::Kind::kAbsent ? lacks_ids : has_ids) = true;
    has_columns |= fragment.row_ids.kind == Lineage::Kind::kColumn ||
                   fragment.created_at_versions.kind == Lineage::Kind::kColumn ||
                   fragment.last_updated_at_versions.kind == Lineage::Kind::kColumn;
  }
  if (has_deletions) both |= kFlagDeletionFiles;
  if (has_ids) both |= kFlagStableRowIds;
  LANCE_CHECK_ARG((both & kFlagStableRowIds) == 0 || !lacks_ids,
                  "the table has stable row ids, so all fragments must have row ids");
  if (!manifest->base_paths.empty()) both |= kFlagBasePaths;
  if (has_columns) both |= kFlagSpilledRowLineage;
  auto managed = manifest->schema.metadata.find("lance.blob.managed");
  if (managed != manifest->schema.metadata.end() && managed->second == "true") both |= kFlagManagedBlobs;
  if (!manifest->config.empty()) writer |= kFlagTableConfig;
  if (disable_transaction_file) writer |= kFlagDisableTransactionFile;
  if (manifest->max_allocated_field_id) writer |= kFlagNonReusableFieldIds;
  manifest->reader_feature_flags = both;
  manifest->writer_feature_flags = both | writer;
  return Status::OK();
}

}  // namespace lance::table
