#include "lance/table/fragment_reuse.h"

#include <algorithm>
#include <chrono>

#include "lance/base/uuid.h"
#include "lance/proto/fragment_reuse.pb.h"
#include "lance/table/fragment_set.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/parse_message.h"
#include "lance/table/roaring_runs.h"

namespace lance::table {
namespace {

using Details = pb::FragmentReuseIndexDetails;

// Larger contents have a file of their own in what the reference writes.
constexpr size_t kMaxInlineBytes = 200 << 10;

FragmentReuse::Digest FromProto(const Details::FragmentDigest& from) {
  return {from.id(), from.physical_rows(), from.num_deleted_rows()};
}

void ToProto(const FragmentReuse::Digest& from, Details::FragmentDigest* to) {
  to->set_id(from.id);
  to->set_physical_rows(from.physical_rows);
  to->set_num_deleted_rows(from.num_deleted_rows);
}

void AppendLittleEndian(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

std::string SerializeAddresses(std::span<const LiveRows> rows) {
  std::string out;
  const auto count =
      std::count_if(rows.begin(), rows.end(), [](const LiveRows& r) { return !r.rows.empty(); });
  AppendLittleEndian(static_cast<uint64_t>(count), 8, &out);
  for (const LiveRows& fragment : rows) {
    if (fragment.rows.empty()) continue;
    AppendLittleEndian(fragment.fragment_id, 4, &out);
    out += SerializeRoaring(fragment.rows, /*runs=*/true);
  }
  return out;
}

Result<FragmentReuse> ParseFragmentReuse(std::span<const uint8_t> details) {
  Details message;
  ARROW_RETURN_NOT_OK(ParseMessage(details, "fragment reuse index", &message));
  if (message.has_external()) return NotSupported("fragment reuse indices in a file of their own");
  if (message.inline_().transitions_size() > 0) return NotSupported("tagged fragment reuse indices");
  FragmentReuse out;
  for (const auto& from : message.inline_().legacy_versions()) {
    FragmentReuse::Version version;
    version.dataset_version = from.dataset_version();
    for (const auto& group : from.groups()) {
      FragmentReuse::Group to;
      to.live_addresses = group.changed_row_addrs();
      for (const auto& digest : group.old_fragments()) to.old_fragments.push_back(FromProto(digest));
      for (const auto& digest : group.new_fragments()) to.new_fragments.push_back(FromProto(digest));
      version.groups.push_back(std::move(to));
    }
    out.versions.push_back(std::move(version));
  }
  return out;
}

std::string SerializeFragmentReuse(const FragmentReuse& reuse) {
  Details message;
  Details::InlineContent* content = message.mutable_inline_();
  for (const FragmentReuse::Version& version : reuse.versions) {
    Details::Version* to = content->add_legacy_versions();
    to->set_dataset_version(version.dataset_version);
    for (const FragmentReuse::Group& group : version.groups) {
      Details::Group* out = to->add_groups();
      out->set_changed_row_addrs(group.live_addresses);
      for (const auto& digest : group.old_fragments) ToProto(digest, out->add_old_fragments());
      for (const auto& digest : group.new_fragments) ToProto(digest, out->add_new_fragments());
    }
  }
  return message.SerializeAsString();
}

Result<IndexMetadata> AppendFragmentReuse(const Snapshot& snapshot, FragmentReuse::Version version) {
  ARROW_ASSIGN_OR_RAISE(auto indices, snapshot.Indices());
  IndexMetadata out;
  FragmentReuse reuse;
  for (const IndexMetadata& index : *indices) {
    if (index.name != kFragmentReuseIndex) continue;
    if (index.index_version.value_or(0) != 0) return NotSupported("tagged fragment reuse indices");
    const auto* bytes = reinterpret_cast<const uint8_t*>(index.details.data());
    ARROW_ASSIGN_OR_RAISE(reuse, ParseFragmentReuse({bytes, index.details.size()}));
  }
  out.uuid = MakeUuid();
  out.name = kFragmentReuseIndex;
  out.dataset_version = version.dataset_version;
  out.index_version = 0;
  out.details_type_url = kFragmentReuseDetailsUrl;
  out.created_at_ms = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                std::chrono::system_clock::now().time_since_epoch())
                                                .count());
  reuse.versions.push_back(std::move(version));
  std::stable_sort(reuse.versions.begin(), reuse.versions.end(),
                   [](const auto& a, const auto& b) { return a.dataset_version < b.dataset_version; });
  FragmentSet covered;
  for (const FragmentReuse::Version& recorded : reuse.versions) {
    for (const FragmentReuse::Group& group : recorded.groups) {
      for (const FragmentReuse::Digest& digest : group.new_fragments) covered.Add(digest.id);
    }
  }
  out.fragment_bitmap = covered.Serialize();
  out.details = SerializeFragmentReuse(reuse);
  if (out.details.size() > kMaxInlineBytes) {
    return NotSupported("fragment reuse indices of {} bytes: fold the recorded moves into the indices first",
                        out.details.size());
  }
  return out;
}

}  // namespace lance::table
