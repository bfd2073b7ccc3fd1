package ringcast

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// numbers yields count events with the data "0", "1" and so on to topic a, with some of them changed.
func numbers(count int, change map[int]func(*Publication)) func(func(Publication) bool) {
	return func(yield func(Publication) bool) {
		for i := 0; i < count; i++ {
			publication := Publication{Topic: "a", Data: fmt.Sprint(i)}
			if change[i] != nil {
				change[i](&publication)
			}
			if !yield(publication) {
				return
			}
		}
	}
}

// expectNumbers reads the events "from" to "to" - 1, in order and each once.
func expectNumbers(t testing.TB, stream *Stream, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if event := next(t, stream); event.Gap != nil || event.Data != fmt.Sprint(i) {
			t.Fatalf("event %d is %+v", i, event)
		}
	}
}

func TestAHundredThousandEventsArePublishedWithinAFewMegabytes(t *testing.T) {
	const count = 100_000
	broker := startDaemon(t, `history: {events: 200000, bytes: 64MiB}`)
	client := &Client{URL: broker.url}
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before, most := heap(), uint64(0)
	changes := map[int]func(*Publication){}
	for i := 5_000; i < count; i += 10_000 {
		changes[i] = func(*Publication) {
			if now := heap(); now > most {
				most = now
			}
		}
	}
	summary, err := client.PublishMany(patient(t), numbers(count, changes))
	if err != nil || summary.Accepted != count || summary.Duplicates != 0 {
		t.Fatalf("%+v, %v", summary, err)
	}
	if most > before+8<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, most)
	}
	if state := broker.topic(t, "a"); state.Events != count {
		t.Errorf("%d events", state.Events)
	}
	expectNumbers(t, subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"}), 0, count)
}

func TestABatchWhoseAnswerIsLostIsNotStoredTwice(t *testing.T) {
	broker := startDaemon(t, `history: {events: 5000}`)
	between := startProxy(t, broker.address)
	between.set(func() { between.swallowed = 1 })
	summary, err := (&Client{URL: between.url}).PublishMany(patient(t), numbers(2500, nil))
	if err != nil || summary.Accepted != 2500 || summary.Duplicates < 1 || summary.FirstID == "" || summary.LastID == "" {
		t.Errorf("%+v, %v", summary, err)
	}
	expectNumbers(t, subscribe(t, &Client{URL: broker.url}, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"}), 0, 2500)
	if state := broker.topic(t, "a"); state.Events != 2500 {
		t.Errorf("%d events", state.Events)
	}
}

func TestAnEventThatIsRefusedStopsPublishManyBehindThoseBeforeIt(t *testing.T) {
	const bad = 1234 // In the second batch.
	for name, change := range map[string]func(*Publication){
		"by the broker": func(p *Publication) { p.Topic = "a*b" },
		"by the client": func(p *Publication) { p.Data = math.NaN() },
	} {
		broker := startDaemon(t, `history: {events: 5000}`)
		yielded := 0
		events := numbers(5000, map[int]func(*Publication){bad: change})
		summary, err := (&Client{URL: broker.url}).PublishMany(patient(t), func(yield func(Publication) bool) {
			events(func(p Publication) bool { yielded++; return yield(p) })
		})
		failure := refused(t, err)
		if failure.Index != bad || failure.Line != bad+1 || summary.Accepted != bad || !strings.Contains(err.Error(), "(event 1235)") {
			t.Errorf("%s: %+v, %+v", name, summary, failure)
		}
		if state := broker.topic(t, "a"); state.Events != bad {
			t.Errorf("%s: %d events", name, state.Events)
		}
		if yielded > 2000 {
			t.Errorf("%s: went on to event %d", name, yielded)
		}
	}
}

func TestPublishManyGetsThroughAtARateBelowABatch(t *testing.T) {
	const count = 1500
	broker := startDaemon(t, `{limits: {publish_rate_per_address: 500, publish_burst: 100ms}, history: {events: 5000}}`)
	client := &Client{URL: broker.url, RequestTimeout: 500 * time.Millisecond}
	summary, err := client.PublishMany(patient(t), numbers(count, nil))
	if err != nil || summary.Accepted != count {
		t.Fatalf("%+v, %v", summary, err)
	}
	// Else no request took too long, and nothing is shown here.
	if summary.Duplicates == 0 {
		t.Error("no batch was sent again")
	}
	expectNumbers(t, subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"}), 0, count)
}

func TestPublishChanSendsAnEventWithoutWaitingForTheNext(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"})
	events, done := make(chan Publication), make(chan error)
	var summary Summary
	go func() {
		var err error
		summary, err = client.PublishChan(patient(t), events)
		done <- err
	}()
	for i := 0; i < 3; i++ {
		events <- Publication{Topic: "a", Data: fmt.Sprint(i)}
		expectNumbers(t, stream, i, i+1)
	}
	for i := 3; i < 3000; i++ {
		events <- Publication{Topic: "a", Data: fmt.Sprint(i)}
	}
	close(events)
	if err := <-done; err != nil || summary.Accepted != 3000 {
		t.Fatalf("%+v, %v", summary, err)
	}
}

func TestPublishChanEndsWithItsContextAndAtARefusal(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.PublishChan(ctx, make(chan Publication)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	events := make(chan Publication, 3)
	events <- Publication{Topic: "a", Data: "x"}
	events <- Publication{Topic: "a", Data: "x", ID: " "}
	events <- Publication{Topic: "a", Data: "x"}
	summary, err := client.PublishChan(patient(t), events)
	if failure := refused(t, err); failure.Status != 400 || failure.Field != "id" || failure.Index != 1 || summary.Accepted != 1 {
		t.Errorf("%+v, %+v", summary, failure)
	}
}

func TestPublishManyOfNothingAsksNobody(t *testing.T) {
	summary, err := (&Client{URL: "http://127.0.0.1:1"}).PublishMany(patient(t), numbers(0, nil))
	if err != nil || summary != (Summary{}) {
		t.Errorf("%+v, %v", summary, err)
	}
}
