#include "lance/table/fragment_reuse.h"

#include "lance/base/testing.h"

namespace lance::table {
namespace {

TEST(FragmentReuse, ReadsBackAsItWas) {
  FragmentReuse reuse;
  FragmentReuse::Group group;
  group.live_addresses =
      SerializeAddresses(std::vector<LiveRows>{{0, {{0, 2}, {3, 7}}}, {1, {}}, {2, {{5, 1}}}});
  group.old_fragments = {{0, 10, 1}, {1, 4, 4}, {2, 6, 5}};
  group.new_fragments = {{3, 10, 0}};
  reuse.versions = {{6, {group}}, {9, {}}};
  const std::string bytes = SerializeFragmentReuse(reuse);
  ASSERT_OK_AND_ASSIGN(FragmentReuse parsed,
                       ParseFragmentReuse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
  EXPECT_EQ(parsed, reuse);
  const uint8_t wrong[] = {0x0a, 0x05, 0x01};
  EXPECT_ERROR(ErrorKind::kCorruption, "fragment reuse index", ParseFragmentReuse(wrong).status());
}

TEST(FragmentReuse, WritesAddressesAsA64BitRoaringMap) {
  // One map for each fragment with rows: a count, then key and 32-bit bitmap.
  const std::string bytes = SerializeAddresses(std::vector<LiveRows>{{7, {{3, 1}}}});
  EXPECT_EQ(bytes.substr(0, 12), std::string("\1\0\0\0\0\0\0\0\7\0\0\0", 12));
  EXPECT_EQ(SerializeAddresses({}).size(), 8u);
}

}  // namespace
}  // namespace lance::table
