package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
)

// capture is a folder of the real captures; the test is skipped where they are
// absent, which CI does not allow.
func capture(t *testing.T, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("../../../shared/data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the capture %s is missing", name)
		}
		t.Skipf("the capture %s is not here", name)
	}
	return dir
}

// loaded is a fresh store with the objects ingested, and the report.
func loaded(t *testing.T, objects iter.Seq[feed.Object], workers int) (*pebble.Store, ingest.Report) {
	t.Helper()
	store, err := pebble.Open(t.TempDir(), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	report, err := ingest.Run(t.Context(), store, objects, formats(false), ingest.Options{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	return store, report
}

func hash(t *testing.T, store graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The capture gives one graph whatever the order of its files, with every file
// fed twice, by one worker or several.
func TestCaptureIsFreeOfOrder(t *testing.T) {
	files := slices.Collect(feed.Directory(filepath.Join(capture(t, "invictus-aws-stratus-2023"), "CloudTrail")))
	store, report := loaded(t, slices.Values(files), 1)
	if report.Records != 2900 || report.Calls != 2900 || len(report.Rejected) != 0 {
		t.Fatalf("%d records, %d calls, %d rejected, want 2900, 2900, 0", report.Records, report.Calls, len(report.Rejected))
	}
	want := hash(t, store)
	r := rand.New(rand.NewPCG(20, 26))
	for i := range 20 {
		var twice []feed.Object
		for _, f := range files {
			again := f
			again.Name += ".second-trail"
			twice = append(twice, f, again)
		}
		r.Shuffle(len(twice), func(i, j int) { twice[i], twice[j] = twice[j], twice[i] })
		store, report := loaded(t, slices.Values(twice), 1+i%3)
		if report.Records != 2*2900 || report.Calls != 2900 {
			t.Errorf("shuffle %d: %d records, %d calls", i, report.Records, report.Calls)
		}
		if got := hash(t, store); got != want {
			t.Fatalf("shuffle %d gives another graph", i)
		}
	}
}

// Every evidence of every edge leads to its raw record, and none of what comes
// out, records or graph, holds a secret of the captures.
func TestEvidenceLeadsToItsRecordWithoutSecrets(t *testing.T) {
	world, err := filepath.Abs("../../testdata/world/cloudtrail")
	if err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"world": world,
		// Who copied the captures wrote a marker over each session token: it
		// stands where the secret stood. One capture has none.
		"invictus":      capture(t, "invictus-aws-stratus-2023"),
		"traildiscover": capture(t, "traildiscover-log-examples"),
	} {
		secrets := secretsBelow(t, dir)
		if len(secrets) == 0 && name != "traildiscover" {
			t.Fatalf("%s: no secret found to look for", name)
		}
		clean := func(where, text string) {
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%s: %s holds the secret %.8s…", name, where, s)
				}
			}
		}
		store, _ := loaded(t, feed.Directory(dir), 0)
		for n, err := range store.Nodes(t.Context(), graph.Selector{}) {
			if err != nil {
				t.Fatal(err)
			}
			clean("node "+string(n.ID), fmt.Sprint(n))
		}
		ex := (&Main{}).explorer(store, nil, 0)
		seen := map[string]bool{}
		for e, err := range store.Edges(t.Context(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
			if err != nil {
				t.Fatal(err)
			}
			clean("edge", fmt.Sprint(e.Label, e.Via))
			for _, o := range e.Observations {
				seen[o.Evidence] = true
			}
		}
		for id := range seen {
			event, err := ex.Event(t.Context(), id)
			if err != nil || len(event.Sightings) == 0 {
				t.Fatalf("%s: event %s: %v", name, id, err)
			}
			raw, err := ex.Record(t.Context(), &event.Sightings[0])
			if err != nil {
				t.Fatalf("%s: event %s: %v", name, id, err)
			}
			if want, _, _ := strings.Cut(id, "@"); !strings.HasPrefix(id, "sha256:") && !bytes.Contains(raw, []byte(want)) {
				t.Errorf("%s: event %s leads to %.200s", name, id, raw)
			}
			clean("record "+id, string(raw))
		}
	}
}

// secretsBelow collects the secret values of the JSON files below dir: what
// stands under keys that hold credentials.
func secretsBelow(t *testing.T, dir string) []string {
	t.Helper()
	keys := map[string]bool{"sessiontoken": true, "secretaccesskey": true, "password": true, "secretstring": true, "newpassword": true, "oldpassword": true}
	found := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, m := range v {
				if s, ok := m.(string); ok && keys[strings.ToLower(k)] && len(s) > 8 && !strings.Contains(s, "HIDDEN") {
					found[s] = true
				}
				walk(m)
			}
		case []any:
			for _, m := range v {
				walk(m)
			}
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		b, err := os.ReadFile(path)
		var v any
		if err == nil && json.Unmarshal(b, &v) == nil {
			walk(v)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, 0, len(found))
	for s := range found {
		out = append(out, s)
	}
	return out
}

// An ingest that is killed at any moment, and run again, gives the store of an
// undisturbed one.
func TestKilledIngestLosesNothing(t *testing.T) {
	dir := t.TempDir()
	estate := filepath.Join(dir, "estate")
	run := func(ctx context.Context, args ...string) error {
		cmd := exec.CommandContext(ctx, "blastradius", args...)
		cmd.Stderr, cmd.Stdout = io.Discard, io.Discard
		return cmd.Run()
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(exe, filepath.Join(bin, "blastradius")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	if err := run(t.Context(), "generate", estate, "--events", "30000", "--per-file", "500"); err != nil {
		t.Fatal(err)
	}
	trail, calm, killed := filepath.Join(estate, "AWSLogs"), filepath.Join(dir, "calm"), filepath.Join(dir, "killed")
	began := time.Now()
	if err := run(t.Context(), "ingest", trail, "--store", calm); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(began)

	r := rand.New(rand.NewPCG(9, 9))
	kills := 0
	for range 12 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.Float64()*float64(whole)))
		if run(ctx, "ingest", trail, "--store", killed) != nil { // CommandContext kills with SIGKILL
			kills++
		}
		cancel()
	}
	if kills == 0 {
		t.Error("no run was killed: the test tested nothing")
	}
	if err := run(t.Context(), "ingest", trail, "--store", killed); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), "store", "check", "--store", killed); err != nil {
		t.Errorf("store check after %d kills: %v", kills, err)
	}
	hashOf := func(dir string) string {
		store, err := pebble.Open(dir, pebble.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		return hash(t, store)
	}
	if hashOf(calm) != hashOf(killed) {
		t.Errorf("after %d kills the store differs from an undisturbed one", kills)
	}
}
