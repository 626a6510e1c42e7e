package otlp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"github.com/blastradius/blastradius/ingest"
)

// maxMessage bounds one message of a file, in bytes, and one line. The
// Collector's own limit of a request is 20 MiB.
const maxMessage = 64 << 20

// isFramed reports whether a file begins with a message behind its length, 4
// bytes, big endian.
func isFramed(head []byte) bool {
	if len(head) < 6 {
		return false
	}
	n := binary.BigEndian.Uint32(head)
	if n < 2 || n > maxMessage {
		return false
	}
	body := head[4:min(len(head), 4+int(n))]
	if bytes.HasPrefix(body, zstdMagic) {
		z, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxMessage))
		if err != nil {
			return false
		}
		defer z.Close()
		out := make([]byte, 4096)
		got, _ := io.ReadFull(z, out) // as far as it goes
		if body = out[:got]; got < 2 {
			return false
		}
	}
	return body[0] == '{' && isJSON(body) || isProto(body)
}

// zstdMagic begins a message that the Collector's file exporter compressed.
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// isProto reports whether a file begins with an export request: a field 1 that
// is a ResourceSpans, as far as it can be seen.
func isProto(head []byte) bool {
	if len(head) < 2 || head[0] != 1<<3|2 {
		return false
	}
	return fits(head, requestSchema)
}

// requestSchema is ExportTraceServiceRequest: resource spans, of a resource with
// its attributes and of scopes with their spans.
var requestSchema = schema{1: {1: {1: {1: nil, 2: nil}, 3: nil}, 2: {1: nil, 2: nil}}}

// schema is what messages stand in the fields of a message; nil: looked into no
// further.
type schema map[int]schema

// fits reports whether b, perhaps cut off, begins a message whose fields are as
// the protocol has them: length-delimited, but for few.
func fits(b []byte, of schema) bool {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return n == 0 && len(b) < 3
		}
		num, typ := int(tag>>3), int(tag&7)
		if typ != 2 || num < 1 || num > 3 {
			return typ == 0 && num == 2 && of[2] == nil // Resource.dropped_attributes_count
		}
		size, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return m == 0 && len(b)-n < 10
		}
		inner, known := of[num]
		if !known && num != 3 {
			return false
		}
		end := len(b)
		if size <= uint64(len(b)-n-m) {
			end = n + m + int(size)
		} else if size > maxMessage {
			return false
		}
		if inner != nil && !fits(b[n+m:end], inner) {
			return false
		}
		b = b[end:]
	}
	return true
}

// read hands each span of a file to yield, until it says no. A span that cannot
// be read comes with an error, and the file goes on; the error returned is what
// makes the rest of the file unreadable.
func read(ctx context.Context, f *ingest.File, r *protoReader, yield func(*span, error) bool) error {
	in := bufio.NewReaderSize(source(f), 1<<16)
	head, _ := in.Peek(1 << 16) // less where the file is shorter
	if f.Data != nil {
		head = f.Data
	}
	each := func(s *span, err error) bool { return ctx.Err() == nil && yield(s, err) }
	var err error
	switch {
	case isJSON(head):
		err = readJSON(f, in, each)
	case isFramed(head) || !isProto(head) && isSpool(f.Name, head):
		err = readFramed(f, in, r, each)
	default:
		err = readProto(f, in, r, each)
	}
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	return err
}

func source(f *ingest.File) io.Reader {
	if f.Data != nil {
		return bytes.NewReader(nil) // read in place
	}
	return f.Reader
}

// readJSON reads text: by lines where the first one is a document, so that a
// broken line costs only itself, else as a whole.
func readJSON(f *ingest.File, in *bufio.Reader, yield func(*span, error) bool) error {
	next := func() ([]byte, error) { return line(in) }
	if rest := f.Data; rest != nil {
		next = func() ([]byte, error) {
			if len(rest) == 0 {
				return nil, io.EOF
			}
			n := bytes.IndexByte(rest, '\n') + 1
			if n == 0 {
				n = len(rest)
			}
			out := rest[:n]
			rest = rest[n:]
			return out, nil
		}
	}
	first, err := next()
	if err != nil && err != io.EOF && err != errLong {
		return err
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(first, []byte("\ufeff")))
	if err == errLong || !jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		all := io.MultiReader(bytes.NewReader(bytes.TrimPrefix(first, []byte("\ufeff"))), in)
		if f.Data != nil {
			all = bytes.NewBuffer(bytes.TrimPrefix(f.Data, []byte("\ufeff")))
		}
		_, err := documents(all, yield)
		return err
	}
	for {
		if len(text) > 0 {
			if ok, err := documents(bytes.NewBuffer(text), yield); !ok || err != nil && !yield(&span{}, err) {
				return nil
			}
		}
		b, err := next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		text = bytes.TrimSpace(b)
	}
}

var errLong = errors.New("a line longer than 64 MiB")

// line is the next line, in memory of its own.
func line(in *bufio.Reader) ([]byte, error) {
	var out []byte
	for {
		b, err := in.ReadSlice('\n')
		out = append(out, b...)
		switch {
		case len(out) > maxMessage:
			return out, errLong
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(out) > 0:
			return out, nil
		default:
			return out, err
		}
	}
}

// readFramed reads messages behind their length, each plain or compressed. One
// that is broken costs only itself.
func readFramed(f *ingest.File, in *bufio.Reader, r *protoReader, yield func(*span, error) bool) error {
	rest := f.Data
	var z *zstd.Decoder // made when first wanted
	for n := 0; ; n++ {
		var size [4]byte
		if f.Data != nil {
			if len(rest) == 0 {
				return nil
			}
			if len(rest) < 4 {
				return fmt.Errorf("message %d breaks off", n)
			}
			size, rest = [4]byte(rest), rest[4:]
		} else if _, err := io.ReadFull(in, size[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("message %d breaks off: %w", n, err)
		}
		length := int64(binary.BigEndian.Uint32(size[:]))
		if length > maxMessage {
			return fmt.Errorf("message %d says to be %d bytes long", n, length)
		}
		var b []byte
		if f.Data != nil {
			if length > int64(len(rest)) {
				return fmt.Errorf("message %d breaks off", n)
			}
			b, rest = rest[:length], rest[length:]
		} else {
			b = make([]byte, length)
			if _, err := io.ReadFull(in, b); err != nil {
				return fmt.Errorf("message %d breaks off: %w", n, err)
			}
		}
		var ok bool
		var err error
		if bytes.HasPrefix(b, zstdMagic) {
			if z == nil {
				if z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxMessage)); err != nil {
					return err
				}
				defer z.Close()
			}
			if b, err = z.DecodeAll(b, nil); err != nil {
				b = nil
			}
		}
		if err != nil {
			ok = true
		} else if len(b) > 0 && b[0] == '{' {
			ok, err = documents(bytes.NewBuffer(b), yield)
		} else {
			ok, err = r.message(b, yield)
		}
		if !ok || err != nil && !yield(&span{}, fmt.Errorf("message %d: %w", n, err)) {
			return nil
		}
	}
}

// message hands the spans of one export request to yield.
func (r *protoReader) message(b []byte, yield func(*span, error) bool) (ok bool, err error) {
	for len(b) > 0 {
		num, typ, content, _, n := field(b)
		if n == 0 {
			return true, errWire
		}
		b = b[n:]
		if num == 1 && typ == 2 {
			if ok, err := r.resourceSpans(content, yield); !ok || err != nil {
				return ok, err
			}
		}
	}
	return true, nil
}

// readProto reads a bare export request; a large one by its ResourceSpans.
func readProto(f *ingest.File, in *bufio.Reader, r *protoReader, yield func(*span, error) bool) error {
	if f.Data != nil {
		_, err := r.message(f.Data, yield)
		return err
	}
	for {
		head, err := in.Peek(16)
		if len(head) == 0 {
			if err == io.EOF {
				err = nil
			}
			return err
		}
		tag, n := binary.Uvarint(head)
		size, m := binary.Uvarint(head[max(n, 0):])
		if n <= 0 || m <= 0 || tag&7 != 2 || size > maxMessage {
			return errWire
		}
		b := make([]byte, n+m+int(size))
		if _, err := io.ReadFull(in, b); err != nil {
			return fmt.Errorf("the message breaks off: %w", err)
		}
		if ok, err := r.message(b, yield); !ok || err != nil {
			return err
		}
	}
}
