#include "type_text.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "write_arguments.h"

namespace lance::cli {

namespace {

TEST(TypeText, ReadsWhatArrowPrints) {
  const std::shared_ptr<arrow::DataType> types[] = {
      arrow::int8(),
      arrow::float16(),
      arrow::large_utf8(),
      arrow::date32(),
      arrow::date64(),
      arrow::decimal128(12, 2),
      arrow::decimal256(60, 5),
      arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Paris"),
      arrow::timestamp(arrow::TimeUnit::SECOND),
      arrow::time64(arrow::TimeUnit::NANO),
      arrow::duration(arrow::TimeUnit::MILLI),
      arrow::fixed_size_binary(7),
      arrow::list(arrow::int32()),
      arrow::fixed_size_list(arrow::float32(), 16),
      arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y z", arrow::list(arrow::utf8()))}),
  };
  for (const auto& type : types) {
    const auto parsed = ParseType(type->ToString());
    ASSERT_TRUE(parsed.ok()) << type->ToString() << ": " << parsed.status();
    EXPECT_TRUE((*parsed)->Equals(*type)) << type->ToString() << " became " << (*parsed)->ToString();
  }
}

TEST(TypeText, ReadsShortForms) {
  EXPECT_TRUE((*ParseType("float[3]"))->Equals(*arrow::fixed_size_list(arrow::float32(), 3)));
  EXPECT_TRUE((*ParseType(" list< float64 > "))->Equals(*arrow::list(arrow::float64())));
  EXPECT_TRUE((*ParseType("timestamp[ns, UTC]"))->Equals(*arrow::timestamp(arrow::TimeUnit::NANO, "UTC")));
  EXPECT_TRUE((*ParseType("decimal(5)"))->Equals(*arrow::decimal128(5, 0)));
}

TEST(TypeText, SaysWhereItStops) {
  for (const char* text :
       {"", "flaot", "list<", "list<int8", "float[", "float[x]", "int8 int8", "time32[ns]",
        "duration[us, UTC]", "timestamp[day]", "decimal128(99, 2)", "struct<x>", "struct<>"}) {
    const auto parsed = ParseType(text);
    EXPECT_FALSE(parsed.ok()) << text;
  }
  EXPECT_THAT(ParseType("list<flaot>").status().message(), ::testing::HasSubstr("no type 'flaot'"));
  std::string deep;
  for (int i = 0; i < 1000; i++) deep += "list<";
  EXPECT_THAT(ParseType(deep).status().message(), ::testing::HasSubstr("too deep"));
}

TEST(Duration, ReadsUnits) {
  EXPECT_EQ(*ParseDuration("2w"), std::chrono::hours(14 * 24));
  EXPECT_EQ(*ParseDuration(" 36h "), std::chrono::hours(36));
  EXPECT_EQ(*ParseDuration("0s"), std::chrono::seconds(0));
  for (const char* text : {"", "d", "3", "-3d", "3 d", "3y", "99999999999999d", "3dd"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Assignment, SplitsAtTheFirstEquals) {
  const auto entry = SplitAssignment("--set", " a = b = c ");
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->first, "a");
  EXPECT_EQ(entry->second, "b = c");
  EXPECT_FALSE(SplitAssignment("--set", "=b").ok());
  EXPECT_FALSE(SplitAssignment("--set", "a").ok());
}

}  // namespace

}  // namespace lance::cli
