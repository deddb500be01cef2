#include "lance/encoding/codec/general/compress.h"

#include <algorithm>
#include <cstring>

#include <lz4.h>
#include <zstd.h>

#include "lance/encoding/core/buffers.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

/// Pages whose first buffers are shorter in all are left alone.
constexpr uint64_t kLeastBytes = 4096;

// All chunks are encoded when it is made: whether compression pays is known only then.
class GeneralEncoder final : public ChunkEncoder {
 public:
  GeneralEncoder(std::unique_ptr<ChunkEncoder> inner, const Compression& compression)
      : inner_(std::move(inner)), compression_(compression) {
    chunks_ = inner_->chunks();
  }

  Status Run() {
    std::vector<uint32_t> sizes(inner_->num_buffers());
    std::vector<uint8_t> scratch;
    for (const Chunk& chunk : chunks_) {
      scratch.resize(inner_->MaxBytes(chunk) + kCopySlack);
      ARROW_RETURN_NOT_OK(inner_->Encode(chunk, scratch.data(), sizes.data()));
      Stored stored{bytes_.size(), sizes};
      ARROW_RETURN_NOT_OK(AppendCompressed(compression_, scratch.data(), sizes[0], &bytes_));
      raw_bytes_ += sizes[0];
      stored.sizes[0] = static_cast<uint32_t>(bytes_.size() - stored.start);
      compressed_bytes_ += stored.sizes[0];
      const uint8_t* rest = scratch.data() + AlignChunk(sizes[0]);
      for (size_t i = 1; i < sizes.size(); ++i) {
        bytes_.insert(bytes_.end(), rest, rest + sizes[i]);
        rest += AlignChunk(sizes[i]);
      }
      stored_.push_back(std::move(stored));
    }
    return Status::OK();
  }

  bool pays() const { return raw_bytes_ >= kLeastBytes && compressed_bytes_ < raw_bytes_; }
  uint64_t compressed_bytes() const { return compressed_bytes_; }
  std::unique_ptr<ChunkEncoder> TakeInner() { return std::move(inner_); }

  size_t num_buffers() const override { return inner_->num_buffers(); }

  uint64_t MaxBytes(const Chunk& chunk) const override {
    uint64_t bytes = 0;
    for (uint32_t size : Find(chunk).sizes) bytes += AlignChunk(size);
    return bytes;
  }

  Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) override {
    const Stored& stored = Find(chunk);
    const uint8_t* from = bytes_.data() + stored.start;
    for (size_t i = 0; i < stored.sizes.size(); ++i) {
      std::memcpy(out, from, stored.sizes[i]);
      from += stored.sizes[i];
      out += AlignChunk(stored.sizes[i]);
      sizes[i] = stored.sizes[i];
    }
    return Status::OK();
  }

  void Describe(pb21::CompressiveEncoding* encoding) const override {
    inner_->Describe(DescribeGeneral(compression_, encoding));
  }

 private:
  struct Stored {
    uint64_t start = 0;
    std::vector<uint32_t> sizes;
  };

  // Chunks are asked for in order, and each twice.
  const Stored& Find(const Chunk& chunk) const {
    if (chunks_[last_].first != chunk.first) {
      last_ = last_ + 1 < chunks_.size() && chunks_[last_ + 1].first == chunk.first ? last_ + 1 : 0;
      while (chunks_[last_].first != chunk.first) ++last_;
    }
    return stored_[last_];
  }

  std::unique_ptr<ChunkEncoder> inner_;
  Compression compression_;
  std::vector<Stored> stored_;
  std::vector<uint8_t> bytes_;
  uint64_t raw_bytes_ = 0;
  uint64_t compressed_bytes_ = 0;
  mutable size_t last_ = 0;
};

}  // namespace

Status AppendCompressed(const Compression& compression, const uint8_t* bytes, uint64_t size,
                        std::vector<uint8_t>* out) {
  const size_t start = out->size();
  if (compression.scheme == Scheme::kLz4) {
    if (size > LZ4_MAX_INPUT_SIZE) return ResourceExhausted("{} bytes are too many for lz4", size);
    const int bound = LZ4_compressBound(static_cast<int>(size));
    out->resize(start + 4 + static_cast<size_t>(bound));
    const auto length = static_cast<uint32_t>(size);
    std::memcpy(out->data() + start, &length, 4);
    const int written =
        LZ4_compress_default(reinterpret_cast<const char*>(bytes),
                             reinterpret_cast<char*>(out->data() + start + 4), static_cast<int>(size), bound);
    if (written <= 0) return Internal("lz4 could not compress {} bytes", size);
    out->resize(start + 4 + static_cast<size_t>(written));
    return Status::OK();
  }
  const size_t bound = ZSTD_compressBound(size);
  out->resize(start + 8 + bound);
  std::memcpy(out->data() + start, &size, 8);
  thread_local std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  const size_t written = ZSTD_compressCCtx(context.get(), out->data() + start + 8, bound, bytes, size,
                                           compression.level.value_or(0));
  if (ZSTD_isError(written)) return Internal("zstd: {}", ZSTD_getErrorName(written));
  out->resize(start + 8 + written);
  return Status::OK();
}

pb21::CompressiveEncoding* DescribeGeneral(const Compression& compression,
                                           pb21::CompressiveEncoding* encoding) {
  pb21::General* general = encoding->mutable_general();
  general->mutable_compression()->set_scheme(compression.scheme == Scheme::kLz4 ? pb21::COMPRESSION_LZ4
                                                                                : pb21::COMPRESSION_ZSTD);
  if (compression.level) general->mutable_compression()->set_level(*compression.level);
  return general->mutable_values();
}

Result<double> SampleCompression(ChunkEncoder* inner, const Compression& compression) {
  constexpr size_t kSampled = 8;
  const auto& chunks = inner->chunks();
  std::vector<uint32_t> sizes(inner->num_buffers());
  std::vector<uint8_t> scratch;
  std::vector<uint8_t> compressed;
  uint64_t raw = 0;
  const size_t step = std::max<size_t>(1, chunks.size() / kSampled);
  for (size_t i = step / 2; i < chunks.size(); i += step) {
    scratch.resize(inner->MaxBytes(chunks[i]) + kCopySlack);
    ARROW_RETURN_NOT_OK(inner->Encode(chunks[i], scratch.data(), sizes.data()));
    ARROW_RETURN_NOT_OK(AppendCompressed(compression, scratch.data(), sizes[0], &compressed));
    raw += sizes[0];
  }
  return raw == 0 ? 1.0 : static_cast<double>(compressed.size()) / static_cast<double>(raw);
}

Result<std::unique_ptr<ChunkEncoder>> WrapGeneral(std::unique_ptr<ChunkEncoder> inner,
                                                  const Compression& compression) {
  auto encoder = std::make_unique<GeneralEncoder>(std::move(inner), compression);
  ARROW_RETURN_NOT_OK(encoder->Run());
  if (!encoder->pays()) return encoder->TakeInner();
  return encoder;
}

}  // namespace lance::encoding
