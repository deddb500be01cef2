#include "lance/encoding/structural/miniblock.h"

#include <algorithm>

#include <arrow/buffer.h>
#include <arrow/type.h>

#include "lance/encoding/codec/dictionary/dictionary.h"
#include "lance/encoding/structural/structural.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

class MiniBlockTask : public PageTask {
 public:
  MiniBlockTask(std::shared_ptr<const MiniBlockPage> page, MiniBlockPlan plan)
      : page_(std::move(page)), plan_(std::move(plan)) {}

  std::span<const ByteRange> ranges() const override { return plan_.ranges; }

  Result<DecodedPage> Decode(std::vector<BufferPtr> buffers) override {
    auto decode = [&]() -> Result<DecodedPage> {
      ARROW_RETURN_NOT_OK(CheckArrived(plan_.ranges, buffers));
      return DecodeMiniBlock(*page_, plan_, buffers);
    };
    return WithContext(decode(), page_->where);
  }

 private:
  std::shared_ptr<const MiniBlockPage> page_;
  MiniBlockPlan plan_;
};

class MiniBlockReader : public PageReader {
 public:
  explicit MiniBlockReader(std::shared_ptr<const MiniBlockPage> page) : page_(std::move(page)) {}

  Result<std::unique_ptr<PageTask>> Plan(std::span<const RowRange> rows) const override {
    ARROW_RETURN_NOT_OK(WithContext(CheckRows(rows, page_->num_rows), page_->where));
    return std::make_unique<MiniBlockTask>(page_, PlanMiniBlock(*page_, rows));
  }

  uint64_t memory_bytes() const override {
    return sizeof(MiniBlockPage) + page_->where.size() + page_->index.memory_bytes() +
           page_->values->memory_bytes();
  }

 private:
  std::shared_ptr<const MiniBlockPage> page_;
};

Status CheckVersion(const PageFormat& format, const pb21::MiniBlockLayout& layout) {
  bool large = format.minor >= 2;
  if (layout.has_large_chunk() != large) {
    return NotSupported("mini-block page with {} chunks, which file version {}.{} does not have",
                        layout.has_large_chunk() ? "large" : "small", format.major, format.minor);
  }
  return Status::OK();
}

Status MakeLevelCodecs(const PageSource& source, const pb21::MiniBlockLayout& layout, MiniBlockPage* page) {
  if (layout.has_rep_compression()) {
    ARROW_ASSIGN_OR_RAISE(page->rep, MakeBlockCodec(layout.rep_compression(), 16, source.format));
  }
  if (layout.has_def_compression()) {
    ARROW_ASSIGN_OR_RAISE(page->def, MakeBlockCodec(layout.def_compression(), 16, source.format));
  }
  LANCE_CHECK_BYTES((page->rep != nullptr) == page->levels.has_lists(),
                    "mini-block page has {} lists and {} repetition levels", page->levels.max_rep,
                    page->rep == nullptr ? "no" : "some");
  LANCE_CHECK_BYTES(page->rep == nullptr || layout.repetition_index_depth() > 0,
                    "mini-block page with lists has no repetition index");
  LANCE_CHECK_BYTES(page->rep != nullptr || layout.repetition_index_depth() == 0,
                    "mini-block page without lists has a repetition index");
  return Status::OK();
}

// The codec of the values, once the dictionary has been read if there is one.
Status MakeValueCodec(const PageSource& source, const pb21::MiniBlockLayout& layout,
                      const BufferPtr& dictionary, MiniBlockPage* page) {
  LANCE_CHECK_BYTES(layout.has_value_compression(), "mini-block page without an encoding of its values");
  const LeafShape& shape = source.shape;
  if (dictionary != nullptr) {
    const LeafShape& values = shape.kind == LeafKind::kDictionary ? shape.children[1] : shape;
    Bytes stored(dictionary->data(), source.info.buffers[2].length);
    ARROW_ASSIGN_OR_RAISE(
        page->dictionary,
        DecodeDictionary(layout.dictionary(), stored, layout.num_dictionary_items(), values, source.format));
    ARROW_ASSIGN_OR_RAISE(page->values, MakeDictionaryCodec(layout.value_compression(), shape, source.format,
                                                            page->dictionary));
  } else {
    if (shape.kind == LeafKind::kDictionary) {
      return NotSupported("page without a dictionary in a column of type {}", shape.type->ToString());
    }
    ARROW_ASSIGN_OR_RAISE(page->values, MakeChunkCodec(layout.value_compression(), shape, source.format));
  }
  LANCE_CHECK_BYTES(layout.num_buffers() == page->values->num_buffers(),
                    "mini-block page has {} value buffers a chunk, its encoding makes {}",
                    layout.num_buffers(), page->values->num_buffers());
  return Status::OK();
}

}  // namespace

Result<PageReaderPtr> OpenMiniBlock(const PageSource& source, const pb21::MiniBlockLayout& layout) {
  ARROW_RETURN_NOT_OK(CheckVersion(source.format, layout));
  auto page = std::make_shared<MiniBlockPage>();
  page->where = source.info.where;
  page->shape = source.shape;
  page->num_rows = source.info.num_rows;
  page->large_chunks = layout.has_large_chunk();
  ARROW_ASSIGN_OR_RAISE(page->levels,
                        ParseLayers({layout.layers().data(), static_cast<size_t>(layout.layers_size())}));
  ARROW_RETURN_NOT_OK(MakeLevelCodecs(source, layout, page.get()));

  LANCE_CHECK_BYTES(source.info.buffers.size() >= 2, "mini-block page has {} buffers, at least 2 are needed",
                    source.info.buffers.size());
  page->chunks_offset = source.info.buffers[1].offset;
  std::vector<size_t> which{0};
  if (layout.has_dictionary()) which.push_back(2);
  if (layout.repetition_index_depth() > 0) which.push_back(source.info.buffers.size() - 1);
  ARROW_ASSIGN_OR_RAISE(std::vector<BufferPtr> buffers, ReadPageBuffers(source, which));
  auto view = [&](size_t i) { return Bytes(buffers[i]->data(), source.info.buffers[which[i]].length); };
  ChunkIndex::Source index{.words = view(0),
                           .large_words = page->large_chunks,
                           .chunk_bytes = source.info.buffers[1].length,
                           .num_items = layout.num_items(),
                           .num_rows = page->num_rows,
                           .repetition_depth = layout.repetition_index_depth()};
  if (layout.repetition_index_depth() > 0) index.repetition = view(which.size() - 1);
  ARROW_ASSIGN_OR_RAISE(page->index, ChunkIndex::Make(index));
  ARROW_RETURN_NOT_OK(
      MakeValueCodec(source, layout, layout.has_dictionary() ? buffers[1] : nullptr, page.get()));
  return std::make_shared<MiniBlockReader>(std::move(page));
}

MiniBlockPlan PlanMiniBlock(const MiniBlockPage& page, std::span<const RowRange> rows) {
  MiniBlockPlan plan;
  plan.rows.reserve(rows.size());
  size_t chunk = 0;
  for (const RowRange& range : rows) {
    plan.num_rows += range.length;
    chunk = page.index.FindChunk(range.start, chunk);
    for (; chunk < page.index.num_chunks() && page.index.first_row(chunk) < range.end(); ++chunk) {
      uint64_t first = page.index.first_row(chunk);
      uint64_t begin = std::max(range.start, first);
      uint64_t end = std::min(range.end(), page.index.end_row(chunk));
      if (plan.work.empty() || plan.work.back().chunk != chunk) {
        uint64_t start = page.chunks_offset + page.index.byte_start(chunk);
        uint64_t length = page.index.byte_start(chunk + 1) - page.index.byte_start(chunk);
        if (plan.ranges.empty() || plan.ranges.back().end() != start) plan.ranges.push_back({start, 0});
        plan.work.push_back({.chunk = chunk,
                             .buffer = plan.ranges.size() - 1,
                             .offset = start - plan.ranges.back().offset,
                             .first_range = plan.rows.size()});
        plan.ranges.back().length += length;
      }
      plan.rows.push_back({begin - first, end - begin});
      ++plan.work.back().num_ranges;
      if (page.index.end_row(chunk) > range.end()) break;
    }
    // The next range may begin in the chunk where this one ended.
    if (chunk > 0 && (chunk == page.index.num_chunks() || page.index.first_row(chunk) >= range.end()))
      --chunk;
  }
  return plan;
}

}  // namespace lance::encoding
