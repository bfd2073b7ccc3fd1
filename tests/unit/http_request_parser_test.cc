#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser.h"

namespace ringcast::http::http_request_parser_test {
namespace {

constexpr std::string_view kThreeRequests =
    "POST /topics/a HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nContent-Length: 5\r\n\r\nhello"
    "GET /topics/a HTTP/1.1\r\nHost: y\r\nLast-Event-ID: \t42 \r\n\r\n"
    "\r\nPOST /c HTTP/1.1\r\nHost: z\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";

std::string render(const Request& request) {
  std::string text = request.target;
  for (const auto [name, value] : request.headers) {
    text.append(" ").append(name).append("=").append(value);
  }
  return text + " [" + request.body + "]";
}

// Feeds one piece; finished requests are taken and rendered.
Status feed_piece(RequestParser& parser, std::string_view piece, std::vector<std::string>& out) {
  while (true) {
    auto consumed = parser.feed(piece);
    if (!consumed) {
      return std::move(consumed).failure();
    }
    piece.remove_prefix(*consumed);
    if (parser.stage() == RequestParser::Stage::kComplete) {
      out.push_back(render(parser.take()));
    } else if (piece.empty() && parser.stage() != RequestParser::Stage::kHeadDone) {
      return Ok{};
    }
  }
}

Result<std::vector<std::string>> parse_in_pieces(std::string_view input, size_t piece_size,
                                                 Limits limits = {}) {
  RequestParser parser(limits);
  std::vector<std::string> requests;
  while (!input.empty()) {
    const std::string_view piece = input.substr(0, piece_size);
    input.remove_prefix(piece.size());
    if (Status status = feed_piece(parser, piece, requests); !status) {
      return std::move(status).failure();
    }
  }
  return requests;
}

// The code with which an input fails, which must not depend on the pieces.
Errc refusal(std::string_view input, Limits limits = {}) {
  const auto whole = parse_in_pieces(input, input.size(), limits);
  const auto bytes = parse_in_pieces(input, 1, limits);
  REQUIRE_FALSE(whole);
  REQUIRE_FALSE(bytes);
  CHECK(whole.error().code == bytes.error().code);
  CHECK_FALSE(whole.error().detail.empty());
  return whole.error().code;
}

// The one request in `input`, of which nothing may be left over.
Request parse(std::string_view input, Limits limits = {}) {
  RequestParser parser(limits);
  auto consumed = parser.feed(input);
  REQUIRE(consumed);
  REQUIRE(parser.stage() == RequestParser::Stage::kHeadDone);
  const auto more = parser.feed(input.substr(*consumed));
  REQUIRE(more);
  CHECK(*consumed + *more == input.size());
  REQUIRE(parser.stage() == RequestParser::Stage::kComplete);
  return parser.take();
}

std::string with_header(std::string_view line) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(line) + "\r\n\r\n";
}

TEST_CASE("http: the pieces in which bytes arrive do not change the requests") {
  for (size_t piece = 1; piece <= kThreeRequests.size(); ++piece) {
    CAPTURE(piece);
    const auto requests = parse_in_pieces(kThreeRequests, piece);
    REQUIRE(requests);
    REQUIRE(requests->size() == 3);
    CHECK((*requests)[0] == "/topics/a Host=x X-Empty= Content-Length=5 [hello]");
    CHECK((*requests)[1] == "/topics/a Host=y Last-Event-ID=42 []");
    CHECK((*requests)[2] == "/c Host=z Transfer-Encoding=chunked [abcde]");
  }
}

TEST_CASE("http: every split into two pieces gives the same requests") {
  for (size_t at = 0; at <= kThreeRequests.size(); ++at) {
    CAPTURE(at);
    RequestParser parser({});
    std::vector<std::string> requests;
    REQUIRE(feed_piece(parser, kThreeRequests.substr(0, at), requests));
    REQUIRE(feed_piece(parser, kThreeRequests.substr(at), requests));
    CHECK(requests.size() == 3);
    CHECK(parser.is_idle());
  }
}

TEST_CASE("http: the parser stops after the head, and an empty input leads on") {
  RequestParser parser({});
  const auto consumed = parser.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET");
  REQUIRE(consumed);
  CHECK(*consumed == 27);
  CHECK(parser.stage() == RequestParser::Stage::kHeadDone);
  CHECK(parser.request().method == Method::kGet);
  REQUIRE(parser.feed(""));
  CHECK(parser.stage() == RequestParser::Stage::kComplete);
  const auto more = parser.feed("GET");
  REQUIRE(more);
  CHECK(*more == 0);
}

TEST_CASE("http: a request with a body goes on to its body") {
  for (const char* framing : {"Content-Length: 2", "Transfer-Encoding: chunked"}) {
    RequestParser parser({});
    REQUIRE(parser.feed("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(framing) + "\r\n\r\n"));
    CHECK(parser.request().has_body());
    REQUIRE(parser.feed(""));
    CHECK(parser.stage() == RequestParser::Stage::kBody);
  }
}

TEST_CASE("http: a streamed body is taken piece by piece and has no bound") {
  RequestParser parser({.max_head_bytes = 200, .max_body_bytes = 3});
  REQUIRE(parser.feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
  parser.stream_body();
  REQUIRE(parser.feed("4\r\nabcd\r\n"));
  CHECK(parser.take_body() == "abcd");
  REQUIRE(parser.feed("5\r\nef"));
  CHECK(parser.take_body() == "ef");
  REQUIRE(parser.feed("ghi\r\n0\r\n\r\n"));
  CHECK(parser.take_body() == "ghi");
  CHECK(parser.stage() == RequestParser::Stage::kComplete);
}

TEST_CASE("http: streaming ends with the request") {
  RequestParser parser({.max_head_bytes = 200, .max_body_bytes = 3});
  const std::string_view head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
  REQUIRE(parser.feed(head));
  parser.stream_body();
  REQUIRE(parser.feed("abcd"));
  CHECK(parser.take().body == "abcd");
  REQUIRE(parser.feed(head));
  CHECK_FALSE(parser.feed("abcd"));
}

TEST_CASE("http: a body may be as large as the limit and no larger") {
  for (const size_t size : {9U, 10U, 11U}) {
    CAPTURE(size);
    RequestParser parser({.max_head_bytes = 200, .max_body_bytes = 10});
    REQUIRE(parser.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
                        "\r\n\r\n"));
    CHECK(parser.stage() == RequestParser::Stage::kHeadDone);
    const auto result = parser.feed("");
    CHECK(result.has_value() == (size <= 10));
    if (!result) {
      CHECK(result.error().code == Errc::kTooLarge);
      CHECK_FALSE(parser.feed(""));  // It stays failed.
    }
  }
}

TEST_CASE("http: chunks together may be as large as the limit and no larger") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const Limits limits{.max_head_bytes = 200, .max_body_bytes = 10};
  CHECK(parse(head + "5\r\nabcde\r\n4\r\nfghi\r\n0\r\n\r\n", limits).body.size() == 9);
  CHECK(parse(head + "5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n", limits).body.size() == 10);
  CHECK(refusal(head + "5\r\nabcde\r\n6\r\n", limits) == Errc::kTooLarge);
  CHECK(refusal(head + "FFFFFFFFFFFFFFFF\r\n", limits) == Errc::kTooLarge);
  CHECK(refusal(head + "1FFFFFFFFFFFFFFFF\r\n", limits) == Errc::kInvalid);
}

TEST_CASE("http: a head may be as large as the limit and no larger") {
  const std::string head = "GET / HTTP/1.1\r\nHost: abc\r\n\r\n";
  CHECK(parse_in_pieces(head, 1, {.max_head_bytes = head.size() + 1}));
  CHECK(parse_in_pieces(head, 1, {.max_head_bytes = head.size()}));
  CHECK(refusal(head, {.max_head_bytes = head.size() - 1}) == Errc::kHeadTooLarge);
}

TEST_CASE("http: each head has the limit for itself") {
  const std::string head = "GET / HTTP/1.1\r\nHost: abc\r\n\r\n";
  CHECK(parse_in_pieces(head + head + head, 5, {.max_head_bytes = head.size()}));
}

TEST_CASE("http: a chunk extension may be as long as the head limit and no longer") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const Limits limits{.max_head_bytes = 100};
  const auto body = [](size_t size) {
    return "1;" + std::string(size - 4, 'x') + "\r\na\r\n0\r\n\r\n";
  };
  CHECK(parse(head + body(99), limits).body == "a");
  CHECK(parse(head + body(100), limits).body == "a");
  CHECK(refusal(head + body(101), limits) == Errc::kHeadTooLarge);
}

TEST_CASE("http: trailers may be as long as the head limit and no longer") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na";
  const Limits limits{.max_head_bytes = 100};
  // What counts is everything after the last byte of data.
  const auto end = [](size_t size) {
    return "\r\n0\r\nT: " + std::string(size - 12, 'x') + "\r\n\r\n";
  };
  CHECK(parse(head + end(99), limits).headers.size() == 2);
  CHECK(parse(head + end(100), limits).headers.size() == 2);
  CHECK(refusal(head + end(101), limits) == Errc::kHeadTooLarge);
}

TEST_CASE("http: empty lines before a request are passed over but bounded") {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(parse_in_pieces("\r\n\r\n" + request, 1)->size() == 1);
  std::string many;
  for (int i = 0; i < 51; ++i) {
    many += "\r\n";
  }
  CHECK(refusal(many, {.max_head_bytes = 101}) == Errc::kHeadTooLarge);
  CHECK(refusal("\n" + request) == Errc::kInvalid);
  CHECK(refusal("\rG") == Errc::kInvalid);
}

TEST_CASE("http: a parser is idle until a request begins and after it was taken") {
  RequestParser parser({});
  CHECK(parser.is_idle());
  REQUIRE(parser.feed("\r\n"));
  CHECK(parser.is_idle());
  REQUIRE(parser.feed("G"));
  CHECK_FALSE(parser.is_idle());
  REQUIRE(parser.feed("ET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  REQUIRE(parser.feed(""));
  CHECK_FALSE(parser.is_idle());
  parser.take();
  CHECK(parser.is_idle());
}

TEST_CASE("http: methods are told apart, and those that we do not serve are other") {
  const auto method = [](const std::string& name) {
    return parse(name + " / HTTP/1.1\r\nHost: a\r\n\r\n").method;
  };
  CHECK(method("GET") == Method::kGet);
  CHECK(method("HEAD") == Method::kHead);
  CHECK(method("POST") == Method::kPost);
  CHECK(method("PUT") == Method::kPut);
  CHECK(method("DELETE") == Method::kDelete);
  CHECK(method("OPTIONS") == Method::kOptions);
  CHECK(method("PATCH") == Method::kOther);
  CHECK(method("TRACE") == Method::kOther);
}

TEST_CASE("http: an unknown method is refused as that") {
  CHECK(refusal("BREW / HTTP/1.1\r\nHost: a\r\n\r\n") == Errc::kMethodUnknown);
  CHECK(refusal("get / HTTP/1.1\r\nHost: a\r\n\r\n") == Errc::kMethodUnknown);
}

TEST_CASE("http: a request line is three words with one blank between") {
  for (const char* line : {"GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET   /a/b/c   HTTP/1.1"}) {
    CAPTURE(line);
    CHECK(refusal(std::string(line) + "\r\nHost: a\r\n\r\n") == Errc::kInvalid);
  }
  // llhttp's own refusals, of which each has its code.
  for (const char* line :
       {"GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1"}) {
    CAPTURE(line);
    const Errc code = refusal(std::string(line) + "\r\nHost: a\r\n\r\n");
    CHECK((code == Errc::kInvalid || code == Errc::kMethodUnknown || code == Errc::kVersion));
  }
  CHECK(refusal("GET  / HTTP/1.0\r\n\r\n") == Errc::kInvalid);
  CHECK(parse("\r\n\r\nM-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n").target == "*");
}

TEST_CASE("http: a connection ends after CONNECT, and with it what was meant for a tunnel") {
  CHECK_FALSE(parse("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
}

TEST_CASE("http: CONNECT is a request like others and ends no parsing") {
  const auto requests = parse_in_pieces(
      "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n", 1);
  REQUIRE(requests);
  CHECK(requests->size() == 2);
  CHECK(parse("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n").method == Method::kOther);
}

TEST_CASE("http: an offer to upgrade is ignored") {
  const std::string upgrade =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
  for (const size_t piece : {size_t{1}, size_t{1000}}) {
    const auto requests = parse_in_pieces(upgrade + upgrade, piece);
    REQUIRE(requests);
    CHECK(requests->size() == 2);
  }
}

TEST_CASE("http: versions other than 1.0 and 1.1 are refused as that") {
  for (const char* version : {"0.9", "1.2", "2.0", "3.0"}) {
    CAPTURE(version);
    CHECK(refusal("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n\r\n") == Errc::kVersion);
  }
  CHECK(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == Errc::kVersion);
  CHECK(refusal("GET / HTTQ/1.1\r\nHost: a\r\n\r\n") == Errc::kInvalid);
}

TEST_CASE("http: HTTP/1.1 needs exactly one Host, which may be empty") {
  CHECK(parse("GET / HTTP/1.1\r\nHost:\r\n\r\n").header("host").empty());
  CHECK(refusal("GET / HTTP/1.1\r\nX: a\r\n\r\n") == Errc::kInvalid);
  CHECK(refusal(with_header("Host: a")) == Errc::kInvalid);
  CHECK(refusal(with_header("hOST: b")) == Errc::kInvalid);
}

TEST_CASE("http: HTTP/1.0 may lack a Host but not have two") {
  CHECK(parse("GET / HTTP/1.0\r\n\r\n").http_1_0);
  CHECK(refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == Errc::kInvalid);
}

TEST_CASE("http: a body with two framings is refused") {
  for (const char* lines :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3", "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 3, 4", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"}) {
    CAPTURE(lines);
    CHECK(refusal(with_header(lines)) == Errc::kInvalid);
  }
}

TEST_CASE("http: only chunked alone is taken as transfer encoding") {
  CHECK(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n").chunked);
  for (const char* value : {"gzip, chunked", "chunked, gzip", "chunked, chunked", "identity",
                            "xchunked", "chunkedx", "chunked;q=1", "\"chunked\"", ""}) {
    CAPTURE(value);
    CHECK(refusal(with_header("Transfer-Encoding: " + std::string(value))) == Errc::kInvalid);
  }
}

TEST_CASE("http: HTTP/1.0 has no transfer encoding") {
  CHECK(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") ==
        Errc::kInvalid);
}

TEST_CASE("http: a content length is digits and nothing else") {
  for (const char* value : {"-1", "+1", "0x1", "1 2", "1,", "a", "", "18446744073709551616"}) {
    CAPTURE(value);
    CHECK(refusal(with_header("Content-Length: " + std::string(value))) == Errc::kInvalid);
  }
}

TEST_CASE("http: a line that ends in a bare LF or CR is refused") {
  CHECK(refusal("GET / HTTP/1.1\nHost: a\r\n\r\n") == Errc::kInvalid);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\n\r\n") == Errc::kInvalid);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\n") == Errc::kInvalid);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n") == Errc::kInvalid);
  CHECK(refusal("GET / HTTP/1.1\rHost: a\r\n\r\n") == Errc::kInvalid);
}

TEST_CASE("http: a folded line is refused") {
  CHECK(refusal(with_header("X: a\r\n b")) == Errc::kInvalid);
  CHECK(refusal(with_header("X: a\r\n\tb")) == Errc::kInvalid);
  CHECK(refusal("GET / HTTP/1.1\r\n Host: a\r\n\r\n") == Errc::kInvalid);
}

TEST_CASE("http: white space or another wrong character in a header name is refused") {
  for (const char* line : {"X : a", "X\t: a", "X y: a", ": a", "X", "X(: a", "X\xc3\xa9: a"}) {
    CAPTURE(line);
    CHECK(refusal(with_header(line)) == Errc::kInvalid);
  }
}

TEST_CASE("http: TLS is told as such, however it arrives, and other garbage is not") {
  const std::string hello("\x16\x03\x01\x00\xc8\x01", 6);
  for (const size_t size : {size_t{1}, hello.size()}) {
    RequestParser parser({});
    const auto fed = parser.feed(std::string_view(hello).substr(0, size));
    REQUIRE_FALSE(fed);
    CHECK(fed.error().detail == "this port speaks plain HTTP, not TLS");
    CHECK(parser.met_tls());
  }
  for (const char* garbage : {"\x15\x03", "G\x16\x03"}) {
    RequestParser parser({});
    const auto fed = parser.feed(garbage);
    REQUIRE_FALSE(fed);
    CHECK(fed.error().detail.starts_with("a control character at byte "));
    CHECK_FALSE(parser.met_tls());
  }
}

TEST_CASE("http: a head that is too large is told which limit that is") {
  RequestParser parser({.max_head_bytes = 10, .max_body_bytes = 10});
  CHECK(parser.feed("GET /aaaaaaaaaaaaa HTTP/1.1").error().detail ==
        "the head is over limits.head: 10 bytes");
}

TEST_CASE("http: control characters are refused, tabs and bytes above ASCII are not") {
  for (char c = 0; c < 0x20; ++c) {
    if (c != '\t') {
      CAPTURE(static_cast<int>(c));
      CHECK(refusal(with_header(std::string("X: a") + c + "b")) == Errc::kInvalid);
    }
  }
  CHECK(refusal(with_header("X: \x7f")) == Errc::kInvalid);
  CHECK(refusal(std::string("GET /\0 HTTP/1.1\r\n", 17)) == Errc::kInvalid);
  CHECK(parse(with_header("X: a\tb \xc3\xa9")).header("x") == "a\tb \xc3\xa9");
}

TEST_CASE("http: chunk framing is checked as strictly as a head") {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* body :
       {"1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1\r\nab\r\n0\r\n\r\n", "x\r\n", "-1\r\n", "\r\n",
        "1;a\nb\r\n", "0\r\n\n", "0\r\nT: a\n\r\n", "0\r\nT: a\r\n b\r\n\r\n", " 1\r\n", "0x1\r\n",
        "1\r\na1\r\n", "1;\x01\r\n", "0\r\nContent-Length: 0\r\n\r\n",
        "0\r\nA: b\r\ncontent-length: 7\r\n\r\n"}) {
    CAPTURE(body);
    CHECK(refusal(head + body) == Errc::kInvalid);
  }
}

TEST_CASE("http: a trailer does not become a header") {
  const Request request = parse(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: "
      "x\r\n\r\n");
  CHECK(request.headers.size() == 2);
  CHECK(request.header("authorization").empty());
}

TEST_CASE("http: connections are kept as the version and Connection say") {
  const auto kept = [](const std::string& version, const std::string& connection) {
    return parse("GET / HTTP/" + version + "\r\nHost: a\r\n" + connection + "\r\n").keep_alive;
  };
  CHECK(kept("1.1", ""));
  CHECK(kept("1.1", "Connection: keep-alive\r\n"));
  CHECK_FALSE(kept("1.1", "Connection: close\r\n"));
  CHECK_FALSE(kept("1.1", "connection: foo ,\tClose\r\n"));
  CHECK_FALSE(kept("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  CHECK(kept("1.1", "Connection: closed\r\n"));
  CHECK_FALSE(kept("1.0", ""));
  CHECK(kept("1.0", "Connection: Keep-Alive\r\n"));
  CHECK_FALSE(kept("1.0", "Connection: keep-alive, close\r\n"));
}

TEST_CASE("http: a request after Connection: close is parsed like any other") {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  CHECK(parse_in_pieces(request + request, 1)->size() == 2);
}

TEST_CASE("http: the first header of a name is found without case") {
  const Request request = parse(with_header("X-A: 1\r\nx-a: 2"));
  CHECK(request.header("X-a") == "1");
  CHECK(request.header("X-B").empty());
}

}  // namespace
}  // namespace ringcast::http::http_request_parser_test
