#pragma once

#include <span>
#include <string>

#include "lance/base/status.h"

namespace lance::store {

/// Takes space on the disk for what was written to an open file and begins to write it; does not wait.
void BeginSync(int fd);

/// Makes files and their names in their folders survive a power cut. What is synced together costs about as
/// much as one file alone: the writes of all begin first, and each folder is synced once.
/// \param open_file  one more file, open, whose name is not asked for; -1: none
Status SyncTogether(std::span<const std::string> paths, int open_file = -1,
                    const std::string& open_path = {});

/// A new name in a folder survives a power cut once the folder itself is synced.
Status SyncFolderOf(const std::string& path);

}  // namespace lance::store
