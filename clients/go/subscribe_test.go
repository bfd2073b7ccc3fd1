package ringcast

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestASubscriptionChoosesTopicsTypesAndWhereToStart(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	ids := []string{}
	for i, topic := range []string{"orders/1", "orders/2", "news", "orders/1"} {
		ids = append(ids, publish(t, client, topic, i, WithEvent([]string{"new", "paid"}[i%2])).ID)
	}
	for name, c := range map[string]struct {
		options SubscribeOptions
		want    string
	}{
		"a pattern from the start": {SubscribeOptions{Topics: []string{"orders/*"}, Since: "earliest"}, "0 1 3"},
		"two topics":               {SubscribeOptions{Topics: []string{"orders/1", "news"}, Since: "earliest"}, "0 2 3"},
		"the last two":             {SubscribeOptions{Topics: []string{"**"}, Since: "-2"}, "2 3"},
		"an age":                   {SubscribeOptions{Topics: []string{"news"}, Since: "10m"}, "2"},
		"a type":                   {SubscribeOptions{Topics: []string{"**"}, Since: "earliest", Events: []string{"paid"}}, "1 3"},
		"two types":                {SubscribeOptions{Topics: []string{"news", "orders/2"}, Since: "-9", Events: []string{"paid", "new"}}, "1 2"},
		"behind an id":             {SubscribeOptions{Topics: []string{"**"}, Since: "earliest", LastEventID: ids[1]}, "2 3"},
	} {
		stream := subscribe(t, client, c.options)
		var got []string
		for range strings.Fields(c.want) {
			got = append(got, next(t, stream).Data)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
		stream.Close()
	}
}

func TestAnEnvelopeNamesTheTopicAndKeepsTheData(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	want := publish(t, client, "orders/42", "a\n\"b\"", WithEvent("paid")).ID
	event := next(t, subscribe(t, client, SubscribeOptions{Topics: []string{"orders/**"}, Since: "earliest", Envelope: true}))
	if event.Topic != "orders/42" || event.Data != "a\n\"b\"" || event.Type != "paid" || event.ID != want || event.Time.IsZero() {
		t.Errorf("%+v", event)
	}
}

func TestEventsAboveALimitComeAsOversizeAndTheStreamGoesOn(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	large := publish(t, client, "a", strings.Repeat("x", 2001), WithEvent("big")).ID
	publish(t, client, "a", strings.Repeat("x", 2000))
	for _, options := range []SubscribeOptions{{MaxEventBytes: 2000}, {MaxData: 2000}} {
		options.Topics, options.Since = []string{"a"}, "earliest"
		stream := subscribe(t, client, options)
		event := next(t, stream)
		want := Oversize{Bytes: 2001, Local: options.MaxData == 0}
		if event.Oversize == nil || *event.Oversize != want || event.ID != large || event.Type != "ringcast.oversize" {
			t.Errorf("%+v: %+v", options, event)
		}
		if event := next(t, stream); event.Oversize != nil || len(event.Data) != 2000 {
			t.Errorf("%+v: then %+v", options, event)
		}
	}
}

func TestOptionsThatAreWrongAreNamed(t *testing.T) {
	client := &Client{URL: "http://127.0.0.1:1"}
	for field, options := range map[string]SubscribeOptions{
		"Topics":        {},
		"LastEventID":   {Topics: []string{"a"}, LastEventID: "a\nb"},
		"MaxData":       {Topics: []string{"a"}, MaxData: -1},
		"MaxEventBytes": {Topics: []string{"a"}, MaxEventBytes: minMaxEventBytes - 1},
	} {
		_, err := client.Subscribe(patient(t), options)
		if failure := refused(t, err); failure.Field != field {
			t.Errorf("%s: %+v", field, failure)
		}
	}
}

func TestRefusalsOfSubscriptionsAreFinal(t *testing.T) {
	broker := startDaemon(t, quick)
	for name, c := range map[string]struct {
		url     string
		options SubscribeOptions
		status  int
		field   string
	}{
		"a bad pattern": {broker.url, SubscribeOptions{Topics: []string{"a*b"}}, 400, "topic"},
		"a bad since":   {broker.url, SubscribeOptions{Topics: []string{"a"}, Since: "soon"}, 400, "since"},
		"no such route": {broker.url + "/nowhere", SubscribeOptions{Topics: []string{"a"}}, 404, ""},
	} {
		seen := &statuses{}
		stream := subscribe(t, &Client{URL: c.url, HTTPClient: &http.Client{Transport: seen}}, c.options)
		for i := 0; i < 2; i++ { // The second time without asking again.
			_, err := stream.Next(patient(t))
			if failure := refused(t, err); failure.Status != c.status || failure.Field != c.field || failure.Detail == "" {
				t.Errorf("%s: %+v", name, failure)
			}
		}
		if seen.count(c.status) != 1 {
			t.Errorf("%s: tried %d times", name, seen.count(c.status))
		}
	}
}

func TestNextCanBeGivenUpAndCalledAgain(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := stream.Next(ctx)
		done <- err
	}()
	broker.waitForSubscribers(t, "a", 1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	publish(t, client, "a", "0")
	expectNumbers(t, stream, 0, 1)
	if broker.topic(t, "a").Subscribers != 1 {
		t.Error("it connected again")
	}
}

func TestTheEndOfTheSubscriptionsContextAndCloseEndNext(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	ctx, cancel := context.WithCancel(context.Background())
	for name, c := range map[string]struct {
		ctx  context.Context
		end  func(*Stream)
		want error
	}{
		"the context": {ctx, func(*Stream) { cancel() }, context.Canceled},
		"close":       {context.Background(), func(s *Stream) { s.Close() }, ErrClosed},
	} {
		stream, err := client.Subscribe(c.ctx, SubscribeOptions{Topics: []string{"a"}})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := stream.Next(patient(t))
			done <- err
		}()
		broker.waitForSubscribers(t, "a", 1)
		c.end(stream)
		if err := <-done; !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := stream.Next(patient(t)); !errors.Is(err, c.want) {
			t.Errorf("%s, again: %v", name, err)
		}
		broker.waitForSubscribers(t, "a", 0)
	}
}

func TestACallbackMayCloseTheStream(t *testing.T) {
	broker := startDaemon(t, quick)
	var stream *Stream
	stream = subscribe(t, &Client{URL: broker.url}, SubscribeOptions{Topics: []string{"a"}, OnComment: func(string) { stream.Close() }})
	if _, err := stream.Next(patient(t)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestASilentBrokerIsLeftAndConnectedToAgain(t *testing.T) {
	broker := startDaemon(t, `stream: {retry: 100ms, heartbeat: 0}`)
	client := &Client{URL: broker.url}
	reasons := make(chan error, 100)
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, IdleTimeout: 200 * time.Millisecond,
		OnDisconnect: func(reason error, _ time.Duration) { reasons <- reason }})
	done := make(chan Event)
	go func() {
		event, _ := stream.Next(patient(t))
		done <- event
	}()
	for i := 0; i < 2; i++ {
		if reason := <-reasons; !strings.Contains(reason.Error(), "silent for 200ms") {
			t.Errorf("disconnected: %v", reason)
		}
	}
	publish(t, client, "a", "after the silence")
	if event := <-done; event.Data != "after the silence" {
		t.Errorf("%+v", event)
	}
}

func TestHeartbeatsKeepAQuietStreamAndMoveItsID(t *testing.T) {
	broker := startDaemon(t, `stream: {retry: 100ms, heartbeat: 100ms}`)
	client := &Client{URL: broker.url}
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"quiet"}, IdleTimeout: 10 * time.Second,
		OnDisconnect: func(reason error, _ time.Duration) { t.Errorf("disconnected: %v", reason) }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		stream.Next(ctx)
	}()
	broker.waitForSubscribers(t, "quiet", 1)
	other := publish(t, client, "other", "x").ID
	waitUntil(t, "the id has moved", func() bool { return stream.LastEventID() == other })
	cancel()
	<-done
}

func TestA503WithRetryAfterIsWaitedForAndTheTimeoutOfTheHTTPClientIsNotForStreams(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"title":"Service Unavailable","detail":"draining"}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		// Until the client's Timeout would have ended it.
		<-time.After(300 * time.Millisecond)
		fmt.Fprint(w, "data: x\n\n")
	}))
	defer server.Close()
	var told []string
	client := &Client{URL: server.URL, HTTPClient: &http.Client{Timeout: 150 * time.Millisecond}}
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, OnDisconnect: func(reason error, wait time.Duration) {
		if wait < time.Second {
			t.Errorf("waits %v", wait)
		}
		told = append(told, reason.Error())
	}})
	const reason = "ringcast: the broker answered 503 Service Unavailable: draining"
	if event := next(t, stream); event.Data != "x" || strings.Join(told, "|") != reason {
		t.Errorf("%+v after %q", event, told)
	}
}

func TestNextSaysWhyThereIsNoConnectionWhenItsTimeIsOver(t *testing.T) {
	between := startProxy(t, "127.0.0.1:1")
	between.pause()
	ctx, cancel := context.WithCancel(context.Background())
	stream := subscribe(t, &Client{URL: between.url}, SubscribeOptions{Topics: []string{"a"},
		OnDisconnect: func(error, time.Duration) { cancel() }})
	if _, err := stream.Next(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "before that: ringcast: Get") {
		t.Error(err)
	}
}
