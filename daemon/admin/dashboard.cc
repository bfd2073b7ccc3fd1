#include "admin/dashboard.h"

#include <array>
#include <string>

namespace ringcast {
// admin/dashboard/*, compiled in.
extern const std::string_view dashboard_html;
extern const std::string_view dashboard_css;
extern const std::string_view dashboard_js;
extern const std::string_view dashboard_views_js;
extern const std::string_view dashboard_streams_js;
}  // namespace ringcast

namespace ringcast::admin {

namespace {

struct File {
  std::string_view name;
  std::string_view content_type;
  const std::string_view& text;  // A reference: it may not be set yet when this is.
};

constexpr std::string_view kScript = "text/javascript; charset=utf-8";
constexpr std::array<File, 5> kFiles = {{
    {"", "text/html; charset=utf-8", dashboard_html},
    {"dashboard.css", "text/css; charset=utf-8", dashboard_css},
    {"dashboard.js", kScript, dashboard_js},
    {"views.js", kScript, dashboard_views_js},
    {"streams.js", kScript, dashboard_streams_js},
}};

}  // namespace

server::Headers page_headers(std::string_view sources) {
  return {{"Content-Security-Policy", "default-src 'none'; " + std::string(sources) +
                                          "; connect-src 'self'; img-src data:; base-uri 'none'; "
                                          "form-action 'none'; frame-ancestors 'none'"},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"}};
}

http::Response dashboard_redirect() {
  // Relative, for proxies that serve it under another path.
  return {.status = 308, .headers = {{"Location", "admin/"}}};
}

http::Response dashboard_file(std::string_view name) {
  for (const File& file : kFiles) {
    if (file.name == name) {
      http::Response response{.content_type = file.content_type,
                              .body = std::string(file.text),
                              .headers = page_headers("style-src 'self'; script-src 'self'")};
      response.headers.emplace_back("Cache-Control", "no-cache");
      return response;
    }
  }
  return http::problem(
      {.code = Errc::kNotFound, .detail = "no such file of the dashboard: " + std::string(name)});
}

}  // namespace ringcast::admin
