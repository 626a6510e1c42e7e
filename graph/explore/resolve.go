package explore

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// resolved is one thing asked for: a node, and the ids whose edges are its own.
type resolved struct {
	asked string
	node  graph.Node
	ids   map[graph.ID]graph.Window // with when that id means this node
	note  string
}

// own adds an id for always.
func (x *resolved) own(id graph.ID) { x.ids[id] = graph.Window{} }

// maxCandidates bounds what an ambiguous name lists and what a search looks at.
const maxCandidates = 200

var (
	keyID     = regexp.MustCompile(`^A(KIA|SIA|BIA)[A-Z0-9]{12,}$`)
	uniqueID  = regexp.MustCompile(`^A(IDA|ROA)[A-Z0-9]{12,}$`)
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
)

// spellings are the ids that a pasted text may stand for.
func spellings(text string) []graph.ID {
	out := []graph.ID{graph.ID(text)}
	switch {
	case keyID.MatchString(text):
		out = append(out, graph.ID("aws:key:"+text))
	case uniqueID.MatchString(text):
		out = append(out, graph.ID("aws:principal:"+text))
	case accountID.MatchString(text):
		out = append(out, graph.ID("aws:account:"+text))
	case strings.HasSuffix(text, ".amazonaws.com") || strings.HasSuffix(text, ".amazonaws.com.cn"):
		out = append(out, graph.ID("aws:service:"+text))
	}
	return out
}

// resolve finds what each text means: an id or alias, the session behind a
// session ARN, or a name that fits exactly one node of those kinds. Errors have
// code NOT_FOUND, AMBIGUOUS or INVALID.
func (r *reader) resolve(texts []string, kinds []graph.Kind) ([]resolved, error) {
	var all []graph.ID
	for _, t := range texts {
		if strings.TrimSpace(t) == "" {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: "an empty name was asked for", Hint: "give an id, an ARN or a name"}
		}
		all = append(all, spellings(strings.TrimSpace(t))...)
	}
	found, err := r.nodes(all)
	if err != nil {
		return nil, err
	}
	var out []resolved
	for _, t := range texts {
		t = strings.TrimSpace(t)
		x, err := r.byID(t, found)
		if err == nil && x == nil {
			x, err = r.bySession(t)
		}
		if err == nil && x == nil {
			x, err = r.byName(t, kinds)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x...)
	}
	return out, nil
}

// byID picks the nodes that have one of the text's spellings as id or alias:
// one resolved thing with all of them.
func (r *reader) byID(text string, found []graph.Node) ([]resolved, error) {
	var exact *graph.Node
	var named []graph.Node
	want := spellings(text)
	for i, n := range found {
		switch {
		case slices.Contains(want, n.ID):
			exact = &found[i]
		case slices.ContainsFunc(want, func(id graph.ID) bool { return slices.Contains(n.Attrs.Values(graph.AttrAlias), string(id)) }):
			named = append(named, n)
		}
	}
	if exact == nil && len(named) == 0 {
		return nil, nil
	}
	x := resolved{asked: text, ids: map[graph.ID]graph.Window{}}
	if exact != nil {
		x.node = *exact
	} else {
		x.node = named[len(named)-1]
		x.own(graph.ID(text))
	}
	x.own(x.node.ID)
	for _, n := range named {
		x.own(n.ID)
	}
	if len(named) > 0 && (exact != nil || len(named) > 1) {
		x.note = fmt.Sprintf("names %d nodes", len(x.ids))
	}
	if exact != nil {
		if err := r.aliases(&x); err != nil {
			return nil, err
		}
	}
	return []resolved{x}, nil
}

// aliases adds the short ids of the node, each for the node's own generation:
// from its creation to the creation of the next node of that short id.
func (r *reader) aliases(x *resolved) error {
	var short []graph.ID
	for _, a := range x.node.Attrs.Values(graph.AttrAlias) {
		short = append(short, graph.ID(a))
	}
	others, err := r.nodes(short)
	if err != nil {
		return err
	}
	from := born(&x.node)
	for _, s := range short {
		w := graph.Window{From: from}
		for _, o := range others {
			b := born(&o)
			if o.ID != x.node.ID && o.ID != s && b > from && (w.To == 0 || b < w.To) && slices.Contains(o.Attrs.Values(graph.AttrAlias), string(s)) {
				w.To = b
			}
		}
		x.ids[s] = w
	}
	return nil
}

// born is when the node was created as far as the data shows, else zero.
func born(n *graph.Node) graph.Time {
	var t graph.Time
	for _, a := range n.Attrs {
		if a.Name == graph.AttrCreated && (t == 0 || a.First < t) {
			t = a.First
		}
	}
	return t
}

// bySession finds the sessions behind a session ARN,
// arn:P:sts::A:assumed-role/ROLE/SESSION.
func (r *reader) bySession(text string) ([]resolved, error) {
	arn, ok := graph.ParseARN(text)
	part := strings.SplitN(arn.Resource, "/", 3)
	if !ok || arn.Service != "sts" || len(part) != 3 || part[0] != "assumed-role" {
		return nil, nil
	}
	var ids []graph.ID
	byID := map[graph.ID]graph.Node{}
	for n, err := range r.store.Nodes(r.ctx, graph.Selector{Search: part[2], Kinds: []graph.Kind{graph.Session}}) {
		if err != nil {
			return nil, fmt.Errorf("search sessions: %w", err)
		}
		if sessionName(&n) == part[2] {
			ids = append(ids, n.ID)
			byID[n.ID] = n
		}
	}
	var out []resolved
	err := r.edges(ids, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Of}}, func(e *graph.Edge) {
		role, _ := graph.ParseARN(string(e.To))
		if role.Account != arn.Account || lastSegment(role.Resource) != part[1] {
			return
		}
		x := resolved{asked: text, node: byID[e.From], ids: map[graph.ID]graph.Window{}, note: "a session of this name and role"}
		x.own(e.From)
		out = append(out, x)
	})
	slices.SortFunc(out, func(a, b resolved) int { return strings.Compare(string(a.node.ID), string(b.node.ID)) })
	return out, err
}

// sessionName is the name a session was given: between the unique id and the
// creation date of its id, else its name attribute.
func sessionName(n *graph.Node) string {
	if rest, ok := strings.CutPrefix(string(n.ID), "aws:session:"); ok {
		_, rest, _ = strings.Cut(rest, ":")
		if i := strings.LastIndexByte(rest, '@'); i >= 0 {
			return rest[:i]
		}
	}
	return n.Attrs.Value(graph.AttrName)
}

// lastSegment is what follows the last '/' or ':'.
func lastSegment(s string) string { return s[strings.LastIndexAny(s, "/:")+1:] }

// byName finds the one node that the words fit: by its whole name or last
// segment before by a part.
func (r *reader) byName(text string, kinds []graph.Kind) ([]resolved, error) {
	if len(graph.Tokens(text)) == 0 || isID(text) {
		return nil, notFound(text)
	}
	var exact, some []graph.Node
	looked := 0
	for n, err := range r.store.Nodes(r.ctx, graph.Selector{Search: text, Kinds: kinds}) {
		if err != nil {
			return nil, fmt.Errorf("search nodes: %w", err)
		}
		if strings.HasSuffix(string(n.ID), "*") || placeholder(&n) {
			continue
		}
		if looked++; looked > r.budget.Nodes {
			return nil, ambiguous(text, some)
		}
		if lastSegment(string(n.ID)) == text || slices.Contains(n.Attrs.Values(graph.AttrName), text) {
			exact = append(exact, n)
		}
		if len(some) < maxCandidates {
			some = append(some, n)
		}
	}
	if len(exact) > 0 {
		some = exact
	}
	some = slices.DeleteFunc(some, func(n graph.Node) bool {
		return slices.ContainsFunc(some, func(m graph.Node) bool {
			return m.ID != n.ID && slices.Contains(n.Attrs.Values(graph.AttrAlias), string(m.ID))
		})
	})
	switch {
	case len(some) == 0:
		return nil, notFound(text)
	case len(some) > 1:
		return nil, ambiguous(text, some)
	}
	found, err := r.nodes([]graph.ID{some[0].ID})
	if err != nil {
		return nil, err
	}
	x, err := r.byID(string(some[0].ID), found)
	for i := range x {
		x[i].asked, x[i].note = text, strings.Trim("the only thing of this name; "+x[i].note, "; ")
	}
	return x, err
}

// isID reports whether the text can only be an id: then it is never taken for a
// part of another one.
func isID(text string) bool {
	_, arn := graph.ParseARN(text)
	return arn || keyID.MatchString(text) || uniqueID.MatchString(text) || strings.HasPrefix(text, "aws:") || strings.HasPrefix(text, "agent:")
}

func notFound(text string) error {
	return &graph.Error{Code: graph.CodeNotFound, Message: fmt.Sprintf("nothing in the data is called %q", text),
		Hint: "search for a part of the name; if it should be there, coverage shows what was ingested"}
}

func ambiguous(text string, ns []graph.Node) error {
	var list []string
	for _, n := range ns {
		if len(list) == 20 {
			list = append(list, "…")
			break
		}
		list = append(list, string(n.ID))
	}
	return &graph.Error{Code: graph.CodeAmbiguous, Message: fmt.Sprintf("%q fits %d things", text, len(ns)),
		Hint: "say which: " + strings.Join(list, ", ")}
}
