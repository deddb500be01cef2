// The JSON form of fragments that pylance's FragmentMetadata.to_json() gives and from_json() takes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lance/base/json.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/table/commit.h"
#include "lance/write.h"

namespace lance {
namespace {

using table::DataFile;
using table::DeletionFile;
using table::Lineage;

std::string OptionalNumber(const std::optional<uint32_t>& value) {
  return value.has_value() ? std::to_string(*value) : "null";
}

std::string LineageJson(const Lineage& lineage, const char* inline_name, const char* column_name) {
  if (lineage.kind == Lineage::Kind::kAbsent) return "null";
  if (lineage.kind == Lineage::Kind::kColumn) return fmt::format("\"{}\"", column_name);
  std::vector<int> bytes;
  for (char c : lineage.inline_bytes) bytes.push_back(static_cast<unsigned char>(c));
  return fmt::format("{{\"{}\": [{}]}}", inline_name, fmt::join(bytes, ", "));
}

std::string FileJson(const DataFile& file) {
  return fmt::format(
      "{{\"path\": {}, \"fields\": [{}], \"column_indices\": [{}], \"file_major_version\": {}, "
      "\"file_minor_version\": {}, \"file_size_bytes\": {}, \"base_id\": {}}}",
      QuoteJson(file.path), fmt::join(file.fields, ", "), fmt::join(file.column_indices, ", "),
      file.major_version, file.minor_version, file.size_bytes == 0 ? "null" : std::to_string(file.size_bytes),
      OptionalNumber(file.base_id));
}

std::string DeletionJson(const std::optional<DeletionFile>& file) {
  if (!file.has_value()) return "null";
  return fmt::format(
      "{{\"read_version\": {}, \"id\": {}, \"file_type\": \"{}\", \"num_deleted_rows\": {}, \"base_id\": "
      "{}}}",
      file->read_version, file->id, file->type == DeletionFile::Type::kBitmap ? "bitmap" : "array",
      file->num_deleted_rows == 0 ? "null" : std::to_string(file->num_deleted_rows),
      OptionalNumber(file->base_id));
}

// Reads members of one object; remembers the first failure.
class Reader {
 public:
  explicit Reader(const JsonValue& object) : object_(object) {
    if (object.kind() != JsonValue::Kind::kObject) Fail("an object", "");
  }

  /// nullptr when absent or null.
  const JsonValue* Find(const char* name) const {
    const JsonValue* value = object_.Find(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  uint64_t Number(const char* name, bool required = false) {
    const JsonValue* value = Find(name);
    if (value == nullptr) {
      if (required) Fail("a number", name);
      return 0;
    }
    std::optional<uint64_t> number = value->AsUint64();
    if (!number.has_value()) Fail("a number", name);
    return number.value_or(0);
  }
  std::optional<uint32_t> OptionalNumber(const char* name) {
    if (Find(name) == nullptr) return std::nullopt;
    return static_cast<uint32_t>(Number(name));
  }
  std::string Text(const char* name) {
    const JsonValue* value = Find(name);
    if (value == nullptr || value->kind() != JsonValue::Kind::kString) {
      Fail("a string", name);
      return "";
    }
    return value->text();
  }
  std::vector<int32_t> Numbers(const char* name) {
    std::vector<int32_t> out;
    const JsonValue* value = Find(name);
    if (value == nullptr) return out;
    for (const JsonValue& item : value->items()) {
      if (item.kind() != JsonValue::Kind::kNumber) Fail("numbers", name);
      out.push_back(static_cast<int32_t>(std::strtol(item.text().c_str(), nullptr, 10)));
    }
    return out;
  }
  void Fail(const char* expected, const char* name) {
    if (status_.ok()) status_ = InvalidArgument("fragment metadata needs {} as \"{}\"", expected, name);
  }
  const Status& status() const { return status_; }

 private:
  const JsonValue& object_;
  Status status_;
};

Result<DataFile> ParseFile(const JsonValue& json) {
  Reader reader(json);
  DataFile file;
  file.path = reader.Text("path");
  file.fields = reader.Numbers("fields");
  file.column_indices = reader.Numbers("column_indices");
  file.major_version = static_cast<uint32_t>(reader.Number("file_major_version"));
  file.minor_version = static_cast<uint32_t>(reader.Number("file_minor_version"));
  file.size_bytes = reader.Number("file_size_bytes");
  file.base_id = reader.OptionalNumber("base_id");
  ARROW_RETURN_NOT_OK(reader.status());
  return file;
}

Result<DeletionFile> ParseDeletion(const JsonValue& json) {
  Reader reader(json);
  DeletionFile file;
  file.read_version = reader.Number("read_version", true);
  file.id = reader.Number("id", true);
  const std::string type = reader.Text("file_type");
  if (type != "array" && type != "bitmap") reader.Fail("\"array\" or \"bitmap\"", "file_type");
  file.type = type == "bitmap" ? DeletionFile::Type::kBitmap : DeletionFile::Type::kArrowArray;
  file.num_deleted_rows = reader.Number("num_deleted_rows");
  file.base_id = reader.OptionalNumber("base_id");
  ARROW_RETURN_NOT_OK(reader.status());
  return file;
}

Result<Lineage> ParseLineage(const JsonValue* json, const char* name) {
  Lineage out;
  if (json == nullptr) return out;
  if (json->kind() == JsonValue::Kind::kString) {
    out.kind = Lineage::Kind::kColumn;
    return out;
  }
  const JsonValue* bytes = json->Find("Inline");
  if (bytes == nullptr) bytes = json->Find("inline");
  if (bytes == nullptr || bytes->kind() != JsonValue::Kind::kArray) {
    return NotSupported("fragment metadata whose {} is not inline", name);
  }
  out.kind = Lineage::Kind::kInline;
  for (const JsonValue& byte : bytes->items()) {
    const std::optional<uint64_t> value = byte.AsUint64();
    LANCE_CHECK_ARG(value.has_value() && *value < 256, "fragment metadata needs bytes in \"{}\"", name);
    out.inline_bytes += static_cast<char>(*value);
  }
  return out;
}

Result<table::Fragment> ParseFragment(const JsonValue& json) {
  Reader reader(json);
  table::Fragment out;
  out.id = reader.Number("id", true);
  out.physical_rows = reader.Number("physical_rows");
  const JsonValue* files = reader.Find("files");
  const JsonValue* overlays = reader.Find("overlays");
  const JsonValue* deletion = reader.Find("deletion_file");
  ARROW_RETURN_NOT_OK(reader.status());
  if (overlays != nullptr && !overlays->items().empty()) return NotSupported("fragments with overlays");
  if (files != nullptr) {
    for (const JsonValue& file : files->items()) {
      ARROW_ASSIGN_OR_RAISE(DataFile parsed, ParseFile(file));
      out.files.push_back(std::move(parsed));
    }
  }
  if (deletion != nullptr) {
    ARROW_ASSIGN_OR_RAISE(out.deletion_file, ParseDeletion(*deletion));
  }
  ARROW_ASSIGN_OR_RAISE(out.row_ids, ParseLineage(reader.Find("row_id_meta"), "row_id_meta"));
  ARROW_ASSIGN_OR_RAISE(out.created_at_versions,
                        ParseLineage(reader.Find("created_at_version_meta"), "created_at_version_meta"));
  ARROW_ASSIGN_OR_RAISE(
      out.last_updated_at_versions,
      ParseLineage(reader.Find("last_updated_at_version_meta"), "last_updated_at_version_meta"));
  return out;
}

}  // namespace

FragmentMetadata::FragmentMetadata(table::Fragment fragment)
    : fragment_(std::make_shared<const table::Fragment>(std::move(fragment))) {}

Result<FragmentMetadata> FragmentMetadata::FromJson(const std::string& json) {
  Result<JsonValue> parsed = ParseJson(json);
  if (!parsed.ok()) return InvalidArgument("fragment metadata is no JSON: {}", parsed.status().message());
  ARROW_ASSIGN_OR_RAISE(table::Fragment fragment, ParseFragment(*parsed));
  return FragmentMetadata(std::move(fragment));
}

std::string FragmentMetadata::ToJson() const {
  std::vector<std::string> files;
  for (const DataFile& file : fragment_->files) files.push_back(FileJson(file));
  return fmt::format(
      "{{\"id\": {}, \"files\": [{}], \"overlays\": [], \"physical_rows\": {}, \"deletion_file\": {}, "
      "\"row_id_meta\": {}, \"created_at_version_meta\": {}, \"last_updated_at_version_meta\": {}}}",
      fragment_->id, fmt::join(files, ", "), fragment_->physical_rows, DeletionJson(fragment_->deletion_file),
      LineageJson(fragment_->row_ids, "Inline", "Column"),
      LineageJson(fragment_->created_at_versions, "inline", "column"),
      LineageJson(fragment_->last_updated_at_versions, "inline", "column"));
}

Transaction::Transaction(table::CommitRequest request)
    : request_(std::make_shared<const table::CommitRequest>(std::move(request))) {}

}  // namespace lance
