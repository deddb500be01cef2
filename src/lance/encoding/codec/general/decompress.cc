#include "lance/encoding/codec/general/decompress.h"

#include <memory>
#include <vector>

#include <lz4.h>
#include <zstd.h>

#include "lance/base/span_reader.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

// The best that the formats can do, roundly: an LZ4 token byte makes 255 bytes, a zstd block of 3 bytes 128
// KiB.
constexpr uint64_t kLz4Expansion = 256;
constexpr uint64_t kZstdExpansion = 65536;
constexpr uint64_t kExpansionSlack = 4096;

constexpr uint32_t kZstdMagic = 0xFD2FB528;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// A frame that stands alone starts with the magic number and has the reserved bit of its descriptor unset.
bool IsBareFrame(std::span<const uint8_t> stored) {
  if (stored.size() < 8) return true;
  return LoadLE<uint32_t>(stored.data()) == kZstdMagic && (stored[4] & 0x10) == 0;
}

ZSTD_DCtx* Context() {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  return context.get();
}

// A frame that was written as a stream does not know its size. Rare and old, so it is decompressed twice.
Result<uint64_t> MeasureFrame(std::span<const uint8_t> stored) {
  ZSTD_DCtx* context = Context();
  if (context == nullptr) return ResourceExhausted("no memory for a zstd context");
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
  std::vector<uint8_t> discard(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{stored.data(), stored.size(), 0};
  uint64_t total = 0;
  size_t left = 1;
  while (left != 0) {
    ZSTD_outBuffer out{discard.data(), discard.size(), 0};
    size_t before = in.pos;
    left = ZSTD_decompressStream(context, &out, &in);
    LANCE_CHECK_BYTES(ZSTD_isError(left) == 0, "zstd frame is damaged: {}", ZSTD_getErrorName(left));
    LANCE_CHECK_BYTES(left == 0 || out.pos > 0 || in.pos > before, "zstd frame ends early");
    total += out.pos;
  }
  return total;
}

Result<CompressedBuffer> ParseZstd(std::span<const uint8_t> stored) {
  CompressedBuffer out{.compressor = Compressor::kZstd, .payload = stored};
  if (IsBareFrame(stored)) {
    unsigned long long size = ZSTD_getFrameContentSize(stored.data(), stored.size());
    LANCE_CHECK_BYTES(size != ZSTD_CONTENTSIZE_ERROR, "{} bytes are no zstd frame", stored.size());
    out.raw_bytes = size;
    if (size == ZSTD_CONTENTSIZE_UNKNOWN) {
      ARROW_ASSIGN_OR_RAISE(out.raw_bytes, MeasureFrame(stored));
    }
  } else {
    out.raw_bytes = LoadLE<uint64_t>(stored.data());
    out.payload = stored.subspan(8);
  }
  return out;
}

}  // namespace

Result<Compressor> ParseCompressor(const pb21::BufferCompression& compression) {
  switch (compression.scheme()) {
    case pb21::COMPRESSION_LZ4:
      return Compressor::kLz4;
    case pb21::COMPRESSION_ZSTD:
      return Compressor::kZstd;
    default:
      return NotSupported("compression scheme number {}: LZ4 (1) and zstd (2) are read",
                          static_cast<int>(compression.scheme()));
  }
}

Result<CompressedBuffer> ParseCompressed(Compressor compressor, std::span<const uint8_t> stored) {
  CompressedBuffer out{.compressor = compressor};
  if (stored.empty()) return out;
  uint64_t expansion = kZstdExpansion;
  if (compressor == Compressor::kZstd) {
    ARROW_ASSIGN_OR_RAISE(out, ParseZstd(stored));
  } else {
    LANCE_CHECK_BYTES(stored.size() >= 4, "LZ4 buffer of {} bytes has no length", stored.size());
    out.raw_bytes = LoadLE<uint32_t>(stored.data());
    out.payload = stored.subspan(4);
    expansion = kLz4Expansion;
  }
  LANCE_CHECK_BYTES(
      out.raw_bytes <= kExpansionSlack || (out.raw_bytes - kExpansionSlack) / expansion <= stored.size(),
      "{} compressed bytes claim to hold {}", stored.size(), out.raw_bytes);
  return out;
}

Status DecompressInto(const CompressedBuffer& buffer, uint8_t* out) {
  if (buffer.payload.empty()) {
    LANCE_CHECK_BYTES(buffer.raw_bytes == 0, "no compressed bytes for {} bytes", buffer.raw_bytes);
    return Status::OK();
  }
  if (buffer.compressor == Compressor::kLz4) {
    LANCE_CHECK_BYTES(buffer.payload.size() <= INT32_MAX && buffer.raw_bytes <= INT32_MAX,
                      "LZ4 block of {} bytes", buffer.raw_bytes);
    int made = LZ4_decompress_safe(reinterpret_cast<const char*>(buffer.payload.data()),
                                   reinterpret_cast<char*>(out), static_cast<int>(buffer.payload.size()),
                                   static_cast<int>(buffer.raw_bytes));
    LANCE_CHECK_BYTES(made >= 0 && static_cast<uint64_t>(made) == buffer.raw_bytes,
                      "LZ4 block made {} of {} bytes (negative: damaged)", made, buffer.raw_bytes);
    return Status::OK();
  }
  ZSTD_DCtx* context = Context();
  if (context == nullptr) return ResourceExhausted("no memory for a zstd context");
  size_t made =
      ZSTD_decompressDCtx(context, out, buffer.raw_bytes, buffer.payload.data(), buffer.payload.size());
  LANCE_CHECK_BYTES(ZSTD_isError(made) == 0, "zstd frame is damaged: {}", ZSTD_getErrorName(made));
  LANCE_CHECK_BYTES(made == buffer.raw_bytes, "zstd frame made {} of {} bytes", made, buffer.raw_bytes);
  return Status::OK();
}

}  // namespace lance::encoding
