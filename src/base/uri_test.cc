#include "base/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Uri, EncodesAllButTheUnreserved) {
  EXPECT_EQ(UriEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(UriEncode("a b+c/\xc3\xa9"), "a%20b%2Bc%2F%C3%A9");
  EXPECT_EQ(UriEncode("a/b", EncodeSlash::kNo), "a/b");
}

TEST(Uri, DecodesWhatItEncoded) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte.push_back(static_cast<char>(c));

  EXPECT_EQ(PercentDecode(UriEncode(every_byte)), every_byte);
}

TEST(Uri, RefusesACutOrWrongEscape) {
  EXPECT_EQ(PercentDecode("%"), std::nullopt);
  EXPECT_EQ(PercentDecode("%4"), std::nullopt);
  EXPECT_EQ(PercentDecode("%4g"), std::nullopt);
  EXPECT_EQ(PercentDecode("a%4a"), "aJ");
}

TEST(Uri, ReadsPlusAsSpaceOnlyInForms) {
  EXPECT_EQ(PercentDecode("a+b"), "a+b");
  EXPECT_EQ(PercentDecode("a+b", PlusMeans::kSpace), "a b");
}

TEST(Uri, ParsesParametersInOrderWithDuplicates) {
  const auto parameters = ParseQueryString("list-type=2&prefix=a%2Fb&acl&x==1&&x=");

  ASSERT_TRUE(parameters);
  EXPECT_THAT(*parameters, ElementsAre(Pair("list-type", "2"), Pair("prefix", "a/b"), Pair("acl", ""), Pair("x", "=1"),
                                       Pair("x", "")));
}

TEST(Uri, RefusesMoreParametersThanTheLimit) {
  EXPECT_TRUE(ParseQueryString("a&b", PlusMeans::kPlus, 2));
  EXPECT_FALSE(ParseQueryString("a&b&c", PlusMeans::kPlus, 2));
}

}  // namespace
}  // namespace attune
