#include "lance/encoding/write/page_encoder.h"

#include <algorithm>

#include <arrow/type.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/codec/packed_struct/packed_struct_encode.h"
#include "lance/encoding/write/value_choice.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

/// Values below this many bytes are worth cutting into chunks.
constexpr uint64_t kMaxNarrowBytes = 256;
uint64_t LongestValue(const LeafValues& values) {
  if (values.kind == LeafKind::kVariable) return values.max_length;
  if (values.kind != LeafKind::kPackedStruct) return CeilDiv(values.bits, 8);
  uint64_t bytes = 0;
  for (const LeafValues& member : values.children) bytes += LongestValue(member);
  return bytes;
}

bool HasVariableMember(const LeafValues& values) {
  return std::any_of(values.children.begin(), values.children.end(),
                     [](const LeafValues& member) { return member.kind == LeafKind::kVariable; });
}

// Whether values can lie one by one: in whole bytes each.
bool CanZip(const LeafShape& shape) {
  return shape.kind != LeafKind::kDictionary &&
         (shape.kind != LeafKind::kFixed || shape.bits == 1 || shape.whole_bytes());
}

class PageMaker {
 public:
  PageMaker(const LeafPath& leaf, const EncodingHints& hints, const PageFormat& format,
            std::vector<EncodedPage>* out)
      : leaf_(leaf), hints_(hints), format_(format), full_(leaf.ListLayers()), out_(out) {}

  Status Run(PageRows rows, uint64_t first_row) {
    // Kept for the case that the page must be cut: only lists can ask for that.
    std::optional<PageRows> again;
    if (full_.max_rep > 0 && rows.num_rows > 1) again = rows;
    const uint64_t num_rows = rows.num_rows;
    PageLevels levels = PageLevels::Make(full_, &rows);
    EncodedPage page;
    pb21::PageLayout layout;
    ARROW_ASSIGN_OR_RAISE(bool done, Encode(levels, rows.values, num_rows, &page, &layout));
    if (!done) {
      if (!again) return Internal("a page of {} rows cannot be cut", num_rows);
      const uint64_t half = num_rows / 2;
      ARROW_RETURN_NOT_OK(Run(SliceRows(*again, full_, {0, half}), first_row));
      return Run(SliceRows(*again, full_, {half, num_rows - half}), first_row + half);
    }
    page.encoding = layout.SerializeAsString();
    page.num_rows = num_rows;
    page.first_row = first_row;
    out_->push_back(std::move(page));
    return Status::OK();
  }

 private:
  // False: the page needs fewer rows.
  Result<bool> Encode(const PageLevels& levels, const std::vector<ValuePiece>& pieces, uint64_t num_rows,
                      EncodedPage* page, pb21::PageLayout* layout) {
    const bool no_values = leaf_.shape.kind == LeafKind::kNull;
    if (leaf_.is_empty_struct) {
      if (!levels.def.empty()) {
        return InvalidArgument("a struct without members has nulls, which the format cannot store");
      }
      ARROW_RETURN_NOT_OK(EncodeAllNull(levels, /*simple=*/true, format_, page, layout));
      return true;
    }
    if (levels.num_values == 0 || levels.all_null || no_values) {
      const bool simple = levels.only_validity() && levels.num_values > 0;
      ARROW_RETURN_NOT_OK(EncodeAllNull(levels, simple, format_, page, layout));
      return true;
    }
    ARROW_ASSIGN_OR_RAISE(LeafValues values, GatherValues(leaf_.shape, pieces, levels));
    if (format_.minor >= 2 && !hints_.structure) {
      ARROW_ASSIGN_OR_RAISE(bool constant, EncodeConstant(leaf_.shape, levels, values, page, layout));
      if (constant) return true;
    }
    std::optional<Structure> asked = hints_.structure;
    if (values.kind == LeafKind::kPackedStruct && HasVariableMember(values)) asked = Structure::kFullZip;
    if (values.kind == LeafKind::kDictionary) return Dictionary(levels, values, num_rows, page, layout);
    if (!hints_.uncompressed) {
      ARROW_ASSIGN_OR_RAISE(auto dictionary, ChooseDictionary(leaf_.shape, values, levels, hints_, format_));
      if (dictionary) return Dictionary(levels, *dictionary, num_rows, page, layout);
    }
    const bool narrow = LongestValue(values) < kMaxNarrowBytes;
    const Structure structure = asked.value_or(narrow ? Structure::kMiniBlock : Structure::kFullZip);
    if (structure == Structure::kFullZip && CanZip(leaf_.shape)) {
      ARROW_RETURN_NOT_OK(EncodeFullZip(leaf_.shape, levels, values, hints_, page, layout));
      return true;
    }
    return MiniBlock(levels, values, nullptr, num_rows, page, layout);
  }

  Result<bool> Dictionary(const PageLevels& levels, const LeafValues& values, uint64_t num_rows,
                          EncodedPage* page, pb21::PageLayout* layout) {
    ARROW_ASSIGN_OR_RAISE(DictionaryBlock dictionary, EncodeDictionary(values.children[0], hints_));
    return MiniBlock(levels, values, &dictionary, num_rows, page, layout);
  }

  Result<bool> MiniBlock(const PageLevels& levels, const LeafValues& values,
                         const DictionaryBlock* dictionary, uint64_t num_rows, EncodedPage* page,
                         pb21::PageLayout* layout) {
    ARROW_ASSIGN_OR_RAISE(auto encoder, ChooseChunkEncoder(leaf_.shape, values, hints_));
    ARROW_ASSIGN_OR_RAISE(bool fits,
                          EncodeMiniBlock(levels, encoder.get(), dictionary, format_, page, layout));
    if (fits) return true;
    if (num_rows > 1 && full_.max_rep > 0) return false;
    if (dictionary != nullptr || !CanZip(leaf_.shape)) {
      return NotSupported("a row with {} levels of nesting in a column of type {}", levels.num_slots,
                          leaf_.type->ToString());
    }
    layout->Clear();
    ARROW_RETURN_NOT_OK(EncodeFullZip(leaf_.shape, levels, values, hints_, page, layout));
    return true;
  }

  const LeafPath& leaf_;
  const EncodingHints& hints_;
  const PageFormat& format_;
  FullLevels full_;
  std::vector<EncodedPage>* out_;
};

}  // namespace

Status EncodePages(const LeafPath& leaf, const EncodingHints& hints, const PageFormat& format, PageRows rows,
                   uint64_t first_row, std::vector<EncodedPage>* out) {
  return WithContext(PageMaker(leaf, hints, format, out).Run(std::move(rows), first_row),
                     "field " + leaf.name);
}

Result<EncodedPage> EncodeBlobDescriptors(const std::vector<uint64_t>& positions,
                                          const std::vector<uint64_t>& sizes,
                                          const std::vector<Layer>& layers, const PageFormat& format) {
  LeafValues values;
  values.kind = LeafKind::kPackedStruct;
  values.size = positions.size();
  for (const auto* member : {&positions, &sizes}) {
    LeafValues child;
    child.size = member->size();
    child.bits = 64;
    child.data = reinterpret_cast<const uint8_t*>(member->data());
    values.children.push_back(std::move(child));
  }
  PageLevels levels;
  levels.layers = {Layer::kAllValidItem};
  levels.num_slots = levels.num_values = values.size;
  ARROW_ASSIGN_OR_RAISE(auto encoder, MakePackedStructEncoder(values));
  EncodedPage page;
  pb21::PageLayout layout;
  pb21::BlobLayout* blob = layout.mutable_blob_layout();
  ARROW_ASSIGN_OR_RAISE(bool fits, EncodeMiniBlock(levels, encoder.get(), nullptr, format, &page,
                                                   blob->mutable_inner_layout()));
  if (!fits) return Internal("blob descriptors do not fit a chunk");
  for (Layer layer : layers) blob->add_layers(static_cast<pb21::RepDefLayer>(layer));
  page.encoding = layout.SerializeAsString();
  page.num_rows = values.size;
  return page;
}

}  // namespace lance::encoding
