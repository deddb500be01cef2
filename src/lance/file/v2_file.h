#pragma once

#include <memory>

#include "lance/file/container.h"

namespace lance::file {

/// A 2.x file: the container, and per version how fields are read.
std::shared_ptr<FileReader> MakeV2File(std::shared_ptr<Container> container,
                                       std::shared_ptr<encoding::BlobResolver> blobs);

}  // namespace lance::file
