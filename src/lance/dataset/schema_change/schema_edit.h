#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "lance/base/status.h"
#include "lance/file/file_reader.h"
#include "lance/schema/schema.h"
#include "lance/table/manifest.h"

// How schemas grow and shrink: values in, values out, no I/O.
namespace lance::dataset {

/// The largest field id that was ever used, as far as the manifest knows: new fields come after it.
int32_t MaxFieldId(const table::Manifest& manifest);

/// Refuses columns that exist. A struct may get new members (not in packed structs, nor in files before 2.2).
/// Errors: InvalidArgument "Column x already exists in the dataset", "Type conflicts between ...".
Status CheckNewFields(const schema::Schema& base, const schema::Schema& added, file::Version version);

/// `base` with the fields of `added` that it lacks, at any depth; new ones are numbered after `max_field_id`,
/// depth first.
schema::Schema AddFields(const schema::Schema& base, const schema::Schema& added, int32_t max_field_id);

/// The part of `schema` that `names` has too, by name, in the order of `names`.
schema::Schema PickByName(const schema::Schema& schema, const schema::Schema& names);

/// The part of `schema` that leads to the fields with these ids, children of them included.
schema::Schema PickByIds(const schema::Schema& schema, const std::set<int32_t>& ids);

/// True when data written for `old` may lack something that `merged` requires: a new field that forbids
/// nulls, or one below a top-level column that does.
bool RequiresMore(const schema::Schema& old_schema, const schema::Schema& merged);

/// `schema` without the fields at `paths`; a struct that loses its last member goes too. `lists`: members of
/// structs in lists can be dropped (files of 2.2 and later), else the whole list goes.
/// Errors: InvalidArgument "Column x does not exist in the dataset", "Cannot drop all columns ...".
Result<schema::Schema> DropFields(const schema::Schema& schema, const std::vector<std::string>& paths,
                                  bool lists);

/// The field with that id in a schema being edited; nullptr when absent.
schema::Field* FindMutable(schema::Schema* schema, int32_t id);

/// The fields from the top level down to the one with that id; empty when absent.
std::vector<const schema::Field*> Ancestry(const schema::Schema& schema, int32_t id);

/// "a.b", with back-quotes where a name holds a dot or a back-quote; "" when absent.
std::string PathOf(const schema::Schema& schema, int32_t id);

}  // namespace lance::dataset
