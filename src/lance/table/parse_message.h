#pragma once

#include <cstdint>
#include <span>

#include "lance/base/status.h"
#include "lance/proto/parse.h"

namespace lance::table {

/// Parses a protobuf message; `what` names it in the error. For .cc files that know protobuf.
template <typename Message>
Status ParseMessage(std::span<const uint8_t> bytes, const char* what, Message* out) {
  LANCE_CHECK_BYTES(pb::Parse(bytes, out), "{} is not a valid protobuf message ({} bytes)", what,
                    bytes.size());
  return Status::OK();
}

}  // namespace lance::table
