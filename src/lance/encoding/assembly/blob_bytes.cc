#include "lance/encoding/assembly/blob_bytes.h"

#include <arrow/api.h>
#include <arrow/buffer_builder.h>

#include "lance/base/checked_math.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding {
namespace {

class BlobBytesTask final : public LeafTask {
 public:
  BlobBytesTask(LeafLevels levels, std::vector<std::optional<BlobLocation>> blobs, std::string path,
                std::shared_ptr<BlobResolver> resolver, bool writable)
      : levels_(std::move(levels)),
        blobs_(std::move(blobs)),
        path_(std::move(path)),
        resolver_(std::move(resolver)),
        writable_(writable) {
    for (const auto& blob : blobs_) {
      if (IsRead(blob)) ranges_.push_back({blob->position, blob->size});
    }
  }

  void AppendRanges(std::vector<ByteRange>* out) const override {
    out->insert(out->end(), ranges_.begin(), ranges_.end());
  }
  size_t num_ranges() const override { return ranges_.size(); }

  Result<DecodedLeaf> Decode(std::span<BufferPtr> buffers) override {
    ARROW_ASSIGN_OR_RAISE(std::vector<BufferPtr> outside, ReadOutside());
    uint64_t total = 0;
    for (const BufferPtr& buffer : buffers) total += static_cast<uint64_t>(buffer->size());
    for (const BufferPtr& buffer : outside) total += static_cast<uint64_t>(buffer->size());
    ARROW_ASSIGN_OR_RAISE(auto bytes, runtime::AllocatePooled(total));
    ARROW_ASSIGN_OR_RAISE(auto offsets, runtime::AllocatePooled((blobs_.size() + 1) * sizeof(int64_t)));
    auto* ends = reinterpret_cast<int64_t*>(offsets->mutable_data());
    *ends++ = 0;
    int64_t at = 0;
    size_t next_inside = 0, next_outside = 0;
    for (const auto& blob : blobs_) {
      const arrow::Buffer* from = nullptr;
      if (IsRead(blob)) from = buffers[next_inside++].get();
      if (IsOutside(blob)) from = outside[next_outside++].get();
      if (from != nullptr && from->size() > 0) {
        std::memcpy(bytes->mutable_data() + at, from->data(), static_cast<size_t>(from->size()));
        at += from->size();
      }
      *ends++ = at;
    }
    DecodedLeaf out;
    out.values = arrow::ArrayData::Make(arrow::large_binary(), static_cast<int64_t>(blobs_.size()),
                                        {nullptr, std::move(offsets), std::move(bytes)}, 0);
    if (writable_) {
      ARROW_ASSIGN_OR_RAISE(out.values, MakeWritable(std::move(out.values)));
    }
    out.levels = std::move(levels_);
    return out;
  }

 private:
  static bool IsRead(const std::optional<BlobLocation>& blob) {
    return blob && blob->kind == BlobKind::kInline && blob->size > 0;
  }
  bool IsReference(const std::optional<BlobLocation>& blob) const {
    return writable_ && blob && blob->kind == BlobKind::kExternal;
  }
  bool IsOutside(const std::optional<BlobLocation>& blob) const {
    return blob && blob->kind != BlobKind::kInline && !IsReference(blob);
  }

  // Bytes as the member `data`, null where there is a reference or nothing.
  Result<std::shared_ptr<arrow::ArrayData>> MakeWritable(std::shared_ptr<arrow::ArrayData> data) const {
    const auto length = static_cast<int64_t>(blobs_.size());
    arrow::TypedBufferBuilder<bool> has_data;
    arrow::StringBuilder uris;
    arrow::UInt64Builder positions, sizes;
    ARROW_RETURN_NOT_OK(has_data.Reserve(length));
    for (const auto& blob : blobs_) {
      const bool reference = IsReference(blob);
      has_data.UnsafeAppend(blob.has_value() && !reference);
      if (!reference) {
        ARROW_RETURN_NOT_OK(uris.AppendNull());
      } else {
        ARROW_ASSIGN_OR_RAISE(const std::string uri,
                              resolver_ == nullptr ? blob->uri : resolver_->UriOf(*blob));
        ARROW_RETURN_NOT_OK(uris.Append(uri));
      }
      const bool range = reference && blob->size > 0;
      ARROW_RETURN_NOT_OK(range ? positions.Append(blob->position) : positions.AppendNull());
      ARROW_RETURN_NOT_OK(range ? sizes.Append(blob->size) : sizes.AppendNull());
    }
    data->null_count = has_data.false_count();
    ARROW_RETURN_NOT_OK(has_data.Finish(&data->buffers[0]));
    std::vector<std::shared_ptr<arrow::ArrayData>> members = {std::move(data)};
    for (arrow::ArrayBuilder* builder :
         {static_cast<arrow::ArrayBuilder*>(&uris), static_cast<arrow::ArrayBuilder*>(&positions),
          static_cast<arrow::ArrayBuilder*>(&sizes)}) {
      ARROW_ASSIGN_OR_RAISE(auto member, builder->Finish());
      members.push_back(member->data());
    }
    return arrow::ArrayData::Make(WritableBlobType(), length, {nullptr}, std::move(members), 0);
  }

  Result<std::vector<BufferPtr>> ReadOutside() const {
    std::vector<BlobLocation> wanted;
    for (const auto& blob : blobs_) {
      if (IsOutside(blob)) wanted.push_back(*blob);
    }
    if (wanted.empty()) return std::vector<BufferPtr>();
    if (resolver_ == nullptr) {
      return NotSupported("{}: blobs outside of the data file can be read only through their table", path_);
    }
    ARROW_ASSIGN_OR_RAISE(auto read, resolver_->Read(path_, wanted));
    if (read.size() != wanted.size()) return Internal("{} blobs answer {}", read.size(), wanted.size());
    return read;
  }

  LeafLevels levels_;
  std::vector<std::optional<BlobLocation>> blobs_;
  std::string path_;
  std::shared_ptr<BlobResolver> resolver_;
  const bool writable_;
  std::vector<ByteRange> ranges_;
};

class BlobBytesColumn final : public LeafColumn {
 public:
  BlobBytesColumn(std::unique_ptr<LeafColumn> descriptors, BlobView view, ColumnSource* source,
                  std::shared_ptr<BlobResolver> resolver)
      : descriptors_(std::move(descriptors)), view_(view), source_(source), resolver_(std::move(resolver)) {}

  const std::shared_ptr<arrow::DataType>& type() const override {
    static const std::shared_ptr<arrow::DataType> kType = arrow::large_binary();
    return view_ == BlobView::kWritable ? WritableBlobType() : kType;
  }
  const ColumnInfo& info() const override { return descriptors_->info(); }

  Result<std::unique_ptr<LeafTask>> Plan(std::span<const RowRange> rows) const override {
    ARROW_ASSIGN_OR_RAISE(auto task, descriptors_->Plan(rows));
    std::vector<ByteRange> ranges;
    task->AppendRanges(&ranges);
    std::vector<BufferPtr> buffers;
    if (!ranges.empty()) {
      ARROW_ASSIGN_OR_RAISE(buffers, source_->bytes()->ReadMany(ranges));
    }
    ARROW_ASSIGN_OR_RAISE(DecodedLeaf decoded, task->Decode(buffers));
    ARROW_ASSIGN_OR_RAISE(auto blobs, Locate(decoded));
    ARROW_RETURN_NOT_OK(CheckInside(blobs));
    return std::make_unique<BlobBytesTask>(std::move(decoded.levels), std::move(blobs), source_->path(),
                                           resolver_, view_ == BlobView::kWritable);
  }

 private:
  // Null rows must not be looked at: their descriptors are anything.
  Result<std::vector<std::optional<BlobLocation>>> Locate(const DecodedLeaf& decoded) const {
    LeafLevels levels = decoded.levels;
    const auto length = static_cast<uint64_t>(decoded.values->length);
    ARROW_ASSIGN_OR_RAISE(Validity validity, levels.PeelItems(length));
    if (view_ == BlobView::kBytesOfV1 || validity.bitmap == nullptr) return LocateBlobs(*decoded.values);
    auto nullable = decoded.values->Copy();
    if (nullable->offset != 0) return Internal("descriptors of {} are sliced", source_->path());
    nullable->buffers[0] = validity.bitmap;
    nullable->null_count = validity.null_count;
    return LocateBlobs(*nullable);
  }

  Status CheckInside(const std::vector<std::optional<BlobLocation>>& blobs) const {
    // Values of different rows never share bytes, so together they are no larger than the file.
    uint64_t total = 0;
    const uint64_t size = source_->bytes()->size();
    for (const auto& blob : blobs) {
      if (!blob || blob->kind != BlobKind::kInline || blob->size == 0) continue;
      LANCE_CHECK_BYTES(RangeFits(blob->position, blob->size, size),
                        "{}, column {}: a blob at {} of {} bytes ends behind the file of {} bytes",
                        source_->path(), info().index, blob->position, blob->size, size);
      total += blob->size;
      LANCE_CHECK_BYTES(total <= size, "{}, column {}: its blobs are larger than the file of {} bytes",
                        source_->path(), info().index, size);
    }
    return Status::OK();
  }

  std::unique_ptr<LeafColumn> descriptors_;
  BlobView view_;
  ColumnSource* source_;
  std::shared_ptr<BlobResolver> resolver_;
};

}  // namespace

std::unique_ptr<LeafColumn> MakeBlobBytesColumn(std::unique_ptr<LeafColumn> descriptors, BlobView view,
                                                ColumnSource* source,
                                                std::shared_ptr<BlobResolver> resolver) {
  return std::make_unique<BlobBytesColumn>(std::move(descriptors), view, source, std::move(resolver));
}

}  // namespace lance::encoding
