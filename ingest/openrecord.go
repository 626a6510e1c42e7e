package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/blastradius/blastradius/graph"
)

// maxReread is how much of a file OpenRecord holds whole; a larger one is
// streamed.
const maxReread = 64 << 20

// OpenRecord reads a record again from the file called name, which opener
// opens as stored, and returns it as JSON with its secrets removed. The record
// is the one at that position, or the one with that evidence where the two
// disagree. The error has the code SOURCE_UNREACHABLE where the file cannot be
// read any more or no longer holds the record.
func OpenRecord(ctx context.Context, name string, formats []Format, opener func(name string) (io.ReadCloser, error), record uint32, evidence string) ([]byte, error) {
	raw, err := rereadRecord(ctx, name, formats, opener, record, evidence)
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			return nil, cause
		}
		return nil, &graph.Error{Code: graph.CodeSourceUnreachable, Err: bare(err),
			Message: fmt.Sprintf("read record %d of %s", record, name),
			Hint:    "the graph keeps what the record said; for the record itself put the file back where it was ingested from"}
	}
	return Redact(raw), nil
}

func rereadRecord(ctx context.Context, name string, formats []Format, opener func(string) (io.ReadCloser, error), record uint32, evidence string) ([]byte, error) {
	rc, err := opener(name)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	defer context.AfterFunc(ctx, func() { rc.Close() })()
	magic := make([]byte, 4)
	n, err := io.ReadFull(rc, magic)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	magic = magic[:n]
	o := Options{}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	d := decompressor{limit: o.MaxInflated}
	defer d.close()
	r := d.open(codecOf(magic), io.MultiReader(bytes.NewReader(magic), &ctxReader{ctx, rc}))
	var data bytes.Buffer
	if _, err := io.Copy(&data, io.LimitReader(r, maxReread)); err != nil && (!partial(err) || data.Len() == 0) {
		return nil, err
	}
	head := data.Bytes()[:min(data.Len(), headBytes)]
	i := recognise(formats, name, head)
	if i < 0 {
		return nil, errors.New("no format recognises the file")
	}
	reader, ok := formats[i].(RawReader)
	if !ok {
		return nil, fmt.Errorf("records of %s cannot be shown", formats[i].Name())
	}
	f := &File{Name: name, Data: data.Bytes()}
	if data.Len() == maxReread {
		f = &File{Name: name, Reader: io.MultiReader(&data, r)}
	}
	return reader.Raw(ctx, f, record, evidence)
}
