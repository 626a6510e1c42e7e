package explore

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// ancestry is what stands behind a set of actors: the identities whose
// permissions they carry, who holds, runs and issued them, and so on back.
type ancestry struct {
	nodes    map[graph.ID]graph.Node
	of       map[graph.ID][]graph.Edge // session or credential → its OF edges
	heldBy   map[graph.ID][]graph.Edge // credential → HOLDS edges to it
	holds    map[graph.ID][]graph.ID   // session → the keys it holds
	runBy    map[graph.ID][]graph.Edge // session → RUNS edges to it
	issued   map[graph.ID][]issue      // credential or session → how it came to be, best first
	actsFor  map[graph.ID][]graph.Edge
	drivenBy map[graph.ID][]graph.Edge // session or credential → DRIVES edges to it
	verdicts map[who]verdict
	corrects map[graph.ID]Class
	people   map[graph.ID]bool // users that hold a password
}

// issue is one join of a credential or session to its issuer: observations of
// one ISSUED edge, or of the two that meet at a request.
type issue struct {
	from     graph.ID
	at       graph.Time
	join     graph.Join
	via      graph.Via
	evidence []string
	note     string
}

func (i issue) certainty() Certainty {
	if i.join.Heuristic() {
		return Possible
	}
	return Definite
}

// ancestry reads what stands behind the actors, one hop of all at a time.
func (e *Explorer) ancestry(r *reader, actors []graph.ID) (*ancestry, error) {
	a := &ancestry{nodes: map[graph.ID]graph.Node{}, of: map[graph.ID][]graph.Edge{}, heldBy: map[graph.ID][]graph.Edge{}, holds: map[graph.ID][]graph.ID{},
		runBy: map[graph.ID][]graph.Edge{}, issued: map[graph.ID][]issue{},
		actsFor: map[graph.ID][]graph.Edge{}, drivenBy: map[graph.ID][]graph.Edge{}, verdicts: map[who]verdict{}, corrects: e.opts.Classes,
		people: map[graph.ID]bool{}}
	raw := map[graph.ID][]issue{}
	visited := map[graph.ID]bool{}
	if err := a.walk(e, r, actors, visited, raw); err != nil {
		return nil, err
	}
	a.meet(raw)
	a.sort()
	more, err := a.forwarded(r)
	if err != nil {
		return nil, err
	}
	if len(more) > 0 {
		if err := a.walk(e, r, more, visited, raw); err != nil {
			return nil, err
		}
		known := a.issued
		a.issued = map[graph.ID][]issue{}
		a.meet(raw)
		maps.Copy(a.issued, known)
	}
	a.sort()
	return a, nil
}

// sort puts the best issue of each first.
func (a *ancestry) sort() {
	for id := range a.issued {
		slices.SortFunc(a.issued[id], compareIssue)
	}
	for id := range a.holds {
		slices.Sort(a.holds[id])
	}
}

func (a *ancestry) walk(e *Explorer, r *reader, frontier []graph.ID, visited map[graph.ID]bool, raw map[graph.ID][]issue) error {
	next := map[graph.ID]bool{}
	for _, id := range frontier {
		next[id] = !visited[id]
	}
	for depth := 0; ; depth++ {
		frontier = frontier[:0:0]
		for id, fresh := range next {
			if fresh && !visited[id] {
				visited[id] = true
				frontier = append(frontier, id)
			}
		}
		if len(frontier) == 0 {
			return nil
		}
		if depth > r.budget.Depth {
			r.cut(LimitDepth, r.budget.Depth)
			return nil
		}
		if len(visited) > r.budget.Nodes {
			r.cut(LimitNodes, r.budget.Nodes)
			return nil
		}
		slices.Sort(frontier)
		hops, err := e.behind(r, frontier)
		if err != nil {
			return err
		}
		next = map[graph.ID]bool{}
		for _, id := range frontier {
			if h := hops[id]; h != nil {
				a.add(h, raw, next)
			}
		}
	}
}

// add takes in what stands behind one node, and says what to look at next.
func (a *ancestry) add(h *hop, raw map[graph.ID][]issue, next map[graph.ID]bool) {
	id := h.node.ID
	if h.node.Kind != 0 {
		a.nodes[id] = h.node
	}
	for _, e := range h.in {
		switch e.Kind {
		case graph.Holds:
			a.heldBy[id] = append(a.heldBy[id], e)
		case graph.Runs:
			a.runBy[id] = append(a.runBy[id], e)
		case graph.Drives:
			a.drivenBy[id] = append(a.drivenBy[id], e)
			continue // agents do not issue
		case graph.Issued:
			i := issue{from: e.From, at: e.First, join: e.Label.Join, via: e.Via}
			for _, o := range e.Observations {
				i.evidence = append(i.evidence, o.Evidence)
			}
			raw[id] = append(raw[id], i)
		}
		next[e.From] = true
	}
	for _, e := range h.out {
		switch {
		case e.Kind == graph.Of:
			a.of[id] = append(a.of[id], e)
			next[e.To] = true
		case e.Kind == graph.ActsFor:
			a.actsFor[id] = append(a.actsFor[id], e)
			next[e.To] = true
		case h.node.Kind == graph.Identity:
			a.people[id] = a.people[id] || hasPrefix(e.To, passwordPrefix)
		default:
			a.holds[id] = append(a.holds[id], e.To)
			next[e.To] = true // a session comes from where its keys come from
		}
	}
}

// siblings are issues of the keys that the session holds: a session comes from
// where its keys come from, forwarded ones apart.
func (a *ancestry) siblings(session graph.ID) (keys []graph.ID) {
	for _, k := range a.holds[session] {
		if is := a.issued[k]; len(is) > 0 && is[0].join != graph.ForwardedAccess {
			keys = append(keys, k)
		}
	}
	return keys
}

// requestPrefix begins the id of a meeting point: who started a request, and
// what it brought forth, are known from two records.
const requestPrefix = "aws:request:"

// passwordPrefix begins the id of a password.
const passwordPrefix = "aws:password:"

// meet turns ISSUED edges into issues: those through a request join both
// halves, and a half alone says nothing.
func (a *ancestry) meet(raw map[graph.ID][]issue) {
	for id, in := range raw {
		if strings.HasPrefix(string(id), requestPrefix) {
			continue
		}
		for _, i := range in {
			if !strings.HasPrefix(string(i.from), requestPrefix) {
				a.issued[id] = append(a.issued[id], i)
				continue
			}
			for _, launch := range raw[i.from] {
				a.issued[id] = append(a.issued[id], issue{from: launch.from, at: i.at, join: max(launch.join, i.join), via: launch.via,
					evidence: slices.Concat(launch.evidence, i.evidence), note: "the request that started it"})
			}
		}
	}
}

func compareIssue(a, b issue) int {
	return cmp.Or(cmp.Compare(a.join, b.join), cmp.Compare(b.at, a.at), cmp.Compare(a.from, b.from), cmp.Compare(a.via.Service, b.via.Service), cmp.Compare(a.via.Agent, b.via.Agent))
}

// load adds nodes by id.
func (a *ancestry) load(r *reader, ids []graph.ID) error {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	ids = slices.DeleteFunc(ids, func(id graph.ID) bool { _, ok := a.nodes[id]; return ok || id == "" })
	found, err := r.nodes(ids)
	if err != nil {
		return err
	}
	for _, n := range found {
		a.nodes[n.ID] = n
	}
	return nil
}

// node is a loaded node, or one that only has its id.
func (a *ancestry) node(id graph.ID) graph.Node {
	if n, ok := a.nodes[id]; ok {
		return n
	}
	return graph.Node{ID: id}
}

func (a *ancestry) kind(id graph.ID) graph.Kind { return a.nodes[id].Kind }
func (a *ancestry) typ(id graph.ID) string      { return a.nodes[id].Type }

// identity folds an actor to the identity whose permissions it carries; an
// actor without one stands for itself.
func (a *ancestry) identity(actor graph.ID) graph.ID {
	return a.fold(actor, map[graph.ID]bool{})
}

func (a *ancestry) fold(id graph.ID, path map[graph.ID]bool) graph.ID {
	if path[id] || a.kind(id) == graph.Identity {
		return id
	}
	path[id] = true
	if to := ends(a.of[id], func(e graph.Edge) graph.ID { return e.To }); len(to) > 0 {
		return to[0]
	}
	for _, holder := range ends(a.heldBy[id], func(e graph.Edge) graph.ID { return e.From }) {
		if f := a.fold(holder, path); a.kind(f) == graph.Identity {
			return f
		}
	}
	return id
}

// ends are one end of each edge, sorted, each once.
func ends(es []graph.Edge, end func(graph.Edge) graph.ID) []graph.ID {
	out := make([]graph.ID, 0, len(es))
	for _, e := range es {
		out = append(out, end(e))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sessions of an actor: itself, and those that hold it.
func (a *ancestry) sessions(actor graph.ID) []graph.ID {
	var out []graph.ID
	if a.kind(actor) == graph.Session {
		out = append(out, actor)
	}
	for _, id := range ends(a.heldBy[actor], func(e graph.Edge) graph.ID { return e.From }) {
		if a.kind(id) == graph.Session {
			out = append(out, id)
		}
	}
	return out
}

// richness ranks how much an identity says: smaller is richer.
func (a *ancestry) richness(identity graph.ID) int {
	switch n := a.nodes[identity]; {
	case n.Type == "aws.principal":
		return 2
	case n.Kind == graph.Identity:
		return 0
	}
	return 1
}
