#include "lance/dataset/mutate/merge_insert/match_rows.h"

#include <algorithm>
#include <map>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/base/row_address.h"
#include "lance/dataset/mutate/merge_insert/indexed_rows.h"
#include "lance/dataset/mutate/merge_insert/target_rows.h"
#include "lance/dataset/mutate/piece_rows.h"
#include "lance/expr/expr.h"
#include "lance/scan/scanner_impl.h"

namespace lance::dataset {
namespace {

using SnapshotPtr = std::shared_ptr<const table::Snapshot>;

constexpr uint64_t kPieceBytes = 16 << 20;
constexpr int64_t kMaxPieceRows = 65536;

std::string KeyText(const MergeSource& source, uint32_t row) {
  std::string out;
  for (const std::string& name : source.on) {
    auto value = source.rows->GetColumnByName(name)->GetScalar(row);
    if (!out.empty()) out += ", ";
    const bool text = value.ok() && arrow::is_base_binary_like((*value)->type->id());
    out += fmt::format("{} = {}{}{}", name, text ? "\"" : "", value.ok() ? (*value)->ToString() : "?",
                       text ? "\"" : "");
  }
  return out;
}

class Matcher {
 public:
  Matcher(const SnapshotPtr& snapshot, const MergeSource& source, const MergeInsertOptions& options)
      : snapshot_(snapshot), source_(source), options_(options) {}

  Result<MatchedRows> Run() {
    ARROW_ASSIGN_OR_RAISE(schema_, snapshot_->manifest().schema.ToArrow());
    ARROW_RETURN_NOT_OK(Bind());
    if (options_.when_not_matched == WhenNotMatched::kInsertAll) {
      matched_.resize(static_cast<size_t>(source_.rows->num_rows()));
      for (const uint32_t row : source_.keys->skipped()) matched_[row] = true;
    }
    ARROW_ASSIGN_OR_RAISE(const auto indexed, FindIndexedRows(*snapshot_, source_, options_));
    if (indexed.has_value()) ARROW_RETURN_NOT_OK(MatchIndexed(*indexed));
    ARROW_RETURN_NOT_OK(ScanTarget(indexed.has_value() ? &indexed->covered : nullptr));
    if (indexed.has_value()) OrderByTarget();
    if (condition_ != nullptr) ARROW_RETURN_NOT_OK(KeepWhereConditionHolds());
    ARROW_RETURN_NOT_OK(CheckUnambiguous());
    for (size_t row = 0; row < matched_.size(); ++row) {
      if (!matched_[row]) out_.inserted.push_back(static_cast<uint32_t>(row));
    }
    return std::move(out_);
  }

 private:
  // The conditions, before anything is read.
  Status Bind() {
    if (options_.when_matched == WhenMatched::kUpdateIf) {
      auto pair = arrow::schema({arrow::field("target", arrow::struct_(schema_->fields())),
                                 arrow::field("source", arrow::struct_(source_.rows->schema()->fields()))});
      auto bound = expr::ParseFilter(options_.update_if, pair);
      if (!bound.ok()) return WithContext(bound.status(), "update condition of the merge insert");
      condition_ = *bound;
    }
    if (options_.when_not_matched_by_source == WhenNotMatchedBySource::kDeleteIf) {
      auto bound = expr::ParseFilter(options_.delete_if, schema_);
      if (!bound.ok()) return WithContext(bound.status(), "delete condition of the merge insert");
      delete_if_ = *bound;
    }
    return Status::OK();
  }

  Status MatchIndexed(const IndexedRows& indexed) {
    for (const index::KeyMatch& match : indexed.matches) AddPairs(match.id, match.key);
    return CheckNoMatch();
  }

  // Pairs of the index and of the scan, as one scan would have met them.
  void OrderByTarget() {
    std::map<uint64_t, uint64_t> positions;
    for (const table::Fragment& fragment : snapshot_->manifest().fragments) {
      positions.emplace(fragment.id, positions.size());
    }
    const auto place = [&](uint64_t address) {
      const RowAddress at{address};
      return RowAddress::Of(positions.find(at.fragment_id())->second, at.offset()).value;
    };
    std::vector<std::pair<uint64_t, size_t>> order;
    for (size_t i = 0; i < out_.addresses.size(); ++i) order.emplace_back(place(out_.addresses[i]), i);
    if (std::is_sorted(order.begin(), order.end())) return;
    std::sort(order.begin(), order.end());
    MatchedRows sorted;
    for (const auto& [at, i] : order) {
      sorted.addresses.push_back(out_.addresses[i]);
      sorted.source_rows.push_back(out_.source_rows[i]);
    }
    out_.addresses = std::move(sorted.addresses);
    out_.source_rows = std::move(sorted.source_rows);
  }

  // All fragments but those in `covered`, if given.
  Status ScanTarget(const table::FragmentSet* covered) {
    ScanOptions scan;
    if (covered != nullptr) {
      scan.fragments.emplace();
      for (const table::Fragment& fragment : snapshot_->manifest().fragments) {
        if (!covered->Contains(fragment.id)) scan.fragments->push_back(fragment.id);
      }
      if (scan.fragments->empty()) return Status::OK();
    }
    scan.columns.emplace();
    for (const std::string& name : source_.on) scan.columns->push_back({name, ""});
    if (delete_if_ != nullptr) {
      // A condition on members needs the columns that have them.
      for (const std::string& path : delete_if_->columns()) {
        ARROW_ASSIGN_OR_RAISE(std::vector<std::string> pieces, schema::SplitPath(path));
        auto same = [&](const ScanOptions::Column& column) { return column.name == pieces[0]; };
        if (std::none_of(scan.columns->begin(), scan.columns->end(), same)) {
          scan.columns->push_back({pieces[0], ""});
        }
      }
    }
    scan.with_row_address = true;
    scan.stored_json = true;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Scanner> scanner, scan::MakeScanner(snapshot_, scan));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatchReader> reader, scanner->ToReader());
    for (;;) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
      if (batch == nullptr) return Status::OK();
      ARROW_RETURN_NOT_OK(MatchBatch(*batch));
    }
  }

  Status MatchBatch(const arrow::RecordBatch& batch) {
    ARROW_RETURN_NOT_OK(source_.keys->Find(source_.KeysOf(batch), &hits_));
    const uint64_t* addresses =
        static_cast<const arrow::UInt64Array&>(*batch.column(batch.num_columns() - 1)).raw_values();
    for (const KeyIndex::Hit& hit : hits_) AddPairs(addresses[hit.row], hit.first);
    ARROW_RETURN_NOT_OK(CheckNoMatch());
    if (options_.when_not_matched_by_source == WhenNotMatchedBySource::kKeep) return Status::OK();
    return CollectUnmatched(batch, addresses);
  }

  // A row of the target with the first source row that has its key, and all others that do.
  void AddPairs(uint64_t address, uint32_t first) {
    const bool keeps_pairs = options_.when_matched != WhenMatched::kDoNothing;
    for (uint32_t row = first; row != KeyIndex::kNone; row = source_.keys->Next(row)) {
      if (!matched_.empty()) matched_[row] = true;
      if (!keeps_pairs) continue;
      out_.addresses.push_back(address);
      out_.source_rows.push_back(row);
    }
  }

  Status CheckNoMatch() const {
    if (options_.when_matched != WhenMatched::kFail || out_.source_rows.empty()) return Status::OK();
    return InvalidArgument("Merge insert failed: found matching row with key values: {}",
                           KeyText(source_, out_.source_rows[0]));
  }

  Status CollectUnmatched(const arrow::RecordBatch& batch, const uint64_t* addresses) {
    std::shared_ptr<arrow::Array> wanted;
    if (delete_if_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(wanted, delete_if_->Evaluate(batch));
    }
    const auto* filter = static_cast<const arrow::BooleanArray*>(wanted.get());
    auto hit = hits_.begin();
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      if (hit != hits_.end() && hit->row == static_cast<uint32_t>(row)) {
        ++hit;
        continue;
      }
      if (filter == nullptr || (filter->IsValid(row) && filter->Value(row))) {
        out_.deleted.push_back(addresses[row]);
      }
    }
    return Status::OK();
  }

  // Evaluates the condition on the pairs, a piece at a time.
  Status KeepWhereConditionHolds() {
    const auto piece = static_cast<size_t>(PieceRows(*snapshot_, kPieceBytes, kMaxPieceRows));
    const std::vector<std::string> columns = TargetColumns();
    size_t kept = 0;
    TargetReader reader(snapshot_, columns);
    for (size_t start = 0; start < out_.addresses.size(); start += piece) {
      const size_t count = std::min(piece, out_.addresses.size() - start);
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> holds, EvaluatePairs(&reader, start, count));
      const auto& filter = static_cast<const arrow::BooleanArray&>(*holds);
      for (size_t i = 0; i < count; ++i) {
        const auto row = static_cast<int64_t>(i);
        if (filter.IsNull(row) || !filter.Value(row)) continue;
        out_.addresses[kept] = out_.addresses[start + i];
        out_.source_rows[kept++] = out_.source_rows[start + i];
      }
    }
    out_.addresses.resize(kept);
    out_.source_rows.resize(kept);
    return Status::OK();
  }

  // Top-level columns of the target that the condition reads.
  std::vector<std::string> TargetColumns() const {
    std::vector<std::string> out;
    for (const std::string& path : condition_->columns()) {
      auto pieces = schema::SplitPath(path);
      if (!pieces.ok() || (*pieces)[0] != "target") continue;
      if (pieces->size() == 1) return schema_->field_names();
      if (std::find(out.begin(), out.end(), (*pieces)[1]) == out.end()) out.push_back((*pieces)[1]);
    }
    return out;
  }

  Result<std::shared_ptr<arrow::Array>> EvaluatePairs(TargetReader* reader, size_t start, size_t count) {
    const std::span<const uint32_t> rows = std::span(out_.source_rows).subspan(start, count);
    ARROW_ASSIGN_OR_RAISE(auto source, TakeSourceRows(*source_.rows, rows));
    ARROW_ASSIGN_OR_RAISE(auto source_struct, source->ToStructArray());
    ARROW_ASSIGN_OR_RAISE(auto target, reader->Read(std::span(out_.addresses).subspan(start, count)));
    ARROW_ASSIGN_OR_RAISE(auto target_struct, target->ToStructArray());
    auto pair = arrow::RecordBatch::Make(arrow::schema({arrow::field("target", target_struct->type()),
                                                        arrow::field("source", source_struct->type())}),
                                         static_cast<int64_t>(count),
                                         arrow::ArrayVector{target_struct, source_struct});
    return condition_->Evaluate(*pair);
  }

  Status CheckUnambiguous() const {
    for (size_t i = 1; i < out_.addresses.size(); ++i) {
      if (out_.addresses[i] != out_.addresses[i - 1]) continue;
      return InvalidArgument(
          "Ambiguous merge inserts are prohibited: multiple source rows match the same target row on ({}). "
          "Please ensure each target row is matched by at most one source row.",
          KeyText(source_, out_.source_rows[i]));
    }
    return Status::OK();
  }

  const SnapshotPtr& snapshot_;
  const MergeSource& source_;
  const MergeInsertOptions& options_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<const expr::Expression> condition_;
  std::shared_ptr<const expr::Expression> delete_if_;
  std::vector<bool> matched_;  // by source row; empty when nobody asks
  std::vector<KeyIndex::Hit> hits_;
  MatchedRows out_;
};

}  // namespace

Result<MatchedRows> MatchRows(const SnapshotPtr& snapshot, const MergeSource& source,
                              const MergeInsertOptions& options) {
  return Matcher(snapshot, source, options).Run();
}

}  // namespace lance::dataset
