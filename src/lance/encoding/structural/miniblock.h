#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/encoding/codec/block_codec.h"
#include "lance/encoding/codec/chunk_codec.h"
#include "lance/encoding/codec/dictionary/page_dictionary.h"
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/core/leaf_shape.h"
#include "lance/encoding/core/page.h"
#include "lance/encoding/levels/level_layout.h"
#include "lance/encoding/structural/chunk_index.h"

namespace lance::encoding {

/// A mini-block page, opened: everything that planning and decoding share. Immutable.
struct MiniBlockPage {
  std::string where;
  LeafShape shape;
  LevelLayout levels;
  ChunkIndex index;
  uint64_t chunks_offset = 0;  ///< file position of the first chunk
  uint64_t num_rows = 0;
  bool large_chunks = false;
  std::unique_ptr<BlockCodec> rep;  ///< null: the page has no such levels
  std::unique_ptr<BlockCodec> def;
  std::unique_ptr<ChunkCodec> values;
  std::shared_ptr<const PageDictionary> dictionary;  ///< null: values are stored themselves
};

/// Some rows of one chunk.
struct ChunkWork {
  size_t chunk = 0;
  size_t buffer = 0;       ///< which range of the task holds it
  uint64_t offset = 0;     ///< and where in it
  size_t first_range = 0;  ///< into MiniBlockPlan::rows
  size_t num_ranges = 0;
};

/// What a task will do, in page order.
struct MiniBlockPlan {
  std::vector<ByteRange> ranges;
  std::vector<ChunkWork> work;
  std::vector<RowRange, PooledAllocator<RowRange>> rows;  ///< relative to the first row of their chunk
  uint64_t num_rows = 0;
};

MiniBlockPlan PlanMiniBlock(const MiniBlockPage& page, std::span<const RowRange> rows);

/// Decodes what `plan` asks for out of `buffers`, which answer its ranges.
Result<DecodedPage> DecodeMiniBlock(const MiniBlockPage& page, const MiniBlockPlan& plan,
                                    const std::vector<BufferPtr>& buffers);

/// The parts of one chunk.
struct ChunkView {
  uint64_t num_levels = 0;
  Bytes rep;
  Bytes def;
  std::vector<Bytes> values;
};
/// Splits the bytes of a chunk after checking that its parts fit. `out` is reused from chunk to chunk.
Status ParseChunk(const MiniBlockPage& page, Bytes chunk, ChunkView* out);

}  // namespace lance::encoding
