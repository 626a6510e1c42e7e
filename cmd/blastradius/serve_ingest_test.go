package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/testdata"
	"go.uber.org/goleak"
)

// A server ingests what is put into a directory while it is asked: who
// subscribed learns of it, questions see it, /metrics counts it, and the server
// still ends at once with the subscriber there.
func TestServeIngests(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // servers that other tests share go on
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	dir := t.TempDir()
	spool := filepath.Join(dir, "spool")
	if err := os.Mkdir(spool, 0o700); err != nil {
		t.Fatal(err)
	}
	listening := make(chan struct{})
	errs := &watched{on: "listening on", do: func() { close(listening) }}
	m := &Main{Args: []string{"serve", "--store", filepath.Join(dir, "s"), "--listen", "127.0.0.1:0", "--ingest", spool, "--ingest-every", "20ms"},
		Stdout: io.Discard, Stderr: errs, Env: func(string) (string, bool) { return "", false }, Now: func() time.Time { return testdata.Now }}
	ended := make(chan int, 1)
	go func() { ended <- m.Run(ctx) }()
	select {
	case <-listening:
	case code := <-ended:
		t.Fatal(code, errs)
	}
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(errs.String())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func(accept, query string) *http.Response {
		t.Helper()
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest("POST", url+"/graphql", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", accept)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	text := func(res *http.Response) string {
		t.Helper()
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}

	stream := ask("text/event-stream", `subscription { updates(window: {last: "12h"}) { watermark calls failures } }`)
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	type update struct{ Watermark, Calls, Failures int }
	next := func() (u update) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && data != "" {
				var got struct{ Data struct{ Updates update } }
				if err := json.Unmarshal([]byte(data), &got); err != nil {
					t.Fatal(err)
				}
				return got.Data.Updates
			}
		}
		t.Fatalf("the stream ended: %v\n%s", lines.Err(), errs)
		return u
	}
	if u := next(); u != (update{}) {
		t.Errorf("of an empty store: %+v", u)
	}
	written := filepath.Join(dir, "written")
	if err := os.CopyFS(written, sub(t, testdata.World, "world/cloudtrail")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(written, "broken.json.gz"), []byte("\x1f\x8bnot gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(written, filepath.Join(spool, "whole")); err != nil { // as a careful writer does
		t.Fatal(err)
	}
	var sum update
	for sum.Calls < 380 { // of the world; in one update, or a few
		u := next()
		sum = update{u.Watermark, sum.Calls + u.Calls, sum.Failures + u.Failures}
	}
	if sum.Calls != 380 || sum.Failures == 0 {
		t.Errorf("updates add up to %+v", sum)
	}
	if got := text(ask("", `{ touched(resources: ["billing-ledger"], window: {last: "4h"}) { total { identities calls } } }`)); !strings.Contains(got, `{"identities":9,"calls":112}`) {
		t.Errorf("touched says %s", got)
	}
	res, err := client.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	metrics := text(res)
	for _, want := range []string{`blastradius_ingest_files_total\{result="stored"\} \d\d`, `blastradius_ingest_files_total\{result="rejected"\} 1\n`,
		`blastradius_ingest_records_total \d{3}`, `blastradius_ingest_rejected_total 1\n`, `blastradius_ingest_errors_total 0`, `blastradius_ingest_writing_files 0`,
		`blastradius_ingest_lag_seconds [0-9.e-]+`, `blastradius_ingest_last_success_timestamp_seconds \d`} {
		if !regexp.MustCompile(want).MatchString(metrics) {
			t.Errorf("/metrics lacks %s:\n%s", want, regexp.MustCompile(`(?m)^blastradius_ingest.*$`).FindAllString(metrics, -1))
		}
	}
	if !strings.Contains(errs.String(), "broken.json.gz") {
		t.Errorf("stderr does not name the broken file:\n%s", errs)
	}
	// What is asked again and again is answered from memory.
	walks := regexp.MustCompile(`blastradius_hot_window_walks_total [1-9]`)
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if got := text(ask("", `{ reach(from: ["ASIAAVQ4J3N2WEXAMPLE"], window: {last: "4h"}) { total { nodes } } }`)); !strings.Contains(got, `"nodes":`) {
			t.Fatalf("reach says %s", got)
		}
		if res, err = client.Get(url + "/metrics"); err != nil {
			t.Fatal(err)
		}
		if m := text(res); walks.MatchString(m) {
			break
		} else if time.Since(start) > 30*time.Second {
			t.Fatalf("the hot window serves nothing:\n%s", regexp.MustCompile(`(?m)^blastradius_hot.*$`).FindAllString(m, -1))
		}
	}
	start := time.Now()
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit %d\n%s", code, errs)
	}
	if took := time.Since(start); took > drainTimeout/2 {
		t.Errorf("it took %v to end with a stream open", took)
	}
}

func sub(t *testing.T, files fs.FS, dir string) fs.FS {
	t.Helper()
	out, err := fs.Sub(files, dir)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
