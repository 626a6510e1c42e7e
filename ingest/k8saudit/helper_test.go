package k8saudit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/feed"
)

// ingested is a store that read the files in order of their names, of a cluster
// called prod where they do not say it.
func ingested(t testing.TB, files map[string]string) (graph.Store, ingest.Report) {
	t.Helper()
	s, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	report, err := ingest.Run(context.Background(), s, feed.FS(fsys, ".", ""), []ingest.Format{New(Options{Cluster: "prod"})}, ingest.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return s, report
}

func hashOf(t testing.TB, s graph.Store) string {
	t.Helper()
	h, err := storetest.Hash(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// edges are the edges of a store, a line each, with marks; k8s:prod: is left
// out of ids.
func edges(t testing.TB, s graph.Store) (out []string) {
	t.Helper()
	for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%s %s %s", e.From, e.Kind, e.To)
		switch e.Kind {
		case graph.Called:
			line += fmt.Sprintf(" %s %s %s", e.Label.Action, e.Label.Effect, e.Outcome)
			if e.Label.Role != graph.Primary {
				line += " " + e.Label.Role.String()
			}
			if e.Via.Agent != "" {
				line += " by " + string(e.Via.Agent)
			}
			if e.Calls > 1 {
				line += fmt.Sprint(" ", e.Calls)
			}
		case graph.Issued:
			line += " " + e.Label.Join.String()
		case graph.GrantedBy:
			line += " " + e.Label.Detail
		}
		for _, m := range e.Marks {
			line += fmt.Sprintf(" %s %s", map[graph.MarkKind]string{graph.Began: "began", graph.Ended: "ended"}[m.Kind], m.At)
		}
		out = append(out, strings.ReplaceAll(line, "k8s:prod:", ""))
	}
	slices.Sort(out)
	return out
}

func nodes(t testing.TB, s graph.Store) map[graph.ID]graph.Node {
	t.Helper()
	out := map[graph.ID]graph.Node{}
	for n, err := range s.Nodes(context.Background(), graph.Selector{}) {
		if err != nil {
			t.Fatal(err)
		}
		out[n.ID] = n
	}
	return out
}
