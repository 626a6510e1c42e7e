package explore

import (
	"fmt"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// filters are what of the edges a walk reads: the same at every hop.
type filters struct {
	physics  graph.Physics
	backward bool
	window   graph.Window // of events
	effects  [2]uint32    // of CALLED, by direction of reading less one
	outcomes uint32
}

// The kinds of edges that say how long a credential is valid, and who may have
// used it.
const lifeOut, lifeIn = uint32(1) << graph.Of, uint32(1)<<graph.Holds | uint32(1)<<graph.Issued

func bit[T ~uint8](v T) uint32 { return 1 << v }

// newFilters reads off the table what a walk may need.
func newFilters(ph graph.Physics, backward bool, w graph.Window) *filters {
	f := &filters{physics: ph, backward: backward, window: w}
	for i := range graph.Spreads[ph] {
		p := &graph.Spreads[ph][i]
		if p.Along != graph.Called {
			continue
		}
		side := 0 // read at its From
		if p.Against != backward {
			side = 1
		}
		if len(p.Effects) == 0 {
			f.effects[side] = ^uint32(0)
		}
		for _, e := range p.Effects {
			f.effects[side] |= bit(e)
		}
		for _, o := range p.Outcomes {
			f.outcomes |= bit(o)
		}
	}
	return f
}

// brings reports whether reading at that end of the edge yields it.
func (f *filters) brings(dir graph.Direction, e *graph.Edge) bool {
	return e.Kind != graph.Called || f.effects[dir-1]&bit(e.Label.Effect) != 0
}

// ask is what of a node's edges a walk needs: kinds of edges, as masks.
type ask struct{ out, in uint32 }

// wants is what the walk needs at a node in that state.
func (f *filters) wants(s graph.State, n *graph.Node) (a ask) {
	for i := range graph.Spreads[f.physics] {
		p := &graph.Spreads[f.physics][i]
		end := p.From
		if f.backward {
			end = p.To
		}
		if end != s {
			continue
		}
		if p.Against == f.backward { // forward along an edge, backward against it: read where it begins
			a.out |= bit(p.Along)
		} else {
			a.in |= bit(p.Along)
		}
	}
	switch {
	case n.Kind == graph.Credential: // how long it lives, and whether it was replaced
		a.out |= lifeOut
		a.in |= lifeIn
	case s == graph.InControl && n.Kind == graph.Session:
		a.out |= bit(graph.Holds) // when it came to be
	}
	return a
}

// survey reads the terrain for one walk: what the walk reaches, hop by hop.
type survey struct {
	*terrain
	e        *Explorer
	r        *reader
	f        *filters
	wanted   map[int32]ask
	unread   map[int32]bool // nodes
	joined   map[int32]bool // forwarded credentials whose issuers were worked out
	forwards []int32        // links by which credentials were forwarded, not yet worked out
	tooWide  bool           // the window is too large to be read whole
	held     *heldTerrain   // the hot window's, where the walk is over it: nothing is read, nothing may change
}

// scanFrom is how many nodes a hop asks for before the whole window is read at
// once, in order of time: from about there on the store answers that sooner.
var scanFrom = 256

func (e *Explorer) survey(r *reader, f *filters) *survey {
	return &survey{terrain: newTerrain(), e: e, r: r, f: f, wanted: map[int32]ask{}, unread: map[int32]bool{}, joined: map[int32]bool{}}
}

// want notes that edges of the node are needed.
func (s *survey) want(n int32, a ask) {
	if s.held != nil {
		return
	}
	for _, id := range s.own(n) {
		p := &s.nodes[id]
		if s.full != 0 {
			s.meet(p, a)
			continue
		}
		if a.out&^p.gotOut|a.in&^p.gotIn != 0 {
			w := s.wanted[id]
			s.wanted[id] = ask{w.out | a.out&^p.gotOut, w.in | a.in&^p.gotIn}
		}
	}
}

// read reads all that was wanted, one read for each direction, and the nodes at
// the far ends. It reports whether there was anything to read.
func (s *survey) read() (more bool, err error) {
	if s.r.truncated != nil && s.r.truncated.Limit == LimitEdges {
		return false, nil
	}
	if !s.more() {
		return false, nil
	}
	if len(s.wanted) >= scanFrom && !s.tooWide {
		if err := s.scan(); err != nil {
			return false, err
		}
	}
	wanted := s.wanted
	s.wanted = map[int32]ask{}
	for _, dir := range []graph.Direction{graph.Out, graph.In} {
		if err := s.readEdges(wanted, dir); err != nil {
			return false, err
		}
	}
	if err := s.readNodes(); err != nil {
		return false, err
	}
	if err := s.forwarded(); err != nil {
		return false, err
	}
	s.settle(s.f.window)
	return true, nil
}

// more reports whether there is anything to read.
func (s *survey) more() bool { return len(s.wanted)+len(s.unread)+len(s.forwards) > 0 }

// meet notes the nodes and the forwarded credentials at the far ends of a node's
// edges, which a scan has brought.
func (s *survey) meet(p *site, a ask) {
	for _, side := range [2][]arc{p.outs, p.ins} {
		for _, x := range side {
			i := x.link
			l := &s.links[i]
			for _, n := range [2]int32{l.from, l.to} {
				if !s.nodes[n].read {
					s.unread[n] = true
				}
			}
			if (a.out|a.in)&bit(graph.Issued) != 0 && l.kind == graph.Issued && s.label(l).Join == graph.ForwardedAccess && !l.derived && !s.joined[l.to] {
				s.forwards = append(s.forwards, i)
			}
		}
	}
}

// scan reads the whole window, unless that takes more than half of what may
// still be read: then the walk goes on hop by hop.
func (s *survey) scan() error {
	flt := graph.Filter{Window: s.f.window, Detail: graph.Evidence}
	s.f.narrow(&flt, ^uint32(0), s.f.effects[0]|s.f.effects[1])
	flt.AsOf = s.r.asOf
	whole := newTerrain()
	whole.nodes, whole.num, whole.cuts = s.nodes, s.num, s.cuts
	kept := slices.Clone(s.nodes)
	for n := range s.nodes {
		p := &s.nodes[n]
		p.outs, p.ins, p.gotOut, p.gotIn = nil, nil, 0, 0
	}
	most := s.r.left / 2
	for e, err := range s.r.joined(nil, graph.Out, flt) {
		if err != nil {
			return fmt.Errorf("read edges: %w", err)
		}
		if most--; most < 0 {
			s.tooWide = true
			copy(whole.nodes, kept)
			for n := len(kept); n < len(whole.nodes); n++ {
				whole.nodes[n].outs, whole.nodes[n].ins = nil, nil
			}
			s.nodes = whole.nodes
			return nil
		}
		whole.add(&e, graph.Out, s.f)
	}
	s.r.left = s.r.left/2 + most
	whole.full = ^uint32(0)
	for n := range whole.nodes {
		whole.nodes[n].gotOut, whole.nodes[n].gotIn = whole.full, whole.full
	}
	wanted := s.wanted
	s.terrain, s.wanted, s.forwards, s.joined = whole, map[int32]ask{}, nil, map[int32]bool{}
	for n, a := range wanted {
		s.want(n, a)
	}
	return nil
}

// narrow sets the kinds, effects and outcomes of a filter.
func (f *filters) narrow(flt *graph.Filter, kinds, effects uint32) {
	for k := graph.Holds; k <= graph.ActsFor; k++ {
		if kinds&bit(k) != 0 {
			flt.Kinds = append(flt.Kinds, k)
		}
	}
	if effects != ^uint32(0) {
		for v := graph.Read; v <= graph.Control; v++ {
			if effects&bit(v) != 0 {
				flt.Effects = append(flt.Effects, v)
			}
		}
	}
	for o := graph.OK; o <= graph.Probe; o++ {
		if f.outcomes&bit(o) != 0 {
			flt.Outcomes = append(flt.Outcomes, o)
		}
	}
}

func (s *survey) readEdges(wanted map[int32]ask, dir graph.Direction) error {
	var ids []graph.ID
	var kinds uint32
	mask := func(a ask) uint32 {
		if dir == graph.Out {
			return a.out
		}
		return a.in
	}
	for n, a := range wanted {
		if m := mask(a); m != 0 {
			ids = append(ids, s.nodes[n].ID)
			kinds |= m
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	flt := graph.Filter{Window: s.f.window, Detail: graph.Evidence}
	s.f.narrow(&flt, kinds, s.f.effects[dir-1])
	err := s.r.edges(ids, dir, flt, func(e *graph.Edge) {
		at, far := e.From, e.To
		if dir == graph.In {
			at, far = far, at
		}
		p := &s.nodes[s.number(at)]
		got := p.gotOut
		if dir == graph.In {
			got = p.gotIn
		}
		if got&bit(e.Kind) != 0 {
			return // read before, for another reason
		}
		if n := s.number(far); !s.nodes[n].read {
			s.unread[n] = true
		}
		before := len(s.links)
		s.add(e, dir, s.f)
		if e.Kind == graph.Issued && e.Label.Join == graph.ForwardedAccess && len(s.links) > before {
			s.forwards = append(s.forwards, int32(before))
		}
	})
	for _, id := range ids {
		p := &s.nodes[s.num[id]]
		if dir == graph.Out {
			p.gotOut |= kinds
		} else {
			p.gotIn |= kinds
		}
	}
	return err
}

// readNodes reads the nodes that were met, with those that share an id with
// them.
func (s *survey) readNodes() error {
	for len(s.unread) > 0 {
		var ids []graph.ID
		for n := range s.unread {
			ids = append(ids, s.nodes[n].ID)
			s.nodes[n].read = true
		}
		slices.Sort(ids)
		s.unread = map[int32]bool{}
		for some := range slices.Chunk(ids, nodesAtOnce) {
			found, err := s.r.nodes(some)
			if err != nil {
				return err
			}
			for i := range found {
				s.know(&found[i])
			}
		}
	}
	return nil
}

// nodesAtOnce bounds how many nodes are asked for at once.
const nodesAtOnce = 20_000

// know takes in a node that was read.
func (s *survey) know(n *graph.Node) {
	p := &s.nodes[s.number(n.ID)]
	id := p.ID // of the edges: one text is enough
	p.Node, p.read, p.inert = *n, true, n.Inert()
	p.ID = id
	for i := range n.Attrs {
		a := &n.Attrs[i]
		s.size += attrSize + int64(len(a.Value))
		if a.Name != graph.AttrAlias {
			continue
		}
		if short := s.number(graph.ID(a.Value)); !s.nodes[short].read {
			s.unread[short] = true
		}
	}
}

// attrSize is how many bytes an attribute takes beside its text.
const attrSize = 48

// forwarded works out who may have caused the forwarded credentials that were
// met, and adds it as edges: the keys of the session that the record shows, or
// the user's key that called just before.
func (s *survey) forwarded() error {
	var fresh []graph.ID
	for _, i := range s.forwards {
		if to := s.links[i].to; !s.joined[to] {
			s.joined[to] = true
			fresh = append(fresh, s.nodes[to].ID)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	slices.Sort(fresh)
	a, err := s.e.ancestry(s.r, fresh)
	if err != nil {
		return err
	}
	for _, id := range fresh {
		for _, i := range a.issued[id] {
			if i.join != graph.ForwardedAccess {
				continue
			}
			from := []graph.ID{i.from}
			if a.kind(i.from) == graph.Session {
				from = a.holds[i.from]
			}
			for _, k := range from {
				if a.kind(k) != graph.Credential && !hasPrefix(k, "aws:key:") || k == id || slices.ContainsFunc(a.issued[k], func(j issue) bool { return j.join == graph.ForwardedAccess }) {
					continue
				}
				if !s.f.window.Contains(i.at) {
					continue
				}
				l := link{from: s.number(k), to: s.number(id), kind: graph.Issued, label: s.words.number(graph.Label{Join: graph.ForwardedAccess}), via: s.vias.number(i.via),
					first: int32(len(s.instants)), n: int32(len(i.evidence)), hour: i.at.Hour(), derived: true}
				for _, ev := range slices.Sorted(slices.Values(i.evidence)) {
					s.observe(i.at, ev)
				}
				s.put(l)
				s.unread[l.from] = true
			}
		}
	}
	s.forwards = s.forwards[:0]
	return s.readNodes()
}
