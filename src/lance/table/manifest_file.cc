#include "lance/table/manifest_file.h"

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/store/object_store.h"
#include "lance/table/manifest_serde.h"

namespace lance::table {
namespace {

constexpr uint64_t kTailBytes = 16;
constexpr uint64_t kPrefetch = 64 << 10;
constexpr char kMagic[] = {'L', 'A', 'N', 'C'};

std::span<const uint8_t> BytesOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

// Where the manifest's length is, checked to leave room for it and the tail.
Result<uint64_t> ManifestPosition(std::span<const uint8_t> tail, uint64_t file_size) {
  LANCE_CHECK_BYTES(tail.size() >= kTailBytes, "a manifest of {} bytes is too short", file_size);
  const uint8_t* end = tail.data() + tail.size();
  LANCE_CHECK_BYTES(std::memcmp(end - 4, kMagic, 4) == 0, "the manifest does not end with \"LANC\"");
  const auto position = LoadLE<int64_t>(end - 16);
  LANCE_CHECK_BYTES(position >= 0 && RangeFits(static_cast<uint64_t>(position), 4 + kTailBytes, file_size),
                    "the manifest is said to start at {} of {} bytes", position, file_size);
  return static_cast<uint64_t>(position);
}

Result<ManifestFile> Read(const std::shared_ptr<store::ReadableObject>& object) {
  const uint64_t size = object->size();
  const uint64_t prefetched = std::min(size, kPrefetch);
  ManifestFile out;
  out.object = object;
  ARROW_ASSIGN_OR_RAISE(out.tail, object->Read({size - prefetched, prefetched}));
  ARROW_ASSIGN_OR_RAISE(uint64_t position, ManifestPosition(BytesOf(*out.tail), size));
  if (size - position > prefetched) {
    ARROW_ASSIGN_OR_RAISE(out.tail, object->Read({position, size - position}));
  }
  const std::span<const uint8_t> bytes = BytesOf(*out.tail).last(size - position);
  const uint32_t length = LoadLE<uint32_t>(bytes.data());
  LANCE_CHECK_BYTES(length == bytes.size() - 4 - kTailBytes,
                    "the manifest is said to have {} bytes but has {}", length,
                    bytes.size() - 4 - kTailBytes);
  ARROW_ASSIGN_OR_RAISE(out.manifest, ParseManifest(bytes.subspan(4, length)));
  return out;
}

// What was written, kept in memory.
class WrittenObject : public store::ReadableObject {
 public:
  WrittenObject(std::string path, std::shared_ptr<arrow::Buffer> bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return static_cast<uint64_t>(bytes_->size()); }
  Status ReadInto(ByteRange range, uint8_t* out) override {
    LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, size()), "{}: read past its end", path_);
    std::memcpy(out, bytes_->data() + range.offset, range.length);
    return Status::OK();
  }

 private:
  const std::string path_;
  const std::shared_ptr<arrow::Buffer> bytes_;
};

Status CheckNoDictionary(const schema::Field& field) {
  if (field.dictionary) return NotSupported("commits to 0.1 tables with dictionary columns ({})", field.name);
  for (const schema::Field& child : field.children) ARROW_RETURN_NOT_OK(CheckNoDictionary(child));
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> ManifestFile::ReadSection(uint64_t position, const char* what) const {
  const uint64_t size = object->size();
  LANCE_CHECK_BYTES(RangeFits(position, 4, size), "the {} is said to be at {} of {} bytes", what, position,
                    size);
  const uint64_t tail_start = size - static_cast<uint64_t>(tail->size());
  if (position >= tail_start) {
    const uint32_t length = LoadLE<uint32_t>(tail->data() + (position - tail_start));
    LANCE_CHECK_BYTES(RangeFits(position + 4, length, size), "the {} at {} is said to have {} bytes", what,
                      position, length);
    return arrow::SliceBuffer(tail, static_cast<int64_t>(position + 4 - tail_start), length);
  }
  uint8_t prefix[4];
  ARROW_RETURN_NOT_OK(object->ReadInto({position, 4}, prefix));
  const uint32_t length = LoadLE<uint32_t>(prefix);
  LANCE_CHECK_BYTES(RangeFits(position + 4, length, size), "the {} at {} is said to have {} bytes", what,
                    position, length);
  return object->Read({position + 4, length});
}

Result<ManifestFile> ReadManifestFile(store::ObjectStore& store, const std::string& key) {
  ARROW_ASSIGN_OR_RAISE(auto object, store.Open(key));
  return WithContext(Read(object), object->path());
}

Result<std::string> EncodeManifestFile(std::span<const IndexMetadata> indices, std::string_view transaction,
                                       Manifest* manifest) {
  if (manifest->data_storage_version == "0.1") {
    for (const schema::Field& field : manifest->schema.fields) ARROW_RETURN_NOT_OK(CheckNoDictionary(field));
  }
  std::string out;
  const auto append = [&](std::string_view message) {
    const auto position = out.size();
    const auto length = static_cast<uint32_t>(message.size());
    out.append(reinterpret_cast<const char*>(&length), sizeof(length));
    out.append(message);
    return position;
  };
  manifest->index_section.reset();
  manifest->transaction_section.reset();
  if (!indices.empty()) {
    ARROW_ASSIGN_OR_RAISE(std::string section, SerializeIndexSection(indices));
    manifest->index_section = append(section);
  }
  if (!transaction.empty()) manifest->transaction_section = append(transaction);
  ARROW_ASSIGN_OR_RAISE(std::string message, SerializeManifest(*manifest));
  AppendManifestTail(append(message), &out);
  return out;
}

void AppendManifestTail(uint64_t position, std::string* out) {
  out->append(reinterpret_cast<const char*>(&position), sizeof(position));
  const uint16_t version[] = {0, 2};
  out->append(reinterpret_cast<const char*>(version), sizeof(version));
  out->append(kMagic, sizeof(kMagic));
}

ManifestFile AdoptManifestFile(std::string path, std::string bytes, std::shared_ptr<Manifest> manifest) {
  ManifestFile out;
  out.tail = arrow::Buffer::FromString(std::move(bytes));
  out.object = std::make_shared<WrittenObject>(std::move(path), out.tail);
  out.manifest = std::move(manifest);
  return out;
}

}  // namespace lance::table
