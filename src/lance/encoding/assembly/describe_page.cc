#include "lance/encoding/assembly/describe_page.h"

#include <fmt/format.h>

#include "lance/proto/page_encodings.pb.h"
#include "lance/proto/parse.h"

namespace lance::encoding {
namespace {

constexpr int kMaxDepth = 32;

std::string Describe(const pb21::CompressiveEncoding& encoding, int depth);

std::string SchemeName(const pb21::BufferCompression& compression) {
  switch (compression.scheme()) {
    case pb21::COMPRESSION_LZ4:
      return "lz4";
    case pb21::COMPRESSION_ZSTD:
      return "zstd";
    default:
      return fmt::format("scheme {}", static_cast<int>(compression.scheme()));
  }
}

std::string DescribePackedStruct(const pb21::PackedStruct& packed, int depth) {
  std::string out = "PackedStruct{";
  for (int i = 0; i < packed.bits_per_value_size(); ++i) out += fmt::format("{}, ", packed.bits_per_value(i));
  return out + Describe(packed.values(), depth + 1) + "}";
}

std::string DescribeVariablePackedStruct(const pb21::VariablePackedStruct& packed, int depth) {
  std::string out = "VariablePackedStruct{";
  for (int i = 0; i < packed.fields_size(); ++i) {
    if (i > 0) out += ", ";
    out += Describe(packed.fields(i).value(), depth + 1);
  }
  return out + "}";
}

std::string Describe(const pb21::CompressiveEncoding& encoding, int depth) {
  if (depth > kMaxDepth) return "...";
  auto inner = [&](const pb21::CompressiveEncoding& child) { return Describe(child, depth + 1); };
  switch (encoding.compression_case()) {
    case pb21::CompressiveEncoding::kFlat:
      return fmt::format("Flat{{{}}}", encoding.flat().bits_per_value());
    case pb21::CompressiveEncoding::kVariable:
      return fmt::format("Variable{{{}}}", inner(encoding.variable().offsets()));
    case pb21::CompressiveEncoding::kConstant:
      return "Constant";
    case pb21::CompressiveEncoding::kOutOfLineBitpacking: {
      const auto& packing = encoding.out_of_line_bitpacking();
      return fmt::format("OutOfLineBitpacking{{{} -> {}}}", packing.uncompressed_bits_per_value(),
                         packing.values().flat().bits_per_value());
    }
    case pb21::CompressiveEncoding::kInlineBitpacking:
      return fmt::format("InlineBitpacking{{{}}}",
                         encoding.inline_bitpacking().uncompressed_bits_per_value());
    case pb21::CompressiveEncoding::kFsst:
      return fmt::format("Fsst{{{}}}", inner(encoding.fsst().values()));
    case pb21::CompressiveEncoding::kDictionary:
      return fmt::format("Dictionary{{{}, {} of {}}}", inner(encoding.dictionary().indices()),
                         encoding.dictionary().num_dictionary_items(), inner(encoding.dictionary().items()));
    case pb21::CompressiveEncoding::kRle:
      return fmt::format("Rle{{{}, {}}}", inner(encoding.rle().values()),
                         inner(encoding.rle().run_lengths()));
    case pb21::CompressiveEncoding::kByteStreamSplit:
      return fmt::format("ByteStreamSplit{{{}}}", inner(encoding.byte_stream_split().values()));
    case pb21::CompressiveEncoding::kGeneral:
      return fmt::format("General{{{}, {}}}", SchemeName(encoding.general().compression()),
                         inner(encoding.general().values()));
    case pb21::CompressiveEncoding::kFixedSizeList: {
      const auto& list = encoding.fixed_size_list();
      return fmt::format("FixedSizeList{{{}{}, {}}}", list.items_per_value(),
                         list.has_validity() ? " nullable" : "", inner(list.values()));
    }
    case pb21::CompressiveEncoding::kPackedStruct:
      return DescribePackedStruct(encoding.packed_struct(), depth);
    case pb21::CompressiveEncoding::kVariablePackedStruct:
      return DescribeVariablePackedStruct(encoding.variable_packed_struct(), depth);
    case pb21::CompressiveEncoding::COMPRESSION_NOT_SET:
      return "unknown";
  }
  return "unknown";
}

std::string DescribeMiniBlock(const pb21::MiniBlockLayout& layout) {
  std::string out = "MiniBlock{" + Describe(layout.value_compression(), 0);
  if (layout.has_dictionary()) {
    out += fmt::format(", dictionary: {} of {}", layout.num_dictionary_items(),
                       Describe(layout.dictionary(), 0));
  }
  if (layout.has_rep_compression()) out += ", rep: " + Describe(layout.rep_compression(), 0);
  if (layout.has_def_compression()) out += ", def: " + Describe(layout.def_compression(), 0);
  return out + "}";
}

std::string DescribeFullZip(const pb21::FullZipLayout& layout) {
  std::string out = "FullZip{" + Describe(layout.value_compression(), 0);
  if (layout.bits_rep() > 0) out += fmt::format(", rep: {} bits", layout.bits_rep());
  if (layout.bits_def() > 0) out += fmt::format(", def: {} bits", layout.bits_def());
  return out + "}";
}

std::string DescribeConstant(const pb21::ConstantLayout& layout) {
  std::string out = layout.has_inline_value()
                        ? fmt::format("Constant{{{} bytes inline", layout.inline_value().size())
                        : std::string("Constant{");
  if (layout.has_rep_compression()) out += " rep: " + Describe(layout.rep_compression(), 0);
  if (layout.has_def_compression()) out += " def: " + Describe(layout.def_compression(), 0);
  return out + "}";
}

std::string DescribeLayout(const pb21::PageLayout& layout, int depth) {
  switch (layout.layout_case()) {
    case pb21::PageLayout::kMiniBlockLayout:
      return DescribeMiniBlock(layout.mini_block_layout());
    case pb21::PageLayout::kConstantLayout:
      return DescribeConstant(layout.constant_layout());
    case pb21::PageLayout::kFullZipLayout:
      return DescribeFullZip(layout.full_zip_layout());
    case pb21::PageLayout::kBlobLayout:
      if (depth > kMaxDepth) return "...";
      return "Blob{" + DescribeLayout(layout.blob_layout().inner_layout(), depth + 1) + "}";
    case pb21::PageLayout::LAYOUT_NOT_SET:
      return "unknown layout";
  }
  return "unknown layout";
}

}  // namespace

std::string DescribePage(const std::string& encoding) {
  pb21::PageLayout layout;
  if (!pb::Parse(encoding, &layout)) return "unreadable PageLayout";
  return DescribeLayout(layout, 0);
}

}  // namespace lance::encoding
