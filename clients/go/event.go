package ringcast

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	typeMessage  = "message"
	typeGap      = "ringcast.gap"
	typeOversize = "ringcast.oversize"
)

// Event is what a stream received.
type Event struct {
	Type string // The event's type; "message" when its publisher gave none.
	ID   string // The id to resume behind this event.
	Data string

	// With SubscribeOptions.Envelope: the topic (the first that the subscription matches), and when the broker took the event.
	Topic string
	Time  time.Time

	// Gap is set where events are missing, and nothing else is an event then but Type "ringcast.gap", ID and the Data of the gap.
	Gap *Gap
	// Oversize is set in place of an event that was too large; Type is "ringcast.oversize" then. The stream goes on behind it.
	Oversize *Oversize
}

// GapReason says why events are missing.
type GapReason string

const (
	// GapExpired means that the events have left the history by count, bytes or age.
	GapExpired GapReason = "expired"
	// GapDeleted means that somebody deleted the topic's events.
	GapDeleted GapReason = "deleted"
	// GapLost means that the broker's machine went down before the events were safe.
	GapLost GapReason = "lost"
	// GapLagged means that this reader, though connected, was too slow.
	GapLagged GapReason = "lagged"
	// GapEpoch means that the id is of an earlier life of the broker. What it still has follows.
	GapEpoch GapReason = "epoch"
	// GapUnknown means that the id says nothing to the broker. What it still has follows.
	GapUnknown GapReason = "unknown"
)

// Gap tells that events are missing between the last event and the next.
type Gap struct {
	Requested string    `json:"requested"` // The id that the subscription went on from.
	Resumed   string    `json:"resumed"`   // The position before the first event that follows.
	Reason    GapReason `json:"reason"`
	Missed    *int64    `json:"missed"` // How many events are gone; nil when the broker cannot say exactly.
}

// String describes the gap for a log.
func (g Gap) String() string {
	if g.Missed == nil {
		return fmt.Sprintf("events may be missing behind %s (%s)", g.Requested, g.Reason)
	}
	return fmt.Sprintf("%d events are missing behind %s (%s)", *g.Missed, g.Requested, g.Reason)
}

// Oversize tells that an event was left out for its size.
type Oversize struct {
	Bytes int // Of the data, or of the envelope.
	// Local is true when it was above SubscribeOptions.MaxEventBytes, false when the broker left it out for MaxData.
	Local bool
}

// envelope is the data of an event with SubscribeOptions.Envelope.
type envelope struct {
	Time  time.Time `json:"time"`
	Topic string    `json:"topic"`
	Data  string    `json:"data"`
}

// read makes an event of a block.
func (b *block) read(isEnvelope bool) Event {
	event := Event{Type: b.event, ID: b.id, Data: b.data}
	switch {
	case b.event == typeGap:
		// A gap is never silent, also when what it says cannot be read.
		event.Gap = &Gap{Resumed: b.id, Reason: GapUnknown}
		var gap Gap
		if json.Unmarshal([]byte(b.data), &gap) == nil {
			event.Gap = &gap
		}
	case b.isOversize:
		event.Type = typeOversize
		event.Oversize = &Oversize{Bytes: b.bytes, Local: true}
	case b.event == typeOversize:
		var told struct {
			Bytes int `json:"bytes"`
		}
		_ = json.Unmarshal([]byte(b.data), &told)
		event.Oversize = &Oversize{Bytes: told.Bytes}
	case isEnvelope:
		var inner envelope
		if json.Unmarshal([]byte(b.data), &inner) == nil {
			event.Topic, event.Time, event.Data = inner.Topic, inner.Time, inner.Data
		}
	}
	return event
}
