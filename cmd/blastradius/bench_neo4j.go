package main

import (
	"context"
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/neo4j"
)

// The size of the Neo4j bench: a batch is that many hours of the graph.
const (
	neo4jBatchHours = 12
	neo4jMaxEdges   = 126_000 // of --edges, so that the bench ends in minutes
)

// neo4jBench is one run against a server.
type neo4jBench struct {
	o       benchOptions
	e       *benchEdges
	batches [][2]int // rows of e, from and to
	db      driver.SessionWithContext
	graphs  []string
}

// benchNeo4j measures against the server of --store. What is bare are
// statements that anyone would write first, on the same rows and properties.
func benchNeo4j(ctx context.Context, o benchOptions) (rows []benchRow, err error) {
	if o.neo4j.URI == "" {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "bench neo4j needs a server", Hint: "--store neo4j://HOST:PORT"}
	}
	d, err := driver.NewDriverWithContext(o.neo4j.URI, driver.BasicAuth(o.neo4j.Username, o.neo4j.Password, ""))
	if err != nil {
		return nil, err
	}
	defer d.Close(ctx)
	b := &neo4jBench{o: o, e: newBenchEdges(o.seed, min(o.edges, neo4jMaxEdges)),
		db: d.NewSession(ctx, driver.SessionConfig{DatabaseName: o.neo4j.Database, FetchSize: driver.FetchAll})}
	defer b.db.Close(ctx)
	defer func() {
		if cerr := b.clean(context.WithoutCancel(ctx)); err == nil {
			err = cerr
		}
	}()
	for i := 0; i < len(b.e.rows); {
		j := i
		for j < len(b.e.rows) && b.e.rows[j].hour < b.e.rows[i].hour+neo4jBatchHours && (j-i)*benchTimes < graph.MaxBatchRecords-benchTimes {
			j++
		}
		b.batches = append(b.batches, [2]int{i, j})
		i = j
	}
	one, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	defer one.Close()
	written, err := b.write(ctx, one)
	if err != nil {
		return nil, err
	}
	two, err := b.twoWriters(ctx)
	if err != nil {
		return nil, err
	}
	read, err := b.read(ctx, one)
	return append(append(written, two...), read...), err
}

// open opens a new graph on the server.
func (b *neo4jBench) open(ctx context.Context) (*neo4j.Store, error) {
	o := b.o.neo4j
	o.Graph = "bench" + strings.ToLower(rand.Text())
	b.graphs = append(b.graphs, o.Graph)
	return neo4j.Open(ctx, o)
}

// clean deletes what the bench made.
func (b *neo4jBench) clean(ctx context.Context) error {
	for _, g := range b.graphs {
		for _, text := range []string{
			`MATCH (n:Node)-[r]->() WHERE n.id STARTS WITH '~' + $graph + '~' CALL (r) { DELETE r } IN TRANSACTIONS OF 10000 ROWS`,
			`MATCH (n:Node) WHERE n.id STARTS WITH '~' + $graph + '~' CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS`,
			`MATCH (s:Source {graph: $graph}) WHERE s.seq > 0 DELETE s`, `MATCH (g:Graph {name: $graph}) DELETE g`,
		} {
			if _, err := b.run(ctx, text, map[string]any{"graph": g}); err != nil {
				return fmt.Errorf("clean up: %w", err)
			}
		}
	}
	return nil
}

// run runs a bare statement.
func (b *neo4jBench) run(ctx context.Context, text string, params map[string]any) ([]*driver.Record, error) {
	res, err := b.db.Run(ctx, text, params)
	if err != nil {
		return nil, err
	}
	return res.Collect(ctx)
}

// batch are rows of the graph as a batch.
func (b *neo4jBench) batch(i int) *graph.Batch {
	at := b.batches[i]
	out := graph.NewBuilder()
	b.e.add(out, at[0], at[1])
	return out.Batch()
}

// write applies every batch, and beside each, creates the same relationships
// with the same properties bare; then applies all again.
func (b *neo4jBench) write(ctx context.Context, s *neo4j.Store) ([]benchRow, error) {
	var ours, bare, again time.Duration
	var cpu time.Duration
	edges := 0
	for i, at := range b.batches {
		batch := b.batch(i)
		runtime.GC()
		used, t := cpuTime(), time.Now()
		if err := s.Apply(ctx, batch); err != nil {
			return nil, err
		}
		took := time.Since(t)
		cpu += cpuTime() - used
		hours := graph.Window{From: b.e.rows[at[0]].hour.Start(), To: (b.e.rows[at[1]-1].hour + 1).Start()}
		rows, err := b.run(ctx, `MATCH (g:Graph {name: $graph})
MATCH (a)-[r:CALLED]->(c) WHERE r.h >= g.number * 4294967296 + $from AND r.h < g.number * 4294967296 + $to AND r.th IS NOT NULL AND r.eh IS NOT NULL
RETURN [a.id, c.id, properties(r)]`, map[string]any{"graph": b.graphs[0], "from": int64(hours.From.Hour()), "to": int64(hours.To.Hour())})
		if err != nil {
			return nil, err
		}
		if len(rows) < at[1]-at[0] {
			return nil, fmt.Errorf("batch %d: %d relationships, want %d", i, len(rows), at[1]-at[0])
		}
		list := make([]any, len(rows))
		for i, r := range rows {
			list[i] = r.Values[0]
		}
		t = time.Now()
		for rest := list; len(rest) > 0; rest = rest[min(len(rest), 10_000):] {
			if _, err := b.run(ctx, `UNWIND $rows AS row MATCH (a:Node {id: row[0]}) MATCH (b:Node {id: row[1]}) CREATE (a)-[r:BARE]->(b) SET r = row[2]`,
				map[string]any{"rows": rest[:min(len(rest), 10_000)]}); err != nil {
				return nil, err
			}
		}
		if i == 0 {
			continue // plans and the server's code get warm
		}
		bare += time.Since(t)
		ours += took
		edges += len(rows)
	}
	for i := range b.batches {
		batch := b.batch(i)
		t := time.Now()
		if err := s.Apply(ctx, batch); err != nil {
			return nil, err
		}
		if i > 0 {
			again += time.Since(t)
		}
	}
	b.o.say("neo4j: %d edge-hours of %d observations in %v; the client's CPU %.2f s, %.0f %% of that time; applied again at %.0f edge-hours/s",
		edges, benchTimes, ours.Round(time.Millisecond), cpu.Seconds(), 100*cpu.Seconds()/ours.Seconds(), float64(edges)/again.Seconds())
	per := func(d time.Duration) float64 { return float64(edges) / d.Seconds() }
	return []benchRow{
		rate("neo4j, new edge-hours/s", per(bare), per(ours), 0.5, "bare UNWIND … MATCH … CREATE of the same rows"),
		rate("neo4j, the same again, edge-hours/s", per(ours), per(again), 1, "ours, new"),
	}, nil
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// twoWriters applies half of the batches by each of two stores, beside one that
// applies all, each to a new graph.
func (b *neo4jBench) twoWriters(ctx context.Context) ([]benchRow, error) {
	var took [2]time.Duration
	var deadlocks uint64
	for n := 1; n <= 2; n++ {
		first, err := b.open(ctx)
		if err != nil {
			return nil, err
		}
		defer first.Close()
		writers := []*neo4j.Store{first}
		if n == 2 {
			o := b.o.neo4j
			o.Graph = b.graphs[len(b.graphs)-1]
			second, err := neo4j.Open(ctx, o)
			if err != nil {
				return nil, err
			}
			defer second.Close()
			writers = append(writers, second)
		}
		errs := make([]error, n)
		t := time.Now()
		var wg sync.WaitGroup
		for w, s := range writers {
			wg.Go(func() {
				for i := w; i < len(b.batches); i += n {
					if err := s.Apply(ctx, b.batch(i)); err != nil {
						errs[w] = err
						return
					}
				}
			})
		}
		wg.Wait()
		took[n-1] = time.Since(t)
		for w, err := range errs {
			if err != nil {
				return nil, err
			}
			deadlocks += writers[w].Counters().Deadlocks
		}
	}
	edges := float64(len(b.e.rows))
	return []benchRow{
		rate("neo4j, two writers, edge-hours/s", edges/took[0].Seconds(), edges/took[1].Seconds(), 0.9, "one writer"),
		{Name: "neo4j, retries after deadlocks", Against: "none", Ours: float64(deadlocks), Goal: "0", Met: deadlocks == 0},
	}, nil
}

// read asks for four hours of the resource with most calls, beside the bare
// Cypher that gives the same rows, and walks three hops.
func (b *neo4jBench) read(ctx context.Context, s *neo4j.Store) ([]benchRow, error) {
	count := map[uint32]int{}
	hot := b.e.rows[0].to
	for i := range b.e.rows {
		to := b.e.rows[i].to
		if count[to]++; count[to] > count[hot] {
			hot = to
		}
	}
	id := b.e.to[hot]
	r := mrand.New(mrand.NewPCG(b.o.seed, 2))
	var ours, bare []time.Duration
	n := 0
	for range min(b.o.questions, 200) {
		end := b.e.firstHour.Start() + graph.Time((4+r.Int64N(benchHours-4))*graph.HourMillis) + graph.Time(r.Int64N(graph.HourMillis))
		w := graph.Window{From: end.Add(-4 * time.Hour), To: end}
		got := 0
		t := time.Now()
		for _, err := range s.Edges(ctx, []graph.ID{id}, graph.In, graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w}) {
			if err != nil {
				return nil, err
			}
			got++
		}
		ours = append(ours, time.Since(t))
		t = time.Now()
		rows, err := b.run(ctx, `MATCH (g:Graph {name: $graph})
MATCH (c:Node {id: '~' + $graph + '~' + $id})<-[r:CALLED]-(a) WHERE r.last >= $from AND r.first < $to
RETURN a.id, r.action, r.effect, r.outcome, r.n, r.first, r.last`, map[string]any{"graph": b.graphs[0], "id": string(id), "from": w.From.Time(), "to": w.To.Time()})
		if err != nil {
			return nil, err
		}
		bare = append(bare, time.Since(t))
		if got > len(rows) || got < len(rows)*3/4 { // bare rows of cut hours may have no call in the window
			return nil, fmt.Errorf("%v: %d edges, bare Cypher %d", w, got, len(rows))
		}
		n += got
	}
	before := s.Counters().Statements
	frontier := []graph.ID{id}
	for hop := range 3 {
		var next []graph.ID
		for e, err := range s.Edges(ctx, frontier, []graph.Direction{graph.In, graph.Out}[hop%2], graph.Filter{}) {
			if err != nil {
				return nil, err
			}
			next = append(next, []graph.ID{e.From, e.To}[hop%2])
		}
		frontier = next[:min(len(next), 1000)]
	}
	statements := float64(s.Counters().Statements - before)
	return []benchRow{
		cost(fmt.Sprintf("neo4j, touched, 4 h of the hottest of %d edge-hours, %d rows, p50 µs", len(b.e.rows), n/len(ours)),
			quantile(bare, 0.5), quantile(ours, 0.5), 3, "bare Cypher of the same rows"),
		cost("neo4j, statements of a walk of three hops", 3, statements, 1, "one a hop"),
	}, nil
}
