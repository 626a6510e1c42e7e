package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
)

// benchEdges is a synthetic graph of event edges, made for the store bench:
// sources × resources (both Zipf) over a week of hours, four observations an
// edge-hour, arriving hour by hour as a trail does.
type benchEdges struct {
	rows                []benchEdge
	sources, resources  int
	labels              []graph.Label
	from, to            []graph.ID // by number
	firstHour, lastHour graph.Hour
}

type benchEdge struct {
	from, to uint32
	hour     graph.Hour
	label    uint8
	seconds  [benchTimes]uint16 // ascending, within the hour
}

const (
	benchTimes = 4
	benchHours = 168
)

func newBenchEdges(seed uint64, n int) *benchEdges {
	r := rand.New(rand.NewPCG(seed, 0))
	e := &benchEdges{sources: max(n/33, 100), resources: max(n/100, 50)}
	e.firstHour = graph.TimeOf(time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)).Hour()
	e.lastHour = e.firstHour + benchHours - 1
	for i := range e.sources {
		e.from = append(e.from, graph.ID(fmt.Sprintf("aws:key:ASIA%016d", i)))
	}
	for i := range e.resources {
		e.to = append(e.to, graph.ID(fmt.Sprintf("arn:aws:s3:::bench-bucket-%07d", i)))
	}
	for _, a := range []string{"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"} {
		e.labels = append(e.labels, graph.Label{Action: a, Effect: graph.Read, Match: graph.Declared, Role: graph.Primary, Plane: graph.DataPlane})
	}
	zs, zr := rand.NewZipf(r, 1.1, 20, uint64(e.sources-1)), rand.NewZipf(r, 1.1, 20, uint64(e.resources-1))
	type key struct {
		from, to uint32
		label    uint8
	}
	perHour := n / benchHours
	for h := range benchHours {
		seen := make(map[key]bool, perHour)
		for len(seen) < perHour {
			k := key{uint32(zs.Uint64()), uint32(zr.Uint64()), uint8(r.IntN(len(e.labels)))}
			if seen[k] {
				k.from, k.to = uint32(r.IntN(e.sources)), uint32(r.IntN(e.resources))
				if seen[k] {
					continue
				}
			}
			seen[k] = true
			row := benchEdge{from: k.from, to: k.to, label: k.label, hour: e.firstHour + graph.Hour(h)}
			for i := range row.seconds {
				row.seconds[i] = uint16(r.IntN(3600))
			}
			slices.Sort(row.seconds[:])
			e.rows = append(e.rows, row)
		}
	}
	return e
}

// apply writes the graph to a store in batches of at most
// graph.MaxBatchRecords records.
func (e *benchEdges) apply(ctx context.Context, s graph.Store) error {
	for i := 0; i < len(e.rows); {
		b := graph.NewBuilder()
		end := min(i+graph.MaxBatchRecords/benchTimes, len(e.rows))
		e.add(b, i, end)
		i = end
		if err := s.Apply(ctx, b.Batch()); err != nil {
			return err
		}
	}
	return nil
}

// add puts rows into a batch, as one source.
func (e *benchEdges) add(b *graph.Builder, from, to int) {
	src := b.Source(graph.Source{Name: fmt.Sprintf("bench-%d", from), Kind: "bench", Final: true})
	n := uint32(0)
	for i := from; i < to; i++ {
		row := &e.rows[i]
		k := graph.EventKey{Kind: graph.Called, Outcome: graph.OK,
			From:  b.Node(e.from[row.from], graph.Credential, "aws.key.temporary"),
			To:    b.Node(e.to[row.to], graph.Resource, "aws.s3.bucket"),
			Label: b.Label(e.labels[row.label])}
		for _, sec := range row.seconds {
			b.Event(k, graph.Observation{At: row.hour.Start() + graph.Time(sec)*1000,
				Evidence: benchEvidence(i, n), Source: graph.Ref{Seq: src, Record: n}})
			n++
		}
	}
}

// benchEvidence is an event id in the form of a UUID that does not compress.
func benchEvidence(i int, n uint32) string {
	a := (uint64(i)<<20 | uint64(n)) * 0x9e3779b97f4a7c15
	c := (a ^ a>>29) * 0xbf58476d1ce4e5b9
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], a^a>>31)
	binary.BigEndian.PutUint64(id[8:], c^c>>32)
	return fmt.Sprintf("%x-%x-%x-%x-%x@111122223333", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// sortedArray is the bound: the same edges sorted by target and hour in
// memory, answering with the same values.
type sortedArray struct {
	e     *benchEdges
	index []uint32 // of e.rows, sorted by to, hour
	first []uint32 // by target, where its rows begin in index
}

func newSortedArray(e *benchEdges) *sortedArray {
	a := &sortedArray{e: e, index: make([]uint32, len(e.rows)), first: make([]uint32, e.resources+1)}
	for i := range a.index {
		a.index[i] = uint32(i)
	}
	slices.SortFunc(a.index, func(x, y uint32) int {
		p, q := &e.rows[x], &e.rows[y]
		if p.to != q.to {
			return int(p.to) - int(q.to)
		}
		return int(p.hour) - int(q.hour)
	})
	for _, i := range a.index {
		a.first[e.rows[i].to+1]++
	}
	for i := range e.resources {
		a.first[i+1] += a.first[i]
	}
	return a
}

// touched calls f for each edge of the target with observations in the window.
func (a *sortedArray) touched(to uint32, w graph.Window, f func(graph.Edge)) {
	rows := a.index[a.first[to]:a.first[to+1]]
	i, _ := slices.BinarySearchFunc(rows, w.From.Hour(), func(x uint32, h graph.Hour) int { return int(a.e.rows[x].hour) - int(h) })
	for _, x := range rows[i:] {
		row := &a.e.rows[x]
		start := row.hour.Start()
		if start >= w.To {
			return
		}
		edge := graph.Edge{From: a.e.from[row.from], To: a.e.to[row.to], Kind: graph.Called,
			Label: a.e.labels[row.label], Outcome: graph.OK, Hour: row.hour}
		for _, sec := range row.seconds {
			if at := start + graph.Time(sec)*1000; w.Contains(at) {
				if edge.Calls++; edge.Calls == 1 {
					edge.First = at
				}
				edge.Last = at
			}
		}
		if edge.Calls > 0 {
			f(edge)
		}
	}
}

// benchAnswer is what a question comes to, for the comparison of answers.
type benchAnswer struct {
	rows, calls int
	first, last graph.Time
	ids         uint64
}

func (a *benchAnswer) add(e graph.Edge) {
	if a.rows == 0 || e.First < a.first {
		a.first = e.First
	}
	a.last = max(a.last, e.Last)
	a.rows++
	a.calls += e.Calls
	a.ids += graph.CallKeyOf(string(e.From)) ^ uint64(len(e.To))
}

func benchStore(ctx context.Context, o benchOptions) ([]benchRow, error) {
	e := newBenchEdges(o.seed, o.edges)
	dir, err := o.tempDir("store")
	if err != nil {
		return nil, err
	}
	store, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	began := time.Now()
	if err := e.apply(ctx, store); err != nil {
		return nil, err
	}
	o.say("store: %d edge-hours, %d observations applied in %v", len(e.rows), len(e.rows)*benchTimes, time.Since(began).Round(time.Millisecond))
	array := newSortedArray(e)

	r := rand.New(rand.NewPCG(o.seed, 1))
	var ours, bound []time.Duration
	rows := 0
	for range o.questions {
		// By popularity: the target of an edge drawn at random.
		to := e.rows[r.IntN(len(e.rows))].to
		end := e.firstHour.Start() + graph.Time(r.Int64N(int64(benchHours)*graph.HourMillis))
		w := graph.Window{From: end.Add(-4 * time.Hour), To: end}
		var want, got benchAnswer
		t := time.Now()
		array.touched(to, w, want.add)
		bound = append(bound, time.Since(t))
		t = time.Now()
		for edge, err := range store.Edges(ctx, []graph.ID{e.to[to]}, graph.In, graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w}) {
			if err != nil {
				return nil, err
			}
			got.add(edge)
		}
		ours = append(ours, time.Since(t))
		if got != want {
			return nil, fmt.Errorf("touched %s in %v: the store says %+v, the sorted array %+v", e.to[to], w, got, want)
		}
		rows += want.rows
	}
	what := fmt.Sprintf("touched, 4 h, %d edge-hours, %.0f rows", len(e.rows), float64(rows)/float64(o.questions))
	out := []benchRow{
		cost(what+", p50 µs", quantile(bound, 0.5), quantile(ours, 0.5), 10, "a sorted array in memory"),
		cost(what+", p99 µs", quantile(bound, 0.99), quantile(ours, 0.99), 10, "a sorted array in memory"),
	}
	return out, nil
}
