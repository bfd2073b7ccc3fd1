package ringcast

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	defaultIdleTimeout   = 45 * time.Second
	defaultMaxEventBytes = 16 << 20
	minMaxEventBytes     = 1 << 10 // A gap is never left out for its size.
)

// SubscribeOptions say what to subscribe to. Only Topics is required. The callbacks are called by Next, in the order of the stream.
type SubscribeOptions struct {
	// Topics are 1 to 100 topics or patterns, such as "news" and "orders/**".
	Topics []string
	// Since is where to start while there is no id: "latest" (the default), "earliest", "-10" (the last ten events), an age such as
	// "10m", a time as in RFC 3339, or unix seconds.
	Since string
	// LastEventID is the id of the last event that was seen, as Event.ID or Stream.LastEventID told it. It goes before Since.
	LastEventID string
	// Events are the only event types to get; without it, all.
	Events []string
	// Envelope fills Event.Topic and Event.Time.
	Envelope bool
	// MaxData lets the broker leave out events with more bytes of data (or of the envelope); they come as Event.Oversize. 0: no limit.
	MaxData int
	// MaxEventBytes bounds what one event takes in memory, whatever is sent; a larger one comes as Event.Oversize.
	// 0 is 16 MiB; at least 1 KiB.
	MaxEventBytes int
	// IdleTimeout is how long the broker may be silent before the client connects again: 0 is 45 seconds, less is for ever. The broker
	// sends something every stream.heartbeat (15 s).
	IdleTimeout time.Duration

	// OnGap is called where events are missing. Without it Next returns an Event whose Gap is set.
	OnGap func(Gap)
	// OnComment is called for each comment, those with which the broker begins and ends streams included.
	OnComment func(text string)
	// OnDisconnect is called when a connection ended or failed, with the reason and the time until the next one.
	OnDisconnect func(reason error, wait time.Duration)
}

// Subscribe starts a stream, which lasts until Stream.Close, the end of ctx, or an error that is final. It does not wait for the
// broker: what keeps the first connection from coming about is told to OnDisconnect, and what is final, by Next.
// An error here is one of the client or the options.
func (c *Client) Subscribe(ctx context.Context, options SubscribeOptions) (*Stream, error) {
	target, err := c.eventsURL()
	if err != nil {
		return nil, err
	}
	if err := options.check(); err != nil {
		return nil, err
	}
	target.RawQuery = options.query().Encode()
	return newStream(ctx, c, target.String(), options), nil
}

func (o *SubscribeOptions) check() error {
	if len(o.Topics) == 0 {
		return unsendable("Topics", errors.New("a subscription needs a topic"))
	}
	if !isHeaderValue(o.LastEventID) {
		return unsendable("LastEventID", fmt.Errorf("%q has control characters or a blank at its end", o.LastEventID))
	}
	if o.MaxData < 0 {
		return unsendable("MaxData", fmt.Errorf("%d is negative", o.MaxData))
	}
	if o.MaxEventBytes == 0 {
		o.MaxEventBytes = defaultMaxEventBytes
	}
	if o.MaxEventBytes < minMaxEventBytes {
		return unsendable("MaxEventBytes", fmt.Errorf("%d is less than %d", o.MaxEventBytes, minMaxEventBytes))
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = defaultIdleTimeout
	}
	return nil
}

func (o *SubscribeOptions) query() url.Values {
	query := url.Values{"topic": o.Topics}
	if len(o.Events) > 0 {
		query["event"] = o.Events
	}
	if o.Since != "" {
		query.Set("since", o.Since)
	}
	if o.Envelope {
		query.Set("envelope", "true")
	}
	if o.MaxData > 0 {
		query.Set("max_data", strconv.Itoa(o.MaxData))
	}
	return query
}

// open connects once. The body of what it returns is an event stream.
func (c *Client) open(ctx context.Context, target, lastEventID string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, unsendable("URL", err)
	}
	if err := c.authorize(request); err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/event-stream")
	// Else net/http asks for gzip, and a proxy that compresses also buffers.
	request.Header.Set("Accept-Encoding", "identity")
	request.Header.Set("Cache-Control", "no-store")
	if lastEventID != "" {
		if !isHeaderValue(lastEventID) {
			return nil, unsendable("LastEventID", fmt.Errorf("the stream's id %q fits no header", lastEventID))
		}
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	response, err := c.httpClient(true).Do(request)
	if err != nil {
		return nil, fmt.Errorf("ringcast: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		return nil, readProblem(response)
	}
	if kind := response.Header.Get("Content-Type"); !isEventStream(kind) {
		response.Body.Close()
		return nil, &Error{Status: http.StatusOK, Title: "not an event stream", Detail: fmt.Sprintf("the content type is %q", kind), Index: -1}
	}
	return response, nil
}

func isEventStream(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/event-stream")
}

// isHeaderValue says whether a header can carry the text unchanged.
func isHeaderValue(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] == 0x7F {
			return false
		}
	}
	return strings.TrimSpace(text) == text
}
