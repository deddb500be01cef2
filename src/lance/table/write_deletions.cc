#include "lance/table/write_deletions.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>

#include "lance/base/event.h"
#include "lance/base/uuid.h"
#include "lance/table/deletion.h"
#include "lance/table/roaring_runs.h"
#include "lance/table/write_object.h"

namespace lance::table {
namespace {

// More offsets than this are written as a bitmap.
constexpr uint64_t kMaxArray = 5000;

std::vector<uint32_t> OffsetsOf(const DeletionVector& deletions) {
  std::vector<uint32_t> out;
  out.reserve(deletions.count());
  for (const DeletionVector::Run& run : deletions.runs()) {
    for (uint64_t offset = run.start; offset < run.end; ++offset)
      out.push_back(static_cast<uint32_t>(offset));
  }
  return out;
}

Result<std::string> EncodeArrow(const std::vector<uint32_t>& offsets) {
  const auto schema = arrow::schema({arrow::field("row_id", arrow::uint32(), /*nullable=*/false)});
  const auto column = std::make_shared<arrow::UInt32Array>(static_cast<int64_t>(offsets.size()),
                                                           arrow::Buffer::Wrap(offsets));
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  ARROW_ASSIGN_OR_RAISE(options.codec, arrow::util::Codec::Create(arrow::Compression::ZSTD));
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeFileWriter(out, schema, options));
  ARROW_RETURN_NOT_OK(
      writer->WriteRecordBatch(*arrow::RecordBatch::Make(schema, column->length(), {column})));
  ARROW_RETURN_NOT_OK(writer->Close());
  ARROW_ASSIGN_OR_RAISE(auto buffer, out->Finish());
  return buffer->ToString();
}

}  // namespace

Result<EncodedDeletions> EncodeDeletions(const DeletionVector& deletions) {
  EncodedDeletions out;
  if (deletions.count() <= kMaxArray) {
    ARROW_ASSIGN_OR_RAISE(out.bytes, EncodeArrow(OffsetsOf(deletions)));
    return out;
  }
  out.type = DeletionFile::Type::kBitmap;
  RowRanges ranges;
  for (const DeletionVector::Run& run : deletions.runs())
    AppendRange(&ranges, {run.start, run.end - run.start});
  out.bytes = SerializeRoaring(ranges, /*runs=*/false);
  return out;
}

Result<DeletionFile> WriteDeletions(const std::shared_ptr<store::ObjectStore>& store, uint64_t fragment_id,
                                    uint64_t read_version, const DeletionVector& deletions,
                                    store::Durability durability, store::Unsynced* unsynced) {
  LANCE_CHECK_ARG(deletions.count() > 0, "fragment {} has no deletions to write", fragment_id);
  ARROW_ASSIGN_OR_RAISE(EncodedDeletions encoded, EncodeDeletions(deletions));
  DeletionFile out;
  out.type = encoded.type;
  out.read_version = read_version;
  out.id = RandomUint64();
  out.num_deleted_rows = deletions.count();
  const std::string key = fmt::format("_deletions/{}-{}-{}.{}", fragment_id, read_version, out.id,
                                      out.type == DeletionFile::Type::kBitmap ? "bin" : "arrow");
  const auto* bytes = reinterpret_cast<const uint8_t*>(encoded.bytes.data());
  if (unsynced != nullptr && durability == store::Durability::kSync) durability = store::Durability::kLater;
  ARROW_RETURN_NOT_OK(WriteNewObject(*store, key, {bytes, encoded.bytes.size()}, durability));
  if (durability == store::Durability::kLater) unsynced->Add(store, key);
  if (EventsWanted())
    Emit(kFileAudit, {{"mode", "create"}, {"type", "deletion"}, {"path", store->FullPath(key)}});
  return out;
}

std::shared_ptr<const DeletionVector> UniteDeletions(const DeletionVector* a, std::span<const uint32_t> b) {
  std::vector<uint32_t> offsets(b.begin(), b.end());
  if (a != nullptr) {
    const std::vector<uint32_t> before = OffsetsOf(*a);
    offsets.insert(offsets.end(), before.begin(), before.end());
  }
  return DeletionVector::FromOffsets(std::move(offsets));
}

Result<std::optional<Fragment>> DeleteRows(const Snapshot& snapshot, const Fragment& fragment,
                                           std::span<const uint32_t> offsets, store::Durability durability,
                                           store::Unsynced* unsynced) {
  LANCE_CHECK_ARG(offsets.empty() || offsets.back() < fragment.physical_rows,
                  "row {} of fragment {} cannot be deleted: it has {} rows", offsets.back(), fragment.id,
                  fragment.physical_rows);
  ARROW_ASSIGN_OR_RAISE(auto before, snapshot.Deletions(fragment));
  const auto after = UniteDeletions(before.get(), offsets);
  if (after->CountBelow(fragment.physical_rows) >= fragment.physical_rows) return std::nullopt;
  Fragment out = fragment;
  if (after->count() == 0 || (before != nullptr && after->count() == before->count())) return out;
  ARROW_ASSIGN_OR_RAISE(out.deletion_file,
                        WriteDeletions(snapshot.object_store(), fragment.id, snapshot.manifest().version,
                                       *after, durability, unsynced));
  return out;
}

}  // namespace lance::table
