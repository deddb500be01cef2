// A 0.1 file as a table reads it: the field ids and the types come from the table's manifest, and so do the
// dictionaries. The input is both files: u16 length of the manifest file | manifest file | data file. What
// the data file says of itself is file_fuzz's part.
#include <algorithm>

#include <arrow/api.h>

#include "lance/base/span_reader.h"
#include "lance/file/testing/read_some.h"
#include "lance/proto/parse.h"
#include "lance/proto/table_format.pb.h"
#include "lance/schema/schema_serde.h"
#include "lance/store/memory_store.h"
#include "lance/store/object_store.h"

namespace {

using namespace lance;
using Bytes = std::span<const uint8_t>;

constexpr uint64_t kManifestFooterBytes = 16;

std::shared_ptr<store::ReadableObject> Object(const char* name, Bytes bytes) {
  auto buffer = arrow::Buffer::FromString(std::string(bytes.begin(), bytes.end()));
  return store::MakeMemoryObject(name, buffer);
}

/// The schema of a manifest file: u32 length | message, at the position that its footer holds.
Result<schema::Schema> SchemaOf(Bytes file) {
  SpanReader footer(file.last(std::min<size_t>(file.size(), kManifestFooterBytes)));
  ARROW_ASSIGN_OR_RAISE(auto position, footer.ReadLE<uint64_t>("position"));
  LANCE_CHECK_BYTES(position <= file.size(), "the manifest lies at {}", position);
  SpanReader at(file.subspan(position));
  ARROW_ASSIGN_OR_RAISE(auto length, at.ReadLE<uint32_t>("length"));
  ARROW_ASSIGN_OR_RAISE(auto message, at.ReadBytes(length, "manifest"));
  pb::Manifest manifest;
  LANCE_CHECK_BYTES(pb::Parse(message, &manifest), "no manifest");
  return schema::FromProto(manifest.fields(), manifest.schema_metadata());
}

Status ReadAsTable(Bytes input) {
  SpanReader reader(input);
  ARROW_ASSIGN_OR_RAISE(auto length, reader.ReadLE<uint16_t>("length"));
  ARROW_ASSIGN_OR_RAISE(auto manifest, reader.ReadBytes(length, "manifest file"));
  ARROW_ASSIGN_OR_RAISE(auto data, reader.ReadBytes(reader.remaining(), "data file"));
  ARROW_ASSIGN_OR_RAISE(auto schema, SchemaOf(manifest));
  file::ReadOptions options;
  options.fields = schema.FieldIds();
  options.manifest_file = Object("fuzz.manifest", manifest);
  ARROW_ASSIGN_OR_RAISE(auto file, file::FileReader::Open(Object("fuzz.lance", data), options));
  for (int column = 0; column < std::min(file->num_columns(), 100); ++column) (void)file->Describe(column);
  for (size_t i = 0; i < std::min<size_t>(schema.fields.size(), 50); ++i) {
    file::testing::ReadSome(file.get(), schema.fields[i], file::BlobHandling::kDescriptions);
  }
  return Status::OK();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)ReadAsTable({data, size});
  return 0;
}
