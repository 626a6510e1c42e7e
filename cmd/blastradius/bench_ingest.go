package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	gometrics "runtime/metrics"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/cloudtrail/synth"
	"github.com/blastradius/blastradius/ingest/feed"
	kgzip "github.com/klauspost/compress/gzip"
)

func benchIngest(ctx context.Context, o benchOptions) ([]benchRow, error) {
	dir, err := o.tempDir("estate")
	if err != nil {
		return nil, err
	}
	truth, err := synth.Generate(ctx, dir, o.estate())
	if err != nil {
		return nil, err
	}
	files, bytes, err := trailFiles(dir)
	if err != nil {
		return nil, err
	}
	o.say("ingest: %d records in %d files, %.1f MB gz, %.1f MB of JSON", truth.Records, len(files), float64(bytes)/1e6, float64(truth.Bytes)/1e6)

	var gunzip, plain, one, two, size []float64
	var peak atomic.Uint64
	stop := watchHeap(&peak)
	defer stop()
	for range o.rounds {
		for _, step := range []struct {
			rates *[]float64
			procs int
			run   func() (int, error)
		}{
			{&gunzip, 1, func() (int, error) { return truth.Records, gunzipOnly(files) }},
			{&plain, 1, func() (int, error) { return parseOnly(files[:max(len(files)/8, 1)]) }},
			{&one, 1, func() (int, error) { return o.ingestOnce(ctx, filepath.Join(dir, "AWSLogs"), 1, truth, &size) }},
			{&two, 2, func() (int, error) { return o.ingestOnce(ctx, filepath.Join(dir, "AWSLogs"), 2, truth, &size) }},
		} {
			runtime.GC()
			before := runtime.GOMAXPROCS(step.procs)
			t := time.Now()
			n, err := step.run()
			took := time.Since(t).Seconds()
			runtime.GOMAXPROCS(before)
			if err != nil {
				return nil, err
			}
			*step.rates = append(*step.rates, float64(n)/took)
		}
	}
	rows := []benchRow{
		rate("ingest, 1 core, events/s", median(gunzip), median(one), 0.45, "klauspost gunzip alone"),
		rate("ingest, 1 core, events/s", median(plain), median(one), 3, "compress/gzip + encoding/json, nothing stored"),
		rate("ingest, 2 cores, events/s", median(one), median(two), 1.6, "ours on 1 core"),
		cost("store, bytes an event", 64, median(size), 1, "64 bytes"),
		cost("ingest, peak Go memory, MiB", 1024, float64(peak.Load())/(1<<20), 1, "1 GiB"),
	}
	peers, err := benchPeers(ctx, o, dir, files, truth)
	return append(rows, peers...), err
}

// estate is what the bench generates: two days, so that four hours are a small
// part.
func (o *benchOptions) estate() synth.Options {
	to := time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	return synth.Options{Seed: o.seed, Events: o.events, From: to.Add(-48 * time.Hour), To: to}
}

func trailFiles(dir string) (files []string, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".gz") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files = append(files, path)
		bytes += info.Size()
		return nil
	})
	return files, bytes, err
}

// gunzipOnly reads and inflates every file: the limit of any ingest.
func gunzipOnly(files []string) error {
	z := new(kgzip.Reader)
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		if err = z.Reset(f); err == nil {
			_, err = io.Copy(io.Discard, z)
		}
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// parseOnly is what a plain program does: it stores nothing.
func parseOnly(files []string) (int, error) {
	n := 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return 0, err
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			f.Close()
			return 0, err
		}
		var file struct {
			Records []struct {
				EventID, EventTime, EventSource, EventName, AwsRegion, ErrorCode, ErrorMessage, UserAgent string

				UserIdentity      map[string]any
				RequestParameters map[string]any
				ResponseElements  map[string]any
				Resources         []map[string]any
			}
		}
		err = json.NewDecoder(z).Decode(&file)
		f.Close()
		if err != nil {
			return 0, err
		}
		n += len(file.Records)
	}
	return n, nil
}

// ingestOnce ingests the estate into a fresh store, closes it, and compares
// what was stored with the truth.
func (o *benchOptions) ingestOnce(ctx context.Context, dir string, workers int, truth synth.Truth, size *[]float64) (int, error) {
	at, err := o.tempDir("store")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(at)
	defer collectSeldom()() // as the command does
	store, err := pebble.Open(at, pebble.Options{})
	if err != nil {
		return 0, err
	}
	report, err := ingest.Run(ctx, store, feed.Directory(dir), []ingest.Format{cloudtrail.New(cloudtrail.Options{})}, ingest.Options{Workers: workers})
	if err != nil {
		store.Close()
		return 0, err
	}
	if err := store.Close(); err != nil {
		return 0, err
	}
	if report.Calls != truth.Calls {
		return 0, &graph.Error{Code: graph.CodeInternal, Message: fmt.Sprintf("ingested %d distinct calls, the generator wrote %d", report.Calls, truth.Calls)}
	}
	bytes, err := storeBytes(ctx, at)
	if err != nil {
		return 0, err
	}
	*size = append(*size, float64(bytes)/float64(truth.Events))
	return truth.Records, nil
}

// storeBytes is what a closed store keeps in tables, after its log has become
// one.
func storeBytes(ctx context.Context, dir string) (n uint64, err error) {
	store, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		return 0, err
	}
	defer store.Close()
	stats, err := store.Stats(ctx)
	for _, b := range stats.Bytes {
		n += b
	}
	return n, err
}

// watchHeap keeps the largest memory that the Go runtime holds, until the
// returned function is called.
func watchHeap(peak *atomic.Uint64) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s := []gometrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for {
			gometrics.Read(s)
			peak.Store(max(peak.Load(), s[0].Value.Uint64()-s[1].Value.Uint64()))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() { close(done); <-ended }
}
