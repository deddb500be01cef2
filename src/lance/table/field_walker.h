#pragma once

#include <cstdint>
#include <string_view>

namespace lance::table {

/// Fragments in the message Manifest.
inline constexpr uint32_t kFragmentsField = 2;

/// Goes through the fields of a message without understanding them. Groups end the walk, and so does damage.
class FieldWalker {
 public:
  explicit FieldWalker(std::string_view message) : rest_(message) {}

  /// Moves to the next field; false at the end, or when the bytes are not as expected.
  bool Next() {
    const std::string_view start = rest_;
    uint64_t tag = 0, length = 0;
    if (!Varint(&tag)) return false;
    number_ = static_cast<uint32_t>(tag >> 3);
    switch (tag & 7) {
      case 0:
        if (!Varint(&length)) return false;
        break;
      case 2:
        if (!Varint(&length) || length > rest_.size()) return false;
        rest_.remove_prefix(length);
        break;
      case 1:
      case 5: {
        const size_t bytes = (tag & 7) == 1 ? 8 : 4;
        if (rest_.size() < bytes) return false;
        rest_.remove_prefix(bytes);
        break;
      }
      default:
        return false;
    }
    value_ = (tag & 7) == 2 ? std::string_view(rest_.data() - length, length) : std::string_view();
    whole_ = start.substr(0, start.size() - rest_.size());
    return true;
  }
  uint32_t number() const { return number_; }
  std::string_view whole() const { return whole_; }  ///< tag and length included
  std::string_view value() const { return value_; }  ///< of a field with a length
  bool at_end() const { return rest_.empty(); }

 private:
  bool Varint(uint64_t* out) {
    *out = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      *out |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  std::string_view rest_;
  std::string_view whole_;
  std::string_view value_;
  uint32_t number_ = 0;
};

}  // namespace lance::table
