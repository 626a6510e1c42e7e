package explore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// InventoryQuery asks Explorer.Inventory.
type InventoryQuery struct {
	// Until is when: calls and ages are as of then. Zero: the latest time of
	// any source.
	Until graph.Time
	// Idle is how long an identity may be silent and still count as active in
	// the ratio of those seen acting. Zero: DefaultIdle.
	Idle time.Duration
	// List is the only list that is filled; empty: each from its beginning.
	List  InventoryList
	First int    // items a list; zero: 10
	After string // the cursor of List; of no meaning without it
	AsOf  uint64 // zero: all
}

// DefaultIdle is the 90 days after which AWS's own reports call access unused.
const DefaultIdle = 90 * 24 * time.Hour

// InventoryList names a list of the answer.
type InventoryList string

// The lists.
const (
	ListSeen           InventoryList = "SEEN"
	ListNeverSeen      InventoryList = "NEVER_SEEN"
	ListNotEnumerated  InventoryList = "NOT_ENUMERATED"
	ListOutside        InventoryList = "OUTSIDE"
	ListAdministrators InventoryList = "ADMINISTRATORS"
	ListKeys           InventoryList = "KEYS"
)

// Inventory counts what is in the data, over all time up to Until.
type Inventory struct {
	AsOf     int          `json:"asOf"`
	Until    graph.Time   `json:"until"`
	Nodes    int          `json:"nodes"`
	Kinds    []Count      `json:"kinds"`
	Types    []Count      `json:"types"`
	Classes  []ClassCount `json:"classes"`  // of identities
	Accounts []Count      `json:"accounts"` // of nodes that say their account
	Ratio    Ratio        `json:"ratio"`
	Variants []Ratio      `json:"variants"` // of the ratio, by other definitions
	// Enumeration and Administrators are nil where no inventory was ingested:
	// then the data cannot tell.
	Enumeration    *Enumeration    `json:"enumeration"`
	Administrators *Administrators `json:"administrators"`
	Keys           Keys            `json:"keys"`
	Coverage       *Coverage       `json:"coverage"`
	Notes          []string        `json:"notes"`
}

// ClassCount counts identities of one class for one reason.
type ClassCount struct {
	Class  Class  `json:"class"`
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Ratio is one number to another, with what it is made of.
type Ratio struct {
	Definition  string   `json:"definition"`
	Numerator   int      `json:"numerator"`
	Denominator int      `json:"denominator"`
	Unknown     int      `json:"unknown"` // in neither
	Value       *float64 `json:"value"`   // nil where the denominator is zero
}

// RatioDefinition says what Inventory's ratio is.
const RatioDefinition = "identities of class NHI divided by identities of class HUMAN, of all identities in the data over all time, active or not; credentials and sessions are not counted, unknown identities are in neither"

// add counts n of a class.
func (r *Ratio) add(c Class, n int) {
	switch c {
	case NHI:
		r.Numerator += n
	case Human:
		r.Denominator += n
	default:
		r.Unknown += n
	}
}

func (r *Ratio) divide() {
	if r.Denominator > 0 {
		v := float64(r.Numerator) / float64(r.Denominator)
		r.Value = &v
	}
}

// Inventory counts what is in the data, and compares what an inventory lists
// with what was seen acting. Nodes are not versioned: an older asOf hides
// edges, not nodes.
func (e *Explorer) Inventory(ctx context.Context, q InventoryQuery) (*Inventory, error) {
	first, err := pageSize(q.First, 10)
	if err != nil {
		return nil, err
	}
	if q.After != "" && q.List == "" {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "a cursor continues one list", Hint: "say which list it is of"}
	}
	r, err := e.reader(ctx, Budget{}, q.AsOf)
	if err != nil {
		return nil, err
	}
	l, err := e.load(r)
	if err != nil {
		return nil, err
	}
	if q.Until == 0 {
		q.Until = 1 + l.latest()
	}
	q.Idle = cmp.Or(q.Idle, DefaultIdle)
	out := &Inventory{AsOf: int(r.seen), Until: q.Until, Classes: []ClassCount{}}
	kinds, types, accounts := map[string]int{}, map[string]int{}, map[string]int{}
	requests := 0
	c, p := newCensus(), newPopulation(q.Until)
	for n, err := range e.store.Nodes(ctx, graph.Selector{}) {
		if err != nil {
			return nil, fmt.Errorf("read nodes: %w", err)
		}
		if n.Type == typeRequest {
			requests++ // where two records meet: nothing that exists
			continue
		}
		if placeholder(&n) {
			continue
		}
		out.Nodes++
		kinds[n.Kind.String()]++
		types[n.Type]++
		if a := showAccount(&n); a != "" {
			accounts[a]++
		}
		c.meet(&n)
		p.meet(&n)
	}
	p.settle()
	// It is a count of all there is, so no budget of edges applies.
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Holds, graph.Of, graph.Runs, graph.Issued, graph.Called, graph.GrantedBy, graph.Trusts},
		Window: graph.Window{To: q.Until}, AsOf: r.asOf}
	for x, err := range e.store.Edges(ctx, nil, graph.Out, f) {
		if err != nil {
			return nil, fmt.Errorf("read edges: %w", err)
		}
		c.see(&x, p)
		p.see(&x)
	}
	c.fold(p)
	p.fold()
	for _, x := range p.residents {
		x.verdict = c.class(&x.node, e.opts.Classes)
	}

	counts := map[verdict]int{}
	other := 0
	for id, x := range p.residents {
		if p.home(id) != id {
			other++
			continue
		}
		counts[x.verdict]++
	}
	out.Ratio.Definition = RatioDefinition
	for v, n := range counts {
		out.Classes = append(out.Classes, ClassCount{v.class, v.reason, n})
		out.Ratio.add(v.class, n)
	}
	slices.SortFunc(out.Classes, func(a, b ClassCount) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), -cmp.Compare(a.Count, b.Count), cmp.Compare(a.Reason, b.Reason))
	})
	out.Ratio.divide()
	if requests > 0 {
		r.note("Not counted: %d request ids, by which records are joined.", requests)
	}
	if other > 0 {
		r.note("Not counted as identities: %d ids that are another name of one that is.", other)
	}
	out.Kinds, out.Types, out.Accounts = sortCounts(kinds), sortCounts(types), sortCounts(accounts)
	cut := cutter{q.List, first, q.After}
	out.Keys = p.keyAges(cut)
	out.Variants = p.ratios(q.Idle)
	if len(p.accounts) > 0 {
		out.Enumeration = p.enumeration(cut)
		out.Administrators = p.administrators(cut)
	}
	s, err := e.status(r, graph.Window{})
	if err != nil {
		return nil, err
	}
	out.Coverage, out.Notes = s.Coverage, s.Notes
	for _, reason := range p.lacks(l) {
		out.Coverage.incomplete(reason)
	}
	return out, nil
}

// latest is the latest time of any source.
func (l *ledger) latest() (t graph.Time) {
	for _, s := range l.streams {
		t = max(t, s.last)
	}
	return t
}

// cutter cuts lists into pages.
type cutter struct {
	list  InventoryList // empty: all
	first int
	after string
}

// cut is the wanted part of a list that is sorted by key, and the cursor that
// continues it.
func cut[T any](c cutter, name InventoryList, list []T, key func(*T) string) ([]T, string) {
	if c.list != "" && c.list != name {
		return []T{}, ""
	}
	for c.after != "" && len(list) > 0 && key(&list[0]) <= c.after {
		list = list[1:]
	}
	if len(list) <= c.first {
		return list, ""
	}
	return list[:c.first], key(&list[c.first-1])
}

func showAccount(n *graph.Node) string {
	if a := n.Attrs.Value(graph.AttrAccount); a != "" {
		return a
	}
	arn, _ := graph.ParseARN(string(n.ID))
	return arn.Account
}
