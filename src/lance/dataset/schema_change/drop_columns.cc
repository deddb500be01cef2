#include "lance/dataset/schema_change/column_change.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/schema_change.h"
#include "lance/table/commit.h"

namespace lance {

arrow::Result<std::shared_ptr<Dataset>> DropColumns(const Dataset& dataset,
                                                    const std::vector<std::string>& columns,
                                                    const CommitSettings& commit) {
  const table::Manifest& manifest = dataset.snapshot()->manifest();
  // Only files since 2.2 store members of structs in lists so that one can be left out.
  bool lists = true;
  for (const table::Fragment& fragment : manifest.fragments) {
    for (const table::DataFile& file : fragment.files) {
      lists &= file.major_version > 2 || (file.major_version == 2 && file.minor_version >= 2);
    }
  }
  if (manifest.fragments.empty()) {
    ARROW_ASSIGN_OR_RAISE(const file::Version version, dataset::WriteVersionOf(*dataset.snapshot()));
    lists = version.major > 2 || (version.major == 2 && version.minor >= 2);
  }
  ARROW_ASSIGN_OR_RAISE(schema::Schema schema, dataset::DropFields(manifest.schema, columns, lists));
  table::operation::Project project;
  project.schema = std::move(schema);
  project.preserves_nullability = true;
  table::CommitRequest request;
  request.operation = std::move(project);
  request.read_version = manifest.version;
  return dataset::CommitOperation(*dataset.snapshot(), std::move(request), commit);
}

}  // namespace lance
