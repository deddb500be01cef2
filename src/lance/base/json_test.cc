#include "lance/base/json.h"

#include <gtest/gtest.h>

namespace lance {
namespace {

TEST(Json, ParsesEveryKindOfValue) {
  auto parsed =
      ParseJson(R"( {"a": [1, -2.5e3, true, false, null], "b": {"c": "x\n\u00e9\ud83d\ude00"}, "a2": {} } )");
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  const JsonValue* a = parsed->Find("a");
  ASSERT_NE(a, nullptr);
  ASSERT_EQ(a->items().size(), 5u);
  EXPECT_EQ(a->items()[0].AsUint64(), 1u);
  EXPECT_EQ(a->items()[1].text(), "-2.5e3");
  EXPECT_EQ(a->items()[1].AsUint64(), std::nullopt);
  EXPECT_TRUE(a->items()[2].boolean());
  EXPECT_FALSE(a->items()[3].boolean());
  EXPECT_TRUE(a->items()[4].is_null());
  EXPECT_EQ(parsed->Find("b")->Find("c")->text(), "x\n\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(parsed->Find("missing"), nullptr);
}

TEST(Json, KeepsLargeIntegersExact) {
  auto parsed = ParseJson("18446744073709551615");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->AsUint64(), UINT64_MAX);
  EXPECT_EQ(ParseJson("18446744073709551616")->AsUint64(), std::nullopt);
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":}", "{a:1}", "\"x", "01", "1 2", "tru", "-", "1.", "1e",
                           "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\x01\""}) {
    EXPECT_TRUE(Is(ParseJson(text).status(), ErrorKind::kCorruption)) << text;
  }
  EXPECT_TRUE(Is(ParseJson(std::string(100000, '[')).status(), ErrorKind::kCorruption));
}

TEST(QuoteJson, IsReadBackAsItWas) {
  const std::string text("a\"b\\c\n\x01\x1f \xc3\xa4 \0 z", 15);
  EXPECT_EQ(ParseJson(QuoteJson(text)).ValueOrDie().text(), text);
  EXPECT_EQ(QuoteJson("\n\""), "\"\\u000a\\\"\"");
}

}  // namespace
}  // namespace lance
