package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/testdata"
)

// audited is an EventList as kube-apiserver posts it.
func audited(ids ...string) string {
	var items []string
	for i, id := range ids {
		items = append(items, fmt.Sprintf(`{"level":"Metadata","auditID":"%s","stage":"ResponseComplete","requestURI":"/x","verb":"get","user":{"username":"ann"},
			"objectRef":{"resource":"secrets","namespace":"b","name":"s%d"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-22T13:02:11.5Z"}`, id, i))
	}
	return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + strings.Join(items, ",\n") + "]}\n"
}

// What the webhook posts is acknowledged once it is on disk, answered soon after,
// and there after a restart; the same batch again changes nothing.
func TestServeK8sAudit(t *testing.T) {
	dir := t.TempDir()
	args := []string{"serve", "--store", filepath.Join(dir, "s"), "--listen", "127.0.0.1:0", "--k8s-audit", filepath.Join(dir, "spool"), "--cluster", "shop", "--ingest-every", "20ms"}
	serve := func() (url string, stop func()) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		listening := make(chan struct{})
		errs := &watched{on: "listening on", do: func() { close(listening) }}
		m := &Main{Args: args, Stdout: io.Discard, Stderr: errs, Env: func(string) (string, bool) { return "", false }, Now: func() time.Time { return testdata.Now }}
		ended := make(chan int, 1)
		go func() { ended <- m.Run(ctx) }()
		select {
		case <-listening:
		case code := <-ended:
			t.Fatal(code, errs)
		}
		return regexp.MustCompile(`http://[0-9.:]+`).FindString(errs.String()), func() {
			cancel()
			if code := <-ended; code != exitOK {
				t.Errorf("exit %d\n%s", code, errs)
			}
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	post := func(url, body string) (int, string) {
		t.Helper()
		res, err := client.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	calls := func(url string) (n int) {
		t.Helper()
		_, text := post(url+"/graphql", `{"query":"{ touched(resources: [\"k8s:shop:namespace:b\"], window: {last: \"4h\"}, who: ALL) { total { calls } } }"}`)
		var got struct {
			Data struct {
				Touched struct{ Total struct{ Calls int } }
			}
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err, text)
		}
		return got.Data.Touched.Total.Calls
	}
	within := func(url string, want int) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); calls(url) != want; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				_, text := post(url+"/graphql", `{"query":"{ search(text: \"k8s\") { nodes { id } } coverage(window:{last:\"4h\"}) { sources { name events rejected } } }"}`)
				t.Fatalf("%d calls, want %d: %.900s", calls(url), want, text)
			}
		}
	}

	url, stop := serve()
	for _, body := range []string{audited("a", "b"), audited("a", "b"), audited(), audited("c")} {
		if code, text := post(url+auditPath, body); code != http.StatusOK {
			t.Errorf("%d %s", code, text)
		}
	}
	within(url, 3)
	for body, want := range map[string]int{"": 400, "{}": 400, `{"kind":"EventList","items":[`: 400, `{"kind":"PodList","items":[]}`: 400, `{"kind":"EventList","x":"` + strings.Repeat("x", maxAudit) + `"}`: 413} {
		if code, text := post(url+auditPath, body); code != want || !strings.Contains(text, `"code":"INVALID"`) {
			t.Errorf("%.40s: %d %s", body, code, text)
		}
	}
	if res, err := client.Get(url + auditPath); err != nil || res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v %v", res, err)
	}
	if code, _ := post(url+auditPath, audited("d")); code != http.StatusOK {
		t.Error(code)
	}
	stop() // perhaps before the last was ingested
	url, stop = serve()
	within(url, 4)
	stop()
	if files, err := os.ReadDir(filepath.Join(dir, "spool")); err != nil || len(files) < 2 {
		t.Errorf("%v %v", files, err)
	}
}
