#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"

namespace arrow {
class DataType;
class Field;
class Schema;
}  // namespace arrow

namespace lance::schema {

using Metadata = std::map<std::string, std::string>;

/// How 0.1 files lay out a column; later versions carry it without meaning.
enum class LegacyEncoding { kNone, kPlain, kVarBinary, kDictionary, kRle };

/// One field of a Lance schema: what `lance.file.Field` stores, as a tree. A value type.
///
/// Children are by Lance's rules, not Arrow's: a list has one child, a map one child "entries" (a struct of
/// two), a struct its members; a fixed-size list of structs has one child, one of primitives has none (the
/// element type is in `logical_type`). Blob v2 columns keep their logical children (data, uri).
struct Field {
  std::string name;
  int32_t id = -1;
  int32_t parent_id = -1;    ///< -1: top level
  std::string logical_type;  ///< "int32", "list.struct", "fixed_size_list:float:768", ...
  bool nullable = true;
  Metadata metadata;  ///< includes ARROW:extension:name where there is one
  std::vector<Field> children;
  LegacyEncoding encoding = LegacyEncoding::kNone;
  std::optional<std::pair<int64_t, int64_t>>
      dictionary;  ///< 0.1 only: offset and length of the stored values
  bool unenforced_primary_key = false;
  uint32_t unenforced_primary_key_position = 0;
  bool unenforced_clustering_key = false;
  uint32_t unenforced_clustering_key_position = 0;

  bool is_struct() const { return logical_type == "struct"; }
  bool is_list() const;  ///< list, large_list and their .struct forms
  bool is_map() const { return logical_type == "map"; }
  bool is_packed_struct()
      const;                ///< struct with metadata lance-encoding:packed (or the older "packed") = true
  bool is_blob() const;     ///< metadata lance-encoding:blob (any value) or extension lance.blob.v2
  bool is_blob_v2() const;  ///< extension lance.blob.v2, or the stored descriptor of one

  /// What a scan returns for a blob unless its bytes are asked for: a struct of (position, size) for v1, of
  /// (kind, position, size, blob_id, blob_uri) for v2, under the same name and id. Other fields: a copy.
  Field BlobDescriptor() const;
  /// What a scan returns for a blob whose bytes are asked for: large binary under the same name and id,
  /// without what marks it as a stored blob v2. Other fields: a copy.
  Field BlobBytes() const;

  /// The Arrow type of a value of this field. Errors: NotSupported names an unknown logical type.
  Result<std::shared_ptr<arrow::DataType>> ArrowType() const;
  /// The Arrow field: name, type, nullability and metadata. Extension types stay storage plus
  /// ARROW:extension:* metadata; consumers that register the extension see it at the C data border.
  Result<std::shared_ptr<arrow::Field>> ToArrow() const;

  /// This field or the descendant with that id; nullptr when absent.
  const Field* FindById(int32_t id) const;
  const Field* FindChild(std::string_view child_name) const;
  bool operator==(const Field&) const = default;
};

/// An ordered list of top-level fields and the schema metadata. A value type.
struct Schema {
  std::vector<Field> fields;
  Metadata metadata;

  Result<std::shared_ptr<arrow::Schema>> ToArrow() const;
  const Field* FindById(int32_t id) const;
  const Field* FindTopLevel(std::string_view name) const;
  /// Resolves "a.b.c" (members of structs; back-quotes around a part that contains a dot). A top-level name
  /// that itself equals the whole path wins. Errors: InvalidArgument "No field named x. Valid fields are a,
  /// b."
  Result<const Field*> Resolve(std::string_view path) const;
  /// All ids, depth first.
  std::vector<int32_t> FieldIds() const;
  int32_t MaxFieldId() const;

  /// Keeps the fields named by `paths`, in this schema's field order inside structs and in `paths` order at
  /// the top level; a path to a struct keeps all of it; two paths into one struct share it.
  Result<Schema> Project(const std::vector<std::string>& paths) const;
  bool operator==(const Schema&) const = default;
};

/// Splits "a.`b.c`.d" into {"a", "b.c", "d"}.
Result<std::vector<std::string>> SplitPath(std::string_view path);

/// Numbers the fields of an Arrow schema depth first from 0 and names their logical types.
/// Errors: NotSupported names a type that Lance cannot store.
Result<Schema> FromArrow(const arrow::Schema& schema);

}  // namespace lance::schema
