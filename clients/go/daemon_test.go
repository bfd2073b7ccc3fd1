package ringcast

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const patience = 30 * time.Second

// A test's configuration: streams come back soon.
const quick = `stream: {retry: 100ms}`

// daemon is a real ringcastd on a free port of loopback.
type daemon struct {
	folder  string
	address string
	url     string
	command *exec.Cmd
	ended   chan struct{} // Closed when its log has ended.
}

// daemonPath is the daemon under test: $RINGCASTD, else the release build.
func daemonPath() string {
	if path := os.Getenv("RINGCASTD"); path != "" {
		return path
	}
	return filepath.Join("..", "..", "build", "release", "ringcastd")
}

// launch starts a daemon with a configuration in YAML, in which FOLDER stands for a folder of its own.
func launch(folder, settings string) (*daemon, error) {
	file := filepath.Join(folder, "ringcast.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(settings, "FOLDER", folder)+"\n"), 0o600); err != nil {
		return nil, err
	}
	command := exec.Command(daemonPath(), "--config", file, "--listen", "127.0.0.1:0")
	command.Env = withoutRingcast(os.Environ())
	// A panic or a timeout of the tests skips their cleanups.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	started := &daemon{folder: folder, command: command, ended: make(chan struct{})}
	return started, started.waitUntilReady(log)
}

// withoutRingcast keeps the machine's settings out of a test.
func withoutRingcast(environment []string) []string {
	var clean []string
	for _, setting := range environment {
		if !strings.HasPrefix(setting, "RINGCAST") {
			clean = append(clean, setting)
		}
	}
	return clean
}

type logLine struct{ Message, Address string }

func (d *daemon) waitUntilReady(log io.Reader) error {
	ready := make(chan error, 1)
	go func() {
		defer close(d.ended)
		var said []string
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var line logLine
			said = append(said, lines.Text())
			if json.Unmarshal(lines.Bytes(), &line) != nil {
				continue
			}
			switch line.Message {
			case "listening":
				d.address, d.url = line.Address, "http://"+line.Address
			case "ready":
				ready <- nil
			}
		}
		select {
		case ready <- fmt.Errorf("ringcastd did not come up: %s", strings.Join(said, "\n")):
		default:
		}
	}()
	select {
	case err := <-ready:
		return err
	case <-time.After(patience):
		d.kill()
		return errors.New("ringcastd did not become ready")
	}
}

// kill is the crash.
func (d *daemon) kill() {
	_ = d.command.Process.Kill()
	<-d.ended
	_ = d.command.Wait()
}

func startDaemon(t testing.TB, settings string) *daemon {
	t.Helper()
	started, err := launch(t.TempDir(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.kill)
	return started
}

// restart kills the daemon and starts it anew with the same folder, on another port.
func (d *daemon) restart(t testing.TB, settings string) *daemon {
	t.Helper()
	d.kill()
	next, err := launch(d.folder, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(next.kill)
	return next
}

// topicState is what the broker says of a topic.
type topicState struct{ Subscribers, Events int }

func (d *daemon) topic(t testing.TB, name string) topicState {
	t.Helper()
	response, err := http.Get(d.url + "/topics/" + url.PathEscape(name))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var state topicState
	if err := json.NewDecoder(response.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

func (d *daemon) waitForSubscribers(t testing.TB, topic string, count int) {
	t.Helper()
	waitUntil(t, fmt.Sprintf("%s has %d subscribers", topic, count), func() bool { return d.topic(t, topic).Subscribers == count })
}

func waitUntil(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// patient is the context of what a test waits for.
func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func subscribe(t testing.TB, client *Client, options SubscribeOptions) *Stream {
	t.Helper()
	stream, err := client.Subscribe(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	return stream
}

func next(t testing.TB, stream *Stream) Event {
	t.Helper()
	event, err := stream.Next(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func publish(t testing.TB, client *Client, topic string, data any, options ...PublishOption) Receipt {
	t.Helper()
	receipt, err := client.Publish(patient(t), topic, data, options...)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// refused is the broker's error, or the test fails.
func refused(t testing.TB, err error) *Error {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("%v is not an *Error", err)
	}
	return failure
}
