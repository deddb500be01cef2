#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/core/page.h"

namespace arrow {
class ArrayData;
class DataType;
}  // namespace arrow

namespace lance::encoding {

/// Collects bits (validity, booleans) as views into read buffers and joins them once. Keeps the buffers
/// alive. One thread at a time.
class BitSink {
 public:
  uint64_t length() const { return length_; }
  /// Appends `length` copies of `bit`; costs nothing until bits of both kinds meet.
  void AppendConstant(bool bit, uint64_t length);
  /// Appends bits [bit_offset, bit_offset + length) of `owner`, LSB first. The caller has checked that they
  /// exist.
  void Append(BufferPtr owner, uint64_t bit_offset, uint64_t length);
  /// Takes over all pieces of `other`.
  void AppendAll(BitSink&& other);
  /// True when every bit is a constant one: a validity bitmap that need not exist.
  bool all_ones() const;
  /// Joins the pieces; a single piece that starts at a byte is handed out without a copy.
  Result<BufferPtr> Finish() const;

 private:
  struct Piece {
    BufferPtr owner;  ///< null: constant
    uint64_t bit_offset = 0;
    uint64_t length = 0;
    bool constant = false;
  };
  std::vector<Piece> pieces_;
  uint64_t length_ = 0;
};

/// Collects bytes as views into read buffers and joins them once. One thread at a time.
class ByteSink {
 public:
  uint64_t size() const { return size_; }
  /// Appends bytes that `owner` keeps alive.
  void Append(BufferPtr owner, const uint8_t* data, uint64_t size);
  void Append(const BufferPtr& owner) { Append(owner, DataOf(owner), SizeOf(owner)); }
  void AppendZeros(uint64_t size);
  /// Takes over all pieces of `other`.
  void AppendAll(ByteSink&& other);
  /// Joins the pieces into one buffer whose address is a multiple of `alignment`; a single aligned piece is
  /// handed out without a copy.
  Result<BufferPtr> Finish(uint64_t alignment) const;

 private:
  static const uint8_t* DataOf(const BufferPtr& buffer);
  static uint64_t SizeOf(const BufferPtr& buffer);
  struct Piece {
    BufferPtr owner;
    const uint8_t* data = nullptr;  ///< null: zeros
    uint64_t size = 0;
  };
  std::vector<Piece> pieces_;
  uint64_t size_ = 0;
  uint64_t zero_bytes_ = 0;
};

/// Where the pages of one column of an old file (2.0, 0.1) put their values; becomes one Arrow array. A tree
/// that mirrors the type: fixed-size lists and packed structs have children, dictionaries keep their indices
/// here.
///
/// Decoders append values (which moves length()); those that know nulls append to validity() as well.
/// FillValidity() after each page makes up for those that do not. One thread at a time.
class ArrayOutput {
 public:
  /// Errors: NotSupported for a type that one 2.0 column cannot hold (list, map, view).
  static Result<std::unique_ptr<ArrayOutput>> Make(const std::shared_ptr<arrow::DataType>& type);
  ~ArrayOutput();

  enum class Kind { kNull, kBits, kFixed, kBinary, kDictionary, kFixedSizeList, kStruct };
  Kind kind() const { return kind_; }
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  uint64_t length() const { return length_; }
  BitSink& validity() { return validity_; }
  ArrayOutput* child(size_t index) { return children_[index].get(); }
  size_t num_children() const { return children_.size(); }
  uint64_t list_size() const { return list_size_; }

  /// Announces how many rows will come in all, so that offsets are allocated once.
  void Reserve(uint64_t rows) { expected_rows_ = rows; }

  /// kBits.
  void AppendBits(BufferPtr owner, uint64_t bit_offset, uint64_t rows);
  BitSink& bits() { return bits_; }
  /// kFixed, or kFixedSizeList of fixed values: whole rows, contiguous. `size` must be a multiple of the
  /// row's width.
  Status AppendFixed(BufferPtr owner, const uint8_t* data, uint64_t size);
  /// Rows whose values do not matter, any kind: zeros, empty strings. Says nothing about validity.
  Status AppendEmpty(uint64_t rows);

  /// kBinary: appends `count` rows that end at `ends` and begin at `base`, in a count of bytes whose origin
  /// does not matter; the ends[count-1] - base bytes themselves go into data(), before or after. `ends`
  /// ascend. Errors: NotSupported when 32-bit offsets do not suffice.
  Status AppendOffsets(const uint64_t* ends, uint64_t count, uint64_t base);
  /// The bytes of strings, or of fixed values.
  ByteSink& data() { return bytes_; }
  bool large() const { return large_; }

  /// kDictionary: indices (of the index type's width) into `dictionary`. Every index is inside it.
  Status AppendIndices(BufferPtr owner, const uint8_t* data, uint64_t rows,
                       std::shared_ptr<arrow::ArrayData> dictionary);

  /// kFixedSizeList and kStruct: says that the children hold `rows` more rows.
  void AppendRows(uint64_t rows) { length_ += rows; }

  /// Marks rows appended since the last call as valid where nobody spoke of them; children too.
  void FillValidity();
  Result<std::shared_ptr<arrow::ArrayData>> Finish();
  /// kBinary whose values live elsewhere (lists): validity and offsets alone; `*num_values` is the last
  /// offset.
  Result<std::shared_ptr<arrow::ArrayData>> FinishOffsets(uint64_t* num_values);

 private:
  ArrayOutput() = default;
  Status GrowOffsets(uint64_t rows, uint64_t* first);
  Result<BufferPtr> FinishValidity();
  Result<std::shared_ptr<arrow::ArrayData>> FinishDictionary(BufferPtr validity);

  std::shared_ptr<arrow::DataType> type_;
  Kind kind_ = Kind::kNull;
  uint64_t length_ = 0;
  uint64_t expected_rows_ = 0;
  uint64_t width_ = 0;  ///< bytes of a fixed value or of an index
  uint64_t list_size_ = 0;
  bool large_ = false;
  BitSink validity_;
  BitSink bits_;
  ByteSink bytes_;
  std::shared_ptr<arrow::Buffer> offsets_;  ///< kBinary: (capacity + 1) offsets
  uint64_t offsets_capacity_ = 0;
  uint64_t promised_bytes_ = 0;  ///< kBinary: what the offsets say data() will hold
  std::vector<std::unique_ptr<ArrayOutput>> children_;
  struct DictionaryRun {
    uint64_t rows;
    std::shared_ptr<arrow::ArrayData> dictionary;
  };
  std::vector<DictionaryRun> dictionaries_;
};

/// Width in bytes of one row of a fixed-width type (FSL included), nullopt for others and for booleans.
std::optional<uint64_t> FixedRowBytes(const arrow::DataType& type);

}  // namespace lance::encoding
