#include "lance/encoding/write/blob_placer.h"

#include <charconv>

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

#include "lance/encoding/core/blob.h"
#include "lance/encoding/write/column_writer.h"
#include "lance/store/object_store.h"

namespace lance::encoding {
namespace {

Status ReadThreshold(const schema::Field& field, const char* key, bool zero_allowed, uint64_t* out) {
  auto found = field.metadata.find(key);
  if (found == field.metadata.end()) return Status::OK();
  const std::string& text = found->second;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || (*out == 0 && !zero_allowed)) {
    return InvalidArgument("field {}: {} is \"{}\", not a number of bytes", field.name, key, text);
  }
  return Status::OK();
}

// A member of the struct by name; none when it has no such member.
const arrow::ArrayData* Member(const arrow::ArrayData& array, std::string_view name) {
  const arrow::DataType* type = array.type.get();
  while (type->id() == arrow::Type::EXTENSION) {
    type = static_cast<const arrow::ExtensionType*>(type)->storage_type().get();
  }
  for (int i = 0; i < type->num_fields(); ++i) {
    if (type->field(i)->name() == name) return array.child_data[static_cast<size_t>(i)].get();
  }
  return nullptr;
}

bool IsNull(const arrow::ArrayData* array, uint64_t row) {
  if (array == nullptr || array->type->id() == arrow::Type::NA) return true;
  return array->buffers[0] != nullptr &&
         !arrow::bit_util::GetBit(array->buffers[0]->data(), array->offset + static_cast<int64_t>(row));
}

template <typename Offset>
std::span<const uint8_t> BytesAt(const arrow::ArrayData& array, uint64_t row) {
  const auto* offsets = array.GetValues<Offset>(1);
  const auto length = static_cast<size_t>(offsets[row + 1] - offsets[row]);
  if (length == 0) return {};
  return {array.buffers[2]->data() + offsets[row], length};
}

std::span<const uint8_t> ValueAt(const arrow::ArrayData& array, uint64_t row) {
  const auto id = array.type->id();
  return id == arrow::Type::LARGE_BINARY || id == arrow::Type::LARGE_STRING ? BytesAt<int64_t>(array, row)
                                                                            : BytesAt<int32_t>(array, row);
}

// Descriptors while they are put together.
struct Descriptors {
  arrow::UInt8Builder kind;
  arrow::UInt64Builder position;
  arrow::UInt64Builder size;
  arrow::UInt32Builder blob_id;
  arrow::StringBuilder uri;

  Status Append(BlobKind what, uint64_t at, uint64_t bytes, uint32_t id, std::string_view where) {
    ARROW_RETURN_NOT_OK(kind.Append(static_cast<uint8_t>(what)));
    ARROW_RETURN_NOT_OK(position.Append(at));
    ARROW_RETURN_NOT_OK(size.Append(bytes));
    ARROW_RETURN_NOT_OK(blob_id.Append(id));
    return uri.Append(where);
  }

  Result<std::shared_ptr<arrow::ArrayData>> Finish() {
    arrow::FieldVector fields;
    std::vector<std::shared_ptr<arrow::ArrayData>> members;
    int64_t length = 0;
    auto add = [&](const char* name, auto* builder) -> Status {
      std::shared_ptr<arrow::Array> array;
      ARROW_RETURN_NOT_OK(builder->Finish(&array));
      fields.push_back(arrow::field(name, array->type(), false));
      length = array->length();
      members.push_back(array->data());
      return Status::OK();
    };
    ARROW_RETURN_NOT_OK(add("kind", &kind));
    ARROW_RETURN_NOT_OK(add("position", &position));
    ARROW_RETURN_NOT_OK(add("size", &size));
    ARROW_RETURN_NOT_OK(add("blob_id", &blob_id));
    ARROW_RETURN_NOT_OK(add("blob_uri", &uri));
    return arrow::ArrayData::Make(arrow::struct_(fields), length, {nullptr}, std::move(members), 0);
  }
};

}  // namespace

/// One value as it came.
struct BlobPlacer::Row {
  bool external = false;
  std::span<const uint8_t> bytes;  ///< the value, or the URI
  uint64_t position = 0;           ///< external: the range of the object
  uint64_t size = 0;
};

BlobSidecars::BlobSidecars(MakeSidecar make) : make_(std::move(make)) {}
BlobSidecars::~BlobSidecars() {
  if (pack_ != nullptr) pack_->Abort();
}

Result<BlobSidecars::Place> BlobSidecars::WriteDedicated(std::span<const uint8_t> bytes) {
  const uint32_t id = next_id_++;
  ARROW_ASSIGN_OR_RAISE(auto object, make_(id));
  ARROW_RETURN_NOT_OK(object->Write(bytes));
  ARROW_RETURN_NOT_OK(object->Close());
  return Place{id, 0};
}

Result<BlobSidecars::Place> BlobSidecars::WritePacked(std::span<const uint8_t> bytes,
                                                      uint64_t max_pack_bytes) {
  if (pack_ != nullptr && pack_->position() + bytes.size() > max_pack_bytes) ARROW_RETURN_NOT_OK(Finish());
  if (pack_ == nullptr) {
    pack_id_ = next_id_++;
    ARROW_ASSIGN_OR_RAISE(pack_, make_(pack_id_));
  }
  const Place place{pack_id_, pack_->position()};
  ARROW_RETURN_NOT_OK(pack_->Write(bytes));
  return place;
}

Status BlobSidecars::Finish() {
  if (pack_ == nullptr) return Status::OK();
  Status status = pack_->Close();
  if (!status.ok()) pack_->Abort();
  pack_.reset();
  return status;
}

Result<BlobPlacer> BlobPlacer::Make(const schema::Field& field, BlobSidecars* sidecars) {
  BlobPlacer placer;
  placer.name_ = field.name;
  placer.sidecars_ = sidecars;
  ARROW_RETURN_NOT_OK(
      ReadThreshold(field, "lance-encoding:blob-inline-size-threshold", true, &placer.max_inline_));
  ARROW_RETURN_NOT_OK(
      ReadThreshold(field, "lance-encoding:blob-dedicated-size-threshold", false, &placer.max_packed_));
  ARROW_RETURN_NOT_OK(
      ReadThreshold(field, "lance-encoding:blob-pack-file-size-threshold", false, &placer.max_pack_bytes_));
  return placer;
}

Result<BlobPlacer::Row> BlobPlacer::RowAt(const arrow::ArrayData& array, uint64_t row) const {
  const uint64_t at = row + static_cast<uint64_t>(array.offset);
  const arrow::ArrayData* data = Member(array, "data");
  const arrow::ArrayData* uri = Member(array, "uri");
  const arrow::ArrayData* position = Member(array, "position");
  const arrow::ArrayData* size = Member(array, "size");
  const bool has_data = !IsNull(data, at);
  const bool has_uri = !IsNull(uri, at);
  const bool has_range = !IsNull(position, at);
  LANCE_CHECK_ARG(has_range != IsNull(size, at),
                  "Blob v2 field '{}' row {} must set both `position` and `size`, or neither", name_, row);
  LANCE_CHECK_ARG(has_uri || !has_range,
                  "Blob v2 field '{}' row {} sets `position` and `size` but `uri` is null", name_, row);
  LANCE_CHECK_ARG(has_data != has_uri, "Blob v2 field '{}' row {} must set exactly one of `data` and `uri`",
                  name_, row);
  Row out;
  out.external = has_uri;
  out.bytes = ValueAt(has_uri ? *uri : *data, at);
  if (has_range) {
    out.position = position->GetValues<uint64_t>(1)[at];
    out.size = size->GetValues<uint64_t>(1)[at];
    LANCE_CHECK_ARG(out.size > 0, "Blob v2 field '{}' row {} external range `size` must be greater than zero",
                    name_, row);
  }
  return out;
}

// Visits the visible slots; null rows have no Row.
template <typename Visit>
Status BlobPlacer::ForEachRow(const ShreddedLeaf& rows, Visit&& visit) const {
  // Null and empty lists have slots that no value belongs to: their levels are above those of the leaf.
  std::vector<bool> nulls;
  nulls.reserve(rows.num_values);
  const bool lists = !rows.rep.empty();
  for (uint64_t slot = 0; slot < rows.num_slots; ++slot) {
    const uint16_t def = rows.def.empty() ? uint16_t{0} : rows.def[slot];
    if (!lists || def <= rows.max_visible) nulls.push_back(def != 0);
  }
  uint64_t value = 0;
  for (const ValuePiece& piece : rows.values) {
    for (const RowRange& range : piece.rows) {
      for (uint64_t row = range.start; row < range.end(); ++row, ++value) {
        if (nulls[value]) {
          ARROW_RETURN_NOT_OK(visit(nullptr));
          continue;
        }
        ARROW_ASSIGN_OR_RAISE(Row found, RowAt(*piece.array, row));
        ARROW_RETURN_NOT_OK(visit(&found));
      }
    }
  }
  return Status::OK();
}

Status BlobPlacer::Check(const ShreddedLeaf& rows) const {
  return ForEachRow(rows, [](const Row*) { return Status::OK(); });
}

Status BlobPlacer::Place(ShreddedLeaf* rows, PageSink* sink) const {
  Descriptors out;
  auto place = [&](const Row* row) -> Status {
    if (row == nullptr) return out.Append(BlobKind::kInline, 0, 0, 0, "");
    const uint64_t size = row->bytes.size();
    if (row->external) {
      const std::string_view uri(reinterpret_cast<const char*>(row->bytes.data()), size);
      return out.Append(BlobKind::kExternal, row->position, row->size, 0, uri);
    }
    if (size > max_packed_ && sidecars_->available()) {
      ARROW_ASSIGN_OR_RAISE(auto where, sidecars_->WriteDedicated(row->bytes));
      return out.Append(BlobKind::kDedicated, where.position, size, where.blob_id, "");
    }
    if (size > max_inline_ && sidecars_->available()) {
      ARROW_ASSIGN_OR_RAISE(auto where, sidecars_->WritePacked(row->bytes, max_pack_bytes_));
      return out.Append(BlobKind::kPacked, where.position, size, where.blob_id, "");
    }
    uint64_t position = 0;
    if (size > 0) {
      ARROW_ASSIGN_OR_RAISE(position, sink->WriteBytes(row->bytes));
    }
    return out.Append(BlobKind::kInline, position, size, 0, "");
  };
  ARROW_RETURN_NOT_OK(ForEachRow(*rows, place));
  ARROW_ASSIGN_OR_RAISE(auto descriptors, out.Finish());
  rows->values.clear();
  if (rows->num_values > 0) rows->values.push_back({std::move(descriptors), {{0, rows->num_values}}});
  return Status::OK();
}

}  // namespace lance::encoding
