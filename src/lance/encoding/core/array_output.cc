#include "lance/encoding/core/array_output.h"

#include <algorithm>
#include <cstring>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include "lance/base/checked_math.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding {
namespace {

/// Reading past this many bytes for one array is refused before anything is allocated: no single read asks
/// for it, a corrupt row count does.
constexpr uint64_t kMaxArrayBytes = uint64_t{1} << 38;
/// Zeros under nulls have no bytes in the file to justify them, so less of them is believed.
constexpr uint64_t kMaxZeroBytes = uint64_t{1} << 32;

Result<std::shared_ptr<arrow::Buffer>> Allocate(uint64_t size) {
  if (size > kMaxArrayBytes) {
    return MakeError(ErrorKind::kResourceExhausted,
                     fmt::format("one array would need {} bytes; read fewer rows at a time", size));
  }
  return runtime::AllocatePooled(size);
}

}  // namespace

// ---------------------------------------------------------------------------------------------- BitSink

void BitSink::AppendConstant(bool bit, uint64_t length) {
  if (length == 0) return;
  length_ += length;
  if (!pieces_.empty() && pieces_.back().owner == nullptr && pieces_.back().constant == bit) {
    pieces_.back().length += length;
    return;
  }
  pieces_.push_back({nullptr, 0, length, bit});
}

void BitSink::Append(BufferPtr owner, uint64_t bit_offset, uint64_t length) {
  if (length == 0) return;
  length_ += length;
  pieces_.push_back({std::move(owner), bit_offset, length, false});
}

void BitSink::AppendAll(BitSink&& other) {
  length_ += other.length_;
  for (Piece& piece : other.pieces_) pieces_.push_back(std::move(piece));
  other.pieces_.clear();
  other.length_ = 0;
}

bool BitSink::all_ones() const {
  return pieces_.empty() || (pieces_.size() == 1 && pieces_[0].owner == nullptr && pieces_[0].constant);
}

Result<BufferPtr> BitSink::Finish() const {
  if (pieces_.size() == 1 && pieces_[0].owner != nullptr && pieces_[0].bit_offset % 8 == 0) {
    return arrow::SliceBuffer(pieces_[0].owner, static_cast<int64_t>(pieces_[0].bit_offset / 8),
                              arrow::bit_util::BytesForBits(static_cast<int64_t>(length_)));
  }
  ARROW_ASSIGN_OR_RAISE(auto out, Allocate(CeilDiv(length_, 8)));
  uint8_t* bits = out->mutable_data();
  if (out->size() > 0) bits[out->size() - 1] = 0;  // the bits after the last one are defined, too
  int64_t position = 0;
  for (const Piece& piece : pieces_) {
    auto length = static_cast<int64_t>(piece.length);
    if (piece.owner == nullptr) {
      arrow::bit_util::SetBitsTo(bits, position, length, piece.constant);
    } else {
      arrow::internal::CopyBitmap(piece.owner->data(), static_cast<int64_t>(piece.bit_offset), length, bits,
                                  position);
    }
    position += length;
  }
  return out;
}

// --------------------------------------------------------------------------------------------- ByteSink

const uint8_t* ByteSink::DataOf(const BufferPtr& buffer) { return buffer->data(); }
uint64_t ByteSink::SizeOf(const BufferPtr& buffer) { return static_cast<uint64_t>(buffer->size()); }

void ByteSink::Append(BufferPtr owner, const uint8_t* data, uint64_t size) {
  if (size == 0) return;
  size_ += size;
  // Rows that lie one after another in the same read are one copy later.
  if (!pieces_.empty() && pieces_.back().owner == owner && pieces_.back().data != nullptr &&
      pieces_.back().data + pieces_.back().size == data) {
    pieces_.back().size += size;
    return;
  }
  pieces_.push_back({std::move(owner), data, size});
}

void ByteSink::AppendZeros(uint64_t size) {
  if (size == 0) return;
  zero_bytes_ += size;
  size_ += size;
  pieces_.push_back({nullptr, nullptr, size});
}

void ByteSink::AppendAll(ByteSink&& other) {
  size_ += other.size_;
  zero_bytes_ += other.zero_bytes_;
  for (Piece& piece : other.pieces_) pieces_.push_back(std::move(piece));
  other.pieces_.clear();
  other.size_ = 0;
  other.zero_bytes_ = 0;
}

Result<BufferPtr> ByteSink::Finish(uint64_t alignment) const {
  if (pieces_.size() == 1 && pieces_[0].data != nullptr &&
      reinterpret_cast<uintptr_t>(pieces_[0].data) % alignment == 0) {
    const Piece& piece = pieces_[0];
    return arrow::SliceBuffer(piece.owner, piece.data - piece.owner->data(),
                              static_cast<int64_t>(piece.size));
  }
  if (zero_bytes_ > kMaxZeroBytes) {
    return MakeError(
        ErrorKind::kResourceExhausted,
        fmt::format("one array would need {} bytes for nulls; read fewer rows at a time", zero_bytes_));
  }
  ARROW_ASSIGN_OR_RAISE(auto out, Allocate(size_));
  uint8_t* to = out->mutable_data();
  for (const Piece& piece : pieces_) {
    if (piece.data == nullptr) {
      std::memset(to, 0, piece.size);
    } else {
      std::memcpy(to, piece.data, piece.size);
    }
    to += piece.size;
  }
  return out;
}

// ------------------------------------------------------------------------------------------- ArrayOutput

std::optional<uint64_t> FixedRowBytes(const arrow::DataType& type) {
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
    auto inner = FixedRowBytes(*list.value_type());
    uint64_t total;
    if (!inner || list.list_size() < 0 ||
        __builtin_mul_overflow(*inner, static_cast<uint64_t>(list.list_size()), &total)) {
      return std::nullopt;
    }
    return total;
  }
  if (type.id() == arrow::Type::BOOL || type.id() == arrow::Type::DICTIONARY ||
      !arrow::is_fixed_width(type.id())) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(type.bit_width()) / 8;
}

ArrayOutput::~ArrayOutput() = default;

Result<std::unique_ptr<ArrayOutput>> ArrayOutput::Make(const std::shared_ptr<arrow::DataType>& type) {
  std::unique_ptr<ArrayOutput> out(new ArrayOutput());
  out->type_ = type;
  switch (type->id()) {
    case arrow::Type::NA:
      out->kind_ = Kind::kNull;
      return out;
    case arrow::Type::BOOL:
      out->kind_ = Kind::kBits;
      return out;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      out->kind_ = Kind::kBinary;
      out->large_ = type->id() == arrow::Type::LARGE_STRING || type->id() == arrow::Type::LARGE_BINARY;
      return out;
    case arrow::Type::DICTIONARY: {
      out->kind_ = Kind::kDictionary;
      out->width_ = *FixedRowBytes(*static_cast<const arrow::DictionaryType&>(*type).index_type());
      return out;
    }
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
      out->kind_ = Kind::kFixedSizeList;
      out->list_size_ = static_cast<uint64_t>(list.list_size());
      ARROW_ASSIGN_OR_RAISE(auto child, Make(list.value_type()));
      out->children_.push_back(std::move(child));
      return out;
    }
    case arrow::Type::STRUCT: {
      out->kind_ = Kind::kStruct;
      for (const auto& field : type->fields()) {
        ARROW_ASSIGN_OR_RAISE(auto child, Make(field->type()));
        out->children_.push_back(std::move(child));
      }
      return out;
    }
    default:
      if (auto width = FixedRowBytes(*type)) {
        out->kind_ = Kind::kFixed;
        out->width_ = *width;
        return out;
      }
      return NotSupported("one column of an old file cannot hold values of type {}", type->ToString());
  }
}

void ArrayOutput::AppendBits(BufferPtr owner, uint64_t bit_offset, uint64_t rows) {
  bits_.Append(std::move(owner), bit_offset, rows);
  length_ += rows;
}

Status ArrayOutput::AppendFixed(BufferPtr owner, const uint8_t* data, uint64_t size) {
  if (kind_ == Kind::kFixedSizeList) {
    auto row_bytes = FixedRowBytes(*type_);
    if (!row_bytes || *row_bytes == 0) return Internal("fixed bytes for {}", type_->ToString());
    length_ += size / *row_bytes;
    return children_[0]->AppendFixed(std::move(owner), data, size);
  }
  if (kind_ != Kind::kFixed || width_ == 0) return Internal("fixed bytes for {}", type_->ToString());
  bytes_.Append(std::move(owner), data, size);
  length_ += size / width_;
  return Status::OK();
}

Status ArrayOutput::AppendEmpty(uint64_t rows) {
  switch (kind_) {
    case Kind::kNull:
      break;
    case Kind::kBits:
      bits_.AppendConstant(false, rows);
      break;
    case Kind::kFixed: {
      ARROW_ASSIGN_OR_RAISE(uint64_t size, CheckedMul(rows, width_, "size of null values"));
      bytes_.AppendZeros(size);
      break;
    }
    case Kind::kDictionary: {
      ARROW_ASSIGN_OR_RAISE(uint64_t size, CheckedMul(rows, width_, "size of null indices"));
      bytes_.AppendZeros(size);
      dictionaries_.push_back({rows, nullptr});
      break;
    }
    case Kind::kBinary: {
      uint64_t first;
      ARROW_RETURN_NOT_OK(GrowOffsets(rows, &first));
      if (large_) {
        auto* offsets = reinterpret_cast<int64_t*>(offsets_->mutable_data()) + first;
        std::fill(offsets, offsets + rows, static_cast<int64_t>(promised_bytes_));
      } else {
        auto* offsets = reinterpret_cast<int32_t*>(offsets_->mutable_data()) + first;
        std::fill(offsets, offsets + rows, static_cast<int32_t>(promised_bytes_));
      }
      break;
    }
    case Kind::kFixedSizeList: {
      ARROW_ASSIGN_OR_RAISE(uint64_t items, CheckedMul(rows, list_size_, "number of list items"));
      ARROW_RETURN_NOT_OK(children_[0]->AppendEmpty(items));
      break;
    }
    case Kind::kStruct:
      for (auto& child : children_) ARROW_RETURN_NOT_OK(child->AppendEmpty(rows));
      break;
  }
  length_ += rows;
  return Status::OK();
}

/// Makes room for `rows` more offsets; `*first` is the slot of the first of them (slot 0 holds the leading
/// 0).
Status ArrayOutput::GrowOffsets(uint64_t rows, uint64_t* first) {
  const uint64_t width = large_ ? 8 : 4;
  ARROW_ASSIGN_OR_RAISE(uint64_t needed, CheckedAdd(length_, rows, "number of strings"));
  if (offsets_ == nullptr || needed > offsets_capacity_) {
    uint64_t capacity = std::max({needed, expected_rows_, offsets_capacity_ * 2});
    ARROW_ASSIGN_OR_RAISE(uint64_t slots, CheckedAdd(capacity, 1, "number of offsets"));
    ARROW_ASSIGN_OR_RAISE(uint64_t size, CheckedMul(slots, width, "size of offsets"));
    ARROW_ASSIGN_OR_RAISE(auto grown, Allocate(size));
    if (offsets_ == nullptr) {
      std::memset(grown->mutable_data(), 0, width);
    } else {
      std::memcpy(grown->mutable_data(), offsets_->data(), (length_ + 1) * width);
    }
    offsets_ = std::move(grown);
    offsets_capacity_ = capacity;
  }
  *first = length_ + 1;
  return Status::OK();
}

Status ArrayOutput::AppendOffsets(const uint64_t* ends, uint64_t count, uint64_t base) {
  if (count == 0) return Status::OK();
  uint64_t first;
  ARROW_RETURN_NOT_OK(GrowOffsets(count, &first));
  const uint64_t shift = promised_bytes_ - base;  // wraps on purpose: end + shift is small again
  const uint64_t last = ends[count - 1] + shift;
  if (large_) {
    if (last > INT64_MAX) return NotSupported("more than 2^63 bytes in one array");
    auto* to = reinterpret_cast<uint64_t*>(offsets_->mutable_data()) + first;
    for (uint64_t i = 0; i < count; ++i) to[i] = ends[i] + shift;
  } else {
    if (last > INT32_MAX) {
      return NotSupported(
          "Could not create array with more than 2GiB of string/binary data, or 2^31 list items, in a single "
          "batch "
          "({} rows need {}). Reduce the batch size or make the column large_string, large_binary or "
          "large_list.",
          first - 1 + count, last);
    }
    auto* to = reinterpret_cast<uint32_t*>(offsets_->mutable_data()) + first;
    for (uint64_t i = 0; i < count; ++i) to[i] = static_cast<uint32_t>(ends[i] + shift);
  }
  promised_bytes_ = last;
  length_ += count;
  return Status::OK();
}

Status ArrayOutput::AppendIndices(BufferPtr owner, const uint8_t* data, uint64_t rows,
                                  std::shared_ptr<arrow::ArrayData> dictionary) {
  bytes_.Append(std::move(owner), data, rows * width_);
  if (!dictionaries_.empty() && dictionaries_.back().dictionary == dictionary) {
    dictionaries_.back().rows += rows;
  } else {
    dictionaries_.push_back({rows, std::move(dictionary)});
  }
  length_ += rows;
  return Status::OK();
}

void ArrayOutput::FillValidity() {
  if (validity_.length() < length_) validity_.AppendConstant(true, length_ - validity_.length());
  for (auto& child : children_) child->FillValidity();
}

Result<BufferPtr> ArrayOutput::FinishValidity() {
  if (kind_ == Kind::kNull || validity_.all_ones()) return BufferPtr();
  return validity_.Finish();
}

Result<std::shared_ptr<arrow::ArrayData>> ArrayOutput::FinishOffsets(uint64_t* num_values) {
  uint64_t unused;
  ARROW_RETURN_NOT_OK(GrowOffsets(0, &unused));
  ARROW_ASSIGN_OR_RAISE(auto validity, FinishValidity());
  const auto length = static_cast<int64_t>(length_);
  auto offsets = arrow::SliceBuffer(offsets_, 0, (length + 1) * (large_ ? 8 : 4));
  *num_values = promised_bytes_;
  return arrow::ArrayData::Make(type_, length, {validity, offsets},
                                validity == nullptr ? 0 : arrow::kUnknownNullCount);
}

Result<std::shared_ptr<arrow::ArrayData>> ArrayOutput::Finish() {
  const auto length = static_cast<int64_t>(length_);
  if (length_ > INT64_MAX) return Corruption("an array of {} rows", length_);
  ARROW_ASSIGN_OR_RAISE(auto validity, FinishValidity());
  const int64_t null_count = validity == nullptr ? 0 : arrow::kUnknownNullCount;
  switch (kind_) {
    case Kind::kNull:
      return arrow::ArrayData::Make(type_, length, {nullptr}, length);
    case Kind::kBits: {
      ARROW_ASSIGN_OR_RAISE(auto bits, bits_.Finish());
      return arrow::ArrayData::Make(type_, length, {validity, bits}, null_count);
    }
    case Kind::kFixed: {
      // Decimals are read through 8-byte words; no consumer needs more.
      const uint64_t alignment =
          type_->id() == arrow::Type::FIXED_SIZE_BINARY ? 1 : std::min<uint64_t>(width_, 8);
      ARROW_ASSIGN_OR_RAISE(auto values, bytes_.Finish(std::max<uint64_t>(alignment, 1)));
      return arrow::ArrayData::Make(type_, length, {validity, values}, null_count);
    }
    case Kind::kBinary: {
      uint64_t unused;
      ARROW_ASSIGN_OR_RAISE(auto out, FinishOffsets(&unused));
      LANCE_CHECK_BYTES(bytes_.size() == promised_bytes_, "{} bytes of strings came, their offsets need {}",
                        bytes_.size(), promised_bytes_);
      ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.Finish(1));
      out->buffers.push_back(std::move(bytes));
      return out;
    }
    case Kind::kDictionary:
      return FinishDictionary(std::move(validity));
    case Kind::kFixedSizeList:
    case Kind::kStruct: {
      std::vector<std::shared_ptr<arrow::ArrayData>> children;
      for (auto& child : children_) {
        ARROW_ASSIGN_OR_RAISE(auto data, child->Finish());
        children.push_back(std::move(data));
      }
      return arrow::ArrayData::Make(type_, length, {validity}, std::move(children), null_count);
    }
  }
  return Internal("array output of no kind");
}

namespace {

/// Rewrites indices in place through `map` (int32, one entry per old value of this run).
template <typename Index>
Status Remap(uint8_t* indices, uint64_t rows, const int32_t* map, int64_t map_length, int64_t num_values) {
  if (num_values > 0 &&
      static_cast<uint64_t>(num_values - 1) > static_cast<uint64_t>(std::numeric_limits<Index>::max())) {
    return NotSupported(
        "the dictionaries of the pages have {} values together, too many for the index type; "
        "read fewer rows at a time",
        num_values);
  }
  auto* values = reinterpret_cast<Index*>(indices);
  for (uint64_t i = 0; i < rows; ++i) {
    auto old = static_cast<int64_t>(values[i]);
    values[i] = old < 0 || old >= map_length ? Index{0} : static_cast<Index>(map[old]);
  }
  return Status::OK();
}

Status RemapRun(arrow::Type::type index, uint8_t* indices, uint64_t rows, const int32_t* map,
                int64_t map_length, int64_t num_values) {
  switch (index) {
    case arrow::Type::INT8:
      return Remap<int8_t>(indices, rows, map, map_length, num_values);
    case arrow::Type::UINT8:
      return Remap<uint8_t>(indices, rows, map, map_length, num_values);
    case arrow::Type::INT16:
      return Remap<int16_t>(indices, rows, map, map_length, num_values);
    case arrow::Type::UINT16:
      return Remap<uint16_t>(indices, rows, map, map_length, num_values);
    case arrow::Type::INT32:
      return Remap<int32_t>(indices, rows, map, map_length, num_values);
    case arrow::Type::UINT32:
      return Remap<uint32_t>(indices, rows, map, map_length, num_values);
    case arrow::Type::INT64:
      return Remap<int64_t>(indices, rows, map, map_length, num_values);
    default:
      return Remap<uint64_t>(indices, rows, map, map_length, num_values);
  }
}

}  // namespace

/// Each page has a dictionary of its own. Equal ones (the usual case) are shared; otherwise their values are
/// joined without duplicates and the indices rewritten.
Result<std::shared_ptr<arrow::ArrayData>> ArrayOutput::FinishDictionary(BufferPtr validity) {
  const auto& type = static_cast<const arrow::DictionaryType&>(*type_);
  arrow::ArrayVector distinct;
  std::vector<int> which(dictionaries_.size(), -1);
  for (size_t i = 0; i < dictionaries_.size(); ++i) {
    if (dictionaries_[i].dictionary == nullptr) continue;
    auto array = arrow::MakeArray(dictionaries_[i].dictionary);
    for (size_t j = 0; j < distinct.size() && which[i] < 0; ++j) {
      if (distinct[j]->data() == array->data() || distinct[j]->Equals(array)) which[i] = static_cast<int>(j);
    }
    if (which[i] < 0) {
      which[i] = static_cast<int>(distinct.size());
      distinct.push_back(std::move(array));
    }
  }
  if (distinct.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(type.value_type()));
    distinct.push_back(std::move(empty));
  }
  ARROW_ASSIGN_OR_RAISE(auto indices, bytes_.Finish(width_));
  auto values = distinct[0];
  if (distinct.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(distinct));
    ARROW_ASSIGN_OR_RAISE(auto encoded, arrow::compute::DictionaryEncode(joined));
    const auto encoded_array = encoded.make_array();
    const auto& unique = static_cast<const arrow::DictionaryArray&>(*encoded_array);
    values = unique.dictionary();
    const auto& map = static_cast<const arrow::Int32Array&>(*unique.indices());
    std::vector<int64_t> starts(1, 0);
    for (const auto& part : distinct) starts.push_back(starts.back() + part->length());
    ARROW_ASSIGN_OR_RAISE(auto copy, Allocate(bytes_.size()));
    std::memcpy(copy->mutable_data(), indices->data(), bytes_.size());
    uint64_t row = 0;
    for (size_t i = 0; i < dictionaries_.size(); ++i) {
      uint8_t* run = copy->mutable_data() + row * width_;
      row += dictionaries_[i].rows;
      if (which[i] < 0) continue;
      ARROW_RETURN_NOT_OK(RemapRun(type.index_type()->id(), run, dictionaries_[i].rows,
                                   map.raw_values() + starts[which[i]],
                                   starts[which[i] + 1] - starts[which[i]], values->length()));
    }
    indices = std::move(copy);
  }
  auto out = arrow::ArrayData::Make(type_, static_cast<int64_t>(length_), {validity, indices},
                                    validity == nullptr ? 0 : arrow::kUnknownNullCount);
  out->dictionary = values->data();
  return out;
}

}  // namespace lance::encoding
