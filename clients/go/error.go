package ringcast

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrClosed is what [Stream.Next] returns after [Stream.Close].
var ErrClosed = errors.New("ringcast: the stream is closed")

const (
	maxProblemBytes = 64 << 10
	maxRetryAfter   = time.Hour
)

// Error is what the broker refused and why, or, with Status 0, what could not be sent at all.
type Error struct {
	Status int    // The HTTP status; 0 when the request was not sent.
	Title  string // A short name of what is wrong, such as "Forbidden".
	Detail string // What was wrong with this request, in the broker's words.
	Field  string // The parameter or member that was wrong, or "".
	Line   int    // Of PublishMany and PublishChan: which event it was, from 1. 0: not one event alone.
	Index  int    // The same from 0, so that it fits a slice. -1: not one event alone.

	RetryAfter time.Duration // How long the broker asks to wait; 0 when it does not say.
	Err        error         // The cause, when Status is 0.
}

// Error says the status, the detail and where it was.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("ringcast: ")
	if e.Status != 0 {
		fmt.Fprintf(&text, "the broker answered %d ", e.Status)
	}
	text.WriteString(e.Title)
	if e.Detail != "" {
		text.WriteString(": " + e.Detail)
	}
	if e.Field != "" {
		fmt.Fprintf(&text, " (field %s)", e.Field)
	}
	if e.Line > 0 {
		fmt.Fprintf(&text, " (event %d)", e.Line)
	}
	return text.String()
}

// Unwrap returns the cause, such as a *json.UnsupportedValueError.
func (e *Error) Unwrap() error { return e.Err }

// unsendable is the error of a request that is wrong before it is sent.
func unsendable(field string, cause error) *Error {
	return &Error{Title: "not sent", Detail: cause.Error(), Field: field, Index: -1, Err: cause}
}

// at places the error at the event with that index, from 0.
func (e *Error) at(index int) *Error {
	placed := *e
	placed.Index, placed.Line = index, index+1
	return &placed
}

// problem is the part of an answer (RFC 9457) that errors of the broker have.
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Field  string `json:"field"`
	Line   int    `json:"line"`
	Index  *int   `json:"index"`
}

// refusal reads an answer other than 2xx.
func refusal(response *http.Response, body []byte) *Error {
	told := problem{Title: http.StatusText(response.StatusCode)}
	// Not JSON: a proxy has answered, and the status says all there is.
	_ = json.Unmarshal(body, &told)
	failure := &Error{Status: response.StatusCode, Title: told.Title, Detail: told.Detail, Field: told.Field, Line: told.Line, Index: -1,
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now())}
	if told.Index != nil {
		failure.Index, failure.Line = *told.Index, *told.Index+1
	} else if told.Line > 0 {
		failure.Index = told.Line - 1
	}
	return failure
}

// readProblem reads the body of a refusal, as far as it is reasonable.
func readProblem(response *http.Response) *Error {
	// What was read before a failure is all that can be told.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxProblemBytes))
	return refusal(response, body)
}

// retryAfter reads both forms of the header, seconds and a date; 0 when it is neither.
func retryAfter(text string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		wait = date.Sub(now)
	}
	if wait < 0 {
		return 0
	}
	if wait > maxRetryAfter {
		return maxRetryAfter
	}
	return wait
}

// isTransient says whether asking again may help: after what happens to networks, and after 408, 429, 502, 503 and 504.
func isTransient(err error) bool {
	var refused *Error
	if errors.As(err, &refused) {
		switch refused.Status {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
			http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var certificate x509.CertificateInvalidError
	return !errors.As(err, &authority) && !errors.As(err, &host) && !errors.As(err, &certificate) && !errors.Is(err, context.Canceled)
}

func isUnauthorized(err error) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Status == http.StatusUnauthorized
}
