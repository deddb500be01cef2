#include "lance/dataset/mutate/remove_rows.h"

#include <algorithm>
#include <random>

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/compression.h>

#include "lance/base/row_address.h"
#include "lance/table/deletion.h"
#include "lance/table/roaring_runs.h"

namespace lance::dataset {
namespace {

// The reference's limit: more offsets go into a bitmap.
constexpr size_t kMaxArrayOffsets = 5000;

uint64_t RandomId() {
  std::random_device random;
  return uint64_t{random()} << 32 | random();
}

Result<std::shared_ptr<arrow::Buffer>> ArrowFile(const std::vector<uint32_t>& offsets) {
  auto schema = arrow::schema({arrow::field("row_id", arrow::uint32(), false)});
  auto values = std::make_shared<arrow::UInt32Array>(static_cast<int64_t>(offsets.size()),
                                                     arrow::Buffer::Wrap(offsets));
  auto batch = arrow::RecordBatch::Make(schema, values->length(), {values});
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(options.codec, arrow::util::Codec::Create(arrow::Compression::ZSTD));
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeFileWriter(sink.get(), schema, options));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  return sink->Finish();
}

std::string DeletionKey(uint64_t fragment_id, const table::DeletionFile& file) {
  return fmt::format("_deletions/{}-{}-{}.{}", fragment_id, file.read_version, file.id,
                     file.type == table::DeletionFile::Type::kBitmap ? "bin" : "arrow");
}

Status WriteDeletions(const table::Snapshot& snapshot, const std::vector<uint32_t>& offsets,
                      store::Durability durability, table::Fragment* fragment) {
  table::DeletionFile file;
  file.read_version = snapshot.manifest().version;
  file.id = RandomId();
  file.num_deleted_rows = offsets.size();
  file.type = offsets.size() > kMaxArrayOffsets ? table::DeletionFile::Type::kBitmap
                                                : table::DeletionFile::Type::kArrowArray;
  const std::string key = DeletionKey(fragment->id, file);
  fragment->deletion_file = file;
  if (file.type == table::DeletionFile::Type::kArrowArray) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes, ArrowFile(offsets));
    return snapshot.object_store()->Put(key, {bytes->data(), static_cast<size_t>(bytes->size())}, durability);
  }
  RowRanges ranges;
  for (const uint32_t offset : offsets) AppendRange(&ranges, {offset, 1});
  const std::string bytes = table::SerializeRoaring(ranges, false);
  return snapshot.object_store()->Put(key, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()},
                                      durability);
}

// All that is deleted, ascending.
std::vector<uint32_t> Union(const table::DeletionVector* before, const std::vector<uint32_t>& added) {
  if (before == nullptr) return added;
  std::vector<uint32_t> out;
  out.reserve(before->count() + added.size());
  auto next = added.begin();
  for (const table::DeletionVector::Run& run : before->runs()) {
    for (; next != added.end() && *next < run.end; ++next) {
      if (*next < run.start) out.push_back(*next);
    }
    for (uint64_t offset = run.start; offset < run.end; ++offset) {
      out.push_back(static_cast<uint32_t>(offset));
    }
  }
  out.insert(out.end(), next, added.end());
  return out;
}

}  // namespace

RowsByFragment GroupByFragment(std::span<const uint64_t> addresses) {
  RowsByFragment out;
  std::vector<uint32_t>* offsets = nullptr;
  uint64_t fragment = 0;
  for (const uint64_t value : addresses) {
    const RowAddress address{value};
    if (offsets == nullptr || fragment != address.fragment_id()) {
      fragment = address.fragment_id();
      offsets = &out[fragment];
    }
    offsets->push_back(address.offset());
  }
  for (auto& [id, rows] : out) {
    if (!std::is_sorted(rows.begin(), rows.end())) std::sort(rows.begin(), rows.end());
  }
  return out;
}

Result<Removal> RemoveRows(const table::Snapshot& snapshot, const RowsByFragment& rows,
                           store::Durability durability) {
  Removal out;
  for (const auto& [id, offsets] : rows) {
    const table::Fragment* fragment = snapshot.FindFragment(id);
    if (fragment == nullptr) return Internal("rows of fragment {} to delete, which is not there", id);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const table::DeletionVector> before, snapshot.Deletions(*fragment));
    const uint64_t deleted = offsets.size() + (before == nullptr ? 0 : before->count());
    if (deleted >= fragment->physical_rows) {
      out.removed_fragment_ids.push_back(id);
      continue;
    }
    table::Fragment updated = *fragment;
    ARROW_RETURN_NOT_OK(WriteDeletions(snapshot, Union(before.get(), offsets), durability, &updated));
    out.updated_fragments.push_back(std::move(updated));
  }
  return out;
}

void UndoRemoval(const table::Snapshot& snapshot, const std::vector<table::Fragment>& updated_fragments) {
  for (const table::Fragment& fragment : updated_fragments) {
    if (!fragment.deletion_file.has_value()) continue;
    (void)snapshot.object_store()->Delete(DeletionKey(fragment.id, *fragment.deletion_file));
  }
}

}  // namespace lance::dataset
