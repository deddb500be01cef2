#include "lance/dataset/schema_change/schema_edit.h"

#include <arrow/api.h>

#include "lance/base/testing.h"

namespace lance::dataset {
namespace {

schema::Schema Make(const arrow::FieldVector& fields) { return *schema::FromArrow(arrow::Schema(fields)); }

schema::Schema Nested() {
  auto point = arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::int32())});
  return Make(
      {arrow::field("a", arrow::int64()), arrow::field("p", point), arrow::field("l", arrow::list(point))});
}

TEST(SchemaEdit, NumbersNewFieldsAfterTheLargestId) {
  const schema::Schema base = Nested();
  const auto added = Make({arrow::field("s", arrow::struct_({arrow::field("t", arrow::utf8())}))});
  const schema::Schema merged = AddFields(base, added, 20);
  ASSERT_EQ(merged.fields.size(), 4u);
  EXPECT_EQ(merged.fields[3].id, 21);
  EXPECT_EQ(merged.fields[3].children[0].id, 22);
  EXPECT_EQ(merged.fields[3].children[0].parent_id, 21);
  EXPECT_EQ(merged.fields[0], base.fields[0]);
}

TEST(SchemaEdit, AddsMembersToStructs) {
  const schema::Schema base = Nested();
  const auto added = Make({arrow::field("p", arrow::struct_({arrow::field("z", arrow::int32())}))});
  ASSERT_OK(CheckNewFields(base, added, {2, 2}));
  const schema::Schema merged = AddFields(base, added, base.MaxFieldId());
  ASSERT_EQ(merged.fields[1].children.size(), 3u);
  EXPECT_EQ(merged.fields[1].children[2].name, "z");
  EXPECT_EQ(merged.fields[1].children[2].id, base.MaxFieldId() + 1);
  const schema::Schema picked = PickByName(merged, added);
  ASSERT_EQ(picked.fields.size(), 1u);
  ASSERT_EQ(picked.fields[0].children.size(), 1u);
  EXPECT_EQ(picked.fields[0].id, base.fields[1].id);
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "add sub column is not supported",
               CheckNewFields(base, added, {2, 1}));
}

TEST(SchemaEdit, RefusesColumnsThatExist) {
  const schema::Schema base = Nested();
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Column a already exists in the dataset",
               CheckNewFields(base, Make({arrow::field("a", arrow::int64())}), {2, 2}));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Type conflicts between a",
               CheckNewFields(base, Make({arrow::field("a", arrow::utf8())}), {2, 2}));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Duplicate field name",
               CheckNewFields(
                   base, Make({arrow::field("n", arrow::utf8()), arrow::field("n", arrow::utf8())}), {2, 2}));
}

TEST(SchemaEdit, DropsMembersAndEmptyStructs) {
  const schema::Schema base = Nested();
  ASSERT_OK_AND_ASSIGN(schema::Schema one, DropFields(base, {"p.x"}, true));
  ASSERT_EQ(one.fields[1].children.size(), 1u);
  ASSERT_OK_AND_ASSIGN(schema::Schema both, DropFields(base, {"p.x", "p.y"}, true));
  EXPECT_EQ(both.fields.size(), 2u);
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Column q does not exist in the dataset",
               DropFields(base, {"q"}, true).status());
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Cannot drop all columns",
               DropFields(base, {"a", "p", "l"}, true).status());
}

TEST(SchemaEdit, KnowsWhatANewFieldRequires) {
  const schema::Schema base = Nested();
  const auto grown = [&](const std::shared_ptr<arrow::Field>& field) {
    return AddFields(base, Make({field}), base.MaxFieldId());
  };
  EXPECT_FALSE(RequiresMore(base, base));
  EXPECT_FALSE(RequiresMore(base, grown(arrow::field("n", arrow::utf8()))));
  EXPECT_TRUE(RequiresMore(base, grown(arrow::field("n", arrow::utf8(), false))));
}

TEST(SchemaEdit, QuotesPaths) {
  const auto base = Make({arrow::field("a", arrow::struct_({arrow::field("b.c", arrow::int32())}))});
  EXPECT_EQ(PathOf(base, 1), "a.`b.c`");
  EXPECT_EQ(PathOf(base, 9), "");
}

}  // namespace
}  // namespace lance::dataset
