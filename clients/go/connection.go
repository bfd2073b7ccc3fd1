package ringcast

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	readBytes    = 32 << 10
	defaultRetry = time.Second            // Until the broker says its own.
	minRetry     = 100 * time.Millisecond // No broker makes a client spin.
	maxRetry     = 24 * time.Hour
)

var errEnded = errors.New("ringcast: the stream has ended")

// connection keeps a stream connected. It is used by the stream's goroutine only, and hands over each item before it looks for the
// next: what was handed over is what a reconnect resumes behind.
type connection struct {
	client  *Client
	target  string
	options SubscribeOptions
	items   chan<- item

	ctx         context.Context // Of run.
	plan        attempts
	pause       time.Duration
	lastEventID string
	lastComment string // Since the last event or position: before an end it says why.
}

// run connects again and again until ctx ends or an error is final, which it returns.
func (c *connection) run(ctx context.Context) error {
	c.ctx = ctx
	c.plan.canRefresh = c.client.TokenFunc != nil
	for {
		err := c.connect()
		if ctx.Err() != nil {
			return interrupted(ctx.Err(), nil)
		}
		wait, again := c.plan.after(err, c.pause)
		if !again {
			return err
		}
		if c.hand(item{failure: &failure{reason: err, wait: wait}}) != nil || sleep(ctx, wait) != nil {
			return interrupted(ctx.Err(), nil)
		}
	}
}

// connect is one connection from its beginning to its end, which always has an error.
func (c *connection) connect() error {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	watch := newIdleWatch(c.options.IdleTimeout, cancel)
	defer watch.stop()
	c.lastComment = ""
	response, err := c.client.open(ctx, c.target, c.lastEventID)
	if err != nil {
		return watch.explain(err)
	}
	defer response.Body.Close()
	parser := &parser{limit: c.options.MaxEventBytes, sink: c, id: c.lastEventID, lastEventID: c.lastEventID}
	chunk := make([]byte, readBytes)
	for {
		watch.start()
		count, err := response.Body.Read(chunk)
		// A consumer may take its time; only the broker's silence counts.
		watch.stop()
		if stopped := parser.feed(chunk[:count]); stopped != nil {
			return stopped
		}
		if err != nil {
			return watch.explain(c.reason(err))
		}
	}
}

// reason is why a connection ended, in the broker's words if there are any.
func (c *connection) reason(err error) error {
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("ringcast: %w", err)
	}
	if c.lastComment != "" {
		return fmt.Errorf("%w: %s", errEnded, c.lastComment)
	}
	return errEnded
}

// hand waits until Next has taken it.
func (c *connection) hand(next item) error {
	next.id = c.lastEventID
	select {
	case c.items <- next:
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

// event is of the parser's sink, as the three below.
func (c *connection) event(found block) error {
	c.moved(found.id)
	event := found.read(c.options.Envelope)
	return c.hand(item{event: &event})
}

func (c *connection) position(id string) error {
	c.moved(id)
	return c.hand(item{})
}

func (c *connection) comment(text string) error {
	c.lastComment = text
	return c.hand(item{comment: &text})
}

func (c *connection) retry(ms int64) error {
	c.pause = time.Duration(ms) * time.Millisecond
	if c.pause < minRetry {
		c.pause = minRetry
	}
	if c.pause > maxRetry {
		c.pause = maxRetry
	}
	return nil
}

func (c *connection) moved(id string) {
	c.lastEventID = id
	c.lastComment = ""
	c.plan.progress()
}

// idleWatch cancels a connection on which nothing comes for too long.
type idleWatch struct {
	timeout time.Duration
	timer   *time.Timer
	isIdle  atomic.Bool
}

// newIdleWatch starts the first wait. A timeout below 0 is none.
func newIdleWatch(timeout time.Duration, cancel context.CancelFunc) *idleWatch {
	watch := &idleWatch{timeout: timeout}
	if timeout > 0 {
		watch.timer = time.AfterFunc(timeout, func() {
			watch.isIdle.Store(true)
			cancel()
		})
	}
	return watch
}

func (w *idleWatch) start() {
	if w.timer != nil {
		w.timer.Reset(w.timeout)
	}
}

func (w *idleWatch) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// explain says what the canceled connection cannot.
func (w *idleWatch) explain(err error) error {
	if w.isIdle.Load() {
		return fmt.Errorf("ringcast: the broker was silent for %v", w.timeout)
	}
	return err
}
