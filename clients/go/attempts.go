package ringcast

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

const (
	backoffBase  = 250 * time.Millisecond
	backoffCap   = time.Minute
	maxDoublings = 20
)

// attempts decides after each failure whether, and after how long, to try again.
type attempts struct {
	canRefresh bool // There is a TokenFunc: after a 401 its next token may be good.
	refreshed  bool
	failures   uint
}

// progress is told when an attempt got somewhere: the waits start short again.
func (a *attempts) progress() {
	a.refreshed, a.failures = false, 0
}

// after returns how long to wait after this error, and whether to try again at all. It is at least what the broker asks for
// (floor or Retry-After), and above that random, up to twice as much with each failure, so that clients do not come back in step.
func (a *attempts) after(err error, floor time.Duration) (time.Duration, bool) {
	if isUnauthorized(err) && a.canRefresh && !a.refreshed {
		a.refreshed = true
		return 0, true
	}
	if !isTransient(err) {
		return 0, false
	}
	var refused *Error
	if errors.As(err, &refused) && refused.RetryAfter > floor {
		floor = refused.RetryAfter
	}
	longest := backoffBase << a.failures
	if longest > backoffCap {
		longest = backoffCap
	}
	if a.failures < maxDoublings {
		a.failures++
	}
	return floor + jitter(longest), true
}

// jitter is random in [0, longest). From crypto/rand, as math/rand repeats itself in every process before Go 1.20.
func jitter(longest time.Duration) time.Duration {
	var bits [8]byte
	if _, err := rand.Read(bits[:]); err != nil {
		return longest / 2
	}
	return time.Duration(binary.LittleEndian.Uint64(bits[:]) % uint64(longest))
}

// sleep returns early, with the context's error, when the context ends.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// interrupted is the context's error, with what had gone wrong before.
func interrupted(ctxErr, last error) error {
	if last == nil || errors.Is(last, ctxErr) {
		return fmt.Errorf("ringcast: %w", ctxErr)
	}
	return fmt.Errorf("ringcast: %w; before that: %v", ctxErr, last)
}
