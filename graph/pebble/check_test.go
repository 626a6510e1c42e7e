package pebble_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
)

func filled(t *testing.T, batches, size int) (*pebble.Store, *storetest.Model) {
	t.Helper()
	s, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem(), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	m := storetest.NewModel()
	e := newEstate(3, 2000)
	for range batches {
		b := e.batch(size)
		k := graph.NewBuilder()
		src := graph.Ref{Seq: k.Source(graph.Source{Name: "standing"})}
		key, role := k.Node(e.actors[0], graph.Credential, "aws.key.temporary"), k.Node("role", graph.Identity, "aws.iam.role")
		k.Attr(role, graph.AttrAlias, "also-role", e.at)
		k.Standing(graph.StandingKey{From: key, To: role, Kind: graph.Of, Label: k.Label(graph.Label{})}, e.at, src)
		for _, x := range []*graph.Batch{b, b, k.Batch()} {
			for _, st := range []graph.Store{s, m} {
				if err := st.Apply(context.Background(), x); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return s, m
}

func TestStats(t *testing.T) {
	s, m := filled(t, 3, 700)
	got, err := s.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := pebble.Stats{Edges: map[graph.EdgeKind]uint64{}}
	for range m.Nodes(context.Background(), graph.Selector{}) {
		want.Nodes++
	}
	for e := range m.Edges(context.Background(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
		want.Edges[e.Kind]++
		want.Observations += uint64(len(e.Observations))
	}
	if got.Nodes != want.Nodes || got.Observations != want.Observations || got.Edges[graph.Called] != want.Edges[graph.Called] ||
		got.Edges[graph.Of] != 1 || got.Sources != watermark(m) || got.Watermark != watermark(m) || got.Format != 3 || got.Disk == 0 {
		t.Errorf("Stats is %+v, the model counts %+v and has watermark %d", got, want, watermark(m))
	}
}

func TestCheck(t *testing.T) {
	s, m := filled(t, 3, 700)
	r, err := s.Check(context.Background())
	if err != nil || !r.OK() || r.Observations != 2100 {
		t.Fatalf("Check of a sound store: %+v, %v", r, err)
	}
	floor := graph.TimeOf(newEstate(3, 2000).at.Time()).Add(30 * 60e9)
	for _, x := range []graph.Store{s, m} {
		if err := x.Prune(context.Background(), floor.Time()); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := s.Check(context.Background()); err != nil || !r.OK() || r.Observations == 0 || r.Observations == 2100 {
		t.Fatalf("Check of a pruned store: %+v, %v", r, err)
	}
	for _, c := range []struct {
		tag  byte
		says string
	}{
		{pebble.TagIn, "has no twin"}, {pebble.TagOut, "event edges by source"}, {pebble.TagEvidence, "not in the evidence index"},
		{pebble.TagStandingIn, "differs from its twin"}, {pebble.TagToken, "is not found by"}, {pebble.TagAlias, "alias"}, {pebble.TagNumber, "has number"},
	} {
		t.Run(c.says, func(t *testing.T) {
			s, _ := filled(t, 1, 300)
			if err := s.DropFirst(c.tag); err != nil {
				t.Fatal(err)
			}
			r, err := s.Check(context.Background())
			if err != nil || r.OK() || !strings.Contains(strings.Join(r.Problems, "\n"), c.says) {
				t.Errorf("Check of a store without its first %q: %v, %v; want a problem that says %q", c.tag, r.Problems, err, c.says)
			}
		})
	}
}

// What is only in the log, as after a killed process, is counted as well; a
// closed store has nothing in it.
func TestStatsOfTheLog(t *testing.T) {
	fill := func(memTable int) (fs *vfs.MemFS, s *pebble.Store) {
		fs = vfs.NewCrashableMem()
		s, err := pebble.Open("store", pebble.Options{FS: fs, CacheBytes: 1 << 20, MemTableBytes: memTable})
		if err != nil {
			t.Fatal(err)
		}
		e := newEstate(3, 2000)
		for range 4 {
			if err := s.Apply(context.Background(), e.batch(250)); err != nil {
				t.Fatal(err)
			}
		}
		return fs, s
	}
	running, s := fill(64 << 20)
	killed := running.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	fs, s := fill(256 << 10) // of several logs
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := fs.List("store")
	if err != nil {
		t.Fatal(err)
	}
	if logs := slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, ".log") }); len(logs) > 1 {
		t.Errorf("a closed store keeps the logs %v", logs)
	}
	for _, c := range []struct {
		name string
		fs   vfs.FS
		log  bool
	}{{"killed", killed, true}, {"closed", fs, false}} {
		s, err := pebble.Open("store", pebble.Options{FS: c.fs, CacheBytes: 1 << 20, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Stats(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if log, events := got.Bytes["log"], got.Bytes["events by source"]; log > 10_000 != c.log || events > 10_000 == c.log || got.Disk < 10_000 {
			t.Errorf("%s: %d bytes in the log, %d of events in files, %d on disk", c.name, log, events, got.Disk)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
