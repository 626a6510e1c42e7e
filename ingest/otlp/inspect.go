package otlp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
)

// SpoolExt is how the names of files end that a receiver spools: messages behind
// their length, of protobuf or JSON, as they were sent.
const SpoolExt = ".otlp"

// isSpool reports whether a file is one of a receiver's, whatever its first
// message looks like.
func isSpool(name string, head []byte) bool {
	return strings.HasSuffix(name, SpoolExt) && len(head) > 4 && binary.BigEndian.Uint32(head) <= maxMessage
}

// Seen is what one export request holds.
type Seen struct {
	Spans int
	Bad   int    // of these: what cannot be used
	Why   string // of the first bad one
}

// Inspect counts the spans of one export request, of protobuf or, where it
// begins with a brace, of JSON. The error says why it is none.
func Inspect(message []byte) (Seen, error) {
	var seen Seen
	count := func(s *span, err error) bool {
		if s.signal != "" {
			return true
		}
		seen.Spans++
		if err == nil {
			err = s.check()
		}
		if err != nil {
			if seen.Bad++; seen.Bad == 1 {
				seen.Why = err.Error()
			}
		}
		return true
	}
	if len(message) > 0 && message[0] == '{' {
		if !isJSON(message) {
			return seen, errors.New("the JSON does not begin with resourceSpans")
		}
		_, err := documents(bytes.NewBuffer(message), count)
		return seen, err
	}
	r := protoReader{bare: true}
	_, err := r.message(message, count)
	return seen, err
}
