#include "lance/file/file_body.h"

#include "lance/proto/file_format.pb.h"
#include "lance/schema/schema_serde.h"

namespace lance::file {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint8_t kPadByte = 0x48;
constexpr char kOldPageUrl[] = "/lance.encodings.ArrayEncoding";
constexpr char kPageUrl[] = "/lance.encodings21.PageLayout";
constexpr char kColumnUrl[] = "/lance.encodings.ColumnEncoding";

// Wraps a message the way columns and pages name theirs.
void SetEncoding(const char* url, std::string message, pb::Encoding* out) {
  pb::Any any;
  any.set_type_url(url);
  any.set_value(std::move(message));
  out->mutable_direct()->set_encoding(any.SerializeAsString());
}

template <typename Number>
void AppendNumber(Number number, std::vector<uint8_t>* out) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&number);
  out->insert(out->end(), bytes, bytes + sizeof(number));
}

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// The schema as the file has it: blob v2 columns are what is stored of them.
schema::Field StoredField(const schema::Field& field) {
  if (field.is_blob_v2() && field.FindChild("data") != nullptr) return field.BlobDescriptor();
  schema::Field out = field;
  for (schema::Field& child : out.children) child = StoredField(child);
  return out;
}

}  // namespace

FileBody::FileBody(std::unique_ptr<store::WritableObject> object, Version version)
    : object_(std::move(object)), version_(version) {}
FileBody::~FileBody() = default;

void FileBody::AddColumn(std::string encoding) {
  SetEncoding(kColumnUrl, std::move(encoding), columns_.emplace_back().mutable_encoding());
}

size_t FileBody::num_columns() const { return columns_.size(); }

Result<uint64_t> FileBody::WriteBytes(std::span<const uint8_t> bytes) {
  static const std::vector<uint8_t> padding(kAlignment, kPadByte);
  const uint64_t rest = object_->position() % kAlignment;
  if (rest != 0) ARROW_RETURN_NOT_OK(object_->Write({padding.data(), kAlignment - rest}));
  const uint64_t at = object_->position();
  ARROW_RETURN_NOT_OK(object_->Write(bytes));
  return at;
}

Status FileBody::WritePage(size_t column, encoding::EncodedPage page) {
  pb::ColumnMetadata::Page* described = columns_[column].add_pages();
  for (const encoding::BufferPtr& buffer : page.buffers) {
    const auto size = static_cast<uint64_t>(buffer->size());
    ARROW_ASSIGN_OR_RAISE(uint64_t at, WriteBytes({buffer->data(), size}));
    described->add_buffer_offsets(at);
    described->add_buffer_sizes(size);
  }
  described->set_length(page.num_rows);
  described->set_priority(page.first_row);
  SetEncoding(version_.minor == 0 ? kOldPageUrl : kPageUrl, std::move(page.encoding),
              described->mutable_encoding());
  return Status::OK();
}

Result<uint32_t> FileBody::AddGlobalBuffer(std::span<const uint8_t> bytes) {
  ARROW_ASSIGN_OR_RAISE(uint64_t at, WriteBytes(bytes));
  globals_.push_back({at, bytes.size()});
  return static_cast<uint32_t>(globals_.size());
}

Result<uint64_t> FileBody::Finish(const schema::Schema& schema, uint64_t num_rows) {
  pb::FileDescriptor descriptor;
  descriptor.set_length(num_rows);
  schema::ToProto(schema, descriptor.mutable_schema()->mutable_fields(),
                  descriptor.mutable_schema()->mutable_metadata());
  const std::string bytes = descriptor.SerializeAsString();
  ARROW_ASSIGN_OR_RAISE(uint64_t at, WriteBytes(AsBytes(bytes)));
  globals_.insert(globals_.begin(), {at, bytes.size()});

  const uint64_t metadata = object_->position();
  std::vector<uint8_t> tail;
  for (const pb::ColumnMetadata& column : columns_) {
    const std::string message = column.SerializeAsString();
    AppendNumber<uint64_t>(object_->position(), &tail);
    AppendNumber<uint64_t>(message.size(), &tail);
    ARROW_RETURN_NOT_OK(object_->Write(AsBytes(message)));
  }
  const uint64_t column_table = object_->position();
  const uint64_t global_table = column_table + tail.size();
  for (const ByteRange& range : globals_) {
    AppendNumber<uint64_t>(range.offset, &tail);
    AppendNumber<uint64_t>(range.length, &tail);
  }
  AppendNumber<uint64_t>(metadata, &tail);
  AppendNumber<uint64_t>(column_table, &tail);
  AppendNumber<uint64_t>(global_table, &tail);
  AppendNumber(static_cast<uint32_t>(globals_.size()), &tail);
  AppendNumber(static_cast<uint32_t>(columns_.size()), &tail);
  const bool old_numbers = version_.minor == 0;  // 2.0 calls itself 0.3
  AppendNumber(static_cast<uint16_t>(old_numbers ? 0 : version_.major), &tail);
  AppendNumber(static_cast<uint16_t>(old_numbers ? 3 : version_.minor), &tail);
  tail.insert(tail.end(), {'L', 'A', 'N', 'C'});
  ARROW_RETURN_NOT_OK(object_->Write(tail));
  const uint64_t size = object_->position();
  ARROW_RETURN_NOT_OK(object_->Close());
  return size;
}

schema::Schema StoredSchema(schema::Schema schema) {
  for (schema::Field& field : schema.fields) field = StoredField(field);
  return schema;
}

}  // namespace lance::file
