#include "cpp/src/publication_encoder.h"

#include <algorithm>
#include <utility>

#include "cpp/src/endpoint.h"
#include "cpp/src/errors.h"
#include "cpp/src/utf8.h"
#include "ringcast/client.h"

namespace ringcast::client {
namespace {

constexpr size_t kMostTopics = 100;

// What the broker would refuse anyway is left to it; here is what cannot be sent.
Error check_publication(const Publication& publication) {
  if (publication.topics.empty() || publication.topics.size() > kMostTopics) {
    return invalid("a publication has 1 to 100 topics");
  }
  if (!std::all_of(publication.topics.begin(), publication.topics.end(), is_well_formed)) {
    return invalid("the topic is not UTF-8");
  }
  if (!is_well_formed(publication.type)) {
    return invalid("the type is not UTF-8");
  }
  if (!is_well_formed(publication.id)) {
    return invalid("the id is not UTF-8");
  }
  const bool has_fields = !publication.type.empty() || !publication.id.empty() ||
                          !publication.key.empty() || publication.retry_ms ||
                          publication.is_private || publication.is_json;
  if (publication.is_comment && has_fields) {
    return invalid("a comment has no other fields than its topics and data");
  }
  return check_header_value("the key", publication.key);
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  json::append_string(out, text);
}

void append_topics(std::string& out, const std::vector<std::string>& topics) {
  if (topics.size() == 1) {
    out += "{\"topic\":";
    json::append_string(out, topics.front());
    return;
  }
  out += "{\"topics\":";
  char separator = '[';
  for (const std::string& topic : topics) {
    out += std::exchange(separator, ',');
    json::append_string(out, topic);
  }
  out += ']';
}

}  // namespace

Error PublicationEncoder::append_object(std::string& out, const Publication& publication,
                                        std::string_view key) {
  if (Error error = check_publication(publication)) {
    return error;
  }
  std::string data;
  if (publication.is_json) {
    auto read = reader_.read(publication.data,
                             [&data](json::Value& root) { return root.append_minified(data); });
    if (!read) {
      return invalid(read.error().detail);
    }
  } else if (is_well_formed(publication.data)) {
    json::append_string(data, publication.data);
  } else {
    return invalid("the data is not UTF-8");
  }
  append_topics(out, publication.topics);
  if (publication.is_comment) {
    out.append(",\"comment\":").append(data).append("}");
    return {};
  }
  if (!publication.type.empty()) {
    append_field(out, "event", publication.type);
  }
  if (!publication.id.empty()) {
    append_field(out, "id", publication.id);
  }
  if (publication.retry_ms) {
    out.append(",\"retry\":").append(std::to_string(*publication.retry_ms));
  }
  if (publication.is_private) {
    out += ",\"private\":true";
  }
  append_field(out, "key", publication.key.empty() ? key : publication.key);
  out.append(",\"data\":").append(data).append("}");
  return {};
}

Result<std::string> PublicationEncoder::body(const Publication& publication) {
  if (!publication.is_json) {
    return is_well_formed(publication.data) ? Result<std::string>(publication.data)
                                            : invalid("the data is not UTF-8");
  }
  std::string data;
  auto read = reader_.read(publication.data, [&data](json::Value& root) -> Status {
    if (root.kind() != json::Value::Kind::kString) {
      return root.append_minified(data);
    }
    auto string = root.string();
    if (!string) {
      return std::move(string).failure();
    }
    data = *string;
    return Ok{};
  });
  return read ? Result<std::string>(std::move(data)) : invalid(read.error().detail);
}

Result<EncodedPublication> encode(const Publication& publication, std::string_view key) {
  if (Error error = check_publication(publication)) {
    return error;
  }
  PublicationEncoder encoder;
  EncodedPublication encoded;
  if (publication.topics.size() > 1 || publication.is_private || publication.is_comment) {
    encoded.path = "/events";
    encoded.content_type = "application/json";
    if (Error error = encoder.append_object(encoded.body, publication, key)) {
      return error;
    }
    return encoded;
  }
  auto body = encoder.body(publication);
  if (!body) {
    return body.error();
  }
  Query query;
  if (!publication.type.empty()) {
    query.add("event", publication.type);
  }
  if (!publication.id.empty()) {
    query.add("id", publication.id);
  }
  if (publication.retry_ms) {
    query.add("retry", std::to_string(*publication.retry_ms));
  }
  encoded.path = topic_path(publication.topics.front()) + query.text();
  encoded.content_type = publication.is_json ? "application/json" : "text/plain; charset=utf-8";
  encoded.key = publication.key.empty() ? std::string(key) : publication.key;
  encoded.body = *std::move(body);
  return encoded;
}

}  // namespace ringcast::client
