package ingest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
)

// headBytes is how much of a file Format.Recognise is shown.
const headBytes = 64 << 10

// batchBytes is the inflated size from which a batch takes no further file.
const batchBytes = 16 << 20

// worker reads whole files, one after the other.
type worker struct {
	*run
	parsers    []Parser // of run.formats, made when first wanted
	decompress decompressor
	g          *group
	p          *pending
	room       graph.Room  // the batch before this one needed
	late       *hashReader // tells size and hash of a file once it is read
	refused    error       // why nothing of the file is stored
	tell       func(error) // of the file being read; may be nil
}

func newWorker(r *run) *worker {
	return &worker{run: r, parsers: make([]Parser, len(r.formats)), decompress: decompressor{limit: r.o.MaxInflated}}
}

// group reads the files of g into batches. When ctx ends it leaves the rest
// out.
func (w *worker) group(ctx context.Context, g *group) {
	w.g, w.p = g, newPending(w.room)
	if g.alone && w.gate.await(ctx, g.number) != nil {
		return
	}
	for _, o := range g.objects {
		w.refused, w.tell = nil, o.Done
		if err := w.object(ctx, o); err != nil {
			return
		}
		w.tell = nil
		if o.Done != nil {
			// The batch begun last holds the end of the file.
			w.p.done = append(w.p.done, outcome{o.Done, w.refused})
		}
		if w.p.records >= w.o.BatchRecords || w.p.bytes >= batchBytes {
			if w.send(ctx) != nil {
				return
			}
		}
	}
	_ = w.hand(ctx) // its only error is that of ctx, which the committer sees too
}

func newPending(room graph.Room) *pending {
	return &pending{builder: graph.NewBuilderFor(room), part: newReport()}
}

// send hands the batch to the committer and begins another.
func (w *worker) send(ctx context.Context) error {
	err := w.hand(ctx)
	w.p = newPending(w.room)
	return err
}

// hand hands the batch to the committer.
func (w *worker) hand(ctx context.Context) error {
	p := w.p
	p.open = w.tell
	p.batch = p.builder.Batch()
	p.builder = nil
	w.room = p.batch.Room()
	p.seen = sightings(p.batch)
	p.part.Edges = len(p.batch.Events) + len(p.batch.Standing)
	select {
	case w.g.out <- p:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// object reads one file. Its error is that of ctx: what is wrong with the file
// is in the report.
func (w *worker) object(ctx context.Context, o feed.Object) error {
	w.p.part.Files.Seen++
	if o.Err != nil {
		w.refuse(o.Name, fmt.Errorf("cannot be read: %w", o.Err))
		return nil
	}
	if k, ok := w.known.version(o.Name, o.Version); ok {
		w.skip(o.Name, k)
		return nil
	}
	rc, err := o.Open(ctx)
	if err != nil {
		w.refuse(o.Name, fmt.Errorf("cannot be opened: %w", bare(err)))
		return ctx.Err()
	}
	defer rc.Close()
	defer context.AfterFunc(ctx, func() { rc.Close() })() // ends a read that waits
	h := &holding{run: w.run}
	stored, more, err := w.read(ctx, rc, o.Size, h)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		h.free(stored)
		w.refuse(o.Name, fmt.Errorf("cannot be read: %w", bare(err)))
		return nil
	case more:
		err = w.large(ctx, o, rc, stored)
		h.free(stored)
		return err
	}
	sum := sha256.Sum256(stored) // with SHA-NI or its like 1 to 2 GB/s, of stored bytes only
	src := graph.Source{Name: o.Name, Size: int64(len(stored)), Hash: hex.EncodeToString(sum[:]), Version: o.Version}
	w.p.part.BytesStored += src.Size
	k := w.known.file(keyOf(src.Name, src.Size, src.Hash))
	if k.done {
		h.free(stored)
		w.skip(src.Name, k)
		return nil
	}
	c := codecOf(stored)
	if c == plain {
		if w.parse(ctx, &File{Name: o.Name, Data: stored}, stored, src, k, nil) {
			w.p.keep(h, stored)
		} else {
			h.free(stored)
		}
		return ctx.Err()
	}
	hint := inflatedHint(c, stored, w.o.MaxWhole)
	if err := h.acquire(ctx, w.g.number, hint); err != nil {
		return err
	}
	data, rest, broken := w.decompress.whole(c, newBuffer(int(hint)), stored, w.o.MaxWhole)
	h.adjust(int64(cap(data)) - hint)
	if rest != nil {
		w.parse(ctx, &File{Name: o.Name, Reader: io.MultiReader(bytes.NewReader(data), rest)}, data, src, k, nil)
		h.free(stored, data) // a parser that streams owns its memory
		return ctx.Err()
	}
	freeBuffer(stored)
	if w.parse(ctx, &File{Name: o.Name, Data: data}, data, src, k, broken) {
		w.p.keep(h, data)
	} else {
		h.free(data)
	}
	return ctx.Err()
}

// large reads a file whose stored bytes are not held whole, of which head is
// the beginning and rc the rest. One that can be opened again is read twice:
// its segments must carry its hash. Of standard input only the last one does.
func (w *worker) large(ctx context.Context, o feed.Object, rc io.ReadCloser, head []byte) error {
	src := graph.Source{Name: o.Name, Size: o.Size, Version: o.Version}
	all := &hashReader{r: &ctxReader{ctx, io.MultiReader(bytes.NewReader(head), rc)}, h: sha256.New()}
	var k knownFile
	in, late := io.Reader(all), all
	if !o.Once {
		if _, err := io.Copy(io.Discard, all); err != nil {
			if ctx.Err() == nil {
				w.refuse(o.Name, fmt.Errorf("cannot be read: %w", bare(err)))
			}
			return ctx.Err()
		}
		src.Size, src.Hash = all.sum()
		w.p.part.BytesStored += src.Size
		if k = w.known.file(keyOf(src.Name, src.Size, src.Hash)); k.done {
			w.skip(src.Name, k)
			return nil
		}
		again, err := o.Open(ctx)
		if err != nil {
			w.refuse(o.Name, fmt.Errorf("cannot be opened: %w", bare(err)))
			return ctx.Err()
		}
		defer again.Close()
		in, late = again, nil
	}
	r := w.decompress.open(codecOf(head), bufio.NewReaderSize(&ctxReader{ctx, in}, 1<<18))
	first := newBuffer(headBytes)
	defer freeBuffer(first)
	n, err := io.ReadFull(r, first[:headBytes])
	first = first[:n]
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		w.refuse(o.Name, err)
		return ctx.Err()
	}
	w.late = late
	w.parse(ctx, &File{Name: o.Name, Reader: io.MultiReader(bytes.NewReader(first), r)}, first, src, k, nil)
	if late != nil {
		w.p.part.BytesStored += late.n
	}
	w.late = nil
	return ctx.Err()
}

// parse finds the format of f, whose content begins with data, and reads it
// into batches. broken is why data is not all of the file. It reports whether
// a batch refers to data.
func (w *worker) parse(ctx context.Context, f *File, data []byte, src graph.Source, k knownFile, broken error) bool {
	if broken != nil && !partial(broken) {
		w.refuse(f.Name, broken)
		return false
	}
	if len(data) == 0 {
		if broken == nil {
			broken = errors.New("empty")
		}
		w.refuse(f.Name, broken)
		return false
	}
	head := data[:min(len(data), headBytes)]
	i := recognise(w.formats, f.Name, head)
	if i < 0 {
		reason := errors.New("no format recognises its text")
		if bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) {
			reason = errors.New("binary data of no known format")
		}
		w.refuse(f.Name, errors.Join(reason, broken))
		return false
	}
	if w.parsers[i] == nil {
		w.parsers[i] = w.formats[i].Parser()
	}
	// A record of any format read here takes a brace or a line: a file that
	// may not fit the batch begins its own, so that where segments are cut
	// depends on the file alone.
	fits := func() bool {
		most := max(bytes.Count(data, []byte{'{'}), bytes.Count(data, []byte{'\n'})+1)
		return w.p.records+most <= w.o.BatchRecords
	}
	if len(k.segments) > 0 || f.Reader != nil || w.p.records > 0 && !fits() {
		if w.send(ctx) != nil {
			return false
		}
	}
	src.Kind = w.formats[i].Name()
	stream, size := f.Reader != nil, int64(len(f.Data)) // the parser may change f
	rec := &recorder{w: w, ctx: ctx, known: k}
	rec.begin(src)
	err := parseSafely(ctx, w.parsers[i], f, rec)
	if ctx.Err() != nil {
		return false // nothing of this batch is handed on
	}
	if broken != nil {
		err = fmt.Errorf("%w: %d whole records kept", broken, rec.total)
	} else if err != nil && stream {
		err = fmt.Errorf("%w: %d records kept", err, rec.total)
	}
	rec.end(err)
	if stream {
		size = w.decompress.last.out
	} else {
		w.p.bytes += size
	}
	w.p.part.BytesInflated += size
	return true
}

// parseSafely is Parse, where a panic is an error of this file alone.
func parseSafely(ctx context.Context, p Parser, f *File, sink Sink) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser failed: %v", r)
		}
	}()
	return p.Parse(ctx, f, sink)
}

// recognise is the index of the first format that takes the file, or -1.
func recognise(formats []Format, name string, head []byte) int {
	return slices.IndexFunc(formats, func(f Format) bool { return f.Recognise(name, head) })
}

// refuse reports a file of which nothing is stored.
func (w *worker) refuse(name string, why error) {
	w.refused = why
	w.p.part.Files.Rejected++
	w.p.part.Rejected = append(w.p.part.Rejected, rejection(name, why))
}

func rejection(name string, why error) Rejection {
	// A copy: the error may share the memory of a buffer that is recycled.
	x := Rejection{File: name, Reason: strings.Clone(strings.ReplaceAll(why.Error(), "\n", "; "))}
	var at *OffsetError
	if errors.As(why, &at) {
		x.Offset = &at.Offset
	}
	return x
}

// skip reports a file that the ledger has, and again what was wrong with it:
// missing data never reads as clean.
func (w *worker) skip(name string, k knownFile) {
	w.p.part.Files.Known++
	if k.note != "" {
		w.p.part.Rejected = append(w.p.part.Rejected, Rejection{File: name, Reason: k.note + " (when it was ingested)"})
	}
	if k.rejected > 0 {
		w.p.part.Rejected = append(w.p.part.Rejected, Rejection{File: name, Reason: fmt.Sprintf("records rejected when it was ingested: %d", k.rejected)})
	}
}

// read reads a file as stored, up to MaxWhole bytes; more says that there are
// more.
func (w *worker) read(ctx context.Context, r io.Reader, size int64, h *holding) (b []byte, more bool, err error) {
	room := int64(64 << 10)
	if size >= 0 {
		room = min(size, w.o.MaxWhole) + 1 // one more shows the end
	}
	if err := h.acquire(ctx, w.g.number, room); err != nil {
		return nil, false, err
	}
	b = newBuffer(int(room))
	for {
		if int64(len(b)) > w.o.MaxWhole {
			more = true
			break
		}
		b = growBuffer(b, 1)
		var n int
		n, err = r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil || ctx.Err() != nil {
			break
		}
	}
	if err == io.EOF {
		err = nil
	}
	h.adjust(int64(cap(b)) - room)
	return b, more, err
}

// inflatedHint guesses what stored inflates to, at most limit: what the last
// member of a gzip file says, which may be a lie, or 8 times.
func inflatedHint(c codec, stored []byte, limit int64) int64 {
	n := 8 * int64(len(stored))
	if c == codeGzip && len(stored) >= 18 {
		if said := int64(binary.LittleEndian.Uint32(stored[len(stored)-4:])); said >= int64(len(stored))/2 && said <= 64*int64(len(stored)) {
			n = said + 1 // one more shows the end
		}
	}
	return min(n, limit)
}

// bare is err without the path, which the report says already.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
