#include "protocol/rest_xml.h"

#include <fmt/format.h>

namespace attune {
namespace {

void AppendXmlEscaped(std::string* out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out->append("&amp;"); break;
      case '<': out->append("&lt;"); break;
      case '>': out->append("&gt;"); break;
      case '"': out->append("&quot;"); break;
      case '\r': out->append("&#13;"); break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') {
          out->append(fmt::format("&#x{:x};", static_cast<unsigned>(c)));
        } else {
          out->push_back(c);
        }
    }
  }
}

std::string_view WithoutPrefix(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// In document order, without recursion: the depth of a hostile document is not the depth of our stack.
bool IsDeeperThan(const pugi::xml_document& document, int depth_max) {
  int depth = 1;
  pugi::xml_node node = document.first_child();
  while (node) {
    if (depth > depth_max) return true;
    if (const pugi::xml_node child = node.first_child()) {
      node = child;
      ++depth;
      continue;
    }
    while (node && !node.next_sibling()) {
      node = node.parent();
      --depth;
    }
    if (node) node = node.next_sibling();
  }
  return false;
}

bool HasDocumentType(const pugi::xml_document& document) {
  for (const pugi::xml_node node : document.children()) {
    if (node.type() == pugi::node_doctype) return true;
  }
  return false;
}

}  // namespace

void XmlWriter::Declaration() { out_->append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"); }

void XmlWriter::Begin(std::string_view name, std::string_view xml_namespace) {
  out_->append("<").append(name);
  if (!xml_namespace.empty()) out_->append(" xmlns=\"").append(xml_namespace).append("\"");
  out_->append(">");
  open_.emplace_back(name);
}

void XmlWriter::End() {
  ATTUNE_CHECK(!open_.empty());
  out_->append("</").append(open_.back()).append(">");
  open_.pop_back();
}

void XmlWriter::Element(std::string_view name, std::string_view text) {
  out_->append("<").append(name).append(">");
  AppendXmlEscaped(out_, text);
  out_->append("</").append(name).append(">");
}

void XmlWriter::Element(std::string_view name, std::int64_t number) { Element(name, std::to_string(number)); }

std::string_view XmlElement::name() const { return WithoutPrefix(node_.name()); }

std::string XmlElement::text() const {
  std::string text;
  for (const pugi::xml_node child : node_.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text.append(child.value());
  }
  return text;
}

std::optional<XmlElement> XmlElement::Child(std::string_view name) const {
  for (const pugi::xml_node child : node_.children()) {
    if (child.type() == pugi::node_element && WithoutPrefix(child.name()) == name) return XmlElement(child);
  }
  return std::nullopt;
}

std::vector<XmlElement> XmlElement::Children(std::string_view name) const {
  std::vector<XmlElement> found;
  for (const pugi::xml_node child : node_.children()) {
    if (child.type() == pugi::node_element && WithoutPrefix(child.name()) == name) found.emplace_back(child);
  }
  return found;
}

std::vector<XmlElement> XmlElement::Children() const {
  std::vector<XmlElement> found;
  for (const pugi::xml_node child : node_.children()) {
    if (child.type() == pugi::node_element) found.emplace_back(child);
  }
  return found;
}

std::optional<std::string> XmlElement::ChildText(std::string_view name) const {
  const auto child = Child(name);
  if (!child) return std::nullopt;
  return child->text();
}

Result<XmlDocument> XmlDocument::Parse(std::string_view text) {
  if (text.size() > kBytesMax) {
    return InvalidArgument(fmt::format("the XML is {} bytes; the limit is {}", text.size(), kBytesMax));
  }
  XmlDocument document;
  document.document_ = std::make_unique<pugi::xml_document>();
  constexpr unsigned kOptions =
      pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_doctype | pugi::parse_ws_pcdata_single;
  const pugi::xml_parse_result result =
      document.document_->load_buffer(text.data(), text.size(), kOptions, pugi::encoding_utf8);
  if (!result) return InvalidArgument(fmt::format("not XML at byte {}: {}", result.offset, result.description()));
  if (HasDocumentType(*document.document_)) return InvalidArgument("the XML has a document type, which is refused");
  if (IsDeeperThan(*document.document_, kDepthMax)) {
    return InvalidArgument(fmt::format("the XML nests deeper than {} levels", kDepthMax));
  }
  if (!document.document_->document_element()) return InvalidArgument("the XML has no element");
  return document;
}

XmlElement XmlDocument::root() const { return XmlElement(document_->document_element()); }

}  // namespace attune
