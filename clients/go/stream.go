package ringcast

import (
	"context"
	"sync"
	"time"
)

// Stream is a subscription. It holds one goroutine and at most one connection until Close is called, its context ends, or Next has
// returned a final error. Next is for one goroutine at a time; Close and LastEventID are for any.
//
// Nothing is read ahead but what buffers of the network hold: a consumer that is slow slows down the broker's sending, and is told
// with a Gap when the history has passed it.
type Stream struct {
	options SubscribeOptions
	items   chan item
	cancel  context.CancelFunc

	mutex       sync.Mutex // Guards what is below.
	lastEventID string
	lastFailure error // Since the last item that came over a connection.
	end         error // Why items is closed.
	isClosed    bool
}

// item is one thing that the connection hands to Next. Exactly one of the pointers is set, or none: then only the id moves.
type item struct {
	event   *Event
	comment *string
	failure *failure
	id      string
}

type failure struct {
	reason error
	wait   time.Duration
}

func newStream(ctx context.Context, client *Client, target string, options SubscribeOptions) *Stream {
	ctx, cancel := context.WithCancel(ctx)
	stream := &Stream{options: options, items: make(chan item), cancel: cancel, lastEventID: options.LastEventID}
	connection := &connection{
		client: client, target: target, options: options, items: stream.items, lastEventID: options.LastEventID, pause: defaultRetry,
	}
	go func() {
		end := connection.run(ctx)
		stream.mutex.Lock()
		stream.end = end
		stream.mutex.Unlock()
		close(stream.items)
		cancel()
	}()
	return stream
}

// Next returns the next event. It waits for it, also while there is no connection.
//
// When ctx ends it returns its error, and can be called again: nothing is lost. Otherwise an error is the end of the stream, and Next
// returns it again and again: an [*Error] when the broker refuses the subscription for good (400; 401 after a fresh token; 403; 404),
// ErrClosed after Close, the error of the context that was given to Subscribe when that has ended.
func (s *Stream) Next(ctx context.Context) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Event{}, s.interrupted(err)
		}
		select {
		case <-ctx.Done():
			return Event{}, s.interrupted(ctx.Err())
		case next, ok := <-s.items:
			if !ok {
				return Event{}, s.ended()
			}
			if event, ok := s.take(next); ok {
				return event, nil
			}
		}
	}
}

// take calls the callbacks. It returns an event if that is for the caller of Next.
func (s *Stream) take(next item) (Event, bool) {
	s.mutex.Lock()
	s.lastFailure = nil
	if next.failure != nil {
		s.lastFailure = next.failure.reason
	}
	s.lastEventID = next.id
	s.mutex.Unlock()
	switch {
	case next.failure != nil:
		if s.options.OnDisconnect != nil {
			s.options.OnDisconnect(next.failure.reason, next.failure.wait)
		}
	case next.comment != nil:
		if s.options.OnComment != nil {
			s.options.OnComment(*next.comment)
		}
	case next.event != nil:
		if next.event.Gap == nil || s.options.OnGap == nil {
			return *next.event, true
		}
		s.options.OnGap(*next.event.Gap)
	}
	return Event{}, false
}

func (s *Stream) interrupted(ctxErr error) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return interrupted(ctxErr, s.lastFailure)
}

func (s *Stream) ended() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.isClosed {
		return ErrClosed
	}
	return s.end
}

// LastEventID returns where to resume behind what Next has returned: SubscribeOptions.LastEventID of a later subscription. On quiet
// topics it moves on without events, while Next is waiting.
func (s *Stream) LastEventID() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.lastEventID
}

// Close ends the stream and its connection, and returns when its goroutine is gone. It may be called more than once, and by callbacks.
// Its error is always nil.
func (s *Stream) Close() error {
	s.mutex.Lock()
	s.isClosed = true
	s.mutex.Unlock()
	s.cancel()
	// What was under way is given up. The goroutine closes the channel at its end.
	for range s.items {
	}
	return nil
}
