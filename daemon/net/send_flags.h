#pragma once

#include <sys/socket.h>

namespace ringcast::net {

// A peer that is gone or slow is an error of the call: no SIGPIPE, and no wait.
inline constexpr int kSendFlags = MSG_NOSIGNAL | MSG_DONTWAIT;

}  // namespace ringcast::net
