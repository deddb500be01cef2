#include "lance/expr/kernels/compare.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/bitmap_ops.h>

#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/kernels/column_view.h"
#include "lance/expr/type_rules.h"
#include "lance/simd/compare.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using arrow::Type;
using arrow::internal::checked_cast;

// Every comparison is one of these three, or the complement of one.
enum class Core { kEq, kLt, kLe };
struct Plan {
  Core core;
  bool complement;
};

Plan PlanOf(Op op) {
  switch (op) {
    case Op::kLt:
      return {Core::kLt, false};
    case Op::kLtEq:
      return {Core::kLe, false};
    case Op::kGt:
      return {Core::kLe, true};
    case Op::kGtEq:
      return {Core::kLt, true};
    case Op::kNotEq:
    case Op::kDistinct:
      return {Core::kEq, true};
    default:
      return {Core::kEq, false};
  }
}

struct KeepKey {
  template <typename T>
  T operator()(T value) const {
    return value;
  }
};
struct FloatKey {
  template <typename T>
  auto operator()(T value) const {
    return OrderKey(value);
  }
};

template <typename Left, typename Right>
void Fill(Core core, int64_t rows, uint8_t* out, Left left, Right right) {
  switch (core) {
    case Core::kEq:
      return FillBitmap(rows, out, [&](int64_t i) { return left(i) == right(i); });
    case Core::kLt:
      return FillBitmap(rows, out, [&](int64_t i) { return left(i) < right(i); });
    case Core::kLe:
      return FillBitmap(rows, out, [&](int64_t i) { return left(i) <= right(i); });
  }
}

simd::Comparison SimdOf(Core core) {
  switch (core) {
    case Core::kLt:
      return simd::Comparison::kLt;
    case Core::kLe:
      return simd::Comparison::kLe;
    default:
      return simd::Comparison::kEq;
  }
}

template <typename T, typename Key>
void FillNumbers(Core core, const Datum& left, const Datum& right, int64_t rows, uint8_t* out, Key key) {
  auto raw_constant = [&](const Datum& value) {
    T raw;
    std::memcpy(&raw,
                checked_cast<const arrow::internal::PrimitiveScalarBase&>(*value.scalar()).view().data(),
                sizeof(T));
    return raw;
  };
  if (right.is_scalar()) {
    const T* values = left.array()->GetValues<T>(1);
    if constexpr (std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t> || std::is_floating_point_v<T>) {
      return simd::CompareWith(SimdOf(core), values, static_cast<size_t>(rows), raw_constant(right), out);
    }
    auto bound = key(raw_constant(right));
    Fill(
        core, rows, out, [=](int64_t i) { return key(values[i]); }, [=](int64_t) { return bound; });
  } else if (left.is_scalar()) {
    const T* values = right.array()->GetValues<T>(1);
    auto bound = key(raw_constant(left));
    Fill(
        core, rows, out, [=](int64_t) { return bound; }, [=](int64_t i) { return key(values[i]); });
  } else {
    const T* a = left.array()->GetValues<T>(1);
    const T* b = right.array()->GetValues<T>(1);
    Fill(
        core, rows, out, [=](int64_t i) { return key(a[i]); }, [=](int64_t i) { return key(b[i]); });
  }
}

// Equality with a constant compares lengths first, so most rows never touch their bytes.
void FillBytes(Core core, const Datum& left, const Datum& right, int64_t rows, uint8_t* out) {
  BytesView a(left);
  BytesView b(right);
  if (core == Core::kEq && b.is_constant() && a.small_offsets() != nullptr) {
    std::string_view want = b[0];
    const int32_t* offsets = a.small_offsets();
    const uint8_t* bytes = a.bytes();
    auto length = static_cast<int32_t>(want.size());
    FillBitmap(rows, out, [&](int64_t i) {
      return offsets[i + 1] - offsets[i] == length &&
             (length == 0 || std::memcmp(bytes + offsets[i], want.data(), want.size()) == 0);
    });
    return;
  }
  switch (core) {
    case Core::kEq:
      return FillBitmap(rows, out, [&](int64_t i) { return a[i] == b[i]; });
    case Core::kLt:
      return FillBitmap(rows, out, [&](int64_t i) { return a[i] < b[i]; });
    case Core::kLe:
      return FillBitmap(rows, out, [&](int64_t i) { return a[i] <= b[i]; });
  }
}

// Types without a loop of their own: booleans, decimals and intervals through Arrow, nested ones by range
// equality.
Status FillOther(Core core, const Datum& left, const Datum& right, int64_t rows, uint8_t* out) {
  Type::type id = left.type()->id();
  if (id == Type::BOOL || IsDecimalType(*left.type())) {
    const char* name = core == Core::kEq ? "equal" : core == Core::kLt ? "less" : "less_equal";
    ARROW_ASSIGN_OR_RAISE(Datum result, arrow::compute::CallFunction(name, {left, right}));
    const arrow::ArrayData& data = *result.array();
    arrow::internal::CopyBitmap(data.buffers[1]->data(), data.offset, rows, out, 0);
    return Status::OK();
  }
  if (core != Core::kEq) {
    return NotSupported("ordering values of type {} is not supported", PrintType(*left.type()));
  }
  ARROW_ASSIGN_OR_RAISE(auto a, ToArray(left, rows));
  ARROW_ASSIGN_OR_RAISE(auto b, ToArray(right, rows));
  auto options = arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
  FillBitmap(rows, out, [&](int64_t i) { return a->RangeEquals(*b, i, i + 1, i, options); });
  return Status::OK();
}

Status FillValues(Core core, const Datum& left, const Datum& right, int64_t rows, uint8_t* out) {
  auto run = [&](auto zero, auto key) {
    FillNumbers<decltype(zero)>(core, left, right, rows, out, key);
    return Status::OK();
  };
  switch (left.type()->id()) {
    case Type::INT8:
      return run(int8_t{}, KeepKey());
    case Type::INT16:
      return run(int16_t{}, KeepKey());
    case Type::INT32:
    case Type::DATE32:
    case Type::TIME32:
      return run(int32_t{}, KeepKey());
    case Type::INT64:
    case Type::DATE64:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION:
      return run(int64_t{}, KeepKey());
    case Type::UINT8:
      return run(uint8_t{}, KeepKey());
    case Type::UINT16:
      return run(uint16_t{}, KeepKey());
    case Type::UINT32:
      return run(uint32_t{}, KeepKey());
    case Type::UINT64:
      return run(uint64_t{}, KeepKey());
    case Type::HALF_FLOAT:
      return run(uint16_t{}, FloatKey());
    case Type::FLOAT:
      return run(float{}, FloatKey());
    case Type::DOUBLE:
      return run(double{}, FloatKey());
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::FIXED_SIZE_BINARY:
      FillBytes(core, left, right, rows, out);
      return Status::OK();
    default:
      return FillOther(core, left, right, rows, out);
  }
}

// Compares each distinct value once, then spreads the answers over the rows.
Result<Datum> CompareDictionary(Op op, const Datum& encoded, const Datum& constant) {
  arrow::DictionaryArray array(encoded.array());
  auto values = array.dictionary();
  ARROW_ASSIGN_OR_RAISE(Datum verdicts, Compare(op, values, constant, values->length()));
  return arrow::compute::Take(verdicts, array.indices(), arrow::compute::TakeOptions::NoBoundsCheck());
}

bool IsNullScalar(const Datum& value) { return value.is_scalar() && !value.scalar()->is_valid; }

// IS [NOT] DISTINCT FROM from an equality: nulls are equal to each other and to nothing else.
Result<Datum> CompareNullSafe(Op op, const Datum& left, const Datum& right, int64_t rows) {
  bool distinct = op == Op::kDistinct;
  if (IsNullScalar(left) || IsNullScalar(right)) {
    const Datum& other = IsNullScalar(left) ? right : left;
    return arrow::compute::CallFunction(distinct ? "is_valid" : "is_null", {other});
  }
  ARROW_ASSIGN_OR_RAISE(Datum equal, Compare(Op::kEq, left, right, rows));
  if (equal.is_scalar()) {
    bool same = equal.scalar()->is_valid && checked_cast<const arrow::BooleanScalar&>(*equal.scalar()).value;
    return Datum(std::make_shared<arrow::BooleanScalar>(same != distinct));
  }
  ARROW_ASSIGN_OR_RAISE(auto out, NewBitmap(rows));
  BoolView equals(equal);
  auto nulls = [](const Datum& side) {
    return [&side](int64_t i) { return side.is_array() && side.array()->IsNull(i); };
  };
  auto left_null = nulls(left);
  auto right_null = nulls(right);
  FillBitmap(rows, out->mutable_data(), [&](int64_t i) {
    bool same = equals.IsNull(i) ? left_null(i) && right_null(i) : equals[i];
    return same != distinct;
  });
  return Datum(MakeBoolArray(rows, out, nullptr));
}

}  // namespace

Result<Datum> Compare(Op op, const Datum& left, const Datum& right, int64_t rows) {
  if (left.is_array() && left.type()->id() == Type::DICTIONARY) {
    return CompareDictionary(op, left, right);
  }
  if (right.is_array() && right.type()->id() == Type::DICTIONARY) {
    return CompareDictionary(*Swapped(op), right, left);
  }
  if (op == Op::kDistinct || op == Op::kNotDistinct) return CompareNullSafe(op, left, right, rows);
  if (IsNullScalar(left) || IsNullScalar(right) || left.type()->id() == Type::NA) {
    return Datum(arrow::MakeNullScalar(arrow::boolean()));
  }
  if (left.is_scalar() && right.is_scalar()) {
    ARROW_ASSIGN_OR_RAISE(auto single, ToArray(left, 1));
    ARROW_ASSIGN_OR_RAISE(Datum result, Compare(op, single, right, 1));
    ARROW_ASSIGN_OR_RAISE(auto scalar, result.make_array()->GetScalar(0));
    return Datum(std::move(scalar));
  }
  Plan plan = PlanOf(op);
  ARROW_ASSIGN_OR_RAISE(auto validity, CombineValidity(left, right, rows));
  ARROW_ASSIGN_OR_RAISE(auto values, NewBitmap(rows));
  ARROW_RETURN_NOT_OK(FillValues(plan.core, left, right, rows, values->mutable_data()));
  if (plan.complement) {
    auto* words = reinterpret_cast<uint64_t*>(values->mutable_data());
    for (int64_t i = 0; i < values->size() / 8; ++i) words[i] = ~words[i];
  }
  return Datum(MakeBoolArray(rows, std::move(values), std::move(validity)));
}

}  // namespace lance::expr
