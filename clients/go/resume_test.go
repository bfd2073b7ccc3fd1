package ringcast

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestABrokerWithAJournalThatCrashesLosesNothing(t *testing.T) {
	const settings = `{stream: {retry: 100ms}, journal: {path: FOLDER}}`
	broker := startDaemon(t, settings)
	between := startProxy(t, broker.address)
	client := &Client{URL: between.url}
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"})
	ctx, cancel := context.WithCancel(patient(t))
	published := make(chan error, 1)
	go func() { // Goes on while the broker is away.
		for i := 0; i < 200; i++ {
			if _, err := client.Publish(ctx, "a", fmt.Sprint(i)); err != nil {
				published <- err
				return
			}
		}
		published <- nil
	}()
	defer cancel()
	for read := 0; read < 200; read += 50 {
		expectNumbers(t, stream, read, read+50)
		if read < 150 {
			broker = broker.restart(t, settings)
			between.set(func() { between.backend = broker.address })
		}
	}
	if err := <-published; err != nil {
		t.Error(err)
	}
	if state := broker.topic(t, "a"); state.Events != 200 {
		t.Errorf("%d events", state.Events)
	}
}

func TestABrokerWithoutAJournalThatCrashesIsToldAsAGap(t *testing.T) {
	broker := startDaemon(t, quick)
	between := startProxy(t, broker.address)
	client := &Client{URL: between.url}
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"})
	last := publish(t, client, "a", "0").ID
	expectNumbers(t, stream, 0, 1)
	broker = broker.restart(t, quick)
	publish(t, &Client{URL: broker.url}, "a", "1")
	between.set(func() { between.backend = broker.address })
	gap := next(t, stream).Gap
	if gap == nil || gap.Reason != GapEpoch || gap.Missed != nil || gap.Requested != last {
		t.Fatalf("%+v", gap)
	}
	expectNumbers(t, stream, 1, 2)
}

func TestConnectionsThatAreCutAnywhereLoseAndRepeatNothing(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	if _, err := client.PublishMany(patient(t), numbers(300, nil)); err != nil {
		t.Fatal(err)
	}
	between := startProxy(t, broker.address)
	between.set(func() { between.mostBytes = 1499 })
	var reasons []error
	stream := subscribe(t, &Client{URL: between.url}, SubscribeOptions{Topics: []string{"a"}, Since: "earliest",
		OnDisconnect: func(reason error, _ time.Duration) { reasons = append(reasons, reason) }})
	expectNumbers(t, stream, 0, 300)
	if len(reasons) < 5 {
		t.Errorf("cut %d times only: %v", len(reasons), reasons)
	}
}

const smallRing = `{stream: {retry: 100ms}, history: {events: 5, grace: 0}}`

// forceGap subscribes, cuts the connection behind the event "0" and lets the ring pass it: 15 of 20 are gone.
func forceGap(t *testing.T, options SubscribeOptions) (stream *Stream, last string) {
	broker := startDaemon(t, smallRing)
	between := startProxy(t, broker.address)
	options.Topics, options.Since = []string{"a"}, "earliest"
	stream = subscribe(t, &Client{URL: between.url}, options)
	direct := &Client{URL: broker.url}
	last = publish(t, direct, "a", "0").ID
	expectNumbers(t, stream, 0, 1)
	between.pause()
	for i := 1; i <= 20; i++ {
		publish(t, direct, "a", fmt.Sprint(i))
	}
	between.resume()
	return stream, last
}

func TestAGapComesAsAnEventBeforeWhatFollows(t *testing.T) {
	stream, last := forceGap(t, SubscribeOptions{})
	event := next(t, stream)
	gap := event.Gap
	if gap == nil || gap.Reason != GapExpired || gap.Missed == nil || *gap.Missed != 15 || gap.Requested != last || gap.Resumed != event.ID {
		t.Fatalf("%+v %+v", event, gap)
	}
	if event.Type != "ringcast.gap" || !strings.HasPrefix(gap.String(), "15 events are missing behind "+last) {
		t.Errorf("%s: %s", event.Type, gap)
	}
	expectNumbers(t, stream, 16, 21)
}

func TestAGapGoesToItsCallbackInstead(t *testing.T) {
	var gaps []Gap
	stream, _ := forceGap(t, SubscribeOptions{Envelope: true, MaxData: 1 << 20, OnGap: func(gap Gap) { gaps = append(gaps, gap) }})
	for i := 16; i <= 20; i++ {
		event := next(t, stream)
		if event.Gap != nil || event.Data != fmt.Sprint(i) || len(gaps) != 1 || *gaps[0].Missed != 15 {
			t.Errorf("%+v behind %v", event, gaps)
		}
	}
}

func TestAnIDThatIsStrangeToTheBrokerIsToldAsAGap(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	publish(t, client, "a", "0")
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, LastEventID: "strange \u00e9"})
	gap := next(t, stream).Gap
	if gap == nil || gap.Reason != GapUnknown || gap.Missed != nil || !strings.Contains(gap.String(), "may be missing") {
		t.Fatalf("%+v", gap)
	}
	expectNumbers(t, stream, 0, 1)
}

func TestAConsumerThatIsTooSlowIsToldWhatItMissed(t *testing.T) {
	const count = 400
	broker := startDaemon(t, `{stream: {retry: 100ms, send_buffer: 4KiB}, history: {events: 150, bytes: 64MiB, grace: 0}}`)
	client := &Client{URL: broker.url}
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"})
	publish(t, client, "a", "ready")
	next(t, stream)
	// More than the network's buffers hold, while nobody calls Next.
	large := strings.Repeat("x", 64<<10)
	for i := 0; i < count; i++ {
		publish(t, client, "a", large)
	}
	publish(t, client, "a", "last")
	received, missed, gaps := 0, 0, 0
	for {
		event := next(t, stream)
		if event.Gap != nil {
			if event.Gap.Reason != GapLagged || event.Gap.Missed == nil {
				t.Fatal(event.Gap)
			}
			gaps, missed = gaps+1, missed+int(*event.Gap.Missed)
		} else if event.Data == "last" {
			break
		} else {
			received++
		}
	}
	if gaps == 0 || received+missed != count {
		t.Errorf("%d received and %d missed in %d gaps, of %d", received, missed, gaps, count)
	}
}

func TestAnotherSubscriptionGoesOnAtTheLastEventID(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	if _, err := client.PublishMany(patient(t), numbers(10, nil)); err != nil {
		t.Fatal(err)
	}
	first := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"})
	expectNumbers(t, first, 0, 4)
	first.Close()
	second := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, LastEventID: first.LastEventID()})
	expectNumbers(t, second, 4, 10)
}
