#include "lance/scan/read/fragment_reader.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/base/row_address.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/scan/read/field_parts.h"
#include "lance/scan/read/io_counters.h"
#include "lance/scan/read/virtual_columns.h"
#include "lance/table/deletion.h"

namespace lance::scan {

struct FragmentReader::Part {
  size_t file = 0;
  schema::Field field;
  std::shared_ptr<encoding::FieldReader> reader;
};

struct FragmentReader::OpenColumn {
  std::vector<Part> parts;
};

FragmentReader::FragmentReader(std::shared_ptr<const ReadContext> context, const table::Fragment& fragment)
    : context_(std::move(context)), fragment_(fragment) {}

FragmentReader::~FragmentReader() = default;

Result<std::shared_ptr<FragmentReader>> FragmentReader::Open(std::shared_ptr<const ReadContext> context,
                                                             const table::Fragment& fragment) {
  std::shared_ptr<FragmentReader> reader(new FragmentReader(std::move(context), fragment));
  reader->files_.resize(fragment.files.size());
  reader->columns_.resize(reader->context_->columns.columns.size());
  ARROW_ASSIGN_OR_RAISE(reader->deletions_, reader->context_->snapshot->Deletions(fragment));
  reader->physical_rows_ = fragment.physical_rows;
  if (fragment.physical_rows == 0 && !fragment.files.empty()) {
    // Manifests of before 2023 do not say how many rows a fragment has.
    ARROW_ASSIGN_OR_RAISE(file::FileReader * file, reader->OpenFile(0));
    reader->physical_rows_ = file->num_rows();
  }
  if (reader->deletions_ != nullptr && reader->deletions_->end() > reader->physical_rows_) {
    return Corruption("fragment {}: its deletion file names row {}, the fragment has {} rows", fragment.id,
                      reader->deletions_->end() - 1, reader->physical_rows_);
  }
  return reader;
}

uint64_t FragmentReader::live_rows() const {
  return deletions_ == nullptr ? physical_rows_ : physical_rows_ - deletions_->count();
}

void FragmentReader::AppendPhysical(RowRange live, RowRanges* out) const {
  if (deletions_ == nullptr) {
    AppendRange(out, live);
  } else {
    deletions_->AppendPhysical(live, out);
  }
}

Result<file::FileReader*> FragmentReader::OpenFile(size_t index) {
  if (files_[index] == nullptr) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<file::FileReader> opened,
                          context_->snapshot->OpenDataFile(fragment_.files[index]));
    if (fragment_.physical_rows != 0 && opened->num_rows() != fragment_.physical_rows) {
      return Corruption("file {} has {} rows, the manifest says that fragment {} has {}", opened->path(),
                        opened->num_rows(), fragment_.id, fragment_.physical_rows);
    }
    files_[index] = std::move(opened);
  }
  return files_[index].get();
}

Result<std::unique_ptr<FragmentReader::OpenColumn>> FragmentReader::OpenStored(const Column& column) {
  auto open = std::make_unique<OpenColumn>();
  for (size_t i = 0; i < fragment_.files.size(); ++i) {
    const table::DataFile& file = fragment_.files[i];
    FieldIds ids(file.fields.begin(), file.fields.end());
    std::optional<schema::Field> held = HeldPart(column.field, ids);
    if (held.has_value()) open->parts.push_back({i, std::move(*held), nullptr});
  }
  for (Part& part : open->parts) {
    ARROW_ASSIGN_OR_RAISE(file::FileReader * file, OpenFile(part.file));
    // With a single holder the file layer can fill in members that exist nowhere; it is spared when there are
    // none.
    const bool partial = !(part.field == column.field);
    if (open->parts.size() == 1 && partial) part.field = column.field;
    ARROW_ASSIGN_OR_RAISE(part.reader, file->OpenField(part.field, context_->blobs,
                                                       /*missing_as_null=*/partial));
  }
  return open;
}

Result<const FragmentReader::OpenColumn*> FragmentReader::GetColumn(int index) {
  std::lock_guard lock(mutex_);
  std::unique_ptr<OpenColumn>& slot = columns_[index];
  if (slot == nullptr) {
    ARROW_ASSIGN_OR_RAISE(slot, OpenStored(context_->columns.columns[index]));
  }
  return slot.get();
}

Result<uint64_t> FragmentReader::StoredBytes(int column) {
  if (context_->columns.columns[column].source != ColumnSource::kStored) return 0;
  ARROW_ASSIGN_OR_RAISE(const OpenColumn* open, GetColumn(column));
  uint64_t bytes = 0;
  for (const Part& part : open->parts) bytes += part.reader->StoredBytes();
  return bytes;
}

Result<std::vector<uint64_t>> FragmentReader::PageStarts(int column) {
  if (context_->columns.columns[column].source != ColumnSource::kStored) return std::vector<uint64_t>{};
  ARROW_ASSIGN_OR_RAISE(const OpenColumn* open, GetColumn(column));
  if (open->parts.empty()) return std::vector<uint64_t>{};
  return open->parts.front().reader->PageStarts();
}

namespace {

// One planned field among those that one call reads.
struct PendingField {
  size_t file = 0;
  size_t column = 0;  // position in the caller's list
  const schema::Field* field = nullptr;
  std::unique_ptr<encoding::FieldTask> task;
  std::vector<encoding::BufferPtr> buffers;
};

// Reads what the fields of one file ask for in one call.
Status ReadFile(file::FileReader& file, size_t index, std::vector<PendingField>* fields,
                const ReadContext& context) {
  std::vector<ByteRange> ranges;
  for (const PendingField& field : *fields) {
    if (field.file != index) continue;
    auto asked = field.task->ranges();
    ranges.insert(ranges.end(), asked.begin(), asked.end());
  }
  if (ranges.empty()) return Status::OK();
  if (IoCounters* io = context.io.get(); io != nullptr) {
    uint64_t bytes = 0;
    for (const ByteRange& range : ranges) bytes += range.length;
    io->ranges.fetch_add(ranges.size(), std::memory_order_relaxed);
    io->requests.fetch_add(1, std::memory_order_relaxed);
    io->bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<encoding::BufferPtr> buffers,
                        context.views ? file.ViewMany(ranges) : file.ReadMany(ranges));
  size_t next = 0;
  for (PendingField& field : *fields) {
    if (field.file != index) continue;
    const size_t count = field.task->ranges().size();
    field.buffers.assign(std::make_move_iterator(buffers.begin() + next),
                         std::make_move_iterator(buffers.begin() + next + count));
    next += count;
  }
  return Status::OK();
}

}  // namespace

Result<std::vector<std::shared_ptr<arrow::Array>>> FragmentReader::Read(std::span<const int> columns,
                                                                        std::span<const RowRange> rows,
                                                                        uint64_t live_rows_before) {
  const auto length = static_cast<int64_t>(CountRows(rows));
  std::vector<PendingField> pending;
  std::vector<size_t> files;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Column& column = context_->columns.columns[columns[i]];
    if (column.source != ColumnSource::kStored) continue;
    ARROW_ASSIGN_OR_RAISE(const OpenColumn* open, GetColumn(columns[i]));
    for (const Part& part : open->parts) {
      ARROW_ASSIGN_OR_RAISE(std::unique_ptr<encoding::FieldTask> task, part.reader->Plan(rows));
      pending.push_back({part.file, i, &part.field, std::move(task), {}});
      if (std::find(files.begin(), files.end(), part.file) == files.end()) files.push_back(part.file);
    }
  }
  for (size_t file : files) {
    ARROW_RETURN_NOT_OK(ReadFile(*files_[file], file, &pending, *context_));
  }

  std::vector<std::shared_ptr<arrow::Array>> out(columns.size());
  auto next = pending.begin();
  for (size_t i = 0; i < columns.size(); ++i) {
    const Column& column = context_->columns.columns[columns[i]];
    if (column.source != ColumnSource::kStored) {
      ARROW_ASSIGN_OR_RAISE(out[i], MakeVirtual(column.source, rows, live_rows_before));
      continue;
    }
    std::vector<std::pair<const schema::Field*, std::shared_ptr<arrow::ArrayData>>> parts;
    for (; next != pending.end() && next->column == i; ++next) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ArrayData> data,
                            next->task->Decode(std::move(next->buffers)));
      if (data->length != length) {
        return Internal("fragment {}, column '{}': {} rows were asked for, {} came back", fragment_.id,
                        column.name(), length, data->length);
      }
      parts.emplace_back(next->field, std::move(data));
    }
    std::shared_ptr<arrow::ArrayData> data;
    if (parts.size() == 1) {
      data = std::move(parts.front().second);
    } else {
      ARROW_ASSIGN_OR_RAISE(data, MergeParts(column.field, column.arrow->type(), parts, length));
    }
    // Field names and nullability inside nested types come from the table, which may have renamed them.
    if (data->type.get() != column.arrow->type().get() && !data->type->Equals(*column.arrow->type(), true)) {
      if (data->type->id() != column.arrow->type()->id()) {
        return Corruption("fragment {}, column '{}' is stored as {}, the table says {}", fragment_.id,
                          column.name(), data->type->ToString(), column.arrow->type()->ToString());
      }
    }
    data = Retype(std::move(data), column.arrow->type());
    out[i] = arrow::MakeArray(std::move(data));
  }
  return out;
}

Result<std::shared_ptr<arrow::Array>> FragmentReader::MakeVirtual(ColumnSource source,
                                                                  std::span<const RowRange> rows,
                                                                  uint64_t live_rows_before) const {
  const table::Snapshot& snapshot = *context_->snapshot;
  switch (source) {
    case ColumnSource::kRowAddress:
      return RowAddresses(fragment_.id, rows);
    case ColumnSource::kRowId: {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const table::RowIdSequence> ids, snapshot.RowIds(fragment_));
      return RowIds(fragment_.id, ids.get(), rows, context_->include_deleted ? deletions_.get() : nullptr);
    }
    case ColumnSource::kRowOffset:
      return RowOffsets(live_rows_before, deletions_.get(), rows);
    case ColumnSource::kCreatedAtVersion: {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const table::VersionSequence> versions,
                            snapshot.CreatedAt(fragment_));
      return RowVersions(fragment_.id, versions.get(), rows);
    }
    case ColumnSource::kLastUpdatedAtVersion: {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const table::VersionSequence> versions,
                            snapshot.LastUpdatedAt(fragment_));
      return RowVersions(fragment_.id, versions.get(), rows);
    }
    default:
      return Internal("column '{}' is not read from fragments", VirtualName(source));
  }
}

}  // namespace lance::scan
