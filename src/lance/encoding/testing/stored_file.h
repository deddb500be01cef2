#pragma once

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <arrow/buffer.h>
#include <zstd.h>

#include "lance/base/span_reader.h"
#include "lance/encoding/core/page.h"
#include "lance/proto/file_format.pb.h"
#include "lance/proto/well_known.pb.h"

// A Lance 2.x file in memory, taken apart just far enough to test pages without the layer that reads files.
namespace lance::encoding::testing {

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : buffer_(arrow::Buffer::FromString(std::move(bytes))) {}
  uint64_t size() const override { return static_cast<uint64_t>(buffer_->size()); }
  Result<std::vector<BufferPtr>> ReadMany(std::span<const ByteRange> ranges) override {
    std::vector<BufferPtr> out;
    for (const ByteRange& range : ranges) {
      if (range.end() > size())
        return IOError("range [{}, +{}) is outside the file", range.offset, range.length);
      bytes_read += range.length;
      // A copy of its own without Arrow's padding, so that the sanitizer sees reads past the end.
      const uint8_t* from = buffer_->data() + range.offset;
      out.push_back(arrow::Buffer::FromVector(std::vector<uint8_t>(from, from + range.length)));
    }
    return out;
  }
  uint64_t bytes_read = 0;

 private:
  std::shared_ptr<arrow::Buffer> buffer_;
};

/// Reads a file packed with zstd, or a plain one.
inline std::string ReadPacked(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string stored{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!path.ends_with(".zst")) return stored;
  std::string out(ZSTD_getFrameContentSize(stored.data(), stored.size()), 0);
  size_t got = ZSTD_decompress(out.data(), out.size(), stored.data(), stored.size());
  return got == out.size() ? out : std::string();
}

struct StoredFile {
  std::unique_ptr<MemorySource> source;
  std::vector<std::vector<PageInfo>> columns;
  PageFormat format;
};

inline StoredFile OpenStored(const std::string& bytes, const std::string& name) {
  StoredFile file;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const uint8_t* footer = data + bytes.size() - 40;
  uint64_t offsets = LoadLE<uint64_t>(footer + 8);
  uint32_t num_columns = LoadLE<uint32_t>(footer + 28);
  file.format = {LoadLE<uint16_t>(footer + 32), LoadLE<uint16_t>(footer + 34)};
  for (uint32_t column = 0; column < num_columns; ++column) {
    pb::ColumnMetadata metadata;
    const uint8_t* entry = data + offsets + column * 16;
    metadata.ParseFromArray(data + LoadLE<uint64_t>(entry), static_cast<int>(LoadLE<uint64_t>(entry + 8)));
    std::vector<PageInfo> pages;
    for (const auto& page : metadata.pages()) {
      pb::Any any;
      any.ParseFromString(page.encoding().direct().encoding());
      PageInfo info{.encoding = any.value(), .num_rows = page.length(), .first_row = page.priority()};
      info.where = fmt::format("{}, column {}, page {}", name, column, pages.size());
      for (int i = 0; i < page.buffer_offsets_size(); ++i) {
        info.buffers.push_back({page.buffer_offsets(i), page.buffer_sizes(i)});
      }
      pages.push_back(std::move(info));
    }
    file.columns.push_back(std::move(pages));
  }
  file.source = std::make_unique<MemorySource>(bytes);
  return file;
}

}  // namespace lance::encoding::testing
