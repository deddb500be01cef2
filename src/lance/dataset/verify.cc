#include <algorithm>
#include <set>

#include <arrow/api.h>
#include <roaring/roaring64map.hh>

#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/dataset/verify_siblings.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/file/file_reader.h"
#include "lance/inspect.h"
#include "lance/store/object_store.h"
#include "lance/table/deletion.h"
#include "lance/table/manifest.h"
#include "lance/table/row_ids.h"
#include "lance/table/snapshot.h"

namespace lance {

namespace {

constexpr uint64_t kBlobRowsPerRead = 64;  // blobs may be megabytes each

// The part of `field` whose ids a file holds; none when it holds nothing of it. A list or map goes with its
// items, and a field without children is there or not.
std::optional<schema::Field> PartInFile(const schema::Field& field, const std::set<int32_t>& ids) {
  schema::Field part = field;
  part.children.clear();
  for (const auto& child : field.children) {
    if (auto kept = PartInFile(child, ids)) part.children.push_back(std::move(*kept));
  }
  const bool whole = part.children.size() == field.children.size();
  if (field.children.empty() || field.is_packed_struct() || field.is_blob()) {
    if (!ids.contains(field.id)) return std::nullopt;
    part.children = field.children;
    return part;
  }
  if (part.children.empty() || (!field.is_struct() && !whole)) return std::nullopt;
  return part;
}

class Verifier {
 public:
  Verifier(const Dataset& dataset, const VerifyOptions& options)
      : snapshot_(*dataset.snapshot()), options_(options) {}

  VerifyReport Run() {
    const table::Manifest& manifest = snapshot_.manifest();
    for (const auto& fragment : manifest.fragments) {
      total_ += fragment.physical_rows * manifest.schema.fields.size();
    }
    std::set<uint64_t> ids;
    uint64_t live_rows = 0;
    for (const auto& fragment : manifest.fragments) {
      const std::string where = fmt::format("fragment {}", fragment.id);
      if (!ids.insert(fragment.id).second) Report(where, Corruption("the id occurs twice in the manifest"));
      live_rows += CheckFragment(where, fragment);
    }
    CheckRowCount(live_rows);
    CheckRowIds();
    CheckIndices();
    return std::move(report_);
  }

 private:
  void Report(const std::string& where, const Status& status) {
    if (status.ok()) return;
    VerifyProblem problem;
    problem.kind = KindOf(status).value_or(ErrorKind::kInternal);
    problem.where = where;
    problem.message = status.message();
    if (options_.on_problem) options_.on_problem(problem);
    report_.problems.push_back(std::move(problem));
  }

  void Advance(uint64_t values) {
    done_ += values;
    if (options_.progress) options_.progress(std::min(done_, total_), total_);
  }

  // Returns the live rows of the fragment.
  uint64_t CheckFragment(const std::string& where, const table::Fragment& fragment) {
    report_.num_fragments++;
    report_.num_rows += fragment.physical_rows;
    std::set<int32_t> seen;
    for (const auto& file : fragment.files) {
      const std::string file_where = where + ", data/" + file.path;
      for (const int32_t id : file.fields) {
        if (id >= 0 && !seen.insert(id).second) {
          Report(file_where, Corruption("field {} is in two data files of the fragment", id));
        }
      }
      CheckFile(file_where, fragment, file);
    }
    CheckSequence(where + ", row ids", snapshot_.RowIds(fragment), fragment);
    CheckSequence(where + ", created-at versions", snapshot_.CreatedAt(fragment), fragment);
    CheckSequence(where + ", last-updated-at versions", snapshot_.LastUpdatedAt(fragment), fragment);
    return fragment.physical_rows - std::min(fragment.physical_rows, CheckDeletions(where, fragment));
  }

  // Returns how many rows are deleted.
  uint64_t CheckDeletions(const std::string& where, const table::Fragment& fragment) {
    const auto deletions = snapshot_.Deletions(fragment);
    const std::string file_where = where + ", deletion file";
    if (!deletions.ok()) {
      Report(file_where, deletions.status());
      return 0;
    }
    if (*deletions == nullptr) return 0;
    const uint64_t stated = fragment.deletion_file ? fragment.deletion_file->num_deleted_rows : 0;
    if (stated != 0 && stated != (*deletions)->count()) {
      Report(file_where,
             Corruption("it deletes {} rows, the manifest says {}", (*deletions)->count(), stated));
    }
    if ((*deletions)->end() > fragment.physical_rows) {
      Report(file_where, Corruption("it deletes row {} of a fragment of {} rows", (*deletions)->end() - 1,
                                    fragment.physical_rows));
    }
    return (*deletions)->count();
  }

  template <typename Sequence>
  void CheckSequence(const std::string& where, const Result<std::shared_ptr<const Sequence>>& sequence,
                     const table::Fragment& fragment) {
    if (!sequence.ok()) {
      Report(where, sequence.status());
    } else if (*sequence != nullptr && (*sequence)->size() != fragment.physical_rows) {
      Report(where, Corruption("there are {} for {} rows", (*sequence)->size(), fragment.physical_rows));
    }
  }

  void CheckFile(const std::string& where, const table::Fragment& fragment, const table::DataFile& file) {
    report_.num_data_files++;
    const auto opened = snapshot_.OpenDataFile(file);
    if (!opened.ok()) {
      Report(where, opened.status());
      return;
    }
    file::FileReader& reader = **opened;
    if (reader.num_rows() != fragment.physical_rows) {
      Report(where, Corruption("the file has {} rows, the manifest says {}", reader.num_rows(),
                               fragment.physical_rows));
    }
    for (int i = 0; i < reader.num_columns(); i++) {
      Report(fmt::format("{}, column {}", where, i), reader.Describe(i).status());
    }
    const std::set<int32_t> ids(file.fields.begin(), file.fields.end());
    for (const auto& field : snapshot_.manifest().schema.fields) {
      const auto part = PartInFile(field, ids);
      if (!part) continue;
      report_.num_columns++;
      const std::string column_where = where + ", column " + field.name;
      Report(column_where,
             ReadColumn(&reader, *part, file::BlobHandling::kDescriptions, options_.rows_per_read));
      Report(column_where, CompareSiblings(&reader, *part));
      if (field.is_blob() || field.is_blob_v2()) {
        // Objects that the table only refers to are not its own: they are not read.
        Report(column_where + " (blobs)",
               ReadColumn(&reader, *part, file::BlobHandling::kWritable, kBlobRowsPerRead));
      }
    }
  }

  Status ReadColumn(file::FileReader* reader, const schema::Field& field, file::BlobHandling blobs,
                    uint64_t rows_per_read) {
    ARROW_ASSIGN_OR_RAISE(const auto column, reader->OpenField(field, blobs));
    const uint64_t step = std::max<uint64_t>(1, rows_per_read);
    for (uint64_t row = 0; row < reader->num_rows(); row += step) {
      const RowRange rows{row, std::min(step, reader->num_rows() - row)};
      ARROW_RETURN_NOT_OK(WithContext(ReadPiece(reader, column.get(), rows).status(),
                                      fmt::format("rows {} to {}", rows.start, rows.end())));
      if (blobs == file::BlobHandling::kDescriptions) Advance(rows.length);
    }
    return Status::OK();
  }

  // Reads the columns of a nested field one by one: each repeats what it knows of its parents. Old versions
  // store that once, so there is nothing to compare.
  Status CompareSiblings(file::FileReader* reader, const schema::Field& field) {
    const std::vector<schema::Field> columns = SiblingCheck::Columns(field);
    if (columns.size() < 2 || field.is_blob_v2()) return Status::OK();
    std::vector<std::shared_ptr<encoding::FieldReader>> readers;
    for (const schema::Field& column : columns) {
      ARROW_ASSIGN_OR_RAISE(readers.emplace_back(),
                            reader->OpenField(column, file::BlobHandling::kDescriptions));
    }
    const uint64_t step = std::max<uint64_t>(1, options_.rows_per_read);
    for (uint64_t row = 0; row < reader->num_rows(); row += step) {
      const RowRange rows{row, std::min(step, reader->num_rows() - row)};
      const std::string where = fmt::format("rows {} to {}", rows.start, rows.end());
      SiblingCheck check;
      for (size_t i = 0; i < columns.size(); ++i) {
        ARROW_ASSIGN_OR_RAISE(auto array, WithContext(ReadPiece(reader, readers[i].get(), rows), where));
        ARROW_RETURN_NOT_OK(WithContext(check.Next(columns[i], std::move(array)), where));
      }
    }
    return Status::OK();
  }

  static Result<std::shared_ptr<arrow::Array>> ReadPiece(file::FileReader* reader,
                                                         encoding::FieldReader* column, RowRange rows) {
    ARROW_ASSIGN_OR_RAISE(auto task, column->Plan({&rows, 1}));
    ARROW_ASSIGN_OR_RAISE(auto buffers, reader->ReadMany(task->ranges()));
    ARROW_ASSIGN_OR_RAISE(const auto data, task->Decode(std::move(buffers)));
    if (static_cast<uint64_t>(data->length) != rows.length) {
      return Corruption("{} values were decoded where {} were asked for", data->length, rows.length);
    }
    std::shared_ptr<arrow::Array> array = arrow::MakeArray(data);
    const Status valid = array->ValidateFull();
    // Text that is no UTF-8, offsets that go back, children that are too short: the bytes are wrong.
    if (!valid.ok()) return Corruption("{}", valid.message());
    return array;
  }

  void CheckRowCount(uint64_t live_rows) {
    const auto counted = snapshot_.CountRows();
    if (!counted.ok()) {
      Report("manifest", counted.status());
    } else if (*counted != live_rows) {
      Report("manifest", Corruption("it counts {} live rows, the fragments have {}", *counted, live_rows));
    }
  }

  // Stable row ids name one live row each; deleted rows may share theirs with the row that replaced them.
  void CheckRowIds() {
    const uint64_t next = snapshot_.manifest().next_row_id;
    Roaring64Map seen;
    for (const auto& fragment : snapshot_.manifest().fragments) {
      const auto ids = snapshot_.RowIds(fragment);
      if (!ids.ok() || *ids == nullptr) continue;  // reported before
      const std::string where = fmt::format("fragment {}, row ids", fragment.id);
      RowRanges live;
      const uint64_t rows = std::min(fragment.physical_rows, (*ids)->size());
      if (!snapshot_.AppendLive(fragment, {0, rows}, &live).ok()) continue;  // likewise
      uint64_t repeated = 0, above = 0, example = 0;
      for (const RowRange& range : live) {
        if (range.end() > rows) break;
        for (uint64_t row = range.start; row < range.end(); ++row) {
          const uint64_t id = (*ids)->Get(row);
          if (!seen.addChecked(id) && repeated++ == 0) example = id;
          above += id >= next ? 1 : 0;
        }
      }
      if (repeated > 0) {
        Report(where, Corruption("{} live rows have the id of another row, such as {}", repeated, example));
      }
      if (above > 0) Report(where, Corruption("{} are not below the next row id {}", above, next));
    }
  }

  // Every file that the index section names is there, with its size.
  void CheckIndices() {
    const auto indices = snapshot_.Indices();
    if (!indices.ok()) {
      Report("index section", indices.status());
      return;
    }
    if (*indices == nullptr) return;
    for (const auto& index : **indices) {
      const std::string where = fmt::format("index {} ({})", index.name, index.uuid);
      for (const int32_t field : index.fields) {
        if (snapshot_.manifest().schema.FindById(field) == nullptr) {
          Report(where, Corruption("it is on field {}, which the schema does not have", field));
        }
      }
      if (index.base_id) continue;
      for (const auto& file : index.files) CheckIndexFile(where, index, file);
    }
  }

  void CheckIndexFile(const std::string& where, const table::IndexMetadata& index,
                      const table::IndexFile& file) {
    const auto found = snapshot_.object_store()->Head("_indices/" + index.uuid + "/" + file.path);
    if (!found.ok()) {
      Report(where, found.status());
    } else if (file.size_bytes != 0 && found->size != file.size_bytes) {
      Report(where, Corruption("file {} has {} bytes, the manifest says {}", file.path, found->size,
                               file.size_bytes));
    }
  }

  const table::Snapshot& snapshot_;
  const VerifyOptions& options_;
  VerifyReport report_;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
};

}  // namespace

arrow::Result<VerifyReport> Verify(const Dataset& dataset, const VerifyOptions& options) {
  return Verifier(dataset, options).Run();
}

}  // namespace lance
