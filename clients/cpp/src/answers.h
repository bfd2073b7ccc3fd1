#pragma once

#include <string_view>

#include "ringcast/event.h"
#include "ringcast/publish.h"

namespace ringcast::client {

// What the answer to a publish says: {"id","duplicate"} of one topic, or
// {"accepted","duplicates","first_id","last_id"} of POST /events. Members that are absent, null or
// of another kind are left as they are; a body that is no JSON gives an empty receipt, since the
// status has told that the broker has the events.
[[nodiscard]] Receipt read_receipt(std::string_view body);
[[nodiscard]] BatchReceipt read_batch_receipt(std::string_view body);

}  // namespace ringcast::client
