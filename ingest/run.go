package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/feed"
)

// Run reads what the feed yields into the store. Workers read, inflate and
// parse whole files; one committer applies batches strictly in feed order, so
// the ledger does not depend on the number of workers nor on their pace. Files
// that the ledger already has are skipped.
//
// What is wrong with one file or record is in the report and stops nothing. An
// error means that the run ended early, by ctx or by the store; the report then
// holds what was stored before. Every goroutine has ended when Run returns, for
// which the feed must end once ctx has.
func Run(ctx context.Context, store graph.Store, objects iter.Seq[feed.Object], formats []Format, o Options) (Report, error) {
	report := newReport()
	if err := o.Validate(); err != nil {
		return report, err
	}
	start := o.Now()
	known := o.ledger
	if known == nil {
		known = newKnown()
	}
	if err := known.load(ctx, store); err != nil {
		return report, err
	}
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	r := &run{formats: formats, o: o, known: known, gate: newGate(o.MaxInFlight)}
	defer r.gate.watch(ctx)()
	slots := 2 * o.Workers // groups being read or waiting for their commit
	work, order := make(chan *group, slots), make(chan *group, slots)
	free := make(chan struct{}, slots)
	found := make(chan feed.Object, 16)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(found)
		for x := range objects {
			r.found.Add(1)
			select {
			case found <- x:
			case <-ctx.Done():
				return
			}
		}
	})
	wg.Go(func() {
		defer close(work)
		defer close(order)
		r.form(ctx, found, free, func(g *group) { order <- g; work <- g }) // free keeps both from blocking
	})
	for range o.Workers {
		wg.Go(func() {
			w := newWorker(r)
			defer w.decompress.close()
			for g := range work {
				w.group(ctx, g)
				close(g.out)
			}
		})
	}

	c := committer{run: r, store: store, report: &report, start: start, tally: tally{max: maxTally}}
	if o.Endless {
		c.tally.max = endlessTally
	}
	err := c.all(ctx, order, free)
	if err == nil {
		err = outer.Err()
	}
	cancel()
	wg.Wait()
	c.finish()
	return report, err
}

// run is what the goroutines of one run share.
type run struct {
	formats []Format
	o       Options
	known   *known
	gate    *gate
	found   atomic.Int64
}

// A group is one or more files, next to each other in feed order, for one
// worker. It takes no more once it has this many files or stored bytes.
const (
	groupFiles = 1024
	groupBytes = 2 << 20
)

type group struct {
	number  int
	objects []feed.Object
	bytes   int64
	alone   bool          // a name in it may be in the group before: wait for that
	out     chan *pending // its batches in order; closed behind the last
}

// form makes groups of what is found and hands them on. A group grows while no
// slot is free, so that small files are committed together exactly when the
// workers or the store are behind, and at once when they are not.
func (r *run) form(ctx context.Context, found <-chan feed.Object, free chan<- struct{}, hand func(*group)) {
	var ready []*group // at most two: a full one, and one begun for a name seen before
	number := 0
	latest := map[string]int{} // names in groups that may not be committed yet
	add := func(x feed.Object) {
		var last *group
		if len(ready) > 0 {
			last = ready[len(ready)-1]
		}
		before, again := latest[x.Name]
		if last == nil || last.full() || again && before == last.number || x.Size < 0 || last.bytes+x.Size > groupBytes {
			last = &group{number: number, out: make(chan *pending, 1)}
			number++
			ready = append(ready, last)
		}
		last.objects = append(last.objects, x)
		last.alone = last.alone || again
		last.bytes += x.Size
		if x.Size < 0 {
			last.bytes += groupBytes
		}
		latest[x.Name] = last.number
		if len(latest) > 8*groupFiles {
			turn := r.gate.now()
			for name, n := range latest {
				if n < turn {
					delete(latest, name)
				}
			}
		}
	}
	for found != nil || len(ready) > 0 {
		in := found
		if len(ready) > 1 || len(ready) == 1 && ready[0].full() {
			in = nil
		}
		var slot chan<- struct{}
		if len(ready) > 0 {
			slot = free
		}
		select {
		case x, ok := <-in:
			if !ok {
				found = nil
				continue
			}
			add(x)
		case slot <- struct{}{}:
			hand(ready[0])
			ready = ready[1:]
		case <-ctx.Done():
			return
		}
	}
}

func (g *group) full() bool { return len(g.objects) >= groupFiles || g.bytes >= groupBytes }

// pending is a batch on its way to the committer, with what it adds to the
// report and what to give back once it is committed.
type pending struct {
	builder *graph.Builder
	batch   *graph.Batch
	part    Report
	seen    []sighting
	calls   int // records that showed a call
	records int
	bytes   int64 // inflated
	buffers [][]byte
	held    int64 // of the gate
	done    []outcome
	open    func(error) // tells of the object that goes on in the next batch; may be nil
}

// outcome is what to tell a feed of an object once the batch is committed.
type outcome struct {
	tell    func(error)
	refused error
}

// committer applies batches in order.
type committer struct {
	run    *run
	store  graph.Store
	report *Report
	tally  tally
	calls  int
	wrong  keySet // evidence that later records correct
	start  time.Time
	shown  time.Time
}

func (c *committer) all(ctx context.Context, order <-chan *group, free <-chan struct{}) error {
	for g := range order {
		for p := range g.out {
			if err := c.commit(ctx, p); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err // the group may not be whole
		}
		c.run.gate.next()
		<-free
	}
	return nil
}

func (c *committer) commit(ctx context.Context, p *pending) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(p.batch.Sources) > 0 {
		if err := c.store.Apply(ctx, p.batch); err != nil {
			for _, d := range p.done {
				d.tell(feed.ErrEnded)
			}
			if p.open != nil {
				p.open(feed.ErrEnded)
			}
			if cause := ctx.Err(); cause != nil && errors.Is(err, cause) {
				return err
			}
			return fmt.Errorf("apply batch: %w", err)
		}
		for i := range p.batch.Sources {
			c.run.known.add(&p.batch.Sources[i])
		}
		c.tally.add(p.seen)
		for i := range p.batch.Supersedes {
			c.wrong.add(graph.CallKeyOf(p.batch.Supersedes[i].Evidence) << 16)
		}
		c.calls += p.calls
	}
	if c.run.o.Rejected != nil {
		for _, x := range p.part.Rejected {
			c.run.o.Rejected(x)
		}
	}
	c.report.add(&p.part)
	if c.run.o.Endless {
		c.report.shorten(endlessRejected)
	}
	for _, d := range p.done {
		d.tell(d.refused)
	}
	for _, b := range p.buffers {
		freeBuffer(b)
	}
	c.run.gate.adjust(-p.held)
	if now := c.run.o.Now(); c.run.o.Progress != nil && now.Sub(c.shown) >= 100*time.Millisecond {
		c.shown = now
		c.progress(now, false)
	}
	return nil
}

// finish completes the report.
func (c *committer) finish() {
	r := c.report
	r.Calls, r.Differing, r.Corrected = c.tally.calls, c.tally.differ, c.wrong.len()
	if r.LowerBounds = c.tally.full; !r.LowerBounds {
		r.Duplicates = c.calls - c.tally.distinct()
	}
	now := c.run.o.Now()
	r.Duration = now.Sub(c.start)
	if c.run.o.Progress != nil {
		c.progress(now, true)
	}
}

func (c *committer) progress(now time.Time, done bool) {
	f := c.report.Files
	c.run.o.Progress(Progress{Files: f.Seen, Found: int(c.run.found.Load()), Records: c.report.Records,
		Bytes: c.report.BytesStored, Rejected: c.report.rejected(), Elapsed: now.Sub(c.start), Done: done})
}
