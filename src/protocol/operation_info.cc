#include "protocol/operation_info.h"

#include <algorithm>

namespace attune {
namespace {

const OperationInfo* FindBy(std::span<const OperationInfo> operations, std::string_view OperationInfo::*member,
                            std::string_view wanted) {
  const auto found = std::ranges::find(operations, wanted, member);
  return found == operations.end() ? nullptr : &*found;
}

}  // namespace

const OperationInfo* ServiceInfo::FindByName(std::string_view operation_name) const {
  return FindBy(operations, &OperationInfo::name, operation_name);
}

const OperationInfo* ServiceInfo::FindByPath(std::string_view path) const {
  return FindBy(operations, &OperationInfo::path, path);
}

}  // namespace attune
