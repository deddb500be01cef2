#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "lance/base/status.h"
#include "lance/table/operation.h"

namespace lance::table {

/// What one commit did.
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
  /// The operation itself; Unknown when it cannot be represented, such as DataOverlay.
  Operation change;
};

/// Errors: Corruption. An unknown operation is not an error.
Result<Transaction> ParseTransaction(std::span<const uint8_t> bytes);

/// The protobuf message of read version, uuid, tag, properties and `change`; the other members are not
/// looked at. Errors: NotSupported (an Unknown operation), InvalidArgument (a wrong UUID).
Result<std::string> SerializeTransaction(const Transaction& transaction);

/// The name of an operation: "Append", "Delete", ...
const char* OperationName(const Operation& operation);

}  // namespace lance::table
