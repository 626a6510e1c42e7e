package cloudtrail

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// seen is a memory that also keeps what was reported of times and streams.
type seen struct {
	memory
	streams []string
}

func (s *seen) Seen(t graph.Time, stream string) {
	s.streams = append(s.streams, t.String()+" "+stream)
}

func TestParseKinds(t *testing.T) {
	const digest = `{"awsAccountId":"111122223333","digestStartTime":"2026-11-22T13:00:00Z","digestEndTime":"2026-11-22T14:00:00Z","digestS3Bucket":"b","digestS3Object":"d","logFiles":[{"s3Bucket":"b","s3Object":"AWSLogs/1.json.gz"}]}`
	cases := []struct {
		name, text string
		want       graph.Source
		streams    []string
	}{
		{"AWSLogs/111122223333/CloudTrail-Digest/eu-north-1/2026/11/22/x.json", digest, graph.Source{
			Kind: "cloudtrail-digest", Stream: "cloudtrail/111122223333/eu-north-1", First: at("2026-11-22T13:00:00Z"), Last: at("2026-11-22T14:00:00Z"),
			Lists: []string{"s3://b/AWSLogs/1.json.gz"}}, nil},
		{"x.json", `{"Records":[` + wholeRecord(1, deploy+","+describe) + `]}`, graph.Source{Kind: "cloudtrail"},
			[]string{"2026-11-22T10:00:00Z cloudtrail/111122223333/eu-north-1"}},
		{"x.json", `{"Records":[]}`, graph.Source{Kind: "cloudtrail"}, nil},
		{"x.json", `{"Records":[` + wholeRecord(1, `"eventCategory":"Insight","eventType":"AwsCloudTrailInsight"`) + `]}`, graph.Source{Kind: "cloudtrail-insight"},
			[]string{"2026-11-22T10:00:00Z cloudtrail/111122223333/eu-north-1"}},
		{"x.json", wholeRecord(1, `"eventCategory":"ActivityAuditLog","eventType":"ActivityLog","eventData":{"eventName":"n","eventSource":"partner.example","eventTime":"2026-11-22T10:00:00Z","userIdentity":{"type":"u","principalId":"p"}}`),
			graph.Source{Kind: "activity-audit-log"}, []string{"2026-11-22T10:00:00Z "}},
	}
	for _, c := range cases {
		f := New(Options{})
		if !f.Recognise(c.name, []byte(c.text)) {
			t.Errorf("%s: not recognised", c.text)
		}
		for _, streamed := range []bool{false, true} {
			file := &ingest.File{Name: c.name, Data: []byte(c.text)}
			if streamed {
				file = &ingest.File{Name: c.name, Reader: strings.NewReader(c.text)}
			}
			s := &seen{}
			if err := f.Parser().Parse(context.Background(), file, s); err != nil {
				t.Error(err)
			}
			if d := cmp.Diff(c.want, s.entry); d != "" {
				t.Errorf("%s, streamed %v (-want +got):\n%s", c.text, streamed, d)
			}
			if d := cmp.Diff(c.streams, s.streams); d != "" {
				t.Errorf("%s, streamed %v (-want +got):\n%s", c.text, streamed, d)
			}
		}
	}
	if New(Options{}).Recognise("x.json", []byte(`{"kind":"Event","apiVersion":"audit.k8s.io/v1"}`)) {
		t.Error("recognised a Kubernetes audit event")
	}
}

// A record that cannot be used is named, and the file goes on.
func TestParseGoesOn(t *testing.T) {
	m := &memory{}
	text := wholeRecord(1, deploy+","+describe) + "\n{\"eventName\":\"X\"}\n" + wholeRecord(2, deploy+","+describe)
	if err := New(Options{}).Parser().Parse(context.Background(), &ingest.File{Name: "x", Data: []byte(text)}, m); err != nil {
		t.Fatal(err)
	}
	m.count()
	if m.records != 3 || m.calls != 2 || len(m.rejects) != 1 {
		t.Errorf("%d records, %d with calls, rejected %v", m.records, m.calls, m.rejects)
	}
}

func at(s string) graph.Time {
	t, _ := jsonlog.TimeOf(Value(`"` + s + `"`))
	return t
}
