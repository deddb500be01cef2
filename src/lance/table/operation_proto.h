#pragma once

// For .cc files that know protobuf.

#include "lance/base/status.h"
#include "lance/table/operation.h"

namespace lance::pb {
class Transaction;
}

namespace lance::table {

/// The operation of a transaction message. Errors: Corruption, NotSupported (an operation or a part of one
/// that this library does not know).
Result<Operation> OperationFromProto(const pb::Transaction& from);

/// Sets the operation of a message. Errors: NotSupported (Unknown), InvalidArgument (a wrong UUID).
Status OperationToProto(const Operation& from, pb::Transaction* to);

}  // namespace lance::table
