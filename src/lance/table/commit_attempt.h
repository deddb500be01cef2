#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/bases.h"
#include "lance/table/commit.h"
#include "lance/table/table_snapshot.h"
#include "lance/table/transaction.h"
#include "lance/table/versions.h"

namespace lance::table {

/// A line of versions that manifests are written to.
struct CommitLine {
  std::shared_ptr<Bases> bases;
  store::OpenedStore root;
  std::shared_ptr<runtime::Session> session;
  store::ObjectStore& store() const { return *bases->own().store; }
};

/// What one attempt writes.
struct NewVersion {
  std::shared_ptr<Manifest> manifest;
  std::vector<IndexMetadata> indices;
  NamingScheme scheme = NamingScheme::kV2;
  const ManifestFile* base = nullptr;  ///< of the version before, where there is one
};

/// Writes one transaction; a lost race is tried again with another version of the same transaction.
class TransactionWriter {
 public:
  TransactionWriter(CommitLine line, const CommitOptions& options)
      : line_(std::move(line)), options_(options) {}

  /// Sets what is to be written, and writes the transaction file. Errors: those of the store,
  /// InvalidArgument, NotSupported.
  Status Begin(const Transaction& transaction);
  /// Files that must be durable before a manifest is seen; once.
  Status SyncFirst(store::Unsynced& files);
  /// Writes a manifest. None: another one has that version. Errors: CommitStateUnknown when neither the
  /// store's answer nor reading it back says whether it is there; others mean that it is not.
  Result<std::shared_ptr<const Snapshot>> Write(NewVersion version);
  /// Removes the transaction file of a commit that failed, as far as that is possible.
  void Abandon();

 private:
  enum class Outcome { kOurs, kForeign, kAbsent, kUnknown };
  Outcome ReadBack(const std::string& key) const;
  Result<std::shared_ptr<const Snapshot>> Finish(const NewVersion& version, std::string bytes);

  const CommitLine line_;
  const CommitOptions& options_;
  std::string uuid_;
  std::string serialized_;
  std::string file_name_;           // below _transactions; empty: none
  std::vector<std::string> parts_;  // to be synced with the manifest
};

}  // namespace lance::table
