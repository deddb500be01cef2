#include "lance/encoding/codec/rle/rle.h"

#include <algorithm>
#include <numeric>

#include "lance/base/span_reader.h"
#include "lance/encoding/codec/flat/flat.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

struct Runs {
  const uint8_t* values = nullptr;
  Bytes lengths;
};

Result<Runs> CheckRuns(Bytes values, Bytes lengths, unsigned bits) {
  LANCE_CHECK_BYTES(values.size() == lengths.size() * (bits / 8),
                    "{} bytes of {}-bit run values for {} run lengths", values.size(), bits, lengths.size());
  LANCE_CHECK_BYTES(std::find(lengths.begin(), lengths.end(), 0) == lengths.end(), "run of length 0");
  return Runs{values.data(), lengths};
}

template <typename T>
T* Fill(T* to, const uint8_t* value, uint64_t count) {
  T filler = LoadLE<T>(value);
  // Runs are short as a rule: one vector's worth at once, past the end into the slack or the next run.
  constexpr uint64_t kOnce = 16 / sizeof(T);
  for (uint64_t i = 0; i < kOnce; ++i) to[i] = filler;
  for (uint64_t i = kOnce; i < count; ++i) to[i] = filler;
  return to + count;
}

// Appends values [range.start, range.end()) given that `run` ends at `run_end`; both move along.
template <typename T>
Result<T*> AppendRuns(const Runs& runs, const RowRange& range, size_t* run, uint64_t* run_end, T* to) {
  uint64_t at = range.start;
  while (at < range.end()) {
    while (*run_end <= at) {
      LANCE_CHECK_BYTES(*run + 1 < runs.lengths.size(), "runs end at {}, before value {}", *run_end, at);
      *run_end += runs.lengths[++*run];
    }
    uint64_t count = std::min(*run_end, range.end()) - at;
    to = Fill<T>(to, runs.values + *run * sizeof(T), count);
    at += count;
  }
  return to;
}

template <typename T>
Status DecodeRanges(const Runs& runs, std::span<const RowRange> ranges, T* to) {
  if (ranges.empty()) return Status::OK();
  LANCE_CHECK_BYTES(!runs.lengths.empty(), "no runs for {} values", CountRows(ranges));
  size_t run = 0;
  uint64_t run_end = runs.lengths[0];
  for (const RowRange& range : ranges) {
    ARROW_ASSIGN_OR_RAISE(to, AppendRuns<T>(runs, range, &run, &run_end, to));
  }
  return Status::OK();
}

Status DecodeRuns(const Runs& runs, unsigned bits, std::span<const RowRange> ranges, uint8_t* to) {
  switch (bits) {
    case 8:
      return DecodeRanges(runs, ranges, to);
    case 16:
      return DecodeRanges(runs, ranges, reinterpret_cast<uint16_t*>(to));
    case 32:
      return DecodeRanges(runs, ranges, reinterpret_cast<uint32_t*>(to));
    default:
      return DecodeRanges(runs, ranges, reinterpret_cast<uint64_t*>(to));
  }
}

uint64_t SumLengths(Bytes lengths) { return std::accumulate(lengths.begin(), lengths.end(), uint64_t{0}); }

class RleCodec : public ChunkCodec {
 public:
  explicit RleCodec(unsigned bits) : bits_(bits) {}

  // The last run may reach past the chunk: old writers cut chunks inside runs. What is past is not asked for.
  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    ARROW_ASSIGN_OR_RAISE(Runs runs, CheckRuns(chunk.buffers[0], chunk.buffers[1], bits_));
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, sink->fixed.Append(CountRows(ranges)));
    return DecodeRuns(runs, bits_, ranges, to);
  }
  size_t num_buffers() const override { return 2; }

 private:
  unsigned bits_;
};

class RleBlock : public BlockCodec {
 public:
  using BlockCodec::BlockCodec;

  Status Decode(Bytes payload, uint64_t num_values, uint8_t* out) const override {
    if (num_values == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(Runs runs, Parse(payload));
    LANCE_CHECK_BYTES(SumLengths(runs.lengths) == num_values, "runs hold {} values, {} are expected",
                      SumLengths(runs.lengths), num_values);
    const RowRange all{0, num_values};
    return DecodeRuns(runs, bits(), {&all, 1}, out);
  }

  Result<std::optional<uint64_t>> CountValues(Bytes payload) const override {
    ARROW_ASSIGN_OR_RAISE(Runs runs, Parse(payload));
    return std::optional<uint64_t>(SumLengths(runs.lengths));
  }

 private:
  Result<Runs> Parse(Bytes payload) const {
    SpanReader reader(payload);
    ARROW_ASSIGN_OR_RAISE(uint64_t bytes, reader.ReadLE<uint64_t>("bytes of run values"));
    ARROW_ASSIGN_OR_RAISE(Bytes values, reader.ReadBytes(bytes, "run values"));
    ARROW_ASSIGN_OR_RAISE(Bytes lengths, reader.ReadBytes(reader.remaining(), "run lengths"));
    return CheckRuns(values, lengths, bits());
  }
};

}  // namespace

Result<unsigned> RleBits(const pb21::Rle& encoding) {
  LANCE_CHECK_BYTES(encoding.has_values() && encoding.has_run_lengths(), "Rle without values or run lengths");
  if (!encoding.values().has_flat()) return NotSupported("Rle with run values other than Flat");
  if (!encoding.run_lengths().has_flat()) return NotSupported("Rle with run lengths other than Flat");
  ARROW_ASSIGN_OR_RAISE(uint64_t length_bits, FlatBits(encoding.run_lengths().flat()));
  if (length_bits != 8) return NotSupported("Rle with run lengths of {} bits", length_bits);
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, FlatBits(encoding.values().flat()));
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
    return NotSupported("Rle with values of {} bits", bits);
  return static_cast<unsigned>(bits);
}

Result<std::unique_ptr<ChunkCodec>> MakeRleCodec(const pb21::Rle& encoding, const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(unsigned bits, RleBits(encoding));
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kFixed && shape.bits == bits,
                    "Rle of {}-bit values does not fit the column type", bits);
  return std::make_unique<RleCodec>(bits);
}

Result<std::unique_ptr<BlockCodec>> MakeRleBlock(const pb21::Rle& encoding, unsigned bits) {
  ARROW_ASSIGN_OR_RAISE(unsigned stored, RleBits(encoding));
  LANCE_CHECK_BYTES(stored == bits, "Rle of {}-bit values where {} bits are needed", stored, bits);
  return std::make_unique<RleBlock>(bits);
}

}  // namespace lance::encoding
