package sqsfeed

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
)

const direct = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventName":"ObjectCreated:Put",
 "s3":{"bucket":{"name":"trail","arn":"arn:aws:s3:::trail"},"object":{"key":"AWSLogs/a+b%%2Bc%%2Fd%%C3%%A9.json.gz","size":123,"eTag":"d41d8"}}}%s]}`

func TestReadNotice(t *testing.T) {
	one := fmt.Sprintf(direct, "")
	want := ref{"trail", "AWSLogs/a b+c/dé.json.gz", "eu-west-1", "d41d8", 123}
	wrap := func(inner string) string {
		b, _ := json.Marshal(inner)
		return `{"Type":"Notification","MessageId":"x","TopicArn":"arn:aws:sns:eu-west-1:111122223333:t","Message":` + string(b) + `}`
	}
	bridge := `{"version":"0","source":"aws.s3","detail-type":"%s","region":"eu-west-1","detail":{"bucket":{"name":"trail"},"object":{"key":"a+b%%2F","size":0,"etag":"e"}}}`
	for _, c := range []struct {
		name, body string
		want       []ref
		err        string
	}{
		{"direct", one, []ref{want}, ""},
		{"two records", fmt.Sprintf(direct, `,{"eventSource":"aws:s3","eventName":"ObjectCreated:CompleteMultipartUpload","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}`),
			[]ref{want, {"b", "k", "", "", -1}}, ""},
		{"a deletion among them", fmt.Sprintf(direct, `,{"eventSource":"aws:s3","eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}`), []ref{want}, ""},
		{"by SNS", wrap(one), []ref{want}, ""},
		{"by SNS twice", wrap(wrap(one)), []ref{want}, ""},
		{"by SNS without end", wrap(wrap(wrap(one))), nil, "too often"},
		{"EventBridge", fmt.Sprintf(bridge, "Object Created"), []ref{{"trail", "a+b%2F", "eu-west-1", "e", 0}}, ""},
		{"EventBridge by SNS", wrap(fmt.Sprintf(bridge, "Object Created")), []ref{{"trail", "a+b%2F", "eu-west-1", "e", 0}}, ""},
		{"EventBridge, deleted", fmt.Sprintf(bridge, "Object Deleted"), nil, ""},
		{"a trail's topic", wrap(`{"s3Bucket":"trail","s3ObjectKey":["k+1","k%2F2"]}`), []ref{{"trail", "k+1", "", "", -1}, {"trail", "k%2F2", "", "", -1}}, ""},
		{"a trail's test", wrap("CloudTrail validation message."), nil, ""},
		{"test event", `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-22T10:00:00Z","Bucket":"trail"}`, nil, ""},
		{"test event by SNS", wrap(`{"Service":"Amazon S3","Event":"s3:TestEvent"}`), nil, ""},
		{"not JSON", "hello", nil, "no JSON"},
		{"not JSON by SNS", wrap("hello"), nil, "no JSON"},
		{"JSON of other things", `{"hello":1}`, nil, "no notification"},
		{"a list", `[1]`, nil, "no JSON"},
		{"records of others", `{"Records":[{"eventSource":"aws:ses"}]}`, nil, `"aws:ses"`},
		{"no key", `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"}}}]}`, nil, "no key"},
		{"bad encoding", strings.Replace(one, "%2F", "%ZZ", 1), nil, "not encoded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readNotice(c.body)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(ref{})); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzReadNotice(f *testing.F) {
	f.Add(fmt.Sprintf(direct, ""))
	f.Add(`{"Type":"Notification","Message":"{}"}`)
	f.Fuzz(func(t *testing.T, body string) {
		refs, err := readNotice(body)
		for _, r := range refs {
			if err != nil || r.bucket == "" || r.key == "" {
				t.Errorf("%+v, %v", r, err)
			}
		}
	})
}

func TestParseURL(t *testing.T) {
	for arg, want := range map[string]Address{
		"sqs://trail-events":                                       {Name: "trail-events"},
		"sqs://trail_events.fifo":                                  {Name: "trail_events.fifo"},
		"sqs://111122223333/q":                                     {Account: "111122223333", Name: "q"},
		"sqs://sqs.eu-west-1.amazonaws.com/111122223333/q":         {"sqs.eu-west-1.amazonaws.com", "111122223333", "q", "eu-west-1"},
		"sqs://https://sqs.us-east-1.amazonaws.com/111122223333/q": {"sqs.us-east-1.amazonaws.com", "111122223333", "q", "us-east-1"},
		"sqs://127.0.0.1:5000/111122223333/q":                      {Host: "127.0.0.1:5000", Account: "111122223333", Name: "q"},
	} {
		if got, err := ParseURL(arg); err != nil || got != want {
			t.Errorf("%s: %+v, %v", arg, got, err)
		}
	}
	for _, arg := range []string{"sqs://", "sqs:///q", "sqs://a b", "sqs://host/q", "sqs://q/", "trail-events", "sqs://1/2/3/4"} {
		if got, err := ParseURL(arg); graph.Code(err) != graph.CodeInvalid || graph.Hint(err) == "" {
			t.Errorf("%s: %+v, %v", arg, got, err)
		}
	}
}

// When a message that failed comes again, with and without a redrive policy.
func TestAgain(t *testing.T) {
	later := &graph.Error{Code: graph.CodeUnavailable}
	never := &graph.Error{Code: graph.CodeNotFound}
	for _, c := range []struct {
		redrive  bool
		receives int
		err      error
		want     time.Duration
	}{
		{true, 1, never, 0}, {true, 5, never, 0},
		{true, 1, later, 15 * time.Second}, {true, 3, later, time.Minute}, {true, 40, later, 10 * time.Minute},
		{false, 1, never, 15 * time.Second}, {false, 4, later, 2 * time.Minute}, {false, 5, later, 11 * time.Hour}, {false, 6, never, 11 * time.Hour},
	} {
		q := &Queue{redrive: c.redrive, last: 5}
		if got := q.again(&message{receives: c.receives, failed: c.err}); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for policy, want := range map[string]int{`{"deadLetterTargetArn":"a","maxReceiveCount":3}`: 3, `{"maxReceiveCount":"7"}`: 7, "": 5, "{}": 5, `{"maxReceiveCount":0}`: 5} {
		if n, ok := redriveAfter(policy); n != want || ok != (want != 5) {
			t.Errorf("%q: %d, %v", policy, n, ok)
		}
	}
}
