#include "lance/schema/jsonb.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lance::schema {
namespace {

std::string Text(std::string_view bytes) {
  std::string out;
  Status status = AppendJsonText({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &out);
  return status.ok() ? out : status.ToString();
}

// Bytes as pylance 14.0.2 stores them.
TEST(Jsonb, PrintsWhatTheReferenceStored) {
  using namespace std::string_view_literals;
  EXPECT_EQ(Text(" \x00\x00\x00\x00\x00\x00\x00"sv), "null");
  EXPECT_EQ(Text(" \x00\x00\x00@\x00\x00\x00"sv), "true");
  EXPECT_EQ(Text(" \x00\x00\x00 \x00\x00\x02P\x03"sv), "3");
  EXPECT_EQ(Text(" \x00\x00\x00 \x00\x00\x01\x00"sv), "0");
  EXPECT_EQ(Text(" \x00\x00\x00\x10\x00\x00\x01s"sv), "\"s\"");
  EXPECT_EQ(Text("\x80\x00\x00\x00"sv), "[]");
  EXPECT_EQ(Text(" \x00\x00\x00 \x00\x00\t`?\xf0\x00\x00\x00\x00\x00\x00"sv), "1.0");
  EXPECT_EQ(Text(" \x00\x00\x00 \x00\x00\t`D\xb5-\x02\xc7\xe1J\xf6"sv), "1e+23");
  EXPECT_EQ(Text(" \x00\x00\x00 \x00\x00\t`>\x84!\xf5\xf4\r\x83v"sv), "1.5e-7");
  EXPECT_EQ(Text(" \x00\x00\x00 \x00\x00\t`>\xe4\xf8\xb5\x88\xe3h\xf1"sv), "0.00001");
  EXPECT_EQ(Text(" \x00\x00\x00 \x00\x00\t`C\x0ck\xf5&4\x00\x00"sv), "1000000000000000.0");
  EXPECT_EQ(Text(" \x00\x00\x00 \x00\x00\t@\x80\x00\x00\x00\x00\x00\x00\x00"sv), "-9223372036854775808");
  EXPECT_EQ(
      Text("@\x00\x00\x02\x10\x00\x00\x00\x10\x00\x00\x01P\x00\x00\x04P\x00\x00\x19"
           "a\x80\x00\x00\x00@\x00\x00\x01\x10\x00\x00\x01P\x00\x00\x0cx\x80\x00\x00\x01P\x00\x00\x04@\x00"
           "\x00\x00"sv),
      "{\"\":[],\"a\":{\"x\":[{}]}}");
}

TEST(Jsonb, RefusesEveryCutAndSurvivesEveryFlippedByte) {
  using namespace std::string_view_literals;
  const std::string whole(
      "@\x00\x00\x03\x10\x00\x00\x02\x10\x00\x00\x01\x10\x00\x00\x01 \x00\x00\x02 \x00\x00\x02 \x00\x00\x02"
      "aabzP\x02P\x03P\x01"sv);
  ASSERT_EQ(Text(whole), "{\"aa\":2,\"b\":3,\"z\":1}");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(Text(std::string_view(whole).substr(0, size)).find("Corruption"), std::string::npos) << size;
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      Text(flipped);
    }
  }
}

TEST(Jsonb, RefusesEndlessNesting) {
  std::string bytes;
  for (int depth = 1999; depth >= 0; --depth) {
    const auto length = static_cast<uint32_t>(depth * 8);
    bytes += std::string("\x80\x00\x00\x01", 4);
    for (int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>((0x50000000u | length) >> shift));
  }
  EXPECT_NE(Text(bytes).find("nested deeper"), std::string::npos);
}

}  // namespace
}  // namespace lance::schema
