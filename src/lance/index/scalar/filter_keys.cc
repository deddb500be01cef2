#include "lance/index/scalar/filter_keys.h"

#include <optional>

#include <arrow/api.h>

#include "lance/expr/functions/function.h"

namespace lance::index {
namespace {

using expr::Logical;
using expr::LogicalKind;
using expr::Op;

FilterKeys Exactly(KeySet set, bool decides = true) { return {std::move(set), true, decides}; }

class Reader {
 public:
  Reader(const std::string& path, const KeyType& type) : path_(path), type_(type) {}

  FilterKeys Read(const Logical& node) const {
    switch (node.kind) {
      case LogicalKind::kLiteral:
        return ReadConstant(node);
      case LogicalKind::kColumn:
      case LogicalKind::kField:
        if (!IsColumn(node) || node.type->id() != arrow::Type::BOOL) return {};
        return Exactly(KeySet::One(type_, NumberKey(1)));
      case LogicalKind::kNot:
        return ReadNot(Read(*node.child(0)));
      case LogicalKind::kIs:
        return ReadIs(node);
      case LogicalKind::kInList:
        return ReadInList(node);
      case LogicalKind::kBinary:
        if (node.op == Op::kAnd || node.op == Op::kOr) {
          return ReadPair(node.op, Read(*node.child(0)), Read(*node.child(1)));
        }
        return IsComparison(node.op) ? ReadComparison(node) : FilterKeys{};
      case LogicalKind::kLike:
        return ReadLike(node);
      case LogicalKind::kFunction:
        return ReadFunction(node);
      default:
        return {};
    }
  }

 private:
  bool IsColumn(const Logical& node) const { return expr::PathOf(node) == path_; }

  // The key of a literal of the column's type; none for others and for null.
  std::optional<std::string> KeyOf(const Logical& node) const {
    if (!node.is_literal() || !node.literal->is_valid || !node.literal->type->Equals(*type_.type()))
      return {};
    const auto array = arrow::MakeArrayFromScalar(*node.literal, 1);
    if (!array.ok()) return {};
    const Result<Keys> keys = Keys::Of(type_, *array);
    if (!keys.ok()) return {};
    return type_.is_number() ? NumberKey(keys->numbers()[0]) : std::string(keys->bytes()[0]);
  }

  static bool IsNull(const Logical& node) { return node.is_literal() && !node.literal->is_valid; }

  static FilterKeys ReadConstant(const Logical& node) {
    if (node.literal->type->id() != arrow::Type::BOOL) return {};
    if (!node.literal->is_valid) return Exactly(KeySet::None(), false);
    return Exactly(static_cast<const arrow::BooleanScalar&>(*node.literal).value ? KeySet::All(true)
                                                                                 : KeySet::None());
  }

  static FilterKeys ReadNot(const FilterKeys& child) {
    // Where the child is true for nulls, so would its negation have to be judged there.
    if (!child.exact || !child.decides || child.set.nulls()) return {};
    return Exactly(child.set.NotIn());
  }

  static FilterKeys ReadPair(Op op, const FilterKeys& a, const FilterKeys& b) {
    return {op == Op::kAnd ? a.set.Intersect(b.set) : a.set.Union(b.set), a.exact && b.exact,
            a.decides && b.decides};
  }

  FilterKeys ReadIs(const Logical& node) const {
    if (node.test == expr::IsTest::kNull && IsColumn(*node.child(0))) {
      return Exactly(node.negated ? KeySet::All(false) : KeySet::Nulls());
    }
    if (node.test != expr::IsTest::kTrue || node.negated) return {};
    return Read(*node.child(0));
  }

  FilterKeys ReadInList(const Logical& node) const {
    if (!IsColumn(*node.child(0))) return {};
    std::vector<std::string> keys;
    bool nulls = false;
    for (size_t i = 1; i < node.children.size(); ++i) {
      if (IsNull(*node.child(i))) {
        nulls = true;
        continue;
      }
      std::optional<std::string> key = KeyOf(*node.child(i));
      if (!key.has_value()) return {};
      keys.push_back(std::move(*key));
    }
    if (nulls && node.negated) return Exactly(KeySet::None(), false);
    KeySet set = KeySet::OneOf(type_, std::move(keys));
    return Exactly(node.negated ? set.NotIn() : std::move(set), !nulls);
  }

  FilterKeys ReadComparison(const Logical& node) const {
    if (!IsColumn(*node.child(0))) return {};
    const bool distinct = node.op == Op::kDistinct || node.op == Op::kNotDistinct;
    if (IsNull(*node.child(1))) {
      if (!distinct) return Exactly(KeySet::None(), false);
      return Exactly(node.op == Op::kDistinct ? KeySet::All(false) : KeySet::Nulls());
    }
    const std::optional<std::string> key = KeyOf(*node.child(1));
    if (!key.has_value()) return {};
    switch (node.op) {
      case Op::kEq:
      case Op::kNotDistinct:
        return Exactly(KeySet::One(type_, *key));
      case Op::kNotEq:
        return Exactly(KeySet::One(type_, *key).NotIn());
      case Op::kDistinct:
        return Exactly(KeySet::One(type_, *key).NotIn().Union(KeySet::Nulls()));
      case Op::kLt:
      case Op::kLtEq:
        return Exactly(KeySet::Between(type_, nullptr, true, &*key, node.op == Op::kLtEq));
      default:
        return Exactly(KeySet::Between(type_, &*key, node.op == Op::kGtEq, nullptr, true));
    }
  }

  FilterKeys ReadLike(const Logical& node) const {
    if (!IsColumn(*node.child(0)) || node.negated || node.case_insensitive) return {};
    const std::optional<std::string> pattern = KeyOf(*node.child(1));
    if (!pattern.has_value() || type_.is_number()) return {};
    const std::string stops =
        std::string("%_\\") + (node.escape.has_value() ? std::string(1, *node.escape) : "");
    const size_t end = pattern->find_first_of(stops);
    if (end == std::string::npos) return Exactly(KeySet::One(type_, *pattern));
    return {KeySet::Prefix(pattern->substr(0, end)), end + 1 == pattern->size() && pattern->back() == '%',
            true};
  }

  FilterKeys ReadFunction(const Logical& node) const {
    if (node.function == nullptr || std::string_view(node.function->name) != "starts_with") return {};
    if (node.children.size() != 2 || !IsColumn(*node.child(0)) || type_.is_number()) return {};
    const std::optional<std::string> prefix = KeyOf(*node.child(1));
    return prefix.has_value() ? Exactly(KeySet::Prefix(*prefix)) : FilterKeys{};
  }

  const std::string& path_;
  const KeyType& type_;
};

}  // namespace

FilterKeys KeysOf(const expr::Logical& condition, const std::string& path, const KeyType& type) {
  return Reader(path, type).Read(condition);
}

}  // namespace lance::index
