#include "lance/encoding/core/blob.h"

#include <arrow/api.h>

namespace lance::encoding {
namespace {

Status WrongType(const arrow::DataType& type) {
  return InvalidArgument("{} is not the type of blob descriptors", type.ToString());
}

Result<BlobKind> KindOfNumber(uint8_t number) {
  if (number > static_cast<uint8_t>(BlobKind::kManagedWithBase)) {
    return NotSupported("blob kind {} is not known to this release", number);
  }
  return static_cast<BlobKind>(number);
}

}  // namespace

Result<std::vector<std::optional<BlobLocation>>> LocateBlobs(const arrow::ArrayData& descriptors) {
  if (descriptors.type->id() != arrow::Type::STRUCT) return WrongType(*descriptors.type);
  const arrow::StructArray array(descriptors.Copy());
  auto member = [&](const char* name, arrow::Type::type id) -> std::shared_ptr<arrow::Array> {
    auto found = array.GetFieldByName(name);
    return found != nullptr && found->type_id() == id ? found : nullptr;
  };
  auto position = member("position", arrow::Type::UINT64), size = member("size", arrow::Type::UINT64);
  auto kind = member("kind", arrow::Type::UINT8), blob_id = member("blob_id", arrow::Type::UINT32);
  auto uri = member("blob_uri", arrow::Type::STRING);
  const bool v2 = array.num_fields() == 5;
  if (position == nullptr || size == nullptr) return WrongType(*descriptors.type);
  if (v2 && (kind == nullptr || blob_id == nullptr || uri == nullptr)) return WrongType(*descriptors.type);
  std::vector<std::optional<BlobLocation>> out(static_cast<size_t>(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i) || (v2 && kind->IsNull(i))) continue;  // old writers mark null rows in `kind`
    BlobLocation location;
    location.position = static_cast<const arrow::UInt64Array&>(*position).Value(i);
    location.size = static_cast<const arrow::UInt64Array&>(*size).Value(i);
    if (v2) {
      ARROW_ASSIGN_OR_RAISE(location.kind,
                            KindOfNumber(static_cast<const arrow::UInt8Array&>(*kind).Value(i)));
      location.blob_id = static_cast<const arrow::UInt32Array&>(*blob_id).Value(i);
      location.uri = static_cast<const arrow::StringArray&>(*uri).GetString(i);
    }
    out[static_cast<size_t>(i)] = std::move(location);
  }
  return out;
}

Result<std::string> BlobResolver::UriOf(const BlobLocation& location) const {
  if (location.blob_id == 0) return location.uri;
  return NotSupported("external blobs below base path {}", location.blob_id);
}

const std::shared_ptr<arrow::DataType>& WritableBlobType() {
  static const std::shared_ptr<arrow::DataType> kType =
      arrow::struct_({arrow::field("data", arrow::large_binary()), arrow::field("uri", arrow::utf8()),
                      arrow::field("position", arrow::uint64()), arrow::field("size", arrow::uint64())});
  return kType;
}

std::string BlobSidecarPath(std::string_view data_file_name, uint32_t blob_id) {
  if (data_file_name.ends_with(".lance")) data_file_name.remove_suffix(6);
  std::string digits(32, '0');
  for (int bit = 0; bit < 32; ++bit) {
    if (blob_id >> bit & 1) digits[static_cast<size_t>(bit)] = '1';
  }
  return std::string(data_file_name) + "/" + digits + ".blob";
}

}  // namespace lance::encoding
