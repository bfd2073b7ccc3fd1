package ringcast

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain gives the examples a broker, in RINGCAST_URL, and fails when a goroutine of a stream is left at the end.
func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	folder, err := os.MkdirTemp("", "ringcast-go-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	broker, err := launch(folder, quick)
	if err != nil {
		fmt.Fprintln(os.Stderr, "these tests need ringcastd: build it, or set RINGCASTD:", err)
		return 1
	}
	defer broker.kill()
	os.Setenv("RINGCAST_URL", broker.url)
	code := m.Run()
	if left := leftGoroutines("ringcast.(*connection).run"); code == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "goroutines of streams are left:\n"+left)
		return 1
	}
	return code
}

// leftGoroutines are all stacks, when some of them run in the function even after those that end have had the time.
func leftGoroutines(function string) string {
	stacks := make([]byte, 1<<20)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		text := string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(text, function) {
			return ""
		}
		if time.Now().After(end) {
			return text
		}
	}
}

func TestStreamsLeaveNoGoroutinesWhenTheyAreClosed(t *testing.T) {
	broker := startDaemon(t, quick)
	transport := &http.Transport{}
	client := &Client{URL: broker.url, HTTPClient: &http.Client{Transport: transport}}
	publish(t, client, "news", "first")
	for i := 0; i < 20; i++ {
		stream, err := client.Subscribe(patient(t), SubscribeOptions{Topics: []string{"news"}, Since: "earliest"})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 { // Half of them at an event, half while they connect.
			next(t, stream)
		}
		stream.Close()
		stream.Close()
	}
	transport.CloseIdleConnections()
	http.DefaultClient.CloseIdleConnections()
	for _, function := range []string{"ringcast.(*connection)", "ringcast.newStream", "net/http.(*persistConn)"} {
		if left := leftGoroutines(function); left != "" {
			t.Errorf("some are left:\n%s", left)
		}
	}
	broker.waitForSubscribers(t, "news", 0)
}
