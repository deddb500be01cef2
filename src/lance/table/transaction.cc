#include "lance/table/transaction.h"

#include "lance/proto/transaction.pb.h"
#include "lance/table/parse_message.h"

namespace lance::table {
namespace {

// The number of the operation of a message whose operation our protobuf does not know (100 to 199 are
// reserved for them): its lite runtime keeps unknown fields but does not show them, so the wire form is
// walked.
uint32_t UnknownOperation(std::span<const uint8_t> fields) {
  size_t at = 0;
  const auto varint = [&](uint64_t* out) {
    *out = 0;
    for (int shift = 0; shift < 64 && at < fields.size(); shift += 7) {
      const uint8_t byte = fields[at++];
      *out |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  };
  const auto skip = [&](uint64_t count) {
    if (count > fields.size() - at) return false;
    at += count;
    return true;
  };
  uint64_t tag, length;
  while (at < fields.size()) {
    if (!varint(&tag)) return 0;
    const uint64_t number = tag >> 3;
    switch (tag & 7) {
      case 0:
        if (!varint(&length)) return 0;
        break;
      case 1:
        if (!skip(8)) return 0;
        break;
      case 2:
        if (!varint(&length) || !skip(length)) return 0;
        if (number >= 100 && number <= 199) return static_cast<uint32_t>(number);
        break;
      case 5:
        if (!skip(4)) return 0;
        break;
      default:
        return 0;
    }
  }
  return 0;
}

const char* OperationName(pb::Transaction::OperationCase operation) {
  switch (operation) {
    case pb::Transaction::kAppend:
      return "Append";
    case pb::Transaction::kDelete:
      return "Delete";
    case pb::Transaction::kOverwrite:
      return "Overwrite";
    case pb::Transaction::kCreateIndex:
      return "CreateIndex";
    case pb::Transaction::kRewrite:
      return "Rewrite";
    case pb::Transaction::kMerge:
      return "Merge";
    case pb::Transaction::kRestore:
      return "Restore";
    case pb::Transaction::kReserveFragments:
      return "ReserveFragments";
    case pb::Transaction::kUpdate:
      return "Update";
    case pb::Transaction::kProject:
      return "Project";
    case pb::Transaction::kUpdateConfig:
      return "UpdateConfig";
    case pb::Transaction::kDataReplacement:
      return "DataReplacement";
    case pb::Transaction::kUpdateMemWalState:
      return "UpdateMemWalState";
    case pb::Transaction::kClone:
      return "Clone";
    case pb::Transaction::kUpdateBases:
      return "UpdateBases";
    case pb::Transaction::kDataOverlay:
      return "DataOverlay";
    case pb::Transaction::OPERATION_NOT_SET:
      break;
  }
  return "unknown operation";
}

}  // namespace

Result<Transaction> ParseTransaction(std::span<const uint8_t> bytes) {
  pb::Transaction from;
  ARROW_RETURN_NOT_OK(ParseMessage(bytes, "the transaction", &from));
  Transaction out;
  out.read_version = from.read_version();
  out.uuid = from.uuid();
  out.tag = from.tag();
  out.properties = {from.transaction_properties().begin(), from.transaction_properties().end()};
  out.operation_number = static_cast<uint32_t>(from.operation_case());
  if (out.operation_number == 0) out.operation_number = UnknownOperation(bytes);
  out.operation = OperationName(from.operation_case());
  if (from.has_delete_()) out.delete_predicate = from.delete_().predicate();
  if (from.has_restore()) out.restored_version = from.restore().version();
  if (from.has_clone()) out.clone_source_path = from.clone().ref_path();
  out.serialized.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return out;
}

}  // namespace lance::table
