package inflate

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	kgzip "github.com/klauspost/compress/gzip"
)

// texts are inputs of every character: none, tiny, repetitive, random, JSON.
func texts() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	skew := make([]byte, 300_000)
	for i := range skew {
		skew[i] = byte(min(r.ExpFloat64()*6, 255))
	}
	var js strings.Builder
	for range 4000 {
		fmt.Fprintf(&js, `{"eventID":"%08x-%04x","eventName":"GetObject","bucketName":"b-%d","key":"a/%d"},`, r.Uint32(), r.Uint32()>>16, r.IntN(20), r.Uint64())
	}
	return map[string][]byte{"empty": {}, "one": {'x'}, "run": bytes.Repeat([]byte{'a'}, 100_000), "pair": bytes.Repeat([]byte("ab"), 50_000),
		"seven": bytes.Repeat([]byte("abcdefg"), 30_000), "noise": noise, "skew": skew, "json": []byte(js.String())}
}

func deflate(t testing.TB, text []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Name, w.Comment, w.Extra = "n.json", "c", []byte("extra")
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return pad(b.Bytes())
}

// pad gives the slice the spare capacity that Gunzip asks for.
func pad(b []byte) []byte { return append(make([]byte, 0, len(b)+Padding), b...) }

func TestGunzipEqualsStandardLibrary(t *testing.T) {
	var d Decoder
	var dst []byte
	for name, text := range texts() {
		for level := gzip.HuffmanOnly; level <= gzip.BestCompression; level++ {
			got, err := d.Gunzip(dst, deflate(t, text, level), 1<<20)
			if err != nil {
				t.Fatalf("%s at level %d: %v", name, level, err)
			}
			if !bytes.Equal(got, text) {
				t.Fatalf("%s at level %d: output differs", name, level)
			}
			dst = got
		}
	}
}

func TestGunzipRefuses(t *testing.T) {
	var d Decoder
	whole := deflate(t, texts()["json"], 6)
	refused := func(what string, src []byte, max int) {
		t.Helper()
		if _, err := d.Gunzip(nil, pad(src), max); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for n := range len(whole) {
		if n < 200 || n > len(whole)-200 || n%97 == 0 {
			refused(fmt.Sprintf("cut at %d", n), whole[:n], 1<<24)
		}
	}
	refused("two members", append(pad(whole), whole...), 1<<24)
	refused("trailing byte", append(pad(whole), 0), 1<<24)
	refused("larger than allowed", whole, 1000)
	refused("not gzip", []byte("plain text that is long enough to have a header"), 1<<24)
}

// FuzzGunzip holds that whatever the bytes, the decoder neither panics nor
// disagrees with the standard library.
func FuzzGunzip(f *testing.F) {
	for _, text := range texts() {
		if len(text) > 5000 {
			text = text[:5000]
		}
		f.Add(deflate(f, text, 1), 0, byte(0))
		f.Add(deflate(f, text, 9), 40, byte(0x55))
		f.Add(deflate(f, text, gzip.HuffmanOnly), 60, byte(0x01))
	}
	var d Decoder
	f.Fuzz(func(t *testing.T, src []byte, at int, flip byte) {
		src = pad(src)
		if at >= 0 && at < len(src) {
			src[at] ^= flip
		}
		// Mend the sums, so that damage reaches the decoder's own checks.
		want, wantErr := std(src)
		got, err := d.Gunzip(nil, src, 1<<20)
		if err == nil && (wantErr != nil || !bytes.Equal(got, want)) {
			t.Fatalf("accepted what the standard library reads otherwise: %v", wantErr)
		}
	})
}

func std(src []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 1<<20+1))
}

// TestRawInflateAgreesOnDamage feeds damaged deflate streams past the checksum:
// the inner decoder must not write out of its bounds, and what it accepts must
// be what the standard library reads.
func TestRawInflateAgreesOnDamage(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var d Decoder
	accepted := 0
	for name, text := range texts() {
		if len(text) > 3000 {
			text = text[:3000]
		}
		for i := range 500 {
			src := deflate(t, text, 1+i%9)
			body := header(src)
			for range 1 + r.IntN(3) {
				src[body+r.IntN(len(src)-body-8)] ^= 1 << r.IntN(8)
			}
			in := src[body : len(src)-8]
			dst := make([]byte, 8000+slack)
			n, used, ok := d.inflate(dst, in[:len(in)+8+Padding], len(in))
			if !ok || used != len(in) {
				continue
			}
			accepted++
			fixed := append([]byte{}, src...)
			sum := crc32.ChecksumIEEE(dst[:n])
			copy(fixed[len(fixed)-8:], []byte{byte(sum), byte(sum >> 8), byte(sum >> 16), byte(sum >> 24), byte(n), byte(n >> 8), byte(n >> 16), 0})
			want, err := std(fixed)
			if err != nil || !bytes.Equal(want, dst[:n]) {
				t.Fatalf("%s: accepted a damaged stream that the standard library refuses: %v", name, err)
			}
		}
	}
	if accepted == 0 {
		t.Error("no damaged stream was accepted: the comparison never ran")
	}
}

func BenchmarkGunzip(b *testing.B) {
	text := bytes.Repeat(texts()["json"], 8)
	src := deflate(b, text, 6)
	b.Run("ours", func(b *testing.B) {
		var d Decoder
		dst := make([]byte, len(text)+slack)
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := d.Gunzip(dst, src, 1<<26); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("klauspost", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		r, _ := kgzip.NewReader(bytes.NewReader(src))
		var out bytes.Buffer
		for b.Loop() {
			out.Reset()
			_ = r.Reset(bytes.NewReader(src))
			if _, err := io.Copy(&out, r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
