#include "lance/base/uuid.h"

#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

#include <random>

namespace lance {
namespace {

void RandomBytes(void* out, size_t count) {
  if (getentropy(out, count) == 0) return;
  // No system call for it, as in some containers: the library's way.
  std::random_device device;
  auto* bytes = static_cast<uint8_t*>(out);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(device());
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool DashBefore(size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

}  // namespace

uint64_t RandomUint64() {
  uint64_t out = 0;
  RandomBytes(&out, sizeof(out));
  return out;
}

std::string MakeUuid() {
  std::string bytes(16, '\0');
  RandomBytes(bytes.data(), bytes.size());
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  return FormatUuid(bytes);
}

std::string FormatUuid(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (DashBefore(i)) out.push_back('-');
    const auto byte = static_cast<uint8_t>(bytes[i]);
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

Result<std::string> ParseUuid(std::string_view text) {
  std::string out;
  size_t at = 0;
  bool valid = text.size() == 36;
  for (size_t i = 0; valid && i < 16; ++i) {
    if (DashBefore(i)) valid = text[at++] == '-';
    const int high = HexValue(text[at]), low = HexValue(text[at + 1]);
    valid = valid && high >= 0 && low >= 0;
    out.push_back(static_cast<char>(high << 4 | low));
    at += 2;
  }
  LANCE_CHECK_ARG(valid, "not a UUID of 36 characters: {}", text);
  return out;
}

}  // namespace lance
