#pragma once

#include "lance/base/status.h"
#include "lance/file/file_reader.h"
#include "lance/schema/schema.h"

namespace lance::dataset {

/// Which parts of a table's schema may be absent from rows.
enum class MissingFields {
  kNullable,  ///< nullable ones: they are null
  kAny,       ///< all: the rows update others
};

/// Checks that rows of schema `rows` fit the table: names and types are those of the table, in any order.
/// Nullability is not compared; nulls are found when they come. Errors: InvalidArgument "Append with
/// different schema: ..." in the reference's words.
Status CheckRowsFit(const schema::Schema& rows, const schema::Schema& table,
                    MissingFields missing = MissingFields::kNullable);

/// The fields of the table that `rows` has, in the order of `rows`, with the ids, metadata and nullability of
/// the table. `rows` fits.
schema::Schema TableFieldsOf(const schema::Schema& rows, const schema::Schema& table);

/// Checks the names that a new table's columns have: none is reserved, repeated or has a dot at the top
/// level.
Status CheckNewSchema(const schema::Schema& schema);

/// Whether columns of blobs are blob v2 in files of this version.
bool HasBlobsV2(const file::Version& version);

/// Makes blob v2 columns of blobs that come as bytes (large binary marked lance-encoding:blob): all of them,
/// or those whose column in `table` is one. Their children get no ids.
void PromoteBlobs(schema::Schema* rows);
void PromoteBlobs(schema::Schema* rows, const schema::Schema& table);

/// Checks that files of `version` may store the blob columns of `schema`: blob v2 from 2.2 on, the older ones
/// before. Errors: InvalidArgument names the field.
Status CheckBlobColumns(const schema::Schema& schema, const file::Version& version);

/// Numbers all fields depth first from 0.
void NumberFields(schema::Schema* schema);

}  // namespace lance::dataset
