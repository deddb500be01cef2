// Files of version 0.1, which releases up to 0.15 wrote by default:
//
//     pages | page table | statistics | dictionary values | u32 + manifest (schema) | u32 + metadata
//     i64 position of the metadata | u16 0 | u16 0..2 | "LANC"
//
// The page table has one entry for every field id between the smallest and the largest of the file, and every
// batch; who opens a file must know these ids, from the table's DataFile or from the schema inside the file.
#include <algorithm>
#include <map>
#include <mutex>

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/encoding/v0_1/field_readers.h"
#include "lance/file/version_readers.h"
#include "lance/proto/file_format.pb.h"
#include "lance/proto/parse.h"
#include "lance/proto/table_format.pb.h"
#include "lance/schema/schema_serde.h"
#include "lance/store/object_store.h"

namespace lance::file {
namespace {

constexpr uint64_t kLegacyFooterBytes = 16;
constexpr uint64_t kMaxMessageBytes = uint64_t{1} << 30;

std::span<const uint8_t> SpanOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

/// An object as a source of bytes; what lies in `tail` is not read again.
class ObjectBytes final : public encoding::ByteSource {
 public:
  ObjectBytes(std::shared_ptr<store::ReadableObject> object, std::shared_ptr<arrow::Buffer> tail)
      : object_(std::move(object)), tail_(std::move(tail)) {
    tail_start_ = object_->size() - (tail_ != nullptr ? static_cast<uint64_t>(tail_->size()) : 0);
  }
  uint64_t size() const override { return object_->size(); }

  Result<std::vector<encoding::BufferPtr>> ReadMany(std::span<const ByteRange> ranges) override {
    for (const ByteRange& range : ranges) {
      LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, size()),
                        "{} bytes at {} lie outside the file of {}", range.length, range.offset, size());
    }
    if (tail_start_ != 0 || tail_ == nullptr) return object_->ReadMany(ranges);
    std::vector<encoding::BufferPtr> out;  // the whole (small) file is there
    out.reserve(ranges.size());
    for (const ByteRange& range : ranges) out.push_back(SliceTail(range));
    return out;
  }

  Result<encoding::BufferPtr> Read(ByteRange range, const char* what) {
    LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, size()),
                      "{} of {} bytes at {} lies outside the file of {}", what, range.length, range.offset,
                      size());
    if (tail_ != nullptr && range.offset >= tail_start_) return SliceTail(range);
    return object_->Read(range);
  }

  /// Reads a message behind its u32 length.
  Result<encoding::BufferPtr> ReadMessage(uint64_t position, const char* what) {
    ARROW_ASSIGN_OR_RAISE(auto length, Read({position, 4}, what));
    const auto size = LoadLE<uint32_t>(length->data());
    LANCE_CHECK_BYTES(size <= kMaxMessageBytes, "{} of {} bytes", what, size);
    return Read({position + 4, size}, what);
  }

 private:
  encoding::BufferPtr SliceTail(ByteRange range) const {
    return arrow::SliceBuffer(tail_, static_cast<int64_t>(range.offset - tail_start_),
                              static_cast<int64_t>(range.length));
  }
  std::shared_ptr<store::ReadableObject> object_;
  std::shared_ptr<arrow::Buffer> tail_;
  uint64_t tail_start_ = 0;
};

/// Metadata, page table and dictionaries of one file.
class LegacyContainer final : public encoding::v0_1::LegacySource {
 public:
  LegacyContainer(std::shared_ptr<store::ReadableObject> object, std::shared_ptr<arrow::Buffer> tail,
                  const ReadOptions& options)
      : path_(object->path()), bytes_(std::move(object), std::move(tail)) {
    if (options.manifest_file != nullptr) manifest_.emplace(options.manifest_file, nullptr);
  }

  Status Open(const ReadOptions& options) {
    LANCE_CHECK_BYTES(bytes_.size() >= kLegacyFooterBytes, "a file of {} bytes", bytes_.size());
    ARROW_ASSIGN_OR_RAISE(auto footer,
                          bytes_.Read({bytes_.size() - kLegacyFooterBytes, kLegacyFooterBytes}, "footer"));
    const auto position = LoadLE<int64_t>(footer->data());
    LANCE_CHECK_BYTES(position >= 0, "the metadata lies at {}", position);
    ARROW_ASSIGN_OR_RAISE(auto message, bytes_.ReadMessage(static_cast<uint64_t>(position), "metadata"));
    pb::LegacyMetadata metadata;
    LANCE_CHECK_BYTES(pb::Parse(SpanOf(*message), &metadata), "the metadata is no valid message");
    manifest_position_ = metadata.manifest_position();
    ARROW_RETURN_NOT_OK(ReadBatches(metadata));
    return ReadPageTable(metadata.page_table_position(), options);
  }

  const std::string& path() const override { return path_; }
  encoding::ByteSource* bytes() override { return &bytes_; }
  const encoding::v0_1::PageTable& pages() const override { return pages_; }
  const std::vector<uint64_t>& batch_starts() const override { return batch_starts_; }

  /// A file that describes itself holds its dictionaries, too; otherwise they are in the table's manifest.
  /// All files of a table agree on them.
  Result<encoding::DictionaryItems> Dictionary(const schema::Field& field) override {
    std::lock_guard lock(dictionaries_mutex_);
    if (auto found = dictionaries_.find(field.id); found != dictionaries_.end()) return found->second;
    const schema::Field* stored = schema().FindById(field.id);
    const bool own = stored != nullptr && stored->dictionary.has_value();
    if (!own && !manifest_) {
      return InvalidArgument("dictionary field {} needs the table's manifest file to be read", field.name);
    }
    const auto& place = own ? stored->dictionary : field.dictionary;
    LANCE_CHECK_BYTES(place && place->first >= 0 && place->second >= 0,
                      "dictionary field {} does not say where its values are", field.name);
    ARROW_ASSIGN_OR_RAISE(auto type, field.ArrowType());
    if (type->id() != arrow::Type::DICTIONARY) return Internal("{} is no dictionary", field.name);
    ARROW_ASSIGN_OR_RAISE(auto values,
                          encoding::v0_1::ReadDictionaryValues(
                              static_cast<const arrow::DictionaryType&>(*type).value_type(),
                              static_cast<uint64_t>(place->first), static_cast<uint64_t>(place->second),
                              own ? &bytes_ : &*manifest_));
    return dictionaries_[field.id] = encoding::DictionaryItems::Make(values);
  }

  /// The schema inside the file; empty when there is none.
  const schema::Schema& schema() const {
    std::call_once(schema_once_, [this] {
      auto parsed = ReadSchema();
      schema_status_ = parsed.status();
      if (parsed.ok()) schema_ = std::move(*parsed);
    });
    return schema_;
  }

 private:
  Status ReadBatches(const pb::LegacyMetadata& metadata) {
    batch_starts_.push_back(0);
    for (int i = 0; i < metadata.batch_offsets_size(); ++i) {
      const int64_t offset = metadata.batch_offsets(i);
      LANCE_CHECK_BYTES(offset >= static_cast<int64_t>(batch_starts_.back()) && (i > 0 || offset == 0),
                        "batch {} starts at row {} after {}", i, offset, batch_starts_.back());
      if (i > 0) batch_starts_.push_back(static_cast<uint64_t>(offset));
    }
    return Status::OK();
  }

  Status ReadPageTable(uint64_t position, const ReadOptions& options) {
    std::vector<int32_t> ids = options.fields;
    if (ids.empty()) {
      ids = schema().FieldIds();
      ARROW_RETURN_NOT_OK(schema_status_);
    }
    std::erase_if(ids, [](int32_t id) { return id < 0; });  // dropped fields
    if (ids.empty()) return Status::OK();
    const auto [min, max] = std::minmax_element(ids.begin(), ids.end());
    const uint64_t num_fields = static_cast<uint64_t>(int64_t{*max} - *min) + 1;
    ARROW_ASSIGN_OR_RAISE(uint64_t entries,
                          CheckedMul(num_fields, batch_starts_.size() - 1, "size of the page table"));
    ARROW_ASSIGN_OR_RAISE(uint64_t size, CheckedMul(entries, 16, "size of the page table"));
    ARROW_ASSIGN_OR_RAISE(auto table, bytes_.Read({position, size}, "page table"));
    ARROW_ASSIGN_OR_RAISE(
        pages_, encoding::v0_1::PageTable::Parse(SpanOf(*table), *min, num_fields, batch_starts_.size() - 1));
    return Status::OK();
  }

  Result<schema::Schema> ReadSchema() const {
    if (manifest_position_ == 0) return NotFound("{}: the file does not describe itself", path_);
    ARROW_ASSIGN_OR_RAISE(auto message, bytes_.ReadMessage(manifest_position_, "schema"));
    pb::Manifest manifest;
    LANCE_CHECK_BYTES(pb::Parse(SpanOf(*message), &manifest), "{}: the schema is no valid message", path_);
    return schema::FromProto(manifest.fields(), manifest.schema_metadata());
  }

  std::string path_;
  mutable ObjectBytes bytes_;
  std::optional<ObjectBytes> manifest_;
  uint64_t manifest_position_ = 0;
  std::vector<uint64_t> batch_starts_;
  encoding::v0_1::PageTable pages_;
  std::mutex dictionaries_mutex_;
  std::map<int32_t, encoding::DictionaryItems> dictionaries_;
  mutable std::once_flag schema_once_;
  mutable schema::Schema schema_;
  mutable Status schema_status_;
};

const char* EncodingName(schema::LegacyEncoding encoding) {
  switch (encoding) {
    case schema::LegacyEncoding::kNone:
      break;
    case schema::LegacyEncoding::kPlain:
      return "plain";
    case schema::LegacyEncoding::kVarBinary:
      return "var_binary";
    case schema::LegacyEncoding::kDictionary:
      return "dictionary";
    case schema::LegacyEncoding::kRle:
      return "rle";
  }
  return "none";
}

class LegacyFile final : public FileReader {
 public:
  explicit LegacyFile(std::shared_ptr<LegacyContainer> container) : container_(std::move(container)) {}

  const std::string& path() const override { return container_->path(); }
  Version version() const override { return {0, 1}; }
  uint64_t num_rows() const override { return container_->batch_starts().back(); }
  const schema::Schema& schema() const override { return container_->schema(); }
  /// Every field id of the file counts as a column, in their order.
  int num_columns() const override { return static_cast<int>(container_->pages().num_fields()); }

  Result<ColumnDescription> Describe(int column) const override {
    LANCE_CHECK_ARG(column >= 0 && column < num_columns(), "column {} of {}", column, num_columns());
    const auto& pages = container_->pages();
    const auto& starts = container_->batch_starts();
    const int32_t id = pages.min_field_id() + column;
    const schema::Field* field = schema().FindById(id);
    ColumnDescription out;
    for (uint64_t batch = 0; batch < pages.num_batches(); ++batch) {
      const auto page = pages.Find(id, batch);
      if (page.position == 0 && page.length == 0) continue;
      PageDescription description;
      description.num_rows = page.length;
      description.first_row = starts[batch];
      description.encoding = field != nullptr ? EncodingName(field->encoding) : "unknown";
      // How many bytes there are depends on the values of strings; only where they start is known.
      description.buffers.push_back({page.position, 0});
      out.pages.push_back(std::move(description));
    }
    return out;
  }
  std::vector<ByteRange> global_buffers() const override { return {}; }
  Result<std::shared_ptr<arrow::Buffer>> ReadGlobalBuffer(int index) const override {
    return NotFound("{}: a 0.1 file has no global buffer {}", path(), index);
  }
  ByteRange column_metadata_range() const override { return {}; }

  Result<std::shared_ptr<encoding::FieldReader>> OpenField(const schema::Field& field, BlobHandling blobs,
                                                           bool missing_as_null) override {
    const encoding::FieldOptions options{blobs != BlobHandling::kDescriptions, missing_as_null};
    return encoding::v0_1::OpenField(field, options, container_);
  }
  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(std::span<const ByteRange> ranges) override {
    return container_->bytes()->ReadMany(ranges);
  }

 private:
  std::shared_ptr<LegacyContainer> container_;
};

}  // namespace

Result<std::shared_ptr<FileReader>> OpenV0_1(std::shared_ptr<store::ReadableObject> object,
                                             std::shared_ptr<arrow::Buffer> tail,
                                             const ReadOptions& options) {
  auto container = std::make_shared<LegacyContainer>(std::move(object), std::move(tail), options);
  ARROW_RETURN_NOT_OK(container->Open(options));
  return std::make_shared<LegacyFile>(std::move(container));
}

}  // namespace lance::file
