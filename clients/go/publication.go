package ringcast

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Comment as Data is a comment instead of an event: best effort, for the subscribers that are caught up now. It is not stored, has no
// id, and may arrive twice when a connection breaks.
type Comment string

// Publication is an event to publish.
type Publication struct {
	// Topic and Topics name where the event goes; all of them carry the same event. At least one, at most 100.
	Topic  string
	Topics []string
	// Data is required: a string or []byte is sent as it is and must be UTF-8, "" is an event with empty data, a [Comment] is a comment,
	// and any other value is sent as JSON. So nil is an error; json.RawMessage("null") sends null.
	// A carriage return arrives as a line feed: event streams have no other way.
	Data any

	Event   string        // The event's type; "" is none, which subscribers see as "message".
	ID      string        // The publisher's own id; "" lets the broker give one.
	Retry   time.Duration // How long clients wait before they reconnect, in whole milliseconds; 0 does not say.
	Private bool          // Only readers that show a token get it.
	// Key is the idempotency key: a second event with it on the same topic is not stored. "" makes one up, so that no try of
	// Publish, PublishMany or PublishChan stores the event twice.
	Key string
}

// PublishOption changes a publication before it is sent.
type PublishOption func(*Publication)

// WithEvent sets the event's type.
func WithEvent(eventType string) PublishOption {
	return func(p *Publication) { p.Event = eventType }
}

// WithID sets an id of the publisher's own: at most 128 bytes of printable ASCII.
func WithID(id string) PublishOption {
	return func(p *Publication) { p.ID = id }
}

// WithRetry tells clients how long to wait before they reconnect.
func WithRetry(wait time.Duration) PublishOption {
	return func(p *Publication) { p.Retry = wait }
}

// WithKey sets the idempotency key, at most 128 bytes, in place of one that is made up.
func WithKey(key string) PublishOption {
	return func(p *Publication) { p.Key = key }
}

// WithTopics publishes the same event to more topics.
func WithTopics(topics ...string) PublishOption {
	return func(p *Publication) { p.Topics = append(p.Topics, topics...) }
}

// WithPrivate keeps the event from readers without a token.
func WithPrivate() PublishOption {
	return func(p *Publication) { p.Private = true }
}

// wireEvent is an object of "publish many".
type wireEvent struct {
	Topics  []string        `json:"topics"`
	Data    json.RawMessage `json:"data,omitempty"`
	Comment *string         `json:"comment,omitempty"`
	Event   string          `json:"event,omitempty"`
	ID      string          `json:"id,omitempty"`
	RetryMS *int64          `json:"retry,omitempty"`
	Private bool            `json:"private,omitempty"`
	Key     string          `json:"key,omitempty"`
}

// encode returns the publication as one line of NDJSON with its line end. Its key is used where the publication has none.
func (p *Publication) encode(key string) ([]byte, error) {
	wire := wireEvent{Event: p.Event, ID: p.ID, Private: p.Private, Key: p.Key}
	if p.Topic != "" {
		wire.Topics = append(wire.Topics, p.Topic)
	}
	wire.Topics = append(wire.Topics, p.Topics...)
	if len(wire.Topics) == 0 {
		return nil, unsendable("topic", errors.New("an event needs a topic"))
	}
	if p.Retry < 0 {
		return nil, unsendable("retry", fmt.Errorf("%v is negative", p.Retry))
	}
	if p.Retry > 0 {
		ms := p.Retry.Milliseconds()
		wire.RetryMS = &ms
	}
	if err := wire.setData(p.Data); err != nil {
		return nil, unsendable("data", err)
	}
	// A comment is not stored, so that the broker does not take a key for it.
	if wire.Key == "" && wire.Comment == nil {
		wire.Key = key
	}
	if err := wire.checkText(); err != nil {
		return nil, err
	}
	line, err := toJSON(wire)
	if err != nil {
		return nil, unsendable("data", err)
	}
	return append(line, '\n'), nil
}

func (w *wireEvent) setData(data any) error {
	var text string
	switch value := data.(type) {
	case nil:
		return errors.New(`nil is no data: "" is empty data, json.RawMessage("null") is null`)
	case Comment:
		comment := string(value)
		w.Comment = &comment
		return checkUTF8(comment)
	case string:
		text = value
	case []byte:
		text = string(value)
	default:
		encoded, err := toJSON(value)
		if err != nil {
			return err
		}
		if encoded[0] != '"' {
			w.Data = encoded
			return nil
		}
		// The broker sends a JSON string as the text that it stands for. This one is to arrive as JSON.
		text = string(encoded)
	}
	if err := checkUTF8(text); err != nil {
		return err
	}
	encoded, err := toJSON(text)
	w.Data = encoded
	return err
}

// checkText refuses what encoding/json would change without a word.
func (w *wireEvent) checkText() error {
	fields := []struct{ name, text string }{{"event", w.Event}, {"id", w.ID}, {"key", w.Key}}
	for _, topic := range w.Topics {
		fields = append(fields, struct{ name, text string }{"topic", topic})
	}
	for _, field := range fields {
		if err := checkUTF8(field.text); err != nil {
			return unsendable(field.name, err)
		}
	}
	return nil
}

func checkUTF8(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return fmt.Errorf("not UTF-8 at byte %d", at)
}

// toJSON is compact JSON without a line end, and without the escapes of encoding/json for HTML.
func toJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
