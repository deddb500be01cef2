#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/schema/schema.h"
#include "lance/table/operation.h"

namespace lance::dataset {

/// Whether `on` names the unenforced primary key, all of it in its order: then what a merge inserts is told
/// to other writers, so that two that insert the same key at once do not both succeed.
bool IsPrimaryKey(const schema::Schema& table, const std::vector<std::string>& on);

/// The filter over the keys of the inserted rows, as the reference writes it: a split block Bloom filter
/// (Putze, Sanders, Singler 2007, with Parquet's constants) of 16 KiB. Rows with a null key, or with one of a
/// type that the reference leaves out, are not in it.
table::operation::KeyExistenceFilter MakeKeyFilter(const schema::Schema& table,
                                                   const std::vector<std::string>& on,
                                                   const arrow::ArrayVector& keys,
                                                   std::span<const uint32_t> rows);

}  // namespace lance::dataset
