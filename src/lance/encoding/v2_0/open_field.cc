#include <arrow/api.h>

#include "lance/encoding/v2_0/column_pages.h"
#include "lance/encoding/v2_0/field_readers.h"
#include "lance/proto/array_encodings.pb.h"
#include "lance/proto/parse.h"
#include "lance/schema/schema.h"

namespace lance::encoding::v2_0 {
namespace {

constexpr int kMaxDepth = 256;

/// What a column's own encoding says; the pages below are plain arrays in every case.
enum class ColumnKind { kValues, kBlob };

class Opener {
 public:
  Opener(const FieldOptions& options, std::shared_ptr<ColumnSource> source)
      : options_(options), source_(std::move(source)) {}

  Result<std::unique_ptr<Reader>> Open(const schema::Field& field, int depth) {
    if (depth > kMaxDepth)
      return Corruption("{}: fields are nested deeper than {}", source_->path(), kMaxDepth);
    ARROW_ASSIGN_OR_RAISE(auto type, field.ArrowType());
    const auto column = source_->ColumnOf(field.id);
    if (!column) {
      if (options_.missing_as_null && depth > 0) return MakeNullReader(type, source_->num_rows());
      return NotFound("{}: field {} (id {}) is not stored in this file", source_->path(), field.name,
                      field.id);
    }
    ARROW_ASSIGN_OR_RAISE(const ColumnInfo* info, source_->Column(*column));
    ARROW_ASSIGN_OR_RAISE(ColumnKind kind, KindOfColumn(*info, field));
    if (kind == ColumnKind::kBlob) return OpenBlob(field, *column, type);
    if (field.is_list()) return OpenListField(field, *column, type, depth);
    if (field.is_struct() && !IsPacked(*info, field)) return OpenStruct(field, *info, type, depth);
    if (field.is_struct()) return OpenPacked(field, *column, type);
    if (field.is_map()) return NotSupported("{}: map column {} in a 2.0 file", source_->path(), field.name);
    if (arrow::is_base_binary_like(type->id()) && StartsWithList(*info)) {
      // The first releases of 2.0 stored strings as lists of bytes, which have the next column.
      ARROW_ASSIGN_OR_RAISE(auto bytes, OpenLeaf(*column + 1, arrow::uint8(), source_));
      return OpenList(*column, type, std::move(bytes), source_);
    }
    return OpenLeaf(*column, type, source_);
  }

 private:
  Result<ColumnKind> KindOfColumn(const ColumnInfo& info, const schema::Field& field) const {
    pb20::ColumnEncoding encoding;
    LANCE_CHECK_BYTES(pb::Parse(info.encoding, &encoding),
                      "{}, column {} ({}): the column encoding is no valid message", source_->path(),
                      info.index, field.name);
    ColumnKind kind = ColumnKind::kValues;
    const pb20::ColumnEncoding* node = &encoding;
    for (int depth = 0; depth < kMaxDepth; ++depth) {
      if (node->has_values()) return kind;
      if (node->has_blob()) {
        kind = ColumnKind::kBlob;
        node = &node->blob().inner();
      } else if (node->has_zone_index()) {
        node = &node->zone_index().inner();  // statistics only; the pages are what they are without
      } else {
        break;
      }
    }
    return Corruption("{}, column {} ({}): the column encoding is of no known kind", source_->path(),
                      info.index, field.name);
  }

  /// The first page with rows, as a message; an empty one when there is none.
  static pb20::ArrayEncoding FirstEncoding(const ColumnInfo& info) {
    pb20::ArrayEncoding encoding;
    for (const PageInfo& page : info.pages) {
      if (page.num_rows == 0) continue;
      if (!pb::Parse(page.encoding, &encoding)) encoding.Clear();  // reported when the page is opened
      break;
    }
    return encoding;
  }
  static bool StartsWithList(const ColumnInfo& info) { return FirstEncoding(info).has_list(); }
  /// A column without rows shows by its members: packed ones have no columns.
  bool IsPacked(const ColumnInfo& info, const schema::Field& field) const {
    const pb20::ArrayEncoding first = FirstEncoding(info);
    if (first.array_encoding_case() != pb20::ArrayEncoding::ARRAY_ENCODING_NOT_SET)
      return first.has_packed_struct();
    return field.is_packed_struct() && !field.children.empty() && !source_->ColumnOf(field.children[0].id);
  }

  Result<std::unique_ptr<Reader>> OpenBlob(const schema::Field& field, int column,
                                           const std::shared_ptr<arrow::DataType>& type) {
    const bool described = type->id() == arrow::Type::STRUCT;
    auto description_type = type;
    if (!described) {
      ARROW_ASSIGN_OR_RAISE(description_type, field.BlobDescriptor().ArrowType());
    }
    LANCE_CHECK_BYTES(description_type->num_fields() == 2, "{}: blob field {} of type {}", source_->path(),
                      field.name, type->ToString());
    ARROW_ASSIGN_OR_RAISE(auto descriptions, OpenLeaf(column, description_type, source_));
    if (!options_.blob_bytes) return descriptions;
    return MakeBlobReader(described ? arrow::large_binary() : type, std::move(descriptions), source_);
  }

  Result<std::unique_ptr<Reader>> OpenListField(const schema::Field& field, int column,
                                                const std::shared_ptr<arrow::DataType>& type, int depth) {
    LANCE_CHECK_BYTES(field.children.size() == 1, "{}: list field {} has {} children", source_->path(),
                      field.name, field.children.size());
    ARROW_ASSIGN_OR_RAISE(auto items, Open(field.children[0], depth + 1));
    return OpenList(column, type, std::move(items), source_);
  }

  Result<std::unique_ptr<Reader>> OpenStruct(const schema::Field& field, const ColumnInfo& info,
                                             const std::shared_ptr<arrow::DataType>& type, int depth) {
    uint64_t num_rows = 0;
    for (const PageInfo& page : info.pages) {
      pb20::ArrayEncoding encoding;
      LANCE_CHECK_BYTES(pb::Parse(page.encoding, &encoding) && encoding.has_struct_(),
                        "{}: a struct column has a page of another encoding", page.where);
      ARROW_ASSIGN_OR_RAISE(num_rows, CheckedAdd(num_rows, page.num_rows, "row count"));
    }
    std::vector<std::unique_ptr<Reader>> members;
    for (const schema::Field& child : field.children) {
      ARROW_ASSIGN_OR_RAISE(auto member, Open(child, depth + 1));
      members.push_back(std::move(member));
    }
    for (size_t i = 1; i < members.size(); ++i) {
      LANCE_CHECK_BYTES(
          members[i]->num_rows() == members[0]->num_rows() || !source_->ColumnOf(field.children[i].id) ||
              !source_->ColumnOf(field.children[0].id),
          "{}: members {} and {} of struct {} have {} and {} rows", source_->path(), field.children[0].name,
          field.children[i].name, field.name, members[0]->num_rows(), members[i]->num_rows());
    }
    if (!members.empty()) num_rows = std::max(num_rows, members[0]->num_rows());
    return MakeStructReader(type, std::move(members), num_rows);
  }

  Result<std::unique_ptr<Reader>> OpenPacked(const schema::Field& field, int column,
                                             const std::shared_ptr<arrow::DataType>& type) {
    const schema::Field* stored = source_->StoredField(field.id);
    if (stored == nullptr) return OpenLeaf(column, type, source_);
    ARROW_ASSIGN_OR_RAISE(auto stored_type, stored->ArrowType());
    ARROW_ASSIGN_OR_RAISE(auto packed, OpenLeaf(column, stored_type, source_));
    std::vector<int> members;
    for (const schema::Field& child : field.children) {
      int found = -1;
      for (size_t i = 0; i < stored->children.size(); ++i) {
        if (stored->children[i].id == child.id) found = static_cast<int>(i);
      }
      if (found < 0) {
        return NotFound("{}: member {} (id {}) of packed struct {} is not stored in this file",
                        source_->path(), child.name, child.id, field.name);
      }
      members.push_back(found);
    }
    return MakeMemberPicker(type, std::move(packed), std::move(members));
  }

  FieldOptions options_;
  std::shared_ptr<ColumnSource> source_;
};

}  // namespace

Result<std::shared_ptr<FieldReader>> OpenField(const schema::Field& field, const FieldOptions& options,
                                               std::shared_ptr<ColumnSource> source) {
  Opener opener(options, std::move(source));
  ARROW_ASSIGN_OR_RAISE(auto reader, opener.Open(field, 0));
  return std::shared_ptr<FieldReader>(std::move(reader));
}

}  // namespace lance::encoding::v2_0
