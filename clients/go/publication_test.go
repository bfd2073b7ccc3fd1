package ringcast

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

type text string

func TestDataArrivesAsItIsOrAsJSON(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"})
	for _, c := range []struct {
		data any
		want string
	}{
		{"plain", "plain"},
		{"", ""},
		{" two\nlines\n", " two\nlines\n"},
		{"null", "null"},
		{`{"a": 1}`, `{"a": 1}`},
		{"a\x00b\u2028<&>\u00e9\U0001F600", "a\x00b\u2028<&>\u00e9\U0001F600"},
		{[]byte("bytes"), "bytes"},
		{[]byte(nil), ""},
		{0, "0"},
		{false, "false"},
		{12.50, "12.5"},
		{[]int{}, "[]"},
		{map[string]any{}, "{}"},
		{map[string]string{"total": "<12.50>"}, `{"total":"<12.50>"}`},
		{struct{ A, B any }{1, nil}, `{"A":1,"B":null}`},
		{json.RawMessage("null"), "null"},
		{json.RawMessage(`{"n": 1.50e+00}`), `{"n":1.50e+00}`},
		{json.RawMessage(`"quoted"`), `"quoted"`},
		{text("named"), `"named"`},
		{(*int)(nil), "null"},
		{time.Unix(0, 0).UTC(), `"1970-01-01T00:00:00Z"`},
	} {
		publish(t, client, "a", c.data)
		if got := next(t, stream).Data; got != c.want {
			t.Errorf("%#v arrived as %q, want %q", c.data, got, c.want)
		}
	}
}

func TestWhatCannotBeSentIsNamed(t *testing.T) {
	client := &Client{URL: "http://127.0.0.1:1", RetryFor: -1}
	for name, c := range map[string]struct {
		field, detail string
		publication   Publication
	}{
		"no data":           {"data", "nil is no data", Publication{Topic: "a"}},
		"NaN":               {"data", "NaN", Publication{Topic: "a", Data: math.NaN()}},
		"a nested infinity": {"data", "Inf", Publication{Topic: "a", Data: []float64{1, math.Inf(1)}}},
		"a function":        {"data", "func()", Publication{Topic: "a", Data: func() {}}},
		"broken JSON":       {"data", "unexpected end of JSON", Publication{Topic: "a", Data: json.RawMessage("{")}},
		"no UTF-8":          {"data", "not UTF-8 at byte 3", Publication{Topic: "a", Data: "\u20ac\xff"}},
		"bytes, no UTF-8":   {"data", "not UTF-8 at byte 0", Publication{Topic: "a", Data: []byte{0xff}}},
		"no topic":          {"topic", "needs a topic", Publication{Data: "x"}},
		"a topic, no UTF-8": {"topic", "not UTF-8 at byte 1", Publication{Topic: "a\xff", Data: "x"}},
		"a type, no UTF-8":  {"event", "not UTF-8 at byte 0", Publication{Topic: "a", Data: "x", Event: "\xff"}},
		"a negative retry":  {"retry", "-1s is negative", Publication{Topic: "a", Data: "x", Retry: -time.Second}},
	} {
		publication := c.publication
		_, err := client.PublishMany(patient(t), func(yield func(Publication) bool) { yield(publication) })
		failure := refused(t, err)
		if failure.Status != 0 || failure.Field != c.field || !strings.Contains(failure.Detail, c.detail) || failure.Index != 0 {
			t.Errorf("%s: %+v", name, failure)
		}
	}
	_, err := client.Publish(patient(t), "a", math.NaN())
	var value *json.UnsupportedValueError
	if !errors.As(err, &value) || refused(t, err).Index != -1 {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestAllFieldsOfAPublicationArrive(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"b"}, Since: "earliest", Envelope: true})
	receipt := publish(t, client, "a", "x", WithTopics("b"), WithEvent("paid"), WithID("own-1"), WithRetry(200*time.Millisecond), WithKey("k"))
	if receipt.ID != "own-1" || receipt.Duplicate {
		t.Errorf("%+v", receipt)
	}
	event := next(t, stream)
	if event.Type != "paid" || event.ID != "own-1" || event.Data != "x" || event.Topic != "b" || time.Since(event.Time).Abs() > time.Hour {
		t.Errorf("%+v", event)
	}
	if again := publish(t, client, "a", "y", WithTopics("b"), WithKey("k")); !again.Duplicate || again.ID != "own-1" {
		t.Errorf("a known key: %+v", again)
	}
	if state := broker.topic(t, "a"); state.Events != 1 {
		t.Errorf("%d events", state.Events)
	}
}

func TestACommentReachesSubscribersAndIsNotStored(t *testing.T) {
	broker := startDaemon(t, quick)
	client := &Client{URL: broker.url}
	comments := make(chan string, 1000)
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, OnComment: func(text string) { comments <- text }})
	done := make(chan Event)
	go func() {
		event, _ := stream.Next(patient(t))
		done <- event
	}()
	if first := <-comments; first != "ringcast" {
		t.Errorf("the first comment is %q", first)
	}
	// Best effort: only who is caught up gets it.
	seen := map[string]bool{}
	waitUntil(t, "both comments have come", func() bool {
		for _, comment := range []Comment{"still here", ""} {
			if receipt := publish(t, client, "a", comment); receipt != (Receipt{}) {
				t.Errorf("%+v", receipt)
			}
		}
		for len(comments) > 0 {
			seen[<-comments] = true
		}
		return seen["still here"] && seen[""]
	})
	publish(t, client, "a", "event")
	if event := <-done; event.Data != "event" {
		t.Errorf("%+v", event)
	}
	if state := broker.topic(t, "a"); state.Events != 1 || len(seen) != 2 {
		t.Errorf("%d events, comments %v", state.Events, seen)
	}
}
