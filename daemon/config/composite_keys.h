#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"
#include "config/node.h"

// The keys whose value has a shape of its own. Each pair reads into, and prints from, its part of
// the Config; see Composite in keys.h.
namespace ringcast::config {

Status read_listen(const Node& value, std::string_view path, Config& config);
std::string print_listen(const Config& config);

Status read_workers(const Node& value, std::string_view path, Config& config);
std::string print_workers(const Config& config);

// Rules start from the default policy, which therefore has to be read before.
Status read_topics(const Node& value, std::string_view path, Config& config);
std::string print_topics(const Config& config);

Status read_anonymous(const Node& value, std::string_view path, Config& config);
std::string print_anonymous(const Config& config);

Status read_tokens(const Node& value, std::string_view path, Config& config);
std::string print_tokens(const Config& config);

Status read_algorithms(const Node& value, std::string_view path, Config& config);
std::string print_algorithms(const Config& config);

Status read_audience(const Node& value, std::string_view path, Config& config);
std::string print_audience(const Config& config);

Status read_mercure_path(const Node& value, std::string_view path, Config& config);
std::string print_mercure_path(const Config& config);

Status read_mercure_algorithms(const Node& value, std::string_view path, Config& config);
std::string print_mercure_algorithms(const Config& config);
Status read_subscriber_algorithms(const Node& value, std::string_view path, Config& config);
std::string print_subscriber_algorithms(const Config& config);

Status read_publish_origins(const Node& value, std::string_view path, Config& config);
std::string print_publish_origins(const Config& config);

Status read_trusted(const Node& value, std::string_view path, Config& config);
std::string print_trusted(const Config& config);

Status read_presence(const Node& value, std::string_view path, Config& config);
std::string print_presence(const Config& config);

Status read_webhooks(const Node& value, std::string_view path, Config& config);
std::string print_webhooks(const Config& config);

Status read_hosts(const Node& value, std::string_view path, Config& config);
std::string print_hosts(const Config& config);

Status read_origins(const Node& value, std::string_view path, Config& config);
std::string print_origins(const Config& config);

Status read_log_levels(const Node& value, std::string_view path, Config& config);
std::string print_log_levels(const Config& config);

}  // namespace ringcast::config
