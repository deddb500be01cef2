#include "lance/table/commit.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "lance/base/commit_error.h"
#include "lance/base/event.h"
#include "lance/base/uuid.h"
#include "lance/table/commit_attempt.h"
#include "lance/table/commit_turn.h"
#include "lance/table/conflict.h"
#include "lance/table/open_root.h"
#include "lance/table/table.h"

namespace lance::table {
namespace {

using Clock = std::chrono::steady_clock;

const TableSnapshot& Impl(const Snapshot& snapshot) { return static_cast<const TableSnapshot&>(snapshot); }

CommitLine LineOf(const Snapshot& snapshot) {
  return {Impl(snapshot).shared_bases(), Impl(snapshot).root(), snapshot.session()};
}

// Waits as long as a few attempts take, at random, twice as many after each lost race: writers that lost
// together do not meet again.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds limit) : start_(Clock::now()), limit_(limit) {}

  /// False when the time is up.
  bool Wait(Clock::duration attempt) {
    if (unit_ == Clock::duration::zero()) unit_ = std::max<Clock::duration>(attempt * 11 / 10, kShortest);
    slots_ = std::min<uint64_t>(slots_ * 2, kMaxSlots);
    const Clock::duration pause = unit_ * static_cast<int64_t>(RandomUint64() % slots_);
    if (Clock::now() - start_ + pause > limit_) return false;
    std::this_thread::sleep_for(pause);
    return true;
  }

 private:
  static constexpr Clock::duration kShortest = std::chrono::milliseconds(1);
  // Who lost often has waited for many others, and not for one that is slow.
  static constexpr uint64_t kMaxSlots = 16;
  const Clock::time_point start_;
  const Clock::duration limit_;
  Clock::duration unit_{};
  uint64_t slots_ = 2;
};

// The manifest of an older version as the next one of the table.
Result<NewVersion> RestoreVersion(const Snapshot& base, uint64_t version) {
  ARROW_ASSIGN_OR_RAISE(auto old, Checkout(base, {.number = version, .tag = {}, .branch = {}, .as_of = {}}));
  ARROW_RETURN_NOT_OK(CheckWritable(old->manifest()));
  const Manifest& current = base.manifest();
  NewVersion out;
  out.manifest = std::make_shared<Manifest>(old->manifest());
  Manifest& next = *out.manifest;
  LANCE_CHECK_ARG(!current.has_stable_row_ids() || next.has_stable_row_ids(),
                  "version {} cannot be restored: stable row ids were enabled after it", version);
  LANCE_CHECK_ARG(!current.max_allocated_field_id || next.max_allocated_field_id,
                  "version {} cannot be restored: non-reusable field ids were enabled after it", version);
  next.version = current.version + 1;
  next.branch = current.branch;
  // Ids that versions in between gave out are not given again.
  next.max_fragment_id = std::max(next.max_fragment_id, current.max_fragment_id);
  next.next_row_id = std::max(next.next_row_id, current.next_row_id);
  next.max_allocated_field_id = std::max(next.max_allocated_field_id, current.max_allocated_field_id);
  const uint64_t kept =
      current.reader_feature_flags & (kFlagMixedFileVersions | kFlagTaggedFragmentReuse | kFlagManagedBlobs);
  next.reader_feature_flags |= kept;
  next.writer_feature_flags |= kept;
  ARROW_ASSIGN_OR_RAISE(auto indices, old->Indices());
  out.indices = *indices;
  return out;
}

Result<NewVersion> BuildVersion(const Snapshot& base, const Transaction& transaction) {
  NewVersion out;
  if (const auto* restore = std::get_if<operation::Restore>(&transaction.change)) {
    ARROW_ASSIGN_OR_RAISE(out, RestoreVersion(base, restore->version));
  } else {
    ARROW_ASSIGN_OR_RAISE(auto indices, base.Indices());
    out.indices = *indices;
    ARROW_ASSIGN_OR_RAISE(Manifest next,
                          Apply(base.manifest(), &out.indices, transaction.change, transaction.read_version));
    out.manifest = std::make_shared<Manifest>(std::move(next));
  }
  out.scheme = Impl(base).location().scheme;
  out.base = &Impl(base).manifest_file();
  return out;
}

void TellCommitted(const Snapshot& snapshot, uint64_t read_version, std::string_view operation,
                   bool detached) {
  if (!EventsWanted()) return;
  Emit(kDatasetEvents, {{"event", "committed"},
                        {"uri", snapshot.uri()},
                        {"read_version", std::to_string(read_version)},
                        {"committed_version", std::to_string(snapshot.manifest().version)},
                        {"detached", detached ? "true" : "false"},
                        {"operation", std::string(operation)}});
}

class Committer {
 public:
  Committer(const Snapshot& read, CommitRequest request, const CommitOptions& options)
      : read_(read), request_(std::move(request)), options_(options), writer_(LineOf(read), options) {}

  Result<std::shared_ptr<const Snapshot>> Run() {
    if (request_.unsynced != nullptr) ARROW_RETURN_NOT_OK(writer_.SyncFirst(*request_.unsynced));
    auto out = options_.detached ? RunDetached() : RunAttached();
    // Of a commit that may have happened nothing may be removed.
    if (!out.ok() && !Is(out.status(), ErrorKind::kCommitStateUnknown)) writer_.Abandon();
    if (out.ok())
      TellCommitted(**out, request_.read_version, OperationName(request_.operation), options_.detached);
    return out;
  }

 private:
  Transaction MakeTransaction() const {
    Transaction out;
    out.read_version = request_.read_version;
    out.uuid = request_.uuid;
    out.properties = request_.properties;
    out.change = request_.operation;
    return out;
  }

  static std::shared_ptr<const Snapshot> Unowned(const Snapshot& snapshot) {
    return {std::shared_ptr<const Snapshot>(), &snapshot};
  }
  Result<std::shared_ptr<const Snapshot>> CheckoutNumber(uint64_t version) {
    return Checkout(read_, {.number = version, .tag = {}, .branch = {}, .as_of = {}});
  }

  // The newest version. A local hint is not believed here: the next version must not land in a gap.
  static Result<ManifestLocation> Listed(store::ObjectStore& store) {
    if (!store.capabilities().is_local) return LatestManifest(store);
    ARROW_ASSIGN_OR_RAISE(auto locations, ListManifests(store));
    if (locations.empty()) return NotFound("{}: there is no manifest any more", store.FullPath("_versions"));
    return locations.back();
  }

  // The newest version; `read_` or `seen` where they are it.
  Result<std::shared_ptr<const Snapshot>> Newest(bool first, const Snapshot& seen) {
    const CommitLine line = LineOf(read_);
    auto known = first ? KnownLatest(line.store()) : std::nullopt;
    if (!known) {
      ARROW_ASSIGN_OR_RAISE(known, Listed(line.store()));
    }
    if (known->version == seen.manifest().version) return Unowned(seen);
    if (known->version == read_.manifest().version) return Unowned(read_);
    return CheckoutNumber(known->version);
  }

  Result<std::shared_ptr<const Snapshot>> RunAttached() {
    // An overwrite that must not be retried replaces the version it read and no other.
    const bool strict =
        std::holds_alternative<operation::Overwrite>(request_.operation) && options_.max_retries == 0;
    Backoff backoff(options_.timeout);
    const int attempts = std::max(options_.max_retries, 1);
    // The version that the request is computed from, or was rebased onto.
    std::shared_ptr<const Snapshot> seen = Unowned(read_);
    if (request_.read_version != read_.manifest().version) {
      ARROW_ASSIGN_OR_RAISE(seen, CheckoutNumber(request_.read_version));
    }
    bool begun = false;
    for (int attempt = 0; attempt < attempts; ++attempt) {
      std::optional<CommitTurn> turn(std::in_place, LineOf(read_).store());
      const auto start = Clock::now();
      ARROW_ASSIGN_OR_RAISE(auto base, Newest(attempt == 0, *seen));
      ARROW_RETURN_NOT_OK(CheckWritable(base->manifest()));
      if (strict && base->manifest().version != request_.read_version) {
        return CommitConflict("version {} was committed since version {} was read", base->manifest().version,
                              request_.read_version);
      }
      bool changed = !begun;
      if (base->manifest().version > seen->manifest().version) {
        ARROW_ASSIGN_OR_RAISE(bool rebased, RebaseOver(*seen, *base, options_.durability, &request_));
        changed |= rebased;
        seen = base;
      }
      const Transaction transaction = MakeTransaction();
      if (changed) ARROW_RETURN_NOT_OK(writer_.Begin(transaction));
      begun = true;
      ARROW_ASSIGN_OR_RAISE(NewVersion version, BuildVersion(*base, transaction));
      ARROW_ASSIGN_OR_RAISE(auto written, writer_.Write(std::move(version)));
      if (written != nullptr) return written;
      turn.reset();
      if (attempt + 1 < attempts && !backoff.Wait(Clock::now() - start)) {
        return RetryableConflict("gave up after {} attempts in {} ms: others commit to {} faster",
                                 attempt + 1, options_.timeout.count(), read_.uri());
      }
    }
    return RetryableConflict("Failed to commit the transaction after {} retries", options_.max_retries);
  }

  Result<std::shared_ptr<const Snapshot>> RunDetached() {
    const Transaction transaction = MakeTransaction();
    ARROW_RETURN_NOT_OK(writer_.Begin(transaction));
    for (int attempt = 0; attempt < std::max(options_.max_retries, 1); ++attempt) {
      ARROW_ASSIGN_OR_RAISE(NewVersion version, BuildVersion(read_, transaction));
      version.manifest->version = RandomUint64() | kDetachedBit;
      version.scheme = NamingScheme::kV2;
      ARROW_ASSIGN_OR_RAISE(auto written, writer_.Write(std::move(version)));
      if (written != nullptr) return written;
    }
    return CommitConflict("no unused version number was found in {} attempts", options_.max_retries);
  }

  const Snapshot& read_;
  CommitRequest request_;
  const CommitOptions& options_;
  TransactionWriter writer_;
};

// The uuid names a file.
Status Complete(uint64_t read_version, CommitRequest* request) {
  LANCE_CHECK_ARG(request->uuid.find('/') == std::string::npos, "not a transaction uuid: {}", request->uuid);
  if (request->uuid.empty()) request->uuid = MakeUuid();
  if (request->read_version == 0) request->read_version = read_version;
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Commit(const Snapshot& read, CommitRequest request,
                                               const CommitOptions& options) {
  LANCE_CHECK_ARG(!std::holds_alternative<operation::Clone>(request.operation),
                  "a Clone is the first commit of a table, not a later one");
  ARROW_RETURN_NOT_OK(CheckWritable(read.manifest()));
  ARROW_RETURN_NOT_OK(Complete(read.manifest().version, &request));
  return WithContext(Committer(read, std::move(request), options).Run(), read.uri());
}

Result<std::shared_ptr<const Snapshot>> CreateTable(const std::string& uri, CommitRequest request,
                                                    const CreateTableOptions& create,
                                                    const CommitOptions& options) {
  LANCE_CHECK_ARG(create.session != nullptr, "a table needs a session");
  LANCE_CHECK_ARG(std::holds_alternative<operation::Overwrite>(request.operation),
                  "the first commit of a table is an Overwrite, not {}", OperationName(request.operation));
  LANCE_CHECK_ARG(!options.detached, "the first version of a table cannot be detached");
  ARROW_ASSIGN_OR_RAISE(store::OpenedStore root, OpenRoot(uri, create.storage_options));
  const auto existing = LatestManifest(*root.store);
  if (EventsWanted()) {
    Emit(kDatasetEvents, {{"event", "loading"},
                          {"uri", root.uri},
                          {"version", existing.ok() ? std::to_string(existing->version) : "None"},
                          {"status", existing.ok() ? "success" : "error"}});
  }
  if (existing.ok()) return AlreadyExists("Dataset already exists: {}", root.uri);
  if (!Is(existing.status(), ErrorKind::kNotFound)) return existing.status();
  ARROW_RETURN_NOT_OK(Complete(0, &request));
  Manifest empty;
  empty.file_format = "lance";
  empty.data_storage_version = create.data_storage_version;
  if (create.stable_row_ids) empty.reader_feature_flags = empty.writer_feature_flags = kFlagStableRowIds;
  NewVersion version;
  ARROW_ASSIGN_OR_RAISE(Manifest first, Apply(empty, &version.indices, request.operation, 0));
  version.manifest = std::make_shared<Manifest>(std::move(first));
  version.scheme = create.v2_manifest_names ? NamingScheme::kV2 : NamingScheme::kV1;
  Transaction transaction;
  transaction.uuid = request.uuid;
  transaction.properties = request.properties;
  transaction.change = std::move(request.operation);
  TransactionWriter writer({std::make_shared<Bases>(root, create.storage_options), root, create.session},
                           options);
  if (request.unsynced != nullptr) ARROW_RETURN_NOT_OK(writer.SyncFirst(*request.unsynced));
  ARROW_RETURN_NOT_OK(writer.Begin(transaction));
  auto written = writer.Write(std::move(version));
  if (written.ok() && *written != nullptr) {
    TellCommitted(**written, request.read_version, "Overwrite", /*detached=*/false);
    return written;
  }
  if (!Is(written.status(), ErrorKind::kCommitStateUnknown)) writer.Abandon();
  ARROW_RETURN_NOT_OK(written.status());
  return AlreadyExists("Dataset already exists: {}", root.uri);
}

}  // namespace lance::table
