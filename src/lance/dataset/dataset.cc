#include "lance/dataset.h"

#include <algorithm>
#include <mutex>

#include <arrow/api.h>

#include "lance/base/row_address.h"
#include "lance/dataset/draw_positions.h"
#include "lance/dataset/make_dataset.h"
#include "lance/scan/plan/json_columns.h"
#include "lance/scan/scanner_impl.h"
#include "lance/scan/take.h"
#include "lance/table/deletion.h"
#include "lance/table/table.h"

namespace lance {
namespace {

table::VersionSelector ToSelector(const VersionRef& ref) {
  return {ref.number, ref.tag, ref.branch, ref.as_of};
}

// Names what decides a Taker, so that repeated takes find theirs.
std::string ProjectionKey(const ScanOptions& options) {
  std::string key = fmt::format("{}{}{}{}", options.with_row_id ? 1 : 0, options.with_row_address ? 1 : 0,
                                options.stored_json ? 1 : 0, static_cast<int>(options.blobs));
  if (!options.columns.has_value()) return key;
  for (const ScanOptions::Column& column : *options.columns) {
    key += '\0';
    key += column.name;
    key += '\1';
    key += column.expression;
  }
  return key + '\2';
}

class DatasetImpl : public Dataset {
 public:
  DatasetImpl(std::shared_ptr<const table::Snapshot> snapshot, std::shared_ptr<arrow::Schema> schema)
      : snapshot_(std::move(snapshot)), schema_(std::move(schema)) {}

  static Result<std::shared_ptr<Dataset>> Make(std::shared_ptr<const table::Snapshot> snapshot) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Schema> schema, snapshot->manifest().schema.ToArrow());
    arrow::FieldVector fields;
    for (const auto& field : schema->fields()) fields.push_back(scan::WithJsonText(field));
    schema = arrow::schema(std::move(fields), schema->metadata());
    return std::make_shared<DatasetImpl>(std::move(snapshot), std::move(schema));
  }

  const std::string& uri() const override { return snapshot_->uri(); }
  uint64_t version() const override { return snapshot_->manifest().version; }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  Result<std::shared_ptr<Scanner>> Scan(const ScanOptions& options) const override {
    return scan::MakeScanner(snapshot_, options);
  }

  Result<int64_t> CountRows(const std::string& filter) const override {
    if (filter.empty()) {
      ARROW_ASSIGN_OR_RAISE(uint64_t rows, snapshot_->CountRows());
      return static_cast<int64_t>(rows);
    }
    ScanOptions options;
    options.columns.emplace();
    options.filter = filter;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Scanner> scanner, Scan(options));
    return scanner->CountRows();
  }

  Result<std::shared_ptr<arrow::Table>> Take(std::span<const int64_t> offsets,
                                             const ScanOptions& projection) const override {
    ARROW_ASSIGN_OR_RAISE(std::vector<uint64_t> addresses, AddressesOf(offsets));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<scan::Taker> taker, GetTaker(projection));
    return taker->Take(addresses);
  }

  Result<std::shared_ptr<arrow::Table>> TakeRowIds(std::span<const uint64_t> row_ids,
                                                   const ScanOptions& projection) const override {
    if (!snapshot_->manifest().has_stable_row_ids()) return TakeLive(row_ids, projection);
    ARROW_ASSIGN_OR_RAISE(std::vector<std::optional<uint64_t>> found, snapshot_->ResolveRowIds(row_ids));
    std::vector<uint64_t> addresses;
    addresses.reserve(found.size());
    for (const std::optional<uint64_t>& address : found) {
      if (address.has_value()) addresses.push_back(*address);
    }
    return TakeLive(addresses, projection);
  }

  Result<std::shared_ptr<arrow::Table>> TakeRowAddresses(std::span<const uint64_t> addresses,
                                                         const ScanOptions& projection) const override {
    return TakeLive(addresses, projection);
  }

  Result<std::shared_ptr<arrow::Table>> Sample(int64_t num_rows, uint64_t seed,
                                               const ScanOptions& projection) const override {
    ARROW_ASSIGN_OR_RAISE(const uint64_t population, snapshot_->CountRows());
    if (num_rows < 0 || static_cast<uint64_t>(num_rows) > population) {
      return InvalidArgument("Sample larger than population or is negative: {} of {} rows", num_rows,
                             population);
    }
    const std::vector<int64_t> rows =
        dataset::DrawPositions(static_cast<uint64_t>(num_rows), population, seed);
    return Take(rows, projection);
  }

  Result<std::vector<VersionInfo>> Versions() const override {
    ARROW_ASSIGN_OR_RAISE(std::vector<table::VersionSummary> versions, table::ListVersions(*snapshot_));
    std::vector<VersionInfo> out;
    for (table::VersionSummary& version : versions) {
      out.push_back({version.version, version.timestamp, std::move(version.metadata)});
    }
    return out;
  }

  Result<uint64_t> LatestVersion() const override { return table::LatestVersion(*snapshot_); }

  Result<std::map<std::string, TagInfo>> Tags() const override {
    ARROW_ASSIGN_OR_RAISE(auto tags, table::ListTags(*snapshot_));
    std::map<std::string, TagInfo> out;
    for (auto& [name, tag] : tags) {
      out[name] = {tag.branch, tag.version, tag.created_at, tag.updated_at, tag.manifest_size, tag.metadata};
    }
    return out;
  }

  Result<std::map<std::string, BranchInfo>> Branches() const override {
    ARROW_ASSIGN_OR_RAISE(auto branches, table::ListBranches(*snapshot_));
    std::map<std::string, BranchInfo> out;
    for (auto& [name, branch] : branches) {
      out[name] = {branch.parent_branch, branch.parent_version, branch.created_at,
                   branch.manifest_size, branch.identifier,     branch.metadata};
    }
    return out;
  }

  Result<std::shared_ptr<Dataset>> Checkout(const VersionRef& version) const override {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const table::Snapshot> other,
                          table::Checkout(*snapshot_, ToSelector(version)));
    return Make(std::move(other));
  }

  const std::map<std::string, std::string>& config() const override { return snapshot_->manifest().config; }
  const std::map<std::string, std::string>& metadata() const override {
    return snapshot_->manifest().table_metadata;
  }
  std::string data_storage_version() const override { return snapshot_->manifest().data_storage_version; }

  std::vector<uint64_t> FragmentIds() const override {
    std::vector<uint64_t> out;
    for (const table::Fragment& fragment : snapshot_->manifest().fragments) out.push_back(fragment.id);
    return out;
  }

  const std::shared_ptr<const table::Snapshot>& snapshot() const override { return snapshot_; }

 private:
  // Addresses of live rows by position. O(log fragments + log deletions) a row.
  Result<std::vector<uint64_t>> AddressesOf(std::span<const int64_t> positions) const {
    ARROW_ASSIGN_OR_RAISE(auto starts, snapshot_->LiveRowStarts());
    const std::vector<table::Fragment>& fragments = snapshot_->manifest().fragments;
    std::vector<uint64_t> out;
    out.reserve(positions.size());
    size_t index = fragments.size();
    std::shared_ptr<const table::DeletionVector> deletions;
    for (int64_t position : positions) {
      const auto row = static_cast<uint64_t>(position);
      if (position < 0 || row >= starts->back()) {
        return InvalidArgument("row {} of {}: rowaddr {} belongs to non-existent fragment: {}", position,
                               starts->back(), UINT64_MAX, UINT32_MAX);
      }
      // Most rows lie in the fragment of the one before.
      if (index == fragments.size() || row < (*starts)[index] || row >= (*starts)[index + 1]) {
        index =
            static_cast<size_t>(std::upper_bound(starts->begin(), starts->end(), row) - starts->begin() - 1);
        ARROW_ASSIGN_OR_RAISE(deletions, snapshot_->Deletions(fragments[index]));
      }
      const uint64_t live = row - (*starts)[index];
      const uint64_t offset = deletions == nullptr ? live : deletions->PhysicalOffset(live);
      out.push_back(RowAddress::Of(fragments[index].id, offset).value);
    }
    return out;
  }

  Result<std::shared_ptr<scan::Taker>> GetTaker(const ScanOptions& projection) const {
    constexpr size_t kKept = 8;
    const std::string key = ProjectionKey(projection);
    {
      std::lock_guard lock(mutex_);
      for (const auto& [known, taker] : takers_) {
        if (known == key) return taker;
      }
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<scan::Taker> taker, scan::Taker::Make(snapshot_, projection));
    std::lock_guard lock(mutex_);
    if (takers_.size() == kKept) takers_.erase(takers_.begin());
    takers_.emplace_back(key, taker);
    return taker;
  }

  // Addresses of deleted rows give no row; those of a fragment that is not there are the caller's mistake.
  Result<std::shared_ptr<arrow::Table>> TakeLive(std::span<const uint64_t> addresses,
                                                 const ScanOptions& projection) const {
    std::vector<uint64_t> live;
    live.reserve(addresses.size());
    const table::Fragment* fragment = nullptr;
    std::shared_ptr<const table::DeletionVector> deletions;
    for (uint64_t value : addresses) {
      const RowAddress address{value};
      if (fragment == nullptr || fragment->id != address.fragment_id()) {
        fragment = snapshot_->FindFragment(address.fragment_id());
        deletions = nullptr;
        if (fragment == nullptr) {
          return InvalidArgument("rowaddr {} belongs to non-existent fragment: {}", value,
                                 address.fragment_id());
        }
        ARROW_ASSIGN_OR_RAISE(deletions, snapshot_->Deletions(*fragment));
      }
      if (deletions == nullptr || !deletions->Contains(address.offset())) live.push_back(value);
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<scan::Taker> taker, GetTaker(projection));
    return taker->Take(live);
  }

  std::shared_ptr<const table::Snapshot> snapshot_;
  std::shared_ptr<arrow::Schema> schema_;
  mutable std::mutex mutex_;
  mutable std::vector<std::pair<std::string, std::shared_ptr<scan::Taker>>> takers_;
};

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> MakeDataset(std::shared_ptr<const table::Snapshot> snapshot) {
  return DatasetImpl::Make(std::move(snapshot));
}

arrow::Result<std::shared_ptr<Dataset>> Dataset::Open(const std::string& uri, const OpenOptions& options) {
  table::TableOptions table_options;
  table_options.version = ToSelector(options.version);
  table_options.storage_options = options.storage_options;
  table_options.session = (options.session == nullptr ? Session::Default() : options.session)->impl();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const table::Snapshot> snapshot,
                        table::OpenTable(uri, table_options));
  return DatasetImpl::Make(std::move(snapshot));
}

}  // namespace lance
