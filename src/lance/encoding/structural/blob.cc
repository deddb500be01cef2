// Blob pages of version 2.1: an inner page of descriptors {position, size}. A null has no bytes to point at,
// so its descriptor has size 0 and carries its levels instead: position = definition << 16 | repetition.
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include "lance/encoding/core/buffers.h"
#include "lance/encoding/levels/level_layout.h"
#include "lance/encoding/levels/row_levels.h"
#include "lance/encoding/structural/structural.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

struct BlobPage {
  std::string where;
  LevelLayout levels;
  PageReaderPtr descriptors;
};

class BlobTask : public PageTask {
 public:
  BlobTask(std::shared_ptr<const BlobPage> page, std::unique_ptr<PageTask> descriptors)
      : page_(std::move(page)), descriptors_(std::move(descriptors)) {}

  std::span<const ByteRange> ranges() const override { return descriptors_->ranges(); }

  Result<DecodedPage> Decode(std::vector<BufferPtr> buffers) override {
    ARROW_ASSIGN_OR_RAISE(DecodedPage out, descriptors_->Decode(std::move(buffers)));
    out.layers = page_->levels.layers;
    ARROW_RETURN_NOT_OK(WithContext(TakeLevels(&out), page_->where));
    return out;
  }

 private:
  Status TakeLevels(DecodedPage* out) const {
    LANCE_CHECK_BYTES(out->rep == nullptr && out->def == nullptr && out->validity == nullptr,
                      "blob descriptors have levels of their own");
    if (page_->levels.max_def == 0) return Status::OK();
    const auto& children = out->values->child_data;
    const uint64_t count = static_cast<uint64_t>(out->values->length);
    const auto* position = children[0]->GetValues<uint64_t>(1);
    const auto* size = children[1]->GetValues<uint64_t>(1);
    ARROW_ASSIGN_OR_RAISE(auto levels, AllocateOutput(count * 2));
    auto* def = reinterpret_cast<uint16_t*>(levels->mutable_data());
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t packed = size[i] == 0 ? position[i] : 0;
      LANCE_CHECK_BYTES(packed >> 16 <= page_->levels.max_def && (packed & 0xffff) == 0,
                        "blob descriptor {} of a null carries levels {:#x}", i, packed);
      def[i] = static_cast<uint16_t>(packed >> 16);
    }
    out->def = std::move(levels);
    out->num_levels = count;
    return DefToValidity(page_->levels, out);
  }

  std::shared_ptr<const BlobPage> page_;
  std::unique_ptr<PageTask> descriptors_;
};

class BlobReader : public PageReader {
 public:
  explicit BlobReader(std::shared_ptr<const BlobPage> page) : page_(std::move(page)) {}

  Result<std::unique_ptr<PageTask>> Plan(std::span<const RowRange> rows) const override {
    ARROW_ASSIGN_OR_RAISE(auto descriptors, page_->descriptors->Plan(rows));
    return std::make_unique<BlobTask>(page_, std::move(descriptors));
  }
  uint64_t memory_bytes() const override { return sizeof(BlobPage) + page_->descriptors->memory_bytes(); }

 private:
  std::shared_ptr<const BlobPage> page_;
};

}  // namespace

Result<PageReaderPtr> OpenBlob(const PageSource& source, const pb21::BlobLayout& layout, int depth) {
  const LeafShape& shape = source.shape;
  LANCE_CHECK_ARG(shape.kind == LeafKind::kPackedStruct && shape.children.size() == 2 &&
                      shape.children[0].bits == 64 && shape.children[1].bits == 64,
                  "blob page read as {}: its values are struct<position: uint64, size: uint64>",
                  shape.type->ToString());
  auto page = std::make_shared<BlobPage>();
  page->where = source.info.where;
  ARROW_ASSIGN_OR_RAISE(page->levels,
                        ParseLayers({layout.layers().data(), static_cast<size_t>(layout.layers_size())}));
  if (page->levels.has_lists()) return NotSupported("lists of blobs");
  LANCE_CHECK_BYTES(layout.has_inner_layout(), "blob page without a layout of its descriptors");
  ARROW_ASSIGN_OR_RAISE(page->descriptors, OpenLayout(source, layout.inner_layout(), depth + 1));
  return std::make_shared<BlobReader>(std::move(page));
}

}  // namespace lance::encoding
