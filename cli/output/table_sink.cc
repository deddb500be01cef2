// Tables for people: a box, types under the names, numbers to the right, long values cut.
#include <algorithm>
#include <string>
#include <vector>

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <fmt/format.h>

#include "output/cell_writer.h"
#include "output/sinks.h"
#include "output/units.h"
#include "terminal.h"

namespace lance::cli {

namespace {

constexpr int64_t kRowsPerBlock = 2000;  // widths are fixed by the first block of an unlimited table
constexpr int kMinColumnWidth = 6;
constexpr int kMaxItems = 6;
constexpr int kMaxBytes = 400;

bool AlignsRight(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) || arrow::is_decimal(type.id());
}

std::string ShortTypeName(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
      return fmt::format("{}[{}]", ShortTypeName(*list.value_type()), list.list_size());
    }
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
      return ShortTypeName(*static_cast<const arrow::BaseListType&>(type).value_type()) + "[]";
    case arrow::Type::STRUCT:
      return "struct";
    case arrow::Type::MAP:
      return "map";
    case arrow::Type::DICTIONARY:
      return ShortTypeName(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::EXTENSION:
      return static_cast<const arrow::ExtensionType&>(type).extension_name();
    default:
      return type.ToString();
  }
}

// Control characters would break the box.
std::string OneLine(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else if (c == '\t') {
      line += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line += c;
    }
  }
  return line;
}

class TableSink final : public RowSink {
 public:
  TableSink(const OutputOptions& options, StreamPtr stream, SchemaPtr schema)
      : stream_(std::move(stream)),
        schema_(std::move(schema)),
        max_rows_(options.max_rows),
        max_width_(options.max_width > 0 ? options.max_width : TerminalWidth()),
        color_(options.path.empty() && UseColor()) {}

  arrow::Status Write(const arrow::RecordBatch& batch) override {
    if (full()) return arrow::Status::OK();
    CellStyle style;
    style.max_items = kMaxItems;
    style.max_bytes = kMaxBytes;
    const auto columns = batch.columns();
    std::vector<std::unique_ptr<CellWriter>> writers;
    for (const auto& column : columns) {
      ARROW_ASSIGN_OR_RAISE(auto writer, CellWriter::Make(*column, style));
      writers.push_back(std::move(writer));
    }
    for (int64_t row = 0; row < batch.num_rows(); row++) {
      if (max_rows_ > 0 && num_rows_ == max_rows_) {
        more_ = true;
        break;
      }
      std::vector<std::string> cells;
      for (const auto& writer : writers) {
        std::string cell;
        writer->Append(row, &cell);
        cells.push_back(writer->IsNull(row) ? "NULL" : OneLine(cell));
      }
      rows_.push_back(std::move(cells));
      num_rows_++;
      if (rows_.size() == kRowsPerBlock) ARROW_RETURN_NOT_OK(FlushBlock());
    }
    return arrow::Status::OK();
  }

  bool full() const override { return more_; }

  arrow::Status Close() override {
    ARROW_RETURN_NOT_OK(FlushBlock());
    std::string out = Rule("└", "┴", "┘");
    if (hidden_columns_ > 0) {
      out += fmt::format("{} more columns do not fit; name the ones you want, or use a wider terminal\n",
                         hidden_columns_);
    }
    if (more_) {
      out += fmt::format("first {} rows; --max-rows 0 shows all, --format csv writes all\n",
                         GroupDigits(num_rows_));
    } else {
      out += fmt::format("{} row{}\n", GroupDigits(num_rows_), num_rows_ == 1 ? "" : "s");
    }
    return stream_->Write(out);
  }

 private:
  arrow::Status FlushBlock() {
    std::string out;
    if (widths_.empty() && !laid_out_) {
      LayOut();
      out += Header();
    }
    for (const auto& row : rows_) {
      for (size_t i = 0; i < widths_.size(); i++) {
        out += "│ " + Pad(row[i], widths_[i], AlignsRight(*schema_->field(i)->type())) + " ";
      }
      out += "│\n";
    }
    rows_.clear();
    return stream_->Write(out);
  }

  // Gives each column what it needs, then takes from the widest until the table fits; columns that cannot be
  // shown even at their least width are left out at the right.
  void LayOut() {
    laid_out_ = true;
    std::vector<int> needed;
    for (int i = 0; i < schema_->num_fields(); i++) {
      int width =
          std::max(DisplayWidth(OneLine(schema_->field(i)->name())), std::min(DisplayWidth(TypeName(i)), 20));
      for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i]));
      needed.push_back(std::max(width, 1));
    }
    const auto total = [](const std::vector<int>& widths) {
      int sum = 1;
      for (const int width : widths) sum += width + 3;
      return sum;
    };
    widths_ = needed;
    for (int cap = 60; total(widths_) > max_width_ && cap >= kMinColumnWidth; cap--) {
      for (size_t i = 0; i < widths_.size(); i++) widths_[i] = std::min(needed[i], cap);
    }
    while (widths_.size() > 1 && total(widths_) > max_width_) {
      widths_.pop_back();
      hidden_columns_++;
    }
    // The last step of the cap may have taken more than needed: hand the rest to the columns that want it.
    for (size_t i = 0; i < widths_.size(); i++) {
      const int spare = max_width_ - total(widths_);
      if (spare > 0) widths_[i] = std::min(needed[i], widths_[i] + spare);
    }
  }

  std::string Header() const {
    std::string out = Rule("┌", "┬", "┐");
    for (size_t i = 0; i < widths_.size(); i++) {
      const bool right = AlignsRight(*schema_->field(i)->type());
      out += "│ " + Pad(OneLine(schema_->field(i)->name()), widths_[i], right) + " ";
    }
    out += "│\n";
    for (size_t i = 0; i < widths_.size(); i++) {
      const bool right = AlignsRight(*schema_->field(i)->type());
      const std::string name = Pad(TypeName(i), widths_[i], right);
      out += "│ " + (color_ ? "\x1b[2m" + name + "\x1b[0m" : name) + " ";
    }
    out += "│\n";
    return out + Rule("├", "┼", "┤");
  }

  std::string TypeName(int i) const { return ShortTypeName(*schema_->field(i)->type()); }

  std::string Rule(const char* left, const char* middle, const char* right) const {
    std::string line = left;
    for (size_t i = 0; i < widths_.size(); i++) {
      if (i > 0) line += middle;
      for (int column = 0; column < widths_[i] + 2; column++) line += "─";
    }
    return line + right + "\n";
  }

  static std::string Pad(const std::string& text, int width, bool right) {
    std::string cut = TruncateToWidth(text, width);
    const std::string space(std::max(0, width - DisplayWidth(cut)), ' ');
    return right ? space + cut : cut + space;
  }

  StreamPtr stream_;
  SchemaPtr schema_;
  int64_t max_rows_;
  int max_width_;
  bool color_;
  bool laid_out_ = false;
  bool more_ = false;
  int64_t num_rows_ = 0;
  int hidden_columns_ = 0;
  std::vector<int> widths_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace

SinkResult MakeTableSink(const OutputOptions& options, StreamPtr stream, const SchemaPtr& schema) {
  return std::make_unique<TableSink>(options, std::move(stream), schema);
}

}  // namespace lance::cli
