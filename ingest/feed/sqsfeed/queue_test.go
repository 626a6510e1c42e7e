package sqsfeed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/ingest/feed/sqsfeed"
	"github.com/blastradius/blastradius/internal/awsconf"
	"github.com/blastradius/blastradius/internal/mototest"
)

var formats = []ingest.Format{cloudtrail.New(cloudtrail.Options{})}

const world = "../../../testdata/world/cloudtrail"

// worldFiles are the demo world's files, under keys that need encoding.
func worldFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(world, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files["a b+c%2F/é/"+filepath.Base(path)] = string(b)
		return err
	})
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

func open(t *testing.T) graph.Store {
	t.Helper()
	s, err := pebble.Open(t.TempDir(), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func hash(t *testing.T, s graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// clean is the hash of the world read from its files.
func clean(t *testing.T) string {
	t.Helper()
	s := open(t)
	if _, err := ingest.Run(t.Context(), s, feed.Directory(world), formats, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	return hash(t, s)
}

func queue(t *testing.T, endpoint, name string, o sqsfeed.Options) *sqsfeed.Queue {
	t.Helper()
	mototest.Environ(t, endpoint)
	cfg, err := awsconf.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	q, err := sqsfeed.Open(t.Context(), cfg, sqsfeed.Scheme+name, o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// What S3 itself sends, its test first, ends as the graph of the files, and
// leaves the queue empty. Sent again, nothing is fetched again.
func TestDrain(t *testing.T) {
	endpoint := mototest.Start(t)
	name, url, _ := mototest.Queue(t, endpoint, 3)
	bucket := mototest.Bucket(t, endpoint, nil)
	mototest.Notify(t, endpoint, bucket, url)
	files := worldFiles(t)
	for range 2 {
		for key, text := range files {
			mototest.Put(t, endpoint, bucket, key, text)
		}
	}
	s := open(t)
	q := queue(t, endpoint, name, sqsfeed.Options{})
	r, err := ingest.Run(t.Context(), s, q.Files(t.Context(), nil), formats, ingest.Options{})
	if err != nil || q.Err() != nil {
		t.Fatal(err, q.Err())
	}
	n := len(files)
	if r.Files.Stored != n || r.Files.Known != n || len(r.Rejected) > 0 {
		t.Errorf("%+v, rejected %v", r.Files, r.Rejected)
	}
	want := sqsfeed.Stats{Queue: "sqs://" + name, Received: 2*n + 1, Stored: 2 * n, Ignored: 1}
	if got := q.Stats(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if visible, hidden := mototest.Depth(t, endpoint, url); visible != 0 || hidden != 0 {
		t.Errorf("%d visible and %d hidden messages are left", visible, hidden)
	}
	if hash(t, s) != clean(t) {
		t.Error("the graph is another than that of the files")
	}
}

// What cannot be stored is left to the queue, which parks it; the rest is
// stored.
func TestPoison(t *testing.T) {
	endpoint := mototest.Start(t)
	name, url, dead := mototest.Queue(t, endpoint, 2)
	bucket := mototest.Bucket(t, endpoint, map[string]string{"junk": "no log", "torn.gz": "\x1f\x8b\x08"})
	for key, text := range worldFiles(t) {
		mototest.Put(t, endpoint, bucket, key, text)
		mototest.Send(t, endpoint, url, created(bucket, key))
	}
	mototest.Send(t, endpoint, url, "hello", created(bucket, "junk"), created(bucket, "gone"), created(bucket, "torn.gz"), created(mototest.Name(t, "nobucket"), "k"))
	s := open(t)
	q := queue(t, endpoint, name, sqsfeed.Options{})
	r, err := ingest.Run(t.Context(), s, q.Files(t.Context(), nil), formats, ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := q.Stats(); got.Failed != 10 || got.Parked != 5 || got.Stored != len(worldFiles(t)) {
		t.Errorf("%+v", got)
	}
	if r.ExitCode() != 3 || len(r.Rejected) != 10 {
		t.Errorf("rejected %v", r.Rejected)
	}
	reasons := fmt.Sprint(r.Rejected)
	for _, want := range []string{"no JSON", "NoSuchKey", "NoSuchBucket", "no format recognises", "truncated"} {
		if !strings.Contains(reasons, want) {
			t.Errorf("no rejection says %q: %s", want, reasons)
		}
	}
	if visible, hidden := mototest.Depth(t, endpoint, url); visible != 0 || hidden != 0 {
		t.Errorf("%d visible and %d hidden messages are left", visible, hidden)
	}
	if visible, _ := mototest.Depth(t, endpoint, dead); visible != 5 {
		t.Errorf("%d messages are parked, want 5", visible)
	}
	if hash(t, s) != clean(t) {
		t.Error("the graph is another than that of the files")
	}
}

// created is S3's notification of an object.
func created(bucket, key string) string {
	encoded, _ := json.Marshal(strings.NewReplacer("%", "%25", "+", "%2B", " ", "+", "é", "%C3%A9").Replace(key))
	return fmt.Sprintf(`{"Records":[{"eventSource":"aws:s3","awsRegion":"eu-north-1","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":%s}}}]}`, bucket, encoded)
}

// slow takes its time for each batch, or fails.
type slow struct {
	graph.Store
	apply func() error
}

func (s slow) Apply(ctx context.Context, b *graph.Batch) error {
	if err := s.apply(); err != nil {
		return err
	}
	return s.Store.Apply(ctx, b)
}

// A message stays hidden while the store takes longer than its visibility, and
// is deleted only then.
func TestVisibilityIsExtended(t *testing.T) {
	endpoint := mototest.Start(t)
	name, url, _ := mototest.Queue(t, endpoint, 2)
	bucket := mototest.Bucket(t, endpoint, nil)
	for key, text := range worldFiles(t) {
		mototest.Put(t, endpoint, bucket, key, text)
		mototest.Send(t, endpoint, url, created(bucket, key))
		break
	}
	q := queue(t, endpoint, name, sqsfeed.Options{Visibility: 3 * time.Second})
	applied := false
	s := slow{open(t), func() error {
		for range 5 {
			time.Sleep(time.Second)
			if visible, hidden := mototest.Depth(t, endpoint, url); visible != 0 || hidden != 1 {
				t.Errorf("while it is worked on: %d visible, %d hidden", visible, hidden)
			}
		}
		applied = true
		return nil
	}}
	if _, err := ingest.Run(t.Context(), s, q.Files(t.Context(), nil), formats, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	if visible, hidden := mototest.Depth(t, endpoint, url); !applied || visible != 0 || hidden != 0 {
		t.Errorf("applied %v, %d visible, %d hidden", applied, visible, hidden)
	}
}

// A store that fails ends the feed, follow or not, and no message is lost.
func TestStoreFails(t *testing.T) {
	endpoint := mototest.Start(t)
	name, url, _ := mototest.Queue(t, endpoint, 0)
	bucket := mototest.Bucket(t, endpoint, nil)
	n := 0
	for key, text := range worldFiles(t) {
		mototest.Put(t, endpoint, bucket, key, text)
		mototest.Send(t, endpoint, url, created(bucket, key))
		n++
	}
	q := queue(t, endpoint, name, sqsfeed.Options{Follow: true})
	full := errors.New("disk full")
	_, err := ingest.Run(t.Context(), slow{open(t), func() error { return full }}, q.Files(t.Context(), nil), formats, ingest.Options{})
	if !errors.Is(err, full) {
		t.Error(err)
	}
	if visible, hidden := mototest.Depth(t, endpoint, url); visible+hidden != n {
		t.Errorf("%d of %d messages are left", visible+hidden, n)
	}
}

// Stopping ends a queue that is followed, once what was taken is settled.
func TestStop(t *testing.T) {
	endpoint := mototest.Start(t)
	name, url, _ := mototest.Queue(t, endpoint, 0)
	bucket := mototest.Bucket(t, endpoint, nil)
	for key, text := range worldFiles(t) {
		mototest.Put(t, endpoint, bucket, key, text)
		mototest.Send(t, endpoint, url, created(bucket, key))
	}
	q := queue(t, endpoint, name, sqsfeed.Options{Follow: true})
	stop := make(chan struct{})
	stopped := false
	s := slow{open(t), func() error {
		if !stopped {
			stopped = true
			close(stop)
		}
		return nil
	}}
	if _, err := ingest.Run(t.Context(), s, q.Files(t.Context(), stop), formats, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	got := q.Stats()
	visible, hidden := mototest.Depth(t, endpoint, url)
	if got.Received == 0 || got.Stored != got.Received || hidden != 0 || visible+got.Stored != len(worldFiles(t)) {
		t.Errorf("%+v; %d visible, %d hidden", got, visible, hidden)
	}
}

func TestOpenErrors(t *testing.T) {
	mototest.Environ(t, mototest.Start(t))
	cfg, err := awsconf.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ arg, code string }{
		{"sqs://" + mototest.Name(t, "none"), graph.CodeNotFound},
		{"sqs://no queue", graph.CodeInvalid},
	} {
		if _, err := sqsfeed.Open(t.Context(), cfg, c.arg, sqsfeed.Options{}); graph.Code(err) != c.code || graph.Hint(err) == "" {
			t.Errorf("%s: %v (%s), hint %q", c.arg, err, graph.Code(err), graph.Hint(err))
		}
	}
	if _, err := sqsfeed.Open(t.Context(), cfg, "sqs://q", sqsfeed.Options{Visibility: time.Second}); graph.Code(err) != graph.CodeInvalid {
		t.Error(err)
	}
}
