#pragma once

#include "convert.h"
#include "lance/schema/schema.h"
#include "lance/table/manifest.h"

namespace lance::python {

/// {"fields": [{"name", "id", "parent_id", "logical_type", "nullable", "metadata", "encoding", "children",
/// ...}], "metadata": {...}}
nb::dict SchemaToPython(const schema::Schema& schema);

/// {"id", "files": [{"path", ...}], "physical_rows", "deletion_file", "row_id_meta", ...}
nb::dict FragmentToPython(const table::Fragment& fragment);

/// {"path", "fields", "column_indices", "file_major_version", ...}
nb::dict DataFileToPython(const table::DataFile& file);

/// All of a manifest but its schema and fragments.
nb::dict ManifestToPython(const table::Manifest& manifest);

nb::dict IndexToPython(const table::IndexMetadata& index);

}  // namespace lance::python
