package explore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// Inventory counts what is in the data, over all time.
type Inventory struct {
	AsOf     int          `json:"asOf"`
	Nodes    int          `json:"nodes"`
	Kinds    []Count      `json:"kinds"`
	Types    []Count      `json:"types"`
	Classes  []ClassCount `json:"classes"`  // of identities
	Accounts []Count      `json:"accounts"` // of nodes that say their account
	Ratio    Ratio        `json:"ratio"`
	Coverage *Coverage    `json:"coverage"`
	Notes    []string     `json:"notes"`
}

// ClassCount counts identities of one class for one reason.
type ClassCount struct {
	Class  Class  `json:"class"`
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Ratio is NHIs to humans, with what it is made of.
type Ratio struct {
	Definition  string   `json:"definition"`
	Numerator   int      `json:"numerator"`   // identities of class NHI
	Denominator int      `json:"denominator"` // identities of class HUMAN
	Unknown     int      `json:"unknown"`     // in neither
	Value       *float64 `json:"value"`       // nil where the denominator is zero
}

// RatioDefinition says what Inventory's ratio is.
const RatioDefinition = "identities of class NHI divided by identities of class HUMAN, of all identities in the data over all time, active or not; credentials and sessions are not counted, unknown identities are in neither"

// Inventory counts what is in the data, over all time. Nodes are not versioned:
// an older asOf hides edges, not nodes.
func (e *Explorer) Inventory(ctx context.Context, asOf uint64) (*Inventory, error) {
	r, err := e.reader(ctx, Budget{}, asOf)
	if err != nil {
		return nil, err
	}
	out := &Inventory{AsOf: int(r.seen), Classes: []ClassCount{}}
	kinds, types, accounts := map[string]int{}, map[string]int{}, map[string]int{}
	var identities []graph.Node
	requests := 0
	c := newCensus()
	for n, err := range e.store.Nodes(ctx, graph.Selector{}) {
		if err != nil {
			return nil, fmt.Errorf("read nodes: %w", err)
		}
		if n.Type == typeRequest {
			requests++ // where two records meet: nothing that exists
			continue
		}
		out.Nodes++
		kinds[n.Kind.String()]++
		types[n.Type]++
		if a := showAccount(&n); a != "" {
			accounts[a]++
		}
		switch n.Kind {
		case graph.Identity:
			identities = append(identities, graph.Node{ID: n.ID, Kind: n.Kind, Type: n.Type})
		case graph.Session, graph.Credential:
			c.meet(&n)
		}
	}
	if err := c.read(r); err != nil {
		return nil, err
	}
	counts := map[verdict]int{}
	for _, n := range identities {
		counts[c.class(&n, e.opts.Classes)]++
	}
	out.Ratio.Definition = RatioDefinition
	for v, n := range counts {
		out.Classes = append(out.Classes, ClassCount{v.class, v.reason, n})
		switch v.class {
		case NHI:
			out.Ratio.Numerator += n
		case Human:
			out.Ratio.Denominator += n
		default:
			out.Ratio.Unknown += n
		}
	}
	slices.SortFunc(out.Classes, func(a, b ClassCount) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), -cmp.Compare(a.Count, b.Count), cmp.Compare(a.Reason, b.Reason))
	})
	if out.Ratio.Denominator > 0 {
		v := float64(out.Ratio.Numerator) / float64(out.Ratio.Denominator)
		out.Ratio.Value = &v
	}
	if requests > 0 {
		r.note("Not counted: %d request ids, by which records are joined.", requests)
	}
	out.Kinds, out.Types, out.Accounts = sortCounts(kinds), sortCounts(types), sortCounts(accounts)
	s, err := e.status(r, graph.Window{})
	out.Coverage, out.Notes = s.Coverage, s.Notes
	return out, err
}

func showAccount(n *graph.Node) string {
	if a := n.Attrs.Value(graph.AttrAccount); a != "" {
		return a
	}
	arn, _ := graph.ParseARN(string(n.ID))
	return arn.Account
}

// census gathers what shows identities to be people or not.
type census struct {
	console map[graph.ID]bool   // sessions
	types   map[graph.ID]string // of credentials
	human   map[graph.ID]bool   // identities
	machine map[graph.ID]bool
}

func newCensus() *census {
	return &census{console: map[graph.ID]bool{}, types: map[graph.ID]string{}, human: map[graph.ID]bool{}, machine: map[graph.ID]bool{}}
}

func (c *census) meet(n *graph.Node) {
	if n.Attrs.Value("console") == "true" {
		c.console[n.ID] = true
	}
	if n.Type == typeLongLived || n.Type == typePassword {
		c.types[n.ID] = n.Type
	}
}

// read looks at who holds, runs and issued what. It is a count of all there is,
// so no budget of edges applies.
func (c *census) read(r *reader) error {
	of := map[graph.ID]graph.ID{}
	machine, human := map[graph.ID]bool{}, map[graph.ID]bool{} // sessions and credentials
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Holds, graph.Of, graph.Runs, graph.Issued}, AsOf: r.asOf}
	for e, err := range r.store.Edges(r.ctx, nil, graph.Out, f) {
		if err != nil {
			return fmt.Errorf("read edges: %w", err)
		}
		switch e.Kind {
		case graph.Holds:
			switch c.types[e.To] {
			case typePassword:
				c.human[e.From] = true
			case typeLongLived:
				c.machine[e.From] = true
			}
		case graph.Of:
			of[e.From] = e.To
			human[e.From] = human[e.From] || c.console[e.From]
		case graph.Runs:
			machine[e.To] = true
		case graph.Issued:
			v := issuerClass(e.From)
			machine[e.To] = machine[e.To] || v == NHI
			human[e.To] = human[e.To] || v == Human
		}
	}
	for id, identity := range of {
		c.human[identity] = c.human[identity] || human[id]
		c.machine[identity] = c.machine[identity] || machine[id]
	}
	return nil
}

// issuerClass is what the id of an issuer alone says of what it issued.
func issuerClass(id graph.ID) Class {
	switch {
	case hasPrefix(id, "aws:service:"), hasPrefix(id, "aws:certificate:"), hasPrefix(id, "aws:webidentity:") && pipeline(id):
		return NHI
	case hasPrefix(id, "aws:saml:"), hasPrefix(id, "aws:identitycenter:"), hasPrefix(id, passwordPrefix):
		return Human
	}
	return Unknown
}

func (c *census) class(n *graph.Node, corrects map[graph.ID]Class) verdict {
	if cl, ok := corrects[n.ID]; ok {
		return verdict{cl, "corrected by hand"}
	}
	if v, ok := plainClass(n); ok {
		return v
	}
	switch {
	case c.human[n.ID]:
		return verdict{Human, "has a password, a console session or a workforce sign-in"}
	case c.machine[n.ID]:
		return verdict{NHI, "has only long-lived keys, or sessions of workloads and services"}
	}
	return verdict{Unknown, "the data does not say"}
}
