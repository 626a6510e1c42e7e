package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/pebble"
)

// benchReachSeeds bounds the seeds that are asked for.
const benchReachSeeds = 40

// benchTries is how often each thing is done; the quickest counts, of ours as of
// the others: what else the machine does is not what is measured.
const benchTries = 3

// quickest is the least time that f takes.
func quickest(f func() error) (time.Duration, error) {
	least := time.Duration(math.MaxInt64)
	for range benchTries {
		t := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		least = min(least, time.Since(t))
	}
	return least, nil
}

// benchHot is how many bytes the hot window of the bench may take; it says how
// many it does.
const benchHot = 1 << 30

// benchHop is one timed edge of the reach bench: an issue from key to key, or a
// call on a resource that reads or alters it.
type benchHop struct {
	from, to uint32 // resources are numbered behind the keys
	mark     graph.Taint
	at       graph.Time
}

// benchHops are n timed edges over a week between n/33 keys and n/100 resources,
// one in ten an issue, callers by a Zipf law.
func benchHops(seed uint64, n int) (hops []benchHop, keys int, start graph.Time) {
	r := rand.New(rand.NewPCG(seed, 4))
	keys = max(n/33, 100)
	resources := max(n/100, 50)
	start = graph.TimeOf(time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC))
	zipf := rand.NewZipf(r, 1.1, 20, uint64(keys-1))
	span := int64(benchHours) * graph.HourMillis
	for i := range n {
		h := benchHop{from: uint32(zipf.Uint64()), at: start + graph.Time(int64(i)*span/int64(n))/1000*1000}
		switch k := r.IntN(20); {
		case k < 2:
			h.to, h.mark = uint32(r.IntN(keys)), graph.Controlled
		case k < 6:
			h.to, h.mark = uint32(keys+r.IntN(resources)), graph.Altered
		default:
			h.to, h.mark = uint32(keys+r.IntN(resources)), graph.Exposed
		}
		if h.from != h.to {
			hops = append(hops, h)
		}
	}
	return hops, keys, start
}

func benchKey(n uint32) graph.ID { return graph.ID(fmt.Sprintf("aws:key:ASIA%016d", n)) }

// applyHops writes the edges to a store.
func applyHops(ctx context.Context, s graph.Store, hops []benchHop, keys int) error {
	labels := map[graph.Taint]graph.Label{
		graph.Controlled: {Join: graph.KeyJoin},
		graph.Altered:    {Action: "s3:PutBucketTagging", Effect: graph.Change, Match: graph.Declared, Role: graph.Primary, Plane: graph.ControlPlane},
		graph.Exposed:    {Action: "s3:GetObject", Effect: graph.Read, Match: graph.Declared, Role: graph.Primary, Plane: graph.DataPlane},
	}
	for i := 0; i < len(hops); {
		b := graph.NewBuilder()
		src := b.Source(graph.Source{Name: fmt.Sprintf("bench-%d", i), Kind: "bench", Final: true, First: hops[i].at, Last: hops[min(i+graph.MaxBatchRecords, len(hops))-1].at})
		for n := uint32(0); i < len(hops) && n < graph.MaxBatchRecords; i, n = i+1, n+1 {
			h := &hops[i]
			k := graph.EventKey{From: b.Node(benchKey(h.from), graph.Credential, "aws.key.temporary"), Kind: graph.Called, Outcome: graph.OK, Label: b.Label(labels[h.mark])}
			if h.mark == graph.Controlled {
				k.Kind, k.Outcome = graph.Issued, 0
				k.To = b.Node(benchKey(h.to), graph.Credential, "aws.key.temporary")
			} else {
				k.To = b.Node(graph.ID(fmt.Sprintf("arn:aws:s3:::bench-bucket-%07d", int(h.to)-keys)), graph.Resource, "aws.s3.bucket")
			}
			b.Event(k, graph.Observation{At: h.at, Evidence: benchEvidence(i, n), Source: graph.Ref{Seq: src, Record: n}})
		}
		if err := s.Apply(ctx, b.Batch()); err != nil {
			return err
		}
	}
	return nil
}

// plainReach is what the answers are checked against: one pass over the window's
// edges, in memory and in order of time, with ties settled by passes over each
// second.
func plainReach(hops []benchHop, seed uint32, nodes int) (marks int) {
	controlled := make([]bool, nodes)
	seen := make([]uint8, nodes)
	controlled[seed] = true
	for i := 0; i < len(hops); {
		j := i
		for j < len(hops) && hops[j].at == hops[i].at {
			j++
		}
		for again := true; again; {
			again = false
			for _, h := range hops[i:j] {
				if bit := uint8(1) << h.mark; controlled[h.from] && seen[h.to]&bit == 0 {
					seen[h.to] |= bit
					if h.mark == graph.Controlled && !controlled[h.to] {
						controlled[h.to], again = true, true
					}
				}
			}
		}
		i = j
	}
	for n, s := range seen {
		if uint32(n) == seed {
			s &^= 1 << graph.Controlled
		}
		for ; s != 0; s &= s - 1 {
			marks++
		}
	}
	return marks
}

// benchReach asks how far random keys reach in a day of a week's edges.
func benchReach(ctx context.Context, o benchOptions) ([]benchRow, error) {
	hops, keys, start := benchHops(o.seed, o.edges)
	dir, err := o.tempDir("reach")
	if err != nil {
		return nil, err
	}
	store, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if err := applyHops(ctx, store, hops, keys); err != nil {
		return nil, err
	}
	day := graph.Window{From: start.Add(5 * 24 * time.Hour), To: start.Add(6 * 24 * time.Hour)}
	var in []benchHop
	for _, h := range hops {
		if day.Contains(h.at) {
			in = append(in, h)
		}
	}
	r := rand.New(rand.NewPCG(o.seed, 5))
	var seeds []uint32
	for range min(o.questions, benchReachSeeds) {
		seeds = append(seeds, in[r.IntN(len(in))].from)
	}
	cold := explore.New(store, explore.Options{})
	hot := explore.New(store, explore.Options{HotWindow: benchHot})
	defer hot.Close()
	t := time.Now()
	if err := hot.Warm(ctx, day); err != nil {
		return nil, err
	}
	warm := time.Since(t)
	asked := []struct {
		x     *explore.Explorer
		paths bool
		took  []time.Duration
	}{{x: hot}, {x: hot, paths: true}, {x: cold, paths: true}}
	var passes, scans []time.Duration
	var want []int
	total := 0
	walk := func(x *explore.Explorer, seed uint32, paths bool) (marks int, err error) {
		a, err := x.Reach(ctx, explore.ReachQuery{From: []string{string(benchKey(seed))}, Window: day, Epsilon: -1, NoPaths: !paths,
			Budget: explore.Budget{Depth: 1000, Nodes: 10_000_000, Edges: 100_000_000}})
		if err != nil {
			return 0, err
		}
		for _, n := range a.Nodes {
			marks += len(n.Marks)
		}
		return marks - 1, nil // the seed's own
	}
	for _, x := range []*explore.Explorer{hot, cold} { // what coverage is computed from is read once
		if _, err := walk(x, seeds[0], false); err != nil {
			return nil, err
		}
	}
	for i, seed := range seeds {
		var marks int
		pass, _ := quickest(func() error {
			marks = plainReach(in, seed, keys+max(o.edges/100, 50))
			return nil
		})
		passes = append(passes, pass)
		for j := range asked {
			ask := &asked[j]
			var got int
			took, err := quickest(func() (err error) {
				got, err = walk(ask.x, seed, ask.paths)
				return err
			})
			if err != nil {
				return nil, err
			}
			if got != marks {
				return nil, fmt.Errorf("reach from %s: %d marks wanted, ours has %d", benchKey(seed), marks, got)
			}
			ask.took = append(ask.took, took)
		}
		want, total = append(want, marks), total+marks
		if i%8 != 0 {
			continue
		}
		scan, err := quickest(func() error {
			for _, err := range store.Edges(ctx, nil, graph.Out, graph.Filter{Window: day, Detail: graph.Times}) {
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		scans = append(scans, scan)
	}
	held := hot.HotWindow()
	if walks := 1 + 2*benchTries*len(seeds); held.Answered != walks {
		return nil, fmt.Errorf("the hot window served %d of %d walks", held.Answered, walks)
	}
	o.say("reach: 24 h of %d timed edges a week; %.0f marks a question, %d at most; the hot window holds %d edges in %.0f MB, made in %s",
		len(hops), float64(total)/float64(len(seeds)), slices.Max(want), held.Links, float64(held.Bytes)/1e6, warm.Round(time.Millisecond))
	what := "reach, 24 h of edges"
	ms := func(d []time.Duration, q float64) float64 { return quantile(d, q) / 1000 }
	rows := []benchRow{
		cost(what+", hot window, p50 ms", ms(passes, 0.5), ms(asked[0].took, 0.5), 2.5, "one pass over the day's edges in memory, which only counts"),
		cost(what+", hot window, p99 ms", ms(passes, 0.5), ms(asked[0].took, 0.99), 2.5, "the same pass"),
		cost(what+", from the store, with paths, p99 ms", ms(scans, 0.5), ms(asked[2].took, 0.99), 2.5, "the store's own scan of the day"),
	}
	duck, err := duckReach(ctx, o, in, seeds, want, day)
	if err != nil {
		return nil, err
	}
	if duck == 0 {
		o.say("reach: DuckDB is not on this machine: its row is left out")
		return rows, nil
	}
	const against = "DuckDB, the day loaded, WITH RECURSIVE … USING KEY, which gives no paths"
	return append(rows, cost(what+", hot window, mean ms", duck, mean(asked[0].took), 0.25, against),
		cost(what+", hot window, with paths, mean ms", duck, mean(asked[1].took), 0.25, against),
		cost(what+", from the store, with paths, mean ms", duck, mean(asked[2].took), 0.25, against)), nil
}

// mean is the mean in milliseconds.
func mean(ds []time.Duration) float64 {
	var sum time.Duration
	for _, d := range ds {
		sum += d
	}
	return sum.Seconds() * 1000 / float64(len(ds))
}

// duckScript loads the day's edges and asks, for each seed, how many marks it
// reaches; it prints the counts and the mean time in milliseconds.
const duckScript = `
import duckdb, json, sys, time
c = duckdb.connect()
c.execute("SET enable_progress_bar = false")
c.execute("CREATE TABLE e AS SELECT * FROM read_csv(?, header = false, columns = {'src': 'INTEGER', 'dst': 'INTEGER', 'mark': 'TINYINT', 't': 'BIGINT'})", [sys.argv[1]])
counts, spent = [], 0
for seed in json.loads(sys.argv[2]):
    least = float("inf")
    for _ in range(int(sys.argv[3])):
        t = time.perf_counter()
        count = c.execute("""WITH RECURSIVE r(node, mark, since) USING KEY (node, mark) AS (
        SELECT ?::INTEGER, 1::TINYINT, 0::BIGINT
        UNION
        SELECT n.dst, n.mark, n.t FROM (
            SELECT e.dst, e.mark, min(e.t) AS t FROM r JOIN e ON e.src = r.node AND e.t >= r.since WHERE r.mark = 1 GROUP BY e.dst, e.mark) n
        LEFT JOIN recurring.r o ON o.node = n.dst AND o.mark = n.mark
        WHERE o.since IS NULL OR n.t < o.since)
      SELECT count(*) - 1 FROM r""", [seed]).fetchone()[0]
        least = min(least, time.perf_counter() - t)
    counts.append(count)
    spent += least
print(json.dumps({"counts": counts, "ms": 1000 * spent / len(counts)}))
`

// duckReach is the mean time in milliseconds in which DuckDB answers the same,
// zero where there is none.
func duckReach(ctx context.Context, o benchOptions, in []benchHop, seeds []uint32, want []int, day graph.Window) (float64, error) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import duckdb").Run() != nil {
		return 0, nil
	}
	dir, err := o.tempDir("duck")
	if err != nil {
		return 0, err
	}
	path := filepath.Join(dir, "day.csv")
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriter(f)
	for _, h := range in {
		fmt.Fprintf(w, "%d,%d,%d,%d\n", h.from, h.to, h.mark, h.at-day.From)
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	list, err := json.Marshal(seeds)
	if err != nil {
		return 0, err
	}
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, python, "-c", duckScript, path, string(list), strconv.Itoa(benchTries))
	cmd.Stderr = &errs
	text, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("ask DuckDB: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	var got struct {
		Counts []int
		MS     float64
	}
	if err := json.Unmarshal(text, &got); err != nil {
		return 0, fmt.Errorf("read DuckDB's answer: %w", err)
	}
	for i, n := range got.Counts {
		if n != want[i] {
			return 0, fmt.Errorf("reach from %s: DuckDB says %d marks, ours has %d", benchKey(seeds[i]), n, want[i])
		}
	}
	return got.MS, nil
}
