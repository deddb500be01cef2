#include "lance/file/container.h"

#include <algorithm>

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/file/column_metadata.h"
#include "lance/proto/file_format.pb.h"
#include "lance/proto/parse.h"
#include "lance/schema/schema_serde.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

// Column metadata up to this size is read along with the rest of the metadata; above it, columns are read one
// by one when they are asked for.
constexpr uint64_t kEagerMetadataBytes = 4 << 20;

std::span<const uint8_t> SpanOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

// Finds FileDescriptor.length without building the schema, which in a wide file costs more than all else.
Result<uint64_t> ReadLength(std::span<const uint8_t> descriptor) {
  google::protobuf::io::CodedInputStream input(descriptor.data(), static_cast<int>(descriptor.size()));
  uint64_t length = 0;
  while (uint32_t tag = input.ReadTag()) {
    bool ok = false;
    if (tag == ((2 << 3) | 0)) {
      ok = input.ReadVarint64(&length);
    } else {
      ok = google::protobuf::internal::WireFormatLite::SkipField(&input, tag);
    }
    LANCE_CHECK_BYTES(ok, "the file descriptor cannot be parsed");
  }
  LANCE_CHECK_BYTES(input.ConsumedEntireMessage(), "the file descriptor cannot be parsed");
  return length;
}

// Calls visit(field, path) for every field that has a column, in column order: leaves only from 2.1 on, all
// fields (headers of structs and lists too) in 2.0.
template <typename Visit>
void ForEachColumn(const schema::Field& field, bool only_leaves, const std::string& path,
                   const Visit& visit) {
  const bool is_leaf = field.children.empty() || field.is_packed_struct() || field.is_blob();
  if (is_leaf || !only_leaves) visit(field, path);
  if (is_leaf) return;
  for (const schema::Field& child : field.children) {
    ForEachColumn(child, only_leaves, path.empty() ? path : path + "." + child.name, visit);
  }
}

}  // namespace

Container::Container(std::shared_ptr<store::ReadableObject> object, Version version,
                     const ReadOptions& options)
    : object_(std::move(object)),
      path_(object_->path()),
      version_(version),
      size_(object_->size()),
      page_budget_(static_cast<int64_t>(std::min<uint64_t>(options.page_cache_bytes, INT64_MAX))) {}

Container::~Container() {
  if (columns_ == nullptr) return;
  for (int i = 0; i < num_columns(); ++i) delete columns_[i].load(std::memory_order_relaxed);
}

Result<std::shared_ptr<Container>> Container::Open(std::shared_ptr<store::ReadableObject> object,
                                                   std::shared_ptr<arrow::Buffer> tail, Version version,
                                                   const ReadOptions& options) {
  std::shared_ptr<Container> container(new Container(std::move(object), version, options));
  ARROW_RETURN_NOT_OK(container->ReadMetadata(std::move(tail)));
  ARROW_ASSIGN_OR_RAISE(container->num_rows_, ReadLength(SpanOf(*container->descriptor_)));
  ARROW_RETURN_NOT_OK(container->IndexColumns(options));
  return container;
}

Status Container::ReadMetadata(std::shared_ptr<arrow::Buffer> tail) {
  ARROW_ASSIGN_OR_RAISE(footer_, ParseFooter(SpanOf(*tail), size_));
  LANCE_CHECK_BYTES(footer_.num_global_buffers > 0, "the file has no global buffer to hold its schema");
  LANCE_CHECK_BYTES(footer_.num_columns <= INT32_MAX, "the file claims {} columns", footer_.num_columns);
  metadata_ = std::move(tail);
  metadata_start_ = size_ - static_cast<uint64_t>(metadata_->size());

  // The global buffer table says where the schema is; it ends right before the footer, so the tail has it
  // unless there are thousands of global buffers.
  ARROW_ASSIGN_OR_RAISE(auto global_table, Bytes(footer_.global_table));
  ARROW_ASSIGN_OR_RAISE(global_buffers_, ParseOffsetTable(SpanOf(*global_table), size_, "global buffer"));
  if (version_.minor >= 1) {
    for (size_t i = 0; i < global_buffers_.size(); ++i) {
      LANCE_CHECK_BYTES(global_buffers_[i].offset % 64 == 0, "global buffer {} is not aligned to 64 bytes",
                        i);
    }
  }
  const ByteRange schema = global_buffers_[0];
  uint64_t wanted = footer_.column_table.offset;
  if (footer_.column_metadata.length <= kEagerMetadataBytes) wanted = footer_.column_metadata.offset;
  // The schema usually lies right before the column metadata: then one read brings both.
  if (schema.end() <= wanted && wanted - schema.offset <= kEagerMetadataBytes) wanted = schema.offset;
  if (wanted < metadata_start_) {
    ARROW_ASSIGN_OR_RAISE(metadata_, object_->Read({wanted, size_ - wanted}));
    metadata_start_ = wanted;
  }
  ARROW_RETURN_NOT_OK(TrimMetadata(wanted));
  ARROW_ASSIGN_OR_RAISE(descriptor_, Bytes(schema));
  ARROW_ASSIGN_OR_RAISE(auto column_table, Bytes(footer_.column_table));
  ARROW_ASSIGN_OR_RAISE(column_table_, ParseOffsetTable(SpanOf(*column_table), size_, "column metadata"));
  columns_ = std::make_unique<std::atomic<const encoding::ColumnInfo*>[]>(footer_.num_columns);
  return Status::OK();
}

// Files stay open by the thousand: what lies before the metadata is kept only when it is the whole (small)
// file, which then needs no further reads.
Status Container::TrimMetadata(uint64_t wanted) {
  if (metadata_start_ == 0 || wanted <= metadata_start_) return Status::OK();
  const int64_t skip = static_cast<int64_t>(wanted - metadata_start_);
  if (metadata_->size() - skip > metadata_->size() / 2) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(metadata_, metadata_->CopySlice(skip, metadata_->size() - skip));
  metadata_start_ = wanted;
  return Status::OK();
}

Result<encoding::BufferPtr> Container::Bytes(ByteRange range) {
  if (range.offset >= metadata_start_) {
    return arrow::SliceBuffer(metadata_, static_cast<int64_t>(range.offset - metadata_start_),
                              static_cast<int64_t>(range.length));
  }
  return object_->Read(range);
}

Status Container::IndexColumns(const ReadOptions& options) {
  LANCE_CHECK_ARG(options.fields.size() == options.column_indices.size(),
                  "{} field ids are given for {} column indices", options.fields.size(),
                  options.column_indices.size());
  columns_by_field_.reserve(options.fields.size());
  for (size_t i = 0; i < options.fields.size(); ++i) {
    // Negative ids are fields that were dropped or that are not for us; a negative column means none.
    if (options.fields[i] < 0 || options.column_indices[i] < 0) continue;
    columns_by_field_.emplace_back(options.fields[i], options.column_indices[i]);
  }
  if (options.fields.empty()) {
    ARROW_RETURN_NOT_OK(schema_status());
    int32_t next = 0;
    auto add = [&](const schema::Field& field, const std::string&) {
      columns_by_field_.emplace_back(field.id, next++);
    };
    for (const schema::Field& field : schema().fields) ForEachColumn(field, only_leaves(), "", add);
  }
  auto by_id = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(columns_by_field_.begin(), columns_by_field_.end(), by_id)) {
    std::stable_sort(columns_by_field_.begin(), columns_by_field_.end(), by_id);
  }
  return Status::OK();
}

std::optional<int> Container::ColumnOf(int32_t field_id) const {
  auto found = std::lower_bound(columns_by_field_.begin(), columns_by_field_.end(), field_id,
                                [](const auto& entry, int32_t id) { return entry.first < id; });
  if (found == columns_by_field_.end() || found->first != field_id) return std::nullopt;
  return found->second;
}

Result<const encoding::ColumnInfo*> Container::Column(int index) {
  LANCE_CHECK_BYTES(index >= 0 && index < num_columns(), "{}: column {} does not exist, the file has {}",
                    path_, index, num_columns());
  const encoding::ColumnInfo* info = columns_[index].load(std::memory_order_acquire);
  if (info != nullptr) return info;
  ARROW_ASSIGN_OR_RAISE(auto parsed, ParseColumn(index));
  if (columns_[index].compare_exchange_strong(info, parsed.get(), std::memory_order_acq_rel,
                                              std::memory_order_acquire)) {
    info = parsed.release();
  }
  return info;
}

Result<std::unique_ptr<encoding::ColumnInfo>> Container::ParseColumn(int index) {
  const std::string where = fmt::format("{}, column {}", path_, index);
  auto parse = [&]() -> Result<std::unique_ptr<encoding::ColumnInfo>> {
    ARROW_ASSIGN_OR_RAISE(auto bytes, Bytes(column_table_[index]));
    ColumnMetadataContext context{where, size_, /*require_alignment=*/version_.minor >= 1};
    return ParseColumnMetadata(SpanOf(*bytes), context);
  };
  ARROW_ASSIGN_OR_RAISE(auto info, WithContext(parse(), where));
  info->index = index;
  info->open_pages = std::make_unique<encoding::OpenPages>(info->pages.size(), &page_budget_);
  return info;
}

void Container::ParseSchema() const {
  pb::FileDescriptor descriptor;
  if (!pb::Parse(SpanOf(*descriptor_), &descriptor)) {
    schema_status_ = Corruption("{}: the file descriptor cannot be parsed", path_);
    return;
  }
  auto parsed = schema::FromProto(descriptor.schema().fields(), descriptor.schema().metadata());
  schema_status_ = WithContext(parsed.status(), path_);
  if (parsed.ok()) schema_ = std::move(*parsed);
}

const schema::Schema& Container::schema() const {
  std::call_once(schema_once_, [this] { ParseSchema(); });
  return schema_;
}

Status Container::schema_status() const {
  schema();
  return schema_status_;
}

std::string Container::FieldPathOf(int column) const {
  std::call_once(paths_once_, [this] {
    auto add = [this](const schema::Field&, const std::string& path) { paths_.push_back(path); };
    for (const schema::Field& field : schema().fields) ForEachColumn(field, only_leaves(), field.name, add);
  });
  return column >= 0 && static_cast<size_t>(column) < paths_.size() ? paths_[static_cast<size_t>(column)]
                                                                    : std::string();
}

const schema::Field* Container::StoredField(int32_t field_id) const { return schema().FindById(field_id); }

Result<std::vector<encoding::BufferPtr>> Container::ViewMany(std::span<const ByteRange> ranges) {
  return metadata_start_ > 0 ? object_->ViewMany(ranges) : ReadMany(ranges);
}

Result<std::vector<encoding::BufferPtr>> Container::ReadMany(std::span<const ByteRange> ranges) {
  if (metadata_start_ > 0) return object_->ReadMany(ranges);
  std::vector<encoding::BufferPtr> out;
  out.reserve(ranges.size());
  for (const ByteRange& range : ranges) {
    LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, size_),
                      "{}: bytes at {} of length {} lie outside the file of {} bytes", path_, range.offset,
                      range.length, size_);
    out.push_back(arrow::SliceBuffer(metadata_, static_cast<int64_t>(range.offset),
                                     static_cast<int64_t>(range.length)));
  }
  return out;
}

}  // namespace lance::file
