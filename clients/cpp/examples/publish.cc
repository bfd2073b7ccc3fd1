// publish URL TOPIC: publishes one event, and then a batch of three.
#include <ringcast/client.h>
#include <uv.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

namespace rc = ringcast::client;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: publish URL TOPIC\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);  // Else a TLS connection that breaks ends the program.
  uv_loop_t loop;
  uv_loop_init(&loop);
  int code = 0;
  {
    rc::ClientOptions options;
    options.url = argv[1];
    auto client = rc::Client::open(&loop, options);
    if (!client) {
      std::fprintf(stderr, "%s\n", client.error().message.c_str());
      return 2;
    }

    rc::Publication event;
    event.topics = {argv[2]};
    event.type = "greeting";
    event.data = "Hello";
    client->publish(event, [&](rc::Result<rc::Receipt> receipt) {
      if (receipt) {
        std::printf("published as %s\n", receipt->id.c_str());
      } else {
        std::fprintf(stderr, "%s\n", receipt.error().message.c_str());
        code = 1;
      }
    });

    rc::Batch batch;
    event.is_json = true;
    for (int n = 1; n <= 3; ++n) {
      event.data = "{\"n\": " + std::to_string(n) + "}";
      if (rc::Error error = batch.add(event)) {
        std::fprintf(stderr, "%s\n", error.message.c_str());
        code = 1;
      }
    }
    client->publish(std::move(batch),
                    [&](rc::Result<rc::BatchReceipt> receipt) { code = receipt ? code : 1; });

    uv_run(&loop, UV_RUN_DEFAULT);  // Until both are answered.
  }
  uv_run(&loop, UV_RUN_DEFAULT);  // Until the client's handles are gone.
  return uv_loop_close(&loop) == 0 ? code : 3;
}
