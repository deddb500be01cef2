#pragma once

#include <string>

#include <arrow/status.h>

namespace lance::sql {

/// What a statement did to one table, written but not committed. Destroying it undoes it.
class PendingChange {
 public:
  PendingChange(std::string table, bool appends) : table_(std::move(table)), appends_(appends) {}
  virtual ~PendingChange() = default;
  PendingChange(const PendingChange&) = delete;
  PendingChange& operator=(const PendingChange&) = delete;

  /// Makes it a version of the table. Called once.
  virtual arrow::Status Commit() = 0;

  const std::string& table() const { return table_; }  ///< its path
  bool appends() const { return appends_; }            ///< it only adds rows to a table that is there

 private:
  const std::string table_;
  const bool appends_;
};

}  // namespace lance::sql
