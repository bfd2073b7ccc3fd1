// subscribe URL TOPIC COUNT [TOKEN_FILE]: prints the first COUNT events of a topic or pattern.
#include <ringcast/client.h>
#include <uv.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace rc = ringcast::client;

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: subscribe URL TOPIC COUNT [TOKEN_FILE]\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  uv_loop_t loop;
  uv_loop_init(&loop);
  int left = std::atoi(argv[3]);
  {
    rc::ClientOptions options;
    options.url = argv[1];
    if (argc > 4) {
      const std::string file = argv[4];
      options.token_source = [file](rc::TokenReply reply) {  // Again after each 401.
        std::string token;
        std::getline(std::ifstream(file), token);
        reply(token);
      };
    }
    auto client = rc::Client::open(&loop, options);
    if (!client) {
      std::fprintf(stderr, "%s\n", client.error().message.c_str());
      return 2;
    }

    rc::Subscription subscription;
    rc::SubscriptionHandlers handlers;
    handlers.on_event = [&](const rc::Event& event) {
      std::printf("%s: %s\n", event.type.c_str(), event.data.c_str());
      if (--left == 0) {
        subscription.close();
      }
    };
    handlers.on_gap = [](const rc::Gap& gap) {
      std::fprintf(stderr, "events are missing here: %s\n", gap.reason.c_str());
    };
    handlers.on_state = [](const rc::StateChange& change) {
      if (change.error) {
        std::fprintf(stderr, "%s\n", change.error.message.c_str());
      }
    };

    rc::SubscribeOptions wanted;
    wanted.topics = {argv[2]};
    wanted.since = "earliest";
    subscription = client->subscribe(wanted, handlers);
    uv_run(&loop, UV_RUN_DEFAULT);  // Until the subscription is closed, or ended by a refusal.
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  return uv_loop_close(&loop) != 0 ? 3 : left == 0 ? 0 : 1;
}
