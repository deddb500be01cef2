#pragma once

#include "lance/schema/schema.h"

namespace google::protobuf {
template <typename T>
class RepeatedPtrField;
template <typename K, typename V>
class Map;
}  // namespace google::protobuf

namespace lance::pb {
class Field;
class Schema;
}  // namespace lance::pb

namespace lance::schema {

/// Builds the tree from the flattened, depth-first list of the wire form. Children are found by parent id;
/// the first of several fields with one id is the parent (old tables have such). The members of a blob v2
/// descriptor, which data files write without id and parent, are put back under their struct.
/// Errors: Corruption on a parent that does not come first, or nesting deeper than 256.
Result<Schema> FromProto(const google::protobuf::RepeatedPtrField<pb::Field>& fields,
                         const google::protobuf::Map<std::string, std::string>& metadata);

/// Appends the fields depth first.
void ToProto(const Schema& schema, google::protobuf::RepeatedPtrField<pb::Field>* fields,
             google::protobuf::Map<std::string, std::string>* metadata);

}  // namespace lance::schema
