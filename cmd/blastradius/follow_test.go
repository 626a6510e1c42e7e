package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail/synth"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/internal/mototest"
)

var soak = flag.Duration("soak", 0, "how long the follow loop is disturbed (make soak)")

// disturbed is a bucket, its queue and what goes wrong between them and the
// workers: faults of every kind, messages that come twice, late, in another
// order and by other ways, poison among them.
type disturbed struct {
	t        *testing.T
	endpoint string // the emulator
	proxy    *mototest.Faults
	bucket   string
	queue    string
	url      string
	dead     string
	files    []string // the estate's
	dir      string
	poison   int
	rng      *rand.Rand
}

func newDisturbed(t *testing.T, events int, seed uint64) *disturbed {
	endpoint := mototest.Start(t)
	d := &disturbed{t: t, endpoint: endpoint, rng: rand.New(rand.NewPCG(seed, 2)), dir: filepath.Join(t.TempDir(), "estate")}
	d.bucket = mototest.Bucket(t, endpoint, nil)
	// Killed workers and lost deletions cost good messages tries too.
	d.queue, d.url, d.dead = mototest.Queue(t, endpoint, 12)
	mototest.Notify(t, endpoint, d.bucket, d.url)
	d.proxy = mototest.NewFaults(t, endpoint, seed, mototest.Fault{SlowDown: 0.05, Internal: 0.02, Reset: 0.03, Torn: 0.05, Delay: 0.1, Lost: 0.1, Twice: 0.2})
	_, err := synth.Generate(t.Context(), d.dir, synth.Options{Seed: seed, Events: events, PerFile: 40,
		From: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(d.dir, "AWSLogs"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			d.files = append(d.files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d.rng.Shuffle(len(d.files), func(i, j int) { d.files[i], d.files[j] = d.files[j], d.files[i] })
	return d
}

// clean is the hash of the graph of the files read calmly.
func (d *disturbed) clean() string {
	st, err := pebble.Open(d.t.TempDir(), pebble.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	defer st.Close()
	if _, err := ingest.Run(d.t.Context(), st, feed.Directory(filepath.Join(d.dir, "AWSLogs")), formats(false), ingest.Options{}); err != nil {
		d.t.Fatal(err)
	}
	return hashOf(d.t, st)
}

func hashOf(t *testing.T, st graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(context.Background(), st)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// produce delivers the files over a span of time.
func (d *disturbed) produce(over time.Duration) {
	pause := over / time.Duration(len(d.files))
	next := time.Now()
	for i, path := range d.files {
		text, err := os.ReadFile(path)
		if err != nil {
			d.t.Error(err)
			return
		}
		key, _ := filepath.Rel(d.dir, path)
		key = filepath.ToSlash(key)
		mototest.Put(d.t, d.endpoint, d.bucket, key, string(text)) // S3 tells the queue
		name, _ := json.Marshal(key)
		record := fmt.Sprintf(`{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":%s}}}]}`, d.bucket, name)
		wrapped, _ := json.Marshal(record)
		switch d.rng.IntN(8) {
		case 0:
			mototest.Send(d.t, d.endpoint, d.url, fmt.Sprintf(`{"Type":"Notification","TopicArn":"arn:aws:sns:eu-north-1:123456789012:t","Message":%s}`, wrapped))
		case 1:
			mototest.Send(d.t, d.endpoint, d.url, fmt.Sprintf(`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":%q},"object":{"key":%s}}}`, d.bucket, name))
		case 2:
			mototest.SendLater(d.t, d.endpoint, d.url, 3*time.Second, record)
		case 3:
			if d.poison < 4 {
				d.poison++
				mototest.Send(d.t, d.endpoint, d.url, []string{"hello", strings.Replace(record, key, "gone", 1), `{"Records":[{"eventSource":"aws:ses"}]}`}[i%3])
			}
		}
		next = next.Add(pause)
		time.Sleep(time.Until(next))
	}
}

// settled waits until the queue is empty.
func (d *disturbed) settled(patience time.Duration) {
	d.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		visible, hidden := mototest.Depth(d.t, d.endpoint, d.url)
		if visible+hidden == 0 {
			break
		}
		if time.Now().After(end) {
			d.t.Fatalf("%d messages visible and %d hidden after %s", visible, hidden, patience)
		}
	}
	if n, _ := mototest.Depth(d.t, d.endpoint, d.dead); n != d.poison {
		d.t.Errorf("%d messages are parked, want %d", n, d.poison)
	}
}

// worker is one follower, a process of its own.
type worker struct {
	t              *testing.T
	args           []string
	env            []string
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

func (d *disturbed) worker(args ...string) *worker {
	env := os.Environ()
	for k, v := range mototest.Vars(d.proxy.URL) {
		env = append(env, k+"="+v)
	}
	w := &worker{t: d.t, env: env, args: append([]string{"ingest", "sqs://" + d.queue, "--follow", "--visibility", "4s", "--workers", "4", "--format", "json"}, args...)}
	w.start()
	return w
}

func (w *worker) start() {
	w.t.Helper()
	w.stdout.Reset()
	w.cmd = exec.Command("blastradius", w.args...)
	w.cmd.Env, w.cmd.Stdout, w.cmd.Stderr = w.env, &w.stdout, &w.stderr
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.cmd.Process.Kill() })
}

// kill is SIGKILL.
func (w *worker) kill() {
	w.t.Helper()
	if err := w.cmd.Process.Kill(); err != nil {
		w.t.Fatalf("kill: %v\n%s", err, w.stderr.String())
	}
	if err := w.cmd.Wait(); err == nil || w.cmd.ProcessState.Exited() {
		w.t.Fatalf("it ended before it was killed: %v\n%s", err, w.stderr.String())
	}
}

// stop is Ctrl-C; the worker drains and reports.
func (w *worker) stop() (report struct {
	Files struct{ Stored, Known int }
}) {
	w.t.Helper()
	_ = w.cmd.Process.Signal(syscall.SIGINT)
	err := w.cmd.Wait()
	if code := w.cmd.ProcessState.ExitCode(); code != exitOK && code != exitIncomplete {
		w.t.Fatalf("exit %d, %v\n%s", code, err, w.stderr.String())
	}
	if err := json.Unmarshal(w.stdout.Bytes(), &report); err != nil {
		w.t.Fatalf("report: %v\n%s", err, w.stdout.String())
	}
	return report
}

// A follower that is killed and started again, twice, while everything around
// it goes wrong, ends with the graph of a calm run, an empty queue, and the
// poison parked.
func TestFollowDisturbed(t *testing.T) {
	over, events := 8*time.Second, 5000
	if *soak > 0 {
		over, events = *soak, int(*soak/time.Second)*500
	}
	d := newDisturbed(t, events, 11)
	store := filepath.Join(t.TempDir(), "store")
	produced := make(chan struct{})
	go func() { defer close(produced); d.produce(over) }()
	w := d.worker("--store", store)
	for range 2 {
		time.Sleep(over / 3)
		w.kill()
		w.start()
	}
	<-produced
	d.settled(time.Minute)
	last := w.stop()
	did := d.proxy.Done()
	t.Logf("%d files; the last worker stored %d and knew %d; faults %+v", len(d.files), last.Files.Stored, last.Files.Known, did)
	if did.Lost == 0 || did.Twice == 0 || did.Reset == 0 || did.SlowDown == 0 || did.Internal == 0 || last.Files.Known == 0 || d.poison == 0 {
		t.Error("too little went wrong for this to say anything")
	}
	st, err := pebble.Open(store, pebble.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if hashOf(t, st) != d.clean() {
		t.Error("the graph is another than that of a calm run")
	}
}
