#include "lance/table/storage_version.h"

#include <optional>
#include <string_view>
#include <unordered_map>

namespace lance::table {
namespace {

constexpr std::string_view kLegacy = "0.1";

bool IsKnown(std::string_view version) {
  return version == kLegacy || version == "2.0" || version == "2.1" || version == "2.2" || version == "2.3";
}

Result<std::string_view> VersionOf(const DataFile& file) {
  const uint32_t major = file.major_version, minor = file.minor_version;
  // Releases before 2.0 left the numbers out: 0.0.
  if (major == 0 && minor <= 2) return kLegacy;
  if (major == 0 && minor == 3) return "2.0";
  constexpr std::string_view kVersions[] = {"2.0", "2.1", "2.2", "2.3"};
  if (major == 2 && minor < std::size(kVersions)) return kVersions[minor];
  return NotSupported("Lance file version {}.{} (data file {})", major, minor, file.path);
}

// Whether a column is stored for a field, from 2.1 on: leaves and what is stored as one value.
bool NeedsColumn(const schema::Field& field) {
  return field.children.empty() || field.is_packed_struct() || field.is_blob();
}

class ColumnChecker {
 public:
  explicit ColumnChecker(const Manifest& manifest) : manifest_(manifest) {}

  Status Check(const Fragment& fragment, const DataFile& file, std::string_view version) {
    if (version == kLegacy || file.column_indices.empty()) return Status::OK();
    LANCE_CHECK_BYTES(file.fields.size() == file.column_indices.size(),
                      "data file {} (fragment {}) has {} field ids but {} column indices", file.path,
                      fragment.id, file.fields.size(), file.column_indices.size());
    if (version == "2.0") return Status::OK();
    // Fragments mostly repeat the list of the one before.
    if (checked_ != nullptr && checked_->fields == file.fields &&
        checked_->column_indices == file.column_indices) {
      return Status::OK();
    }
    if (fields_.empty()) {
      for (const schema::Field& field : manifest_.schema.fields) Collect(field);
    }
    for (size_t i = 0; i < file.fields.size(); ++i) {
      auto found = fields_.find(file.fields[i]);
      if (found == fields_.end()) continue;
      LANCE_CHECK_BYTES(NeedsColumn(*found->second) == (file.column_indices[i] != -1),
                        "data file {} (fragment {}) has column index {} for field {} (id {})", file.path,
                        fragment.id, file.column_indices[i], found->second->name, file.fields[i]);
    }
    checked_ = &file;
    return Status::OK();
  }

 private:
  void Collect(const schema::Field& field) {
    fields_.emplace(field.id, &field);
    for (const schema::Field& child : field.children) Collect(child);
  }

  const Manifest& manifest_;
  std::unordered_map<int32_t, const schema::Field*> fields_;
  const DataFile* checked_ = nullptr;
};

}  // namespace

Result<std::string> InferStorageVersion(const Manifest& manifest) {
  std::string version;
  for (const Fragment& fragment : manifest.fragments) {
    for (const DataFile& file : fragment.files) {
      ARROW_ASSIGN_OR_RAISE(std::string_view found, VersionOf(file));
      if (version.empty()) version = found;
      LANCE_CHECK_BYTES(found == version,
                        "all data files must have the same version; found {} and {} (data file {})", version,
                        found, file.path);
    }
  }
  if (!version.empty()) return version;
  return std::string((manifest.writer_feature_flags & kFlagV2FormatDeprecated) != 0 ? "2.2" : kLegacy);
}

Status CheckStorageVersions(const Manifest& manifest) {
  const std::string& declared = manifest.data_storage_version;
  if (!IsKnown(declared)) return NotSupported("data storage version \"{}\"", declared);
  const bool mixed = (manifest.reader_feature_flags & kFlagMixedFileVersions) != 0;
  LANCE_CHECK_BYTES(!mixed || declared != kLegacy,
                    "data files of mixed versions need a 2.x default, the manifest says {}", declared);
  ColumnChecker columns(manifest);
  std::optional<std::string_view> first;
  bool differ = false, has_legacy = false, has_v2 = false;
  std::string mismatch;
  for (const Fragment& fragment : manifest.fragments) {
    for (const DataFile& file : fragment.files) {
      ARROW_ASSIGN_OR_RAISE(std::string_view version, VersionOf(file));
      (version == kLegacy ? has_legacy : has_v2) = true;
      if (!first) first = version;
      differ |= version != *first;
      if (!mixed && version != declared && mismatch.empty()) {
        mismatch = fmt::format("data file {} in fragment {} has version {}, the manifest says {}", file.path,
                               fragment.id, version, declared);
      }
      ARROW_RETURN_NOT_OK(columns.Check(fragment, file, version));
    }
  }
  // Release 0.16 wrote manifests of 0.1 with files of both kinds.
  if (declared == kLegacy && has_legacy && has_v2) return Status::OK();
  // A 0.1 manifest whose files all have one newer version: the files are right.
  if (declared == kLegacy && !differ) return Status::OK();
  LANCE_CHECK_BYTES(!(has_legacy && has_v2), "data files of 0.1 and of 2.x are mixed: {}", mismatch);
  LANCE_CHECK_BYTES(!mixed || !has_legacy,
                    "0.1 data files in a table with the mixed data file versions flag");
  LANCE_CHECK_BYTES(mismatch.empty(), "{} and the mixed data file versions flag is not set", mismatch);
  return Status::OK();
}

Result<std::optional<std::string>> CommonStorageVersion(const std::vector<Fragment>& fragments) {
  std::optional<std::string> out;
  for (const Fragment& fragment : fragments) {
    for (const DataFile& file : fragment.files) {
      ARROW_ASSIGN_OR_RAISE(std::string_view version, VersionOf(file));
      if (out && *out != version) return std::nullopt;
      if (!out) out = version;
    }
  }
  return out;
}

Status CheckNotMixed(const Manifest& manifest) {
  bool has_legacy = false, has_v2 = false;
  for (const Fragment& fragment : manifest.fragments) {
    for (const DataFile& file : fragment.files) {
      ARROW_ASSIGN_OR_RAISE(std::string_view version, VersionOf(file));
      (version == kLegacy ? has_legacy : has_v2) = true;
    }
  }
  LANCE_CHECK_ARG(
      !has_legacy || !has_v2,
      "The dataset contains a mixture of file versions, 0.1 and 2.x, which cannot be mixed. All data "
      "files must have the same version");
  return Status::OK();
}

Status SettleStorageVersion(Manifest* manifest) {
  bool has_v2 = false, differs = false;
  for (const Fragment& fragment : manifest->fragments) {
    for (const DataFile& file : fragment.files) {
      ARROW_ASSIGN_OR_RAISE(std::string_view version, VersionOf(file));
      has_v2 |= version != kLegacy;
      differs |= version != manifest->data_storage_version;
    }
  }
  if (!differs) return Status::OK();
  LANCE_CHECK_ARG(has_v2, "0.1 data files cannot be added to a table of version {}",
                  manifest->data_storage_version);
  if (manifest->data_storage_version == kLegacy) {
    ARROW_ASSIGN_OR_RAISE(auto common, CommonStorageVersion(manifest->fragments));
    LANCE_CHECK_ARG(common.has_value(), "the data files of a 0.1 table have several 2.x versions");
    manifest->data_storage_version = *common;
    return Status::OK();
  }
  manifest->reader_feature_flags |= kFlagMixedFileVersions;
  manifest->writer_feature_flags |= kFlagMixedFileVersions;
  return Status::OK();
}

}  // namespace lance::table
