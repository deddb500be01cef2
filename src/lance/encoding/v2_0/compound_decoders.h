#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lance/encoding/v2_0/array_decoder.h"

namespace lance::encoding::v2_0 {

using ArrayDecoderPtr = std::unique_ptr<ArrayDecoder>;

// The nodes of an ArrayEncoding tree that have children. The layouts are drawn in README.md.

/// Values with a validity bitmap of their own.
ArrayDecoderPtr MakeNullableDecoder(ArrayDecoderPtr validity, ArrayDecoderPtr values);
/// Rows without a valid value and without any buffer.
ArrayDecoderPtr MakeAllNullDecoder();
/// `dimension` items a row.
ArrayDecoderPtr MakeFixedSizeListDecoder(uint64_t dimension, ArrayDecoderPtr items);
/// The bytes of all members of a row, one row after another; a member has `widths[i]` > 0 bytes.
ArrayDecoderPtr MakePackedStructDecoder(ByteRange buffer, std::vector<uint64_t> widths);
/// Strings: n ends (u64) and the bytes. An end of `null_adjustment` or more belongs to a null.
ArrayDecoderPtr MakeBinaryDecoder(ArrayDecoderPtr indices, ArrayDecoderPtr bytes, uint64_t null_adjustment,
                                  uint64_t num_rows);
/// Strings that all have `byte_width` bytes.
ArrayDecoderPtr MakeFixedBinaryDecoder(ArrayDecoderPtr bytes, uint64_t byte_width);
/// Strings compressed one by one with a symbol table.
Result<ArrayDecoderPtr> MakeFsstDecoder(ArrayDecoderPtr strings, std::shared_ptr<arrow::DataType> type,
                                        const std::string& symbol_table);
/// Indices into `items`. With `one_based` (plain strings stored through a dictionary) 0 is null and k is item
/// k - 1; without (an Arrow dictionary) k is item k, and the items themselves may be null.
ArrayDecoderPtr MakeDictionaryDecoder(ArrayDecoderPtr indices, std::shared_ptr<arrow::DataType> index_type,
                                      ArrayDecoderPtr items, std::shared_ptr<arrow::DataType> item_type,
                                      uint64_t num_items, bool one_based);

}  // namespace lance::encoding::v2_0
