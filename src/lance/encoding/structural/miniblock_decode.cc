// The decoding half of mini-block pages, in two passes over the chunks: levels first, for they say which
// values the asked rows have and so how large the output is, then values straight into it.
#include <algorithm>
#include <cstring>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/encoding/levels/level_bits.h"
#include "lance/encoding/structural/miniblock.h"

namespace lance::encoding {
namespace {

// Levels that one chunk may have; old writers went past 65,535 with run-length encoded ones.
constexpr uint64_t kMaxChunkLevels = uint64_t{1} << 24;

Bytes ChunkBytes(const MiniBlockPage& page, const ChunkWork& work, const std::vector<BufferPtr>& buffers) {
  uint64_t length = page.index.byte_start(work.chunk + 1) - page.index.byte_start(work.chunk);
  return Bytes(buffers[work.buffer]->data() + work.offset, length);
}

std::span<const RowRange> RowsOf(const MiniBlockPlan& plan, const ChunkWork& work) {
  return std::span<const RowRange>(plan.rows).subspan(work.first_range, work.num_ranges);
}

// The 16-bit field that counts levels wraps in files of some writers; a payload that knows better is believed
// when the two agree modulo 65,536.
Status ResolveNumLevels(const MiniBlockPage& page, ChunkView* chunk) {
  for (auto [codec, payload] :
       {std::pair(page.rep.get(), chunk->rep), std::pair(page.def.get(), chunk->def)}) {
    if (codec == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(std::optional<uint64_t> counted, codec->CountValues(payload));
    if (!counted.has_value() || *counted == chunk->num_levels) continue;
    LANCE_CHECK_BYTES(*counted > chunk->num_levels && *counted % 65536 == chunk->num_levels % 65536 &&
                          *counted <= kMaxChunkLevels,
                      "chunk says {} levels, their payload holds {}", chunk->num_levels, *counted);
    chunk->num_levels = *counted;
  }
  return Status::OK();
}

// Levels of pages without lists: one a row, so the row ranges are the level ranges and the value ranges.
class FlatLevels {
 public:
  FlatLevels(const MiniBlockPage& page, uint64_t num_rows) : page_(page), num_rows_(num_rows) {}

  Status Add(const ChunkView& chunk, uint64_t num_values, std::span<const RowRange> rows) {
    LANCE_CHECK_BYTES(chunk.num_levels == num_values, "chunk has {} values and {} definition levels",
                      num_values, chunk.num_levels);
    bool bits = page_.levels.only_validity();
    if (sink_.buffer == nullptr) {
      ARROW_ASSIGN_OR_RAISE(sink_, FixedSink::Make(bits ? 1 : 16, num_rows_));
    }
    if (bits) {
      ARROW_ASSIGN_OR_RAISE(uint8_t * decoded, decoded_.Get(num_values / 8 + 8));
      ARROW_RETURN_NOT_OK(page_.def->DecodeZeroBits(chunk.def, num_values, &scratch_, decoded));
    } else {
      ARROW_ASSIGN_OR_RAISE(uint8_t * decoded, decoded_.Get(num_values * 2));
      ARROW_RETURN_NOT_OK(page_.def->Decode(chunk.def, num_values, decoded));
      ARROW_RETURN_NOT_OK(
          CheckLevels(page_.levels, nullptr, reinterpret_cast<const uint16_t*>(decoded), num_values));
    }
    return sink_.AppendRanges(decoded_.data(), rows);
  }

  void Finish(DecodedPage* out) {
    if (page_.levels.only_validity()) {
      out->validity = std::move(sink_.buffer);
    } else {
      out->def = std::move(sink_.buffer);
      out->num_levels = num_rows_;
    }
  }

 private:
  const MiniBlockPage& page_;
  uint64_t num_rows_;
  FixedSink sink_;
  ScratchBytes decoded_;
  ScratchBytes scratch_;
};

// Levels of pages with lists: rows are found by the repetition levels, their values by the definition levels.
class RepeatedLevels {
 public:
  explicit RepeatedLevels(const MiniBlockPage& page) : page_(page) {}

  // Appends the levels of `rows` of a chunk and the ranges of its values that they see to `values`.
  Status Add(const ChunkView& chunk, uint64_t num_values, uint64_t num_rows, std::span<const RowRange> rows,
             std::vector<RowRange>* values) {
    const uint64_t count = chunk.num_levels;
    ARROW_RETURN_NOT_OK(rep_.Reserve(count * 2));
    uint16_t* rep = reinterpret_cast<uint16_t*>(rep_.end());
    ARROW_RETURN_NOT_OK(page_.rep->Decode(chunk.rep, count, rep_.end()));
    uint16_t* def = nullptr;
    if (page_.def != nullptr) {
      ARROW_RETURN_NOT_OK(def_.Reserve(count * 2));
      def = reinterpret_cast<uint16_t*>(def_.end());
      ARROW_RETURN_NOT_OK(page_.def->Decode(chunk.def, count, def_.end()));
    }
    ARROW_RETURN_NOT_OK(CheckLevels(page_.levels, rep, def, count));
    uint64_t visible = def == nullptr ? count : CountAtMost(def, count, page_.levels.max_visible);
    LANCE_CHECK_BYTES(visible == num_values, "chunk has {} values, its levels show {}", num_values, visible);
    uint64_t starts = CountEqual(rep + 1, count == 0 ? 0 : count - 1, page_.levels.max_rep) + (count > 0);
    LANCE_CHECK_BYTES(starts == num_rows, "chunk has slots of {} rows, the repetition index says {}", starts,
                      num_rows);
    uint64_t kept = count;
    if (IsWhole(rows, num_rows)) {
      if (num_values > 0) values->push_back({0, num_values});
    } else {
      kept = Trim(rep, def, count, rows, values);
    }
    rep_.Advance(kept * 2);
    if (def != nullptr) def_.Advance(kept * 2);
    return Status::OK();
  }

  Status Finish(DecodedPage* out) {
    out->num_levels = rep_.size() / 2;
    ARROW_ASSIGN_OR_RAISE(out->rep, rep_.Finish());
    if (page_.def != nullptr) {
      ARROW_ASSIGN_OR_RAISE(out->def, def_.Finish());
    }
    return Status::OK();
  }

 private:
  // Keeps the levels of `rows` by moving them to the front, and notes their values.
  uint64_t Trim(uint16_t* rep, uint16_t* def, uint64_t count, std::span<const RowRange> rows,
                std::vector<RowRange>* values) {
    places_.resize(2 * rows.size());
    FindRows(rep, def, count, page_.levels.max_rep, page_.levels.max_visible, rows, places_.data());
    uint64_t kept = 0;
    for (size_t i = 0; i < places_.size(); i += 2) {
      const RowPlace first = places_[i], last = places_[i + 1];
      const uint64_t levels = last.level - first.level;
      MoveDown(rep, kept, first.level, levels);
      if (def != nullptr) MoveDown(def, kept, first.level, levels);
      kept += levels;
      if (last.value > first.value) AppendRange(values, {first.value, last.value - first.value});
    }
    return kept;
  }

  // Rows are short: one wide copy does where it cannot reach what is still to be moved. It may read past the
  // levels, where GrowableBytes has slack.
  static void MoveDown(uint16_t* levels, uint64_t to, uint64_t from, uint64_t count) {
    constexpr uint64_t kWide = 16;
    static_assert(kWide * sizeof(uint16_t) <= kCopySlack);
    if (count <= kWide && to + kWide <= from) {
      std::memcpy(levels + to, levels + from, kWide * sizeof(uint16_t));
    } else {
      std::memmove(levels + to, levels + from, count * sizeof(uint16_t));
    }
  }

  const MiniBlockPage& page_;
  GrowableBytes rep_;
  GrowableBytes def_;
  std::vector<RowPlace> places_;
};

}  // namespace

Status ParseChunk(const MiniBlockPage& page, Bytes chunk, ChunkView* out) {
  SpanReader reader(chunk);
  ARROW_ASSIGN_OR_RAISE(out->num_levels, reader.ReadLE<uint16_t>("number of levels"));
  uint64_t rep_bytes = 0;
  uint64_t def_bytes = 0;
  if (page.rep != nullptr) {
    ARROW_ASSIGN_OR_RAISE(rep_bytes, reader.ReadLE<uint16_t>("size of repetition levels"));
  }
  if (page.def != nullptr) {
    ARROW_ASSIGN_OR_RAISE(def_bytes, reader.ReadLE<uint16_t>("size of definition levels"));
  }
  const size_t num_buffers = page.values->num_buffers();
  ARROW_ASSIGN_OR_RAISE(Bytes sizes,
                        reader.ReadBytes(num_buffers * (page.large_chunks ? 4 : 2), "buffer sizes"));
  // Padding behind the last part may be missing.
  auto next = [&](uint64_t bytes, const char* field) -> Result<Bytes> {
    if (bytes > 0) ARROW_RETURN_NOT_OK(reader.AlignTo(8, field));
    return reader.ReadBytes(bytes, field);
  };
  if (page.rep != nullptr) {
    ARROW_ASSIGN_OR_RAISE(out->rep, next(rep_bytes, "repetition levels"));
  }
  if (page.def != nullptr) {
    ARROW_ASSIGN_OR_RAISE(out->def, next(def_bytes, "definition levels"));
  }
  out->values.clear();
  for (size_t i = 0; i < num_buffers; ++i) {
    uint64_t bytes =
        page.large_chunks ? LoadLE<uint32_t>(sizes.data() + i * 4) : LoadLE<uint16_t>(sizes.data() + i * 2);
    ARROW_ASSIGN_OR_RAISE(Bytes values, next(bytes, "value buffer"));
    out->values.push_back(values);
  }
  if (page.rep == nullptr && page.def == nullptr) return Status::OK();
  return ResolveNumLevels(page, out);
}

namespace {

// Makes room for all strings once the first chunk has shown how long they are, so that the bytes seldom move:
// `chunk_bytes`, the size of the largest chunk, bounds what its decoder claims before it knows better.
Status ReserveStrings(VariableSink* sink, uint64_t chunk_bytes) {
  constexpr uint64_t kMaxGuess = uint64_t{1} << 30;
  constexpr double kLongestCode = 8;
  if (sink->size == 0 || sink->size == sink->capacity) return Status::OK();
  const double each = static_cast<double>(sink->bytes.size()) / static_cast<double>(sink->size);
  const double rest = each * static_cast<double>(sink->capacity - sink->size) * 1.05;
  const double guess = rest + std::min(kLongestCode * static_cast<double>(chunk_bytes), rest);
  return sink->bytes.Reserve(static_cast<uint64_t>(std::min(guess, static_cast<double>(kMaxGuess))));
}

// One pass over the values; `ranges_of` gives the value ranges of the n-th piece of work.
template <typename RangesOf>
Status DecodeValues(const MiniBlockPage& page, const MiniBlockPlan& plan,
                    const std::vector<BufferPtr>& buffers, ChunkView* chunk, ValueSink* sink,
                    RangesOf ranges_of) {
  for (size_t i = 0; i < plan.work.size(); ++i) {
    const ChunkWork& work = plan.work[i];
    std::span<const RowRange> ranges = ranges_of(i);
    if (ranges.empty()) continue;
    auto decode = [&]() -> Status {
      ARROW_RETURN_NOT_OK(ParseChunk(page, ChunkBytes(page, work, buffers), chunk));
      return page.values->Decode({page.index.num_values(work.chunk), chunk->values}, ranges, sink);
    };
    Status status = decode();
    if (!status.ok()) return WithContext(status, fmt::format("chunk {}", work.chunk));
    if (i == 0 && page.shape.kind == LeafKind::kVariable) {
      uint64_t largest = 0;
      for (const ChunkWork& one : plan.work) {
        largest = std::max(largest, page.index.byte_start(one.chunk + 1) - page.index.byte_start(one.chunk));
      }
      ARROW_RETURN_NOT_OK(ReserveStrings(&sink->variable, largest));
    }
  }
  return Status::OK();
}

// A dictionary index may be anything where the slot is null, and nowhere else.
Status CheckBadIndices(const MiniBlockPage& page, const std::vector<uint64_t>& bad, const DecodedPage& out) {
  if (bad.empty()) return Status::OK();
  const auto* def = out.def == nullptr ? nullptr : reinterpret_cast<const uint16_t*>(out.def->data());
  uint64_t level = 0;
  uint64_t value = 0;  // of the next visible slot at or behind `level`
  for (uint64_t position : bad) {
    bool null = out.validity != nullptr && !arrow::bit_util::GetBit(out.validity->data(), position);
    if (def != nullptr) {
      while (level < out.num_levels && (def[level] > page.levels.max_visible || value < position)) {
        value += def[level++] <= page.levels.max_visible;
      }
      null = level < out.num_levels && def[level] != 0;
    }
    LANCE_CHECK_BYTES(null, "value {} has an index outside the {} entries of the dictionary", position,
                      page.dictionary == nullptr ? 0 : page.dictionary->size);
  }
  return Status::OK();
}

Status FinishValues(const MiniBlockPage& page, ValueSink* sink, uint64_t size, DecodedPage* out) {
  ARROW_RETURN_NOT_OK(CheckBadIndices(page, sink->scratch->bad_indices, *out));
  ARROW_ASSIGN_OR_RAISE(out->values, sink->Finish(page.shape, size));
  if (page.shape.kind == LeafKind::kDictionary) {
    out->values->type = page.shape.type;
    out->values->dictionary = page.dictionary->values;
  }
  return Status::OK();
}

Result<ValueSink> MakeSink(const MiniBlockPage& page, uint64_t capacity) {
  return ValueSink::Make(page.shape, capacity, page.values->item_validity());
}

Result<DecodedPage> DecodeFlat(const MiniBlockPage& page, const MiniBlockPlan& plan,
                               const std::vector<BufferPtr>& buffers) {
  DecodedPage out;
  out.layers = page.levels.layers;
  ChunkView chunk;
  if (page.def != nullptr && page.levels.max_def > 0) {
    FlatLevels levels(page, plan.num_rows);
    for (const ChunkWork& work : plan.work) {
      ARROW_RETURN_NOT_OK(ParseChunk(page, ChunkBytes(page, work, buffers), &chunk));
      ARROW_RETURN_NOT_OK(levels.Add(chunk, page.index.num_values(work.chunk), RowsOf(plan, work)));
    }
    levels.Finish(&out);
  }
  ARROW_ASSIGN_OR_RAISE(ValueSink sink, MakeSink(page, plan.num_rows));
  ARROW_RETURN_NOT_OK(
      DecodeValues(page, plan, buffers, &chunk, &sink, [&](size_t i) { return RowsOf(plan, plan.work[i]); }));
  ARROW_RETURN_NOT_OK(FinishValues(page, &sink, plan.num_rows, &out));
  return out;
}

Result<DecodedPage> DecodeRepeated(const MiniBlockPage& page, const MiniBlockPlan& plan,
                                   const std::vector<BufferPtr>& buffers) {
  DecodedPage out;
  out.layers = page.levels.layers;
  ChunkView chunk;
  RepeatedLevels levels(page);
  std::vector<RowRange> ranges;
  std::vector<RowRange> chunk_ranges;
  std::vector<size_t> ends;  // of the ranges of each piece of work
  for (const ChunkWork& work : plan.work) {
    ARROW_RETURN_NOT_OK(ParseChunk(page, ChunkBytes(page, work, buffers), &chunk));
    uint64_t num_rows = page.index.end_row(work.chunk) - page.index.first_row(work.chunk);
    chunk_ranges.clear();
    Status status =
        levels.Add(chunk, page.index.num_values(work.chunk), num_rows, RowsOf(plan, work), &chunk_ranges);
    if (!status.ok()) return WithContext(status, fmt::format("chunk {}", work.chunk));
    ranges.insert(ranges.end(), chunk_ranges.begin(), chunk_ranges.end());
    ends.push_back(ranges.size());
  }
  ARROW_RETURN_NOT_OK(levels.Finish(&out));
  uint64_t num_values = CountRows(ranges);
  ARROW_ASSIGN_OR_RAISE(ValueSink sink, MakeSink(page, num_values));
  ARROW_RETURN_NOT_OK(DecodeValues(page, plan, buffers, &chunk, &sink, [&](size_t i) {
    size_t begin = i == 0 ? 0 : ends[i - 1];
    return std::span<const RowRange>(ranges).subspan(begin, ends[i] - begin);
  }));
  ARROW_RETURN_NOT_OK(FinishValues(page, &sink, num_values, &out));
  return out;
}

}  // namespace

Result<DecodedPage> DecodeMiniBlock(const MiniBlockPage& page, const MiniBlockPlan& plan,
                                    const std::vector<BufferPtr>& buffers) {
  return page.rep == nullptr ? DecodeFlat(page, plan, buffers) : DecodeRepeated(page, plan, buffers);
}

}  // namespace lance::encoding
