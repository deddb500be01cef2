#include "lance/encoding/codec/dictionary/dictionary_build.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "lance/encoding/core/buffers.h"

namespace lance::encoding {
namespace {

constexpr uint64_t kSamples = 4096;
constexpr uint64_t kLeastSamples = 1024;
constexpr double kMostDistinct = 0.985;  // of those sampled: about 140,000 values in all
constexpr uint64_t kInlineBytes = 16;

uint64_t Mix(uint64_t left, uint64_t right) {
  const auto product = static_cast<unsigned __int128>(left) * right;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// In the manner of wyhash (Wang Yi, public domain): two words a multiplication.
uint64_t HashBytes(const uint8_t* bytes, uint64_t size) {
  constexpr uint64_t kA = 0x9e3779b97f4a7c15;
  constexpr uint64_t kB = 0xe7037ed1a0b428db;
  auto load = [&](uint64_t at, uint64_t count) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + at, count);
    return word;
  };
  uint64_t hash = size * kB;
  uint64_t at = 0;
  for (; at + 16 <= size; at += 16) hash = Mix(load(at, 8) ^ kA, load(at + 8, 8) ^ hash);
  if (size - at >= 8) {
    hash = Mix(load(at, 8) ^ kA, hash ^ kB);
    at += 8;
  }
  return Mix(load(at, size - at) ^ hash, kA);
}

// Values as runs of bytes, whatever their kind.
struct Value {
  const uint8_t* bytes;
  uint64_t size;
};

Value ValueAt(const LeafValues& values, uint64_t i) {
  if (values.kind == LeafKind::kVariable) return {values.data + values.start(i), values.length(i)};
  return {values.data + i * (values.bits / 8), values.bits / 8};
}

// A value as a table compares it: up to kInlineBytes bytes themselves; of longer ones a hash, and where one
// is that has them.
struct Key {
  uint64_t low = 0;
  uint64_t high = 0;
  uint64_t size = 0;

  bool is_long() const { return size > kInlineBytes; }
  const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(high); }
  bool operator==(const Key& other) const {
    if (low != other.low || size != other.size) return false;
    return is_long() ? std::memcmp(bytes(), other.bytes(), size) == 0 : high == other.high;
  }
  uint64_t hash() const {
    return is_long() ? low : Mix(low ^ 0x9e3779b97f4a7c15, high ^ (size + 1) * 0xe7037ed1a0b428db);
  }
};

// The low bytes of a word, none to all of them.
uint64_t LowBytes(uint64_t word, uint64_t count) {
  return count >= 8 ? word : word & ((uint64_t{1} << (8 * count)) - 1);
}

// `end`: up to where bytes may be read.
Key KeyOf(const Value& value, const uint8_t* end) {
  Key key;
  key.size = value.size;
  if (key.is_long()) {
    key.low = HashBytes(value.bytes, value.size);
    key.high = reinterpret_cast<uint64_t>(value.bytes);
  } else if (end - value.bytes >= static_cast<ptrdiff_t>(kInlineBytes)) {
    std::memcpy(&key.low, value.bytes, 8);
    std::memcpy(&key.high, value.bytes + 8, 8);
    key.low = LowBytes(key.low, value.size);
    key.high = value.size > 8 ? LowBytes(key.high, value.size - 8) : 0;
  } else if (value.size > 0) {
    std::memcpy(&key.low, value.bytes, std::min<uint64_t>(8, value.size));
    if (value.size > 8) std::memcpy(&key.high, value.bytes + 8, value.size - 8);
  }
  return key;
}

class Table {
 public:
  /// \param expected  how many distinct values there may be
  Table(const LeafValues& values, uint64_t expected) : values_(values) {
    slots_.resize(std::bit_ceil(std::clamp<uint64_t>(expected * 2, 1 << 9, 1 << 18)));
    end_ = values.kind == LeafKind::kVariable ? values.data + values.start(values.size)
                                              : values.data + values.size * (values.bits / 8);
  }

  /// Values that are looked up together: while one waits for memory, the others ask for theirs.
  static constexpr uint64_t kTogether = 16;

  /// Makes values [first, first + count) ready for Find, count up to kTogether.
  void Begin(uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      keys_[i] = KeyOf(ValueAt(values_, first + i), end_);
      hashes_[i] = keys_[i].hash();
      __builtin_prefetch(&slots_[hashes_[i] & (slots_.size() - 1)]);
    }
    if (values_.kind != LeafKind::kVariable) return;
    for (uint64_t i = 0; i < count; ++i) {
      const Slot& slot = slots_[hashes_[i] & (slots_.size() - 1)];
      if (slot.entry != kNone && slot.key.is_long()) __builtin_prefetch(slot.key.bytes());
    }
  }

  // The number of value `first + i` of those begun; `added` when it is new.
  uint32_t Find(uint64_t first, uint64_t i, bool* added) {
    const Key& key = keys_[i];
    uint64_t at = hashes_[i] & (slots_.size() - 1);
    for (; slots_[at].entry != kNone; at = (at + 1) & (slots_.size() - 1)) {
      if (!(slots_[at].key == key)) continue;
      *added = false;
      return slots_[at].entry;
    }
    *added = true;
    const auto entry = static_cast<uint32_t>(first_use_.size());
    slots_[at] = {key, entry};
    first_use_.push_back(first + i);
    if (first_use_.size() * 2 > slots_.size()) Grow();
    return entry;
  }

  const std::vector<uint64_t>& first_use() const { return first_use_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Slot {
    Key key;
    uint32_t entry = kNone;
  };

  void Grow() {
    std::vector<Slot> larger(slots_.size() * 2);
    for (const Slot& slot : slots_) {
      if (slot.entry == kNone) continue;
      uint64_t at = slot.key.hash() & (larger.size() - 1);
      while (larger[at].entry != kNone) at = (at + 1) & (larger.size() - 1);
      larger[at] = slot;
    }
    slots_ = std::move(larger);
  }

  const LeafValues& values_;
  const uint8_t* end_;
  std::vector<Slot> slots_;
  std::vector<uint64_t> first_use_;
  Key keys_[kTogether];
  uint64_t hashes_[kTogether] = {};
};

// The entries as values of their own.
Status GatherEntries(const LeafValues& values, const std::vector<uint64_t>& first_use, uint64_t bytes,
                     LeafValues* out) {
  out->kind = values.kind;
  out->size = first_use.size();
  out->bits = values.bits;
  ARROW_ASSIGN_OR_RAISE(auto data, AllocateOutput(bytes));
  uint8_t* to = data->mutable_data();
  if (values.kind == LeafKind::kFixed) {
    for (uint64_t use : first_use) {
      const Value value = ValueAt(values, use);
      std::memcpy(to, value.bytes, value.size);
      to += value.size;
    }
  } else {
    const unsigned width = values.offset_bytes();
    ARROW_ASSIGN_OR_RAISE(auto ends, AllocateOutput((first_use.size() + 1) * width));
    uint64_t end = 0;
    std::memcpy(ends->mutable_data(), &end, width);
    for (uint64_t i = 0; i < first_use.size(); ++i) {
      const Value value = ValueAt(values, first_use[i]);
      if (value.size > 0) std::memcpy(to + end, value.bytes, value.size);
      end += value.size;
      out->max_length = std::max(out->max_length, value.size);
      std::memcpy(ends->mutable_data() + (i + 1) * width, &end, width);
    }
    out->data_bytes = end;
    if (width == 4) {
      out->offsets32 = reinterpret_cast<const int32_t*>(ends->data());
    } else {
      out->offsets64 = reinterpret_cast<const int64_t*>(ends->data());
    }
    out->owners.push_back(std::move(ends));
  }
  out->data = data->data();
  out->owners.push_back(std::move(data));
  return Status::OK();
}

}  // namespace

Result<std::optional<LeafValues>> BuildDictionary(const LeafValues& values, const std::vector<bool>& nulls,
                                                  const DictionaryLimits& limits) {
  ARROW_ASSIGN_OR_RAISE(auto indices, AllocateOutput(values.size * 4));
  auto* to = reinterpret_cast<uint32_t*>(indices->mutable_data());
  Table table(values, limits.expected_entries);
  const uint64_t overhead = values.kind == LeafKind::kVariable ? values.offset_bytes() : 0;
  uint64_t entry_bytes = 0;
  const auto fits = [&] {
    const uint64_t entries = table.first_use().size();
    const auto index_bits =
        static_cast<uint64_t>(entries <= limits.max_packed_entries ? std::bit_width(entries) : 32);
    return entries <= limits.max_entries && entry_bytes <= limits.max_entry_bytes &&
           entry_bytes + entries * overhead + values.size * index_bits / 8 <= limits.max_encoded_bytes;
  };
  uint32_t previous = 0;
  for (uint64_t first = 0; first < values.size; first += Table::kTogether) {
    const uint64_t count = std::min(Table::kTogether, values.size - first);
    table.Begin(first, count);
    for (uint64_t i = 0; i < count; ++i) {
      if (nulls.empty() || !nulls[first + i]) {
        bool added = false;
        previous = table.Find(first, i, &added);
        if (added) {
          entry_bytes += ValueAt(values, first + i).size;
          if (!fits()) return std::nullopt;
        }
      }
      to[first + i] = previous;
    }
  }
  if (table.first_use().empty()) return std::nullopt;
  LeafValues out;
  out.kind = LeafKind::kDictionary;
  out.size = values.size;
  out.bits = 32;
  out.data = indices->data();
  out.owners.push_back(std::move(indices));
  LeafValues entries;
  ARROW_RETURN_NOT_OK(GatherEntries(values, table.first_use(), entry_bytes, &entries));
  out.children.push_back(std::move(entries));
  return out;
}

std::optional<double> EstimateDistinct(const LeafValues& values) {
  const uint64_t samples = std::min(values.size, kSamples);
  if (samples < kLeastSamples) return std::nullopt;
  std::vector<uint64_t> hashes;
  hashes.reserve(samples);
  for (uint64_t i = 0; i < samples; ++i) {
    // One of each stretch, not always the same of it: values may come in turns.
    const uint64_t start = i * values.size / samples;
    const uint64_t length = (i + 1) * values.size / samples - start;
    const Value value = ValueAt(values, start + Mix(i + 1, 0x9e3779b97f4a7c15) % length);
    hashes.push_back(HashBytes(value.bytes, value.size));
  }
  std::sort(hashes.begin(), hashes.end());
  const auto distinct = static_cast<double>(std::unique(hashes.begin(), hashes.end()) - hashes.begin());
  const auto drawn = static_cast<double>(samples);
  if (distinct > kMostDistinct * drawn) return std::numeric_limits<double>::infinity();
  // Of `count` values, equally frequent, so many are met in `drawn` draws; solved by bisection.
  const auto met = [&](double count) { return count * (1 - std::exp(-drawn / count)); };
  double low = distinct;
  double high = 1e9;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (met(middle) < distinct ? low : high) = middle;
  }
  return high;
}

}  // namespace lance::encoding
