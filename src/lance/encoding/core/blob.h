#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/core/page.h"

namespace lance::encoding {

/// Where the bytes of a blob v2 value lie; the numbers are those of the stored descriptor.
enum class BlobKind : uint8_t {
  kInline = 0,     ///< in the data file itself
  kPacked = 1,     ///< a range of a sidecar that many values share
  kDedicated = 2,  ///< a sidecar of its own
  kExternal = 3,   ///< an object that Lance does not own: blob_id 0 an absolute URI, else below base blob_id
  kManaged = 4,    ///< an object of the table, uri relative to the data file's table base
  kManagedWithBase = 5,  ///< the same, relative to base blob_id
};

struct BlobLocation {
  BlobKind kind = BlobKind::kInline;
  uint64_t position = 0;
  uint64_t size = 0;  ///< external: 0 means up to the end of the object
  uint32_t blob_id = 0;
  std::string uri;
};

/// Reads the locations of blobs off a descriptor array: struct<position, size> of v1 (always inline) or
/// struct<kind, position, size, blob_id, blob_uri> of v2. Null rows have none. A v1 value without bytes is
/// inline with size 0. Errors: InvalidArgument for other types, NotSupported for an unknown kind.
Result<std::vector<std::optional<BlobLocation>>> LocateBlobs(const arrow::ArrayData& descriptors);

/// The path of a packed or dedicated sidecar relative to the folder of the data file:
/// "<data file without .lance>/<32 binary digits of the bit-reversed id>.blob".
std::string BlobSidecarPath(std::string_view data_file_name, uint32_t blob_id);

/// Reads blobs that lie outside of the data file. Implemented by whoever knows the table's stores.
/// Thread-safe.
class BlobResolver {
 public:
  virtual ~BlobResolver() = default;
  /// Bytes of each location, in order. `data_file_path` is the path of the file that the descriptor is in.
  virtual Result<std::vector<BufferPtr>> Read(const std::string& data_file_path,
                                              std::span<const BlobLocation> locations) = 0;
  /// The absolute URI of an external blob. The default knows those without a base.
  virtual Result<std::string> UriOf(const BlobLocation& location) const;
};

/// What a writer takes for a blob v2 value: struct<data, uri, position, size>. Bytes or a URI; the range is
/// null where it is all of the object.
const std::shared_ptr<arrow::DataType>& WritableBlobType();

}  // namespace lance::encoding
