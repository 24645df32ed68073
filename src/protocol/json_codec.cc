#include "protocol/json_codec.h"

namespace attune {

void EncodeValue(Timestamp value, JsonWriter& json) { json.Fixed(static_cast<double>(value.unix_ms) / 1000, 3); }

}  // namespace attune
