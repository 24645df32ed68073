#pragma once

#include <memory>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

/// Appends XML to a string and closes what was opened. Characters that XML 1.0 cannot hold are written as character
/// references, as S3 does for keys. One thread at a time.
///   XmlWriter xml(&out);  xml.Declaration();  xml.Begin("Tag");  xml.Element("Key", "a<b");  xml.End();
class XmlWriter {
 public:
  explicit XmlWriter(std::string* out) : out_(out) {}

  /// <?xml version="1.0" encoding="UTF-8"?>
  void Declaration();
  void Begin(std::string_view name, std::string_view xml_namespace = {});
  /// Closes the element that was begun last. Requires one.
  void End();
  /// <name>text</name>
  void Element(std::string_view name, std::string_view text);
  void Element(std::string_view name, std::int64_t number);
  /// XML that is already right.
  void Raw(std::string_view xml) { out_->append(xml); }

 private:
  std::string* out_;
  std::vector<std::string> open_;
};

/// An element of an XmlDocument, which must outlive it. A value.
class XmlElement {
 public:
  explicit XmlElement(pugi::xml_node node) : node_(node) {}

  /// Without the prefix of a namespace: "Part" of <s3:Part>.
  std::string_view name() const;
  /// The text directly inside, entities resolved, white space kept.
  std::string text() const;
  /// The first child of that name.
  std::optional<XmlElement> Child(std::string_view name) const;
  std::vector<XmlElement> Children(std::string_view name) const;
  std::vector<XmlElement> Children() const;
  /// The text of the first child of that name.
  std::optional<std::string> ChildText(std::string_view name) const;

 private:
  pugi::xml_node node_;
};

/// A parsed XML body. Only the five entities of XML and character references are resolved; a document type, and with it
/// every other entity, is refused. Immutable once made.
class XmlDocument {
 public:
  static constexpr std::size_t kBytesMax = 4 << 20;
  static constexpr int kDepthMax = 32;

  /// InvalidArgument for what is not XML, has a document type, is larger than kBytesMax or nests deeper than kDepthMax.
  static Result<XmlDocument> Parse(std::string_view text);

  XmlElement root() const;

 private:
  XmlDocument() = default;

  std::unique_ptr<pugi::xml_document> document_;
};

}  // namespace attune
