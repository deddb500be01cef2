#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lance/store/object_store.h"

namespace lance::store {

/// What a fetch may read beside what it was asked for, to make fewer requests of it.
struct FetchBudget {
  uint64_t gap_bytes = 0;    ///< between two ranges that are read together
  uint64_t waste_bytes = 0;  ///< of all gaps
};

/// Joins ranges, nearest ones first, as far as the budget goes. In the
/// order of the object; overlapping ranges are always joined.
std::vector<ByteRange> JoinRanges(std::vector<ByteRange> ranges, const FetchBudget& budget);

/// An object of which a caller can fetch parts ahead, that later reads within them are served from: where it
/// takes several small reads to find out what to read. Thread-safe.
class AheadObject : public ReadableObject {
 public:
  explicit AheadObject(std::shared_ptr<ReadableObject> object) : object_(std::move(object)) {}

  /// Bytes that were fetched; they serve reads of any thread as long as it lives.
  struct Fetched {
    std::vector<ByteRange> ranges;  ///< in the order of the object
    std::vector<std::shared_ptr<arrow::Buffer>> buffers;
  };
  /// One ReadMany of the joined ranges.
  Result<std::shared_ptr<const Fetched>> Fetch(std::vector<ByteRange> ranges, const FetchBudget& budget);

  const std::string& path() const override { return object_->path(); }
  uint64_t size() const override { return object_->size(); }
  Status ReadInto(ByteRange range, uint8_t* out) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(ByteRange range) override;
  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(std::span<const ByteRange> ranges) override;
  Result<std::vector<std::shared_ptr<arrow::Buffer>>> ViewMany(std::span<const ByteRange> ranges) override;

 private:
  using Living = std::vector<std::shared_ptr<const Fetched>>;
  Living Lively();
  template <typename ReadRest>
  Result<std::vector<std::shared_ptr<arrow::Buffer>>> Serve(std::span<const ByteRange> ranges, ReadRest rest);

  const std::shared_ptr<ReadableObject> object_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<const Fetched>> fetched_;
};

}  // namespace lance::store
