#include "lance/table/manifest_encode.h"

#include <arrow/buffer.h>

#include "lance/base/span_reader.h"
#include "lance/store/object_store.h"
#include "lance/table/field_walker.h"
#include "lance/table/manifest_serde.h"
#include "lance/table/table_proto.h"

namespace lance::table {
namespace {

constexpr uint64_t kTailBytes = 16;

// The fragments of `base` as they are written, in order; empty when they cannot be taken over.
std::vector<std::string_view> FragmentBytes(const ManifestFile& base, const Manifest& next) {
  const auto& writer = base.manifest->writer_version;
  // Other writers may leave out what was completed when the manifest was read.
  if (!writer || !next.writer_version || writer->library != next.writer_version->library) return {};
  const auto size = static_cast<uint64_t>(base.tail->size());
  const uint64_t before = base.object->size() - size;  // what the tail lacks: sections, not the manifest
  if (size < kTailBytes + 4) return {};
  auto position = static_cast<uint64_t>(LoadLE<int64_t>(base.tail->data() + size - kTailBytes));
  if (position < before || position - before > size - kTailBytes - 4) return {};
  position -= before;
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
