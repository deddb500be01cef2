#pragma once

// For .cc files that know protobuf: the messages that manifests and transactions share, both ways.

#include <map>
#include <string>

#include "lance/proto/table_format.pb.h"
#include "lance/table/manifest.h"

namespace lance::table {

template <typename Strings>
std::map<std::string, std::string> ToMap(const Strings& from) {
  return {from.begin(), from.end()};
}

DataFile FromProto(const pb::DataFile& from);
/// Errors: Corruption, NotSupported (overlays, an unknown deletion file type).
Result<Fragment> FromProto(const pb::DataFragment& from);
Result<IndexMetadata> FromProto(const pb::IndexMetadata& from);
BasePath FromProto(const pb::BasePath& from);

void ToProto(const DataFile& from, pb::DataFile* to);
void ToProto(const Fragment& from, pb::DataFragment* to);
/// Errors: InvalidArgument on a wrong UUID.
Status ToProto(const IndexMetadata& from, pb::IndexMetadata* to);
void ToProto(const BasePath& from, pb::BasePath* to);

}  // namespace lance::table
