// FSST: P. Boncz, T. Neumann, V. Leis, "FSST: Fast Random Access String Compression", VLDB 2020. Every byte
// of a string is a code for 1 to 8 bytes; 255 says that the next byte stands for itself. The table of a page:
//
//     u64 header: "FSST" in the high half | u8 on (0: strings are not compressed) | u8 | u8 | u8 number of
//     symbols n x 8 bytes symbols | n x 1 byte lengths | zeros up to 2312 bytes
#include <array>
#include <cstring>

#include <arrow/api.h>

#include "lance/base/span_reader.h"
#include "lance/encoding/core/array_output.h"
#include "lance/encoding/v2_0/compound_decoders.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding::v2_0 {
namespace {

constexpr uint8_t kEscape = 255;
constexpr uint64_t kSymbolBytes = 8;

struct SymbolTable {
  bool on = false;
  std::array<uint64_t, 256> symbols{};
  std::array<uint8_t, 256> lengths{};  ///< 0: no such code

  static Result<std::shared_ptr<const SymbolTable>> Parse(const std::string& bytes) {
    SpanReader reader({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    ARROW_ASSIGN_OR_RAISE(auto header, reader.ReadLE<uint64_t>("FSST header"));
    LANCE_CHECK_BYTES(header >> 32 == 0x46535354, "an FSST symbol table starts with {:#x}", header);
    auto table = std::make_shared<SymbolTable>();
    table->on = (header >> 24 & 0xff) != 0;
    const uint64_t count = header & 0xff;
    for (uint64_t i = 0; i < count; ++i) {
      ARROW_ASSIGN_OR_RAISE(table->symbols[i], reader.ReadLE<uint64_t>("FSST symbol"));
    }
    for (uint64_t i = 0; i < count; ++i) {
      ARROW_ASSIGN_OR_RAISE(table->lengths[i], reader.ReadLE<uint8_t>("FSST symbol length"));
      LANCE_CHECK_BYTES(table->lengths[i] >= 1 && table->lengths[i] <= kSymbolBytes,
                        "an FSST symbol of {} bytes", table->lengths[i]);
    }
    return std::shared_ptr<const SymbolTable>(std::move(table));
  }

  /// Bytes that `from` expands to. Errors: Corruption for unknown codes and an escape that ends the string.
  Result<uint64_t> ExpandedSize(std::span<const uint8_t> from) const {
    uint64_t size = 0;
    bool unknown = false;
    size_t i = 0;
    for (; i < from.size(); ++i) {
      if (from[i] == kEscape) {
        ++i;
        ++size;
      } else {
        size += lengths[from[i]];
        unknown |= lengths[from[i]] == 0;
      }
    }
    LANCE_CHECK_BYTES(!unknown && i == from.size(),
                      "an FSST string of {} bytes has unknown codes or ends early", from.size());
    return size;
  }

  /// Expands a string that ExpandedSize() accepted; up to 7 bytes behind its end are overwritten.
  uint8_t* Expand(std::span<const uint8_t> from, uint8_t* to) const {
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i] == kEscape) {
        *to++ = from[++i];
      } else {
        std::memcpy(to, &symbols[from[i]], kSymbolBytes);
        to += lengths[from[i]];
      }
    }
    return to;
  }
};

class FsstTask final : public ArrayTask {
 public:
  FsstTask(std::unique_ptr<ArrayTask> strings, std::shared_ptr<arrow::DataType> type,
           std::shared_ptr<const SymbolTable> table)
      : strings_(std::move(strings)), type_(std::move(type)), table_(std::move(table)) {}

  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    if (!table_->on) return strings_->Decode(buffers, out);
    ARROW_ASSIGN_OR_RAISE(auto packed, DecodeWhole(strings_.get(), buffers, type_));
    return out->large() ? Expand<int64_t>(*packed, out) : Expand<int32_t>(*packed, out);
  }

 private:
  template <typename Offset>
  Status Expand(const arrow::ArrayData& packed, ArrayOutput* out) const {
    const auto rows = static_cast<uint64_t>(packed.length);
    const auto* offsets = packed.GetValues<Offset>(1);
    const uint8_t* bytes = packed.buffers[2]->data();
    auto string = [&](uint64_t i) {
      return std::span(bytes + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i]));
    };
    std::vector<uint64_t> ends(rows);
    uint64_t total = 0;
    for (uint64_t i = 0; i < rows; ++i) {
      ARROW_ASSIGN_OR_RAISE(uint64_t size, table_->ExpandedSize(string(i)));
      ends[i] = total += size;
    }
    ARROW_ASSIGN_OR_RAISE(auto expanded, runtime::AllocatePooled(total + kSymbolBytes));
    uint8_t* to = expanded->mutable_data();
    for (uint64_t i = 0; i < rows; ++i) to = table_->Expand(string(i), to);
    ARROW_RETURN_NOT_OK(out->AppendOffsets(ends.data(), rows, 0));
    const uint8_t* data = expanded->data();
    out->data().Append(std::move(expanded), data, total);
    if (packed.buffers[0] != nullptr) out->validity().Append(packed.buffers[0], 0, rows);
    return Status::OK();
  }

  std::unique_ptr<ArrayTask> strings_;
  std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<const SymbolTable> table_;
};

class FsstDecoder final : public ArrayDecoder {
 public:
  FsstDecoder(ArrayDecoderPtr strings, std::shared_ptr<arrow::DataType> type,
              std::shared_ptr<const SymbolTable> table)
      : strings_(std::move(strings)), type_(std::move(type)), table_(std::move(table)) {}
  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    ARROW_ASSIGN_OR_RAISE(auto strings, strings_->Plan(rows, plan));
    return std::make_unique<FsstTask>(std::move(strings), type_, table_);
  }

 private:
  ArrayDecoderPtr strings_;
  std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<const SymbolTable> table_;
};

}  // namespace

Result<ArrayDecoderPtr> MakeFsstDecoder(ArrayDecoderPtr strings, std::shared_ptr<arrow::DataType> type,
                                        const std::string& symbol_table) {
  ARROW_ASSIGN_OR_RAISE(auto table, SymbolTable::Parse(symbol_table));
  return std::make_unique<FsstDecoder>(std::move(strings), std::move(type), std::move(table));
}

}  // namespace lance::encoding::v2_0
