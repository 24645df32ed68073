#include "base/hash.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(Hash, GivesThePublishedSha256OfAbc) {
  EXPECT_EQ(ToHex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hash, GivesThePublishedHmacOfRfc4231Cases1And6) {
  const std::string key(20, '\x0b');
  EXPECT_EQ(ToHex(HmacSha256(AsBytes(key), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");

  const std::string long_key(131, '\xaa');
  EXPECT_EQ(ToHex(HmacSha256(AsBytes(long_key), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hash, GivesThePublishedCheckValuesOfBothCrcs) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xe3069283u);
  EXPECT_EQ(Crc32(AsBytes("123456789")), 0xcbf43926u);
}

TEST(Hash, ContinuesACrcOverParts) {
  EXPECT_EQ(Crc32c(AsBytes("6789"), Crc32c(AsBytes("12345"))), Crc32c(AsBytes("123456789")));
}

TEST(Hash, DigestsParts) {
  Digest digest(DigestKind::kMd5);
  digest.Update(AsBytes("a"));
  digest.Update(AsBytes("bc"));
  const std::string raw = digest.Finish();
  EXPECT_EQ(ToHex(AsBytes(raw)), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(Hash, ReadsBackBase64AndHex) {
  EXPECT_EQ(ToBase64(AsBytes("fo")), "Zm8=");
  EXPECT_EQ(FromBase64("Zm8="), "fo");
  EXPECT_EQ(FromBase64("Zm8"), std::nullopt);
  EXPECT_EQ(FromBase64("Z=8="), std::nullopt);
  EXPECT_EQ(FromBase64("===="), std::nullopt);
  EXPECT_EQ(FromHex("0aFf"), std::string("\x0a\xff"));
  EXPECT_EQ(FromHex("0"), std::nullopt);
  EXPECT_EQ(FromHex("0g"), std::nullopt);
}

}  // namespace
}  // namespace attune
