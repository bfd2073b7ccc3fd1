#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cpp/src/publication_encoder.h"

namespace ringcast::client::client_publication_encoder_test {

namespace {

Publication event(std::string topic, std::string data) {
  Publication publication;
  publication.topics = {std::move(topic)};
  publication.data = std::move(data);
  return publication;
}

Publication json_event(std::string data) {
  Publication publication = event("t", std::move(data));
  publication.is_json = true;
  return publication;
}

std::string object_of(const Publication& publication) {
  std::string out;
  const Error error = PublicationEncoder().append_object(out, publication, "k");
  CHECK_MESSAGE(!error, error.message);
  return out;
}

}  // namespace

TEST_CASE("client: an event becomes one object with topic, key and data") {
  CHECK(object_of(event("a/\"b", "x\ty")) == R"({"topic":"a/\"b","key":"k","data":"x\ty"})");
}

TEST_CASE("client: every field that was given is in the object") {
  Publication all = event("t", "1");
  all.topics.emplace_back("u");
  all.type = "e";
  all.id = "7";
  all.retry_ms = 500;
  all.key = "mine";
  all.is_private = true;
  CHECK(object_of(all) == R"({"topics":["t","u"],"event":"e","id":"7","retry":500,"private":true,)"
                          R"("key":"mine","data":"1"})");
}

TEST_CASE("client: a comment has its topics only") {
  Publication comment = event("t", "hello");
  comment.is_comment = true;
  CHECK(object_of(comment) == R"({"topic":"t","comment":"hello"})");
  comment.type = "e";
  CHECK(encode(comment, "k").error().code == Errc::kInvalid);
}

TEST_CASE("client: JSON is embedded without white space") {
  CHECK(object_of(json_event(" { \"a\" : [ 1.50, null ] } ")) ==
        R"({"topic":"t","key":"k","data":{"a":[1.50,null]}})");
}

TEST_CASE("client: what cannot be published appends nothing") {
  std::vector<Publication> wrong;
  for (const char* data : {"", "{", "{} {}", "nope", "\"\xff\""}) {
    wrong.push_back(json_event(data));
  }
  wrong.push_back(event("t", "\xff"));
  wrong.push_back(event("\xff", "x"));
  wrong.emplace_back();  // No topic.
  wrong.push_back(event("t", "x"));
  wrong.back().topics.resize(101);
  wrong.push_back(event("t", "x"));
  wrong.back().type = "\xff";
  wrong.push_back(event("t", "x"));
  wrong.back().id = "\xff";
  wrong.push_back(event("t", "x"));
  wrong.back().key = "two\r\nlines";
  for (const Publication& publication : wrong) {
    std::string out = "before";
    const Error error = PublicationEncoder().append_object(out, publication, "k");
    CHECK(error.code == Errc::kInvalid);
    CHECK_FALSE(error.message.empty());
    CHECK(out == "before");
  }
}

TEST_CASE("client: an event of one topic is that topic's body") {
  Publication publication = event("a b/c", "[1, 2]\r\n");
  publication.type = "\xC3\xA4";
  publication.id = "i 1";
  publication.retry_ms = 50;
  const auto encoded = encode(publication, "made up");
  REQUIRE(encoded);
  CHECK(encoded->path == "/topics/a%20b/c?event=%C3%A4&id=i%201&retry=50");
  CHECK(encoded->content_type == "text/plain; charset=utf-8");
  CHECK(encoded->body == "[1, 2]\r\n");
  CHECK(encoded->key == "made up");
  publication.key = "mine";
  CHECK(encode(publication, "made up")->key == "mine");
}

TEST_CASE("client: several topics and private events go to POST /events") {
  Publication publication = event("t", "x");
  publication.is_private = true;
  auto encoded = encode(publication, "k");
  REQUIRE(encoded);
  CHECK(encoded->path == "/events");
  CHECK_FALSE(encoded->key);
  CHECK(encoded->body == R"({"topic":"t","private":true,"key":"k","data":"x"})");
  publication.is_private = false;
  publication.topics.emplace_back("u");
  CHECK(encode(publication, "k")->path == "/events");
}

TEST_CASE("client: a JSON body is a string's text or the value minified") {
  const auto body = [](const char* data) { return PublicationEncoder().body(json_event(data)); };
  CHECK(*body(" \"a\\nb\" ") == "a\nb");
  CHECK(*body("[1, 2]") == "[1,2]");
  CHECK(*body("null") == "null");
  CHECK_FALSE(body("[1, 2"));
  CHECK_FALSE(PublicationEncoder().body(event("t", "\xc3")));
  CHECK(PublicationEncoder().body(event("t", ""))->empty());
}

}  // namespace ringcast::client::client_publication_encoder_test
