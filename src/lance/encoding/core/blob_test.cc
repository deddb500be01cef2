#include "lance/encoding/core/blob.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

namespace lance::encoding {
namespace {

// Names seen in tables written by pylance 14.0.2.
TEST(BlobSidecarPath, ReversesTheBitsOfTheId) {
  EXPECT_EQ(BlobSidecarPath("abc.lance", 1), "abc/10000000000000000000000000000000.blob");
  EXPECT_EQ(BlobSidecarPath("abc.lance", 2), "abc/01000000000000000000000000000000.blob");
  EXPECT_EQ(BlobSidecarPath("abc", 0x80000000u), "abc/00000000000000000000000000000001.blob");
}

template <typename Builder, typename Values>
std::shared_ptr<arrow::Array> Column(const Values& values) {
  Builder builder;
  for (const auto& value : values) EXPECT_TRUE(builder.Append(value).ok());
  return *builder.Finish();
}

std::shared_ptr<arrow::StructArray> Descriptors(std::vector<uint8_t> kinds) {
  const std::vector<uint64_t> numbers(kinds.size(), 70);
  auto bitmap = arrow::Buffer::FromVector(std::vector<uint8_t>{0b01});
  return *arrow::StructArray::Make(
      {Column<arrow::UInt8Builder>(kinds), Column<arrow::UInt64Builder>(numbers),
       Column<arrow::UInt64Builder>(numbers),
       Column<arrow::UInt32Builder>(std::vector<uint32_t>(kinds.size(), 1)),
       Column<arrow::StringBuilder>(std::vector<std::string>(kinds.size(), "u"))},
      std::vector<std::string>{"kind", "position", "size", "blob_id", "blob_uri"}, bitmap);
}

TEST(LocateBlobs, ReadsDescriptorsOfBothVersions) {
  auto blobs = LocateBlobs(*Descriptors({2, 0})->data());
  ASSERT_TRUE(blobs.ok()) << blobs.status();
  ASSERT_TRUE((*blobs)[0].has_value());
  EXPECT_EQ((*blobs)[0]->kind, BlobKind::kDedicated);
  EXPECT_EQ((*blobs)[0]->size, 70u);
  EXPECT_EQ((*blobs)[0]->uri, "u");
  EXPECT_FALSE((*blobs)[1].has_value());
  const std::vector<uint64_t> numbers = {5, 6};
  auto v1 = *arrow::StructArray::Make(
      {Column<arrow::UInt64Builder>(numbers), Column<arrow::UInt64Builder>(numbers)},
      std::vector<std::string>{"position", "size"});
  auto old = LocateBlobs(*v1->data());
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ((*old)[1]->kind, BlobKind::kInline);
  EXPECT_EQ((*old)[1]->position, 6u);
}

TEST(LocateBlobs, RefusesUnknownKindsAndOtherTypes) {
  EXPECT_EQ(KindOf(LocateBlobs(*Descriptors({6, 0})->data()).status()), ErrorKind::kNotSupported);
  auto numbers = Column<arrow::UInt64Builder>(std::vector<uint64_t>{1});
  EXPECT_EQ(KindOf(LocateBlobs(*numbers->data()).status()), ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace lance::encoding
