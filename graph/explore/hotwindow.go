package explore

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/blastradius/blastradius/graph"
)

// hotWindow keeps the terrain of the hours that were asked about, with all
// standing facts, for the newest state of the store: walks over it read nothing.
// It is exact: of any other state or window, and as of an older one, walks read
// the store. The watermark is what tells states apart; Prune alone does not move
// it, so what was pruned is seen until the next batch.
//
// A question that it cannot serve is answered from the store; the second one of
// one state has it made in the background. Where the store changes faster than
// it is asked, each window that served too few doubles how many it takes.
type hotWindow struct {
	e     *Explorer
	limit int64 // bytes; zero: nothing is held

	mu       sync.Mutex
	held     *heldTerrain
	making   bool
	mark     uint64         // the newest state that was asked of
	missed   int            // questions of it that were not served
	patience int            // how many make it worth while
	wide     []graph.Window // windows that do not fit
	hits     int
	ctx      context.Context
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

// heldTerrain is a terrain that no longer changes.
type heldTerrain struct {
	*terrain
	mark     uint64
	window   graph.Window
	bytes    int64
	rotating []int32 // nodes whose generations depend on what a walk may see
	served   int
	cards    []card     // by node
	scratch  *sync.Pool // of *labelling, empty, of the size of the terrain
}

// The bounds of hotWindow.patience.
const leastPatience, mostPatience = 2, 64

// errTooWide says that a window does not fit.
var errTooWide = errors.New("the window does not fit into the memory that it may take")

// HotWindow is the state of an explorer's hot window.
type HotWindow struct {
	Limit, Bytes int64 // about
	Window       graph.Window
	Nodes, Links int
	Answered     int // walks that it served
}

func (h *hotWindow) init(e *Explorer, limit int64) {
	h.e, h.limit, h.patience = e, limit, leastPatience
	h.ctx, h.cancel = context.WithCancel(context.Background())
}

func (h *hotWindow) close() {
	h.mu.Lock()
	h.cancel() // nothing is begun after this
	h.mu.Unlock()
	h.done.Wait()
}

// HotWindow says what is held in memory.
func (e *Explorer) HotWindow() HotWindow {
	h := &e.hot
	h.mu.Lock()
	defer h.mu.Unlock()
	out := HotWindow{Limit: h.limit, Answered: h.hits}
	if t := h.held; t != nil {
		out.Bytes, out.Window, out.Nodes, out.Links = t.bytes, t.window, len(t.nodes), len(t.links)
	}
	return out
}

// Warm makes the hot window hold a window of the store as it is now. A window
// that does not fit is INVALID.
func (e *Explorer) Warm(ctx context.Context, w graph.Window) error {
	mark, err := e.Watermark(ctx)
	if err != nil {
		return err
	}
	if err = e.hot.hold(ctx, mark, hours(w)); errors.Is(err, errTooWide) {
		return &graph.Error{Code: graph.CodeInvalid, Message: err.Error(), Hint: "give the hot window more bytes"}
	}
	return err
}

// view is the terrain held, for one walk over a window from those nodes; nil
// where it would not be exact.
func (h *hotWindow) view(r *reader, w graph.Window, from []resolved) *heldTerrain {
	if h.limit == 0 || r.asOf != 0 {
		return nil
	}
	h.mu.Lock()
	t := h.held
	if t == nil || t.mark != r.seen || !covers(t.window, w) {
		h.miss(r.seen, hours(w))
		h.mu.Unlock()
		return nil
	}
	h.mu.Unlock()
	for _, x := range from {
		for id := range x.ids {
			if _, ok := t.num[id]; !ok {
				return nil
			}
		}
	}
	h.mu.Lock()
	h.hits++
	t.served++
	h.mu.Unlock()
	view := *t.terrain
	view.rotated = map[int32][]graph.Time{}
	for _, n := range t.rotating {
		bounds := view.generations(n, w)
		slices.Sort(bounds)
		view.rotated[n] = slices.Compact(bounds)
	}
	return &heldTerrain{terrain: &view, cards: t.cards, scratch: t.scratch}
}

// miss notes a question that was not served, and has the window made where that
// is worth while.
func (h *hotWindow) miss(mark uint64, w graph.Window) {
	if mark < h.mark || h.making || h.ctx.Err() != nil {
		return
	}
	if mark > h.mark {
		h.mark, h.missed = mark, 0
		if t := h.held; t != nil {
			if h.patience = min(2*h.patience, mostPatience); t.served >= h.patience {
				h.patience = leastPatience
			}
			h.held = nil // never asked again
		}
	}
	if h.missed++; h.missed < h.patience || slices.ContainsFunc(h.wide, func(x graph.Window) bool { return covers(w, x) }) {
		return
	}
	both := w
	if t := h.held; t != nil && !slices.Contains(h.wide, hull(t.window, w)) {
		both = hull(t.window, w)
	}
	h.making, h.missed = true, 0
	h.done.Go(func() {
		err := h.hold(h.ctx, mark, both)
		if errors.Is(err, errTooWide) && both != w {
			err = h.hold(h.ctx, mark, w)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.making = false; errors.Is(err, errTooWide) {
			h.wide = append(h.wide, w)
		} else if h.held != nil && h.held.window == w && both != w {
			h.wide = append(h.wide, both)
		}
	})
}

// hold makes the window, unless the store changes meanwhile.
func (h *hotWindow) hold(ctx context.Context, mark uint64, w graph.Window) error {
	h.mu.Lock()
	h.held = nil // two at a time would take more than is allowed
	h.mu.Unlock()
	t, err := h.e.hold(ctx, mark, w, h.limit)
	if err != nil {
		return err
	}
	now, err := h.e.Watermark(ctx)
	if err != nil || now != mark {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mark = max(h.mark, mark); h.mark == mark {
		h.held = t
	}
	return nil
}

// covers reports whether a holds all of b.
func covers(a, b graph.Window) bool {
	return a.From <= b.From && (a.To == 0 || b.To != 0 && b.To <= a.To)
}

// hull is the smallest window that covers both.
func hull(a, b graph.Window) graph.Window {
	out := graph.Window{From: min(a.From, b.From), To: max(a.To, b.To)}
	if a.To == 0 || b.To == 0 {
		out.To = 0
	}
	return out
}

// hours is the window in whole hours.
func hours(w graph.Window) graph.Window {
	const hour = graph.Time(graph.HourMillis)
	w.From = max(w.From, 0) / hour * hour
	if w.To != 0 {
		w.To = (w.To + hour - 1) / hour * hour
	}
	return w
}
