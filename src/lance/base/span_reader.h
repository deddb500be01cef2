#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "lance/base/status.h"

namespace lance {

static_assert(std::endian::native == std::endian::little, "lance reads little-endian bytes in place");

/// Reads little-endian values from bytes of unknown quality. Every read is checked and names its field in the
/// error. Does not own the bytes. One thread at a time.
class SpanReader {
 public:
  explicit SpanReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  template <typename T>
  Result<T> ReadLE(const char* field) {
    static_assert(std::is_arithmetic_v<T>);
    ARROW_RETURN_NOT_OK(Need(sizeof(T), field));
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  /// Returns a view of `count` bytes and moves past them.
  Result<std::span<const uint8_t>> ReadBytes(uint64_t count, const char* field) {
    ARROW_RETURN_NOT_OK(Need(count, field));
    auto out = bytes_.subspan(position_, count);
    position_ += count;
    return out;
  }

  Status Skip(uint64_t count, const char* field) { return ReadBytes(count, field).status(); }

  /// Moves to the next multiple of `alignment` counted from the first byte.
  Status AlignTo(size_t alignment, const char* field) {
    size_t rest = position_ % alignment;
    return rest == 0 ? Status::OK() : Skip(alignment - rest, field);
  }

 private:
  Status Need(uint64_t count, const char* field) const {
    if (count > remaining()) {
      return Corruption("{} needs {} bytes at offset {}, {} are left", field, count, position_, remaining());
    }
    return Status::OK();
  }

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
};

/// Loads a little-endian value from unaligned memory that the caller has checked.
template <typename T>
inline T LoadLE(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

}  // namespace lance
