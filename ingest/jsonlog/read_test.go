package jsonlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

const (
	recordA = `{"id":"a","note":"a \"quoted\" {name}","time":"2026-11-22T10:02:11Z","in":{"deep":[1,{"x":null}]}}`
	recordB = `{"id":"b","note":"caf\u00e9"}`
)

// ids reads records that have an id; those in lists come with what stands
// around them.
type ids struct {
	id     string
	around string
	raw    Value
}

func (d *ids) Decode(b []byte, i int) (end int, unusable, lexical error) {
	d.id = ""
	end, lexical = Object(b, i, MaxDepth, func(key string, i, room int) (end int, err error) {
		if key == "id" {
			d.id, end, err = Text(b, i, room)
			return end, err
		}
		return Skip(b, i, room)
	})
	if lexical == nil && d.id == "" {
		unusable = errors.New("it has no id")
	}
	if lexical == nil {
		d.raw = b[i:end:end]
	}
	return end, unusable, lexical
}

func (d *ids) DecodePlainly(raw []byte) error {
	var r struct{ ID string }
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	d.id, d.raw = r.ID, raw
	return nil
}

func (d *ids) Enter(members Value) { d.around = members.Get("from").Str() }

var layout = Layout{List: func(key string) bool { return key == "list" || key == "more" },
	Begins: func(key string) bool { return key == "id" }, Hint: "it should be JSON"}

// read gives "id" or "id@around" of each record, "!" before why one is rejected.
func read(f *ingest.File, l Layout) (out []string, err error) {
	d := &ids{}
	err = Read(context.Background(), f, l, d, func(err error) bool {
		switch {
		case err != nil:
			out = append(out, "!"+err.Error())
		case d.around != "":
			out = append(out, d.id+"@"+d.around)
		default:
			out = append(out, d.id)
		}
		return true
	})
	return out, err
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"lines", recordA + "\n" + recordB + "\n", "a b"},
		{"lines, CRLF, BOM", "\ufeff" + recordA + "\r\n\r\n" + recordB, "a b"},
		{"sequence", "\x1e" + recordA + "\n\x1e" + recordB, "a b"},
		{"stuck together", recordA + recordB, "a b"},
		{"array", "[" + recordA + ",\n" + recordB + "]", "a b"},
		{"list", `{"from":"x","list":[` + recordA + "," + recordB + `],"n":1}`, "a@x b@x"},
		{"lists", `{"from":"x","list":[` + recordA + `],"more":[` + recordB + `]}` + recordB, "a@x b@x b"},
		{"lists of objects", `{"from":"x","list":[` + recordA + `]}{"from":"y","list":[` + recordB + `]}` + "\n" + recordB, "a@x b@y b"},
		{"no list", `{"id":"c","list":[]}` + recordB, "c b"},
		{"stamps", "2026-11-22T10:02:11.123Z " + recordA + "\n2026-11-22T10:02:12Z stdout F " + recordB + "\n", "a b"},
		{"torn line", recordA[:30] + "\n" + recordB, "!record 0 at byte 0 cannot be used: its line ends within it b"},
		{"noise", recordA + "\nERROR\n" + recordB, `a !record 1 at byte 99 cannot be used: 6 bytes that are no JSON, beginning with "ERROR\n{\"id\":\"b\"," b`},
		{"unusable", `[{"x":1},2,[3],` + recordB + "]", "!record 0 at byte 1 cannot be used: it has no id !record 1 at byte 9 cannot be used: a plain value stands where a record should !record 2 at byte 11 cannot be used: a list stands where a record should b"},
		{"deep", `{"id":"d","x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}" + recordB, "!record 0 at byte 0 cannot be used: nested deeper than 100 levels b"},
		{"large", `{"id":"` + strings.Repeat("x", MaxRecord) + `"}` + recordB, "!record 0 at byte 0 cannot be used: it has 1048585 bytes, and a record may have 1048576 b"},
	} {
		got, err := read(&ingest.File{Name: "f", Data: []byte(c.text)}, layout)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %q, want %q", c.name, err, got, c.want)
		}
		for _, chunk := range []int{1, 7, 4096, 0} {
			if chunk == 1 && len(c.text) > 1<<16 {
				continue
			}
			l := layout
			l.Chunk = chunk
			if streamed, err := read(&ingest.File{Name: "f", Reader: strings.NewReader(c.text)}, l); err != nil || !slices.Equal(streamed, got) {
				t.Errorf("%s, in chunks of %d: %v, %q", c.name, chunk, err, streamed)
			}
		}
	}
	for text, why := range map[string]string{"hello": "no JSON", recordA[:40]: "it was cut off", `{"list":[` + recordA: "it was cut off", `{"list":[}`: "stands where a record should"} {
		if _, err := read(&ingest.File{Name: "f", Data: []byte(text)}, layout); graph.Code(err) != graph.CodeInvalid || !strings.Contains(err.Error()+graph.Hint(err), why) {
			t.Errorf("%s: %v, want %s", text, err, why)
		}
	}
	if _, err := read(&ingest.File{Data: []byte("hello")}, layout); graph.Hint(err) != layout.Hint {
		t.Errorf("hint %q", graph.Hint(err))
	}
}

// Lines are counted from 1, whole and streamed.
func TestLines(t *testing.T) {
	text := recordA + "\n\n" + recordB + "\n{\"x\":1}\n{\"id\":\"" + strings.Repeat("x", MaxRecord) + "\n\"}\nnoise\n[1,\n[]]\n" + recordA[:9] + "\n" + recordB
	want := "a b !line 4 cannot be used !line 5 cannot be used !line 7 cannot be used !line 8 cannot be used !line 9 cannot be used !line 10 cannot be used b"
	for _, chunk := range []int{0, 64, 4096} {
		l := layout
		l.Lines, l.Chunk = true, chunk
		f := &ingest.File{Data: []byte(text)}
		if chunk > 0 {
			f = &ingest.File{Reader: strings.NewReader(text)}
		}
		out, err := read(f, l)
		for i := range out {
			out[i], _, _ = strings.Cut(out[i], ":")
		}
		if got := strings.Join(out, " "); err != nil || got != want {
			t.Errorf("chunks of %d: %v %q, want %q", chunk, err, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	f := &ingest.File{Name: "f", Data: []byte(`[1,` + recordA + `,` + recordB + `]`)}
	find := func(record uint32, evidence string) (string, error) {
		d := &ids{}
		b, err := Find(f, record, evidence, func(yield func(Seen, error) bool) error {
			return Read(context.Background(), f, layout, d, func(err error) bool {
				return yield(Seen{d.raw, func() string { return d.id }}, err)
			})
		})
		return string(b), err
	}
	for _, c := range []struct {
		record   uint32
		evidence string
		want     string
	}{{1, "a", recordA}, {9, "a", recordA}, {2, "", recordB}, {0, "b", recordB}} {
		if got, err := find(c.record, c.evidence); err != nil || got != c.want {
			t.Errorf("%d %q: %v %s", c.record, c.evidence, err, got)
		}
	}
	for _, c := range []struct {
		record   uint32
		evidence string
	}{{0, ""}, {1, "none"}, {3, ""}} {
		if got, err := find(c.record, c.evidence); graph.Code(err) != graph.CodeNotFound {
			t.Errorf("%d %q: %v %s", c.record, c.evidence, err, got)
		}
	}
}

// The hash is the same however the text is laid out.
func TestHash(t *testing.T) {
	want := Hash(Value(`{"a":"é","b":[1,{}]}`))
	for _, same := range []string{"{ \"b\" : [1, {}],\n\"a\":\"\\u00e9\"}"} {
		if got := Hash(Value(same)); got != want {
			t.Errorf("%s: %s, want %s", same, got, want)
		}
	}
	for _, other := range []string{`{"a":"e","b":[1,{}]}`, `{"a":"é","b":[1.0,{}]}`, `{"a":"é"`, ``} {
		if Hash(Value(other)) == want {
			t.Errorf("%s hashes alike", other)
		}
	}
}

// Memory stays at a record and a chunk, however long the stream; so does time
// in proportion, where every line is torn.
func TestStreamIsBounded(t *testing.T) {
	l := layout
	l.Chunk = 1 << 16
	torn := strings.Repeat(recordA[:len(recordA)-20]+"\n", 20000)
	if out, err := read(&ingest.File{Reader: strings.NewReader(torn)}, l); len(out) != 19999 || err == nil {
		t.Errorf("%d rejected, %v", len(out), err)
	}
	line := []byte(recordA + "\n")
	src := &repeat{text: line, left: 64 << 20 / len(line)}
	s := splitter{ctx: context.Background(), d: &ids{}, l: layout, w: window{src: src, size: 1 << 16}}
	most := 0
	s.yield = func(err error) bool { most = max(most, len(s.w.b)); return err == nil }
	if err := s.file(); err != nil || s.good != 64<<20/len(line) || most > 1<<18 {
		t.Errorf("%v: %d records, window of %d bytes", err, s.good, most)
	}
}

// repeat reads as text so many times over.
type repeat struct {
	text, rest []byte
	left       int
}

func (r *repeat) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest = r.text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Whole and streamed, in any chunk, a file reads the same, twice.
func FuzzRead(f *testing.F) {
	for _, s := range []string{recordA + "\n" + recordB, "[" + recordA + "]", `{"from":"x","list":[` + recordA + `],"more":[{"id":1}],"a":2}`,
		"2026-11-22T10:02:11Z " + recordB, recordA[:50] + "\n" + recordB, "x{}[[],1,\"a\",{}]"} {
		f.Add([]byte(s), uint16(5))
	}
	f.Fuzz(func(t *testing.T, b []byte, chunk uint16) {
		want, whole := read(&ingest.File{Data: b}, layout)
		l := layout
		l.Chunk = int(chunk) + 1
		got, streamed := read(&ingest.File{Reader: bytes.NewReader(b)}, l)
		if !slices.Equal(got, want) || fmt.Sprint(streamed) != fmt.Sprint(whole) {
			t.Errorf("chunks of %d: %q %v\nwhole: %q %v", l.Chunk, got, streamed, want, whole)
		}
	})
}
