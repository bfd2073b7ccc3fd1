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
	if left := streamGoroutines(); code == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "goroutines of streams are left:\n"+left)
		return 1
	}
	return code
}

// streamGoroutines are the stacks of what streams run in, once those that end have had the time.
func streamGoroutines() string {
	stacks := make([]byte, 1<<20)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		text := string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(text, "ringcast.(*connection).run") {
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
	before := runtime.NumGoroutine()
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
	waitUntil(t, "as many goroutines as before", func() bool {
		transport.CloseIdleConnections()
		http.DefaultClient.CloseIdleConnections()
		return runtime.NumGoroutine() <= before
	})
	broker.waitForSubscribers(t, "news", 0)
}
