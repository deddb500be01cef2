#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lance/base/status.h"
#include "lance/store/object_store.h"

namespace lance::table {

/// Writes an object whose name nobody else uses and that nothing refers to yet: a transaction or deletion
/// file.
///
/// On local disks it is written under its final name: no temporary has to be renamed, and what a crash leaves
/// is named as cleanup, the reference's too, expects. One request elsewhere.
Status WriteNewObject(store::ObjectStore& store, const std::string& key, std::span<const uint8_t> bytes,
                      store::Durability durability);

}  // namespace lance::table
