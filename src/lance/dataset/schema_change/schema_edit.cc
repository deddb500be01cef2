#include "lance/dataset/schema_change/schema_edit.h"

#include <algorithm>

namespace lance::dataset {
namespace {

using schema::Field;
using schema::Schema;

void RaiseToMax(const Field& field, int32_t* most) {
  *most = std::max(*most, field.id);
  for (const Field& child : field.children) RaiseToMax(child, most);
}

void ForgetIds(Field* field) {
  field->id = -1;
  for (Field& child : field->children) ForgetIds(&child);
}

void NumberFields(Field* field, int32_t parent, int32_t* last) {
  field->parent_id = parent;
  if (field->id < 0) field->id = ++*last;
  for (Field& child : field->children) NumberFields(&child, field->id, last);
}

Field* FindNamed(std::vector<Field>* fields, const std::string& name) {
  for (Field& field : *fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

const Field* FindNamed(const std::vector<Field>& fields, const std::string& name) {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

void AddChildren(std::vector<Field>* base, const std::vector<Field>& added) {
  for (const Field& field : added) {
    if (Field* existing = FindNamed(base, field.name)) {
      AddChildren(&existing->children, field.children);
    } else {
      base->push_back(field);
    }
  }
}

std::string Describe(const Field& field) {
  auto type = field.ArrowType();
  return field.name + "(" + field.logical_type + ")";
}

bool Nests(const Field& a, const Field& b) {
  return (a.is_struct() && b.is_struct()) || (a.is_list() && b.is_list()) ||
         (!a.children.empty() && !b.children.empty() && a.logical_type == b.logical_type);
}

Status CheckNewField(const Field& base, const Field& added, file::Version version) {
  if (!Nests(base, added)) {
    LANCE_CHECK_ARG(base.logical_type != added.logical_type, "Column {} already exists in the dataset",
                    base.name);
    return InvalidArgument("Type conflicts between {} and {}", Describe(base), Describe(added));
  }
  if (base.is_struct()) {
    LANCE_CHECK_ARG(version.major > 2 || (version.major == 2 && version.minor >= 2),
                    "Column {} is a struct col, add sub column is not supported in Lance file version {}",
                    base.name, version.ToString());
    LANCE_CHECK_ARG(!base.is_packed_struct() && !added.is_packed_struct(),
                    "Column {} is packed struct and already exists in the dataset", base.name);
  }
  for (const Field& child : base.children) {
    if (const Field* other = FindNamed(added.children, child.name)) {
      ARROW_RETURN_NOT_OK(CheckNewField(child, *other, version));
    }
  }
  return Status::OK();
}

void PickChildren(std::vector<Field>* fields, const std::vector<Field>& names) {
  std::vector<Field> picked;
  for (const Field& name : names) {
    if (Field* field = FindNamed(fields, name.name)) {
      PickChildren(&field->children, name.children);
      picked.push_back(std::move(*field));
    }
  }
  *fields = std::move(picked);
}

bool KeepIds(Field* field, const std::set<int32_t>& ids) {
  if (ids.contains(field->id)) return true;
  std::erase_if(field->children, [&](Field& child) { return !KeepIds(&child, ids); });
  return !field->children.empty();
}

struct NewNodes {
  bool any = false;
  bool required = false;
};

NewNodes FindNew(const std::vector<Field>& old_fields, const std::vector<Field>& merged) {
  NewNodes out;
  for (const Field& field : merged) {
    if (const Field* old = FindNamed(old_fields, field.name)) {
      const NewNodes below = FindNew(old->children, field.children);
      out.any |= below.any;
      out.required |= below.required;
    } else {
      out.any = true;
      out.required |= !field.nullable;
    }
  }
  return out;
}

// Drops what `ids` names; false when nothing is left of the field.
bool Drop(Field* field, const std::set<int32_t>& ids, bool lists) {
  if (ids.contains(field->id)) return false;
  const size_t before = field->children.size();
  bool shrank = false;
  std::erase_if(field->children, [&](Field& child) {
    const Field copy = child;
    if (!Drop(&child, ids, lists)) return true;
    shrank |= !(copy == child);
    return false;
  });
  if (before == 0) return true;
  if (field->children.empty()) return false;
  if (!field->is_struct() && !lists && (shrank || field->children.size() != before)) return false;
  // A map needs both its members.
  return !field->is_map() || field->children.front().children.size() == 2;
}

bool AppendAncestry(const Field& field, int32_t id, std::vector<const Field*>* out) {
  out->push_back(&field);
  if (field.id == id) return true;
  for (const Field& child : field.children) {
    if (AppendAncestry(child, id, out)) return true;
  }
  out->pop_back();
  return false;
}

Field* FindMutableIn(std::vector<Field>* fields, int32_t id) {
  for (Field& field : *fields) {
    if (field.id == id) return &field;
    if (Field* found = FindMutableIn(&field.children, id)) return found;
  }
  return nullptr;
}

}  // namespace

int32_t MaxFieldId(const table::Manifest& manifest) {
  int32_t most = manifest.max_allocated_field_id.value_or(-1);
  for (const Field& field : manifest.schema.fields) RaiseToMax(field, &most);
  for (const table::Fragment& fragment : manifest.fragments) {
    for (const table::DataFile& file : fragment.files) {
      for (int32_t id : file.fields) most = std::max(most, id);
    }
  }
  return most;
}

Status CheckNewFields(const Schema& base, const Schema& added, file::Version version) {
  for (const Field& field : base.fields) {
    if (const Field* other = FindNamed(added.fields, field.name)) {
      ARROW_RETURN_NOT_OK(CheckNewField(field, *other, version));
    }
  }
  for (size_t i = 0; i < added.fields.size(); ++i) {
    for (size_t j = i + 1; j < added.fields.size(); ++j) {
      LANCE_CHECK_ARG(added.fields[i].name != added.fields[j].name, "Duplicate field name \"{}\" in schema",
                      added.fields[i].name);
    }
  }
  return Status::OK();
}

Schema AddFields(const Schema& base, const Schema& added, int32_t max_field_id) {
  Schema out = base;
  Schema fresh = added;
  for (Field& field : fresh.fields) ForgetIds(&field);
  AddChildren(&out.fields, fresh.fields);
  for (Field& field : out.fields) NumberFields(&field, -1, &max_field_id);
  for (const auto& [key, value] : added.metadata) out.metadata.emplace(key, value);
  return out;
}

Schema PickByName(const Schema& schema, const Schema& names) {
  Schema out = schema;
  PickChildren(&out.fields, names.fields);
  return out;
}

Schema PickByIds(const Schema& schema, const std::set<int32_t>& ids) {
  Schema out = schema;
  std::erase_if(out.fields, [&](Field& field) { return !KeepIds(&field, ids); });
  return out;
}

bool RequiresMore(const Schema& old_schema, const Schema& merged) {
  for (const Field& field : merged.fields) {
    const Field* old = FindNamed(old_schema.fields, field.name);
    if (old == nullptr) {
      if (!field.nullable) return true;
      continue;
    }
    const NewNodes below = FindNew(old->children, field.children);
    if (below.required || (below.any && !field.nullable)) return true;
  }
  return false;
}

Result<Schema> DropFields(const Schema& schema, const std::vector<std::string>& paths, bool lists) {
  std::set<int32_t> ids;
  for (const std::string& path : paths) {
    auto field = schema.Resolve(path);
    LANCE_CHECK_ARG(field.ok(), "Column {} does not exist in the dataset", path);
    ids.insert((*field)->id);
  }
  Schema out = schema;
  std::erase_if(out.fields, [&](Field& field) { return !Drop(&field, ids, lists); });
  LANCE_CHECK_ARG(!out.fields.empty(), "Cannot drop all columns from a dataset");
  return out;
}

Field* FindMutable(Schema* schema, int32_t id) { return FindMutableIn(&schema->fields, id); }

std::vector<const Field*> Ancestry(const Schema& schema, int32_t id) {
  std::vector<const Field*> out;
  for (const Field& field : schema.fields) {
    if (AppendAncestry(field, id, &out)) return out;
  }
  return out;
}

std::string PathOf(const Schema& schema, int32_t id) {
  std::string path;
  for (const Field* field : Ancestry(schema, id)) {
    if (!path.empty()) path += '.';
    if (field->name.find_first_of(".`") == std::string::npos) {
      path += field->name;
      continue;
    }
    path += '`';
    for (char c : field->name) {
      if (c == '`') path += '`';
      path += c;
    }
    path += '`';
  }
  return path;
}

}  // namespace lance::dataset
