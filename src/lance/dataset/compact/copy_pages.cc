#include "lance/dataset/compact/copy_pages.h"

#include <algorithm>
#include <set>

#include "lance/file/page_copier.h"

namespace lance::dataset {
namespace {

using table::DataFile;
using table::Fragment;

constexpr uint64_t kReadBytes = 16 << 20;

bool HoldsBlob(const schema::Field& field) {
  return field.is_blob() || std::any_of(field.children.begin(), field.children.end(), HoldsBlob);
}

// The fields that have columns in files of that version.
void AppendStored(const schema::Field& field, const file::Version& version, std::set<int32_t>* out) {
  const bool whole = field.children.empty() || field.is_packed_struct();
  if (whole || version.minor == 0) out->insert(field.id);
  if (whole) return;
  for (const schema::Field& child : field.children) AppendStored(child, version, out);
}

bool HoldsJust(const DataFile& file, const std::set<int32_t>& stored) {
  for (size_t i = 0; i < file.column_indices.size(); ++i) {
    if (file.column_indices[i] != static_cast<int32_t>(i)) return false;
  }
  const std::set<int32_t> fields(file.fields.begin(), file.fields.end());
  return file.column_indices.size() == file.fields.size() && fields == stored &&
         fields.size() == file.fields.size();
}

// Files of the new fragments, one after the other.
class Copier {
 public:
  Copier(const table::Snapshot& snapshot, const FragmentWriterOptions& writing,
         const CompactionOptions& options)
      : snapshot_(snapshot), writing_(writing), options_(options) {}

  Status Append(const DataFile& source) {
    ARROW_ASSIGN_OR_RAISE(auto reader, snapshot_.OpenDataFile(source));
    if (copier_ == nullptr) ARROW_RETURN_NOT_OK(Begin(source));
    ARROW_RETURN_NOT_OK(copier_->Append(*reader, options_.binary_copy_read_batch_bytes.value_or(kReadBytes)));
    const bool full = copier_->num_rows() >= options_.target_rows_per_fragment ||
                      copier_->bytes_written() >= writing_.max_bytes_per_file;
    return full ? End() : Status::OK();
  }

  Status End() {
    if (copier_ == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const file::WrittenFile written, copier_->Finish());
    copier_.reset();
    file_.size_bytes = written.size_bytes;
    Fragment fragment;
    fragment.physical_rows = written.num_rows;
    fragment.files.push_back(file_);
    fragments_.push_back(std::move(fragment));
    return Status::OK();
  }

  std::vector<Fragment>& fragments() { return fragments_; }

 private:
  Status Begin(const DataFile& like) {
    const DataFolder& folder = writing_.folders.front();
    file_ = DataFile();
    file_.path = NewDataFileName();
    file_.fields = like.fields;
    file_.column_indices = like.column_indices;
    file_.major_version = like.major_version;
    file_.minor_version = like.minor_version;
    file_.base_id = folder.base_id;
    const std::string key = folder.prefix.empty() ? file_.path : folder.prefix + "/" + file_.path;
    ARROW_ASSIGN_OR_RAISE(auto object, folder.store->Create(key, writing_.durability));
    const schema::Schema& schema = snapshot_.manifest().schema;
    return file::PageCopier::Make(std::move(object), schema, writing_.file.version).Value(&copier_);
  }

  const table::Snapshot& snapshot_;
  const FragmentWriterOptions& writing_;
  const CompactionOptions& options_;
  std::unique_ptr<file::PageCopier> copier_;
  DataFile file_;  // that `copier_` writes
  std::vector<Fragment> fragments_;
};

}  // namespace

Result<bool> CanCopyPages(const table::Snapshot& snapshot, const std::vector<const Fragment*>& fragments,
                          const file::Version& version) {
  std::set<int32_t> stored;
  for (const schema::Field& field : snapshot.manifest().schema.fields) {
    if (HoldsBlob(field)) return false;
    AppendStored(field, version, &stored);
  }
  for (const Fragment* fragment : fragments) {
    if (fragment->deletion_file.has_value() || fragment->files.size() != 1) return false;
    const DataFile& file = fragment->files.front();
    if (file.fields != fragments.front()->files.front().fields || !HoldsJust(file, stored)) return false;
  }
  for (const Fragment* fragment : fragments) {
    ARROW_ASSIGN_OR_RAISE(auto reader, snapshot.OpenDataFile(fragment->files.front()));
    ARROW_ASSIGN_OR_RAISE(const bool can, file::PageCopier::CanCopy(*reader, version));
    if (!can || reader->num_rows() != fragment->physical_rows) return false;
  }
  return !fragments.empty();
}

Result<std::vector<Fragment>> CopyPages(const table::Snapshot& snapshot,
                                        const std::vector<const Fragment*>& fragments,
                                        const FragmentWriterOptions& writing,
                                        const CompactionOptions& options) {
  Copier copier(snapshot, writing, options);
  Status status;
  for (const Fragment* fragment : fragments) {
    status = copier.Append(fragment->files.front());
    if (!status.ok()) break;
  }
  if (status.ok()) status = copier.End();
  if (status.ok()) return std::move(copier.fragments());
  RemoveDataFiles(writing.folders, copier.fragments());
  return status;
}

}  // namespace lance::dataset
