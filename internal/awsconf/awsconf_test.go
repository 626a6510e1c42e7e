package awsconf_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/internal/awsconf"
	"github.com/blastradius/blastradius/internal/mototest"
)

func TestLoadAgainstEmulator(t *testing.T) {
	mototest.Environ(t, mototest.Start(t))
	cfg, err := awsconf.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || *who.Account != "123456789012" {
		t.Fatalf("%v, %v", who, err)
	}
	_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).
		ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: new(mototest.Name(t, "no"))})
	if err = awsconf.Explain("list", err); graph.Code(err) != graph.CodeNotFound || graph.Hint(err) == "" || !strings.Contains(err.Error(), "NoSuchBucket") {
		t.Errorf("no such bucket: %v (%s)", err, graph.Code(err))
	}
}

func TestLoadSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct{ name, unset, code, hint string }{
		{"region", "AWS_REGION", graph.CodeInvalid, "AWS_REGION"},
		{"credentials", "AWS_ACCESS_KEY_ID", graph.CodeUnauthorized, "AWS_PROFILE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mototest.Environ(t, "http://127.0.0.1:1")
			t.Setenv(c.unset, "")
			_, err := awsconf.Load(t.Context())
			if graph.Code(err) != c.code || !strings.Contains(graph.Hint(err), c.hint) {
				t.Errorf("%v (%s), hint %q", err, graph.Code(err), graph.Hint(err))
			}
			if err != nil && strings.Contains(err.Error(), "EXAMPLEKEY") {
				t.Errorf("the secret is in %v", err)
			}
		})
	}
}

// Faults of the service and broken connections are retried; what the caller did
// wrong is not.
func TestRetries(t *testing.T) {
	var n, fails atomic.Int32
	var answer atomic.Value
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) > fails.Load() {
			w.WriteHeader(http.StatusOK)
			return
		}
		answer.Load().(func(http.ResponseWriter))(w)
	}))
	defer srv.Close()
	mototest.Environ(t, srv.URL)
	cfg, err := awsconf.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	says := func(status int, code string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>no</Message></Error>"))
		}
	}
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter)
		tries  int32
		code   string
	}{
		{"SlowDown", says(503, "SlowDown"), 3, ""},
		{"InternalError", says(500, "InternalError"), 3, ""},
		{"reset", func(w http.ResponseWriter) { c, _, _ := w.(http.Hijacker).Hijack(); c.Close() }, 3, ""},
		{"AccessDenied", says(403, "AccessDenied"), 1, graph.CodeUnauthorized},
		{"ExpiredToken", says(400, "ExpiredToken"), 1, graph.CodeUnauthorized},
		{"InvalidArgument", says(400, "InvalidArgument"), 1, graph.CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			n.Store(0)
			fails.Store(2)
			answer.Store(c.answer)
			_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: new("b"), Key: new("k")})
			if err = awsconf.Explain("get", err); (err == nil) != (c.code == "") || err != nil && graph.Code(err) != c.code {
				t.Errorf("error %v (%s), want %q", err, graph.Code(err), c.code)
			}
			if n.Load() != c.tries {
				t.Errorf("%d requests, want %d", n.Load(), c.tries)
			}
		})
	}
}

func TestPause(t *testing.T) {
	for n, most := range map[int]time.Duration{0: 100 * time.Millisecond, 3: 800 * time.Millisecond, 60: 20 * time.Second} {
		for range 100 {
			if d := awsconf.Pause(n); d < most/2 || d >= most {
				t.Fatalf("retry %d after %s, want within %s and %s", n, d, most/2, most)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := awsconf.Sleep(ctx, time.Hour); err == nil {
		t.Error("slept without an error after the end")
	}
}

func TestPolicy(t *testing.T) {
	s := awsconf.Allow("Read", []string{"s3:GetObject"}, "arn:aws:s3:::b/*")
	text, err := awsconf.Policy([]awsconf.Statement{s, s})
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Sid": "Read", "Effect": "Allow", "Action": []any{"s3:GetObject"}, "Resource": []any{"arn:aws:s3:::b/*"}}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
