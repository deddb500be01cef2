#include "lance/file/verify.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/encoding/core/field_reader.h"

namespace lance::file {
namespace {

class Verifier {
 public:
  Verifier(FileReader* file, const VerifyOptions& options) : file_(file), options_(options) {}

  VerifyReport Run() {
    report_.rows = file_->num_rows();
    CountGlobals();
    CountColumns();
    CheckOverlaps();
    if (file_->schema().fields.empty() && file_->num_columns() > 0) {
      Fail("the file's schema is empty or cannot be parsed");
    }
    for (const schema::Field& field : file_->schema().fields) {
      Status status = ReadAll(field);
      if (!status.ok()) Fail(fmt::format("field {}: {}", field.name, status.message()));
    }
    return std::move(report_);
  }

 private:
  void Fail(std::string what) { report_.errors.push_back(std::move(what)); }

  void Take(const ByteRange& range, const std::string& where) {
    if (range.length > 0) taken_.push_back({range, where});
  }

  void CountGlobals() {
    report_.metadata_bytes = file_->column_metadata_range().length;
    std::vector<ByteRange> buffers = file_->global_buffers();
    for (size_t i = 0; i < buffers.size(); ++i) {
      report_.global_buffer_bytes += buffers[i].length;
      Take(buffers[i], fmt::format("global buffer {}", i));
      auto read = file_->ReadGlobalBuffer(static_cast<int>(i));
      if (!read.ok()) Fail(fmt::format("global buffer {}: {}", i, read.status().message()));
    }
  }

  void CountColumns() {
    for (int column = 0; column < file_->num_columns(); ++column) {
      ColumnUse use;
      use.column = column;
      auto description = file_->Describe(column);
      if (!description.ok()) {
        Fail(description.status().message());
        report_.columns.push_back(std::move(use));
        continue;
      }
      use.name = description->field;
      for (size_t i = 0; i < description->buffers.size(); ++i) {
        use.bytes += description->buffers[i].length;
        Take(description->buffers[i], fmt::format("column {}, buffer {}", column, i));
      }
      CountPages(*description, &use);
      report_.columns.push_back(std::move(use));
    }
  }

  void CountPages(const ColumnDescription& description, ColumnUse* use) {
    uint64_t last_row = 0;
    for (size_t i = 0; i < description.pages.size(); ++i) {
      const PageDescription& page = description.pages[i];
      EncodingUse& encoding = use->encodings[page.encoding];
      const std::string where = fmt::format("column {}, page {}", use->column, i);
      ++encoding.pages;
      for (const ByteRange& buffer : page.buffers) {
        encoding.bytes += buffer.length;
        use->bytes += buffer.length;
        Take(buffer, where);
      }
      // Priorities only order reads, so readers do not depend on them; writers number rows with them.
      if (page.first_row < last_row) {
        Fail(fmt::format("{}: starts at row {}, its predecessor at {}", where, page.first_row, last_row));
      }
      last_row = page.first_row;
      ++use->pages;
      ++report_.pages;
    }
  }

  void CheckOverlaps() {
    std::sort(taken_.begin(), taken_.end(),
              [](const Taken& a, const Taken& b) { return a.range.offset < b.range.offset; });
    for (size_t i = 1; i < taken_.size(); ++i) {
      if (taken_[i].range.offset >= taken_[i - 1].range.end()) continue;
      // A page may name one buffer twice; two owners of the same bytes are a writer's mistake.
      if (taken_[i].where == taken_[i - 1].where) continue;
      Fail(fmt::format("{} and {} overlap at byte {}", taken_[i - 1].where, taken_[i].where,
                       taken_[i].range.offset));
    }
  }

  Status ReadAll(const schema::Field& field) {
    ARROW_ASSIGN_OR_RAISE(auto reader, file_->OpenField(field));
    const uint64_t step = std::max<uint64_t>(options_.rows_per_read, 1);
    for (uint64_t row = 0; row < file_->num_rows();) {
      const RowRange rows{row, std::min(step, file_->num_rows() - row)};
      ARROW_ASSIGN_OR_RAISE(auto task, reader->Plan(std::span(&rows, 1)));
      ARROW_ASSIGN_OR_RAISE(auto buffers, file_->ReadMany(task->ranges()));
      ARROW_ASSIGN_OR_RAISE(auto data, task->Decode(std::move(buffers)));
      auto array = arrow::MakeArray(data);
      Status valid = array->ValidateFull();
      if (!valid.ok()) return Corruption("rows {}..{}: {}", rows.start, rows.end(), valid.message());
      if (static_cast<uint64_t>(array->length()) != rows.length) {
        return Corruption("rows {}..{}: {} came out", rows.start, rows.end(), array->length());
      }
      row = rows.end();
    }
    return Status::OK();
  }

  struct Taken {
    ByteRange range;
    std::string where;
  };

  FileReader* file_;
  VerifyOptions options_;
  VerifyReport report_;
  std::vector<Taken> taken_;
};

}  // namespace

VerifyReport Verify(FileReader* file, const VerifyOptions& options) { return Verifier(file, options).Run(); }

}  // namespace lance::file
