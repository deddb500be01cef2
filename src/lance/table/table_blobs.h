#pragma once

#include <memory>
#include <vector>

#include "lance/encoding/core/blob.h"
#include "lance/table/bases.h"
#include "lance/table/manifest.h"

namespace lance::table {

/// Reads the blobs of one data file that lie outside of it: in its sidecars, or in objects that the table
/// only refers to. Objects are opened anew for each call.
std::shared_ptr<encoding::BlobResolver> MakeTableBlobs(std::shared_ptr<Bases> bases,
                                                       std::vector<BasePath> base_paths,
                                                       const DataFile& file);

}  // namespace lance::table
