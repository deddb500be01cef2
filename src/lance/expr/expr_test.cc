#include "lance/expr/expr.h"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "lance/expr/logical.h"

namespace lance::expr {
namespace {

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

// One table for all tests: a null in every column.
std::shared_ptr<arrow::RecordBatch> Table() {
  auto schema = arrow::schema(
      {arrow::field("i", arrow::int64()), arrow::field("u8", arrow::uint8()),
       arrow::field("f", arrow::float64()), arrow::field("s", arrow::utf8()),
       arrow::field("b", arrow::boolean()), arrow::field("Camel", arrow::int32()),
       arrow::field("d", arrow::date32()), arrow::field("ts", arrow::timestamp(arrow::TimeUnit::MICRO)),
       arrow::field("st",
                    arrow::struct_({arrow::field("x", arrow::int64()), arrow::field("y", arrow::utf8())})),
       arrow::field("l", arrow::list(arrow::int64())), arrow::field("dec", arrow::decimal128(10, 2)),
       arrow::field("cat", arrow::dictionary(arrow::int8(), arrow::utf8()))});
  auto codes = FromJson(arrow::int8(), "[0, 1, null, 0]");
  auto names = FromJson(arrow::utf8(), R"(["red", "green"])");
  auto cat = arrow::DictionaryArray::FromArrays(schema->field(11)->type(), codes, names).ValueOrDie();
  return arrow::RecordBatch::Make(
      schema, 4,
      {FromJson(arrow::int64(), "[1, 2, null, -4]"), FromJson(arrow::uint8(), "[1, 2, null, 255]"),
       FromJson(arrow::float64(), "[1.5, NaN, null, -0.0]"),
       FromJson(arrow::utf8(), R"(["a", "B", null, "abc"])"),
       FromJson(arrow::boolean(), "[true, false, null, true]"), FromJson(arrow::int32(), "[1, 2, 3, null]"),
       FromJson(arrow::date32(), "[18262, null, 18661, -1]"),
       FromJson(schema->field(7)->type(), R"(["2020-01-01T01:02:03", null, null, "2021-01-01"])"),
       FromJson(schema->field(8)->type(), R"([{"x":1,"y":"q"}, null, {"x":null,"y":"z"}, {"x":3,"y":null}])"),
       FromJson(schema->field(9)->type(), "[[1, 2], null, [], [3, null]]"),
       FromJson(schema->field(10)->type(), R"(["1.23", null, "4.50", "-1.00"])"), cat});
}

// "0,3" for the rows that pass, "error: ..." for a refusal.
std::string Rows(const std::string& filter) {
  auto table = Table();
  auto expression = ParseFilter(filter, table->schema());
  if (!expression.ok()) return "error: " + expression.status().message();
  auto mask = (*expression)->Evaluate(*table);
  if (!mask.ok()) return "error: " + mask.status().message();
  auto indices = TrueIndices(**mask).ValueOrDie();
  std::string out;
  for (int64_t i = 0; i < indices->length(); ++i) {
    out += (i > 0 ? "," : "") + std::to_string(static_cast<const arrow::UInt64Array&>(*indices).Value(i));
  }
  return out;
}

std::string Plan(const std::string& filter) {
  auto expression = ParseFilter(filter, Table()->schema());
  return expression.ok() ? (*expression)->ToString() : "error: " + expression.status().message();
}

TEST(Filter, ComparesEachTypeWithALiteral) {
  EXPECT_EQ(Rows("i = 2"), "1");
  EXPECT_EQ(Rows("i > 1"), "1");
  EXPECT_EQ(Rows("i <> 1"), "1,3");
  EXPECT_EQ(Rows("1 < i"), "1");
  EXPECT_EQ(Rows("u8 >= 2"), "1,3");
  EXPECT_EQ(Rows("s = 'a'"), "0");
  EXPECT_EQ(Rows("s = \"a\""), "0");
  EXPECT_EQ(Rows("s > 'B'"), "0,3");
  EXPECT_EQ(Rows("b"), "0,3");
  EXPECT_EQ(Rows("not b"), "1");
  EXPECT_EQ(Rows("d = date '2020-01-01'"), "0");
  EXPECT_EQ(Rows("ts > timestamp '2020-06-01'"), "3");
  EXPECT_EQ(Rows("dec > 1"), "0,2");
  EXPECT_EQ(Rows("dec = cast('1.23' as decimal(10,2))"), "0");
  EXPECT_EQ(Rows("st.x = 3"), "3");
  EXPECT_EQ(Rows("st['y'] = 'q'"), "0");
  EXPECT_EQ(Rows("l = [1, 2]"), "0");
  EXPECT_EQ(Rows("cat = 'red'"), "0,3");
  EXPECT_EQ(Rows("cat <> 'red'"), "1");
}

TEST(Filter, FloatsFollowTheTotalOrderButBothZerosAreZero) {
  EXPECT_EQ(Rows("f > 1"), "0,1");  // NaN is above everything
  EXPECT_EQ(Rows("f = 0"), "3");
  EXPECT_EQ(Rows("f < 0"), "");
  EXPECT_EQ(Rows("f >= 0"), "0,1,3");
  EXPECT_EQ(Rows("f is distinct from 0"), "0,1,2");
  EXPECT_EQ(Rows("f in (0, 1, 2, 3)"), "3");
  EXPECT_EQ(Rows("f = f"), "0,1,3");
}

TEST(Filter, NullsFollowThreeValuedLogic) {
  EXPECT_EQ(Rows("b or null"), "0,3");
  EXPECT_EQ(Rows("b and null"), "");
  EXPECT_EQ(Rows("not (b and null)"), "1");
  EXPECT_EQ(Rows("b is null"), "2");
  EXPECT_EQ(Rows("b is not true"), "1,2");
  EXPECT_EQ(Rows("b is unknown"), "2");
  EXPECT_EQ(Rows("i = null"), "");
  EXPECT_EQ(Rows("i is distinct from 1"), "1,2,3");
  EXPECT_EQ(Rows("i is not distinct from null"), "2");
  EXPECT_EQ(Rows("i in (1, null)"), "0");
  EXPECT_EQ(Rows("i not in (1, null)"), "");
  EXPECT_EQ(Rows("i not in (1, 5, 6, 7, null)"), "");
  EXPECT_EQ(Rows("i in (1, 2, 5, 6, 7, null)"), "0,1");
  EXPECT_EQ(Rows("i not between 1 and 1"), "1,3");
}

TEST(Filter, RefusesWithTheReason) {
  EXPECT_NE(Rows("nope = 1").find("No field named nope. Valid fields are i, u8"), std::string::npos);
  EXPECT_NE(Rows("i =").find("expected an expression at line 1, column 4 (the end"), std::string::npos);
  EXPECT_NE(Rows("(i = 1").find("expected ')'"), std::string::npos);
  EXPECT_NE(Rows("i = 1 garbage").find("expected the end of the expression at line 1, column 7"),
            std::string::npos);
  EXPECT_NE(Rows("u8 = 256").find("Int64(256) and could not convert to literal of type 'UInt8'"),
            std::string::npos);
  EXPECT_NE(Rows("i").find("does not return a boolean"), std::string::npos);
  EXPECT_NE(Rows("i = b").find("Int64 = Boolean"), std::string::npos);
  EXPECT_NE(Rows("coalese(i, 1) = 1").find("Did you mean 'coalesce'"), std::string::npos);
  EXPECT_NE(Rows("i / 0 = 1").find("Divide by zero"), std::string::npos);
  EXPECT_NE(Rows("cast(s as int) = 1").find("Cannot cast string 'a' to value of Int32 type"),
            std::string::npos);
  EXPECT_NE(Rows("s = 'a").find("unterminated string"), std::string::npos);
}

TEST(Filter, NamesMatchWithoutCaseUnlessQuoted) {
  EXPECT_EQ(Rows("camel = 1"), "0");
  EXPECT_EQ(Rows("`Camel` = 1"), "0");
  EXPECT_NE(Rows("`camel` = 1").find("No field named camel"), std::string::npos);
}

TEST(Filter, MatchesPatterns) {
  EXPECT_EQ(Rows("s like 'a%'"), "0,3");
  EXPECT_EQ(Rows("s like '%b%'"), "3");
  EXPECT_EQ(Rows("s like 'a_c'"), "3");
  EXPECT_EQ(Rows("s like '%'"), "0,1,3");
  EXPECT_EQ(Rows("s ilike 'b'"), "1");
  EXPECT_EQ(Rows("s not like 'a%'"), "1");
  EXPECT_EQ(Rows("s like 'a\\_' escape '\\'"), "");
  EXPECT_EQ(Rows("regexp_like(s, '^A', 'i')"), "0,3");
  EXPECT_EQ(Rows("regexp_match(s, 'b')"), "3");
  EXPECT_EQ(Rows("not regexp_match(s, 'b')"), "0,1,2");
  EXPECT_EQ(Rows("s ~ 'b'"), "3");
  EXPECT_EQ(Rows("cat like 'r%'"), "0,3");
}

TEST(Filter, PrintsPlansAsDataFusionDoes) {
  EXPECT_EQ(Plan("i > 1 AND s = 'a' OR NOT b"), "i > Int64(1) AND s = Utf8(\"a\") OR NOT b");
  EXPECT_EQ(Plan("i in (1,2,3)"), "i = Int64(1) OR i = Int64(2) OR i = Int64(3)");
  EXPECT_EQ(Plan("i in (1,2,3,4)"), "i IN ([Int64(1), Int64(2), Int64(3), Int64(4)])");
  EXPECT_EQ(Plan("dec > 1"), "dec > Decimal128(Some(100),10,2)");
  EXPECT_EQ(Plan("ts > date '2020-01-01'"), "ts > TimestampMicrosecond(1577836800000000, None)");
  EXPECT_EQ(Plan("not (i = 1)"), "i != Int64(1)");
  EXPECT_EQ(Plan("i = 1 or true"), "Boolean(true)");
  EXPECT_EQ(Plan("cast(i as int) = 1"), "i = Int64(1)");
  EXPECT_EQ(Plan("u8 + 1 = 2"), "CAST(u8 AS Int64) + Int64(1) = Int64(2)");
  EXPECT_EQ(Plan("st.x = 1"), "get_field(st, Utf8(\"x\")) = Int64(1)");
}

TEST(Filter, SurvivesHostileText) {
  auto schema = Table()->schema();
  std::string deep(100000, '(');
  EXPECT_FALSE(ParseFilter(deep + "i = 1", schema).ok());
  std::string nots;
  for (int i = 0; i < 100000; ++i) nots += "not ";
  EXPECT_FALSE(ParseFilter(nots + "b", schema).ok());
  std::string many = "i in (0";
  for (int i = 1; i < 100000; ++i) many += "," + std::to_string(i);
  EXPECT_TRUE(ParseFilter(many + ")", schema).ok());
  std::string chain = "i = 0";
  for (int i = 1; i < 20000; ++i) chain += " or i = " + std::to_string(i);
  EXPECT_TRUE(ParseFilter(chain, schema).ok());
  EXPECT_FALSE(ParseFilter(std::string(10 << 20, 'x'), schema).ok());
  std::string sum = "i";
  for (int i = 0; i < 100000; ++i) sum += "+1";
  EXPECT_FALSE(ParseFilter(sum + " > 0", schema).ok());
}

TEST(Expression, ComputesValues) {
  auto table = Table();
  auto expression = ParseExpression("i * 2 + 1", table->schema()).ValueOrDie();
  EXPECT_TRUE(
      expression->Evaluate(*table).ValueOrDie()->Equals(*FromJson(arrow::int64(), "[3, 5, null, -7]")));
  EXPECT_EQ(expression->columns(), std::vector<std::string>{"i"});
  auto constant = ParseExpression("1 + 2", table->schema()).ValueOrDie();
  EXPECT_TRUE(constant->AsConstant()->Equals(arrow::Int64Scalar(3)));
  auto choice =
      ParseExpression("case when i > 1 then 'big' when i < 0 then 'neg' end", table->schema()).ValueOrDie();
  EXPECT_TRUE(choice->Evaluate(*table).ValueOrDie()->Equals(
      *FromJson(arrow::utf8(), R"([null, "big", null, "neg"])")));
}

TEST(Expression, ListsColumnPathsAndConjuncts) {
  auto table = Table();
  auto expression = ParseFilter("st.x > 1 and (s = 'a' or i = 2) and st.x < 9", table->schema()).ValueOrDie();
  EXPECT_EQ(expression->columns(), (std::vector<std::string>{"st.x", "s", "i"}));
  EXPECT_EQ(expression->Conjuncts().size(), 3u);
  auto both = And(expression, ParseFilter("b", table->schema()).ValueOrDie());
  EXPECT_EQ(both->Conjuncts().size(), 4u);
}

TEST(TrueIndices, SkipsNullsAndHonoursOffsets) {
  arrow::BooleanBuilder builder;
  std::vector<uint64_t> expected;
  for (int i = 0; i < 300; ++i) {
    if (i % 7 == 0) {
      ASSERT_TRUE(builder.AppendNull().ok());
    } else {
      ASSERT_TRUE(builder.Append(i % 3 == 0).ok());
    }
    if (i >= 5 && i < 285 && i % 7 != 0 && i % 3 == 0) expected.push_back(static_cast<uint64_t>(i - 5));
  }
  auto array = builder.Finish().ValueOrDie()->Slice(5, 280);
  auto indices = TrueIndices(*array).ValueOrDie();
  const auto& got = static_cast<const arrow::UInt64Array&>(*indices);
  ASSERT_EQ(got.length(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(got.Value(static_cast<int64_t>(i)), expected[i]);
}

}  // namespace
}  // namespace lance::expr
