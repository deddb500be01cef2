#include "lance/base/digest.h"

#include <gtest/gtest.h>

namespace lance {
namespace {

TEST(Digest, GivesThePublishedValues) {  // FIPS 180-4 examples and RFC 1321, appendix A.5
  EXPECT_EQ(Hex(Md5("abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Hex(Sha224("abc")), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha384("abc")),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(Hex(Sha512("abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

// Lengths around the ends of blocks; the digest of all digests together, computed with Python's hashlib.
TEST(Digest, PadsMessagesOfAllLengths) {
  using Make = std::string (*)(std::string_view);
  const std::pair<Make, std::string> expected[] = {
      {Md5, "637c4f3a82df16f2355d7fb045bf5b07"},    {Sha224, "599828a0116f1d6cd9095c941495962a"},
      {Sha256, "3aa12307c8805a2f35f4f3c95d11d830"}, {Sha384, "049537b551e70638d84b3f708ee2c456"},
      {Sha512, "83fbcf291b85b60f3ae79164786ad203"},
  };
  for (const auto& [make, digest] : expected) {
    std::string all;
    for (const size_t length : {0, 1, 3, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000}) {
      std::string message;
      for (size_t i = 0; i < length; ++i) message.push_back(static_cast<char>((i * 7 + length) % 256));
      all += Hex(make(message));
    }
    EXPECT_EQ(Hex(Md5(all)), digest);
  }
}

}  // namespace
}  // namespace lance
