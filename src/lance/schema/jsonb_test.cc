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

std::string Encoded(std::string_view text) {
  std::string bytes;
  Status status = AppendJsonb(text, &bytes);
  if (!status.ok()) return status.ToString();
  std::string hex;
  for (char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

TEST(Jsonb, EncodesAsTheReferenceDoes) {
  EXPECT_EQ(Encoded("1"), "20000000200000025001");
  EXPECT_EQ(Encoded("0"), "200000002000000100");
  EXPECT_EQ(Encoded("-0"), "200000002000000100");
  EXPECT_EQ(Encoded("-1"), "200000002000000240ff");
  EXPECT_EQ(Encoded("300"), "200000002000000350012c");
  EXPECT_EQ(Encoded("70000"), "20000000200000055000011170");
  EXPECT_EQ(Encoded("18446744073709551615"), "200000002000000950ffffffffffffffff");
  EXPECT_EQ(Encoded("-9223372036854775808"), "2000000020000009408000000000000000");
  EXPECT_EQ(Encoded("-129"), "200000002000000340ff7f");
  EXPECT_EQ(Encoded("1.0"), "2000000020000009603ff0000000000000");
  EXPECT_EQ(Encoded("-0.0"), "2000000020000009608000000000000000");
  EXPECT_EQ(Encoded("1e400"), "200000002000000120");
  EXPECT_EQ(Encoded("12345678901234567890123"),
            "200000002000000960"
            "4484ea15b273b38a");
  EXPECT_EQ(Encoded("-9223372036854775809"),
            "200000002000000960"
            "c3e0000000000000");
  EXPECT_EQ(Encoded("null"), "2000000000000000");
  EXPECT_EQ(Encoded("true"), "2000000040000000");
  EXPECT_EQ(Encoded("\"\""), "2000000010000000");
  EXPECT_EQ(Encoded("{}"), "40000000");
  EXPECT_EQ(Encoded("[]"), "80000000");
  EXPECT_EQ(Encoded(R"([1,"a",null,{"b":2}])"),
            "800000042000000210000001000000005000000f500161400000011000000120000002625002");
  EXPECT_EQ(Encoded(R"({"z":1,"a":[],"é":3})"),
            "40000003100000011000000110000002500000042000000220000002617ac3a98000000050015003");
}

TEST(Jsonb, RefusesTextThatIsNoJson) {
  EXPECT_NE(Encoded("{").find("Failed to encode JSON"), std::string::npos);
  EXPECT_NE(Encoded(R"({"a":1,"a":2})").find("duplicate object attribute \"a\""), std::string::npos);
}

}  // namespace
}  // namespace lance::schema
