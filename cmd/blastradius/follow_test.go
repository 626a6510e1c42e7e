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
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
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
	hottest  string // the resource that most calls touch
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
	truth, err := synth.Generate(t.Context(), d.dir, synth.Options{Seed: seed, Events: events, PerFile: 40,
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
	most := 0
	for resource, touches := range truth.Touched {
		n := 0
		for _, x := range touches {
			n += x.Calls
		}
		if n > most || n == most && resource < d.hottest {
			d.hottest, most = resource, n
		}
	}
	d.rng.Shuffle(len(d.files), func(i, j int) { d.files[i], d.files[j] = d.files[j], d.files[i] })
	return d
}

// calm is a store, in a directory, of the files read calmly, and its hash.
func (d *disturbed) calm() (dir, hash string) {
	dir = d.t.TempDir()
	st, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	defer st.Close()
	if _, err := ingest.Run(d.t.Context(), st, feed.Directory(filepath.Join(d.dir, "AWSLogs")), formats(false), ingest.Options{}); err != nil {
		d.t.Fatal(err)
	}
	return dir, hashOf(d.t, st)
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

// busy waits until a worker has messages in its hands.
func (d *disturbed) busy() {
	d.t.Helper()
	for range 600 {
		if _, hidden := mototest.Depth(d.t, d.endpoint, d.url); hidden > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.t.Fatal("no worker takes messages")
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

func (d *disturbed) worker(env []string, args ...string) *worker {
	env = append(os.Environ(), env...)
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
	t.Parallel()
	over, events := 8*time.Second, 5000
	if *soak > 0 {
		over, events = *soak, int(*soak/time.Second)*200 // 5 files a second: what the emulator keeps up with
	}
	d := newDisturbed(t, events, 11)
	store := filepath.Join(t.TempDir(), "store")
	produced := make(chan struct{})
	go func() { defer close(produced); d.produce(over) }()
	w := d.worker(nil, "--store", store)
	for range 2 {
		time.Sleep(over / 3)
		d.busy()
		w.kill()
		w.start()
	}
	<-produced
	d.settled(4 * time.Minute)
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
	if _, want := d.calm(); hashOf(t, st) != want {
		t.Error("the graph is another than that of a calm run")
	}
}

// Two followers and two servers, processes of their own, on one Neo4j and one
// queue: each follower is killed once while everything goes wrong, and the
// graph, and what both servers answer, are those of a calm run.
func TestFollowTogether(t *testing.T) {
	t.Parallel()
	over, events := 4*time.Second, 1200
	if *soak > 0 {
		over, events = *soak, int(*soak/time.Second)*80
	}
	o := neo4jtest.Fresh(t)
	empty, err := neo4j.Open(t.Context(), o) // so that the servers find a graph
	if err != nil {
		t.Fatal(err)
	}
	if err := empty.Close(); err != nil {
		t.Fatal(err)
	}
	store := []string{"--store", o.URI + "?graph=" + o.Graph}
	env := []string{envPrefix + "NEO4J_USERNAME=" + o.Username, envPrefix + "NEO4J_PASSWORD=" + o.Password}
	d := newDisturbed(t, events, 12)
	servers := []string{serverProcess(t, env, store), serverProcess(t, env, store)}
	workers := []*worker{d.worker(env, store...), d.worker(env, store...)}
	produced := make(chan struct{})
	go func() { defer close(produced); d.produce(over) }()
	for _, w := range workers {
		time.Sleep(over / 3)
		d.busy()
		w.kill()
		w.start()
	}
	<-produced
	d.settled(4 * time.Minute)
	both := 0
	for _, w := range workers {
		if w.stop().Files.Stored > 0 {
			both++
		}
	}
	if both != 2 {
		t.Errorf("%d of 2 workers stored anything at the end", both)
	}
	st, err := neo4j.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	calm, want := d.calm()
	if hashOf(t, st) != want {
		t.Error("the graph is another than that of a calm run")
	}

	answer := func(at ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		m := &Main{Args: append([]string{"touched", d.hottest, "--from", "2026-11-22", "--to", "2026-11-23", "--format", "json", "--timeout", "2m"}, at...),
			Stdout: &out, Stderr: &errs, Now: time.Now, Env: func(string) (string, bool) { return "", false }}
		if code := m.Run(t.Context()); code != exitOK {
			t.Fatalf("touched %v: exit %d\n%s", at, code, errs.String())
		}
		var a struct {
			Answer struct{ Total, Identities json.RawMessage }
		}
		if err := json.Unmarshal(out.Bytes(), &a); err != nil || len(a.Answer.Identities) < 100 {
			t.Fatalf("touched %v: %v\n%s", at, err, out.String())
		}
		return string(a.Answer.Total) + string(a.Answer.Identities)
	}
	said := answer("--store", calm)
	for _, url := range servers {
		if answer("--server", url) != said {
			t.Errorf("the server at %s answers otherwise than the calm store", url)
		}
	}
}

// serverProcess starts a server until the test ends, and returns its address.
func serverProcess(t *testing.T, env, args []string) string {
	t.Helper()
	listens := make(chan struct{})
	errs := &watched{on: "http://127.0.0.1:", do: func() { close(listens) }}
	cmd := exec.Command("blastradius", append([]string{"serve", "--listen", "127.0.0.1:0", "--query-timeout", "2m"}, args...)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("serve ended with %v\n%s", err, errs)
		}
	})
	select {
	case <-listens:
	case <-time.After(time.Minute):
		t.Fatalf("the server does not listen\n%s", errs)
	}
	return regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(errs.String())
}
