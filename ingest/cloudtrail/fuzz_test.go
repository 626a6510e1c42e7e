package cloudtrail

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/ingest"
)

// What scan takes and decode takes reads the same; decode takes nothing that
// scan refuses; reading twice reads the same.
func FuzzScan(f *testing.F) {
	for _, s := range []string{recordA, recordB, indent(recordA), `{"eventName":"a\u00e9","eventTime":1688991869,"readOnly":"true","resources":{"arn":"arn:x"}}`,
		`{"userIdentity":null,"resources":[null,"arn:aws:s3:::b",[{}],{"ARN":1,"arn":"x"}],"requestParameters":null}`,
		`{"userIdentity":{"sessionContext":{"attributes":[]},"onBehalfOf":{"userId":"u"},"inScopeOf":{"sourceArn":"a"}},"userIdentity":{}}`,
		`{"eventData":"{}","detail":{"eventName":"x"},"event":null,"@timestamp":"2026-11-22T10:02:11.5Z"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || b[0] != '{' {
			return
		}
		agree(t, b)
		var x, y Record
		var ex, ey envelope
		i, errX := scan(b, 0, &x, &ex)
		j, errY := scan(append([]byte("[1,"), b...), 3, &y, &ey)
		if i != j-3 || (errX == nil) != (errY == nil) || errX == nil && !equal([]Record{x}, []Record{y}) {
			t.Errorf("read differently elsewhere: %d %v, %d %v", i, errX, j-3, errY)
		}
		// What an earlier record left in the memory does not show.
		z := x
		z.habits = newHabits(newIdentities())
		var ez envelope
		if i, err := scan([]byte(recordA), 0, &z, &ez); i != len(recordA) || err != nil || z.Identity.AccessKeyID != "ASIAEXAMPLE" {
			t.Errorf("after it: %d %v %+v", i, err, z)
		}
		for range 2 { // the second time what is remembered
			if n, err := scan(b, 0, &z, &ez); n != i || (err == nil) != (errX == nil) || err == nil && !equal([]Record{x}, []Record{z}) {
				t.Errorf("read differently after another: %d %v", n, err)
			}
		}
		if i < 0 || i > len(b)+1 {
			t.Errorf("end %d of %d", i, len(b))
		}
	})
}

// Whole and streamed, in any chunk, a file reads the same, and every record
// lies in it.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{`{"Records":[` + recordA + "," + recordB + `]}`, recordA + "\n" + recordB, "[" + indent(recordB) + "]",
		recordA[:200] + "\n" + recordB, `{"a":1,"Events":[{"CloudTrailEvent":` + quote(recordB) + `}],"b":[` + recordB + `]}`,
		"\ufeff" + recordB + "\x00", `[[],1,"a",{}]`, `{"detail":` + recordB + `}`, "x{}y[]"} {
		f.Add([]byte(s), uint8(5))
	}
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		o := readBytes(b)
		if s := readStream(b, int(size)+1); !same(o, s) {
			t.Errorf("chunks of %d: %q %v %q\nwhole: %q %v %q", int(size)+1, s.order, s.err, s.rejected, o.order, o.err, o.rejected)
		}
		n := 0
		for at, c := range o.order {
			if c != 'r' {
				continue
			}
			r := &o.records[n]
			n++
			if r.Time <= 0 || !strings.HasPrefix(string(r.Raw), "{") {
				t.Errorf("record without time or text: %+v", r)
			}
			if got, err := raw(context.Background(), &ingest.File{Data: b}, uint32(at), ""); err != nil || !bytes.Equal(got, r.Raw) {
				t.Errorf("raw %d: %v %q, want %q", at, err, got, r.Raw)
			}
		}
		recognise("", b)
		evidence := ""
		for i := range o.records {
			evidence += evidenceOf(&o.records[i])
		}
		again := ""
		for _, r := range readBytes(b).records {
			again += evidenceOf(&r)
		}
		if evidence != again {
			t.Error("evidence differs")
		}
	})
}
