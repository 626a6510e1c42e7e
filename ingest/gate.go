package ingest

import (
	"context"
	"sync"
)

// gate bounds the bytes in flight and keeps the order of turns. Groups are
// numbered from 0 in feed order; the group next to be committed has the turn
// and never waits for room, so that no worker waits for another in a circle.
type gate struct {
	mu   sync.Mutex
	cond *sync.Cond
	max  int64
	used int64
	turn int
}

func newGate(max int64) *gate {
	g := &gate{max: max}
	g.cond = sync.NewCond(&g.mu)
	return g
}

// watch wakes all waiters when ctx ends. The caller calls stop.
func (g *gate) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.cond.Broadcast()
	})
}

// acquire takes n bytes for a group, waiting for room unless it has the turn.
func (g *gate) acquire(ctx context.Context, group int, n int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.turn < group && g.used+n > g.max && ctx.Err() == nil {
		g.cond.Wait()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	g.used += n
	return nil
}

// adjust corrects an acquisition by n bytes, up or down, without waiting.
func (g *gate) adjust(n int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used += n
	if n < 0 {
		g.cond.Broadcast()
	}
}

// next gives the turn to the following group.
func (g *gate) next() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn++
	g.cond.Broadcast()
}

// await waits until every group before has been committed.
func (g *gate) await(ctx context.Context, group int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.turn < group && ctx.Err() == nil {
		g.cond.Wait()
	}
	return ctx.Err()
}

// now is the number of the group that has the turn.
func (g *gate) now() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.turn
}
