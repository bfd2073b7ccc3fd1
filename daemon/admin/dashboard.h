#pragma once

#include <string_view>

#include "http/response.h"
#include "server/cors.h"

namespace ringcast::admin {

// What a page may load is said by `sources`, directives of a Content-Security-Policy; beside that
// it may ask this broker, and nobody else, and nobody may frame it.
[[nodiscard]] server::Headers page_headers(std::string_view sources);

// A file of the dashboard: "" is the page, what there is not is a 404. It holds
// nothing that is secret: what it shows it asks for with the rights of who looks at it.
[[nodiscard]] http::Response dashboard_file(std::string_view name);
// From "/admin" to "/admin/", below which the page looks for its files.
[[nodiscard]] http::Response dashboard_redirect();

}  // namespace ringcast::admin
