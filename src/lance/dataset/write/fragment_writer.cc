#include "lance/dataset/write/fragment_writer.h"

#include <algorithm>
#include <array>
#include <random>

#include <arrow/record_batch.h>

#include "lance/base/event.h"
#include "lance/dataset/write/stored_rows.h"
#include "lance/encoding/core/blob.h"

namespace lance::dataset {
namespace {

std::string KeyOf(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "/" + name;
}

// Removes the blobs that lie beside a data file. Best effort.
void RemoveSidecars(const DataFolder& folder, const std::string& file_name) {
  constexpr std::string_view kEnding = ".lance";
  if (!file_name.ends_with(kEnding)) return;
  const std::string stem = file_name.substr(0, file_name.size() - kEnding.size());
  auto sidecars = folder.store->List(KeyOf(folder.prefix, stem), /*recursive=*/true);
  if (!sidecars.ok()) return;
  for (const store::ObjectInfo& sidecar : *sidecars) (void)folder.store->Delete(sidecar.path);
}

class FragmentWriterImpl : public FragmentWriter {
 public:
  FragmentWriterImpl(schema::Schema schema, FragmentWriterOptions options)
      : schema_(std::move(schema)), options_(std::move(options)), unsynced_(options_.unsynced) {
    if (unsynced_ == nullptr) unsynced_ = std::make_shared<store::Unsynced>();
  }

  ~FragmentWriterImpl() override {
    if (finished_) return;
    if (file_ != nullptr) {
      file_->Abort();
      RemoveSidecars(*folder_, name_);
    }
    RemoveDataFiles(options_.folders, fragments_);
  }

  Status Write(const arrow::RecordBatch& rows) override {
    LANCE_CHECK_ARG(!finished_, "rows written to a finished writer");
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> stored, ToStoredRows(rows.Slice(0), schema_));
    const arrow::RecordBatch& batch = *stored;
    for (int64_t start = 0; start < batch.num_rows();) {
      if (file_ == nullptr) ARROW_RETURN_NOT_OK(BeginFragment());
      const auto room =
          static_cast<int64_t>(std::min<uint64_t>(options_.max_rows_per_file - file_->num_rows(), INT64_MAX));
      const int64_t length = std::min(room, batch.num_rows() - start);
      if (length == batch.num_rows()) {
        ARROW_RETURN_NOT_OK(file_->Write(batch));
      } else {
        ARROW_RETURN_NOT_OK(file_->Write(*batch.Slice(start, length)));
      }
      start += length;
      if (options_.progress != nullptr) {
        ARROW_RETURN_NOT_OK(
            options_.progress({rows_completed_ + file_->num_rows(), bytes_completed_ + file_->bytes_written(),
                               fragments_.size()}));
      }
      ARROW_ASSIGN_OR_RAISE(const uint64_t bytes, file_->BytesWrittenUpTo(options_.max_bytes_per_file));
      if (file_->num_rows() >= options_.max_rows_per_file || bytes >= options_.max_bytes_per_file) {
        ARROW_RETURN_NOT_OK(EndFragment());
      }
    }
    return Status::OK();
  }

  Status EndFragment() override {
    if (file_ == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(file::WrittenFile written, file_->Finish());
    file_.reset();
    table::Fragment fragment;
    fragment.physical_rows = written.num_rows;
    table::DataFile file;
    file.path = std::move(name_);
    file.fields = std::move(written.fields);
    file.column_indices = std::move(written.column_indices);
    file.major_version = static_cast<uint32_t>(written.version.major);
    file.minor_version = static_cast<uint32_t>(written.version.minor);
    file.size_bytes = written.size_bytes;
    file.base_id = folder_->base_id;
    fragment.files.push_back(std::move(file));
    fragments_.push_back(std::move(fragment));
    rows_completed_ += written.num_rows;
    bytes_completed_ += written.size_bytes;
    if (durable()) unsynced_->Add(folder_->store, KeyOf(folder_->prefix, fragments_.back().files[0].path));
    if (options_.on_complete != nullptr) {
      ARROW_RETURN_NOT_OK(unsynced_->Sync());  // whoever is told may commit it
      ARROW_RETURN_NOT_OK(options_.on_complete(FragmentMetadata(fragments_.back())));
    }
    if (options_.progress == nullptr) return Status::OK();
    return options_.progress({rows_completed_, bytes_completed_, fragments_.size()});
  }

  Result<std::vector<table::Fragment>> Finish() override {
    ARROW_RETURN_NOT_OK(EndFragment());
    if (options_.unsynced == nullptr) ARROW_RETURN_NOT_OK(unsynced_->Sync());
    finished_ = true;
    return std::move(fragments_);
  }

  uint64_t bytes_written() const override {
    return bytes_completed_ + (file_ == nullptr ? 0 : file_->bytes_written());
  }

 private:
  bool durable() const { return options_.durability == store::Durability::kSync; }

  Status BeginFragment() {
    const auto durability = durable() ? store::Durability::kLater : options_.durability;
    folder_ = &options_.folders[next_folder_++ % options_.folders.size()];
    name_ = NewDataFileName();
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<store::WritableObject> object,
                          folder_->store->Create(KeyOf(folder_->prefix, name_), durability));
    file::WriteOptions options = options_.file;
    options.create_sidecar = [store = folder_->store, prefix = folder_->prefix, name = name_, durability,
                              unsynced = unsynced_](uint32_t blob_id) {
      const std::string key = KeyOf(prefix, encoding::BlobSidecarPath(name, blob_id));
      if (durability == store::Durability::kLater) unsynced->Add(store, key);
      return store->Create(key, durability);
    };
    ARROW_ASSIGN_OR_RAISE(file_, file::FileWriter::Make(std::move(object), schema_, options));
    if (EventsWanted()) Emit(kFileAudit, {{"mode", "create"}, {"type", "data"}, {"path", name_}});
    return options_.on_begin == nullptr ? Status::OK()
                                        : options_.on_begin(FragmentMetadata(table::Fragment()));
  }

  const schema::Schema schema_;
  const FragmentWriterOptions options_;
  std::shared_ptr<store::Unsynced> unsynced_;
  size_t next_folder_ = 0;
  const DataFolder* folder_ = nullptr;  // of the file at hand
  std::string name_;
  std::unique_ptr<file::FileWriter> file_;
  std::vector<table::Fragment> fragments_;
  uint64_t rows_completed_ = 0;
  uint64_t bytes_completed_ = 0;
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<FragmentWriter>> FragmentWriter::Make(schema::Schema schema,
                                                             FragmentWriterOptions options) {
  ARROW_RETURN_NOT_OK(options.file.Validate());
  LANCE_CHECK_ARG(options.max_rows_per_file > 0, "max_rows_per_file must be greater than 0");
  LANCE_CHECK_ARG(options.max_bytes_per_file > 0, "max_bytes_per_file must be greater than 0");
  LANCE_CHECK_ARG(!options.folders.empty(), "no folder to write data files to");
  options.max_rows_per_file = std::min<uint64_t>(options.max_rows_per_file, UINT32_MAX);
  return std::make_unique<FragmentWriterImpl>(std::move(schema), std::move(options));
}

std::string NewDataFileName() {
  // A random UUID (version 4): its first three bytes in binary spread the files over key prefixes.
  static constexpr char kHex[] = "0123456789abcdef";
  std::random_device random;
  std::array<uint8_t, 16> uuid;
  for (size_t i = 0; i < uuid.size(); i += 4) {
    const uint32_t word = random();
    for (size_t j = 0; j < 4; ++j) uuid[i + j] = static_cast<uint8_t>(word >> (8 * j));
  }
  uuid[6] = static_cast<uint8_t>((uuid[6] & 0x0f) | 0x40);
  uuid[8] = static_cast<uint8_t>((uuid[8] & 0x3f) | 0x80);
  std::string name;
  for (size_t i = 0; i < 3; ++i) {
    for (int bit = 7; bit >= 0; --bit) name += ((uuid[i] >> bit) & 1) != 0 ? '1' : '0';
  }
  for (size_t i = 3; i < uuid.size(); ++i) {
    name += kHex[uuid[i] >> 4];
    name += kHex[uuid[i] & 15];
  }
  return name + ".lance";
}

void RemoveDataFiles(const std::vector<DataFolder>& folders, const std::vector<table::Fragment>& fragments) {
  for (const table::Fragment& fragment : fragments) {
    for (const table::DataFile& file : fragment.files) {
      for (const DataFolder& folder : folders) {
        if (folder.base_id != file.base_id) continue;
        (void)folder.store->Delete(KeyOf(folder.prefix, file.path));
        RemoveSidecars(folder, file.path);
        break;
      }
    }
  }
}

}  // namespace lance::dataset
