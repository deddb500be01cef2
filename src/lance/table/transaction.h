#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "lance/base/status.h"

namespace lance::table {

/// What one commit did, as far as reading needs it.
struct Transaction {
  uint64_t read_version = 0;
  std::string uuid;
  std::string tag;
  std::map<std::string, std::string> properties;
  /// The operation's field number (100 to 199); 0 when there is none.
  uint32_t operation_number = 0;
  /// "Append", "Delete", ...; "unknown operation" for a number this library does not know.
  std::string operation;
  std::optional<std::string> delete_predicate;   ///< of a Delete
  std::optional<uint64_t> restored_version;      ///< of a Restore
  std::optional<std::string> clone_source_path;  ///< of a Clone
  std::string serialized;                        ///< the protobuf bytes, for those who want the rest
};

/// Errors: Corruption. An unknown operation is not an error.
Result<Transaction> ParseTransaction(std::span<const uint8_t> bytes);

}  // namespace lance::table
