// What the stored pages of the reference do not show: old forms, escapes, overruns.
#include <cstring>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <zstd.h>

#include "lance/encoding/codec/fsst/symbol_table.h"
#include "lance/encoding/codec/general/decompress.h"
#include "lance/encoding/codec/rle/rle.h"
#include "lance/encoding/codec/variable/string_block.h"
#include "lance/encoding/levels/level_bits.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

std::string Table(const std::vector<std::string>& symbols, bool compressed = true) {
  std::string out(2312, '\0');
  uint64_t header = uint64_t{0x46535354} << 32 | uint64_t{compressed} << 24 | symbols.size();
  std::memcpy(out.data(), &header, 8);
  for (size_t i = 0; i < symbols.size(); ++i) {
    std::memcpy(out.data() + 8 + i * 8, symbols[i].data(), symbols[i].size());
    out[8 + symbols.size() * 8 + i] = static_cast<char>(symbols[i].size());
  }
  return out;
}

std::string Expand(const std::string& table, const std::vector<uint8_t>& codes) {
  auto parsed = SymbolTable::Parse(table).ValueOrDie();
  std::vector<uint8_t> out(codes.size() * 8 + 8);
  uint8_t* end = parsed->Decode(codes, out.data());
  return end == nullptr ? "(damaged)" : std::string(out.data(), end);
}

TEST(SymbolTable, ExpandsCodesAndEscapes) {
  std::string table = Table({"lance", "a", "abcdefgh"});
  EXPECT_EQ(Expand(table, {0, 1, 2}), "lanceaabcdefgh");
  EXPECT_EQ(Expand(table, {0, 0, 0, 0, 1, 1, 1, 1, 2}), "lancelancelancelanceaaaaabcdefgh");
  EXPECT_EQ(Expand(table, {255, 'x', 0, 255, 255, 1, 1, 1, 255, 'y', 1}),
            "xlance\xff"
            "aaaya");
  EXPECT_EQ(Expand(table, {}), "");
}

TEST(SymbolTable, DecodesRunsAsItDecodesStrings) {
  std::mt19937 random(9);
  for (size_t num_symbols : {1, 2, 127, 128, 129, 254}) {
    std::vector<std::string> symbols;
    for (size_t i = 0; i < num_symbols; ++i) symbols.emplace_back(1 + random() % 8, static_cast<char>(i));
    auto table = SymbolTable::Parse(Table(symbols)).ValueOrDie();
    for (bool escapes : {false, true}) {
      std::string codes;
      std::vector<size_t> starts;
      for (int string = 0; string < 40; ++string) {
        starts.push_back(codes.size());
        for (size_t left = random() % 20; left > 0; --left) {
          if (escapes && random() % 10 == 0) {
            codes += '\xff';
            codes += static_cast<char>(random());
          } else {
            codes += static_cast<char>(random() % num_symbols);
          }
        }
      }
      starts.push_back(codes.size());
      auto bytes = [&](size_t i) { return reinterpret_cast<const uint8_t*>(codes.data()) + starts[i]; };
      std::vector<uint8_t> out(codes.size() * 8 + 8);
      std::vector<uint32_t> ends(codes.size() + 1);
      auto made = table->DecodeRun({bytes(0), codes.size()}, out.data(), ends.data());
      ASSERT_TRUE(made.has_value());
      EXPECT_EQ(*made, ends[codes.size()]);
      for (size_t i = 0; i + 1 < starts.size(); ++i) {
        std::vector<uint8_t> one(codes.size() * 8 + 8);
        uint8_t* end = table->Decode({bytes(i), starts[i + 1] - starts[i]}, one.data());
        ASSERT_NE(end, nullptr);
        const auto length = static_cast<size_t>(end - one.data());
        ASSERT_EQ(ends[starts[i + 1]] - ends[starts[i]], length) << num_symbols << " symbols, string " << i;
        EXPECT_EQ(std::memcmp(out.data() + ends[starts[i]], one.data(), length), 0);
      }
      // A code without a symbol is found wherever it stands.
      for (size_t at : {size_t{0}, codes.size() / 2, codes.size() - 1}) {
        if (escapes) break;
        std::string bad = codes;
        bad[at] = static_cast<char>(num_symbols);
        auto* from = reinterpret_cast<const uint8_t*>(bad.data());
        EXPECT_FALSE(table->DecodeRun({from, bad.size()}, out.data(), ends.data()).has_value());
        EXPECT_EQ(table->Decode({from, bad.size()}, out.data()), nullptr);
      }
    }
  }
}

TEST(SymbolTable, MarksThePlaceInsideAnEscape) {
  auto table = SymbolTable::Parse(Table({"ab"})).ValueOrDie();
  const uint8_t codes[] = {0, 255, 'x'};
  uint8_t out[64];
  uint32_t ends[4];
  EXPECT_EQ(table->DecodeRun(codes, out, ends), std::optional<uint32_t>(3));
  EXPECT_EQ(ends[1], 2u);
  EXPECT_EQ(ends[2], SymbolTable::kInsideEscape);
  EXPECT_EQ(ends[3], 3u);
  EXPECT_FALSE(table->DecodeRun(std::span(codes, 2), out, ends).has_value());
}

TEST(SymbolTable, NoticesDamage) {
  EXPECT_EQ(Expand(Table({"a"}), {0, 1}), "(damaged)");
  EXPECT_EQ(Expand(Table({"a"}), {0, 255}), "(damaged)");
  EXPECT_EQ(Expand(Table({"a"}), {0, 0, 0, 0, 0, 0, 0, 0, 7}), "(damaged)");
  EXPECT_FALSE(SymbolTable::Parse(Table({"a"}).substr(1)).ok());
  std::string no_length = Table({"a"});
  no_length[16] = 9;
  EXPECT_TRUE(Is(SymbolTable::Parse(no_length).status(), ErrorKind::kCorruption));
  EXPECT_FALSE(SymbolTable::Parse(Table({"a"}, false)).ValueOrDie()->compressed());
}

TEST(Rle, GivesAnyRangesAndLeavesWhatIsPastTheChunk) {
  pb21::Rle description;
  description.mutable_values()->mutable_flat()->set_bits_per_value(16);
  description.mutable_run_lengths()->mutable_flat()->set_bits_per_value(8);
  LeafShape shape;
  shape.kind = LeafKind::kFixed;
  shape.bits = shape.element_bits = 16;
  auto codec = MakeRleCodec(description, shape).ValueOrDie();
  const uint16_t values[] = {7, 8, 9};
  const uint8_t lengths[] = {3, 40, 200};
  Bytes buffers[] = {Bytes(reinterpret_cast<const uint8_t*>(values), 6), Bytes(lengths, 3)};
  ValueSink sink = ValueSink::Make(shape, 6).ValueOrDie();
  const RowRange ranges[] = {{1, 4}, {42, 2}};
  ASSERT_TRUE(codec->Decode({64, buffers}, ranges, &sink).ok());  // 64 values, runs for 243
  const auto* out = reinterpret_cast<const uint16_t*>(sink.fixed.data);
  EXPECT_THAT(std::vector<uint16_t>(out, out + 6), testing::ElementsAre(7, 7, 8, 8, 8, 9));
  const uint8_t zero[] = {3, 0, 200};
  buffers[1] = Bytes(zero, 3);
  EXPECT_TRUE(Is(codec->Decode({64, buffers}, {ranges, 1}, &sink), ErrorKind::kCorruption));
  description.mutable_run_lengths()->mutable_flat()->set_bits_per_value(16);
  EXPECT_TRUE(Is(MakeRleCodec(description, shape).status(), ErrorKind::kNotSupported));
}

Result<std::string> Decompress(Compressor compressor, const std::string& stored) {
  ARROW_ASSIGN_OR_RAISE(
      CompressedBuffer buffer,
      ParseCompressed(compressor, {reinterpret_cast<const uint8_t*>(stored.data()), stored.size()}));
  std::string out(buffer.raw_bytes, 0);
  ARROW_RETURN_NOT_OK(DecompressInto(buffer, reinterpret_cast<uint8_t*>(out.data())));
  return out;
}

template <typename Length>
std::string Prefixed(Length length, const std::string& rest) {
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + rest;
}

TEST(General, ReadsPrefixedAndBareFrames) {
  const std::string text(1000, 'z');
  std::string frame(ZSTD_compressBound(text.size()), 0);
  frame.resize(ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 1));
  EXPECT_EQ(Decompress(Compressor::kZstd, Prefixed<uint64_t>(1000, frame)).ValueOrDie(), text);
  EXPECT_EQ(Decompress(Compressor::kZstd, frame).ValueOrDie(), text);
  EXPECT_FALSE(Decompress(Compressor::kZstd, Prefixed<uint64_t>(999, frame)).ok());
  EXPECT_FALSE(Decompress(Compressor::kZstd, Prefixed<uint64_t>(uint64_t{1} << 60, frame)).ok());

  // A frame from a stream does not know its size.
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::string stream(ZSTD_compressBound(text.size()), 0);
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer out{stream.data(), stream.size(), 0};
  ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush);
  ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
  ZSTD_freeCCtx(context);
  stream.resize(out.pos);
  EXPECT_EQ(Decompress(Compressor::kZstd, stream).ValueOrDie(), text);
  EXPECT_FALSE(Decompress(Compressor::kZstd, stream.substr(0, stream.size() - 4)).ok());

  std::string block(static_cast<size_t>(LZ4_compressBound(1000)), 0);
  block.resize(static_cast<size_t>(
      LZ4_compress_default(text.data(), block.data(), 1000, static_cast<int>(block.size()))));
  EXPECT_EQ(Decompress(Compressor::kLz4, Prefixed<uint32_t>(1000, block)).ValueOrDie(), text);
  EXPECT_FALSE(Decompress(Compressor::kLz4, Prefixed<uint32_t>(1001, block)).ok());
  EXPECT_FALSE(Decompress(Compressor::kLz4, Prefixed<uint32_t>(UINT32_MAX, block)).ok());
  EXPECT_EQ(Decompress(Compressor::kLz4, "").ValueOrDie(), "");
}

TEST(StringBlock, ReadsBothHeaders) {
  auto bytes = [](std::initializer_list<uint32_t> words, const std::string& tail) {
    std::string out;
    for (uint32_t word : words) out += Prefixed(word, "");
    return out + tail;
  };
  auto parse = [](const std::string& payload, uint64_t count) {
    return ParseStringBlock({reinterpret_cast<const uint8_t*>(payload.data()), payload.size()}, count);
  };
  std::string now = bytes({32, 20, 0, 2, 5}, "abcde");
  StringBlock block = parse(now, 2).ValueOrDie();
  EXPECT_EQ(block.offset(1), 2u);
  EXPECT_EQ(block.bytes.size(), 5u);
  std::string old = "\x20" + bytes({2, 21, 0, 2, 5}, "abcde");
  block = parse(old, 2).ValueOrDie();
  EXPECT_EQ(block.offset(2), 5u);
  EXPECT_EQ(block.bytes[0], 'a');
  EXPECT_FALSE(parse(now, 3).ok());
  EXPECT_FALSE(parse(now, UINT64_MAX).ok());
  EXPECT_FALSE(parse("abc", 1).ok());
}

TEST(LevelBits, AgreeWithTheirDefinitionAtEveryLength) {
  std::vector<uint16_t> levels;
  for (int i = 0; i < 300; ++i) levels.push_back(static_cast<uint16_t>(i * 7 % 5 == 0 ? 0 : i % 4));
  levels[200] = 65535;
  for (uint64_t count = 0; count <= levels.size(); ++count) {
    std::vector<uint8_t> bits(count / 8 + 64);
    ZeroBits(levels.data(), count, bits.data());
    uint64_t at_most = 0;
    uint64_t equal = 0;
    uint16_t highest = 0;
    for (uint64_t i = 0; i < count; ++i) {
      ASSERT_EQ((bits[i / 8] >> i % 8) & 1, levels[i] == 0 ? 1 : 0);
      at_most += levels[i] <= 2;
      equal += levels[i] == 3;
      highest = std::max(highest, levels[i]);
    }
    ASSERT_EQ(CountAtMost(levels.data(), count, 2), at_most);
    ASSERT_EQ(CountEqual(levels.data(), count, 3), equal);
    ASSERT_EQ(MaxLevel(levels.data(), count), highest);
  }
}

}  // namespace
}  // namespace lance::encoding
