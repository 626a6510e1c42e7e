package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A file that inflates to more than bombRatio times its stored bytes, beyond
// the first bombFloor bytes, is taken for a bomb. CloudTrail inflates 6 to 20
// times; flate cannot pass 1,032.
const (
	bombRatio = 200
	bombFloor = 16 << 20
)

// codec is how a file is stored, told by its first bytes.
type codec string

const (
	plain    codec = ""
	codeGzip codec = "gzip"
	codeZstd codec = "zstd"
)

func codecOf(head []byte) codec {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}) || len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b:
		return codeGzip
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return codeZstd
	}
	return plain
}

// The ways in which inflating ends early. After errTorn and errTrailing what
// was inflated before stands; after the others nothing of it can be trusted.
var (
	errTorn     = errors.New("truncated")
	errTrailing = errors.New("bytes after the end")
	errCorrupt  = errors.New("corrupt")
	errBomb     = errors.New("inflates to more than 200 times its size")
	errTooLarge = errors.New("inflates beyond the limit")
)

// partial reports whether what was inflated before err stands.
func partial(err error) bool { return errors.Is(err, errTorn) || errors.Is(err, errTrailing) }

// decompressor reads one file after the other. It is not safe for concurrent
// use.
type decompressor struct {
	gz    *gzip.Reader
	zs    *zstd.Decoder
	fast  inflater
	limit int64            // of inflated bytes
	last  *inflatingReader // opened last
}

func (d *decompressor) close() {
	if d.zs != nil {
		d.zs.Close()
	}
}

// open returns a reader of the inflated bytes of r, which begins a stream of
// the codec. The reader is good until the next call.
func (d *decompressor) open(c codec, r io.Reader) io.Reader {
	counted := &countReader{r: r}
	out := &inflatingReader{codec: c, in: counted, limit: d.limit}
	d.last = out
	switch c {
	case codeGzip:
		if d.gz == nil {
			d.gz = new(gzip.Reader)
		}
		if err := d.gz.Reset(counted); err != nil {
			out.err = out.explain(err, false)
		}
		out.r = d.gz
	case codeZstd:
		if d.zs == nil {
			// Options are constant and valid.
			d.zs, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(64<<20))
		}
		if err := d.zs.Reset(counted); err != nil {
			out.err = out.explain(err, false)
		}
		out.r = d.zs
	default:
		out.r = counted
	}
	return out
}

// whole inflates stored into dst's memory, growing it, until the end or max
// bytes. rest continues behind data where there is more, and is nil otherwise.
func (d *decompressor) whole(c codec, dst, stored []byte, max int64) (data []byte, rest io.Reader, err error) {
	if c == codeGzip {
		var ok bool
		if dst, ok = d.fast.gunzip(dst, stored, max); ok {
			return dst, nil, nil
		}
	}
	r := d.open(c, bytes.NewReader(stored))
	data = dst[:0]
	for {
		if int64(len(data)) >= max {
			return data, r, nil
		}
		data = growBuffer(data, 1)
		n, err := r.Read(data[len(data):min(int64(cap(data)), max)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil, nil
		}
		if err != nil {
			return data, nil, err
		}
	}
}

// countReader counts what passes, and remembers what went wrong below.
type countReader struct {
	r   io.Reader
	n   int64
	err error
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// inflatingReader bounds what comes out and names what goes wrong.
type inflatingReader struct {
	codec codec
	r     io.Reader
	in    *countReader
	out   int64
	limit int64
	err   error
}

func (r *inflatingReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.r.Read(p)
	r.out += int64(n)
	switch {
	case err == io.EOF:
		r.err = err
	case err != nil:
		r.err = r.explain(err, r.out > 0)
	case r.codec != plain && r.out > r.limit:
		r.err = fmt.Errorf("%w of %d bytes", errTooLarge, r.limit)
	case r.codec != plain && r.out > bombFloor && r.out > bombRatio*r.in.n:
		r.err = fmt.Errorf("%w (%d bytes gave %d)", errBomb, r.in.n, r.out)
	}
	return n, r.err
}

// explain names an error; begun says that the stream's header was good.
func (r *inflatingReader) explain(err error, begun bool) error {
	switch {
	case r.in.err != nil:
		return fmt.Errorf("read: %w", r.in.err)
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		return fmt.Errorf("%w %s", errTorn, r.codec)
	case begun && (errors.Is(err, gzip.ErrHeader) || errors.Is(err, zstd.ErrMagicMismatch)):
		return fmt.Errorf("%w of the %s stream", errTrailing, r.codec)
	}
	return fmt.Errorf("%w %s: %w", errCorrupt, r.codec, err)
}
