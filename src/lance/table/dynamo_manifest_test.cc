#include "lance/table/dynamo_manifest.h"

#include <gtest/gtest.h>

#include "lance/base/json.h"
#include "lance/table/open_root.h"

namespace lance::table {
namespace {

Result<ExternalManifestStore::Row> Parse(const char* text) {
  return ParseDynamoItem(ParseJson(text).ValueOrDie(), "folder/t.lance");
}

// An item of the reference, 14.0.2.
TEST(DynamoItems, AreReadAsTheReferenceWritesThem) {
  auto row = Parse(
      R"({"version":{"N":"3"},"path":{"S":"folder/t.lance/_versions/18446744073709551612.manifest"},)"
      R"("base_uri":{"S":"folder/t.lance"},"size":{"N":"502"},"committer":{"S":"lancedb"},"e_tag":{"S":"old"}})");
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->version, 3u);
  EXPECT_EQ(row->path, "_versions/18446744073709551612.manifest");
  EXPECT_EQ(row->size, 502u);
  // Rows of older releases have no size.
  row = Parse(R"({"version":{"N":"3"},"path":{"S":"folder/t.lance/_versions/3.manifest-uuid"}})");
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->size, std::nullopt);
}

TEST(DynamoItems, AreRefusedWhenDamagedOrOfAnotherTable) {
  for (const char* text :
       {"{}", "[]", R"({"version":{"S":"3"},"path":{"S":"folder/t.lance/x"}})", R"({"version":{"N":"3"}})",
        R"({"version":{"N":"-3"},"path":{"S":"folder/t.lance/x"}})",
        R"({"version":{"N":"3"},"path":{"S":"folder/other.lance/x"}})",
        R"({"version":{"N":"3"},"path":{"S":"folder/t.lance/"}})",
        R"({"version":{"N":"3"},"path":{"S":"folder/t.lance/x"},"size":{"S":"5"}})"}) {
    EXPECT_TRUE(Is(Parse(text).status(), ErrorKind::kCorruption)) << text;
  }
}

TEST(DynamoUris, NameOneTable) {
  for (const char* uri : {"s3+ddb://b/t", "s3+ddb://b/t?ddbTableName=", "s3+ddb://b/t?other=x",
                          "s3+ddb://b/t?ddbTableName=a&ddbTableName=b"}) {
    EXPECT_TRUE(Is(OpenRoot(uri).status(), ErrorKind::kInvalidArgument)) << uri;
  }
}

}  // namespace
}  // namespace lance::table
