#include "lance/table/transaction.h"

#include "lance/proto/transaction.pb.h"
#include "lance/table/operation_proto.h"
#include "lance/table/parse_message.h"

namespace lance::table {
namespace {

// By field number, from 100 on.
constexpr const char* kNames[] = {
    "Append",       "Delete",          "Overwrite",         "CreateIndex", "Rewrite",
    "Merge",        "Restore",         "ReserveFragments",  "Update",      "Project",
    "UpdateConfig", "DataReplacement", "UpdateMemWalState", "Clone",       "UpdateBases",
    "DataOverlay"};

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

// The operation, or Unknown when a part of it is not supported: then it is never rebased over.
Operation ChangeOf(const pb::Transaction& from, uint32_t number) {
  auto operation = OperationFromProto(from);
  if (operation.ok()) return std::move(*operation);
  return operation::Unknown{number};
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
  const auto known = static_cast<size_t>(from.operation_case());
  out.operation = known == 0 ? "unknown operation" : kNames[known - 100];
  out.change = ChangeOf(from, out.operation_number);
  if (from.has_delete_()) out.delete_predicate = from.delete_().predicate();
  if (from.has_restore()) out.restored_version = from.restore().version();
  if (from.has_clone()) out.clone_source_path = from.clone().ref_path();
  out.serialized.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return out;
}

Result<std::string> SerializeTransaction(const Transaction& transaction) {
  pb::Transaction to;
  to.set_read_version(transaction.read_version);
  to.set_uuid(transaction.uuid);
  to.set_tag(transaction.tag);
  for (const auto& [key, value] : transaction.properties) (*to.mutable_transaction_properties())[key] = value;
  ARROW_RETURN_NOT_OK(OperationToProto(transaction.change, &to));
  std::string out;
  if (!to.SerializeToString(&out)) return ResourceExhausted("the transaction does not fit 2 GiB");
  return out;
}

const char* OperationName(const Operation& operation) {
  // In the order of the variant.
  constexpr const char* kByIndex[] = {
      "unknown operation", "Append",       "Delete",          "Overwrite",         "CreateIndex",
      "Rewrite",           "Merge",        "Restore",         "ReserveFragments",  "Update",
      "Project",           "UpdateConfig", "DataReplacement", "UpdateMemWalState", "Clone",
      "UpdateBases"};
  static_assert(std::size(kByIndex) == std::variant_size_v<Operation>);
  return kByIndex[operation.index()];
}

}  // namespace lance::table
