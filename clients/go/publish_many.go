package ringcast

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	maxBatchEvents = 1000
	maxBatchBytes  = 256 << 10
	// PublishChan waits so long for the next event before it sends what it has.
	batchLinger = 5 * time.Millisecond
)

// Summary counts what PublishMany and PublishChan have published.
type Summary struct {
	Accepted   int    // Events that the broker took, duplicates included.
	Duplicates int    // Of these, those whose idempotency key it had seen; also when an answer was lost and the event sent again.
	FirstID    string // The ids of the first and the last event; "" when there are none.
	LastID     string
}

// PublishMany publishes all events that events yields, in order and in batches, and holds one batch in memory (1,000 events or
// 256 KiB, and one event more). events has the form of an iter.Seq[Publication], so that from Go 1.23 on slices.Values(…) fits.
//
// It stops at the first event that is refused, with an [*Error] whose Index says which: what was before it is published and in the
// Summary, what was after it is not. What may be tried again is, batch by batch and without duplicates, as in [Client.Publish].
//
// An event may wait until its batch is full or events returns. For events that come over time there is [Client.PublishChan].
func (c *Client) PublishMany(ctx context.Context, events func(yield func(Publication) bool)) (Summary, error) {
	batch := newBatch(c)
	var failed error
	events(func(publication Publication) bool {
		failed = batch.add(ctx, &publication)
		return failed == nil
	})
	if failed == nil {
		failed = batch.flush(ctx)
	}
	return batch.summary, failed
}

// PublishChan publishes what it receives until events is closed or ctx ends. Events that come together leave together, and no event
// waits for a later one longer than some milliseconds. Otherwise it is [Client.PublishMany].
//
// When ctx ends, what was received but not sent yet is not published. After an error nobody receives from events any more: let the
// sender select on a context that then ends.
func (c *Client) PublishChan(ctx context.Context, events <-chan Publication) (Summary, error) {
	batch := newBatch(c)
	linger := time.NewTimer(batchLinger)
	defer linger.Stop()
	for {
		select {
		case <-ctx.Done():
			return batch.summary, interrupted(ctx.Err(), nil)
		case publication, ok := <-events:
			if !ok {
				return batch.summary, batch.flush(ctx)
			}
			if len(batch.lines) == 0 {
				restart(linger)
			}
			if err := batch.add(ctx, &publication); err != nil {
				return batch.summary, err
			}
		case <-linger.C:
			if err := batch.flush(ctx); err != nil {
				return batch.summary, err
			}
		}
	}
}

func restart(timer *time.Timer) {
	if !timer.Stop() {
		select {
		case <-timer.C:
		default:
		}
	}
	timer.Reset(batchLinger)
}

// batch holds encoded events until they are sent as one request.
type batch struct {
	client  *Client
	summary Summary
	keys    string // Before the number of each event: its idempotency key.
	lines   [][]byte
	bytes   int
	added   int // Events so far, those in lines included.
	most    int // Events in a request.
}

func newBatch(client *Client) *batch {
	return &batch{client: client, keys: newKey() + "-", most: maxBatchEvents}
}

// add encodes an event, and sends the batch when it is full.
func (b *batch) add(ctx context.Context, publication *Publication) error {
	line, err := publication.encode(b.keys + strconv.Itoa(b.added))
	if err != nil {
		var wrong *Error
		if errors.As(err, &wrong) {
			err = wrong.at(b.added)
		}
		// The events before this one stand, so they have to be sent. When that fails, it fails earlier in the order.
		if failed := b.flush(ctx); failed != nil {
			return failed
		}
		return err
	}
	b.lines = append(b.lines, line)
	b.bytes += len(line)
	b.added++
	if len(b.lines) >= maxBatchEvents || b.bytes >= maxBatchBytes {
		return b.flush(ctx)
	}
	return nil
}

// flush sends everything. What the broker reports as accepted leaves the batch, and only the rest is tried again.
func (b *batch) flush(ctx context.Context) error {
	for len(b.lines) > 0 {
		if err := b.client.persist(ctx, b.send); err != nil {
			return err
		}
	}
	b.lines, b.bytes = b.lines[:0], 0
	return nil
}

// send is one request with the first lines.
func (b *batch) send(ctx context.Context) error {
	count := len(b.lines)
	if count > b.most {
		count = b.most
	}
	var body []byte
	for _, line := range b.lines[:count] {
		body = append(body, line...)
	}
	told, err := b.client.post(ctx, "application/x-ndjson", body)
	if told.Accepted > count {
		told.Accepted = count
	}
	first := b.added - len(b.lines) // The index of the first line of this request.
	b.count(told)
	var refused *Error
	switch {
	case err == nil && told.Accepted < count:
		return &Error{Status: http.StatusOK, Title: fmt.Sprintf("only %d of %d events were accepted", told.Accepted, count), Index: -1}
	case err == nil:
		if b.most += b.most/8 + 1; b.most > maxBatchEvents {
			b.most = maxBatchEvents
		}
	case errors.As(err, &refused) && refused.Line > 0:
		return refused.at(first + refused.Line - 1)
	case isTimeout(err):
		// The broker reads on no faster than the rate that it allows: a smaller request is answered in time.
		b.most = (count + 1) / 2
	}
	return err
}

func (b *batch) count(told answer) {
	b.lines = b.lines[told.Accepted:]
	b.summary.Accepted += told.Accepted
	b.summary.Duplicates += told.Duplicates
	if b.summary.FirstID == "" {
		b.summary.FirstID = told.FirstID
	}
	if told.LastID != "" {
		b.summary.LastID = told.LastID
	}
}
