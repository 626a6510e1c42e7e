package ingest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
)

// zeros is a stream of n zero bytes.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRunBadInputs(t *testing.T) {
	text := bytes.Join([][]byte{[]byte("lines\n"), []byte("{e1 - 1700000000000 k r a}\n{e2 - 1700000000000 k r a}\n{e3 - 1700000000000 k r a}\n")}, nil)
	long := estate(9, 1, 4000)["/logs/0000.gz"]
	zs, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	w.Write([]byte("lines\n"))
	io.Copy(w, zeros(32<<20))
	w.Close()
	wrong := gz(t, text)
	wrong[len(wrong)-8] ^= 1 // of the CRC
	torn := gz(t, long)
	torn = torn[:len(torn)/2]
	random := make([]byte, 5000)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	gzRandom := append([]byte{0x1f, 0x8b, 8}, random...)
	tests := []struct {
		name    string
		stored  []byte
		records int    // stored from it
		reason  string // of its only rejection, in part; empty where all is well
	}{
		{"good.gz", gz(t, text), 3, ""},
		{"plain.gz", text, 3, ""},
		{"two-members.gz", append(gz(t, text), gz(t, text[6:])...), 6, ""},
		{"good.zst", zs.EncodeAll(text, nil), 3, ""},
		{"empty", nil, 0, "empty"},
		{"empty.gz", gz(t, nil), 0, "empty"},
		{"torn.gz", torn, -1, "truncated gzip"},
		{"torn-header.gz", gz(t, text)[:6], 0, "truncated gzip"},
		{"torn-trailer.gz", gz(t, text)[:len(gz(t, text))-3], 3, "truncated gzip: 3 whole records kept"},
		{"torn.zst", zs.EncodeAll(long, nil)[:3000], 0, "truncated zstd"},
		{"torn-plain", text[:len(text)-5], 2, "unexpected EOF"},
		{"crc.gz", wrong, 0, "corrupt gzip"},
		{"junk-after.gz", append(gz(t, text), "junk after the end"...), 3, "bytes after the end"},
		{"junk.gz", gzRandom, 0, "gzip"},
		{"bomb.gz", bomb.Bytes(), 0, "more than 200 times"},
		{"binary", random, 0, "binary data of no known format"},
		{"text", []byte("hello\nworld\n"), 0, "no format recognises its text"},
		{"utf8", []byte(strings.Repeat("ä", headBytes)), 0, "no format recognises its text"},
		{"panic", append(slices.Clone(text), "panic now\n"...), 4, "the parser failed: panic now"},
	}
	alone := map[string]graph.Source{}
	for _, workers := range []int{1, 3} {
		s := newMemory()
		var xs []feed.Object
		for _, c := range tests {
			xs = append(xs, object(c.name, c.stored))
		}
		xs = append(xs, feed.Object{Name: "unreadable", Size: -1, Err: os.ErrPermission},
			feed.Object{Name: "vanished", Size: 9, Open: func(context.Context) (io.ReadCloser, error) { return feed.OpenPath("/nosuch") }})
		r := ingestAll(t, s, Options{Workers: workers}, xs...)
		stored := map[string]graph.Source{}
		for _, e := range ledger(t, s) {
			stored[e.Name] = e
		}
		if workers == 1 {
			alone = stored
		} else if !reflect.DeepEqual(alone, stored) {
			t.Error("the ledger depends on the workers")
		}
		reasons := map[string]string{}
		for _, x := range r.Rejected {
			if reasons[x.File] != "" {
				t.Errorf("%s rejected twice", x.File)
			}
			reasons[x.File] = x.Reason
		}
		for _, c := range tests {
			if (c.reason == "") != (reasons[c.name] == "") || !strings.Contains(reasons[c.name], c.reason) {
				t.Errorf("%s: reason %q, want %q", c.name, reasons[c.name], c.reason)
			}
			got, isStored := stored[c.name]
			if c.records >= 0 && got.Records != c.records {
				t.Errorf("%s: %d records, want %d", c.name, got.Records, c.records)
			}
			if c.records < 0 && (got.Records < 1000 || got.Records > 3000) {
				t.Errorf("%s: %d records kept", c.name, got.Records)
			}
			if isStored && (!got.Final || got.Note != reasons[c.name]) {
				t.Errorf("%s: entry %+v", c.name, got)
			}
		}
		for _, name := range []string{"unreadable", "vanished"} {
			if reasons[name] == "" {
				t.Errorf("%s is not named", name)
			}
		}
		if r.ExitCode() != 3 {
			t.Errorf("exit %d", r.ExitCode())
		}
		// What is wrong with a file is said again when it is known.
		again := ingestAll(t, s, Options{Workers: workers}, xs...)
		if len(again.Rejected) != len(r.Rejected) || again.Files.Known != r.Files.Stored || again.Files.Stored != 0 {
			t.Errorf("again: %d rejected, want %d; %+v", len(again.Rejected), len(r.Rejected), again.Files)
		}
	}
}

// endless gives out gzip of n bytes of text lines without holding them.
func endless(n int64) (io.ReadCloser, *atomic.Int64) {
	pr, pw := io.Pipe()
	var sent atomic.Int64
	go func() {
		w, _ := gzip.NewWriterLevel(pw, gzip.BestSpeed)
		io.WriteString(w, "lines\n")
		line := []byte("{e - 1700000000000 k r a}\n")
		block := bytes.Repeat(line, 4000)
		for sent.Load() < n {
			if _, err := w.Write(block); err != nil {
				pw.CloseWithError(err)
				return
			}
			sent.Add(int64(len(block)))
		}
		pw.CloseWithError(w.Close())
	}()
	return pr, &sent
}

// A bomb costs neither memory nor time in proportion to what it would inflate
// to.
func TestRunBombIsBounded(t *testing.T) {
	bomb := bytes.NewBuffer([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255})
	w, err := flate.NewWriter(bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("lines\n"))
	w.Flush()
	start := bomb.Len()
	io.Copy(w, zeros(8<<20))
	w.Flush()
	bomb.Write(bytes.Repeat(bomb.Bytes()[start:], 127)) // 1 GiB, a thousand times what is stored
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := newMemory()
	r := ingestAll(t, s, Options{Workers: 1}, object("bomb", bomb.Bytes()))
	runtime.ReadMemStats(&after)
	if len(r.Rejected) != 1 || !strings.Contains(r.Rejected[0].Reason, "200 times") {
		t.Errorf("rejected %v", r.Rejected)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 80<<20 {
		t.Errorf("allocated %d MiB for it", got>>20)
	}
	// One that streams stops early too, and what it takes is bounded.
	pipe, sent := endless(1 << 40)
	o := feed.Object{Name: "stdin", Size: -1, Once: true, Open: func(context.Context) (io.ReadCloser, error) { return pipe, nil }}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	runtime.ReadMemStats(&before)
	if _, err := Run(ctx, s, slices.Values([]feed.Object{o}), formats, Options{Workers: 1, MaxWhole: 1 << 16}); err == nil {
		t.Error("an endless input ended")
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d MiB were taken before it ended", sent.Load()>>20)
	if after.HeapAlloc > before.HeapAlloc+200<<20 {
		t.Errorf("the heap grew by %d MiB", (after.HeapAlloc-before.HeapAlloc)>>20)
	}
}
