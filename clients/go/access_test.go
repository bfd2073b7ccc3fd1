package ringcast

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

const (
	secret     = "a-secret-of-thirty-two-bytes-or-more"
	jwtSetting = `{stream: {retry: 100ms}, auth: {jwt: {algorithms: [HS256], key: ` + secret + `}}}`
)

// sign makes a JWT (RFC 7515) that may publish and subscribe to everything until the end of its life.
func sign(life time.Duration) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	signed := part(`{"alg":"HS256"}`) + "." +
		part(fmt.Sprintf(`{"exp":%d,"ringcast":{"publish":["**"],"subscribe":["**"]}}`, time.Now().Add(life).Unix()))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// static is the configuration of one token, and nobody else.
func static(token, grants string) string {
	digest := sha256.Sum256([]byte(token))
	return fmt.Sprintf(`{stream: {retry: 100ms}, auth: {tokens: [{name: one, sha256: "%s", %s}]}}`, hex.EncodeToString(digest[:]), grants)
}

const (
	goodToken = "a-token-of-at-least-sixteen-bytes"
	allGrants = `publish: ["**"], subscribe: ["**"]`
)

func TestAStreamOutlivesItsTokens(t *testing.T) {
	broker := startDaemon(t, jwtSetting)
	publisher := &Client{URL: broker.url, Token: sign(time.Hour)}
	var asked atomic.Int32
	var ends []string
	reader := &Client{URL: broker.url, TokenFunc: func(context.Context) (string, error) {
		asked.Add(1)
		return sign(2 * time.Second), nil
	}}
	stream := subscribe(t, reader, SubscribeOptions{Topics: []string{"a"}, Since: "earliest",
		OnDisconnect: func(reason error, _ time.Duration) { ends = append(ends, reason.Error()) }})
	received := make(chan error)
	go func() {
		for i := 0; i < 4; i++ {
			event, err := stream.Next(patient(t))
			if err != nil || event.Gap != nil || event.Data != fmt.Sprint(i) {
				received <- fmt.Errorf("event %d is %+v, %v", i, event, err)
				return
			}
		}
		received <- nil
	}()
	for i := 0; i < 4; i++ { // One event in the life of each token.
		i := i
		waitUntil(t, "the next token", func() bool { return asked.Load() > int32(i) })
		publish(t, publisher, "a", fmt.Sprint(i))
	}
	if err := <-received; err != nil {
		t.Error(err)
	}
	for _, end := range ends {
		if end != "ringcast: the stream has ended: the token has expired" {
			t.Error(end)
		}
	}
}

func TestATokenThatExpiredInACacheIsAskedForAgainAtOnce(t *testing.T) {
	broker := startDaemon(t, jwtSetting)
	tokens := []string{sign(-time.Minute), sign(time.Hour)}
	var asked atomic.Int32
	client := &Client{URL: broker.url, TokenFunc: func(context.Context) (string, error) {
		return tokens[(asked.Add(1)-1)%2], nil
	}}
	publish(t, client, "a", "0")
	expectNumbers(t, subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"}), 0, 1)
	if asked.Load() != 4 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestA401IsFinalAfterAFreshToken(t *testing.T) {
	broker := startDaemon(t, static(goodToken, allGrants))
	var asked atomic.Int32
	bad := func(context.Context) (string, error) { asked.Add(1); return "wrong", nil }
	for name, c := range map[string]struct {
		client Client
		asked  int32
	}{
		"no token":         {Client{}, 0},
		"a bad token":      {Client{Token: "wrong"}, 0},
		"two fresh ones":   {Client{TokenFunc: bad}, 2},
		"above a good one": {Client{Token: goodToken, TokenFunc: bad}, 2},
	} {
		client := c.client
		client.URL = broker.url
		asked.Store(0)
		_, err := client.Publish(patient(t), "a", "x")
		if failure := refused(t, err); failure.Status != http.StatusUnauthorized || failure.Detail == "" || asked.Load() != c.asked {
			t.Errorf("%s: %+v, asked %d times", name, failure, asked.Load())
		}
		asked.Store(0)
		_, err = subscribe(t, &client, SubscribeOptions{Topics: []string{"a"}}).Next(patient(t))
		if failure := refused(t, err); failure.Status != http.StatusUnauthorized || failure.Detail == "" || asked.Load() != c.asked {
			t.Errorf("%s: stream: %+v, asked %d times", name, failure, asked.Load())
		}
	}
}

func TestA403IsFinalAndSaysWhatIsGranted(t *testing.T) {
	broker := startDaemon(t, static(goodToken, `publish: ["cam/**"], subscribe: ["cam/**"]`))
	// With the line end of a file.
	client := &Client{URL: broker.url, Token: goodToken + "\n"}
	publish(t, client, "cam/1", "x")
	_, err := client.Publish(patient(t), "other", "x")
	if failure := refused(t, err); failure.Status != http.StatusForbidden || failure.Detail == "" {
		t.Errorf("%+v", failure)
	}
	_, err = subscribe(t, client, SubscribeOptions{Topics: []string{"**"}}).Next(patient(t))
	if failure := refused(t, err); failure.Status != http.StatusForbidden || failure.Detail == "" {
		t.Errorf("%+v", failure)
	}
}

func TestATokenFuncThatFailsIsAskedAgain(t *testing.T) {
	broker := startDaemon(t, static(goodToken, allGrants))
	failure := errors.New("the login server is away")
	var asked atomic.Int32
	client := &Client{URL: broker.url, TokenFunc: func(context.Context) (string, error) {
		if asked.Add(1)%2 == 1 {
			return "", failure
		}
		return goodToken, nil
	}}
	publish(t, client, "a", "0")
	var reasons []error
	stream := subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest",
		OnDisconnect: func(reason error, _ time.Duration) { reasons = append(reasons, reason) }})
	expectNumbers(t, stream, 0, 1)
	if len(reasons) != 1 || !errors.Is(reasons[0], failure) {
		t.Errorf("%v", reasons)
	}
}

func TestPrivateEventsNeedAToken(t *testing.T) {
	broker := startDaemon(t, `{auth: {anonymous: {subscribe: ["**"]}, jwt: {algorithms: [HS256], key: `+secret+`}}}`)
	client := &Client{URL: broker.url, Token: sign(time.Hour)}
	publish(t, client, "a", "private", WithPrivate())
	publish(t, client, "a", "public")
	options := SubscribeOptions{Topics: []string{"a"}, Since: "earliest"}
	if event := next(t, subscribe(t, client, options)); event.Data != "private" {
		t.Errorf("with a token: %+v", event)
	}
	if event := next(t, subscribe(t, &Client{URL: broker.url}, options)); event.Data != "public" {
		t.Errorf("without: %+v", event)
	}
}

func TestATokenThatExpiresWhilePublishManyRunsIsReplaced(t *testing.T) {
	broker := startDaemon(t, `{history: {events: 20000}, auth: {jwt: {algorithms: [HS256], key: `+secret+`}}}`)
	var asked atomic.Int32
	client := &Client{URL: broker.url, TokenFunc: func(context.Context) (string, error) {
		if asked.Add(1)%2 == 0 {
			return sign(-time.Minute), nil
		}
		return sign(time.Hour), nil
	}}
	summary, err := client.PublishMany(patient(t), numbers(5000, nil))
	if err != nil || summary.Accepted != 5000 || summary.Duplicates != 0 {
		t.Fatalf("%+v, %v", summary, err)
	}
	expectNumbers(t, subscribe(t, client, SubscribeOptions{Topics: []string{"a"}, Since: "earliest"}), 0, 5000)
}
