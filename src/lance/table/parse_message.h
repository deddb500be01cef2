#pragma once

#include <cstdint>
#include <span>

#include <google/protobuf/stubs/logging.h>

#include "lance/base/status.h"

namespace lance::table {

/// Parses a protobuf message; `what` names it in the error. For .cc files that know protobuf.
template <typename Message>
Status ParseMessage(std::span<const uint8_t> bytes, const char* what, Message* out) {
  // Protobuf would tell of wrong bytes on stderr, which is not ours to write to.
  google::protobuf::LogSilencer silencer;
  if (bytes.size() > INT32_MAX || !out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Corruption("{} is not a valid protobuf message ({} bytes)", what, bytes.size());
  }
  return Status::OK();
}

}  // namespace lance::table
