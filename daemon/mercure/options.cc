#include "mercure/options.h"

namespace ringcast::mercure {

Status check_options(const Options& options) {
  if (auto status = auth::check_key_options(options.jwt, "mercure.jwt"); !status) {
    return status;
  }
  if (auto status = auth::check_key_options(options.subscriber_jwt, "mercure.subscriber_jwt");
      !status) {
    return status;
  }
  if (options.enabled && !options.jwt.is_on() && !options.subscriber_jwt.is_on() &&
      !options.anonymous) {
    return fail(Errc::kInvalid,
                "nobody could publish or subscribe: set mercure.jwt.key_file, mercure.jwt.jwks or "
                "mercure.jwt.key for those with tokens, or mercure.anonymous: true for all who "
                "subscribe",
                "mercure.enabled");
  }
  return Ok{};
}

}  // namespace ringcast::mercure
