package ringcast

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// vector is one of clients/vectors/event_stream.json.
type vector struct {
	Name        string
	Input       string
	InputBase64 string `json:"input_base64"`
	Events      []vectorEvent
	LastEventID string `json:"last_event_id"`
	RetryMS     *int64 `json:"retry_ms"`
	Comments    []string
}

type vectorEvent struct{ Event, Data, ID string }

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "vectors", "event_stream.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) < 50 {
		t.Fatalf("only %d vectors", len(file.Vectors))
	}
	return file.Vectors
}

func (v *vector) bytes(t testing.TB) []byte {
	t.Helper()
	if v.InputBase64 == "" {
		return []byte(v.Input)
	}
	input, err := base64.StdEncoding.DecodeString(v.InputBase64)
	if err != nil {
		t.Fatal(err)
	}
	return input
}

// found collects what a parser finds.
type found struct {
	events   []vectorEvent
	blocks   []block
	comments []string
	retryMS  *int64
	id       string
}

func (f *found) event(b block) error {
	f.events = append(f.events, vectorEvent{b.event, b.data, b.id})
	f.blocks = append(f.blocks, b)
	f.id = b.id
	return nil
}

func (f *found) comment(text string) error { f.comments = append(f.comments, text); return nil }
func (f *found) retry(ms int64) error      { f.retryMS = &ms; return nil }
func (f *found) position(id string) error  { f.id = id; return nil }

const ample = 16 << 20

func parse(limit int, chunks ...[]byte) *found {
	collected := &found{events: []vectorEvent{}, comments: []string{}}
	reader := &parser{limit: limit, sink: collected}
	for _, chunk := range chunks {
		// The sink has no errors.
		_ = reader.feed(chunk)
	}
	return collected
}

func bytewise(input []byte) [][]byte {
	var chunks [][]byte
	for i := range input {
		chunks = append(chunks, input[i:i+1])
	}
	return chunks
}

func TestTheParserPassesAllVectorsAtEverySplit(t *testing.T) {
	for _, v := range vectors(t) {
		v := v
		t.Run(v.Name, func(t *testing.T) {
			input := v.bytes(t)
			check := func(how string, got *found) {
				want := &found{events: v.Events, comments: v.Comments, retryMS: v.RetryMS, id: v.LastEventID, blocks: got.blocks}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("%s: got %s, want %s", how, show(got), show(want))
				}
			}
			check("whole", parse(ample, input))
			check("byte by byte", parse(ample, bytewise(input)...))
			for at := range input {
				check(fmt.Sprintf("split at %d", at), parse(ample, input[:at], input[at:]))
			}
		})
	}
}

func show(f *found) string {
	retry := "none"
	if f.retryMS != nil {
		retry = fmt.Sprint(*f.retryMS)
	}
	return fmt.Sprintf("%q, comments %q, id %q, retry %s", f.events, f.comments, f.id, retry)
}

func TestTheParserDecodesUTF8AsWHATWGSays(t *testing.T) {
	for input, want := range map[string]string{
		"\xF0\x9F\x98":                         "\uFFFD",                    // A cut character of four bytes.
		"\xF0\x9F\x98a":                        "\uFFFDa",                   // The same before another.
		"\xF0\x80\x80\x80":                     strings.Repeat("\uFFFD", 4), // Overlong.
		"\xE0\x9F\xBF":                         strings.Repeat("\uFFFD", 3), // Overlong.
		"\xF4\x90\x80\x80":                     strings.Repeat("\uFFFD", 4), // Above U+10FFFF.
		"\xC0\xAF":                             strings.Repeat("\uFFFD", 2),
		"\xC2":                                 "\uFFFD",
		"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41": "\uFFFD\uFFFD\uFFFD\uFFFDA", // Unicode, table 3-11.
		"\uFFFD":                               "\uFFFD",
	} {
		if got := parse(ample, []byte("data: "+input+"\n\n")).events[0].Data; got != want {
			t.Errorf("%x: got %q, want %q", input, got, want)
		}
	}
}

func TestALineOf10MiBIsReadInAnyPieces(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcde\u00e9"), (10<<20)/17)
	input := append(append([]byte("data: "), data...), "\n\n"...)
	for _, size := range []int{len(input), 32 << 10, 7} {
		got := &found{}
		reader := &parser{limit: ample, sink: got}
		for rest := input; len(rest) > 0; {
			if size > len(rest) {
				size = len(rest)
			}
			_ = reader.feed(rest[:size])
			rest = rest[size:]
		}
		if len(got.events) != 1 || got.events[0].Data != string(data) {
			t.Fatalf("in pieces of %d: not the one event", size)
		}
	}
}

func TestAMillionLinesInOnePieceAreReadInLinearTime(t *testing.T) {
	// With a search through all of what is left for each line, this would take minutes.
	for _, end := range []string{"\n", "\r", "\r\n"} {
		input := bytes.Repeat([]byte("data:1"+end), 1_000_000)
		got := parse(ample, append(input, end...))
		if len(got.events) != 1 || len(got.events[0].Data) != 1_999_999 {
			t.Fatalf("%q: not the one event", end)
		}
	}
}

func TestTheParserKeepsTheCountOfAnEventAboveItsLimit(t *testing.T) {
	const limit = 2000
	for size, isOversize := range map[int]bool{limit - 1: false, limit: false, limit + 1: true, 10 * limit: true} {
		data := strings.Repeat("x", size)
		for name, input := range map[string]string{
			"one line":  "id: 7\nevent: big\ndata: " + data + "\n\ndata: next\n\n",
			"two lines": "id: 7\nevent: big\ndata: " + data[:size/2] + "\ndata: " + data[size/2+1:] + "\n\ndata: next\n\n",
		} {
			for _, chunks := range [][][]byte{{[]byte(input)}, bytewise([]byte(input))} {
				got := parse(limit, chunks...)
				if len(got.blocks) != 2 {
					t.Fatalf("%s of %d: %d events", name, size, len(got.blocks))
				}
				first := got.blocks[0]
				if first.isOversize != isOversize || first.bytes != size || first.id != "7" || (first.data == "") != isOversize {
					t.Errorf("%s of %d: oversize %v, %d bytes, id %q", name, size, first.isOversize, first.bytes, first.id)
				}
				if got.blocks[1].data != "next" {
					t.Errorf("%s of %d: the next event is %q", name, size, got.blocks[1].data)
				}
			}
		}
	}
}

func TestTheParserKeepsNoMoreOfALineThanItsLimit(t *testing.T) {
	for _, field := range []string{"data", "event", "id", "retry", "other", ""} {
		reader := &parser{limit: 1000, sink: &found{}}
		for i := 0; i < 1000; i++ {
			_ = reader.feed([]byte(field + ": " + strings.Repeat("1", 1000)))
		}
		if cap(reader.line) > 4000 {
			t.Errorf("%q: %d bytes are kept", field, cap(reader.line))
		}
	}
}

func TestAnIDAboveTheLimitDoesNotBecomeACutID(t *testing.T) {
	got := parse(1000, []byte("id: "+strings.Repeat("1", 5000)+"\ndata: x\n\n"))
	if got.id != "" || !got.blocks[0].isOversize {
		t.Errorf("id %q, oversize %v", got.id, got.blocks[0].isOversize)
	}
}

func TestALongRetryIsTheLongestWait(t *testing.T) {
	got := parse(ample, []byte("retry: 99999999999999999999999999\n"))
	if got.retryMS == nil || *got.retryMS != maxRetryMS {
		t.Errorf("%v", got.retryMS)
	}
}

// FuzzParser: whatever comes, in whatever pieces, is read without a panic and always the same.
func FuzzParser(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.bytes(f), uint(3))
	}
	f.Add([]byte("data: "+strings.Repeat("x", 300)+"\nid: 9\n\n"), uint(7))
	f.Fuzz(func(t *testing.T, input []byte, at uint) {
		const limit = 100
		whole := parse(limit, input)
		split := int(at % uint(len(input)+1))
		if got := parse(limit, input[:split], input[split:]); !reflect.DeepEqual(got, whole) {
			t.Fatalf("split at %d: got %s, whole %s", split, show(got), show(whole))
		}
		if got := parse(limit, bytewise(input)...); !reflect.DeepEqual(got, whole) {
			t.Fatalf("byte by byte: got %s, whole %s", show(got), show(whole))
		}
		for _, b := range whole.blocks {
			if strings.ContainsAny(b.event+b.id, "\r\n") || strings.Contains(b.data, "\r") {
				t.Fatalf("a line end within a field: %+v", b)
			}
			if !b.isOversize && b.bytes > limit {
				t.Fatalf("%d bytes, and the limit is %d", b.bytes, limit)
			}
			// Invalid bytes may become longer ones, at most three times.
			if len(b.data) > 3*limit {
				t.Fatalf("data of %d bytes", len(b.data))
			}
		}
	})
}
