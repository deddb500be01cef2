#include "lance/encoding/v0_1/field_readers.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/array_output.h"
#include "lance/encoding/core/compound_tasks.h"
#include "lance/schema/schema.h"

namespace lance::encoding::v0_1 {
namespace {

constexpr int kMaxDepth = 256;

/// Rows (in a list: items) of one batch.
struct BatchRows {
  uint64_t batch;
  RowRanges rows;
};

/// One field of the tree that is read. Immutable.
class Node {
 public:
  Node(std::shared_ptr<arrow::DataType> type, int32_t field_id, std::string name)
      : type_(std::move(type)), field_id_(field_id), name_(std::move(name)) {}
  virtual ~Node() = default;
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }

  virtual Result<std::unique_ptr<FieldTask>> Plan(std::span<const BatchRows> rows,
                                                  LegacySource* source) const = 0;
  virtual uint64_t StoredBytes(const LegacySource& source) const = 0;

 protected:
  std::vector<PageRows> Pages(std::span<const BatchRows> rows, const LegacySource& source) const {
    std::vector<PageRows> out;
    out.reserve(rows.size());
    for (const BatchRows& part : rows) out.push_back({source.pages().Find(field_id_, part.batch), part.rows});
    return out;
  }
  uint64_t CountValues(const LegacySource& source) const {
    uint64_t total = 0;
    for (uint64_t batch = 0; batch < source.pages().num_batches(); ++batch) {
      total += source.pages().Find(field_id_, batch).length;
    }
    return total;
  }
  template <typename T>
  Result<T> Here(Result<T> result, const LegacySource& source) const {
    if (result.ok()) return result;
    return WithContext(result.status(), fmt::format("{}, field {} ({})", source.path(), field_id_, name_));
  }

  std::shared_ptr<arrow::DataType> type_;
  int32_t field_id_;
  std::string name_;
};

uint64_t TotalRows(std::span<const BatchRows> rows) {
  uint64_t total = 0;
  for (const BatchRows& part : rows) total += CountRows(part.rows);
  return total;
}

class PlainNode final : public Node {
 public:
  using Node::Node;
  Result<std::unique_ptr<FieldTask>> Plan(std::span<const BatchRows> rows,
                                          LegacySource* source) const override {
    return Here(PlanPlain(Pages(rows, *source), type_, source->bytes()), *source);
  }
  uint64_t StoredBytes(const LegacySource& source) const override {
    return CountValues(source) * FixedRowBytes(*type_).value_or(1);
  }
};

class StringNode final : public Node {
 public:
  StringNode(std::shared_ptr<arrow::DataType> type, int32_t field_id, std::string name, bool nullable)
      : Node(std::move(type), field_id, std::move(name)), nullable_(nullable) {}
  Result<std::unique_ptr<FieldTask>> Plan(std::span<const BatchRows> rows,
                                          LegacySource* source) const override {
    return Here(PlanStrings(Pages(rows, *source), type_, nullable_, source->bytes()), *source);
  }
  uint64_t StoredBytes(const LegacySource& source) const override {
    constexpr uint64_t kGuessedBytes = 16;  // the table does not say how long strings are
    return CountValues(source) * (8 + kGuessedBytes);
  }

 private:
  bool nullable_;
};

class DictionaryNode final : public Node {
 public:
  DictionaryNode(std::shared_ptr<arrow::DataType> type, const schema::Field& field)
      : Node(std::move(type), field.id, field.name), field_(field) {}
  Result<std::unique_ptr<FieldTask>> Plan(std::span<const BatchRows> rows,
                                          LegacySource* source) const override {
    ARROW_ASSIGN_OR_RAISE(auto dictionary, Here(source->Dictionary(field_), *source));
    return Here(PlanDictionary(Pages(rows, *source), type_, std::move(dictionary), source->bytes()), *source);
  }
  uint64_t StoredBytes(const LegacySource& source) const override { return CountValues(source) * 4; }

 private:
  schema::Field field_;
};

/// Null columns, and members that the file does not hold.
class NullNode final : public Node {
 public:
  using Node::Node;
  Result<std::unique_ptr<FieldTask>> Plan(std::span<const BatchRows> rows, LegacySource*) const override {
    return MakeNullTask(type_, TotalRows(rows));
  }
  uint64_t StoredBytes(const LegacySource&) const override { return 0; }
};

class StructNode final : public Node {
 public:
  StructNode(std::shared_ptr<arrow::DataType> type, int32_t field_id, std::string name,
             std::vector<std::unique_ptr<Node>> members)
      : Node(std::move(type), field_id, std::move(name)), members_(std::move(members)) {}
  Result<std::unique_ptr<FieldTask>> Plan(std::span<const BatchRows> rows,
                                          LegacySource* source) const override {
    std::vector<std::unique_ptr<FieldTask>> tasks;
    for (const auto& member : members_) {
      ARROW_ASSIGN_OR_RAISE(auto task, member->Plan(rows, source));
      tasks.push_back(std::move(task));
    }
    return MakeStructTask(type_, TotalRows(rows), std::move(tasks));
  }
  uint64_t StoredBytes(const LegacySource& source) const override {
    uint64_t total = 0;
    for (const auto& member : members_) total += member->StoredBytes(source);
    return total;
  }

 private:
  std::vector<std::unique_ptr<Node>> members_;
};

class ListNode final : public Node {
 public:
  ListNode(std::shared_ptr<arrow::DataType> type, int32_t field_id, std::string name,
           std::unique_ptr<Node> items)
      : Node(std::move(type), field_id, std::move(name)), items_(std::move(items)) {}
  Result<std::unique_ptr<FieldTask>> Plan(std::span<const BatchRows> rows,
                                          LegacySource* source) const override {
    const bool large = type_->id() == arrow::Type::LARGE_LIST;
    ARROW_ASSIGN_OR_RAISE(auto lists,
                          Here(ReadListOffsets(Pages(rows, *source), large, source->bytes()), *source));
    std::vector<BatchRows> item_rows;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!lists.item_rows[i].empty()) item_rows.push_back({rows[i].batch, std::move(lists.item_rows[i])});
    }
    ARROW_ASSIGN_OR_RAISE(auto items, items_->Plan(item_rows, source));
    return MakeListTask(type_, std::move(lists.offsets), lists.num_items, std::move(items));
  }
  uint64_t StoredBytes(const LegacySource& source) const override {
    return CountValues(source) * 4 + items_->StoredBytes(source);
  }

 private:
  std::unique_ptr<Node> items_;
};

class Opener {
 public:
  Opener(const FieldOptions& options, const LegacySource& source) : options_(options), source_(source) {}

  Result<std::unique_ptr<Node>> Open(const schema::Field& field, int depth) const {
    if (depth > kMaxDepth)
      return Corruption("{}: fields are nested deeper than {}", source_.path(), kMaxDepth);
    if (field.is_blob()) return NotSupported("{}: blob column {} in a 0.1 file", source_.path(), field.name);
    ARROW_ASSIGN_OR_RAISE(auto type, field.ArrowType());
    if (!IsStored(field, 0)) {
      if (options_.missing_as_null && depth > 0)
        return std::make_unique<NullNode>(type, field.id, field.name);
      return NotFound("{}: field {} (id {}) is not stored in this file", source_.path(), field.name,
                      field.id);
    }
    switch (type->id()) {
      case arrow::Type::NA:
        return std::make_unique<NullNode>(type, field.id, field.name);
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        return std::make_unique<StringNode>(type, field.id, field.name, field.nullable);
      case arrow::Type::DICTIONARY:
        return std::make_unique<DictionaryNode>(type, field);
      case arrow::Type::STRUCT: {
        std::vector<std::unique_ptr<Node>> members;
        for (const schema::Field& child : field.children) {
          ARROW_ASSIGN_OR_RAISE(auto member, Open(child, depth + 1));
          members.push_back(std::move(member));
        }
        return std::make_unique<StructNode>(type, field.id, field.name, std::move(members));
      }
      case arrow::Type::LIST:
      case arrow::Type::LARGE_LIST: {
        LANCE_CHECK_BYTES(field.children.size() == 1, "{}: list field {} has {} children", source_.path(),
                          field.name, field.children.size());
        ARROW_ASSIGN_OR_RAISE(auto items, Open(field.children[0], depth + 1));
        return std::make_unique<ListNode>(type, field.id, field.name, std::move(items));
      }
      default:
        if (!arrow::is_fixed_width(type->id()) && type->id() != arrow::Type::FIXED_SIZE_LIST) {
          return NotSupported("{}: field {} of type {} in a 0.1 file", source_.path(), field.name,
                              type->ToString());
        }
        return std::make_unique<PlainNode>(type, field.id, field.name);
    }
  }

 private:
  /// Structs have no pages of their own; items of lists may have none because all lists are empty.
  bool IsStored(const schema::Field& field, int depth) const {
    if (source_.batch_starts().back() == 0 || depth > kMaxDepth) return true;
    if (!field.is_struct()) {
      const int64_t index = static_cast<int64_t>(field.id) - source_.pages().min_field_id();
      if (index < 0 || static_cast<uint64_t>(index) >= source_.pages().num_fields()) return false;
      return source_.pages().Holds(field.id) || source_.pages().Find(field.id, 0).position != 0;
    }
    return std::any_of(field.children.begin(), field.children.end(),
                       [&](const schema::Field& child) { return IsStored(child, depth + 1); });
  }

  FieldOptions options_;
  const LegacySource& source_;
};

class LegacyFieldReader final : public FieldReader {
 public:
  LegacyFieldReader(std::unique_ptr<Node> root, std::shared_ptr<LegacySource> source)
      : root_(std::move(root)), source_(std::move(source)) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return root_->type(); }
  uint64_t StoredBytes() const override { return root_->StoredBytes(*source_); }
  std::vector<uint64_t> PageStarts() const override {
    const auto& starts = source_->batch_starts();
    std::vector<uint64_t> out;
    for (size_t i = 0; i + 1 < starts.size(); ++i) {
      if (starts[i] != starts[i + 1]) out.push_back(starts[i]);
    }
    if (out.empty()) out.push_back(0);
    return out;
  }

  Result<std::unique_ptr<FieldTask>> Plan(std::span<const RowRange> rows) override {
    const auto& starts = source_->batch_starts();
    std::vector<BatchRows> parts;
    for (RowRange range : rows) {
      LANCE_CHECK_BYTES(range.start <= range.end() && range.end() <= starts.back(), "{}: rows {}..{} of {}",
                        source_->path(), range.start, range.end(), starts.back());
      while (range.length != 0) {
        const auto batch = static_cast<uint64_t>(std::upper_bound(starts.begin(), starts.end(), range.start) -
                                                 starts.begin()) -
                           1;
        const uint64_t count = std::min(range.length, starts[batch + 1] - range.start);
        if (parts.empty() || parts.back().batch != batch) parts.push_back({batch, {}});
        AppendRange(&parts.back().rows, {range.start - starts[batch], count});
        range.start += count;
        range.length -= count;
      }
    }
    return root_->Plan(parts, source_.get());
  }

 private:
  std::unique_ptr<Node> root_;
  std::shared_ptr<LegacySource> source_;
};

}  // namespace

Result<std::shared_ptr<FieldReader>> OpenField(const schema::Field& field, const FieldOptions& options,
                                               std::shared_ptr<LegacySource> source) {
  ARROW_ASSIGN_OR_RAISE(auto root, Opener(options, *source).Open(field, 0));
  return std::make_shared<LegacyFieldReader>(std::move(root), std::move(source));
}

Result<std::shared_ptr<arrow::ArrayData>> ReadDictionaryValues(
    const std::shared_ptr<arrow::DataType>& value_type, uint64_t position, uint64_t length,
    ByteSource* source) {
  std::vector<PageRows> page{{{position, length}, {}}};
  AppendRange(&page[0].rows, {0, length});
  std::unique_ptr<FieldTask> task;
  if (arrow::is_base_binary_like(value_type->id())) {
    // An empty item reads as null, as the reference reads it from disk. (The dataset object that its
    // write_dataset returns still has the dictionary as it was given, with the empty string.)
    ARROW_ASSIGN_OR_RAISE(task, PlanStrings(page, value_type, /*nullable=*/true, source));
  } else if (arrow::is_integer(value_type->id())) {
    ARROW_ASSIGN_OR_RAISE(task, PlanPlain(page, value_type, source));
  } else {
    return NotSupported("a 0.1 dictionary of {}", value_type->ToString());
  }
  ARROW_ASSIGN_OR_RAISE(auto buffers, source->ReadMany(task->ranges()));
  return task->Decode(std::move(buffers));
}

}  // namespace lance::encoding::v0_1
