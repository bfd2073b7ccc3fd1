package ringcast

import (
	"strings"
	"unicode/utf8"
)

// decodeUTF8 decodes as WHATWG's UTF-8 decoder does: one U+FFFD for each maximal subpart of what is not UTF-8. (A conversion in Go
// makes one of each byte, strings.ToValidUTF8 one of each run.)
func decodeUTF8(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	var out strings.Builder
	out.Grow(len(text) + utf8.UTFMax)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			size = maximalSubpart(text)
		}
		out.WriteRune(r)
		text = text[size:]
	}
	return out.String()
}

// maximalSubpart returns how many bytes at the start of an ill-formed text could have begun a character (Unicode, table 3-7).
func maximalSubpart(text []byte) int {
	lead := text[0]
	low, high := byte(0x80), byte(0xBF)
	length := 0
	switch {
	case lead >= 0xC2 && lead <= 0xDF:
		length = 2
	case lead >= 0xE0 && lead <= 0xEF:
		length = 3
	case lead >= 0xF0 && lead <= 0xF4:
		length = 4
	}
	switch lead {
	case 0xE0:
		low = 0xA0
	case 0xED:
		high = 0x9F
	case 0xF0:
		low = 0x90
	case 0xF4:
		high = 0x8F
	}
	size := 1
	for size < length && size < len(text) && text[size] >= low && text[size] <= high {
		low, high = 0x80, 0xBF
		size++
	}
	return size
}
