#include "arguments.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "scan_arguments.h"
#include "shell/statement_splitter.h"
#include "terminal.h"

namespace lance::cli {

namespace {

TEST(SplitList, KeepsBracketsAndQuotesTogether) {
  EXPECT_EQ(SplitList(" a, f(b, c) ,'x,y', [1,2],"),
            (std::vector<std::string>{"a", "f(b, c)", "'x,y'", "[1,2]"}));
  EXPECT_TRUE(SplitList(" ,").empty());
}

TEST(ParseVersion, ReadsNumbersTagsAndBranches) {
  EXPECT_EQ(ParseVersion("12").ValueOrDie().number, 12u);
  EXPECT_EQ(ParseVersion("v1.0").ValueOrDie().tag, "v1.0");
  const auto branch = ParseVersion("dev/x:3").ValueOrDie();
  EXPECT_EQ(branch.branch, "dev/x");
  EXPECT_EQ(branch.number, 3u);
  EXPECT_FALSE(ParseVersion("dev:").ValueOrDie().number.has_value());
  EXPECT_FALSE(ParseVersion("dev:x").ok());
}

TEST(ParseTime, ReadsUtc) {
  EXPECT_EQ(FormatTime(ParseTime("2026-01-31").ValueOrDie()), "2026-01-31 00:00:00.000000Z");
  EXPECT_EQ(FormatTime(ParseTime("2026-01-31T12:30:00.25Z").ValueOrDie()), "2026-01-31 12:30:00.250000Z");
  EXPECT_FALSE(ParseTime("yesterday").ok());
}

TEST(ParseOrdering, ReadsDirectionsAndNulls) {
  const auto orderings = ParseOrdering({"a desc nulls first, b"}).ValueOrDie();
  ASSERT_EQ(orderings.size(), 2u);
  EXPECT_EQ(orderings[0].column, "a");
  EXPECT_FALSE(orderings[0].ascending);
  EXPECT_TRUE(orderings[0].nulls_first);
  EXPECT_TRUE(orderings[1].ascending);
  EXPECT_FALSE(ParseOrdering({"a sideways"}).ok());
}

TEST(ParseColumns, TellsComputedOnesFromNames) {
  ScanOptions options;
  ASSERT_TRUE(ParseColumns({"a, total = b * 2", "c.d"}, &options).ok());
  ASSERT_EQ(options.columns->size(), 3u);
  EXPECT_EQ((*options.columns)[1].name, "total");
  EXPECT_EQ((*options.columns)[1].expression, " b * 2");
  EXPECT_EQ((*options.columns)[2].name, "c.d");
}

TEST(MakeQueryVector, TakesTheTypeOfTheColumn) {
  const auto schema = arrow::schema({arrow::field("v", arrow::fixed_size_list(arrow::float32(), 2)),
                                     arrow::field("bits", arrow::fixed_size_list(arrow::uint8(), 2)),
                                     arrow::field("x", arrow::int64())});
  const auto values = ParseVector("[1.5, -2]").ValueOrDie();
  EXPECT_EQ(MakeQueryVector(*schema, "v", values).ValueOrDie()->type_id(), arrow::Type::FLOAT);
  EXPECT_FALSE(MakeQueryVector(*schema, "bits", values).ok());
  EXPECT_EQ(MakeQueryVector(*schema, "bits", {1, 255}).ValueOrDie()->type_id(), arrow::Type::UINT8);
  EXPECT_FALSE(MakeQueryVector(*schema, "x", values).ok());
  EXPECT_FALSE(MakeQueryVector(*schema, "nothing", values).ok());
  EXPECT_FALSE(ParseVector("[1, two]").ok());
}

TEST(EndOfStatement, IgnoresSemicolonsInQuotesAndComments) {
  EXPECT_EQ(EndOfStatement("select 1; select 2;"), 9u);
  const std::string quoted = "select ';' -- ;\n, $$;$$, $t$;$$;$t$, \"a;\"\"b\" /* ; /* ; */ ; */;";
  EXPECT_EQ(EndOfStatement(quoted + " select"), quoted.size());
  EXPECT_EQ(EndOfStatement("select 'it''s"), std::string_view::npos);
  EXPECT_EQ(EndOfStatement("select 1"), std::string_view::npos);
  EXPECT_EQ(EndOfStatement("select $1;"), 10u);
}

TEST(IsBlank, SeesThroughComments) {
  EXPECT_TRUE(IsBlank("  \n-- only this\n /* and this */ "));
  EXPECT_FALSE(IsBlank("select"));
  EXPECT_FALSE(IsBlank("/* open"));
}

TEST(TruncateToWidth, CountsColumnsNotBytes) {
  InitializeLocale();
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(TruncateToWidth("日本語", 4), "日…");
  EXPECT_EQ(TruncateToWidth("abc", 3), "abc");
  EXPECT_EQ(TruncateToWidth("\xff\xff\xff\xff", 3), "\xff\xff…");
}

}  // namespace

}  // namespace lance::cli
