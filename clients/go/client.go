package ringcast

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	defaultRetryFor       = time.Minute
	defaultRequestTimeout = 30 * time.Second
)

// Client speaks with one broker. Only URL is required. It may be used by many goroutines at once; do not change it while it is used.
type Client struct {
	// URL is where the broker is, such as "https://events.example" or, behind a proxy, "https://example.org/events-api".
	URL string

	// Token is sent as "Authorization: Bearer …". White space around it, such as the line end of a file, does not count.
	Token string
	// TokenFunc is asked for a token for each request and each connection of a stream, so it should keep a token while it is good.
	// After a 401 it is asked once more at once. An error counts like one of the network: it is tried again. It goes before Token.
	TokenFunc func(ctx context.Context) (string, error)

	// HTTPClient is http.DefaultClient when it is nil. Its Timeout does not count for streams.
	HTTPClient *http.Client
	// Header is added to every request.
	Header http.Header

	// RetryFor is how long publishing is tried again after the network fails or the broker is busy (408, 429, 502, 503, 504): 0 is one
	// minute, less is not at all. The broker remembers idempotency keys for idempotency.window (5 minutes): stay below that.
	RetryFor time.Duration
	// RequestTimeout bounds each attempt to publish; 0 is 30 seconds.
	RequestTimeout time.Duration
}

func (c *Client) retryFor() time.Duration {
	if c.RetryFor == 0 {
		return defaultRetryFor
	}
	return c.RetryFor
}

func (c *Client) requestTimeout() time.Duration {
	if c.RequestTimeout <= 0 {
		return defaultRequestTimeout
	}
	return c.RequestTimeout
}

// eventsURL is where events are published and subscribed to.
func (c *Client) eventsURL() (*url.URL, error) {
	base, err := url.Parse(c.URL)
	if err != nil {
		return nil, unsendable("URL", err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, unsendable("URL", fmt.Errorf("%q is not an http or https URL", c.URL))
	}
	if base.RawQuery != "" || base.Fragment != "" {
		return nil, unsendable("URL", fmt.Errorf("%q has a query or a fragment", c.URL))
	}
	if base.RawPath != "" {
		base.RawPath = strings.TrimSuffix(base.RawPath, "/") + "/events"
	}
	base.Path = strings.TrimSuffix(base.Path, "/") + "/events"
	return base, nil
}

// httpClient returns the client for publishing, or the same without its Timeout for streams, which it would end.
func (c *Client) httpClient(isStream bool) *http.Client {
	if c.HTTPClient == nil {
		return http.DefaultClient
	}
	if !isStream || c.HTTPClient.Timeout == 0 {
		return c.HTTPClient
	}
	endless := *c.HTTPClient
	endless.Timeout = 0
	return &endless
}

// authorize adds Header and the token.
func (c *Client) authorize(request *http.Request) error {
	for name, values := range c.Header {
		request.Header[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
	}
	token := c.Token
	if c.TokenFunc != nil {
		var err error
		if token, err = c.TokenFunc(request.Context()); err != nil {
			return fmt.Errorf("ringcast: TokenFunc: %w", err)
		}
	}
	token = strings.TrimSpace(token)
	if token == "" {
		return nil
	}
	if !isVisible(token) {
		return unsendable("Token", errors.New("the token has characters that are not visible ASCII"))
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return nil
}

func isVisible(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
