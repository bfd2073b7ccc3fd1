#include "load/scenarios.h"

namespace ringcast::bench {

namespace {

double per(double count, double of) {
  return of > 0 ? count / of : 0;
}

double seconds_between(uint64_t begin_ns, uint64_t end_ns) {
  return static_cast<double>(end_ns - begin_ns) / 1e9;
}

// Topics that are only there.
void fill_topics(Bench& bench) {
  if (bench.settings.more_topics == 0) {
    return;
  }
  PublicationOptions options = bench.settings.publication;
  options.publishers = 1;
  options.rate = 0;
  options.batch = 1;
  options.first_topic = bench.settings.topics;
  options.topics = bench.settings.more_topics;
  Publication filling(bench.reactor, bench.requests, options);
  filling.send_some(options.topics);
  bench.run_until([&] { return filling.is_idle(); }, [&] { return filling.answered(); });
}

}  // namespace

void run_fanout(Bench& bench, Report& report) {
  const Settings& settings = bench.settings;
  fill_topics(bench);
  Crowd crowd(bench, {.size = settings.subscribers - settings.stalled, .topics = settings.topics});
  Crowd stalled(bench, {.size = settings.stalled, .topics = settings.topics});
  bool is_complete = crowd.join() && stalled.join();
  PublicationOptions options = settings.publication;
  options.topics = settings.topics;
  Publication publication(bench.reactor, bench.requests, options);
  is_complete = crowd.get_acquainted(publication) && is_complete;
  stalled.stop_reading();
  publication.start();
  bench.run_for(settings.warm_up, &publication);
  publication.stop();
  crowd.wait_for_all(publication);

  crowd.tally.latency_ns.clear();
  const uint64_t deliveries = crowd.tally.deliveries;
  const uint64_t answered = publication.answered();
  const uint64_t memory = bench.usage.resident_bytes();
  const Mark begin = bench.mark();
  publication.start();
  bench.run_for(settings.seconds, &publication);
  publication.stop();
  is_complete = crowd.wait_for_all(publication) && is_complete;
  const Mark end = bench.mark();

  const auto delivered = static_cast<double>(crowd.tally.deliveries - deliveries);
  const auto published =
      static_cast<double>((publication.answered() - answered) * settings.publication.batch);
  const double cpu = seconds_between(begin.server_ns, end.server_ns);
  report.add("deliveries", delivered);
  report.add("published", published);
  report.add_usage(begin, end);
  report.add("deliveries_per_cpu_s", per(delivered, cpu));
  report.add("published_per_cpu_s", per(published, cpu));
  report.add("published_per_s", per(published, seconds_between(begin.wall_ns, end.wall_ns)));
  report.add_latency("latency_us", crowd.tally.latency_ns);
  report.add_latency("send_late_us", publication.lateness_ns());
  report.add_count("rss_before", memory);
  report.add_count("rss_after", bench.usage.resident_bytes());
  report.add_count("refused_publishes", publication.refused());
  report.add_faults(crowd.tally, crowd.disordered(), is_complete && publication.refused() == 0);
}

void run_idle(Bench& bench, Report& report) {
  const uint64_t memory = bench.usage.resident_bytes();
  const Mark begin = bench.mark();
  Crowd crowd(bench, {.size = bench.settings.subscribers, .topics = bench.settings.topics});
  const bool is_complete = crowd.join();
  const Mark end = bench.mark();
  const uint64_t memory_after = bench.usage.resident_bytes();
  const auto count = static_cast<double>(crowd.tally.streams);
  report.add("streams", count);
  report.add_usage(begin, end);
  report.add("rss_per_stream",
             per(static_cast<double>(memory_after) - static_cast<double>(memory), count));
  report.add("connects_per_cpu_s", per(count, seconds_between(begin.server_ns, end.server_ns)));
  report.add_count("rss_before", memory);
  report.add_count("rss_after", memory_after);
  report.add_faults(crowd.tally, 0, is_complete);
}

void run_replay(Bench& bench, Report& report) {
  PublicationOptions options = bench.settings.publication;
  options.publishers = 1;
  options.rate = 0;
  Publication publication(bench.reactor, bench.requests, options);
  Crowd witness(bench, {.size = 1});
  bool is_complete = witness.join() && witness.get_acquainted(publication);
  const std::string start(witness.last_id());
  Crowd crowd(bench, {.size = bench.settings.subscribers});
  crowd.be_strict(publication);
  publication.send_some(bench.settings.events);
  is_complete = witness.wait_for_all(publication) && is_complete;

  const Mark begin = bench.mark();
  is_complete = crowd.join(start) && is_complete;
  is_complete = crowd.wait_for_all(publication) && is_complete;
  const Mark end = bench.mark();
  const auto delivered = static_cast<double>(crowd.tally.deliveries);
  report.add("deliveries", delivered);
  report.add_usage(begin, end);
  report.add("deliveries_per_cpu_s",
             per(delivered, seconds_between(begin.server_ns, end.server_ns)));
  report.add_faults(crowd.tally, crowd.disordered(), is_complete && publication.refused() == 0);
}

void run_history(Bench& bench, Report& report) {
  const Settings& settings = bench.settings;
  PublicationOptions past_options = settings.publication;
  past_options.publishers = 1;
  past_options.rate = 0;
  PublicationOptions live_options = past_options;
  live_options.rate = settings.publication.rate;
  live_options.batch = 1;
  live_options.first_topic = 1;
  PublicationOptions first_options = past_options;
  first_options.batch = 1;
  first_options.first_number = 1;  // Not among what the crowd expects.
  Publication past(bench.reactor, bench.requests, past_options);
  Publication first(bench.reactor, bench.requests, first_options);
  Publication live(bench.reactor, bench.requests, live_options);
  const auto publish = [&](uint64_t events) {
    past.send_some(events / past_options.batch);
    return bench.run_until([&] { return past.is_idle(); }, [&] { return past.answered(); });
  };
  bool is_complete = publish(settings.older);
  Crowd witness(bench, {.size = 1});
  is_complete = witness.join() && witness.get_acquainted(first) && is_complete;
  const std::string start(witness.last_id());
  witness.cut_off(nullptr);
  Crowd crowd(bench, {.size = settings.subscribers});
  crowd.be_strict(past);
  is_complete = publish(settings.events) && is_complete;

  Crowd stayers(bench, {.size = settings.live, .first_topic = 1, .is_urgent = true});
  is_complete = stayers.join() && stayers.get_acquainted(live) && is_complete;
  live.start();
  bench.run_for(settings.warm_up, &live);
  stayers.tally.latency_ns.clear();
  bench.run_for(settings.seconds, &live);
  report.add_latency("live_before_us", stayers.tally.latency_ns);
  stayers.tally.latency_ns.clear();

  const Mark begin = bench.mark();
  is_complete = crowd.join(start, &live) && is_complete;
  is_complete = crowd.wait_for_all(past, &live) && is_complete;
  const Mark end = bench.mark();
  report.add_latency("live_during_us", stayers.tally.latency_ns);
  live.stop();
  is_complete = stayers.wait_for_all(live) && is_complete;
  const auto delivered = static_cast<double>(crowd.tally.deliveries);
  report.add("deliveries", delivered);
  report.add_usage(begin, end);
  report.add("deliveries_per_cpu_s",
             per(delivered, seconds_between(begin.server_ns, end.server_ns)));
  report.add("deliveries_per_s", per(delivered, seconds_between(begin.wall_ns, end.wall_ns)));
  report.add_latency("send_late_us", live.lateness_ns());
  report.add_count("rss_after", bench.usage.resident_bytes());
  report.add_count("refused_publishes", past.refused() + live.refused());
  report.add_count("stayers_missing", stayers.tally.faults.missing);
  report.add_faults(crowd.tally, crowd.disordered() + stayers.disordered(),
                    is_complete && stayers.tally.faults.missing == 0 && live.refused() == 0 &&
                        past.refused() + first.refused() == 0);
}

void run_reconnect(Bench& bench, Report& report) {
  const Settings& settings = bench.settings;
  PublicationOptions missed_options = settings.publication;
  missed_options.publishers = 1;
  missed_options.rate = 0;
  missed_options.in_flight = 1;
  PublicationOptions live_options = settings.publication;
  live_options.publishers = 1;
  live_options.first_topic = 1;
  Publication missed(bench.reactor, bench.requests, missed_options);
  Publication live(bench.reactor, bench.requests, live_options);
  Crowd crowd(bench, {.size = settings.subscribers});
  Crowd stayers(bench, {.size = settings.live, .first_topic = 1, .is_urgent = true});
  bool is_complete = crowd.join() && stayers.join();
  is_complete = crowd.get_acquainted(missed) && stayers.get_acquainted(live) && is_complete;
  live.start();
  bench.run_for(settings.warm_up, &live);
  stayers.tally.latency_ns.clear();
  bench.run_for(settings.seconds, &live);
  report.add_latency("live_before_us", stayers.tally.latency_ns);
  stayers.tally.latency_ns.clear();

  const Mark begin = bench.mark();
  crowd.cut_off(&live);
  missed.send_some(settings.events);
  is_complete =
      bench.run_until([&] { return missed.is_idle(); }, [&] { return missed.answered(); }, &live) &&
      is_complete;
  const uint64_t back_ns = now_ns();
  is_complete = crowd.join({}, &live) && is_complete;
  is_complete = crowd.wait_for_all(missed, &live) && is_complete;
  const Mark end = bench.mark();
  report.add_latency("live_during_us", stayers.tally.latency_ns);
  live.stop();
  is_complete = stayers.wait_for_all(live) && is_complete;
  report.add("reconnect_s", seconds_between(back_ns, end.wall_ns));
  report.add("deliveries", static_cast<double>(crowd.tally.deliveries));
  report.add_usage(begin, end);
  report.add_latency("send_late_us", live.lateness_ns());
  report.add_count("stayers_missing", stayers.tally.faults.missing);
  report.add_faults(crowd.tally, crowd.disordered() + stayers.disordered(),
                    is_complete && stayers.tally.faults.missing == 0 && live.refused() == 0 &&
                        missed.refused() == 0);
}

}  // namespace ringcast::bench
