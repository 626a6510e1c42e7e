package snapshot

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/awsiam"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/testdata"
)

var (
	testKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	last4h  = graph.Window{From: graph.TimeOf(testdata.Now.Add(-4 * time.Hour)), To: graph.TimeOf(testdata.Now)}
)

func options(w graph.Window, before time.Duration) Options {
	return Options{Window: w, Before: before, Engine: "test", Taken: testdata.Now,
		Queries: []Query{{Document: "{ watermark }", Variables: json.RawMessage("{}")}}}
}

// fill ingests the demo world, its files in that order, each as a run of its own
// where apart is set.
func fill(t *testing.T, st graph.Store, order []int, apart bool) {
	t.Helper()
	files := slices.Collect(feed.Concat(feed.FS(testdata.World, "world/cloudtrail", "demo:"), feed.FS(testdata.World, "world/iam", "demo:")))
	formats := []ingest.Format{cloudtrail.New(cloudtrail.Options{}), awsiam.New()}
	run := func(list iter.Seq[feed.Object]) {
		if _, err := ingest.Run(t.Context(), st, list, formats, ingest.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if order == nil {
		run(slices.Values(files))
		return
	}
	var sorted []feed.Object
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(files)) {
		sorted = append(sorted, files[i])
	}
	if !apart {
		run(slices.Values(sorted))
		return
	}
	for _, f := range sorted {
		run(slices.Values([]feed.Object{f}))
	}
}

func openPebble(t *testing.T) *pebble.Store {
	t.Helper()
	st, err := pebble.Open(t.TempDir(), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func take(t *testing.T, st graph.Store, o Options) (*Snapshot, []byte) {
	t.Helper()
	s, err := Take(t.Context(), st, o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	hash, err := s.Write(&b, testKey)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash != hash || !got.Key.Equal(testKey.Public()) {
		t.Fatalf("read hash %s and key %x, wrote %s", got.Hash, got.Key, hash)
	}
	return got, b.Bytes()
}

// TestOneHash holds that stores with the same facts have snapshots of one hash:
// other order, other batches. The scripts in cmd hold it for Neo4j.
func TestOneHash(t *testing.T) {
	stores := map[string]graph.Store{"in order": openPebble(t), "shuffled": openPebble(t), "one by one": openPebble(t)}
	fill(t, stores["in order"], nil, false)
	fill(t, stores["shuffled"], []int{1}, false)
	fill(t, stores["one by one"], []int{1}, true)
	var want string
	for name, st := range stores {
		s, _ := take(t, st, options(last4h, DefaultBefore))
		if want == "" {
			want = s.Hash
		}
		if s.Hash != want {
			t.Errorf("%s: another hash", name)
		}
	}
	other, _ := take(t, stores["shuffled"], options(graph.Window{From: last4h.From + 1, To: last4h.To}, DefaultBefore))
	if other.Hash == want {
		t.Error("another window has the same hash")
	}
}

// TestReplay holds that a snapshot of all that there is gives back the very store:
// facts, ledger and numbers.
func TestReplay(t *testing.T) {
	st := openPebble(t)
	fill(t, st, []int{1}, true)
	s, _ := take(t, st, options(last4h, DefaultBefore))
	back := openPebble(t)
	if err := s.Replay(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(t, st), whole(t, back)); diff != "" {
		t.Errorf("the store differs (-was +is):\n%s", diff)
	}
	if err := s.Replay(t.Context(), back); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("replayed into a full store: %v", err)
	}
}

// whole is everything a store holds, with places and ledger numbers.
func whole(t *testing.T, st graph.Store) (out struct {
	Nodes  []graph.Node
	Edges  []graph.Edge
	Ledger []graph.Source
}) {
	t.Helper()
	out.Nodes = all(t, st.Nodes(t.Context(), graph.Selector{}))
	out.Edges = all(t, st.Edges(t.Context(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}))
	slices.SortFunc(out.Edges, func(a, b graph.Edge) int { return a.Compare(&b) })
	out.Ledger = all(t, st.Sources(t.Context()))
	return out
}

func all[T any](t *testing.T, seq iter.Seq2[T, error]) (out []T) {
	t.Helper()
	for x, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

// questions are what the narrow snapshot is asked: every kind of look behind the
// window is among them.
var questions = map[string]map[string]any{
	"touched":     {"resources": []string{testdata.FailedResource}, "who": "ALL"},
	"activity":    {"of": []string{testdata.DeployRole}},
	"chain":       {"of": []string{testdata.ForwardedKey}, "at": testdata.Now},
	"reach":       {"from": []string{testdata.EngineerKey}, "static": true},
	"failures":    {},
	"novel":       {"baseline": "1h"},
	"workflow":    {"of": []string{testdata.DeployKey}},
	"suspects":    {"resource": testdata.FailedResource, "at": testdata.FailureBegins, "lookBack": "40m", "baseline": "1h"},
	"containment": {"cut": []string{testdata.EngineerKey}},
	"timeline":    {"first": 500},
	"histogram":   {},
	"picture":     {"of": []string{testdata.FailedResource}},
	"neighbours":  {"id": testdata.DeployRole},
	"node":        {"id": testdata.DeployRole},
	"search":      {"text": "billing"},
	"coverage":    {},
	"sources":     {},
	"watermark":   {},
}

// TestAnswers holds that a snapshot of an hour, with two before, answers every
// question about that hour byte for byte as the store does, and says that it is
// incomplete where one goes beyond.
func TestAnswers(t *testing.T) {
	st := openPebble(t)
	fill(t, st, []int{1}, true)
	hour := graph.Window{From: graph.TimeOf(testdata.Now.Add(-time.Hour)), To: graph.TimeOf(testdata.Now)}
	s, _ := take(t, st, options(hour, 2*time.Hour))
	back := openPebble(t)
	if err := s.Replay(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	calls := func(st graph.Store) (n int) {
		for _, e := range all(t, st.Edges(t.Context(), nil, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Called}})) {
			n += e.Calls
		}
		return n
	}
	if was, is := calls(st), calls(back); is >= was*3/4 || is == 0 {
		t.Fatalf("the snapshot holds %d of %d calls: it shows nothing", is, was)
	}
	was := explore.New(st, explore.Options{})
	is := explore.New(back, explore.Options{Holds: graph.Window(s.Manifest.Holds)})
	window := map[string]any{"from": hour.From, "to": hour.To}
	for name, vars := range questions {
		if strings.Contains(api.Document(name), "$window") {
			vars["window"] = window
		}
		if a, b := ask(t, was, name, vars), ask(t, is, name, vars); a != b {
			t.Errorf("%s: the answers differ:\n%s", name, cmp.Diff(a, b))
		}
	}
	beyond := map[string]any{"resources": []string{testdata.FailedResource}, "window": map[string]any{"last": "6h", "until": testdata.Now}}
	if a := ask(t, is, "touched", beyond); !strings.Contains(a, "only calls from 2026-11-22T11:02:00Z to 2026-11-22T15:02:00Z are held here") {
		t.Error("a window beyond what is held reads as complete")
	}
	if a := ask(t, is, "novel", map[string]any{"window": window}); !strings.Contains(a, `"tooShort":true,"reason":"only calls from`) {
		t.Error("a baseline beyond what is held reads as whole")
	}
	if a := ask(t, is, "inventory", map[string]any{"until": testdata.Now}); !strings.Contains(a, "are held here") {
		t.Error("an inventory over all time reads as complete")
	}
}

func ask(t *testing.T, x *explore.Explorer, name string, vars map[string]any) string {
	t.Helper()
	data, err := api.Execute(t.Context(), api.Options{Explorer: x, Now: func() time.Time { return testdata.Now }}, api.Document(name), vars)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(data)
}

// TestFlip holds that no byte can change: each is refused, and a byte in a block
// with the place of that block.
func TestFlip(t *testing.T) {
	st := openPebble(t)
	fill(t, st, nil, false)
	_, file := take(t, st, options(last4h, 0))
	starts := blockStarts(t, file)
	if len(starts) < 10 {
		t.Fatalf("%d blocks", len(starts))
	}
	place := regexp.MustCompile(`in block (\d+)|block (\d+) \(`)
	for at := range file {
		// All heads and sums, and of the rest every 53rd byte.
		block, _ := slices.BinarySearch(starts, at+1)
		near := block > 0 && at-starts[block-1] < 6 || block < len(starts) && starts[block]-at <= sumSize
		if !near && at%53 != 0 {
			continue
		}
		bad := slices.Clone(file)
		bad[at] ^= 1 << (at % 8)
		_, err := Read(bytes.NewReader(bad))
		if err == nil {
			t.Fatalf("a flipped byte at %d passes", at)
		}
		if block == 0 {
			continue // the first line
		}
		m := place.FindStringSubmatch(err.Error())
		if graph.Code(err) != graph.CodeCorrupt || m == nil || m[1]+m[2] != fmt.Sprint(block) {
			t.Errorf("a flipped byte at %d, in block %d: %v (%s)", at, block, err, graph.Code(err))
		}
	}
}

// blockStarts are where blocks begin.
func blockStarts(t *testing.T, file []byte) (out []int) {
	t.Helper()
	at := bytes.IndexByte(file, '\n') + 1
	for at < len(file) {
		out = append(out, at)
		at += 5 + int(binary.BigEndian.Uint32(file[at+1:])) + sumSize
	}
	if at != len(file) {
		t.Fatalf("blocks end at %d of %d", at, len(file))
	}
	return out
}

// TestRefused holds that what is cut short, put together anew, signed by nobody,
// newer or no snapshot is refused, each in its own words.
func TestRefused(t *testing.T) {
	st := openPebble(t)
	fill(t, st, nil, false)
	_, file := take(t, st, options(last4h, 0))
	starts := blockStarts(t, file)
	block := func(i int) []byte {
		end := len(file)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		return file[starts[i]:end]
	}
	line := file[:starts[0]]
	var swapped []byte
	swapped = append(append(append(swapped, line...), block(1)...), block(0)...)
	for name, c := range map[string]struct {
		file       []byte
		code, says string
	}{
		"newer":            {append([]byte("blastradius snapshot 2\n"), file[len(line):]...), graph.CodeVersion, "has format 2, and this build reads up to 1"},
		"no snapshot":      {[]byte("{}\n"), graph.CodeInvalid, "this is no snapshot"},
		"empty":            {nil, graph.CodeInvalid, "this is no snapshot"},
		"cut in a block":   {file[:starts[3]+20], graph.CodeCorrupt, "ends early: in block 4 (nodes)|ends early: in block 4 (events)"},
		"cut at its end":   {file[:starts[len(starts)-1]], graph.CodeCorrupt, "ends early: in block"},
		"something behind": {append(slices.Clone(file), 'x'), graph.CodeCorrupt, "something behind the end"},
		"swapped":          {swapped, graph.CodeCorrupt, "block 1 (queries)"},
		"signed by nobody": {resealed(t, file, starts, make([]byte, ed25519.SignatureSize)), graph.CodeCorrupt, "is not the signature"},
	} {
		_, err := Read(bytes.NewReader(c.file))
		ok := false
		for _, says := range strings.Split(c.says, "|") {
			ok = ok || err != nil && strings.Contains(err.Error(), says)
		}
		if graph.Code(err) != c.code || !ok || graph.Hint(err) == "" {
			t.Errorf("%s: %v (%s), hint %q", name, err, graph.Code(err), graph.Hint(err))
		}
	}
}

// resealed has a signature block whose hashes fit, with another signature.
func resealed(t *testing.T, file []byte, starts []int, signature []byte) []byte {
	t.Helper()
	at := starts[len(starts)-1]
	var z seal
	if err := json.Unmarshal(file[at+5:len(file)-sumSize], &z); err != nil {
		t.Fatal(err)
	}
	z.Signature = signature
	text, err := json.Marshal(z)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := &writer{w: &b, sum: [sumSize]byte(file[at-sumSize : at])}
	w.plain(blockSignature, text)
	return append(slices.Clone(file[:at]), b.Bytes()...)
}

// TestHoles holds that a ledger with numbers that are not there is opened with
// others, its order kept.
func TestHoles(t *testing.T) {
	st := openPebble(t)
	fill(t, st, nil, false)
	s, err := Take(t.Context(), st, options(last4h, 0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Ledger {
		s.Ledger[i].Seq *= 3
	}
	if err := s.refs(func(r *graph.Ref) bool { r.Seq = r.Seq*3 - uint64(r.Record%2); return true }); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := s.Write(&b, testKey); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	back := openPebble(t)
	if err := got.Replay(context.Background(), back); err != nil {
		t.Fatal(err)
	}
	want, err := Take(t.Context(), st, options(last4h, 0))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Ledger, all(t, back.Sources(t.Context()))); diff != "" {
		t.Error(diff)
	}
	again, err := Take(t.Context(), back, options(last4h, 0))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Events, again.Events); diff != "" {
		t.Error(diff)
	}
}

func TestKeys(t *testing.T) {
	key, text, err := NewKey(bytes.NewReader(bytes.Repeat([]byte{1}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseKey(text); err != nil || !got.Equal(key) {
		t.Errorf("read key: %v", err)
	}
	public := key.Public().(ed25519.PublicKey)
	if got, err := ParsePublic(PublicText(public) + "\n"); err != nil || !got.Equal(public) {
		t.Errorf("read public key: %v", err)
	}
	for _, bad := range []string{"", "ed25519:", "ed25519:AAAA", "rsa:" + PublicText(public)} {
		if _, err := ParsePublic(bad); graph.Code(err) != graph.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := ParseKey([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("no key: %v", err)
	}
}

// FuzzRead holds that no input makes reading panic, and that none but the whole
// is read.
func FuzzRead(f *testing.F) {
	s := &Snapshot{Queries: []Query{}, Nodes: []graph.Node{{ID: "a", Kind: graph.Identity}}}
	var b bytes.Buffer
	if _, err := s.Write(&b, testKey); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("blastradius snapshot 1\nN\x00\x00\x00\x01a"))
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := Read(bytes.NewReader(in))
		if err == nil && got.Key.Equal(testKey.Public()) && !bytes.Equal(in, b.Bytes()) {
			t.Error("read something else under the same key")
		}
	})
}

// TestCapture holds Replay on a real capture, where it is there: an attack tool's
// hour in a real account.
func TestCapture(t *testing.T) {
	const dir = "../../shared/data/invictus-aws-stratus-2023"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the capture is not here")
	}
	st := openPebble(t)
	if _, err := ingest.Run(t.Context(), st, feed.Directory(dir), []ingest.Format{cloudtrail.New(cloudtrail.Options{})}, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	s, _ := take(t, st, options(graph.Window{From: graph.TimeOf(time.Date(2023, 7, 10, 11, 0, 0, 0, time.UTC)), To: graph.TimeOf(time.Date(2023, 7, 10, 13, 0, 0, 0, time.UTC))}, DefaultBefore))
	if len(s.Events) < 500 {
		t.Fatalf("%d events", len(s.Events))
	}
	back := openPebble(t)
	if err := s.Replay(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(t, st), whole(t, back)); diff != "" {
		t.Errorf("the store differs (-was +is):\n%s", diff)
	}
}
