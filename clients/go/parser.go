package ringcast

import (
	"bytes"
	"math"
	"strings"
	"time"
)

const (
	// Room in a line for the name of a field and what belongs to it, besides its value.
	fieldRoom = 64
	// Buffers above this are not kept for the next event.
	keptBuffer = 1 << 20
	maxRetryMS = int64(math.MaxInt64 / time.Millisecond)
)

// block is an event as it stood in the stream.
type block struct {
	event string // "message" without one.
	data  string // "" when it is oversize.
	id    string // The last event id at that time.
	// The bytes of the data, and whether they, or another field, were above the limit.
	bytes      int
	isOversize bool
}

// sink gets what a parser finds, in the order of the stream. After an error it gets nothing more.
type sink interface {
	event(block) error
	comment(text string) error
	retry(ms int64) error
	// position is told of an id that comes without an event.
	position(id string) error
}

// parser interprets text/event-stream (WHATWG HTML, section 9.2.6) in pieces of any size. Its memory is bounded: of an event with
// more than limit bytes of data it keeps the id, the type and the count.
type parser struct {
	limit int
	sink  sink

	started   bool
	afterCR   bool // A line feed that comes now belongs to the line end before it.
	line      []byte
	lineExtra int // Bytes of the line that were not kept.

	data       []byte
	hasData    bool
	dataBytes  int // Of the data so far, with a line feed behind each line.
	eventType  string
	id         string
	isOversize bool

	lastEventID string
}

// feed takes the next bytes of the stream. The error is the sink's.
func (p *parser) feed(chunk []byte) error {
	lineFeed := -1 // Where the next one is. It is looked for once, or streams with carriage returns alone would take quadratic time.
	for pos := 0; pos < len(chunk); {
		if p.afterCR {
			p.afterCR = false
			if chunk[pos] == '\n' {
				pos++
				continue
			}
		}
		if lineFeed < pos {
			if lineFeed = bytes.IndexByte(chunk[pos:], '\n'); lineFeed < 0 {
				lineFeed = len(chunk)
			} else {
				lineFeed += pos
			}
		}
		end := lineFeed
		if cr := bytes.IndexByte(chunk[pos:end], '\r'); cr >= 0 {
			end = pos + cr
			p.afterCR = true
		}
		p.keep(chunk[pos:end])
		if end == len(chunk) {
			return nil
		}
		pos = end + 1
		if err := p.endLine(); err != nil {
			return err
		}
	}
	return nil
}

// keep adds to the line what it has room for.
func (p *parser) keep(piece []byte) {
	room := p.limit + fieldRoom - len(p.line)
	if room > len(piece) {
		room = len(piece)
	}
	p.line = append(p.line, piece[:room]...)
	p.lineExtra += len(piece) - room
}

func (p *parser) endLine() error {
	line, extra := p.line, p.lineExtra
	if !p.started {
		p.started = true
		line = bytes.TrimPrefix(line, []byte("\uFEFF"))
	}
	err := p.readLine(line, extra)
	p.line, p.lineExtra = emptied(p.line), 0
	return err
}

func emptied(buffer []byte) []byte {
	if cap(buffer) > keptBuffer {
		return nil
	}
	return buffer[:0]
}

func (p *parser) readLine(line []byte, extra int) error {
	if len(line) == 0 {
		return p.endBlock()
	}
	name, value := line, []byte(nil)
	if colon := bytes.IndexByte(line, ':'); colon >= 0 {
		name, value = line[:colon], bytes.TrimPrefix(line[colon+1:], []byte(" "))
	}
	switch string(name) {
	case "":
		return p.sink.comment(decodeUTF8(value))
	case "data":
		p.addData(value, extra)
	case "event":
		p.eventType = decodeUTF8(value)
		p.isOversize = p.isOversize || extra > 0
	case "id":
		if extra > 0 {
			p.isOversize = true
		} else if bytes.IndexByte(value, 0) < 0 {
			p.id = decodeUTF8(value)
		}
	case "retry":
		if ms, ok := digits(value); ok && extra == 0 {
			return p.sink.retry(ms)
		}
	}
	return nil
}

func (p *parser) addData(value []byte, extra int) {
	p.hasData = true
	p.dataBytes += len(value) + extra + 1
	if p.dataBytes-1 > p.limit {
		p.isOversize = true
		p.data = emptied(p.data)
		return
	}
	p.data = append(append(p.data, value...), '\n')
}

// endBlock dispatches what the block was.
func (p *parser) endBlock() error {
	moved := p.id != p.lastEventID
	p.lastEventID = p.id
	found := block{event: p.eventType, id: p.id, bytes: p.dataBytes - 1, isOversize: p.isOversize}
	hasData := p.hasData
	if hasData && !found.isOversize {
		found.data = decodeUTF8(p.data[:len(p.data)-1])
	}
	if found.event == "" {
		found.event = typeMessage
	}
	p.data, p.hasData, p.dataBytes, p.eventType, p.isOversize = emptied(p.data), false, 0, "", false
	switch {
	case hasData:
		return p.sink.event(found)
	case moved:
		return p.sink.position(found.id)
	}
	return nil
}

// digits reads a decimal number of ASCII digits only, however long; above what a time.Duration can hold it is that.
func digits(text []byte) (int64, bool) {
	if len(text) == 0 || strings.Trim(string(text), "0123456789") != "" {
		return 0, false
	}
	number := int64(0)
	for _, digit := range text {
		if number = number*10 + int64(digit-'0'); number > maxRetryMS {
			number = maxRetryMS
		}
	}
	return number, true
}
