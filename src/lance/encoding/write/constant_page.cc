// Pages without a single valid value.
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/write/encoded_page.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

Result<BufferPtr> RawLevels(const LevelVector& levels) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateOutput(levels.size() * 2));
  if (!levels.empty()) std::memcpy(buffer->mutable_data(), levels.data(), levels.size() * 2);
  return BufferPtr(std::move(buffer));
}

}  // namespace

Status EncodeAllNull(const PageLevels& levels, bool simple, const PageFormat& /*format*/, EncodedPage* page,
                     pb21::PageLayout* layout) {
  pb21::ConstantLayout* described = layout->mutable_constant_layout();
  if (simple) {
    described->add_layers(pb21::REPDEF_NULLABLE_ITEM);
    return Status::OK();
  }
  for (Layer layer : levels.layers) described->add_layers(static_cast<pb21::RepDefLayer>(layer));
  ARROW_ASSIGN_OR_RAISE(BufferPtr rep, RawLevels(levels.rep));
  ARROW_ASSIGN_OR_RAISE(BufferPtr def, RawLevels(levels.def));
  page->buffers.push_back(std::move(rep));
  page->buffers.push_back(std::move(def));
  return Status::OK();
}

}  // namespace lance::encoding
