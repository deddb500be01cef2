#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#if __has_include(<google/protobuf/stubs/logging.h>)
#include <google/protobuf/stubs/logging.h>
#define LANCE_PROTOBUF_LOG_SILENCER 1
#endif

namespace lance::pb {

/// Parses a stored message into `out`; false when the bytes are no such message. Every parse of stored bytes
/// goes through here: protobuf itself takes sizes as int, and tells of wrong UTF-8 on stderr, which belongs
/// to the program that calls us. For .cc files that know protobuf.
template <typename Message>
[[nodiscard]] bool Parse(std::span<const uint8_t> bytes, Message* out) {
#ifdef LANCE_PROTOBUF_LOG_SILENCER
  google::protobuf::LogSilencer silencer;
#endif
  return bytes.size() <= INT32_MAX && out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

template <typename Message>
[[nodiscard]] bool Parse(std::string_view bytes, Message* out) {
  return Parse(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()), out);
}

}  // namespace lance::pb
