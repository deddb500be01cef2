#include "lance/encoding/structural/chunk_index.h"

#include <algorithm>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"

namespace lance::encoding {

Result<ChunkIndex> ChunkIndex::Make(const Source& source) {
  ChunkIndex index;
  index.num_rows_ = source.num_rows;
  ARROW_RETURN_NOT_OK(index.ParseWords(source));
  ARROW_RETURN_NOT_OK(source.repetition_depth > 0 ? index.MapRepeatedRows(source) : index.MapRows(source));
  return index;
}

Status ChunkIndex::ParseWords(const Source& source) {
  const size_t width = source.large_words ? 4 : 2;
  LANCE_CHECK_BYTES(source.words.size() % width == 0, "chunk metadata of {} bytes is not whole words of {}",
                    source.words.size(), width);
  num_chunks_ = source.words.size() / width;
  LANCE_CHECK_BYTES(num_chunks_ > 0 || source.num_items == 0, "mini-block page has no chunks for {} values",
                    source.num_items);
  logs_.reserve(num_chunks_);
  byte_starts_.reserve(num_chunks_ + 1);
  byte_starts_.push_back(0);
  uint64_t before_last = 0;
  for (size_t chunk = 0; chunk < num_chunks_; ++chunk) {
    uint64_t word = source.large_words ? LoadLE<uint32_t>(source.words.data() + chunk * 4)
                                       : LoadLE<uint16_t>(source.words.data() + chunk * 2);
    uint8_t log = word & 15;
    logs_.push_back(log);
    byte_starts_.push_back(byte_starts_.back() + ((word >> 4) + 1) * 8);
    if (chunk + 1 < num_chunks_) {
      LANCE_CHECK_BYTES(log != 0, "chunk {} of {} has a log of 0 values, which only the last may have", chunk,
                        num_chunks_);
      before_last += uint64_t{1} << log;
    }
  }
  LANCE_CHECK_BYTES(byte_starts_.back() <= source.chunk_bytes, "chunks take {} bytes, their buffer has {}",
                    byte_starts_.back(), source.chunk_bytes);
  LANCE_CHECK_BYTES(before_last <= source.num_items, "chunks before the last hold {} values, the page {}",
                    before_last, source.num_items);
  last_values_ = source.num_items - before_last;
  if (num_chunks_ > 0 && logs_.back() != 0) {
    LANCE_CHECK_BYTES(uint64_t{1} << logs_.back() == last_values_,
                      "the last chunk says {} values, {} are left for it", uint64_t{1} << logs_.back(),
                      last_values_);
  }
  return Status::OK();
}

Status ChunkIndex::MapRows(const Source& source) {
  LANCE_CHECK_BYTES(source.num_items == source.num_rows, "page of {} rows has {} values and no lists",
                    source.num_rows, source.num_items);
  if (num_chunks_ == 0) return Status::OK();
  if (num_chunks_ == 1) {
    uniform_log_ = 0;
  } else if (std::all_of(logs_.begin(), logs_.end() - 1, [&](uint8_t log) { return log == logs_[0]; })) {
    uniform_log_ = logs_[0];
  } else {
    uint64_t row = 0;
    for (size_t chunk = 0; chunk < num_chunks_; ++chunk) {
      first_rows_.push_back(row);
      row += num_values(chunk);
    }
  }
  return Status::OK();
}

// Each chunk has depth + 1 numbers, of which two matter here: rows that end in it, and levels of a row that
// it leaves unfinished.
Status ChunkIndex::MapRepeatedRows(const Source& source) {
  ARROW_ASSIGN_OR_RAISE(uint64_t stride,
                        CheckedMul(uint64_t{source.repetition_depth} + 1, 8, "repetition index"));
  ARROW_ASSIGN_OR_RAISE(uint64_t needed, CheckedMul(stride, num_chunks_, "repetition index"));
  LANCE_CHECK_BYTES(source.repetition.size() >= needed, "repetition index has {} bytes, {} chunks need {}",
                    source.repetition.size(), num_chunks_, needed);
  uint64_t ended = 0;
  bool unfinished = false;
  for (size_t chunk = 0; chunk < num_chunks_; ++chunk) {
    uint64_t ends = LoadLE<uint64_t>(source.repetition.data() + chunk * stride);
    uint64_t left = LoadLE<uint64_t>(source.repetition.data() + chunk * stride + 8);
    LANCE_CHECK_BYTES(ends <= source.num_rows - ended,
                      "repetition index: more rows end by chunk {} than the {} there are", chunk,
                      source.num_rows);
    LANCE_CHECK_BYTES(!unfinished || ends > 0 || left > 0,
                      "repetition index: the row that chunk {} goes on with is lost", chunk);
    first_rows_.push_back(ended);
    ended += ends;
    unfinished = left > 0;
    LANCE_CHECK_BYTES(ended + unfinished <= source.num_rows,
                      "repetition index: chunk {} begins a row past the {} there are", chunk,
                      source.num_rows);
    end_rows_.push_back(ended + unfinished);
  }
  LANCE_CHECK_BYTES((num_chunks_ == 0 ? 0 : end_rows_.back()) == source.num_rows,
                    "repetition index covers {} rows, the page has {}", ended, source.num_rows);
  return Status::OK();
}

size_t ChunkIndex::FindChunk(uint64_t row, size_t hint) const {
  if (num_chunks_ == 1) return 0;
  if (uniform_log_ >= 0) return std::min<size_t>(row >> uniform_log_, num_chunks_ - 1);
  if (!end_rows_.empty()) {
    return static_cast<size_t>(
        std::upper_bound(end_rows_.begin() + static_cast<int64_t>(hint), end_rows_.end(), row) -
        end_rows_.begin());
  }
  return static_cast<size_t>(
             std::upper_bound(first_rows_.begin() + static_cast<int64_t>(hint), first_rows_.end(), row) -
             first_rows_.begin()) -
         1;
}

uint64_t ChunkIndex::memory_bytes() const {
  return sizeof(*this) + logs_.capacity() +
         8 * (byte_starts_.capacity() + first_rows_.capacity() + end_rows_.capacity());
}

}  // namespace lance::encoding
