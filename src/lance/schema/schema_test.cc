#include "lance/schema/schema.h"

#include <arrow/api.h>
#include <arrow/extension/uuid.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/proto/file_format.pb.h"
#include "lance/schema/logical_type.h"
#include "lance/schema/schema_serde.h"

namespace lance::schema {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<arrow::KeyValueMetadata> Meta(const char* key, const char* value) {
  return arrow::key_value_metadata({key}, {value});
}

// What pylance 14.0.2 stores for a type and gives back for it.
struct Case {
  const char* logical_type;
  std::shared_ptr<arrow::DataType> type;
};

std::vector<Case> FlatTypes() {
  auto bfloat16 = arrow::field("item", arrow::fixed_size_binary(2), true,
                               arrow::key_value_metadata({"ARROW:extension:name", "ARROW:extension:metadata"},
                                                         {"lance.bfloat16", ""}));
  return {
      {"null", arrow::null()},
      {"bool", arrow::boolean()},
      {"int8", arrow::int8()},
      {"uint64", arrow::uint64()},
      {"halffloat", arrow::float16()},
      {"float", arrow::float32()},
      {"double", arrow::float64()},
      {"string", arrow::utf8()},
      {"large_binary", arrow::large_binary()},
      {"date32:day", arrow::date32()},
      {"date64:ms", arrow::date64()},
      {"time32:ms", arrow::time32(arrow::TimeUnit::MILLI)},
      {"time64:ns", arrow::time64(arrow::TimeUnit::NANO)},
      {"timestamp:us:-", arrow::timestamp(arrow::TimeUnit::MICRO)},
      {"timestamp:us:+08:00", arrow::timestamp(arrow::TimeUnit::MICRO, "+08:00")},
      {"timestamp:s:Europe/Paris", arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Paris")},
      {"duration:ns", arrow::duration(arrow::TimeUnit::NANO)},
      {"decimal:128:10:-2", arrow::decimal128(10, -2)},
      {"decimal:256:76:38", arrow::decimal256(76, 38)},
      {"fixed_size_binary:16", arrow::fixed_size_binary(16)},
      {"fixed_size_list:float:768", arrow::fixed_size_list(arrow::float32(), 768)},
      {"fixed_size_list:timestamp:us:+08:00:3",
       arrow::fixed_size_list(arrow::timestamp(arrow::TimeUnit::MICRO, "+08:00"), 3)},
      {"fixed_size_list:fixed_size_list:int16:3:2",
       arrow::fixed_size_list(arrow::fixed_size_list(arrow::int16(), 3), 2)},
      {"fixed_size_list:lance.bfloat16:2", arrow::fixed_size_list(bfloat16, 2)},
      {"dict:string:int8:false", arrow::dictionary(arrow::int8(), arrow::utf8())},
  };
}

TEST(LogicalType, NamesAndTypesAnswerEachOther) {
  for (const Case& c : FlatTypes()) {
    auto type = ArrowTypeOf(c.logical_type);
    ASSERT_TRUE(type.ok()) << type.status();
    EXPECT_TRUE((*type)->Equals(*c.type, /*check_metadata=*/true))
        << c.logical_type << " " << (*type)->ToString();
    EXPECT_EQ(LogicalTypeOf(*arrow::field("a", c.type)).ValueOr("error"), c.logical_type);
  }
}

TEST(LogicalType, ReadsNamesThatOnlyOlderWritersUsed) {
  EXPECT_TRUE((*ArrowTypeOf("json"))->Equals(arrow::large_binary()));
  EXPECT_TRUE((*ArrowTypeOf("blob"))->Equals(arrow::large_binary()));
}

TEST(LogicalType, RefusesUnknownAndImpossibleNames) {
  for (const char* name :
       {"", "int128", "fixed_size_list", "fixed_size_list:float", "fixed_size_list:float:x",
        "fixed_size_list:list:2", "dict:string:int8", "dict:string:int8:false:x", "decimal:64:1:1",
        "decimal:128:x:1", "timestamp:us", "timestamp:min:-", "struct"}) {
    EXPECT_TRUE(Is(ArrowTypeOf(name).status(), ErrorKind::kNotSupported))
        << name << ArrowTypeOf(name).status();
  }
  for (const char* name : {"fixed_size_list:float:0", "fixed_size_list:float:-1", "fixed_size_binary:-1",
                           "decimal:128:99:0", "dict:string:float:false"}) {
    EXPECT_TRUE(Is(ArrowTypeOf(name).status(), ErrorKind::kCorruption)) << name << ArrowTypeOf(name).status();
  }
  std::string deep = "int8";
  for (int i = 0; i < 1000; ++i) deep = "fixed_size_list:" + deep + ":1";
  EXPECT_TRUE(Is(ArrowTypeOf(deep).status(), ErrorKind::kCorruption));
}

std::shared_ptr<arrow::Schema> Nested() {
  auto metadata = Meta("k", "v");
  auto q = arrow::struct_({arrow::field("q", arrow::int8(), false)});
  return arrow::schema(
      {
          arrow::field("i", arrow::int32(), false, metadata),
          arrow::field(
              "packed",
              arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::float64())}), true,
              Meta("lance-encoding:packed", "true")),
          arrow::field("l", arrow::list(arrow::field("element", arrow::int32(), false, metadata))),
          arrow::field("ls", arrow::large_list(arrow::field("ee", q))),
          arrow::field("m", arrow::map(arrow::utf8(), arrow::int32())),
          arrow::field("fs", arrow::fixed_size_list(arrow::field("item", q), 2)),
          arrow::field("empty", arrow::struct_(arrow::FieldVector{})),
      },
      Meta("sm", "x"));
}

TEST(Schema, ArrowSchemaSurvivesTheRoundTrip) {
  auto schema = FromArrow(*Nested());
  ASSERT_TRUE(schema.ok()) << schema.status();
  auto back = schema->ToArrow();
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE((*back)->Equals(*Nested(), true)) << (*back)->ToString(true);
  std::vector<int32_t> expected(17);
  for (int i = 0; i < 17; ++i) expected[i] = i;
  EXPECT_EQ(schema->FieldIds(), expected);
  EXPECT_EQ(schema->MaxFieldId(), 16);
  EXPECT_EQ(schema->fields[3].logical_type, "large_list.struct");
  EXPECT_EQ(schema->fields[5].logical_type, "fixed_size_list:struct:2");
  EXPECT_TRUE(schema->fields[1].is_packed_struct());
  EXPECT_EQ(schema->fields[4].children[0].name, "entries");
  EXPECT_EQ(schema->fields[4].children[0].children[1].parent_id, schema->fields[4].children[0].id);
}

TEST(Schema, WireFormSurvivesTheRoundTrip) {
  Schema schema = *FromArrow(*Nested());
  schema.fields[0].unenforced_primary_key = true;
  schema.fields[0].unenforced_primary_key_position = 1;
  schema.fields[0].dictionary = {7, 9};
  pb::Schema wire;
  ToProto(schema, wire.mutable_fields(), wire.mutable_metadata());
  EXPECT_EQ(wire.fields_size(), 17);
  auto back = FromProto(wire.fields(), wire.metadata());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, schema);
}

TEST(Schema, ExtensionTypesBecomeStorageAndMetadata) {
  auto schema =
      FromArrow(*arrow::schema({arrow::field("u", arrow::extension::uuid()),
                                arrow::field("j", arrow::utf8(), true, Meta(kExtensionName, "arrow.json"))}));
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(schema->fields[0].logical_type, "fixed_size_binary:16");
  EXPECT_EQ(schema->fields[0].metadata.at(kExtensionName), "arrow.uuid");
  EXPECT_EQ(schema->fields[1].logical_type, "json");
  auto json = schema->fields[1].ToArrow();
  ASSERT_TRUE(json.ok());
  EXPECT_TRUE((*json)->type()->Equals(arrow::large_binary()));
  EXPECT_EQ((*json)->metadata()->Get(kExtensionName).ValueOr(""), "lance.json");
}

TEST(Schema, KeepsGivenFieldIdsAndReadsKeys) {
  auto keyed = arrow::key_value_metadata({"lance:field_id", "lance-schema:unenforced-primary-key:position"},
                                         {"10", "2"});
  auto schema = FromArrow(
      *arrow::schema({arrow::field("a", arrow::int32()), arrow::field("b", arrow::int32(), true, keyed)}));
  ASSERT_TRUE(schema.ok());
  EXPECT_THAT(schema->FieldIds(), ElementsAre(11, 10));
  EXPECT_TRUE(schema->fields[1].unenforced_primary_key);
  EXPECT_EQ(schema->fields[1].unenforced_primary_key_position, 2u);
  EXPECT_FALSE(schema->fields[1].metadata.contains("lance:field_id"));
}

TEST(Schema, RefusesWhatLanceCannotStore) {
  auto refuse = [](std::shared_ptr<arrow::DataType> type) {
    auto schema = FromArrow(*arrow::schema({arrow::field("a", type)}));
    EXPECT_TRUE(Is(schema.status(), ErrorKind::kNotSupported)) << schema.status();
  };
  refuse(arrow::month_interval());
  refuse(arrow::map(arrow::utf8(), arrow::int8(), /*keys_sorted=*/true));
  refuse(arrow::fixed_size_list(arrow::list(arrow::int8()), 2));
  refuse(arrow::fixed_size_list(arrow::map(arrow::utf8(), arrow::int8()), 2));
  refuse(arrow::dictionary(arrow::int8(), arrow::decimal128(3, 1)));
  refuse(arrow::run_end_encoded(arrow::int32(), arrow::int8()));
}

TEST(Schema, ViewsAreStoredAsPlainStrings) {
  auto schema = FromArrow(
      *arrow::schema({arrow::field("a", arrow::utf8_view()), arrow::field("b", arrow::binary_view())}));
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(schema->fields[0].logical_type, "string");
  EXPECT_EQ(schema->fields[1].logical_type, "binary");
}

void AddField(pb::Schema* schema, int32_t id, int32_t parent, const char* name, const char* type) {
  pb::Field* field = schema->add_fields();
  field->set_id(id);
  field->set_parent_id(parent);
  field->set_name(name);
  field->set_logical_type(type);
  field->set_nullable(true);
}

TEST(SchemaSerde, PutsOrphanedDescriptorMembersBackUnderTheirBlob) {
  pb::Schema wire;
  AddField(&wire, 0, -1, "a", "struct");
  (*wire.mutable_fields(0)->mutable_metadata())["lance-encoding:blob"] = "true";
  AddField(&wire, -1, -1, "kind", "uint8");
  AddField(&wire, -1, -1, "position", "uint64");
  AddField(&wire, -1, -1, "size", "uint64");
  AddField(&wire, -1, -1, "blob_id", "uint32");
  AddField(&wire, -1, -1, "blob_uri", "string");
  AddField(&wire, -1, -1, "lonely", "int32");
  auto schema = FromProto(wire.fields(), wire.metadata());
  ASSERT_TRUE(schema.ok()) << schema.status();
  ASSERT_EQ(schema->fields.size(), 2u);
  EXPECT_TRUE(schema->fields[0].is_blob_v2());
  EXPECT_EQ(schema->fields[0].children.size(), 5u);
  EXPECT_EQ(schema->fields[1].name, "lonely");
}

TEST(SchemaSerde, FirstOfRepeatedIdsIsTheParent) {
  pb::Schema wire;
  AddField(&wire, 1, -1, "a", "struct");
  AddField(&wire, 1, -1, "b", "int32");
  AddField(&wire, 2, 1, "c", "int32");
  auto schema = FromProto(wire.fields(), wire.metadata());
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(schema->fields[0].children.size(), 1u);
}

TEST(SchemaSerde, RefusesUnknownParentsAndDeepNesting) {
  pb::Schema wire;
  AddField(&wire, 1, 7, "a", "int32");
  EXPECT_TRUE(Is(FromProto(wire.fields(), wire.metadata()).status(), ErrorKind::kCorruption));
  pb::Schema itself;
  AddField(&itself, 1, 1, "a", "struct");
  EXPECT_TRUE(Is(FromProto(itself.fields(), itself.metadata()).status(), ErrorKind::kCorruption));
  pb::Schema deep;
  for (int i = 0; i < 300; ++i) AddField(&deep, i, i - 1, "a", "struct");
  EXPECT_TRUE(Is(FromProto(deep.fields(), deep.metadata()).status(), ErrorKind::kCorruption));
}

TEST(Schema, ToArrowRefusesMalformedTrees) {
  auto check = [](Field field) {
    EXPECT_TRUE(Is(field.ToArrow().status(), ErrorKind::kCorruption)) << field.ToArrow().status();
  };
  Field list;
  list.logical_type = "list";
  check(list);
  Field map;
  map.logical_type = "map";
  Field child;
  child.logical_type = "int32";
  map.children = {child};
  check(map);
  Field fixed;
  fixed.logical_type = "fixed_size_list:struct:3";
  check(fixed);
}

TEST(Schema, ResolvesPaths) {
  Schema schema = *FromArrow(*arrow::schema(
      {arrow::field(
           "a", arrow::struct_({arrow::field("b.c", arrow::struct_({arrow::field("d", arrow::int8())}))})),
       arrow::field("x.y", arrow::int32())}));
  EXPECT_EQ((*schema.Resolve("a.`b.c`.d"))->id, 2);
  EXPECT_EQ((*schema.Resolve("x.y"))->id, 3);
  EXPECT_EQ((*schema.Resolve("a"))->id, 0);
  Status missing = schema.Resolve("nope").status();
  EXPECT_TRUE(Is(missing, ErrorKind::kInvalidArgument));
  EXPECT_EQ(missing.message(), "No field named nope. Valid fields are a, x.y.");
  EXPECT_THAT(schema.Resolve("a.z").status().message(), HasSubstr("No field named a.z"));
}

TEST(SplitPath, HandlesQuotes) {
  EXPECT_THAT(*SplitPath("a.`b.c`.d"), ElementsAre("a", "b.c", "d"));
  EXPECT_THAT(*SplitPath("`x``y`"), ElementsAre("x`y"));
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "`a", "a`b`", "`a`b", "``"}) {
    EXPECT_TRUE(Is(SplitPath(bad).status(), ErrorKind::kInvalidArgument)) << bad;
  }
}

TEST(Schema, ProjectsMembersInStoredOrder) {
  Schema schema = *FromArrow(*Nested());
  Schema some = *schema.Project({"m", "packed.y", "i", "packed.x", "ls.ee.q"});
  ASSERT_EQ(some.fields.size(), 4u);
  EXPECT_EQ(some.fields[0].name, "m");
  EXPECT_EQ(some.fields[1].children.size(), 2u);
  EXPECT_EQ(some.fields[1].children[0].name, "x");
  EXPECT_EQ(some.fields[3].children[0].children[0].name, "q");
  Schema one = *schema.Project({"packed.y"});
  ASSERT_EQ(one.fields[0].children.size(), 1u);
  EXPECT_EQ(one.fields[0].children[0].name, "y");
  EXPECT_EQ(one.metadata, schema.metadata);
  // A map is read as a whole, and so is a struct that is also named itself.
  EXPECT_EQ(schema.Project({"m.entries.key"})->fields[0], schema.fields[4]);
  EXPECT_EQ(schema.Project({"packed.y", "packed"})->fields[0], schema.fields[1]);
  EXPECT_TRUE(Is(schema.Project({"packed.z"}).status(), ErrorKind::kInvalidArgument));
  EXPECT_TRUE(schema.Project({})->fields.empty());
}

TEST(Field, BlobDescriptorsReplaceBlobColumns) {
  Schema schema = *FromArrow(*arrow::schema(
      {arrow::field("v1", arrow::large_binary(), true, Meta("lance-encoding:blob", "true")),
       arrow::field(
           "v2",
           arrow::struct_({arrow::field("data", arrow::large_binary()), arrow::field("uri", arrow::utf8())}),
           true, Meta(kExtensionName, "lance.blob.v2")),
       arrow::field("other", arrow::int32())}));
  EXPECT_TRUE(schema.fields[0].is_blob());
  EXPECT_FALSE(schema.fields[0].is_blob_v2());
  EXPECT_TRUE(schema.fields[1].is_blob_v2());
  EXPECT_EQ((*schema.fields[0].BlobDescriptor().ArrowType())->ToString(),
            "struct<position: uint64, size: uint64>");
  EXPECT_EQ((*schema.fields[1].BlobDescriptor().ArrowType())->ToString(),
            "struct<kind: uint8 not null, position: uint64 not null, size: uint64 not null, blob_id: uint32 "
            "not null, "
            "blob_uri: string not null>");
  EXPECT_EQ(schema.fields[1].BlobDescriptor().id, schema.fields[1].id);
  EXPECT_EQ(schema.fields[2].BlobDescriptor(), schema.fields[2]);
  EXPECT_EQ((*schema.fields[1].BlobBytes().ArrowType())->ToString(), "large_binary");
  EXPECT_FALSE(schema.fields[1].BlobBytes().is_blob());
  EXPECT_EQ(schema.fields[0].BlobBytes(), schema.fields[0]);
  EXPECT_EQ(schema.fields[2].BlobBytes(), schema.fields[2]);
}

}  // namespace
}  // namespace lance::schema
