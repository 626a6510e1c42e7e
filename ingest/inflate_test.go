package ingest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	kgzip "github.com/klauspost/compress/gzip"
)

// sample is text like a log's, or noise, of n bytes.
func sample(rng *rand.Rand, n int) []byte {
	b := make([]byte, 0, n)
	noise := rng.IntN(4) == 0
	for len(b) < n {
		switch k := rng.IntN(8); {
		case noise || k == 0:
			b = append(b, byte(rng.Uint32()))
		case k == 1:
			b = append(b, bytes.Repeat([]byte{byte(rng.Uint32())}, rng.IntN(400))...)
		case k < 5 && len(b) > 0:
			from := rng.IntN(len(b))
			b = append(b, b[from:min(len(b), from+rng.IntN(300))]...)
		default:
			b = append(b, fmt.Sprintf(`{"eventID":"%x","eventSource":"s3.amazonaws.com"},`, rng.Uint64())...)
		}
	}
	return b[:n]
}

func pack(t testing.TB, b []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	if level == gzip.BestSpeed {
		w.Name, w.Comment, w.Extra = "name.json", "comment", []byte("extra")
	}
	// Flushing makes several blocks, empty stored ones among them.
	for i := 0; i < len(b); i += len(b)/3 + 1 {
		w.Write(b[i:min(len(b), i+len(b)/3+1)])
		if level%2 == 0 {
			w.Flush()
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestGunzip(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	var f inflater
	for i := range 200 {
		b := sample(rng, rng.IntN(1<<rng.IntN(17)+1))
		level := rng.IntN(12) - 2
		got, ok := f.gunzip(newBuffer(16), pack(t, b, level), 64<<20)
		if !ok || !bytes.Equal(got, b) {
			t.Fatalf("%d: level %d, %d bytes: %v, %d bytes", i, level, len(b), ok, len(got))
		}
		freeBuffer(got)
	}
	if _, ok := f.gunzip(nil, pack(t, make([]byte, 1000), 5), 999); ok {
		t.Error("the limit was passed")
	}
}

// What gunzip accepts, a plain reader accepts, and gives the same.
func agrees(t *testing.T, f *inflater, stored []byte) {
	t.Helper()
	before := bytes.Clone(stored)
	got, ok := f.gunzip(newBuffer(16), stored, 1<<20)
	if !bytes.Equal(before, stored) {
		t.Fatal("the input was changed")
	}
	if !ok {
		return
	}
	r, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		t.Fatalf("%x was accepted: %v", stored, err)
	}
	r.Multistream(false)
	want, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%x: %d bytes, want %d, %v", stored, len(got), len(want), err)
	}
	freeBuffer(got)
}

// Damaged files never crash it, and it never takes one for whole.
func TestGunzipDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 12))
	var f inflater
	for range 40 {
		b := pack(t, sample(rng, 1+rng.IntN(3000)), rng.IntN(12)-2)
		for range 20 {
			bad := bytes.Clone(b)
			for range 1 + rng.IntN(3) {
				bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
			}
			agrees(t, &f, bad)
			agrees(t, &f, bad[:rng.IntN(len(bad)+1)])
		}
	}
	// Damage without the checksum to reveal it: the decoders themselves agree.
	for range 800 {
		raw := pack(t, sample(rng, 1+rng.IntN(500)), 1+rng.IntN(9))
		start, _ := gzipHeader(raw)
		body := bytes.Clone(raw[start : len(raw)-8])
		body[rng.IntN(min(len(body), 80))] ^= 1 << rng.IntN(8)
		sameInflate(t, &f, body)
	}
}

// sameInflate holds inflate against compress/flate on a bare deflate stream.
func sameInflate(t *testing.T, f *inflater, body []byte) {
	t.Helper()
	in := bytes.NewReader(body)
	want, err := io.ReadAll(io.LimitReader(flate.NewReader(in), 1<<20))
	if len(want) == 1<<20 {
		return
	}
	padded := append(bytes.Clone(body), make([]byte, 8+inPad)...)
	out := make([]byte, len(want)+outPad+8)
	guard := out[len(want)+outPad:]
	for i := range guard {
		guard[i] = 0xa5
	}
	end, ok := f.inflate(out[:len(want)+outPad], padded, 0, len(body), len(want))
	if ok != (err == nil) {
		t.Fatalf("%x: %v, compress/flate says %v", body, ok, err)
	}
	if ok && (!bytes.Equal(out[:len(want)], want) || end != len(body)-in.Len()) {
		t.Fatalf("%x: other bytes, or end %d, want %d", body, end, len(body)-in.Len())
	}
	for _, g := range guard {
		if g != 0xa5 {
			t.Fatalf("%x: written behind the end", body)
		}
	}
}

func FuzzInflate(f *testing.F) {
	rng := rand.New(rand.NewPCG(13, 13))
	for level := range 12 {
		b := pack(f, sample(rng, 200+50*level), level-2)
		start, _ := gzipHeader(b)
		f.Add(b[start : len(b)-8])
	}
	f.Add([]byte{3, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		var x inflater
		sameInflate(t, &x, body)
		sameInflate(t, &x, body) // tables of the first do not show
		agrees(t, &x, body)
	})
}

// corpus is gzip as CloudTrail delivers it: captured files where they are at
// hand, else text like theirs.
func corpus(b *testing.B) (packed [][]byte, size int64) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "shared", "data", "invictus-aws-stratus-2023", "CloudTrail", "*.json"))
	rng := rand.New(rand.NewPCG(14, 14))
	for i := range 16 {
		text := sample(rng, 1<<20)
		if i < len(files) {
			text, _ = os.ReadFile(files[i])
		}
		packed = append(packed, pack(b, text, 7))
		size += int64(len(text))
	}
	return packed, size
}

func BenchmarkGunzip(b *testing.B) {
	packed, size := corpus(b)
	b.Run("whole", func(b *testing.B) {
		var f inflater
		buf := newBuffer(1 << 20)
		b.SetBytes(size)
		for b.Loop() {
			for _, p := range packed {
				var ok bool
				if buf, ok = f.gunzip(buf, p, 64<<20); !ok {
					b.Fatal("refused")
				}
			}
		}
	})
	b.Run("klauspost", func(b *testing.B) {
		var r kgzip.Reader
		b.SetBytes(size)
		for b.Loop() {
			for _, p := range packed {
				if err := r.Reset(bytes.NewReader(p)); err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, &r); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
