package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/testdata"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// runMain runs the program in process on the day of the world.
func runMain(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	m := &Main{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Env: func(string) (string, bool) { return "", false }, Now: func() time.Time { return testdata.Now }}
	code = m.Run(ctx)
	return code, out.String(), errs.String()
}

// The demo's answer, word for word (-update rewrites it), in less than three
// seconds.
func TestDemoGolden(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // servers that other tests share go on
	start := time.Now()
	code, got, stderr := runMain(context.Background(), "demo", "--no-serve")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("the demo took %s", d)
	}
	golden := filepath.Join("testdata", "demo.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("the demo's answer changed (-update if it should): %s", d)
	}
}

// No secret of the world's files reaches any output, nor the store's files.
func TestNoSecretGetsOut(t *testing.T) {
	store := filepath.Join(t.TempDir(), "s")
	world := filepath.Join("..", "..", "testdata", "world", "cloudtrail")
	if code, out, stderr := runMain(context.Background(), "ingest", world, "--store", store); code != exitOK {
		t.Fatal(out, stderr)
	}
	planted := 0
	var ids []string
	err := filepath.WalkDir(world, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for rest := string(text); ; {
			_, after, found := strings.Cut(rest, testdata.SecretMarker)
			if !found {
				break
			}
			planted++
			if _, id, found := strings.Cut(after, `"eventID":`); found {
				ids = append(ids, strings.Trim(strings.SplitN(strings.TrimLeft(id, " "), ",", 2)[0], "\" \n"))
			}
			rest = after
		}
		return err
	})
	if err != nil || planted == 0 || len(ids) == 0 {
		t.Fatal(planted, len(ids), err)
	}
	queries := [][]string{{"touched", testdata.FailedResource, "--who", "all", "--match", "mentioned", "--probes"},
		{"timeline", "--last", "7h", "--first", "1000"}, {"search", "a", "--first", "1000"}, {"failures", "--last", "7h"}, {"coverage"}}
	for _, id := range ids {
		queries = append(queries, []string{"event", id})
	}
	for _, q := range queries {
		code, out, stderr := runMain(context.Background(), append(q, "--store", store, "--format", "json")...)
		if code != exitOK || strings.Contains(out+stderr, testdata.SecretMarker) {
			t.Errorf("%q: exit %d, %s", q, code, stderr)
		}
	}
	err = filepath.WalkDir(store, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(testdata.SecretMarker)) {
			t.Errorf("%s holds a secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
