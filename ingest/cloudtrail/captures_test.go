package cloudtrail

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// capture is the folder of a real capture, beside the repository.
func capture(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("real capture missing: %v", err)
	}
	return dir
}

// files are all below dir whose name ends so.
func files(t testing.TB, dir string, suffixes ...string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, s := range suffixes {
			if strings.HasSuffix(path, s) {
				b, err := os.ReadFile(path)
				out[filepath.ToSlash(path)] = b
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// readout is what records made of a file, each record's strings detached.
type readout struct {
	records  []Record
	rejected []string
	order    string // r and x
	err      error
}

func readAll(f *ingest.File, size int) (o readout) {
	o.err = recordsBy(context.Background(), f, size, nil, func(r *Record, err error) bool {
		if err != nil {
			o.rejected = append(o.rejected, err.Error())
			o.order += "x"
			return true
		}
		c := *r
		c.Resources = append([]ResourceRef(nil), r.Resources...)
		o.records = append(o.records, c)
		o.order += "r"
		return true
	})
	return o
}

func readBytes(b []byte) readout { return readAll(&ingest.File{Name: "test.json", Data: b}, 0) }

// readStream reads in pieces so small that records cross them.
func readStream(b []byte, size int) readout {
	return readAll(&ingest.File{Name: "test.json", Reader: iotest.HalfReader(bytes.NewReader(b))}, size)
}

func TestCaptures(t *testing.T) {
	for _, c := range []struct {
		dir, suffix       string
		records, rejected int
	}{
		{"invictus-aws-stratus-2023", ".json", 2900, 0},
		{"traildiscover-log-examples", ".json", 563, 0},
		{"panther-rule-tests-dev", "aws-cloudtrail.jsonl", 318, 8},
		{"plaso-jsonl", "aws_cloudtrail.jsonl", 6, 0},
	} {
		t.Run(c.dir, func(t *testing.T) {
			var records, rejected int
			for name, b := range files(t, capture(t, c.dir), c.suffix) {
				o := readBytes(b)
				if o.err != nil {
					t.Errorf("%s: %v", name, o.err)
				}
				records += len(o.records)
				rejected += len(o.rejected)
				for _, why := range o.rejected {
					t.Logf("%s: %s", filepath.Base(name), why)
				}
				for i := range o.records {
					r := &o.records[i]
					if r.Time == 0 || r.EventName == "" || r.EventSource == "" {
						t.Errorf("%s: record %d lacks time, name or source: %s", name, i, r.Raw)
					}
					agree(t, r.Raw)
				}
				if s := readStream(b, 5000); !same(o, s) {
					t.Errorf("%s: read differently from a stream", name)
				}
			}
			if records != c.records || rejected != c.rejected {
				t.Errorf("%d records, %d rejected, want %d and %d", records, rejected, c.records, c.rejected)
			}
		})
	}
}

// The demo world is read whole: every log file's records, and its digest.
func TestWorldFiles(t *testing.T) {
	records, digests := 0, 0
	for name, b := range files(t, filepath.Join("..", "..", "testdata", "world", "cloudtrail"), ".json") {
		s, ok := recognise(name, b[:min(len(b), headSize)])
		if !ok {
			t.Errorf("%s: not recognised", name)
		}
		if s == shapeDigest {
			d, err := readDigest(&ingest.File{Name: name, Data: b})
			if err != nil || len(d.files) == 0 || d.end <= d.start {
				t.Errorf("%s: %v %+v", name, err, d)
			}
			digests++
			continue
		}
		o := readBytes(b)
		if o.err != nil || len(o.rejected) > 0 || !same(o, readStream(b, 700)) {
			t.Errorf("%s: %v %v", name, o.err, o.rejected)
		}
		for i := range o.records {
			agree(t, o.records[i].Raw)
		}
		records += len(o.records)
	}
	if records == 0 || digests == 0 {
		t.Errorf("%d records, %d digests", records, digests)
	}
}

func same(a, b readout) bool {
	if a.order != b.order || (a.err == nil) != (b.err == nil) || a.err != nil && a.err.Error() != b.err.Error() {
		return false
	}
	return cmp.Equal(a.rejected, b.rejected) && equal(a.records, b.records)
}

// equal compares records, absent and empty lists alike.
func equal(a, b []Record) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := a[i], b[i]
		for _, r := range [...]*Record{&x, &y} {
			r.habits, r.Identity.known, r.request, r.response = nil, nil, walked{}, walked{}
		}
		if len(x.Resources) == 0 && len(y.Resources) == 0 {
			x.Resources, y.Resources = nil, nil
		}
		if !reflect.DeepEqual(x, y) {
			return false
		}
	}
	return true
}

// agree requires that scan and decode read the same of a record that decode
// takes, and refuse alike what nests too deep.
func agree(t testing.TB, raw []byte) {
	t.Helper()
	var fast, slow Record
	var fastEnv, slowEnv envelope
	err := scan0(raw, &fast, &fastEnv)
	if why := decode(raw, false, &slow, &slowEnv); why != nil {
		if errors.Is(why, jsonlog.ErrDeep) && err == nil {
			t.Errorf("scan takes what nests too deep: %.100s", raw)
		}
		return
	}
	if err != nil {
		t.Errorf("scan refuses what decode takes: %v: %q", err, raw)
		return
	}
	fast.request, fast.response = walked{}, walked{}
	fast.Resources, slow.Resources = append([]ResourceRef{}, fast.Resources...), append([]ResourceRef{}, slow.Resources...)
	if !reflect.DeepEqual(slow, fast) {
		t.Errorf("decode -, scan +: %s\nof %q", cmp.Diff(slow, fast), raw)
	}
	if !reflect.DeepEqual(slowEnv, fastEnv) {
		t.Errorf("envelope: decode -, scan +: %s\nof %q", cmp.Diff(slowEnv, fastEnv, cmp.AllowUnexported(envelope{})), raw)
	}
}

func TestEnvelopesOfC7N(t *testing.T) {
	var records, rejected, claimed int
	for name, b := range files(t, capture(t, "c7n-events"), ".json") {
		s, ok := recognise(name, b[:min(len(b), headSize)])
		cloudtrail := bytes.Contains(b, []byte(`"eventSource"`)) && bytes.Contains(b, []byte(`.amazonaws.com"`)) &&
			!bytes.Contains(b, []byte("GuardDuty")) && !bytes.Contains(b, []byte("protoPayload"))
		if ok != cloudtrail || ok && s != shapeRecords {
			t.Errorf("%s: recognised %v as %d, want %v", name, ok, s, cloudtrail)
		}
		if !ok {
			continue
		}
		claimed++
		o := readBytes(b)
		if o.err != nil || len(o.order) != 1 {
			t.Errorf("%s: %v %s", name, o.err, o.order)
		}
		records += len(o.records)
		rejected += len(o.rejected)
		for i := range o.records {
			agree(t, o.records[i].Raw)
		}
	}
	if claimed != 24 || rejected > 1 { // one has no eventTime
		t.Errorf("%d claimed, %d records, %d rejected", claimed, records, rejected)
	}
}

func TestRecogniseNothingElse(t *testing.T) {
	for _, dir := range []string{"answers", "authz-small", "falco-k8s-audit", "nezha-trainticket-2023-01-29-dev", "otlp-fixtures"} {
		for name, b := range files(t, capture(t, dir), "") {
			if s, ok := recognise(name, b[:min(len(b), headSize)]); ok {
				t.Errorf("%s taken for CloudTrail, shape %d", name, s)
			}
		}
	}
	for _, dir := range []string{"panther-rule-tests-dev", "plaso-jsonl"} {
		for name, b := range files(t, capture(t, dir), ".jsonl") {
			_, ok := recognise(name, b[:min(len(b), headSize)])
			if want := strings.Contains(name, "cloudtrail"); ok != want {
				t.Errorf("%s: recognised %v", name, ok)
			}
		}
	}
	empty := 0
	for _, dir := range []string{"invictus-aws-stratus-2023", "traildiscover-log-examples"} {
		for name, b := range files(t, capture(t, dir), ".json") {
			s, ok := recognise(name, b[:min(len(b), headSize)])
			if string(bytes.TrimSpace(b)) == "[]" {
				empty++
				if ok {
					t.Errorf("%s: an empty list is of no format", name)
				}
			} else if s != shapeRecords {
				t.Errorf("%s: not recognised", name)
			}
		}
	}
	if empty != 21 {
		t.Errorf("%d empty files, want 21", empty)
	}
}

// Every record of a capture is found again by place and evidence.
func TestRawOfCapture(t *testing.T) {
	ctx := context.Background()
	n := 0
	for name, b := range files(t, capture(t, "plaso-jsonl"), "aws_cloudtrail.jsonl") {
		f := &ingest.File{Name: name, Data: b}
		var evidence []string
		var raws [][]byte
		if err := records(ctx, f, func(r *Record, err error) bool {
			evidence, raws = append(evidence, evidenceOf(r)), append(raws, bytes.Clone(r.Raw))
			return err == nil
		}); err != nil {
			t.Fatal(err)
		}
		for i, e := range evidence {
			for _, at := range []uint32{uint32(i), 0, 999} {
				got, err := raw(ctx, f, at, e)
				if err != nil || !bytes.Equal(got, raws[i]) {
					t.Errorf("record %d asked at %d by %s: %v %s", i, at, e, err, got)
				}
				n++
			}
		}
		if _, err := raw(ctx, f, 0, "no@such"); graph.Code(err) != graph.CodeNotFound {
			t.Errorf("unknown evidence: %v", err)
		}
	}
	if n == 0 {
		t.Error("no record")
	}
}
