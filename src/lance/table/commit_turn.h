#pragma once

#include <chrono>
#include <string>

#include "lance/store/object_store.h"

namespace lance::table {

/// A turn among the local writers of one table: an advisory lock of its _versions folder, held while the next
/// version is built and written, so that of many writers at once none works in vain.
///
/// Only a courtesy: what makes a commit safe is that its manifest is put where none is. Where there is no
/// such lock (remote stores, file systems without one) or its holder takes longer than the limit, one goes on
/// without. The kernel releases it when a process dies. A thread that has the turn has it in inner ones too.
class CommitTurn {
 public:
  CommitTurn(store::ObjectStore& store, std::chrono::milliseconds limit = kDefaultLimit);
  ~CommitTurn();
  CommitTurn(const CommitTurn&) = delete;
  CommitTurn& operator=(const CommitTurn&) = delete;

 private:
  /// Many times what a commit takes: whoever has it longer is stuck, or does something large.
  static constexpr std::chrono::milliseconds kDefaultLimit{1000};
  int fd_ = -1;  // holds the lock
  std::string folder_;
};

}  // namespace lance::table
