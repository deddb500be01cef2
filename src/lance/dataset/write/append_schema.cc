#include "lance/dataset/write/append_schema.h"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "lance/schema/logical_type.h"

namespace lance::dataset {
namespace {

using schema::Field;
using Fields = std::vector<Field>;

const Field* FindByName(const Fields& fields, const std::string& name) {
  auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

// "json" means the same whether text or JSONB comes in.
void ExplainFields(const Fields& rows, const Fields& table, MissingFields missing, const std::string& path,
                   std::vector<std::string>* out) {
  auto full = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
  std::vector<std::string> absent, unexpected;
  for (const Field& field : table) {
    if (missing == MissingFields::kNullable && !field.nullable && FindByName(rows, field.name) == nullptr) {
      absent.push_back(full(field.name));
    }
  }
  for (const Field& field : rows) {
    if (FindByName(table, field.name) == nullptr) unexpected.push_back(full(field.name));
  }
  if (!absent.empty() || !unexpected.empty()) {
    out->push_back(fmt::format("fields did not match, missing=[{}], unexpected=[{}]", fmt::join(absent, ", "),
                               fmt::join(unexpected, ", ")));
  }
  for (const Field& expected : table) {
    const Field* field = FindByName(rows, expected.name);
    if (field == nullptr) continue;
    if (field->logical_type != expected.logical_type) {
      out->push_back(fmt::format("`{}` should have type {} but type was {}", full(field->name),
                                 expected.logical_type, field->logical_type));
    }
    // Blobs may come with or without ranges of external objects.
    if (field->is_blob_v2() && expected.is_blob_v2()) continue;
    std::vector<std::string> inside;
    ExplainFields(field->children, expected.children, missing, full(field->name), &inside);
    if (!inside.empty()) {
      out->push_back(
          fmt::format("`{}` had mismatched children: {}", full(field->name), fmt::join(inside, ", ")));
    }
  }
}

Fields Project(const Fields& rows, const Fields& table) {
  Fields out;
  for (const Field& field : rows) {
    const Field* found = FindByName(table, field.name);
    if (found == nullptr) continue;
    Field copy = *found;
    // Members of structs may come in another order or be absent; other children are there.
    if (!copy.is_blob_v2()) copy.children = Project(field.children, found->children);
    out.push_back(std::move(copy));
  }
  return out;
}

void Number(Field* field, int32_t parent_id, int32_t* next) {
  field->parent_id = parent_id;
  field->id = (*next)++;
  for (Field& child : field->children) Number(&child, field->id, next);
}

// A blob of bytes as the logical value of a blob v2 column; its children have no ids yet.
void Promote(Field* field) {
  field->logical_type = "struct";
  field->encoding = schema::LegacyEncoding::kNone;
  field->metadata.erase(schema::kBlobKey);
  field->metadata[schema::kExtensionName] = schema::kBlobV2Extension;
  field->children.clear();
  for (auto [name, type] : {std::pair("data", "large_binary"), {"uri", "string"}}) {
    Field& child = field->children.emplace_back();
    child.name = name;
    child.logical_type = type;
    child.encoding = schema::LegacyEncoding::kVarBinary;
  }
}

void PromoteAll(Fields* fields, const Fields* table) {
  for (Field& field : *fields) {
    const Field* own = table == nullptr ? nullptr : FindByName(*table, field.name);
    if (table != nullptr && own == nullptr) continue;
    if (!field.is_blob()) {
      PromoteAll(&field.children, own == nullptr ? nullptr : &own->children);
    } else if (!field.is_blob_v2() && (own == nullptr || own->is_blob_v2())) {
      Promote(&field);
    }
  }
}

Status CheckBlobs(const Fields& fields, const std::string& path, bool new_blobs,
                  const file::Version& version) {
  for (const Field& field : fields) {
    const std::string full = path.empty() ? field.name : path + "." + field.name;
    if (field.is_blob_v2()) {
      LANCE_CHECK_ARG(new_blobs, "Blob v2 requires file version >= 2.2 (got {}), column {}",
                      version.ToString(), full);
      continue;
    }
    LANCE_CHECK_ARG(!new_blobs || !field.is_blob(),
                    "Legacy blob columns (field metadata key \"lance-encoding:blob\") are not supported for "
                    "file version >= 2.2. Found legacy blob field: {}. Use the blob v2 extension type "
                    "(ARROW:extension:name = \"lance.blob.v2\")",
                    full);
    ARROW_RETURN_NOT_OK(CheckBlobs(field.children, full, new_blobs, version));
  }
  return Status::OK();
}

Status CheckNoRepeats(const Fields& fields, const std::string& path) {
  std::set<std::string> seen;
  for (const Field& field : fields) {
    const std::string full = path.empty() ? field.name : path + "." + field.name;
    LANCE_CHECK_ARG(seen.insert(field.name).second, "Duplicate field name \"{}\" in schema", full);
    ARROW_RETURN_NOT_OK(CheckNoRepeats(field.children, full));
  }
  return Status::OK();
}

}  // namespace

Status CheckRowsFit(const schema::Schema& rows, const schema::Schema& table, MissingFields missing) {
  std::vector<std::string> differences;
  ExplainFields(rows.fields, table.fields, missing, "", &differences);
  if (differences.empty()) return Status::OK();
  return InvalidArgument("Append with different schema: {}", fmt::join(differences, ", "));
}

schema::Schema TableFieldsOf(const schema::Schema& rows, const schema::Schema& table) {
  return {Project(rows.fields, table.fields), table.metadata};
}

Status CheckNewSchema(const schema::Schema& schema) {
  static const std::set<std::string> kReserved = {"_rowid", "_rowaddr", "_rowoffset",
                                                  "_row_created_at_version", "_row_last_updated_at_version"};
  for (const Field& field : schema.fields) {
    LANCE_CHECK_ARG(!kReserved.contains(field.name),
                    "The column {} is a reserved name and cannot be used in a Lance dataset", field.name);
    LANCE_CHECK_ARG(field.name.find('.') == std::string::npos,
                    "Top level field {} cannot contain `.`. Maybe you meant to create a struct field?",
                    field.name);
  }
  return CheckNoRepeats(schema.fields, "");
}

bool HasBlobsV2(const file::Version& version) {
  return version.major > 2 || (version.major == 2 && version.minor >= 2);
}

void PromoteBlobs(schema::Schema* rows) { PromoteAll(&rows->fields, nullptr); }

void PromoteBlobs(schema::Schema* rows, const schema::Schema& table) {
  PromoteAll(&rows->fields, &table.fields);
}

Status CheckBlobColumns(const schema::Schema& schema, const file::Version& version) {
  return CheckBlobs(schema.fields, "", HasBlobsV2(version), version);
}

void NumberFields(schema::Schema* schema) {
  int32_t next = 0;
  for (Field& field : schema->fields) Number(&field, -1, &next);
}

}  // namespace lance::dataset
