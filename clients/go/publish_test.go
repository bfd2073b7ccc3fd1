package ringcast

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// statuses is a transport that notes what was answered.
type statuses struct {
	transport http.Transport
	mutex     sync.Mutex
	seen      []int
}

func (s *statuses) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := s.transport.RoundTrip(request)
	if err == nil {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.seen = append(s.seen, response.StatusCode)
	}
	return response, err
}

func (s *statuses) count(status int) int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	count := 0
	for _, one := range s.seen {
		if one == status {
			count++
		}
	}
	return count
}

func TestAnAnswerThatIsLostDoesNotStoreTheEventTwice(t *testing.T) {
	broker := startDaemon(t, quick)
	between := startProxy(t, broker.address)
	between.set(func() { between.swallowed = 2 })
	receipt := publish(t, &Client{URL: between.url}, "a", "once")
	if !receipt.Duplicate || receipt.ID == "" || between.connections() != 3 {
		t.Errorf("%+v over %d connections", receipt, between.connections())
	}
	if state := broker.topic(t, "a"); state.Events != 1 {
		t.Errorf("%d events", state.Events)
	}
}

func TestPublishWaitsForABrokerThatComesBack(t *testing.T) {
	broker := startDaemon(t, quick)
	between := startProxy(t, broker.address)
	between.pause()
	client := &Client{URL: between.url}
	done := make(chan error)
	go func() {
		_, err := client.Publish(patient(t), "a", "x")
		done <- err
	}()
	waitUntil(t, "two attempts", func() bool { return between.connections() >= 2 })
	between.resume()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPublishGivesUpAtItsContextsEnd(t *testing.T) {
	between := startProxy(t, "127.0.0.1:1")
	between.pause()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := (&Client{URL: between.url}).Publish(ctx, "a", "x")
		done <- err
	}()
	waitUntil(t, "two attempts", func() bool { return between.connections() >= 2 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestPublishWithoutRetriesTriesOnce(t *testing.T) {
	between := startProxy(t, "127.0.0.1:1")
	between.pause()
	_, err := (&Client{URL: between.url, RetryFor: -1}).Publish(patient(t), "a", "x")
	if err == nil || between.connections() != 1 {
		t.Errorf("%v over %d connections", err, between.connections())
	}
}

func TestPublishWaitsAsLongAs429Says(t *testing.T) {
	broker := startDaemon(t, `limits: {publish_rate_per_address: 2, publish_burst: 1s}`)
	seen := &statuses{}
	client := &Client{URL: broker.url, HTTPClient: &http.Client{Transport: seen}}
	for i := 0; i < 5; i++ {
		publish(t, client, "a", i)
	}
	// Without a word of how long to wait, there would be many more attempts in these seconds.
	if refusals := seen.count(http.StatusTooManyRequests); refusals < 1 || refusals > 5 {
		t.Errorf("%d times 429", refusals)
	}
	if state := broker.topic(t, "a"); state.Events != 5 {
		t.Errorf("%d events", state.Events)
	}
}

func TestA429ThatIsNotWaitedForSaysHowLongToWait(t *testing.T) {
	broker := startDaemon(t, `limits: {publish_rate_per_address: 1, publish_burst: 1s}`)
	client := &Client{URL: broker.url, RetryFor: -1}
	var err error
	for i := 0; i < 100 && err == nil; i++ {
		_, err = client.Publish(patient(t), "a", "x")
	}
	failure := refused(t, err)
	if failure.Status != http.StatusTooManyRequests || failure.RetryAfter < time.Second {
		t.Errorf("%+v", failure)
	}
}

func TestRefusalsAreFinalAndSayWhatWasWrong(t *testing.T) {
	broker := startDaemon(t, quick)
	for name, c := range map[string]struct {
		url, topic string
		options    []PublishOption
		status     int
		field      string
	}{
		"a wildcard":       {broker.url, "a*b", nil, 400, "topic"},
		"a reserved type":  {broker.url, "a", []PublishOption{WithEvent("ringcast.gap")}, 400, "event"},
		"a type with a CR": {broker.url, "a", []PublishOption{WithEvent("x\rdata: y")}, 400, "event"},
		"a reserved topic": {broker.url, "$sys/x", nil, 403, "topic"},
		"no such route":    {broker.url + "/nowhere", "a", nil, 404, ""},
	} {
		seen := &statuses{}
		client := &Client{URL: c.url, HTTPClient: &http.Client{Transport: seen}}
		_, err := client.Publish(patient(t), c.topic, "x", c.options...)
		failure := refused(t, err)
		if failure.Status != c.status || failure.Field != c.field || failure.Detail == "" || !strings.Contains(err.Error(), failure.Detail) {
			t.Errorf("%s: %+v", name, failure)
		}
		if seen.count(c.status) != 1 {
			t.Errorf("%s: tried %d times", name, seen.count(c.status))
		}
	}
}

func TestABadURLOrTokenIsNamed(t *testing.T) {
	for address, field := range map[string]string{
		"": "URL", "127.0.0.1:8080": "URL", "ftp://h": "URL", "http://": "URL", "http://h/?a=b": "URL", "http://h/#a": "URL",
	} {
		_, err := (&Client{URL: address}).Publish(patient(t), "a", "x")
		if failure := refused(t, err); failure.Field != field || failure.Status != 0 {
			t.Errorf("%q: %+v", address, failure)
		}
		if _, err := (&Client{URL: address}).Subscribe(patient(t), SubscribeOptions{Topics: []string{"a"}}); err == nil {
			t.Errorf("%q: subscribed", address)
		}
	}
	_, err := (&Client{URL: "http://127.0.0.1:1", Token: "a\nb"}).Publish(patient(t), "a", "x")
	if failure := refused(t, err); failure.Field != "Token" || strings.Contains(err.Error(), "a\nb") {
		t.Errorf("%+v", failure)
	}
}

func TestAPathBeforeTheBrokersIsKept(t *testing.T) {
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.EscapedPath()+" "+r.Header.Get("X-Tenant"))
		fmt.Fprint(w, `{"accepted":1,"last_id":"e-1"}`)
	}))
	defer server.Close()
	for _, path := range []string{"", "/", "/a", "/a/", "/a%2Fb/"} {
		publish(t, &Client{URL: server.URL + path, Header: http.Header{"x-tenant": {"t1"}}}, "a", "x")
	}
	if got := strings.Join(paths, ","); got != "/events t1,/events t1,/a/events t1,/a/events t1,/a%2Fb/events t1" {
		t.Error(got)
	}
}

func TestAnAnswerThatIsNotTheBrokersIsAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>log in</html>") }))
	defer server.Close()
	_, err := (&Client{URL: server.URL}).Publish(patient(t), "a", "x")
	if failure := refused(t, err); failure.Status != 200 {
		t.Errorf("%+v", failure)
	}
	events, err := (&Client{URL: server.URL}).Subscribe(patient(t), SubscribeOptions{Topics: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	if _, err = events.Next(patient(t)); refused(t, err).Title != "not an event stream" {
		t.Error(err)
	}
}

func TestACertificateThatIsNotTrustedIsFinal(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := (&Client{URL: server.URL}).Publish(context.Background(), "a", "x")
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "1.5": 0, "soon": 0, "999999": maxRetryAfter,
		"Fri, 02 Jan 2026 03:04:35 GMT": 30 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestWaitsGrowAndAreRandomAboveWhatTheBrokerAsksFor(t *testing.T) {
	plan := attempts{}
	failure := errors.New("cut")
	most := backoffBase
	for i := 0; i < 40; i++ {
		if wait, again := plan.after(failure, 3*time.Second); !again || wait < 3*time.Second || wait >= 3*time.Second+most {
			t.Fatalf("wait %d is %v", i, wait)
		}
		if most *= 2; most > backoffCap {
			most = backoffCap
		}
	}
	plan.progress()
	if wait, _ := plan.after(&Error{Status: 503, RetryAfter: 9 * time.Second}, time.Second); wait < 9*time.Second || wait >= 10*time.Second {
		t.Errorf("after a Retry-After of 9 s: %v", wait)
	}
}
