#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/base/status.h"

namespace lance::encoding {

/// Where the chunks of a mini-block page lie, how many values they have and which rows touch them.
class ChunkIndex {
 public:
  /// What the page says about its chunks.
  struct Source {
    std::span<const uint8_t> words;  ///< chunk metadata buffer
    bool large_words = false;        ///< u32 words, else u16
    uint64_t chunk_bytes = 0;        ///< size of the chunks buffer
    uint64_t num_items = 0;          ///< values of the page
    uint64_t num_rows = 0;
    std::span<const uint8_t> repetition;  ///< repetition index, empty without lists
    uint32_t repetition_depth = 0;        ///< 0: a value is a row
  };
  static Result<ChunkIndex> Make(const Source& source);

  size_t num_chunks() const { return num_chunks_; }
  uint64_t byte_start(size_t chunk) const { return byte_starts_[chunk]; }
  uint64_t num_values(size_t chunk) const {
    return chunk + 1 < num_chunks_ ? uint64_t{1} << logs_[chunk] : last_values_;
  }
  /// First row with a slot in the chunk; it may have begun in an earlier one.
  uint64_t first_row(size_t chunk) const {
    return uniform_log_ >= 0 ? chunk << uniform_log_ : first_rows_[chunk];
  }
  /// Behind the last row with a slot in the chunk; that one may go on in the next.
  uint64_t end_row(size_t chunk) const {
    if (end_rows_.empty()) return chunk + 1 < num_chunks_ ? first_row(chunk + 1) : num_rows_;
    return end_rows_[chunk];
  }
  /// First chunk, not before `hint`, in which `row` has a slot.
  size_t FindChunk(uint64_t row, size_t hint) const;
  uint64_t memory_bytes() const;

 private:
  Status ParseWords(const Source& source);
  Status MapRows(const Source& source);
  Status MapRepeatedRows(const Source& source);

  size_t num_chunks_ = 0;
  uint64_t num_rows_ = 0;
  uint64_t last_values_ = 0;
  int uniform_log_ = -1;  // >= 0: chunk c starts at row c << log, the common case
  std::vector<uint8_t> logs_;
  std::vector<uint64_t> byte_starts_;  // one more than chunks
  std::vector<uint64_t> first_rows_;   // empty when uniform
  std::vector<uint64_t> end_rows_;     // only with repetition
};

}  // namespace lance::encoding
