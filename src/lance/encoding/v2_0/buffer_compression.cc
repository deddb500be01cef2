// How releases up to 0.20 compressed whole buffers. zstd: either a bare stream of frames (the oldest) or a
// u64 length and one frame; lz4: a u32 length and one block. The two zstd forms are told apart by the magic
// number and the frame header's reserved bit, as the reference does.
#include <algorithm>
#include <cstring>

#include <arrow/buffer.h>
#include <lz4.h>
#include <zstd.h>

#include "lance/base/span_reader.h"
#include "lance/encoding/v2_0/flat_decoder.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding::v2_0 {
namespace {

/// zstd's densest block: 128 KiB of one byte from four; lz4 adds at most 255 bytes for one.
constexpr uint64_t kMaxZstdRatio = 128 * 1024;
constexpr uint64_t kMaxLz4Ratio = 255;

bool IsBareZstd(const uint8_t* data, uint64_t size) {
  constexpr uint32_t kMagic = 0xFD2FB528;
  constexpr uint8_t kReservedBit = 0x10;
  if (size < 8) return true;
  return LoadLE<uint32_t>(data) == kMagic && (data[4] & kReservedBit) == 0;
}

Status CheckSize(uint64_t declared, uint64_t expected, uint64_t input, uint64_t ratio) {
  LANCE_CHECK_BYTES(expected == kAnySize || declared == expected,
                    "a compressed buffer declares {} bytes, its page needs {}", declared, expected);
  LANCE_CHECK_BYTES(declared / ratio <= input + 1, "{} compressed bytes cannot expand to {}", input,
                    declared);
  return Status::OK();
}

Result<BufferPtr> ExpandZstdStream(const uint8_t* data, uint64_t size, uint64_t expected) {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (context == nullptr) return Internal("zstd gives no context");
  std::string plain;
  ZSTD_inBuffer in{data, size, 0};
  const size_t step = ZSTD_DStreamOutSize();
  size_t left = 1;
  while (in.pos < in.size || left != 0) {
    const size_t before = plain.size();
    const size_t in_before = in.pos;
    plain.resize(before + step);
    ZSTD_outBuffer out{plain.data() + before, step, 0};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    LANCE_CHECK_BYTES(!ZSTD_isError(left), "zstd: {}", ZSTD_getErrorName(left));
    plain.resize(before + out.pos);
    LANCE_CHECK_BYTES(expected == kAnySize || plain.size() <= expected,
                      "a zstd stream expands to more than the {} bytes its page needs", expected);
    if (in.pos == in_before && out.pos == 0) {
      LANCE_CHECK_BYTES(left == 0, "a zstd stream of {} bytes ends early", size);
      break;
    }
  }
  LANCE_CHECK_BYTES(expected == kAnySize || plain.size() == expected,
                    "a zstd stream expands to {} bytes, its page needs {}", plain.size(), expected);
  return BufferPtr(arrow::Buffer::FromString(std::move(plain)));
}

Result<BufferPtr> ExpandZstd(const uint8_t* data, uint64_t size, uint64_t expected) {
  if (IsBareZstd(data, size)) return ExpandZstdStream(data, size, expected);
  const auto declared = LoadLE<uint64_t>(data);
  ARROW_RETURN_NOT_OK(CheckSize(declared, expected, size, kMaxZstdRatio));
  ARROW_ASSIGN_OR_RAISE(auto out, runtime::AllocatePooled(declared));
  const size_t written = ZSTD_decompress(out->mutable_data(), declared, data + 8, size - 8);
  LANCE_CHECK_BYTES(!ZSTD_isError(written), "zstd: {}", ZSTD_getErrorName(written));
  LANCE_CHECK_BYTES(written == declared, "a zstd frame expands to {} bytes and declares {}", written,
                    declared);
  return BufferPtr(std::move(out));
}

Result<BufferPtr> ExpandLz4(const uint8_t* data, uint64_t size, uint64_t expected) {
  LANCE_CHECK_BYTES(size >= 4, "an lz4 buffer of {} bytes has no length", size);
  const auto declared = LoadLE<uint32_t>(data);
  ARROW_RETURN_NOT_OK(CheckSize(declared, expected, size, kMaxLz4Ratio));
  LANCE_CHECK_BYTES(declared <= INT32_MAX && size - 4 <= INT32_MAX, "an lz4 block of {} bytes", declared);
  ARROW_ASSIGN_OR_RAISE(auto out, runtime::AllocatePooled(declared));
  const int written = LZ4_decompress_safe(reinterpret_cast<const char*>(data + 4),
                                          reinterpret_cast<char*>(out->mutable_data()),
                                          static_cast<int>(size - 4), static_cast<int>(declared));
  LANCE_CHECK_BYTES(written >= 0 && static_cast<uint32_t>(written) == declared,
                    "an lz4 block does not expand to the {} bytes it declares", declared);
  return BufferPtr(std::move(out));
}

}  // namespace

Result<BufferPtr> Decompress(BufferCompression compression, const arrow::Buffer& input,
                             uint64_t expected_size) {
  const auto size = static_cast<uint64_t>(input.size());
  if (compression == BufferCompression::kLz4) return ExpandLz4(input.data(), size, expected_size);
  if (size == 0) {
    LANCE_CHECK_BYTES(expected_size == 0 || expected_size == kAnySize,
                      "a compressed buffer is empty, its page needs {} bytes", expected_size);
    return BufferPtr(arrow::Buffer::FromString(""));
  }
  return ExpandZstd(input.data(), size, expected_size);
}

}  // namespace lance::encoding::v2_0
