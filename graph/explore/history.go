package explore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// DefaultBaseline is how far back habits are looked for.
const DefaultBaseline = 30 * 24 * time.Hour

// Baseline is the time before a window that it is compared with.
type Baseline struct {
	Window graph.Window `json:"window"` // as asked
	From   graph.Time   `json:"from"`   // where its data begins; zero: there is none
	// TooShort is set where the data begins later than asked: what is new to it
	// may be old.
	TooShort bool   `json:"tooShort"`
	Reason   string `json:"reason"`
	// Complete is false where a limit was met while it was read: what looks new
	// may stand in the part that was not read.
	Complete bool `json:"complete"`
}

// baseline is the time of that length before w, cut to where data is.
func (e *Explorer) baseline(r *reader, w graph.Window, length time.Duration) (Baseline, error) {
	if length <= 0 {
		length = DefaultBaseline
	}
	b := Baseline{Window: graph.Window{From: max(w.From.Add(-length), 1), To: w.From}, Complete: true}
	if w.From <= 1 {
		return b, &graph.Error{Code: graph.CodeInvalid, Message: "a window without a start has nothing before it", Hint: "say where the window begins: --last or --from"}
	}
	l, err := e.load(r)
	if err != nil {
		return b, err
	}
	switch {
	case l.first == 0 || l.first >= w.From:
		b.TooShort, b.Reason = true, "no data lies before the window: everything would be new"
	case l.first > b.Window.From:
		b.From = l.first
		b.TooShort, b.Reason = true, fmt.Sprintf("the data begins at %s: %s of baseline instead of %s", l.first, lasting(l.first, w.From), lasting(b.Window.From, w.From))
	default:
		b.From = b.Window.From
	}
	if h := e.opts.Holds; b.From != 0 && !holds(h, b.Window, l) {
		b.From = min(max(b.From, h.From), b.Window.To)
		b.TooShort, b.Reason = true, fmt.Sprintf("only calls from %s to %s are held here", h.From, h.To)
	}
	return b, nil
}

// lasting is a length of time in days and hours, or hours and minutes.
func lasting(from, to graph.Time) string {
	d := to.Time().Sub(from.Time())
	days := int(d / (24 * time.Hour))
	hours, minutes := int(d/time.Hour)%24, int(d/time.Minute)%60
	switch {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%dd%dh", days, hours)
	case days > 0:
		return fmt.Sprintf("%dd", days)
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%dh%dm", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%dh", hours)
	}
	return fmt.Sprintf("%dm", minutes)
}

// history is what one identity did in a baseline, through all its sessions and
// keys.
type history struct {
	since    graph.Time // known since, in all data; zero: not before the window
	seen     graph.Time // last known of before the window
	calls    int
	actions  map[string]*habit
	services map[string]bool
	grants   map[NoveltyKind]bool
	tools    map[string]bool    // agents that acted as it
	reach    map[[2]string]bool // tool and service
	networks map[string]bool
	programs map[graph.ID]bool // clients that it changed something with
}

// past is what identities did in a baseline.
type past struct {
	of      map[graph.ID]*history
	carrier map[graph.ID]graph.ID // session, credential or identity → the identity it acted as
	whole   bool                  // false: a limit was met
}

// habit is one action of an identity.
type habit struct {
	calls int
	ok    bool
}

func newHistory() *history {
	return &history{actions: map[string]*habit{}, services: map[string]bool{}, grants: map[NoveltyKind]bool{},
		tools: map[string]bool{}, reach: map[[2]string]bool{}, networks: map[string]bool{}, programs: map[graph.ID]bool{}}
}

// past reads what the identities did in the baseline: its calls with such
// effects (none: all) once, as summaries. each, where not nil, is handed every
// call edge with its identity.
func (r *reader) past(ids []graph.ID, b Baseline, effects []graph.Effect, each func(graph.ID, *graph.Edge)) (*past, error) {
	p := &past{of: map[graph.ID]*history{}, carrier: map[graph.ID]graph.ID{}}
	for _, id := range ids {
		p.of[id], p.carrier[id] = newHistory(), id
	}
	w := b.Window
	carry := func(id, by graph.ID, e *graph.Edge) {
		h := p.of[id]
		if e.First >= w.To {
			return
		}
		h.since, h.seen = earlier(h.since, e.First), max(h.seen, min(e.Last, w.To-1))
		if e.Last < w.From || p.carrier[by] != "" {
			return
		}
		if len(p.carrier) >= r.budget.Nodes {
			r.cut(LimitNodes, r.budget.Nodes)
			return
		}
		p.carrier[by] = id
	}
	err := r.edges(ids, graph.In, graph.Filter{Kinds: []graph.EdgeKind{graph.Of}}, func(e *graph.Edge) { carry(e.To, e.From, e) })
	if err == nil {
		err = r.edges(ids, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Holds}}, func(e *graph.Edge) { carry(e.From, e.To, e) })
	}
	if err != nil {
		return nil, err
	}
	frontier := slices.Sorted(maps.Keys(p.carrier))
	if b.From != 0 {
		f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w, Effects: effects}
		err = r.edges(frontier, graph.Out, f, func(e *graph.Edge) {
			id := p.carrier[e.From]
			p.of[id].add(e)
			if each != nil {
				each(id, e)
			}
		})
	}
	if err != nil {
		return nil, err
	}
	nodes, err := r.nodes(frontier)
	for _, n := range nodes {
		id, ok := p.carrier[n.ID]
		for _, x := range n.Attrs {
			if ok && x.Name == graph.AttrNetwork && x.First < w.To {
				p.of[id].networks[x.Value] = true
			}
		}
	}
	p.whole = r.truncated == nil
	return p, err
}

// add takes in the calls of an edge. What only names a target beside the
// primary one is the same call again.
func (h *history) add(e *graph.Edge) {
	h.since, h.seen = earlier(h.since, e.First), max(h.seen, e.Last)
	x := h.actions[e.Label.Action]
	if x == nil {
		x = &habit{}
		h.actions[e.Label.Action] = x
	}
	if e.Label.Role <= graph.Primary {
		h.calls += e.Calls
		x.calls += e.Calls
	}
	x.ok = x.ok || e.Outcome == graph.OK
	h.services[serviceOf(e.Label.Action)] = true
	if e.Label.Effect.Mutates() {
		h.programs[e.Via.Client] = true
	}
	if k := editKind(e.Label); k != "" && e.Outcome == graph.OK {
		h.grants[k] = true
	}
	if t := toolOf(e.Via.Agent); t != "" {
		h.tools[t] = true
		h.reach[[2]string{t, serviceOf(e.Label.Action)}] = true
	}
}

// top are its most frequent actions.
func (h *history) top(n int) []Count {
	m := map[string]int{}
	for a, x := range h.actions {
		m[a] = x.calls
	}
	all := sortCounts(m)
	return all[:min(n, len(all))]
}

// serviceOf is the called service of an IAM action.
func serviceOf(action string) string {
	service, _, _ := strings.Cut(action, ":")
	return service
}

// toolOf is the tool of an agent, agent:<tool>:<what it drives>: an agent is
// one run, its tool is what runs again.
func toolOf(agent graph.ID) string {
	rest, ok := strings.CutPrefix(string(agent), "agent:")
	if !ok {
		return ""
	}
	tool, _, _ := strings.Cut(rest, ":")
	return tool
}
