#include "lance/table/manifest_encode.h"

#include <arrow/buffer.h>

#include "lance/base/span_reader.h"
#include "lance/store/object_store.h"
#include "lance/table/manifest_serde.h"
#include "lance/table/table_proto.h"

namespace lance::table {
namespace {

constexpr uint64_t kTailBytes = 16;
constexpr uint32_t kFragmentsField = 2;

// Reads the fields of a message that this library wrote; any doubt ends the walk.
class FieldWalker {
 public:
  explicit FieldWalker(std::string_view message) : rest_(message) {}

  /// Moves to the next field; false at the end, or when the bytes are not as expected.
  bool Next() {
    const std::string_view start = rest_;
    uint64_t tag = 0, length = 0;
    if (!Varint(&tag)) return false;
    number_ = static_cast<uint32_t>(tag >> 3);
    switch (tag & 7) {
      case 0:
        if (!Varint(&length)) return false;
        break;
      case 2:
        if (!Varint(&length) || length > rest_.size()) return false;
        rest_.remove_prefix(length);
        break;
      default:
        return false;
    }
    whole_ = start.substr(0, start.size() - rest_.size());
    return true;
  }
  uint32_t number() const { return number_; }
  std::string_view whole() const { return whole_; }  ///< tag and length included
  bool at_end() const { return rest_.empty(); }

 private:
  bool Varint(uint64_t* out) {
    *out = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      *out |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  std::string_view rest_;
  std::string_view whole_;
  uint32_t number_ = 0;
};

// The fragments of `base` as they are written, in order; empty when they cannot be taken over.
std::vector<std::string_view> FragmentBytes(const ManifestFile& base, const Manifest& next) {
  const auto& writer = base.manifest->writer_version;
  // Other writers may leave out what was completed when the manifest was read.
  if (!writer || !next.writer_version || writer->library != next.writer_version->library) return {};
  const auto size = static_cast<uint64_t>(base.tail->size());
  if (size != base.object->size() || size < kTailBytes + 4) return {};
  const auto position = static_cast<uint64_t>(LoadLE<int64_t>(base.tail->data() + size - kTailBytes));
  if (position > size - kTailBytes - 4) return {};
  const auto* start = reinterpret_cast<const char*>(base.tail->data()) + position + 4;
  FieldWalker walker({start, size - kTailBytes - position - 4});
  std::vector<std::string_view> out;
  out.reserve(base.manifest->fragments.size());
  while (walker.Next()) {
    if (walker.number() == kFragmentsField) out.push_back(walker.whole());
  }
  if (!walker.at_end() || out.size() != base.manifest->fragments.size()) return {};
  return out;
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void AppendMessage(std::string_view message, std::string* out) {
  const auto length = static_cast<uint32_t>(message.size());
  out->append(reinterpret_cast<const char*>(&length), sizeof(length));
  out->append(message);
}

Status AppendFragment(const Fragment& fragment, std::string* out) {
  pb::DataFragment message;
  ToProto(fragment, &message);
  std::string bytes;
  if (!message.SerializeToString(&bytes)) return ResourceExhausted("fragment {} is too large", fragment.id);
  AppendVarint(kFragmentsField << 3 | 2, out);
  AppendVarint(bytes.size(), out);
  out->append(bytes);
  return Status::OK();
}

}  // namespace

Result<std::string> EncodeNextManifestFile(const ManifestFile& base, std::span<const IndexMetadata> indices,
                                           std::string_view transaction, Manifest* manifest) {
  const std::vector<std::string_view> written = FragmentBytes(base, *manifest);
  if (written.empty() || manifest->data_storage_version == "0.1") {
    return EncodeManifestFile(indices, transaction, manifest);
  }
  std::string out;
  manifest->index_section.reset();
  manifest->transaction_section.reset();
  if (!indices.empty()) {
    ARROW_ASSIGN_OR_RAISE(std::string section, SerializeIndexSection(indices));
    manifest->index_section = out.size();
    AppendMessage(section, &out);
  }
  if (!transaction.empty()) {
    manifest->transaction_section = out.size();
    AppendMessage(transaction, &out);
  }
  std::vector<Fragment> fragments = std::move(manifest->fragments);
  manifest->fragments.clear();
  auto others = SerializeManifest(*manifest);
  manifest->fragments = std::move(fragments);
  ARROW_RETURN_NOT_OK(others.status());
  const uint64_t position = out.size();
  AppendMessage(*others, &out);
  const std::vector<Fragment>& before = base.manifest->fragments;
  size_t at = 0;  // both lists ascend by id
  for (const Fragment& fragment : manifest->fragments) {
    while (at < before.size() && before[at].id < fragment.id) ++at;
    if (at < before.size() && before[at] == fragment) {
      out.append(written[at]);
    } else {
      ARROW_RETURN_NOT_OK(AppendFragment(fragment, &out));
    }
  }
  const uint64_t length = out.size() - position - 4;
  if (length > INT32_MAX) return ResourceExhausted("the manifest does not fit 2 GiB");
  const auto short_length = static_cast<uint32_t>(length);
  std::memcpy(out.data() + position, &short_length, sizeof(short_length));
  AppendManifestTail(position, &out);
  return out;
}

}  // namespace lance::table
