#include "lance/table/commit_attempt.h"

#include <chrono>
#include <thread>

#include <arrow/buffer.h>

#include "lance/base/commit_error.h"
#include "lance/base/event.h"
#include "lance/runtime/session.h"
#include "lance/store/object_store.h"
#include "lance/table/manifest_encode.h"
#include "lance/table/write_object.h"

namespace lance::table {
namespace {

// Larger transactions are in their file only.
constexpr size_t kMaxInlineBytes = 20 << 20;
constexpr int kReadBackAttempts = 3;
constexpr std::chrono::milliseconds kReadBackPause{50};

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// The transaction that a manifest file says made it.
Result<Transaction> TransactionOf(store::ObjectStore& store, const ManifestFile& file) {
  std::shared_ptr<arrow::Buffer> bytes;
  if (file.manifest->transaction_section) {
    ARROW_ASSIGN_OR_RAISE(bytes, file.ReadSection(*file.manifest->transaction_section, "transaction"));
  } else {
    ARROW_RETURN_NOT_OK(CheckRelativePath(file.manifest->transaction_file));
    ARROW_ASSIGN_OR_RAISE(bytes, store.Get("_transactions/" + file.manifest->transaction_file));
  }
  return ParseTransaction({bytes->data(), static_cast<size_t>(bytes->size())});
}

}  // namespace

Status TransactionWriter::Begin(const Transaction& transaction) {
  uuid_ = transaction.uuid;
  ARROW_ASSIGN_OR_RAISE(serialized_, SerializeTransaction(transaction));
  if (!options_.write_transaction_file) {
    LANCE_CHECK_ARG(serialized_.size() <= kMaxInlineBytes,
                    "a transaction of {} bytes needs a transaction file, which the options forbid",
                    serialized_.size());
    return Status::OK();
  }
  Abandon();  // that of an attempt under another read version
  file_name_ = fmt::format("{}-{}.txn", transaction.read_version, transaction.uuid);
  // The manifest holds the same bytes: the file need not survive more than the process.
  const bool is_copy = serialized_.size() <= kMaxInlineBytes;
  const Status status = WriteNewObject(line_.store(), "_transactions/" + file_name_, BytesOf(serialized_),
                                       is_copy ? store::Durability::kBuffered : options_.durability);
  // Whether this file is there or not, the commit is not.
  if (Is(status, ErrorKind::kCommitStateUnknown)) return IOError("{}", status.message());
  return status;
}

Status TransactionWriter::SyncFirst(store::Unsynced& files) {
  if (options_.durability != store::Durability::kSync) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(parts_, files.TakeParts(line_.store()));
  return Status::OK();
}

void TransactionWriter::Abandon() {
  if (!file_name_.empty()) (void)line_.store().Delete("_transactions/" + file_name_);
}

TransactionWriter::Outcome TransactionWriter::ReadBack(const std::string& key) const {
  for (int attempt = 0; attempt < kReadBackAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kReadBackPause * attempt);
    auto file = ReadManifestFile(line_.store(), key);
    if (Is(file.status(), ErrorKind::kNotFound)) return Outcome::kAbsent;
    if (!file.ok()) continue;
    if (!file->manifest->transaction_section && file->manifest->transaction_file.empty()) {
      return Outcome::kForeign;
    }
    auto transaction = TransactionOf(line_.store(), *file);
    if (transaction.ok()) return transaction->uuid == uuid_ ? Outcome::kOurs : Outcome::kForeign;
  }
  return Outcome::kUnknown;
}

Result<std::shared_ptr<const Snapshot>> TransactionWriter::Finish(const NewVersion& version,
                                                                  std::string bytes) {
  const ManifestLocation location{version.manifest->version, version.scheme};
  if ((location.version & kDetachedBit) == 0) NoteLatest(line_.store(), location);
  const std::string path = line_.store().FullPath(location.key());
  if (EventsWanted()) Emit(kFileAudit, {{"mode", "create"}, {"type", "manifest"}, {"path", path}});
  ManifestFile file = AdoptManifestFile(path, std::move(bytes), version.manifest);
  auto out = TableSnapshot::Make(file, location, line_.bases, line_.root, line_.session);
  if (out.ok()) {
    if ((location.version & kDetachedBit) == 0) KeepNewestManifest(file, &line_.session->metadata_cache());
    return out;
  }
  // It is there: no ordinary error, after which callers clean up.
  return CommitStateUnknown("{} was written, but cannot be used: {}", path, out.status().message());
}

Result<std::shared_ptr<const Snapshot>> TransactionWriter::Write(NewVersion version) {
  Manifest& manifest = *version.manifest;
  manifest.timestamp =
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  manifest.transaction_file = file_name_;
  ARROW_RETURN_NOT_OK(RecomputeFlags(!options_.write_transaction_file, &manifest));
  ARROW_RETURN_NOT_OK(CheckReadable(manifest));
  const bool is_inline = serialized_.size() <= kMaxInlineBytes;
  const std::string_view transaction = is_inline ? serialized_ : std::string_view();
  auto encoded = version.base == nullptr
                     ? EncodeManifestFile(version.indices, transaction, &manifest)
                     : EncodeNextManifestFile(*version.base, version.indices, transaction, &manifest);
  ARROW_ASSIGN_OR_RAISE(std::string bytes, std::move(encoded));
  std::shared_ptr<void> lease;
  if (options_.lock) {
    ARROW_ASSIGN_OR_RAISE(lease, options_.lock(manifest.version));
  }
  const std::string key = ManifestKey(manifest.version, version.scheme);
  const Status status = line_.store().PutIfAbsent(key, BytesOf(bytes), options_.durability, parts_);
  if (status.ok()) return Finish(version, std::move(bytes));
  // Stores retry by themselves: what is in the way may be our own manifest.
  const bool exists = Is(status, ErrorKind::kAlreadyExists);
  switch (ReadBack(key)) {
    case Outcome::kOurs:
      return Finish(version, std::move(bytes));
    case Outcome::kForeign:
      return nullptr;
    case Outcome::kAbsent:
      if (exists) return nullptr;  // and deleted again since
      return status;               // the store's word: a definite failure, or that it cannot tell
    case Outcome::kUnknown:
      break;
  }
  return CommitStateUnknown("{}: version {} may or may not have been written, and cannot be read back: {}",
                            line_.store().FullPath(key), manifest.version, status.message());
}

}  // namespace lance::table
