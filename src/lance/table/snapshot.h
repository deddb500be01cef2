#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/table/manifest.h"

namespace lance::store {
class ObjectStore;
}
namespace lance::file {
class FileReader;
}
namespace lance::runtime {
class Session;
}

namespace lance::table {

class DeletionVector;   // deletion.h: the deleted offsets of a fragment; Contains, count, ToRanges of live
                        // rows
struct ObjectPlace;     // bases.h: a store and a key in it
class RowIdSequence;    // row_ids.h: ids in physical order; Get(offset), size, lookup of an id
class VersionSequence;  // row_ids.h: versions in physical order

/// One immutable version of a table with the means to read it: manifest, store, base paths and caches. What
/// index/, scan/ and dataset/ receive. Thread-safe; everything it hands out is shared and cached within the
/// session's bounds.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual const Manifest& manifest() const = 0;
  /// Canonical; of a branch: <root>/tree/<branch>.
  virtual const std::string& uri() const = 0;
  virtual const std::shared_ptr<store::ObjectStore>& object_store() const = 0;  ///< rooted at the table
  virtual const std::shared_ptr<runtime::Session>& session() const = 0;

  /// Opens (or finds open) a data file, wherever its base is. The reader knows the file's field-to-column
  /// mapping.
  virtual Result<std::shared_ptr<file::FileReader>> OpenDataFile(const DataFile& file) const = 0;
  /// The deletions of a fragment; nullptr when it has none.
  virtual Result<std::shared_ptr<const DeletionVector>> Deletions(const Fragment& fragment) const = 0;
  /// Stable row ids; nullptr when the table has none (then a row's id is its address).
  virtual Result<std::shared_ptr<const RowIdSequence>> RowIds(const Fragment& fragment) const = 0;
  /// Versions by row; nullptr when the manifest has none for this fragment.
  virtual Result<std::shared_ptr<const VersionSequence>> CreatedAt(const Fragment& fragment) const = 0;
  virtual Result<std::shared_ptr<const VersionSequence>> LastUpdatedAt(const Fragment& fragment) const = 0;
  /// Row addresses of stable row ids; ids that no longer exist give none. Builds and caches an id index on
  /// first use.
  virtual Result<std::vector<std::optional<uint64_t>>> ResolveRowIds(
      std::span<const uint64_t> row_ids) const = 0;
  /// The index section, empty when there is none.
  virtual Result<std::shared_ptr<const std::vector<IndexMetadata>>> Indices() const = 0;
  /// Where the files of an index segment are: a store and the folder's key in it, such as "_indices/<uuid>".
  virtual Result<ObjectPlace> IndexFolder(const IndexMetadata& index) const = 0;
  /// Live rows over all fragments; reads deletion files only where the manifest does not say how many.
  virtual Result<uint64_t> CountRows() const = 0;
  /// Live rows before each fragment of manifest().fragments, and all of them at the end: the fragment of a
  /// live row number is found by binary search. Cached; reads what CountRows reads.
  virtual Result<std::shared_ptr<const std::vector<uint64_t>>> LiveRowStarts() const = 0;
  /// Live rows of one fragment, as CountRows counts them.
  Result<uint64_t> CountRows(const Fragment& fragment) const;
  /// Live rows of physical rows [start, start + length) of a fragment, appended.
  Status AppendLive(const Fragment& fragment, RowRange physical, RowRanges* out) const;
  /// nullptr when there is none. O(log fragments) as they are usually kept, ascending.
  const Fragment* FindFragment(uint64_t id) const;
};

}  // namespace lance::table
