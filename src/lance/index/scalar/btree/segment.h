#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/scalar/btree/lookup.h"
#include "lance/index/scalar/btree/page.h"
#include "lance/index/scalar/scalar_segment.h"
#include "lance/schema/schema.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"

namespace lance::file {
class FileReader;
}
namespace lance::index {

/// An open segment of a BTREE index: which keys are on which page. Pages are read when they are searched, and
/// kept in the session's index cache. Immutable and thread-safe.
class BTreeSegment final : public ScalarSegment {
 public:
  /// Opens the segment, or finds it open in the session's index cache. Reads page_lookup.lance, and the tail
  /// of page_data.lance. Errors: Corruption names the file; NotSupported a type of values.
  static Result<std::shared_ptr<const BTreeSegment>> Open(const table::Snapshot& snapshot,
                                                          const table::IndexMetadata& index);
  ~BTreeSegment() override;

  const KeyType& type() const override { return lookup_.type(); }
  const BTreeLookup& lookup() const { return lookup_; }
  uint64_t page_rows() const { return page_rows_; }
  uint64_t num_rows() const;

  SearchEstimate Estimate(const KeySet& set) const override;
  SearchEstimate Estimate(const Keys& keys, std::span<const uint32_t> order) const override;
  /// Pages that are not cached are read in pieces, one coalesced read each.
  Result<std::vector<uint64_t>> Search(const KeySet& set, runtime::ThreadPool* pool,
                                       ScalarSearchCounts* counts) const override;
  Result<std::vector<KeyMatch>> FindKeys(const Keys& keys, std::span<const uint32_t> order,
                                         runtime::ThreadPool* pool) const override;
  Status Prewarm(runtime::ThreadPool* pool) const override;
  std::string StatisticsJson() const override;
  /// Hands out all pages in order, as they are stored: values, then ids.
  Status Scan(const std::function<Status(const arrow::RecordBatch& page)>& visit) const;

 private:
  // A file of pages; those of a segment that was built in several places lie in several.
  struct Part {
    std::shared_ptr<file::FileReader> file;
    schema::Schema columns;
    uint64_t first_page = 0;
    uint64_t num_pages = 0;
  };
  // Pages to search with one piece of work: entries of lookup_ with what is wanted from each.
  struct Wanted {
    size_t index;  // of lookup_
    uint32_t first;
    uint32_t end;  // ranges, or keys
  };
  using Pages = std::vector<std::shared_ptr<const BTreePage>>;

  BTreeSegment() = default;
  static Result<std::shared_ptr<const BTreeSegment>> OpenFiles(const table::Snapshot& snapshot,
                                                               const table::IndexMetadata& index);
  Status OpenParts(const table::Snapshot& snapshot, const table::IndexMetadata& index,
                   const schema::Metadata& metadata);
  Status AddPart(const table::Snapshot& snapshot, const table::IndexMetadata& index, const std::string& name,
                 std::optional<uint64_t> num_pages);
  std::vector<Wanted> WantedBy(const KeySet& set) const;
  std::vector<Wanted> WantedBy(const Keys& keys, std::span<const uint32_t> order) const;
  Result<Pages> Load(std::span<const Wanted> wanted, ScalarSearchCounts* counts) const;
  Status ReadPages(const Part& part, std::span<const uint32_t> pages, Pages* out) const;
  Status ForEachPage(std::span<const Wanted> wanted, runtime::ThreadPool* pool, ScalarSearchCounts* counts,
                     const std::function<void(size_t piece, const Wanted&, const BTreePage&)>& visit) const;
  std::string PageKey(uint32_t page) const;

  std::string uuid_;
  std::weak_ptr<runtime::Session> session_;  // whose cache holds the segment
  BTreeLookup lookup_;
  std::vector<Part> parts_;
  uint64_t page_rows_ = 0;
};

}  // namespace lance::index
