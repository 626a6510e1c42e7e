package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastradius/blastradius/internal/mototest"
	"github.com/blastradius/blastradius/testdata"
)

// worldFiles are the demo world's log files by their paths below it.
func worldFiles(t testing.TB) map[string]string {
	t.Helper()
	world, err := fs.Sub(testdata.World, "world/cloudtrail")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = fs.WalkDir(world, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(world, path)
		files[path] = string(b)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// TestScriptsAWS runs the program as a user does, against the emulator, with a
// bucket ($BUCKET) that holds the demo world and a queue ($QUEUE) that S3 told
// of its objects.
func TestScriptsAWS(t *testing.T) {
	endpoint := mototest.Start(t)
	bucket := mototest.Bucket(t, endpoint, nil)
	queue, url, _ := mototest.Queue(t, endpoint, 2)
	mototest.Notify(t, endpoint, bucket, url)
	for key, text := range worldFiles(t) {
		mototest.Put(t, endpoint, bucket, key, text)
	}
	testscript.Run(t, scriptParams("testdata/script-aws", func(e *testscript.Env) {
		for k, v := range mototest.Vars(endpoint) {
			e.Setenv(k, v)
		}
		e.Setenv("BUCKET", bucket)
		e.Setenv("QUEUE", queue)
	}))
}

// Events by LookupEvents are the ones of the trail's files, and are read again
// one by one.
func TestIngestLookupEvents(t *testing.T) {
	events := map[string][]mototest.LookupEvent{}
	for _, text := range worldFiles(t) {
		var file struct{ Records []json.RawMessage }
		if json.Unmarshal([]byte(text), &file) != nil {
			continue // in another wrapping
		}
		for _, raw := range file.Records {
			var r struct {
				EventTime          time.Time
				EventID, AwsRegion string
			}
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			if r.AwsRegion != "" && r.EventID != "" {
				events[r.AwsRegion] = append(events[r.AwsRegion], mototest.LookupEvent{At: r.EventTime, ID: r.EventID, Text: string(raw)})
			}
		}
	}
	emulator, err := url.Parse(mototest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(&mototest.Lookup{T: t, Events: events, Else: httputil.NewSingleHostReverseProxy(emulator)})
	defer srv.Close()
	mototest.Environ(t, srv.URL)
	store := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		m := &Main{Args: append(args, "--store", store), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
			Now: func() time.Time { return testdata.Now }, Env: func(string) (string, bool) { return "", false }}
		if code := m.Run(t.Context()); code != exitOK {
			t.Fatalf("%q: exit %d\n%s", args, code, errs.String())
		}
		return out.String()
	}
	report := run("ingest", "cloudtrail-api", "--regions", "eu-north-1,us-east-1", "--last", "90m", "--format", "json")
	if !strings.Contains(report, `"rejected": []`) || strings.Contains(report, `"records": 0`) {
		t.Errorf("report %s", report)
	}
	if out := run("touched", testdata.FailedResource, "--last", "4h"); !strings.Contains(out, "dynamodb:DeleteTable") {
		t.Errorf("touched: %s", out)
	}
	if out := run("event", "1433d7ff-581d-43dc-8c3f-863286c79ceb"); !strings.Contains(out, `"eventName": "DeleteTable"`) || !strings.Contains(out, "cloudtrail-api://123456789012/eu-north-1/") {
		t.Errorf("event: %s", out)
	}
}
