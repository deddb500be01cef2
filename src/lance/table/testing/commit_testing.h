#pragma once

// For tests only: tables of which only the metadata exists.

#include <memory>
#include <string>
#include <vector>

#include "lance/base/testing.h"
#include "lance/base/uuid.h"
#include "lance/runtime/session.h"
#include "lance/table/commit.h"

namespace lance::table::testing {

inline std::shared_ptr<runtime::Session> MakeSession() {
  return std::make_shared<runtime::Session>(1 << 20, 1 << 20, 0);
}

inline std::string FreshUri() { return "memory://commit-" + MakeUuid(); }

inline schema::Field MakeField(std::string name, int32_t id, std::string type = "int32") {
  schema::Field out;
  out.name = std::move(name);
  out.id = id;
  out.logical_type = std::move(type);
  return out;
}

/// x (id 0) and y (id 1), both int32.
inline schema::Schema MakeSchema() { return {{MakeField("x", 0), MakeField("y", 1)}, {}}; }

inline DataFile MakeFile(std::string path, std::vector<int32_t> fields = {0, 1}) {
  DataFile out;
  out.path = std::move(path);
  out.fields = std::move(fields);
  for (size_t i = 0; i < out.fields.size(); ++i) out.column_indices.push_back(static_cast<int32_t>(i));
  out.major_version = 2;
  out.minor_version = 2;
  out.size_bytes = 1000;
  return out;
}

inline Fragment MakeFragment(uint64_t rows = 10, std::string path = MakeUuid() + ".lance") {
  Fragment out;
  out.files = {MakeFile(std::move(path))};
  out.physical_rows = rows;
  return out;
}

inline operation::Append AppendOf(int fragments, uint64_t rows = 10) {
  operation::Append out;
  for (int i = 0; i < fragments; ++i) out.fragments.push_back(MakeFragment(rows));
  return out;
}

inline CommitRequest RequestOf(Operation operation, uint64_t read_version = 0) {
  CommitRequest out;
  out.operation = std::move(operation);
  out.read_version = read_version;
  return out;
}

/// The first version of a table with `fragments` fragments of 10 rows.
inline Result<std::shared_ptr<const Snapshot>> MakeTable(const std::string& uri, int fragments,
                                                         bool stable_row_ids = false) {
  operation::Overwrite first;
  first.schema = MakeSchema();
  first.fragments = AppendOf(fragments).fragments;
  CreateTableOptions create;
  create.stable_row_ids = stable_row_ids;
  create.session = MakeSession();
  return CreateTable(uri, RequestOf(std::move(first)), create);
}

inline IndexMetadata MakeIndex(std::string name, int32_t field, std::optional<std::string> bitmap) {
  IndexMetadata out;
  out.uuid = MakeUuid();
  out.name = std::move(name);
  out.fields = {field};
  out.fragment_bitmap = std::move(bitmap);
  out.details_type_url = "/lance.table.BTreeIndexDetails";
  out.index_version = 0;
  return out;
}

}  // namespace lance::table::testing
