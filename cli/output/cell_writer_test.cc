#include "output/cell_writer.h"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

namespace lance::cli {

namespace {

std::string Text(const std::shared_ptr<arrow::Array>& array, int64_t row, const CellStyle& style = {}) {
  const auto writer = CellWriter::Make(*array, style).ValueOrDie();
  std::string out;
  writer->Append(row, &out);
  return out;
}

CellStyle Json() {
  CellStyle style;
  style.json = true;
  return style;
}

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

TEST(CellWriter, WritesNumbersSoThatTheyReadBackTheSame) {
  EXPECT_EQ(Text(FromJson(arrow::int8(), "[-128]"), 0), "-128");
  EXPECT_EQ(Text(FromJson(arrow::uint64(), "[18446744073709551615]"), 0), "18446744073709551615");
  EXPECT_EQ(Text(FromJson(arrow::float64(), "[0.1]"), 0), "0.1");
  EXPECT_EQ(Text(FromJson(arrow::float32(), "[0.1]"), 0), "0.1");
  EXPECT_EQ(Text(FromJson(arrow::float64(), "[3]"), 0), "3.0");
  EXPECT_EQ(Text(FromJson(arrow::float64(), "[1e300]"), 0), "1e+300");
  EXPECT_EQ(Text(FromJson(arrow::decimal128(10, 3), R"(["-1.500"])"), 0), "-1.500");
}

TEST(CellWriter, WritesNotANumberAsTextInJson) {
  const auto array = FromJson(arrow::float64(), "[NaN, -Inf]");
  EXPECT_EQ(Text(array, 0), "NaN");
  EXPECT_EQ(Text(array, 0, Json()), "\"NaN\"");
  EXPECT_EQ(Text(array, 1, Json()), "\"-Infinity\"");
}

TEST(CellWriter, WritesTimesInIso8601) {
  EXPECT_EQ(Text(FromJson(arrow::date32(), "[0]"), 0), "1970-01-01");
  EXPECT_EQ(Text(FromJson(arrow::date32(), "[-1]"), 0), "1969-12-31");
  EXPECT_EQ(Text(FromJson(arrow::date32(), "[19782]"), 0), "2024-02-29");
  EXPECT_EQ(Text(FromJson(arrow::date64(), "[-86400000]"), 0), "1969-12-31");
  EXPECT_EQ(Text(FromJson(arrow::time64(arrow::TimeUnit::MICRO), "[45296000007]"), 0), "12:34:56.000007");
  const auto us = arrow::timestamp(arrow::TimeUnit::MICRO);
  EXPECT_EQ(Text(FromJson(us, "[-1]"), 0), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(Text(FromJson(us, "[-9223372036854775808]"), 0), "-290308-12-21 19:59:05.224192");
  const auto zoned = arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Berlin");
  EXPECT_EQ(Text(FromJson(zoned, "[0]"), 0), "1970-01-01 00:00:00Z");
  EXPECT_EQ(Text(FromJson(zoned, "[0]"), 0, Json()), "\"1970-01-01T00:00:00Z\"");
  EXPECT_EQ(Text(FromJson(arrow::duration(arrow::TimeUnit::MILLI), "[-1500]"), 0), "-PT1.5S");
  EXPECT_EQ(Text(FromJson(arrow::duration(arrow::TimeUnit::NANO), "[10000000000]"), 0), "PT10S");
}

TEST(CellWriter, EscapesJsonAndReplacesWhatIsNoUtf8) {
  std::string out;
  AppendJsonString("a\"b\\\n\x01é", &out);
  EXPECT_EQ(out, R"("a\"b\\\n\u0001é")");
  out.clear();
  AppendJsonString("x\xff\xc0\xafy\xe2\x82", &out);
  EXPECT_EQ(out, "\"x\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDy\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(CellWriter, WritesNestedValuesAsJson) {
  const auto list = FromJson(arrow::list(arrow::utf8()), R"([["a", null], [], null])");
  EXPECT_EQ(Text(list, 0), R"(["a",null])");
  EXPECT_EQ(Text(list, 1), "[]");
  EXPECT_EQ(Text(list, 2), "null");
  EXPECT_EQ(Text(list->Slice(1), 0), "[]");
  const auto type = arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y z", arrow::date32())});
  const auto structs = FromJson(type, R"([{"x": 1, "y z": 0}, null, {"x": null, "y z": 1}])");
  EXPECT_EQ(Text(structs, 0), R"({"x":1,"y z":"1970-01-01"})");
  EXPECT_EQ(Text(structs->Slice(1), 1), R"({"x":null,"y z":"1970-01-02"})");
  const auto map = FromJson(arrow::map(arrow::utf8(), arrow::int8()), R"([[["k", 1], ["l", null]]])");
  EXPECT_EQ(Text(map, 0), R"([["k",1],["l",null]])");
  const auto vectors = FromJson(arrow::fixed_size_list(arrow::float32(), 2), "[[1, 2], [3, 4]]");
  EXPECT_EQ(Text(vectors->Slice(1), 0), "[3.0,4.0]");
}

TEST(CellWriter, ShortensLongValues) {
  CellStyle style;
  style.max_items = 2;
  style.max_bytes = 8;
  EXPECT_EQ(Text(FromJson(arrow::list(arrow::int8()), "[[1, 2, 3]]"), 0, style), "[1, 2, … 3 items]");
  EXPECT_EQ(Text(FromJson(arrow::utf8(), R"(["0123456789"])"), 0, style), "01234567…");
  arrow::BinaryBuilder builder;
  ASSERT_TRUE(builder.Append("\x01\x02\x03\x04\x05\xff").ok());
  const auto bytes = builder.Finish().ValueOrDie();
  EXPECT_EQ(Text(bytes, 0), "0102030405ff");
  EXPECT_EQ(Text(bytes, 0, style), "01020304… 6 bytes");
}

TEST(CellWriter, LooksThroughDictionaries) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto array = arrow::DictionaryArray::FromArrays(type, FromJson(arrow::int8(), "[1, null, 0]"),
                                                        FromJson(arrow::utf8(), R"(["a", null])"))
                         .ValueOrDie();
  const auto writer = CellWriter::Make(*array, {}).ValueOrDie();
  EXPECT_TRUE(writer->IsNull(0));  // its index is valid, the value there is null
  EXPECT_TRUE(writer->IsNull(1));
  EXPECT_EQ(Text(array, 2), "a");
}

}  // namespace

}  // namespace lance::cli
