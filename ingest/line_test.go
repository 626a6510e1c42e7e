package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"unsafe"

	"github.com/blastradius/blastradius/graph"
)

// lines is the format of these tests: after the line "lines", one record a
// line, "{evidence call ms from to action}" with - for no call; "bad …",
// "skip …" and "fix EVIDENCE" are what they say. Its strings share the memory of the file, as
// those of a real parser do.
type lines struct{}

func (lines) Name() string { return "lines" }
func (lines) Recognise(_ string, head []byte) bool {
	return bytes.HasPrefix(head, []byte("lines\n"))
}
func (lines) Parser() Parser { return lineParser{} }

type lineParser struct{}

func (lineParser) Parse(ctx context.Context, f *File, sink Sink) error {
	next := func() ([]byte, error) {
		line, rest, ok := bytes.Cut(f.Data, []byte{'\n'})
		if f.Data = rest; !ok && len(line) > 0 {
			return nil, io.ErrUnexpectedEOF
		} else if !ok {
			return nil, io.EOF
		}
		return line, nil
	}
	if f.Reader != nil {
		r := bufio.NewReader(f.Reader)
		next = func() ([]byte, error) {
			b, err := r.ReadBytes('\n')
			if err == io.EOF && len(b) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return bytes.TrimSuffix(b, []byte{'\n'}), err
		}
	}
	for n := 0; ; n++ {
		line, err := next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if n%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		lineRecord(unsafe.String(unsafe.SliceData(line), len(line)), sink)
	}
}

func lineRecord(line string, sink Sink) {
	b, ref := sink.Next()
	switch {
	case strings.HasPrefix(line, "bad"):
		sink.Reject(&OffsetError{7, errors.New(line)})
		return
	case strings.HasPrefix(line, "skip"):
		sink.Skip(line)
		return
	case strings.HasPrefix(line, "fix "):
		b.Supersede(line[len("fix "):], ref)
		return
	case strings.HasPrefix(line, "panic"):
		panic(line)
	}
	p := strings.Split(strings.Trim(line, "{}"), " ")
	if len(p) != 6 {
		sink.Reject(fmt.Errorf("%d fields", len(p)))
		return
	}
	ms, err := strconv.ParseInt(p[2], 10, 64)
	if err != nil {
		sink.Reject(err)
		return
	}
	at := graph.Time(ms)
	sink.Seen(at, "lines/"+p[3])
	o := graph.Observation{At: at, Evidence: p[0], Source: ref}
	if p[1] != "-" {
		o.Call = p[1]
	}
	b.Event(graph.EventKey{From: b.Node(graph.ID(p[3]), graph.Credential, "test.key"), To: b.Node(graph.ID(p[4]), graph.Resource, "test.thing"),
		Label: b.Label(graph.Label{Action: p[5], Role: graph.Primary}), Kind: graph.Called, Outcome: graph.OK}, o)
}

func (lines) Raw(_ context.Context, f *File, record uint32, evidence string) ([]byte, error) {
	data := f.Data
	if f.Reader != nil {
		var err error
		if data, err = io.ReadAll(f.Reader); err != nil {
			return nil, err
		}
	}
	for i, line := range strings.Split(string(data), "\n")[1:] {
		if i == int(record) && strings.HasPrefix(line, "{"+evidence+" ") {
			return []byte(`{"evidence":"` + evidence + `","sessionToken":"SECRET"}`), nil
		}
	}
	return nil, errors.New("no such record")
}

var _ RawReader = lines{}

// estate writes files of n records each; a fifth of the records stand in two
// files, and every tenth call is shared by two records.
func estate(seed uint64, files, n int) map[string][]byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := map[string][]byte{}
	var past []string
	for i := range files {
		var b bytes.Buffer
		b.WriteString("lines\n")
		for j := range n {
			if len(past) > 0 && rng.IntN(5) == 0 {
				b.WriteString(past[rng.IntN(len(past))])
				continue
			}
			call := "-"
			if rng.IntN(10) == 0 {
				call = fmt.Sprintf("shared:%d", rng.IntN(files*n/20+1))
			}
			line := fmt.Sprintf("{ev-%d-%d %s %d key-%d thing-%d s3:Action%d}\n", i, j, call,
				1_700_000_000_000+rng.IntN(1e8), rng.IntN(50), rng.IntN(80), rng.IntN(9))
			past = append(past, line)
			b.WriteString(line)
		}
		out[fmt.Sprintf("/logs/%04d.gz", i)] = b.Bytes()
	}
	return out
}
