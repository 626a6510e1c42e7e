package explore

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// siblings is how many nodes of one kind and account that hang on one node in
// the same way are drawn before the rest folds into a group; the smaller
// numbers are for pictures that do not fit otherwise.
var siblings = []int{8, 4, 2, 0}

// readable is the most nodes that a person can read: a picture that may be
// larger is an overview, in which nothing folds as long as it fits.
const readable = 500

// foldKey tells groups apart.
type foldKey struct {
	hub     graph.ID
	inward  bool // the siblings point at the hub
	edge    graph.EdgeKind
	kind    graph.Kind
	account string
}

func (k foldKey) String() string {
	way := "out"
	if k.inward {
		way = "in"
	}
	return strings.Join([]string{k.edge.String(), way, k.kind.String(), k.account, string(k.hub)}, "|")
}

// fold is a group: siblings that are not drawn, gravest first.
type fold struct {
	key     foldKey
	members []graph.ID
	calls   int
	worst   graph.Outcome
	first   graph.Time
}

func (f *fold) show() PictureGroup {
	return PictureGroup{ID: f.key.String(), Hub: f.key.hub, Inward: f.key.inward, Edge: f.key.edge, Kind: f.key.kind, Account: f.key.account,
		Count: len(f.members), Calls: f.calls, Worst: f.worst, First: f.first}
}

// compose makes the picture fit: siblings fold; then identities that changed
// nothing stand for their credentials; then fewer siblings are drawn; what is
// still too much is cut, and the answer says so.
func (s *sketch) compose(r *reader, nodes, edges int) {
	fits := func() bool {
		on := s.drawn()
		return len(on) <= nodes && s.fit.among(on) <= edges
	}
	s.fit = s.full
	if nodes > readable {
		if s.groups, s.hidden = nil, map[graph.ID]bool{}; fits() {
			return
		}
	}
	if s.fold(siblings[0]); fits() {
		return
	}
	s.fit = s.full.quiet(s.a, s.asked)
	for _, n := range siblings {
		if s.fold(n); fits() {
			return
		}
	}
	r.cut(LimitNodes, nodes)
	s.prune(nodes, edges)
}

// drawn are the nodes that are not hidden.
func (s *sketch) drawn() map[graph.ID]bool {
	on := make(map[graph.ID]bool, len(s.fit.dots))
	for id := range s.fit.dots {
		if !s.hidden[id] {
			on[id] = true
		}
	}
	return on
}

// among counts the edges between these nodes.
func (d *drawing) among(on map[graph.ID]bool) int {
	n := 0
	for k := range d.strokes {
		if on[k.from] && on[k.to] {
			n++
		}
	}
	return n
}

// fold hides all but so many of the siblings at each node.
func (s *sketch) fold(keep int) {
	s.groups, s.hidden = nil, map[graph.ID]bool{}
	families := map[foldKey][]graph.ID{}
	for k := range s.fit.strokes {
		for _, inward := range []bool{true, false} {
			leaf, hub := k.from, k.to
			if !inward {
				leaf, hub = hub, leaf
			}
			if s.fit.dots[leaf].degree > 1 || slices.Contains(s.asked, leaf) {
				continue
			}
			n := s.a.show(leaf)
			f := foldKey{hub, inward, k.kind, n.Kind, n.Account}
			families[f] = append(families[f], leaf)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(families), func(a, b foldKey) int { return cmp.Compare(a.String(), b.String()) }) {
		members := families[k]
		if len(members) <= keep+1 { // a group of one takes as much room as the node
			continue
		}
		slices.SortFunc(members, s.byWeight)
		f := &fold{key: k, members: members[keep:]}
		for _, id := range f.members {
			d := s.fit.dots[id]
			s.hidden[id] = true
			f.calls += d.calls
			f.worst = graver(f.worst, d.worst)
			f.first = earlier(f.first, d.first)
		}
		s.groups = append(s.groups, f)
	}
}

// byWeight puts first what a responder wants to see first: what was asked, the
// gravest outcome, the earliest touch.
func (s *sketch) byWeight(a, b graph.ID) int {
	x, y := s.fit.dots[a], s.fit.dots[b]
	return cmp.Or(-cmp.Compare(gravity[x.worst], gravity[y.worst]), cmp.Compare(x.first, y.first), cmp.Compare(a, b))
}

// quiet is the drawing with each identity that changed nothing standing for its
// credentials and sessions.
func (d *drawing) quiet(a *ancestry, asked []graph.ID) *drawing {
	loud := map[graph.ID]bool{}
	for _, id := range asked {
		loud[id], loud[a.identity(id)] = true, true
	}
	for k, x := range d.strokes {
		if k.kind == graph.Called && (x.effect.Mutates() || x.agent != "") {
			loud[a.identity(k.from)] = true
		}
	}
	for more := true; more; { // and what stands behind the loud
		more = false
		for k := range d.strokes {
			if from := a.identity(k.from); k.kind == graph.Issued && loud[a.identity(k.to)] && !loud[from] {
				loud[from], more = true, true
			}
		}
	}
	stand := func(id graph.ID) graph.ID {
		if who := a.identity(id); !loud[who] && (a.kind(id) == graph.Credential || a.kind(id) == graph.Session) && a.kind(who) == graph.Identity {
			return who
		}
		return id
	}
	out := newDrawing()
	for k, x := range d.strokes {
		to := strokeKey{stand(k.from), stand(k.to), k.kind}
		if to.from == to.to || to != k && k.kind.Standing() {
			continue
		}
		out.stroke(to).merge(x)
	}
	for _, id := range asked {
		out.dot(id)
	}
	out.settle(graph.Window{})
	return out
}

func (x *stroke) merge(y *stroke) {
	for c, o := range y.calls {
		x.calls[c] = graver(x.calls[c], o)
	}
	for l, n := range y.labels {
		x.labels[l] += n
	}
	x.effect, x.agent = max(x.effect, y.effect), max(x.agent, y.agent)
	x.first, x.last = earlier(x.first, y.first), max(x.last, y.last)
	if y.certainty == Possible {
		x.certainty = Possible
	}
	x.sights = append(x.sights, y.sights...)
}

// prune hides the lightest nodes until the bounds hold; what was asked stays.
func (s *sketch) prune(nodes, edges int) {
	on := s.drawn()
	at := map[graph.ID][]strokeKey{}
	left := 0
	for k := range s.fit.strokes {
		if on[k.from] && on[k.to] {
			at[k.from], at[k.to] = append(at[k.from], k), append(at[k.to], k)
			left++
		}
	}
	order := slices.SortedFunc(maps.Keys(on), s.byWeight)
	for i := len(order) - 1; i >= 0 && (len(on) > nodes || left > edges); i-- {
		id := order[i]
		if slices.Contains(s.asked, id) {
			continue
		}
		for _, k := range at[id] {
			if on[k.from] && on[k.to] {
				left--
			}
		}
		s.hidden[id] = true
		delete(on, id)
	}
	s.groups = slices.DeleteFunc(s.groups, func(f *fold) bool { return !on[f.key.hub] })
}
