#include "lance/file/file_reader.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/encoding/core/field_reader.h"
#include "lance/file/container.h"
#include "lance/file/footer.h"
#include "lance/file/v2_file.h"
#include "lance/file/version_readers.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

// The metadata of most files fits; a read of this size costs no more than a small one on any store.
constexpr uint64_t kTailBytes = 64 << 10;

Result<std::shared_ptr<FileReader>> OpenChecked(std::shared_ptr<store::ReadableObject> object,
                                                const ReadOptions& options) {
  const uint64_t size = object->size();
  const uint64_t tail_size = std::min(size, kTailBytes);
  ARROW_ASSIGN_OR_RAISE(auto tail, object->Read({size - tail_size, tail_size}));
  std::span<const uint8_t> bytes(tail->data(), static_cast<size_t>(tail->size()));
  ARROW_ASSIGN_OR_RAISE(StoredVersion stored, ParseVersion(bytes));
  ARROW_ASSIGN_OR_RAISE(Version version, NameVersion(stored));
  if (version.is_legacy()) return OpenV0_1(std::move(object), std::move(tail), options);
  ARROW_ASSIGN_OR_RAISE(auto container,
                        Container::Open(std::move(object), std::move(tail), version, options));
  return MakeV2File(std::move(container), options.blob_resolver);
}

}  // namespace

std::string Version::ToString() const { return fmt::format("{}.{}", major, minor); }

Result<std::shared_ptr<FileReader>> FileReader::Open(std::shared_ptr<store::ReadableObject> object,
                                                     const ReadOptions& options) {
  const std::string path = object->path();
  return WithContext(OpenChecked(std::move(object), options), path);
}

Result<const encoding::ColumnInfo*> FileReader::StoredColumn(int /*column*/) const {
  return NotSupported("{}: stored pages of files of version {}", path(), version().ToString());
}

Result<std::shared_ptr<arrow::RecordBatch>> FileReader::Read(const schema::Schema& projection,
                                                             std::span<const RowRange> rows,
                                                             BlobHandling blobs) {
  std::vector<std::shared_ptr<encoding::FieldReader>> readers;
  std::vector<std::unique_ptr<encoding::FieldTask>> tasks;
  std::vector<ByteRange> ranges;
  for (const schema::Field& field : projection.fields) {
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenField(field, blobs));
    ARROW_ASSIGN_OR_RAISE(auto task, reader->Plan(rows));
    auto wanted = task->ranges();
    ranges.insert(ranges.end(), wanted.begin(), wanted.end());
    readers.push_back(std::move(reader));
    tasks.push_back(std::move(task));
  }
  std::vector<encoding::BufferPtr> buffers;
  if (!ranges.empty()) {
    ARROW_ASSIGN_OR_RAISE(buffers, ReadMany(ranges));
  }
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  arrow::FieldVector fields;
  auto next = buffers.begin();
  for (size_t i = 0; i < tasks.size(); ++i) {
    auto end = next + static_cast<ptrdiff_t>(tasks[i]->ranges().size());
    std::vector<encoding::BufferPtr> own(std::make_move_iterator(next), std::make_move_iterator(end));
    next = end;
    ARROW_ASSIGN_OR_RAISE(auto column, tasks[i]->Decode(std::move(own)));
    columns.push_back(std::move(column));
    const schema::Field& field = projection.fields[i];
    const schema::Field view =
        blobs != BlobHandling::kDescriptions ? field.BlobBytes() : field.BlobDescriptor();
    ARROW_ASSIGN_OR_RAISE(auto described, view.ToArrow());
    fields.push_back(described->WithType(readers[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), static_cast<int64_t>(CountRows(rows)),
                                  std::move(columns));
}

}  // namespace lance::file
