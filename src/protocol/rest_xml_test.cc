#include "protocol/rest_xml.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(XmlWriter, EscapesTextAndClosesWhatWasOpened) {
  std::string out;
  XmlWriter xml(&out);

  xml.Declaration();
  xml.Begin("ListBucketResult", "http://s3.amazonaws.com/doc/2006-03-01/");
  xml.Element("Key", "a<b>&\"\x01\r");
  xml.Element("Size", 12);
  xml.End();

  EXPECT_EQ(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Key>a&lt;b&gt;&amp;&quot;&#x1;&#13;</Key><Size>12</Size></ListBucketResult>");
}

TEST(XmlDocument, ReadsElementsByNameWhateverTheirPrefix) {
  const auto document = XmlDocument::Parse(
      "<?xml version=\"1.0\"?>\n<s3:Delete xmlns:s3=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<s3:Object><Key>a&amp;b&#x20;</Key></s3:Object><Object><Key> </Key></Object><Quiet>true</Quiet></s3:Delete>");

  ASSERT_TRUE(document.ok()) << document.status().ToString();
  EXPECT_EQ(document->root().name(), "Delete");
  const auto objects = document->root().Children("Object");
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].ChildText("Key"), "a&b ");
  EXPECT_EQ(objects[1].ChildText("Key"), " ");
  EXPECT_EQ(document->root().ChildText("Quiet"), "true");
  EXPECT_EQ(document->root().ChildText("Absent"), std::nullopt);
}

TEST(XmlDocument, RefusesADocumentTypeAndItsEntities) {
  const auto document = XmlDocument::Parse("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>");

  EXPECT_EQ(document.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(XmlDocument::Parse("<a>&x;</a>")->root().text(), "&x;");
}

TEST(XmlDocument, RefusesWhatIsNotXml) {
  for (const char* text : {"", "plain", "<a>", "<a></b>", "<?xml version=\"1.0\"?>"}) {
    EXPECT_EQ(XmlDocument::Parse(text).status().code(), Code::kInvalidArgument) << text;
  }
}

std::string Nested(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += "<a>";
  for (int i = 0; i < depth; ++i) text += "</a>";
  return text;
}

TEST(XmlDocument, RefusesDeeperNestingThanTheLimit) {
  EXPECT_TRUE(XmlDocument::Parse(Nested(XmlDocument::kDepthMax)).ok());
  EXPECT_FALSE(XmlDocument::Parse(Nested(XmlDocument::kDepthMax + 1)).ok());
  EXPECT_FALSE(XmlDocument::Parse(Nested(200'000)).ok());
}

TEST(XmlDocument, RefusesMoreBytesThanTheLimit) {
  const auto of_size = [](std::size_t size) { return "<a>" + std::string(size - 7, 'x') + "</a>"; };

  EXPECT_TRUE(XmlDocument::Parse(of_size(XmlDocument::kBytesMax)).ok());
  EXPECT_FALSE(XmlDocument::Parse(of_size(XmlDocument::kBytesMax + 1)).ok());
}

}  // namespace
}  // namespace attune
