package ringcast

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const maxAnswerBytes = 64 << 10

// Receipt is the broker's answer to Publish.
type Receipt struct {
	ID        string // The event's id; "" for a comment.
	Duplicate bool   // The broker had seen the idempotency key: the event was there already.
}

// Publish publishes data to a topic and returns once the broker has stored it, as safely as the broker is configured to.
// What data may be is said at [Publication]. What may be tried again (see [Client]) is, and is stored once.
// What the broker refuses is an [*Error].
func (c *Client) Publish(ctx context.Context, topic string, data any, options ...PublishOption) (Receipt, error) {
	publication := Publication{Topic: topic, Data: data}
	for _, option := range options {
		option(&publication)
	}
	line, err := publication.encode(newKey())
	if err != nil {
		return Receipt{}, err
	}
	var told answer
	err = c.persist(ctx, func(ctx context.Context) error {
		told, err = c.post(ctx, "application/json", line)
		return err
	})
	return Receipt{ID: told.LastID, Duplicate: told.Duplicates > 0}, err
}

// newKey is a random idempotency key.
func newKey() string {
	var bits [16]byte
	if _, err := rand.Read(bits[:]); err != nil {
		panic("ringcast: the system has no random bits: " + err.Error())
	}
	return hex.EncodeToString(bits[:])
}

// persist tries until it works, the error is final, or the time is over.
func (c *Client) persist(ctx context.Context, try func(ctx context.Context) error) error {
	until := time.Now().Add(c.retryFor())
	plan := attempts{canRefresh: c.TokenFunc != nil}
	for {
		err := c.once(ctx, try)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return interrupted(ctx.Err(), err)
		}
		wait, again := plan.after(err, 0)
		deadline, hasDeadline := ctx.Deadline()
		back := time.Now().Add(wait)
		if !again || back.After(until) || (hasDeadline && back.After(deadline)) {
			return err
		}
		if ctxErr := sleep(ctx, wait); ctxErr != nil {
			return interrupted(ctxErr, err)
		}
	}
}

// once is one attempt, bounded by RequestTimeout.
func (c *Client) once(ctx context.Context, try func(ctx context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, c.requestTimeout())
	defer cancel()
	return try(bounded)
}

// answer is what the broker says of a request to publish. A refusal of NDJSON also says what was accepted before.
type answer struct {
	Accepted   int    `json:"accepted"`
	Duplicates int    `json:"duplicates"`
	FirstID    string `json:"first_id"`
	LastID     string `json:"last_id"`
}

// post sends a body to /events once. The answer counts with an error, too.
func (c *Client) post(ctx context.Context, contentType string, body []byte) (answer, error) {
	var told answer
	target, err := c.eventsURL()
	if err != nil {
		return told, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return told, unsendable("URL", err)
	}
	if err := c.authorize(request); err != nil {
		return told, err
	}
	request.Header.Set("Content-Type", contentType)
	response, err := c.httpClient(false).Do(request)
	if err != nil {
		return told, fmt.Errorf("ringcast: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return told, fmt.Errorf("ringcast: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		if err := json.Unmarshal(text, &told); err != nil {
			return told, &Error{Status: response.StatusCode, Title: "not an answer of ringcast", Detail: err.Error(), Index: -1}
		}
		return told, nil
	}
	// Only in a refusal of NDJSON; else there is nothing to count.
	_ = json.Unmarshal(text, &told)
	return told, refusal(response, text)
}

// isTimeout says whether an attempt took too long.
func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded)
}
