#include "storage/object_store.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace attune {

Result<std::string> ObjectStore::ReadObject(const std::string& bucket, const std::string& key,
                                            std::uint64_t bytes_max) const {
  ATTUNE_TRY(const auto reader, OpenObject(bucket, key));
  const std::uint64_t size = reader->info().size;
  if (size > bytes_max) {
    return LimitExceeded(fmt::format("object {} has {} bytes; at most {} are read at once", key, size, bytes_max));
  }
  std::string content(size, '\0');
  ATTUNE_TRY(const std::size_t read, reader->ReadAt(0, std::as_writable_bytes(std::span(content))));
  content.resize(read);
  return content;
}

Result<ObjectInfo> ObjectStore::PutObject(const std::string& bucket, const std::string& key, std::string_view content,
                                          ObjectAttributes attributes) {
  ATTUNE_TRY(const auto writer, BeginPut(bucket, key, std::move(attributes)));
  ATTUNE_RETURN_IF_ERROR(writer->Append(AsBytes(content)));
  return writer->Commit();
}

}  // namespace attune
