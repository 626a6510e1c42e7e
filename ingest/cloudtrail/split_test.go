package cloudtrail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/jsonlog"
)

const (
	recordA = `{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:ci","arn":"arn:aws:sts::111122223333:assumed-role/ci/ci","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/ci"},"attributes":{"creationDate":"2026-11-22T10:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-11-22T10:02:11Z","eventSource":"s3.amazonaws.com","eventName":"PutObject","awsRegion":"eu-north-1","requestParameters":{"bucketName":"billing","key":"a \"quoted\" {name}"},"responseElements":null,"eventID":"11111111-2222-3333-4444-555555555555","readOnly":false,"resources":[{"ARN":"arn:aws:s3:::billing"}],"eventType":"AwsApiCall","recipientAccountId":"111122223333"}`
	recordB = `{"eventVersion":"1.09","userIdentity":{"type":"AWSService","invokedBy":"ec2.amazonaws.com"},"eventTime":"2026-11-22T10:02:12Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","awsRegion":"eu-north-1","eventType":"AwsApiCall"}`
)

func quote(s string) string { return strconv.Quote(s) }

func indent(s string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(s), "", "  "); err != nil {
		panic(err)
	}
	return b.String()
}

// The same records come out of every wrapping, with the same evidence, whole
// or streamed.
func TestWrappings(t *testing.T) {
	list := `{"Records":[` + recordA + "," + recordB + `]}`
	eventBridge := func(r string) string {
		return `{"version":"0","id":"e","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"111122223333","time":"2026-11-22T10:05:00Z","resources":[],"detail":` + r + `}`
	}
	lookup := func(r string) string {
		return `{"EventId":"x","EventName":"wrong","ReadOnly":"false","EventTime":"2026-11-22 11:02:11+01:00","Resources":[{"ResourceType":"T","ResourceName":"n"}],"CloudTrailEvent":` + quote(r) + `}`
	}
	for name, text := range map[string]string{
		"Records":            list,
		"Records, pretty":    indent(list),
		"Records, own lines": "{\"Records\":[\n" + recordA + ",\n" + recordB + "\n]}\n",
		"Records, others":    `{"a":{"Records":1},"Records":[` + recordA + `],"b":"c","Records":[` + recordB + `],"d":[{}]}`,
		"two lists":          `{"Records":[` + recordA + `]}{"Records":[` + recordB + `]}`,
		"a list a line":      `{"Records":[` + recordA + `]}` + "\n" + `{"Records":[` + recordB + `]}` + "\n",
		"BOM":                "\ufeff" + list,
		"array":              "[" + recordA + "," + recordB + "]",
		"array, pretty":      indent("[" + recordA + "," + recordB + "]"),
		"NDJSON":             recordA + "\n" + recordB + "\n",
		"NDJSON, CRLF":       recordA + "\r\n" + recordB + "\r\n",
		"NDJSON, blank":      "\n\n" + recordA + "\n\n \n" + recordB,
		"JSON sequence":      "\x1e" + recordA + "\n\x1e" + recordB + "\n",
		"concatenated":       recordA + recordB,
		"comma separated":    recordA + ",\n" + recordB,
		"pretty objects":     indent(recordA) + "\n" + indent(recordB) + "\n",
		"trailing garbage":   list + "\n\x00\x00 EOF",
		"EventBridge":        eventBridge(recordA) + "\n" + eventBridge(recordB),
		"EventBridge, list":  "[" + eventBridge(recordA) + "," + eventBridge(recordB) + "]",
		"LookupEvents":       `{"NextToken":"t","Events":[` + lookup(recordA) + "," + lookup(recordB) + `]}`,
		"LookupEvents lines": lookup(recordA) + "\n" + lookup(recordB),
		"LookupEvents, SDK":  `{"ResponseMetadata":{"HTTPHeaders":{"a":"b"}},"Events":[` + lookup(indent(recordA)) + "," + lookup(recordB) + `]}`,
		"CloudWatch":         `{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","timestamp":1,"message":` + quote(recordA) + `},{"id":"2","message":` + quote(recordB) + `}]}`,
		"log shipper":        `{"@timestamp":"2026-11-22T10:07:00Z","event":{"original":` + quote(recordA) + `}}` + "\n" + `{"_source":{"event.original":` + quote(recordB) + `}}`,
		"rule tests":         `{"rule":"r","log":` + recordA + `}` + "\n" + `{"rule":"r","log":` + recordB + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			o := readBytes([]byte(text))
			if o.err != nil || o.order != "rr" {
				t.Fatalf("%v %q %v", o.err, o.order, o.rejected)
			}
			a, b := &o.records[0], &o.records[1]
			if a.EventID != "11111111-2222-3333-4444-555555555555" || a.EventName != "PutObject" || a.Time.String() != "2026-11-22T10:02:11Z" ||
				a.Identity.Session.IssuerARN != "arn:aws:iam::111122223333:role/ci" || a.Request.Get("key").Str() != `a "quoted" {name}` ||
				len(a.Resources) != 1 || a.ReadOnly != False || a.Response != nil {
				t.Errorf("first record: %+v", a)
			}
			if got := evidenceOf(a); got != "11111111-2222-3333-4444-555555555555@111122223333" {
				t.Errorf("evidence %s", got)
			}
			want := readBytes([]byte(recordB)).records[0]
			if got := evidenceOf(b); got != evidenceOf(&want) || !strings.HasPrefix(got, "sha256:") {
				t.Errorf("evidence %s", got)
			}
			if s, ok := recognise("", []byte(text)); !ok || s != shapeRecords {
				t.Errorf("recognised %v as %d", ok, s)
			}
			for _, size := range []int{1, 7, 64, 999} {
				if !same(o, readStream([]byte(text), size)) {
					t.Errorf("read differently in chunks of %d", size)
				}
			}
		})
	}
}

// A file cut at any byte yields the records that are whole, then an error that
// says where; never a record that was not there.
func TestTruncation(t *testing.T) {
	for _, text := range []string{
		`{"x":1,"Records":[` + recordA + "," + recordB + `],"y":"z"}`,
		"[" + indent(recordA) + ",\n" + recordB + "]",
		recordA + "\n" + recordB,
	} {
		a := strings.Index(text, "PutObject")
		a += strings.Index(text[a:], `3333"`) // recordA ends with its account
		whole := readBytes([]byte(text))
		for cut := range len(text) {
			o := readBytes([]byte(text[:cut]))
			if len(o.records) > len(whole.records) || !equal(o.records, whole.records[:len(o.records)]) {
				t.Fatalf("cut at %d: other records", cut)
			}
			if len(o.rejected) > 0 {
				t.Fatalf("cut at %d: rejected %v", cut, o.rejected)
			}
			if cut > a+len(`3333"`)+4 && len(o.records) == 0 {
				t.Errorf("cut at %d: first record lost", cut)
			}
			between := cut == 0 || strings.HasPrefix(text, recordA) // lines may end anywhere between
			if o.err == nil && !between {
				t.Errorf("cut at %d of %d: no error", cut, len(text))
			}
			if o.err != nil {
				if graph.Code(o.err) != graph.CodeInvalid || !strings.Contains(o.err.Error(), fmt.Sprintf("ends at byte %d", cut)) {
					t.Fatalf("cut at %d: %v", cut, o.err)
				}
			}
			if s := readStream([]byte(text[:cut]), 100); !same(o, s) {
				t.Fatalf("cut at %d: stream differs: %v %v", cut, o.err, s.err)
			}
		}
	}
}

func TestRejects(t *testing.T) {
	big := strings.Replace(recordA, `"billing"`, `"`+strings.Repeat("x", 5<<20)+`"`, 1)
	deep := strings.Replace(recordA, `"billing"`, strings.Repeat(`{"a":[`, 5000)+strings.Repeat(`]}`, 5000), 1)
	just := strings.Replace(recordA, `"billing"`, strings.Repeat(`[`, jsonlog.MaxDepth-2)+strings.Repeat(`]`, jsonlog.MaxDepth-2), 1)
	over := strings.Replace(recordA, `"billing"`, strings.Repeat(`[`, jsonlog.MaxDepth-1)+strings.Repeat(`]`, jsonlog.MaxDepth-1), 1)
	for _, c := range []struct{ name, text, order, why string }{
		{"5 MB in a list", `{"Records":[` + recordA + "," + big + "," + recordB + `]}`, "rxr", fmt.Sprintf("record 1 at byte %d cannot be used: it has %d bytes", 13+len(recordA), len(big))},
		{"5 MB on a line", recordA + "\n" + big + "\n" + recordB, "rxr", "bytes, and a record may have 1048576"},
		{"long before a list", `{"a":"` + strings.Repeat("x", 2<<20) + `","Records":[]}` + recordB, "xr", "bytes, and a record may have"},
		{"deep in a list", `[` + recordA + "," + deep + "," + recordB + `]`, "rxr", "nested deeper than 100"},
		{"deep on a line", deep + "\n" + recordB, "xr", "record 0 at byte 0 cannot be used: nested deeper than 100"},
		{"just deep enough", just + recordB, "rr", ""},
		{"a level too deep", over + recordB, "xr", "nested deeper"},
		{"torn line", recordA[:300] + "\n" + recordB, "xr", "line ends within it"},
		{"torn in a string", recordA[:strings.Index(recordA, "AROA")+2] + "\n" + recordB, "xr", "line ends within it"},
		{"torn in a value", `{"eventName":"a","requestParameters":{"a":{"b":1` + "\n" + recordB, "xr", "line ends within it"},
		{"malformed", `[{"eventName":},` + recordB + `]`, "xr", "record 0 at byte 1 "},
		{"raw control", `[{"eventName":"a` + "\x01" + `"},` + recordB + `]`, "xr", "read JSON"},
		{"no record", `[{"a":1},` + recordB + `]`, "xr", "it has no eventName"},
		{"no time", `[{"eventName":"a","eventSource":"b"},` + recordB + `]`, "xr", "it has no eventTime"},
		{"bad time", `[{"eventName":"a","eventTime":"soon"},` + recordB + `]`, "xr", `no time in its eventTime "\"soon\""`},
		{"S3 notification", `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventTime":"2026-11-22T10:02:11Z","eventName":"ObjectCreated:Put"},` + recordB + `]}`, "xr", `its eventSource is "aws:s3"`},
		{"no objects", `[1,"a,]",[[{}]],null,` + recordB + `]`, "xxxxr", "a list stands where"},
		{"long plain value", `["` + strings.Repeat("x\\\"", 1<<20) + `",` + recordB + `]`, "xr", "a plain value stands where"},
		{"broken envelope", `[{"CloudTrailEvent":"{\"eventName\":"},` + recordB + `]`, "xr", "read the record in its envelope"},
		{"garbage between", recordA + "\nERROR lost\n" + recordB, "rxr", `are no JSON, beginning with "ERROR lost`},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := readBytes([]byte(c.text))
			if o.err != nil || o.order != c.order {
				t.Fatalf("%v, %q, want %q: %.300v", o.err, o.order, c.order, o.rejected)
			}
			if all := strings.Join(o.rejected, "\n"); !strings.Contains(all, c.why) {
				t.Errorf("rejected %q, want %q", all, c.why)
			}
			for _, size := range []int{3, 4096, chunkSize} {
				if size == 3 && len(c.text) > 1<<16 {
					continue
				}
				if s := readStream([]byte(c.text), size); !same(o, s) {
					t.Errorf("in chunks of %d: %v %q %.300v", size, s.err, s.order, s.rejected)
				}
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	for _, c := range []struct{ name, text, order, why string }{
		{"binary", "\x1f\x8b\x08\x00{[\x00", "", `no JSON: the text at byte 0 is "\x1f\x8b\b\x00`},
		{"text", "hello world", "", "no JSON"},
		{"UTF-16", "\xff\xfe{\x00\"\x00", "", "no JSON"},
		{"open brackets", strings.Repeat("[", 10000), "", "the file ends at byte 10000"},
		{"open braces", strings.Repeat(`{"a":`, 10000), "", "the file ends at byte 50000"},
		{"cut 5 MB", `{"Records":[` + recordA + `,{"a":"` + strings.Repeat("x", 5<<20), "r", "within the record at byte"},
		{"malformed list", `{"Records":[` + recordA + `}]}`, "r", "stands where a record should"},
		{"malformed container", `{"Records":[` + recordA + `]]`, "r", "stands where a list of records should end"},
		{"long rest", `{"Records":[` + recordA + `],"a":"` + strings.Repeat("x", 2<<20) + `"}`, "r", "or longer than"},
		{"malformed rest", `{"Records":[` + recordA + `],"a" 1}`, "r", "is no member"},
	} {
		o := readBytes([]byte(c.text))
		if o.err == nil || !strings.Contains(o.err.Error(), c.why) || o.order != c.order {
			t.Errorf("%s: %v, %q, want %q, %q", c.name, o.err, o.order, c.why, c.order)
		}
		if graph.Code(o.err) != graph.CodeInvalid {
			t.Errorf("%s: code %s", c.name, graph.Code(o.err))
		}
		if s := readStream([]byte(c.text), 4096); !same(o, s) {
			t.Errorf("%s: stream: %v %q", c.name, s.err, s.order)
		}
	}
	for _, empty := range []string{"", " \n", "[]", "{}", "\ufeff", `{"Records":[]}`} {
		if o := readBytes([]byte(empty)); o.err != nil || len(o.records) != 0 {
			t.Errorf("%q: %+v", empty, o)
		}
	}
}

// What ends the stream is told, and where.
func TestReadError(t *testing.T) {
	text := "[" + recordA + "," + recordB[:100]
	broken := io.MultiReader(strings.NewReader(text), iotest.ErrReader(io.ErrUnexpectedEOF))
	o := readAll(&ingest.File{Name: "x.json.gz", Reader: broken}, 4096)
	if !errors.Is(o.err, io.ErrUnexpectedEOF) || o.order != "r" || !strings.Contains(o.err.Error(), fmt.Sprintf("breaks off at byte %d", len(text))) {
		t.Errorf("%v, %q", o.err, o.order)
	}
	broken = io.MultiReader(strings.NewReader(recordA), iotest.ErrReader(io.ErrUnexpectedEOF))
	if o := readAll(&ingest.File{Name: "x", Reader: broken}, 4096); !errors.Is(o.err, io.ErrUnexpectedEOF) || o.order != "r" {
		t.Errorf("between records: %v, %q", o.err, o.order)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := records(ctx, &ingest.File{Data: []byte(recordA)}, func(*Record, error) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	n := 0
	if err := records(context.Background(), &ingest.File{Data: []byte(recordA + recordB)}, func(*Record, error) bool { n++; return false }); err != nil || n != 1 {
		t.Errorf("stopped: %v after %d", err, n)
	}
}

func TestActivity(t *testing.T) {
	data := `{"version":"1","userIdentity":{"type":"IdPUser","principalId":"ann@example.org","details":{"a":"b"}},"userAgent":"ua","eventSource":"partner.example","eventName":"user.login","eventTime":"2026-11-22T10:02:11","UID":"u1","requestParameters":{"x":"y"},"sourceIPAddress":"192.0.2.1","recipientAccountId":"111122223333"}`
	lake := `{"eventVersion":"1.0","eventCategory":"ActivityAuditLog","eventType":"ActivityLog","eventID":"e1","eventTime":"2026-11-22T10:02:11","awsRegion":"eu-north-1","recipientAccountId":"111122223333","metadata":{"channelARN":"arn:aws:cloudtrail:eu-north-1:111122223333:channel/c"},"eventData":` + data + `}`
	for name, text := range map[string]string{
		"lake": lake, "lake, string": strings.Replace(lake, data, quote(data), 1),
		"put": `{"auditEvents":[{"id":"1","eventData":` + quote(data) + `}],"channelArn":"arn"}`,
	} {
		if s, ok := recognise(name, []byte(text)); !ok || s != shapeActivity || s.kind() != "activity-audit-log" {
			t.Errorf("%s: recognised %v as %d", name, ok, s)
		}
		o := readBytes([]byte(text))
		if o.err != nil || o.order != "r" {
			t.Fatalf("%s: %v %q %v", name, o.err, o.order, o.rejected)
		}
		r := o.records[0]
		if r.EventCategory != categoryActivity || r.EventName != "user.login" || r.EventSource != "partner.example" || r.SourceIP != "192.0.2.1" ||
			r.Identity.PrincipalID != "ann@example.org" || r.Request.Get("x").Str() != "y" || r.Time.String() != "2026-11-22T10:02:11Z" || r.RecipientAccountID != "111122223333" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestInsight(t *testing.T) {
	text := `{"Records":[{"eventVersion":"1.07","eventTime":"2026-11-22T10:02:11Z","awsRegion":"eu-north-1","eventID":"e","eventType":"AwsCloudTrailInsight","recipientAccountId":"111122223333","sharedEventID":"s","insightDetails":{"state":"Start","eventSource":"s3.amazonaws.com","eventName":"PutObject"},"eventCategory":"Insight"}]}`
	if s, ok := recognise("", []byte(text)); !ok || s.kind() != "cloudtrail-insight" {
		t.Errorf("recognised %v as %d", ok, s)
	}
	if o := readBytes([]byte(text)); o.order != "r" || o.records[0].EventCategory != categoryInsight || o.records[0].EventName != "" {
		t.Errorf("%+v", o)
	}
}

func TestDigest(t *testing.T) {
	text := `{"awsAccountId":"111122223333","digestStartTime":"2026-11-22T10:00:00Z","digestEndTime":"2026-11-22T11:00:00Z","digestS3Bucket":"trail","digestS3Object":"AWSLogs/d.json.gz","previousDigestS3Bucket":"trail","previousDigestS3Object":"AWSLogs/c.json.gz","logFiles":[{"s3Bucket":"trail","s3Object":"AWSLogs/1.json.gz","hashValue":"00"},{"s3Bucket":"trail","s3Object":"AWSLogs/2.json.gz"}]}`
	f := func() *ingest.File { return &ingest.File{Name: "d", Reader: strings.NewReader(text)} }
	head, again, err := peek(f())
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := recognise("", head); !ok || s.kind() != "cloudtrail-digest" {
		t.Errorf("recognised %v as %d", ok, s)
	}
	for _, f := range []*ingest.File{again, {Name: "d", Data: []byte(text)}} {
		d, err := readDigest(f)
		want := digest{"111122223333", 1795341600000, 1795345200000, []string{"s3://trail/AWSLogs/1.json.gz", "s3://trail/AWSLogs/2.json.gz"}, "s3://trail/AWSLogs/c.json.gz"}
		if err != nil || !reflect.DeepEqual(d, want) {
			t.Errorf("%v: %+v, want %+v", err, d, want)
		}
	}
	for _, bad := range []string{text[:100], `{}`, strings.Repeat("[", 20000)} {
		if _, err := readDigest(&ingest.File{Data: []byte(bad)}); graph.Code(err) != graph.CodeInvalid {
			t.Errorf("%.50s: %v", bad, err)
		}
	}
}

func TestRecogniseCutHead(t *testing.T) {
	long := strings.Replace(recordA, `"eventID"`, `"additionalEventData":{"a":"`+strings.Repeat("x", headSize)+`"},"eventID"`, 1)
	if s, ok := recognise("", []byte(`{"Records":[` + long)[:headSize]); !ok || s != shapeRecords {
		t.Errorf("recognised %v as %d", ok, s)
	}
	for _, other := range []string{
		``, `{}`, `[]`, `[1]`, `{"eventName":"click","eventTime":1}`, "\x00\x01", `{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"get"}`,
		`{"action":"repo.create","@timestamp":1,"actor":"a"}`, `{"resourceSpans":[]}`, `{"Events":[]}`,
		`{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","eventTime":"2026-11-22T10:02:11Z"}]}`,
	} {
		if s, ok := recognise("", []byte(other)); ok {
			t.Errorf("%s taken as %d", other, s)
		}
	}
}

func TestRawOfRejectedAndRepeated(t *testing.T) {
	f := &ingest.File{Name: "f", Data: []byte(`[{"a":1},` + recordA + "," + recordB + "," + strings.Replace(recordA, "PutObject", "GetObject", 1) + `]`)}
	ctx := context.Background()
	evidence := "11111111-2222-3333-4444-555555555555@111122223333"
	for at, want := range map[uint32]string{1: "PutObject", 3: "GetObject", 0: "PutObject", 2: "PutObject", 50: "PutObject"} {
		if got, err := raw(ctx, f, at, evidence); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("at %d: %v %.40s", at, err, got)
		}
	}
	if got, err := raw(ctx, f, 2, ""); err != nil || string(got) != recordB {
		t.Errorf("no evidence: %v %s", err, got)
	}
	if _, err := raw(ctx, f, 0, ""); graph.Code(err) != graph.CodeNotFound {
		t.Errorf("rejected record: %v", err)
	}
}

// An ordinary record costs no memory of its own.
func TestNoAllocations(t *testing.T) {
	plain := strings.ReplaceAll(recordA, `\"`, "")
	allocs := func(n int) float64 {
		f := &ingest.File{Data: []byte("[" + strings.Repeat(plain+","+recordB+",", n) + "]")}
		return testing.AllocsPerRun(5, func() {
			if err := records(context.Background(), f, func(_ *Record, err error) bool { return err == nil }); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocs(10), allocs(1000); many > few {
		t.Errorf("%v allocations for 20 records, %v for 2,000", few, many)
	}
}
