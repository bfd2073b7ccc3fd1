#include "mercure/options.h"

#include "topics/url.h"

namespace ringcast::mercure {

Status check_options(const Options& options) {
  if (auto status = auth::check_key_options(options.jwt, "mercure.jwt"); !status) {
    return status;
  }
  if (auto status = auth::check_key_options(options.subscriber_jwt, "mercure.subscriber_jwt");
      !status) {
    return status;
  }
  const auto resource = topics::parse_url(options.resource);
  if (!options.resource.empty() &&
      (!resource || (resource->scheme != "https" && resource->scheme != "http") ||
       !resource->fragment.empty())) {
    return fail(Errc::kInvalid,
                "must be the hub's URL, as in https://example.com/.well-known/mercure",
                "mercure.resource");
  }
  if (resource && resource->path != "/" && resource->path.ends_with('/')) {
    return fail(Errc::kInvalid,
                "must not end with /, as the hub's URL does not: as in "
                "https://example.com/.well-known/mercure",
                "mercure.resource");
  }
  if (options.resource.empty() && !options.issuer.empty()) {
    return fail(Errc::kInvalid, "needs mercure.resource: without it no access token is taken",
                "mercure.issuer");
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
