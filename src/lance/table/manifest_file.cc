#include "lance/table/manifest_file.h"

#include <algorithm>
#include <cstring>

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/runtime/session.h"
#include "lance/store/object_store.h"
#include "lance/table/field_walker.h"
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

// A file whose bytes are read, but not yet understood.
struct ManifestBytes {
  ManifestFile file;
  std::span<const uint8_t> message;
};

Result<ManifestBytes> ReadBytes(const std::shared_ptr<store::ReadableObject>& object) {
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
  return ManifestBytes{std::move(out), bytes.subspan(4, length)};
}

Result<ManifestFile> Read(const std::shared_ptr<store::ReadableObject>& object) {
  ARROW_ASSIGN_OR_RAISE(ManifestBytes read, ReadBytes(object));
  ARROW_ASSIGN_OR_RAISE(read.file.manifest, ParseManifest(read.message));
  return std::move(read.file);
}

std::string NewestKey(const std::string& path) { return "manifest:" + path.substr(0, path.rfind('/')); }

// Whether nothing will be completed in it (see TableSnapshot::Make), so that it can be shared.
bool IsComplete(const Manifest& manifest) {
  return manifest.writer_version.has_value() &&
         std::all_of(manifest.fragments.begin(), manifest.fragments.end(),
                     [](const Fragment& fragment) { return fragment.physical_rows > 0; });
}

// Whether a file that was read before ends with these bytes, message and tail.
bool EndsWith(const ManifestFile& file, std::span<const uint8_t> message) {
  const std::span<const uint8_t> before = BytesOf(*file.tail);
  const size_t length = message.size() + kTailBytes;
  return before.size() >= length &&
         std::memcmp(before.data() + before.size() - length, message.data(), length) == 0;
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

Result<ManifestFile> ReadNewestManifest(store::ObjectStore& store, const std::string& key,
                                        runtime::Cache* cache) {
  ARROW_ASSIGN_OR_RAISE(auto object, store.Open(key));
  auto read = ReadBytes(object);
  ARROW_RETURN_NOT_OK(WithContext(read.status(), object->path()));
  if (auto found = std::static_pointer_cast<const ManifestFile>(cache->Find(NewestKey(object->path())))) {
    if (found->object->path() == object->path() && found->object->size() == object->size() &&
        EndsWith(*found, read->message)) {
      return *found;
    }
  }
  auto manifest = ParseManifest(read->message);
  ARROW_RETURN_NOT_OK(WithContext(manifest.status(), object->path()));
  read->file.manifest = std::move(*manifest);
  KeepNewestManifest(read->file, cache);
  return std::move(read->file);
}

Result<ManifestOutline> ReadManifestOutline(store::ObjectStore& store, const std::string& key) {
  ARROW_ASSIGN_OR_RAISE(auto object, store.Open(key));
  const auto read = [&]() -> Result<ManifestOutline> {
    ARROW_ASSIGN_OR_RAISE(ManifestBytes bytes, ReadBytes(object));
    ManifestOutline out;
    std::string others;
    FieldWalker walker({reinterpret_cast<const char*>(bytes.message.data()), bytes.message.size()});
    while (walker.Next()) {
      if (walker.number() == kFragmentsField) {
        out.fragments.push_back(walker.value());
      } else {
        others.append(walker.whole());
      }
    }
    LANCE_CHECK_BYTES(walker.at_end(), "the manifest is not a protobuf message");
    ARROW_ASSIGN_OR_RAISE(bytes.file.manifest,
                          ParseManifest({reinterpret_cast<const uint8_t*>(others.data()), others.size()}));
    out.file = std::move(bytes.file);
    return out;
  };
  return WithContext(read(), object->path());
}

void KeepNewestManifest(const ManifestFile& file, runtime::Cache* cache) {
  if (!IsComplete(*file.manifest)) return;
  constexpr uint64_t kParsedBytes = 4;  // in memory, of a byte in the file
  cache->Insert(NewestKey(file.object->path()), std::make_shared<ManifestFile>(file),
                static_cast<uint64_t>(file.tail->size()) * (1 + kParsedBytes));
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
