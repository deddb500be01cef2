#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/write/shred.h"
#include "lance/schema/schema.h"

namespace arrow {
class ArrayData;
}
namespace lance::store {
class WritableObject;
}

namespace lance::encoding {

class PageSink;

/// Makes the sidecar of a data file that has this id; see BlobSidecarPath. Without one blobs of any size lie
/// in the data file itself.
using MakeSidecar = std::function<Result<std::unique_ptr<store::WritableObject>>(uint32_t blob_id)>;

/// The sidecars of one data file; columns share the ids and one pack. One thread at a time.
class BlobSidecars {
 public:
  explicit BlobSidecars(MakeSidecar make);
  ~BlobSidecars();

  struct Place {
    uint32_t blob_id = 0;
    uint64_t position = 0;
  };
  bool available() const { return make_ != nullptr; }
  /// Writes an object of its own.
  Result<Place> WriteDedicated(std::span<const uint8_t> bytes);
  /// Appends to the pack; starts another where it would pass `max_pack_bytes`.
  Result<Place> WritePacked(std::span<const uint8_t> bytes, uint64_t max_pack_bytes);
  /// Closes the pack. What was not closed is removed when this dies.
  Status Finish();

 private:
  MakeSidecar make_;
  uint32_t next_id_ = 1;
  uint32_t pack_id_ = 0;
  std::unique_ptr<store::WritableObject> pack_;
};

/// Turns the values of a blob v2 column, struct<data, uri[, position, size]>, into the descriptors that are
/// stored in their place, and puts the bytes where they belong by their size.
class BlobPlacer {
 public:
  /// Errors: InvalidArgument when a threshold in the field's metadata is no positive number.
  static Result<BlobPlacer> Make(const schema::Field& field, BlobSidecars* sidecars);

  /// Replaces the values of `rows`. Errors: InvalidArgument names the row that has neither bytes nor a URI,
  /// or both.
  Status Place(ShreddedLeaf* rows, PageSink* sink) const;

  /// Fails like Place would, without writing anything.
  Status Check(const ShreddedLeaf& rows) const;

 private:
  struct Row;
  Result<Row> RowAt(const arrow::ArrayData& array, uint64_t row) const;
  template <typename Visit>
  Status ForEachRow(const ShreddedLeaf& rows, Visit&& visit) const;

  std::string name_;
  BlobSidecars* sidecars_ = nullptr;
  uint64_t max_inline_ = 64 << 10;
  uint64_t max_packed_ = 4 << 20;
  uint64_t max_pack_bytes_ = 1 << 30;
};

}  // namespace lance::encoding
