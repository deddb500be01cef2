// MD5 (RFC 1321, section 3) and SHA-2 (FIPS 180-4, sections 5 and 6), over whole messages. The two word sizes
// of SHA-2 differ in their shifts only, and the constants of the smaller are the upper halves of the larger.
#include "lance/base/digest.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace lance {
namespace {

// Fractional parts of the cube roots of the first 80 primes.
constexpr std::array<uint64_t, 80> kRoundConstants = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
// Fractional parts of the square roots of the first 16 primes.
constexpr std::array<uint64_t, 16> kSquareRoots = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
    0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
    0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};

// The message, a one bit, zeroes and the length in bits, as blocks of `block` bytes.
std::string Pad(std::string_view message, size_t block, size_t length_bytes, bool big_endian) {
  std::string out(message);
  out.push_back(static_cast<char>(0x80));
  while (out.size() % block != block - length_bytes) out.push_back(0);
  const uint64_t bits = static_cast<uint64_t>(message.size()) * 8;
  for (size_t i = 0; i < length_bytes; ++i) {
    const size_t place = big_endian ? length_bytes - 1 - i : i;
    out.push_back(place < 8 ? static_cast<char>(bits >> (8 * place)) : 0);
  }
  return out;
}

template <typename Word>
Word LoadBig(const char* at) {
  Word word = 0;
  for (size_t i = 0; i < sizeof(Word); ++i) word = word << 8 | static_cast<uint8_t>(at[i]);
  return word;
}

uint32_t LoadLittle(const char* at) {
  uint32_t word = 0;
  for (int i = 3; i >= 0; --i) word = word << 8 | static_cast<uint8_t>(at[i]);
  return word;
}

template <typename Word>
struct Shifts;
template <>
struct Shifts<uint32_t> {
  static constexpr int kRounds = 64;
  static constexpr std::array<int, 3> kBig0 = {2, 13, 22}, kBig1 = {6, 11, 25};
  static constexpr std::array<int, 3> kSmall0 = {7, 18, 3}, kSmall1 = {17, 19, 10};
};
template <>
struct Shifts<uint64_t> {
  static constexpr int kRounds = 80;
  static constexpr std::array<int, 3> kBig0 = {28, 34, 39}, kBig1 = {14, 18, 41};
  static constexpr std::array<int, 3> kSmall0 = {1, 8, 7}, kSmall1 = {19, 61, 6};
};

template <typename Word>
Word Rotated(Word x, const std::array<int, 3>& by) {
  return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ std::rotr(x, by[2]);
}
template <typename Word>
Word RotatedAndShifted(Word x, const std::array<int, 3>& by) {
  return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ (x >> by[2]);
}

template <typename Word>
std::string Sha2(std::string_view message, std::array<Word, 8> state, size_t digest_bytes) {
  using Of = Shifts<Word>;
  constexpr size_t kBlock = 16 * sizeof(Word);
  const std::string padded = Pad(message, kBlock, 2 * sizeof(Word), /*big_endian=*/true);
  std::array<Word, Of::kRounds> schedule;
  for (size_t block = 0; block < padded.size(); block += kBlock) {
    for (size_t t = 0; t < 16; ++t) schedule[t] = LoadBig<Word>(padded.data() + block + t * sizeof(Word));
    for (size_t t = 16; t < schedule.size(); ++t) {
      schedule[t] = RotatedAndShifted(schedule[t - 2], Of::kSmall1) + schedule[t - 7] +
                    RotatedAndShifted(schedule[t - 15], Of::kSmall0) + schedule[t - 16];
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (size_t t = 0; t < schedule.size(); ++t) {
      const auto constant = static_cast<Word>(kRoundConstants[t] >> (64 - 8 * sizeof(Word)));
      const Word first = h + Rotated(e, Of::kBig1) + ((e & f) ^ (~e & g)) + constant + schedule[t];
      const Word second = Rotated(a, Of::kBig0) + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + first;
      d = c;
      c = b;
      b = a;
      a = first + second;
    }
    const std::array<Word, 8> worked = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; ++i) state[i] += worked[i];
  }
  std::string out;
  for (Word word : state) {
    for (int shift = 8 * (static_cast<int>(sizeof(Word)) - 1); shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>(word >> shift));
    }
  }
  out.resize(digest_bytes);
  return out;
}

// Square roots [from, from + 8) as the initial state: their upper or lower halves, or whole.
template <typename Word>
std::array<Word, 8> Initial(size_t from, int shift) {
  std::array<Word, 8> out;
  for (size_t i = 0; i < 8; ++i) out[i] = static_cast<Word>(kSquareRoots[from + i] >> shift);
  return out;
}

const std::array<uint32_t, 64>& SineTable() {
  static const std::array<uint32_t, 64> table = [] {
    std::array<uint32_t, 64> out;
    for (size_t i = 0; i < 64; ++i) {
      out[i] =
          static_cast<uint32_t>(std::floor(std::fabs(std::sin(static_cast<double>(i + 1))) * 4294967296.0));
    }
    return out;
  }();
  return table;
}

}  // namespace

std::string Md5(std::string_view message) {
  static constexpr std::array<std::array<int, 4>, 4> kRotations = {
      {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
  const std::array<uint32_t, 64>& sines = SineTable();
  const std::string padded = Pad(message, 64, 8, /*big_endian=*/false);
  std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  for (size_t block = 0; block < padded.size(); block += 64) {
    std::array<uint32_t, 16> words;
    for (size_t i = 0; i < 16; ++i) {
      words[i] = LoadLittle(padded.data() + block + 4 * i);
    }
    auto [a, b, c, d] = state;
    for (size_t i = 0; i < 64; ++i) {
      uint32_t mixed = 0;
      size_t word = 0;
      switch (i / 16) {
        case 0:
          mixed = (b & c) | (~b & d);
          word = i;
          break;
        case 1:
          mixed = (d & b) | (~d & c);
          word = (5 * i + 1) % 16;
          break;
        case 2:
          mixed = b ^ c ^ d;
          word = (3 * i + 5) % 16;
          break;
        default:
          mixed = c ^ (b | ~d);
          word = (7 * i) % 16;
      }
      const uint32_t turned = std::rotl(a + mixed + sines[i] + words[word], kRotations[i / 16][i % 4]);
      a = d;
      d = c;
      c = b;
      b += turned;
    }
    state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
  }
  std::string out;
  for (uint32_t word : state) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(word >> shift));
  }
  return out;
}

std::string Sha224(std::string_view message) { return Sha2<uint32_t>(message, Initial<uint32_t>(8, 0), 28); }
std::string Sha256(std::string_view message) { return Sha2<uint32_t>(message, Initial<uint32_t>(0, 32), 32); }
std::string Sha384(std::string_view message) { return Sha2<uint64_t>(message, Initial<uint64_t>(8, 0), 48); }
std::string Sha512(std::string_view message) { return Sha2<uint64_t>(message, Initial<uint64_t>(0, 0), 64); }

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    out.push_back(kDigits[static_cast<uint8_t>(byte) >> 4]);
    out.push_back(kDigits[static_cast<uint8_t>(byte) & 15]);
  }
  return out;
}

}  // namespace lance
