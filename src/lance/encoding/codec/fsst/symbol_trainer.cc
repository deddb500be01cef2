// FSST: Boncz, Neumann, Leis, "FSST: Fast Random Access String Compression", PVLDB 13(11), 2020, section 4:
// symbols grow out of the pairs that follow each other often when the sample is written with the table so
// far.
#include "lance/encoding/codec/fsst/symbol_trainer.h"

#include <algorithm>
#include <cstring>

#include "lance/encoding/write/leaf_values.h"

namespace lance::encoding {
namespace {

constexpr unsigned kMaxSymbols = 255;
constexpr unsigned kCodes = 512;
constexpr unsigned kMaxLength = 8;
constexpr unsigned kGenerations[] = {2, 4, 6, 8, 8};  // eighths of the sample: early tables need not be good
constexpr unsigned kRarePairs = 2;                    // in the whole sample
constexpr uint8_t kEscape = 255;
constexpr uint64_t kMagic = 0x46535354;
constexpr size_t kStoredBytes = 8 + 256 * 8 + 256;

uint64_t MaskOf(unsigned length) { return length >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * length)) - 1; }

uint64_t LoadUpTo8(const uint8_t* bytes, uint64_t remaining) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, std::min<uint64_t>(remaining, 8));
  return word;
}

}  // namespace

std::pair<unsigned, unsigned> SymbolTrainer::Find(uint64_t word, uint64_t remaining) const {
  const Slot& longer = hash_[Hash(word)];
  if (longer.length != 0 && longer.length <= remaining && ((word ^ longer.bytes) & longer.mask) == 0) {
    return {longer.code, longer.length};
  }
  const unsigned two = two_[word & 0xffff];
  const unsigned length = two >> kLengthShift;
  if (length <= remaining) return {two & ((1u << kLengthShift) - 1), length};
  return {one_[word & 0xff], 1};
}

// Takes the symbols in order of their worth: where two fall on one slot, the first stays.
void SymbolTrainer::SetSymbols(std::vector<Symbol> symbols) {
  symbols_.clear();
  all_.clear();
  for (unsigned byte = 0; byte < 256; ++byte) {
    all_.push_back({byte, MaskOf(1), static_cast<uint16_t>(byte), 1});
    one_[byte] = static_cast<uint16_t>(byte);
  }
  for (unsigned slot = 0; slot < kHashSlots; ++slot) {
    hash_[slot] = {Hash(0) == slot ? uint64_t{1} : uint64_t{0}, MaskOf(3), 0, 0};
  }
  for (Symbol& symbol : symbols) {
    if (symbols_.size() == kMaxSymbols) break;
    symbol.code = static_cast<uint16_t>(256 + symbols_.size());
    if (symbol.length >= 3) {
      Slot& slot = hash_[Hash(symbol.bytes)];
      if (slot.length != 0) continue;
      slot = {symbol.bytes, symbol.mask, symbol.code, symbol.length};
    }
    symbols_.push_back(symbol);
    all_.push_back(symbol);
  }
  for (const Symbol& symbol : symbols_) {
    if (symbol.length == 1) one_[symbol.bytes] = symbol.code;
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    two_[byte] = static_cast<uint16_t>(one_[byte] | 1u << kLengthShift);
  }
  for (unsigned second = 1; second < 256; ++second) {
    std::copy_n(two_.begin(), 256, two_.begin() + 256 * second);
  }
  for (const Symbol& symbol : symbols_) {
    if (symbol.length == 2) two_[symbol.bytes] = static_cast<uint16_t>(symbol.code | 2u << kLengthShift);
  }
}

struct SymbolTrainer::Counts {
  std::vector<uint32_t> singles = std::vector<uint32_t>(kCodes);
  std::vector<uint16_t> pairs = std::vector<uint16_t>(kCodes * kCodes);  // zeroes but for those seen
  std::vector<uint32_t> seen_pairs;

  void Clear() {
    std::fill(singles.begin(), singles.end(), 0);
    for (uint32_t pair : seen_pairs) pairs[pair] = 0;
    seen_pairs.clear();
  }
  void AddPair(unsigned left, unsigned right) {
    uint16_t& count = pairs[left * kCodes + right];
    if (count == 0) seen_pairs.push_back(left * kCodes + right);
    if (count != UINT16_MAX) ++count;
  }
};

// Writes so many eighths of the sample's pieces with the table so far.
void SymbolTrainer::Count(const std::string& sample, const std::vector<uint64_t>& ends, unsigned eighths,
                          Counts* counts) const {
  counts->Clear();
  const auto* bytes = reinterpret_cast<const uint8_t*>(sample.data());
  for (size_t piece = 0; piece < ends.size(); ++piece) {
    if (piece % 8 >= eighths) continue;
    uint64_t at = piece == 0 ? 0 : ends[piece - 1];
    const uint64_t end = ends[piece];
    int previous = -1;
    while (at < end) {
      const auto [code, length] = Find(LoadUpTo8(bytes + at, end - at), end - at);
      ++counts->singles[code];
      if (previous >= 0) counts->AddPair(static_cast<unsigned>(previous), code);
      if (length > 1) {
        // The first byte by itself might have been the better choice.
        ++counts->singles[bytes[at]];
        if (previous >= 0) counts->AddPair(static_cast<unsigned>(previous), bytes[at]);
      }
      previous = static_cast<int>(code);
      at += length;
    }
  }
}

// What would have saved bytes, best first.
std::vector<SymbolTrainer::Symbol> SymbolTrainer::Candidates(Counts* counts, unsigned eighths) const {
  struct Candidate {
    uint64_t bytes;
    unsigned length;
    uint64_t gain;
  };
  std::vector<Candidate> candidates;
  for (unsigned code = 0; code < all_.size(); ++code) {
    if (counts->singles[code] == 0) continue;
    const unsigned length = all_[code].length;
    // A byte without a symbol costs two: worth more than its length says.
    candidates.push_back(
        {all_[code].bytes, length, uint64_t{counts->singles[code]} * (length == 1 ? 8 : length)});
  }
  // Most pairs are met once or twice and none of those gets into the table.
  const unsigned rare = kRarePairs * eighths / 8;
  for (uint32_t pair : counts->seen_pairs) {
    if (counts->pairs[pair] <= rare) continue;
    const Symbol& left = all_[pair / kCodes];
    const Symbol& right = all_[pair % kCodes];
    if (left.length == kMaxLength) continue;
    const unsigned length = std::min<unsigned>(kMaxLength, left.length + right.length);
    const uint64_t joined = (left.bytes | right.bytes << (8 * left.length)) & MaskOf(length);
    candidates.push_back({joined, length, uint64_t{counts->pairs[pair]} * length});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.bytes != b.bytes ? a.bytes < b.bytes : a.length < b.length;
  });
  std::vector<Candidate> merged;
  for (const Candidate& candidate : candidates) {
    if (!merged.empty() && merged.back().bytes == candidate.bytes &&
        merged.back().length == candidate.length) {
      merged.back().gain += candidate.gain;
    } else {
      merged.push_back(candidate);
    }
  }
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.gain != b.gain ? a.gain > b.gain : a.bytes < b.bytes;
  };
  const size_t kept = std::min<size_t>(merged.size(), 2 * kMaxSymbols);
  std::partial_sort(merged.begin(), merged.begin() + static_cast<ptrdiff_t>(kept), merged.end(), better);
  std::vector<Symbol> out;
  for (size_t i = 0; i < kept; ++i) {
    const Candidate& candidate = merged[i];
    out.push_back({candidate.bytes, MaskOf(candidate.length), 0, static_cast<uint16_t>(candidate.length)});
  }
  return out;
}

SymbolTrainer::SymbolTrainer(const std::string& sample, const std::vector<uint64_t>& ends)
    : hash_(kHashSlots), two_(65536), one_(256) {
  SetSymbols({});
  Counts counts;
  for (unsigned eighths : kGenerations) {
    Count(sample, ends, eighths, &counts);
    SetSymbols(Candidates(&counts, eighths));
  }
}

// A range of strings being written.
struct SymbolTrainer::Lane {
  uint64_t row = 0;
  uint64_t end_row = 0;
  const uint8_t* at = nullptr;   // in the string
  const uint8_t* end = nullptr;  // of the string
  uint8_t* out = nullptr;
  uint8_t* string_out = nullptr;  // where the string's codes start

  bool done() const { return row == end_row; }
  uint64_t remaining() const { return static_cast<uint64_t>(end - at); }
  void Start(const LeafValues& strings) {
    if (done()) return;
    at = strings.data + strings.start(row);
    end = strings.data + strings.start(row + 1);
    string_out = out;
  }
  // An escape is two bytes, a code one: both are written, the end says which counts.
  void Emit(unsigned code, uint64_t word) {
    const bool escape = code < 256;
    out[0] = escape ? kEscape : static_cast<uint8_t>(code);
    out[1] = static_cast<uint8_t>(word);
    out += escape ? 2 : 1;
  }
};

void SymbolTrainer::FinishString(Lane* lane, const uint8_t* readable_end) const {
  while (lane->at < lane->end) {
    const uint64_t remaining = lane->remaining();
    uint64_t word = 0;
    if (readable_end - lane->at >= 8) {
      std::memcpy(&word, lane->at, 8);
    } else {
      word = LoadUpTo8(lane->at, remaining);
    }
    const auto [code, length] = Find(word, remaining);
    lane->Emit(code, word);
    lane->at += length;
  }
}

uint64_t SymbolTrainer::EncodeAll(const LeafValues& strings, uint8_t* out, uint32_t* lengths) const {
  constexpr size_t kLanes = 4;
  const uint64_t first = strings.start(0);
  const uint8_t* readable_end = strings.data + strings.start(strings.size);
  Lane lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) {
    lanes[i].row = strings.size * i / kLanes;
    lanes[i].end_row = strings.size * (i + 1) / kLanes;
    lanes[i].out = out + 2 * (strings.start(lanes[i].row) - first);
    lanes[i].Start(strings);
  }
  const uint8_t* starts[kLanes];
  for (size_t i = 0; i < kLanes; ++i) starts[i] = lanes[i].out;
  auto next = [&](Lane* lane) {
    FinishString(lane, readable_end);
    lengths[lane->row++] = static_cast<uint32_t>(lane->out - lane->string_out);
    lane->Start(strings);
  };
  const Slot* hash = hash_.data();
  const uint16_t* two = two_.data();
  auto step = [&](Lane* lane) {
    uint64_t word = 0;
    std::memcpy(&word, lane->at, 8);
    const Slot& longer = hash[Hash(word)];
    const unsigned shorter = two[word & 0xffff];
    const bool found = ((word ^ longer.bytes) & longer.mask) == 0;
    lane->Emit(found ? longer.code : shorter & ((1u << kLengthShift) - 1), word);
    lane->at += found ? longer.length : shorter >> kLengthShift;
  };
  for (bool all = true; all;) {
    uint64_t steps = UINT64_MAX;
    for (Lane& lane : lanes) {
      while (!lane.done() && lane.remaining() < 8) next(&lane);
      all &= !lane.done();
      if (all) steps = std::min(steps, lane.remaining() / 8);
    }
    if (!all) break;
    Lane a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
    for (uint64_t i = 0; i < steps; ++i) {
      step(&a);
      step(&b);
      step(&c);
      step(&d);
    }
    lanes[0] = a, lanes[1] = b, lanes[2] = c, lanes[3] = d;
  }
  uint8_t* to = out;
  for (size_t i = 0; i < kLanes; ++i) {
    while (!lanes[i].done()) {
      while (lanes[i].remaining() >= 8) step(&lanes[i]);
      next(&lanes[i]);
    }
    const auto bytes = static_cast<size_t>(lanes[i].out - starts[i]);
    std::memmove(to, starts[i], bytes);
    to += bytes;
  }
  return static_cast<uint64_t>(to - out);
}

std::string SymbolTrainer::Serialize() const {
  std::string out(kStoredBytes, '\0');
  const auto count = static_cast<uint64_t>(symbols_.size());
  const uint64_t header = kMagic << 32 | uint64_t{1} << 24 | count << 16 | count;
  std::memcpy(out.data(), &header, 8);
  for (size_t i = 0; i < symbols_.size(); ++i) {
    std::memcpy(out.data() + 8 + i * 8, &symbols_[i].bytes, 8);
    out[8 + count * 8 + i] = static_cast<char>(symbols_[i].length);
  }
  return out;
}

}  // namespace lance::encoding
