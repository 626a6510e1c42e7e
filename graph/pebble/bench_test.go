package pebble_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/pebble"
)

// estate makes batches like those of a trail of one company: many callers on
// few resources, popular ones much more (Zipf), about three events an edge-hour,
// in order of time, in files of 500 records, every event id random.
type estate struct {
	rng       *rand.Rand
	actors    []graph.ID
	resources []graph.ID
	pairs     *rand.Zipf
	at        graph.Time
	perHour   int
}

var actions = []graph.Label{
	{Action: "s3:GetObject", Effect: graph.Read, Match: graph.Declared, Role: graph.Primary, Plane: graph.DataPlane},
	{Action: "s3:PutObject", Effect: graph.Create, Match: graph.Declared, Role: graph.Primary, Plane: graph.DataPlane},
	{Action: "kms:Decrypt", Effect: graph.Use, Match: graph.Declared, Role: graph.Primary, Plane: graph.ControlPlane},
	{Action: "dynamodb:GetItem", Effect: graph.Read, Match: graph.Derived, Role: graph.Primary, Plane: graph.DataPlane},
	{Action: "secretsmanager:GetSecretValue", Effect: graph.SecretRead, Match: graph.Derived, Role: graph.Primary, Plane: graph.ControlPlane},
}

const account = "111122223333"

func newEstate(seed uint64, perHour int) *estate {
	e := &estate{rng: rand.New(rand.NewPCG(seed, 1)), at: graph.TimeOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)), perHour: perHour}
	for i := range 20_000 {
		e.actors = append(e.actors, graph.ID(fmt.Sprintf("aws:key:ASIA%016X", i*7919)))
	}
	for i := range 5_000 {
		e.resources = append(e.resources, graph.ID(fmt.Sprintf("arn:aws:s3:::bucket-%05d-billing", i)))
	}
	e.pairs = rand.NewZipf(e.rng, 1.05, 20, uint64(perHour))
	return e
}

// batch is the next n events.
func (e *estate) batch(n int) *graph.Batch {
	b := graph.NewBuilder()
	var src uint64
	var text [36]byte
	for i := range n {
		if i%500 == 0 {
			src = b.Source(graph.Source{Name: fmt.Sprintf("s3://trail/AWSLogs/%s/CloudTrail/eu-north-1/%d.json.gz", account, e.rng.Uint64()), Kind: "cloudtrail",
				Stream: "cloudtrail/" + account + "/eu-north-1", Size: 123456, Hash: fmt.Sprintf("%064x", e.rng.Uint64()), Final: true, Records: 500})
		}
		e.at += graph.Time(e.rng.ExpFloat64() * float64(graph.HourMillis) / float64(e.perHour))
		at := e.at / 1000 * 1000
		p := e.pairs.Uint64()
		x := p*0x9e3779b97f4a7c15 ^ uint64(at.Hour())
		x ^= x >> 29
		from := e.actors[x%uint64(len(e.actors))]
		to := e.resources[min(p*p%4999, p%4999)]
		r := b.Node(to, graph.Resource, "aws.s3.bucket")
		b.Attr(r, graph.AttrAccount, account, at)
		var id [16]byte
		binary.LittleEndian.PutUint64(id[:], e.rng.Uint64())
		binary.LittleEndian.PutUint64(id[8:], e.rng.Uint64())
		uuidText(&text, id[:])
		b.Event(graph.EventKey{From: b.Node(from, graph.Credential, "aws.key.temporary"), To: r, Client: b.Node("aws:client:boto3", graph.Client, "client"),
			Label: b.Label(actions[p%uint64(len(actions))]), Kind: graph.Called, Outcome: graph.OK},
			graph.Observation{At: at, Evidence: string(text[:]) + "@" + account, Source: graph.Ref{Seq: src, Record: uint32(i % 500)}})
	}
	return b.Batch()
}

func uuidText(dst *[36]byte, id []byte) {
	for i, at := range []int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		hex.Encode(dst[at:], id[i:i+1])
	}
	dst[8], dst[13], dst[18], dst[23] = '-', '-', '-', '-'
}

// BenchmarkApply reports events stored per second of Apply, processor time an
// event with all compaction that went on meanwhile, and bytes on disk an event
// after the store is closed.
func BenchmarkApply(b *testing.B) {
	const batches, size = 30, graph.MaxBatchRecords
	for range b.N {
		b.StopTimer()
		dir := b.TempDir()
		s, err := pebble.Open(dir, pebble.Options{})
		if err != nil {
			b.Fatal(err)
		}
		e := newEstate(1, 100_000)
		var bs []*graph.Batch
		edges := 0
		for range batches {
			x := e.batch(size)
			edges += len(x.Events)
			bs = append(bs, x)
		}
		runtime.GC()
		var took, slowest time.Duration
		cpu := cpuTime(b)
		b.StartTimer()
		for _, x := range bs {
			start := time.Now()
			if err := s.Apply(context.Background(), x); err != nil {
				b.Fatal(err)
			}
			d := time.Since(start)
			took += d
			slowest = max(slowest, d)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(batches*size), "cpu-us/event")
		b.ReportMetric(float64(batches*size)/took.Seconds(), "events/s")
		b.ReportMetric(float64(slowest.Milliseconds()), "slowest-ms")
		b.ReportMetric(float64(batches*size)/float64(edges), "events/edge-hour")
		b.ReportMetric(float64(diskBytes(b, dir))/float64(batches*size), "bytes/event")
		b.StartTimer()
	}
}

func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func diskBytes(t testing.TB, dir string) (n int64) {
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, e := d.Info(); e == nil {
				n += info.Size()
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// array is the bound that the store is held against: all edges in memory,
// sorted by target and hour, answering with the same values.
type array struct {
	rows   []arrayRow
	ids    []graph.ID
	number map[graph.ID]uint32
	labels []graph.Label
}

type arrayRow struct {
	to, from, client uint32
	hour             graph.Hour
	label            uint32
	outcome          graph.Outcome
	kind             graph.EdgeKind
	sights           []graph.Observation
}

func (a *array) add(b *graph.Batch) {
	if a.number == nil {
		a.number = map[graph.ID]uint32{}
	}
	id := func(r graph.NodeRef) uint32 {
		if r == 0 {
			return 0
		}
		x := b.Nodes[r-1].ID
		n, ok := a.number[x]
		if !ok {
			a.ids = append(a.ids, x)
			n = uint32(len(a.ids))
			a.number[x] = n
		}
		return n
	}
	base := uint32(len(a.labels))
	a.labels = append(a.labels, b.Labels...)
	for _, r := range b.Events {
		a.rows = append(a.rows, arrayRow{id(r.To), id(r.From), id(r.Client), r.Hour, base + uint32(r.Label), r.Outcome, r.Kind, r.Observations})
	}
}

func (a *array) sort() {
	slices.SortFunc(a.rows, func(x, y arrayRow) int {
		return cmp.Or(cmp.Compare(x.to, y.to), cmp.Compare(x.hour, y.hour), cmp.Compare(x.from, y.from))
	})
}

func (a *array) edges(to graph.ID, w graph.Window, d graph.Detail, yield func(graph.Edge)) {
	n := a.number[to]
	first, last := w.From.Hour(), (w.To - 1).Hour()
	i, _ := slices.BinarySearchFunc(a.rows, first, func(r arrayRow, h graph.Hour) int {
		return cmp.Or(cmp.Compare(r.to, n), cmp.Compare(r.hour, h))
	})
	var calls []uint64
	for ; i < len(a.rows) && a.rows[i].to == n && a.rows[i].hour <= last; i++ {
		r := &a.rows[i]
		e := graph.Edge{From: a.ids[r.from-1], To: to, Kind: r.kind, Label: a.labels[r.label], Outcome: r.outcome, Hour: r.hour}
		if r.client != 0 {
			e.Via.Client = a.ids[r.client-1]
		}
		if d != graph.Summary {
			e.Observations = make([]graph.Observation, 0, len(r.sights))
		}
		calls = calls[:0]
		for j := range r.sights {
			o := &r.sights[j]
			if !w.Contains(o.At) {
				continue
			}
			if len(calls) == 0 {
				e.First = o.At
			}
			e.Last = o.At
			calls = append(calls, o.CallKey)
			if d != graph.Summary {
				e.Observations = append(e.Observations, graph.Observation{At: o.At, CallKey: o.CallKey})
			}
		}
		if len(calls) == 0 {
			continue
		}
		slices.Sort(calls)
		e.Calls = len(slices.Compact(calls))
		yield(e)
	}
}

// BenchmarkWindow asks who touched a resource in four hours, of the store and
// of a sorted array, by turns.
func BenchmarkWindow(b *testing.B) {
	dir := b.TempDir()
	s, err := pebble.Open(dir, pebble.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var a array
	e := newEstate(1, 40_000)
	begin := e.at
	for range 40 {
		x := e.batch(graph.MaxBatchRecords)
		if err := s.Apply(context.Background(), x); err != nil {
			b.Fatal(err)
		}
		a.add(x)
	}
	a.sort()
	end := e.at
	for _, c := range []struct {
		name string
		d    graph.Detail
	}{{"Summary", graph.Summary}, {"Times", graph.Times}, {"Evidence", graph.Evidence}} {
		b.Run(c.name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(7, 7))
			var store, bound []time.Duration
			rows, calls := 0, 0
			for b.Loop() {
				r := e.resources[min(rng.IntN(5000), rng.IntN(5000))]
				to := begin + graph.Time(rng.Int64N(int64(end-begin)))
				w := graph.Window{From: to - 4*graph.Time(graph.HourMillis), To: to}
				n, m := 0, 0
				t0 := time.Now()
				for e, err := range s.Edges(context.Background(), []graph.ID{r}, graph.In, graph.Filter{Window: w, Detail: c.d, Kinds: []graph.EdgeKind{graph.Called}}) {
					if err != nil {
						b.Fatal(err)
					}
					n += e.Calls
					rows++
				}
				t1 := time.Now()
				a.edges(r, w, c.d, func(e graph.Edge) { m += e.Calls })
				t2 := time.Now()
				if n != m {
					b.Fatalf("%s in %v: the store has %d calls, the array %d", r, w, n, m)
				}
				calls += n
				store, bound = append(store, t1.Sub(t0)), append(bound, t2.Sub(t1))
			}
			slices.Sort(store)
			slices.Sort(bound)
			for _, q := range []struct {
				name string
				at   int
			}{{"p50", 50}, {"p99", 99}} {
				i := min(len(store)*q.at/100, len(store)-1)
				b.ReportMetric(float64(store[i].Nanoseconds())/1000, q.name+"-us")
				b.ReportMetric(float64(store[i])/float64(max(1, bound[i])), q.name+"-ratio")
			}
			b.ReportMetric(float64(rows)/float64(len(store)), "rows")
			b.ReportMetric(float64(calls)/float64(len(store)), "calls")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkHotEdge puts a million observations into one edge-hour, in batches,
// and then asks for five minutes of it.
func BenchmarkHotEdge(b *testing.B) {
	const batches, size = 20, graph.MaxBatchRecords
	for range b.N {
		b.StopTimer()
		s, err := pebble.Open(b.TempDir(), pebble.Options{})
		if err != nil {
			b.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 1))
		start := graph.TimeOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		var text [36]byte
		var took, last time.Duration
		for i := range batches {
			k := graph.NewBuilder()
			src := k.Source(graph.Source{Name: "hot"})
			key := graph.EventKey{From: k.Node("hot", graph.Credential, "t"), To: k.Node("target", graph.Resource, "t"), Label: k.Label(actions[0]), Kind: graph.Called, Outcome: graph.OK}
			for j := range size {
				var id [16]byte
				binary.LittleEndian.PutUint64(id[:], rng.Uint64())
				binary.LittleEndian.PutUint64(id[8:], rng.Uint64())
				uuidText(&text, id[:])
				k.Event(key, graph.Observation{At: start + graph.Time(i*size+j)*3599/1000, Evidence: string(text[:]) + "@" + account, Source: graph.Ref{Seq: src, Record: uint32(j)}})
			}
			x := k.Batch()
			t0 := time.Now()
			b.StartTimer()
			err := s.Apply(context.Background(), x)
			b.StopTimer()
			if err != nil {
				b.Fatal(err)
			}
			last = time.Since(t0)
			took += last
		}
		t0 := time.Now()
		calls := 0
		f := graph.Filter{Window: graph.Window{From: start + 600_000, To: start + 900_000}}
		for e, err := range s.Edges(context.Background(), []graph.ID{"target"}, graph.In, f) {
			if err != nil {
				b.Fatal(err)
			}
			calls += e.Calls
		}
		b.ReportMetric(float64(time.Since(t0).Microseconds())/1000, "query-ms")
		b.ReportMetric(float64(calls), "calls")
		b.ReportMetric(float64(batches*size)/took.Seconds(), "events/s")
		b.ReportMetric(float64(last.Milliseconds()), "last-batch-ms")
		t0 = time.Now()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(t0).Milliseconds()), "close-ms")
		b.StartTimer()
	}
}
