#include "lance/base/status.h"

#include <gtest/gtest.h>

#include "lance/base/span_reader.h"

namespace lance {

TEST(Status, KeepsKindThroughContext) {
  Status status = WithContext(Corruption("chunk {} is short", 3), "reading a.lance");
  EXPECT_EQ(KindOf(status), ErrorKind::kCorruption);
  EXPECT_EQ(status.message(), "reading a.lance: chunk 3 is short");
}

TEST(Status, MapsArrowCodesToTheNearestKind) {
  EXPECT_EQ(KindOf(Status::OK()), std::nullopt);
  EXPECT_EQ(KindOf(Status::TypeError("x")), ErrorKind::kInvalidArgument);
  EXPECT_EQ(KindOf(Status::NotImplemented("x")), ErrorKind::kNotSupported);
}

TEST(SpanReader, RefusesReadsPastTheEndByName) {
  const uint8_t bytes[5] = {1, 0, 0, 0, 7};
  SpanReader reader(bytes);
  EXPECT_EQ(reader.ReadLE<uint32_t>("num_runs").ValueOrDie(), 1u);
  Status status = reader.ReadLE<uint32_t>("run length").status();
  EXPECT_EQ(KindOf(status), ErrorKind::kCorruption);
  EXPECT_NE(status.message().find("run length"), std::string::npos);
  EXPECT_EQ(reader.remaining(), 1u);
  EXPECT_FALSE(reader.ReadBytes(UINT64_MAX, "huge").ok());
}

}  // namespace lance
