#include "lance/encoding/write/leaf_values.h"

#include <algorithm>
#include <cstring>

#include <arrow/api.h>
#include <arrow/array/concatenate.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/buffers.h"

namespace lance::encoding {
namespace {

uint64_t CountValues(const std::vector<ValuePiece>& pieces) {
  uint64_t count = 0;
  for (const ValuePiece& piece : pieces) count += CountRows(piece.rows);
  return count;
}

// Copies `bits` wide values of one buffer of each piece behind each other.
Status CopyFixed(const std::vector<ValuePiece>& pieces, size_t buffer, uint64_t bits, uint8_t* to) {
  uint64_t done = 0;  // values
  for (const ValuePiece& piece : pieces) {
    const uint8_t* from = piece.array->buffers[buffer]->data();
    const auto offset = static_cast<uint64_t>(piece.array->offset);
    for (const RowRange& range : piece.rows) {
      const uint64_t start = (offset + range.start) * bits;
      if (bits % 8 == 0) {
        std::memcpy(to + done * bits / 8, from + start / 8, range.length * bits / 8);
      } else {
        arrow::internal::CopyBitmap(from, static_cast<int64_t>(start),
                                    static_cast<int64_t>(range.length * bits), to,
                                    static_cast<int64_t>(done * bits));
      }
      done += range.length;
    }
  }
  return Status::OK();
}

Status GatherFixed(const std::vector<ValuePiece>& pieces, uint64_t bits, LeafValues* out) {
  out->bits = bits;
  if (pieces.size() == 1 && pieces[0].rows.size() == 1) {
    const uint64_t start = (static_cast<uint64_t>(pieces[0].array->offset) + pieces[0].rows[0].start) * bits;
    const uint8_t* in_place = pieces[0].array->buffers[1]->data() + start / 8;
    const uint64_t alignment = bits % 64 == 0 ? 8 : bits % 32 == 0 ? 4 : bits % 16 == 0 ? 2 : 1;
    if (start % 8 == 0 && reinterpret_cast<uintptr_t>(in_place) % alignment == 0) {
      out->data = in_place;
      out->owners.push_back(pieces[0].array);
      return Status::OK();
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateOutput(CeilDiv(out->size * bits, 8)));
  if (bits % 8 != 0) std::memset(buffer->mutable_data(), 0, static_cast<size_t>(buffer->size()));
  ARROW_RETURN_NOT_OK(CopyFixed(pieces, 1, bits, buffer->mutable_data()));
  out->data = buffer->data();
  out->owners.push_back(std::move(buffer));
  return Status::OK();
}

// Lists of fixed size: the items and one bitmap a level where a piece has nulls.
Status GatherLists(const LeafShape& shape, std::vector<ValuePiece> pieces, LeafValues* out) {
  uint64_t items = 1;
  for (uint64_t dimension : shape.dims) {
    items *= dimension;
    bool nulls = false;
    for (ValuePiece& piece : pieces) {
      const auto offset = static_cast<uint64_t>(piece.array->offset);
      for (RowRange& range : piece.rows) {
        range = {(range.start + offset) * dimension, range.length * dimension};
      }
      piece.array = piece.array->child_data[0];
      nulls |= piece.array->GetNullCount() > 0;
    }
    if (!nulls) {
      out->item_validity.push_back(nullptr);
      continue;
    }
    const uint64_t count = out->size * items;
    ARROW_ASSIGN_OR_RAISE(auto bitmap, AllocateOutput(CeilDiv(count, 8)));
    std::memset(bitmap->mutable_data(), 0xff, static_cast<size_t>(bitmap->size()));
    uint64_t done = 0;
    for (const ValuePiece& piece : pieces) {
      const bool present = piece.array->GetNullCount() > 0;
      for (const RowRange& range : piece.rows) {
        if (present) {
          arrow::internal::CopyBitmap(
              piece.array->buffers[0]->data(), piece.array->offset + static_cast<int64_t>(range.start),
              static_cast<int64_t>(range.length), bitmap->mutable_data(), static_cast<int64_t>(done));
        }
        done += range.length;
      }
    }
    out->item_validity.push_back(bitmap->data());
    out->owners.push_back(std::move(bitmap));
  }
  uint64_t rows = out->size;
  out->size = rows * items;  // of the elements while they are gathered
  ARROW_RETURN_NOT_OK(GatherFixed(pieces, shape.element_bits, out));
  out->size = rows;
  out->bits = shape.bits;
  return Status::OK();
}

template <typename Offset>
bool HasBytesUnderNulls(const Offset* offsets, const std::vector<bool>& nulls) {
  for (size_t i = 0; i < nulls.size(); ++i) {
    if (nulls[i] && offsets[i + 1] != offsets[i]) return true;
  }
  return false;
}

template <typename Offset>
void SetOffsets(const Offset* offsets, LeafValues* out) {
  if constexpr (sizeof(Offset) == 4) {
    out->offsets32 = offsets;
  } else {
    out->offsets64 = offsets;
  }
  out->data_bytes = static_cast<uint64_t>(offsets[out->size] - offsets[0]);
  Offset longest = 0;
  for (uint64_t i = 0; i < out->size; ++i) longest = std::max<Offset>(longest, offsets[i + 1] - offsets[i]);
  out->max_length = static_cast<uint64_t>(longest);
}

template <typename Offset>
Status GatherVariable(const std::vector<ValuePiece>& pieces, const std::vector<bool>& nulls,
                      LeafValues* out) {
  if (pieces.size() == 1 && pieces[0].rows.size() == 1) {
    const arrow::ArrayData& array = *pieces[0].array;
    const Offset* offsets = array.GetValues<Offset>(1) + pieces[0].rows[0].start;
    if (!HasBytesUnderNulls(offsets, nulls)) {
      out->data = array.buffers[2] != nullptr ? array.buffers[2]->data() : nullptr;
      out->owners.push_back(pieces[0].array);
      SetOffsets(offsets, out);
      return Status::OK();
    }
  }
  uint64_t bytes = 0;
  for (const ValuePiece& piece : pieces) {
    const Offset* offsets = piece.array->GetValues<Offset>(1);
    for (const RowRange& range : piece.rows)
      bytes += static_cast<uint64_t>(offsets[range.end()] - offsets[range.start]);
  }
  if (bytes > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
    return ResourceExhausted("{} bytes of strings in one page", bytes);
  }
  ARROW_ASSIGN_OR_RAISE(auto data, AllocateOutput(bytes));
  ARROW_ASSIGN_OR_RAISE(auto ends, AllocateOutput((out->size + 1) * sizeof(Offset)));
  auto* to = reinterpret_cast<Offset*>(ends->mutable_data());
  uint8_t* at = data->mutable_data();
  uint64_t value = 0;
  to[0] = 0;
  for (const ValuePiece& piece : pieces) {
    const Offset* offsets = piece.array->GetValues<Offset>(1);
    const uint8_t* from = piece.array->buffers[2] != nullptr ? piece.array->buffers[2]->data() : nullptr;
    for (const RowRange& range : piece.rows) {
      if (nulls.empty()) {
        const auto length = static_cast<size_t>(offsets[range.end()] - offsets[range.start]);
        if (length > 0) std::memcpy(at, from + offsets[range.start], length);
        const Offset shift = static_cast<Offset>(at - data->data()) - offsets[range.start];
        for (uint64_t row = range.start + 1; row <= range.end(); ++row) to[++value] = offsets[row] + shift;
        at += length;
        continue;
      }
      for (uint64_t row = range.start; row < range.end(); ++row) {
        const auto length = nulls[value] ? size_t{0} : static_cast<size_t>(offsets[row + 1] - offsets[row]);
        if (length > 0) std::memcpy(at, from + offsets[row], length);
        at += length;
        to[++value] = static_cast<Offset>(at - data->data());
      }
    }
  }
  out->data = data->data();
  SetOffsets<Offset>(to, out);
  out->owners.push_back(std::move(data));
  out->owners.push_back(std::move(ends));
  return Status::OK();
}

Status GatherMembers(const LeafShape& shape, const std::vector<ValuePiece>& pieces,
                     const std::vector<bool>& nulls, LeafValues* out);

Status Gather(const LeafShape& shape, const std::vector<ValuePiece>& pieces, const std::vector<bool>& nulls,
              LeafValues* out) {
  out->kind = shape.kind;
  switch (shape.kind) {
    case LeafKind::kNull:
      return Status::OK();
    case LeafKind::kFixed:
      return shape.dims.empty() ? GatherFixed(pieces, shape.bits, out) : GatherLists(shape, pieces, out);
    case LeafKind::kVariable:
      return shape.offset_bytes == 4 ? GatherVariable<int32_t>(pieces, nulls, out)
                                     : GatherVariable<int64_t>(pieces, nulls, out);
    case LeafKind::kPackedStruct:
      return GatherMembers(shape, pieces, nulls, out);
    case LeafKind::kDictionary:
      break;
  }
  return Internal("values of kind {} cannot be gathered", static_cast<int>(shape.kind));
}

Status GatherMembers(const LeafShape& shape, const std::vector<ValuePiece>& pieces,
                     const std::vector<bool>& nulls, LeafValues* out) {
  for (size_t i = 0; i < shape.children.size(); ++i) {
    std::vector<ValuePiece> members;
    for (const ValuePiece& piece : pieces) {
      ValuePiece member{piece.array->child_data[i], piece.rows};
      for (RowRange& range : member.rows) range.start += static_cast<uint64_t>(piece.array->offset);
      members.push_back(std::move(member));
    }
    LeafValues child;
    child.size = out->size;
    ARROW_RETURN_NOT_OK(Gather(shape.children[i], members, nulls, &child));
    out->children.push_back(std::move(child));
  }
  return Status::OK();
}

bool SameDictionary(const arrow::ArrayData& left, const arrow::ArrayData& right) {
  if (&left == &right) return true;
  return left.length == right.length && left.buffers == right.buffers && left.offset == right.offset;
}

// Brings the pieces to one dictionary. Indices under nulls become 0.
Status GatherDictionary(const LeafShape& shape, std::vector<ValuePiece> pieces,
                        const std::vector<bool>& nulls, LeafValues* out) {
  out->kind = LeafKind::kDictionary;
  const bool shared = std::all_of(pieces.begin(), pieces.end(), [&](const ValuePiece& piece) {
    return SameDictionary(*piece.array->dictionary, *pieces[0].array->dictionary);
  });
  if (!shared) {
    arrow::ArrayVector parts;
    for (const ValuePiece& piece : pieces) {
      auto array = arrow::MakeArray(piece.array);
      for (const RowRange& range : piece.rows) {
        parts.push_back(array->Slice(static_cast<int64_t>(range.start), static_cast<int64_t>(range.length)));
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(parts));
    pieces = {{joined->data(), {{0, out->size}}}};
  }
  const uint64_t bits = shape.children[0].bits;
  ARROW_RETURN_NOT_OK(GatherFixed(pieces, bits, out));
  const auto dictionary = pieces[0].array->dictionary;
  LeafValues items;
  items.size = static_cast<uint64_t>(dictionary->length);
  std::vector<bool> null_items;
  if (dictionary->GetNullCount() > 0) {
    auto array = arrow::MakeArray(dictionary);
    for (int64_t i = 0; i < array->length(); ++i) null_items.push_back(array->IsNull(i));
  }
  std::vector<ValuePiece> item_pieces = {{dictionary, {{0, items.size}}}};
  ARROW_RETURN_NOT_OK(Gather(shape.children[1], item_pieces, null_items, &items));
  // Checks indices, and makes those under nulls harmless.
  ARROW_ASSIGN_OR_RAISE(auto indices, AllocateOutput(out->size * bits / 8));
  const uint64_t width = bits / 8;
  std::memcpy(indices->mutable_data(), out->data, out->size * width);
  uint8_t* at = indices->mutable_data();
  for (uint64_t i = 0; i < out->size; ++i, at += width) {
    uint64_t index = 0;
    std::memcpy(&index, at, width);
    if (index < items.size) continue;
    LANCE_CHECK_ARG(!nulls.empty() && nulls[i], "dictionary index {} of {} values", index, items.size);
    std::memset(at, 0, width);
  }
  out->data = indices->data();
  out->owners.push_back(std::move(indices));
  out->children.push_back(std::move(items));
  return Status::OK();
}

}  // namespace

std::vector<bool> NullFlags(const PageLevels& levels) {
  std::vector<bool> nulls;
  if (levels.def.empty()) return nulls;
  nulls.reserve(levels.num_values);
  for (uint64_t slot = 0; slot < levels.num_slots; ++slot) {
    if (levels.rep.empty() || levels.visible(slot)) nulls.push_back(levels.def[slot] != 0);
  }
  return nulls;
}

Result<LeafValues> GatherValues(const LeafShape& shape, const std::vector<ValuePiece>& pieces,
                                const PageLevels& levels) {
  LeafValues out;
  out.size = CountValues(pieces);
  if (out.size != levels.num_values) return Internal("{} values for {} slots", out.size, levels.num_values);
  std::vector<bool> nulls;
  if (shape.kind != LeafKind::kFixed) nulls = NullFlags(levels);
  if (shape.kind == LeafKind::kDictionary) {
    ARROW_RETURN_NOT_OK(GatherDictionary(shape, pieces, nulls, &out));
  } else {
    ARROW_RETURN_NOT_OK(Gather(shape, pieces, nulls, &out));
  }
  return out;
}

}  // namespace lance::encoding
