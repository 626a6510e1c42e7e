package explore

import (
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// selection picks calls: those made by actors, those on targets, or all.
type selection struct {
	asked   []graph.ID // the nodes that were asked for
	acting  *actors
	targets *scope
	all     bool
}

var (
	acts      = []graph.Kind{graph.Identity, graph.Credential, graph.Session, graph.Agent, graph.Service}
	isActedOn = []graph.Kind{graph.Resource, graph.Service, graph.Account, graph.Policy}
	selects   = []graph.Kind{graph.Identity, graph.Credential, graph.Session, graph.Agent, graph.Service, graph.Resource, graph.Account, graph.Policy}
)

// selection resolves what calls are asked for: of what acts, the calls it made;
// of what is acted on, the calls on it and its parts; of a workload, both.
func (r *reader) selection(of []string, w graph.Window) (*selection, error) {
	if len(of) == 0 {
		return &selection{all: true}, nil
	}
	xs, err := r.resolve(of, selects)
	if err != nil {
		return nil, err
	}
	var acting []resolved
	s := &selection{targets: &scope{targets: map[graph.ID]target{}}}
	for _, x := range xs {
		s.asked = append(s.asked, x.node.ID)
		if slices.Contains(acts, x.node.Kind) {
			acting = append(acting, x)
		}
		if slices.Contains(isActedOn, x.node.Kind) {
			s.targets.asked = append(s.targets.asked, x)
		}
		if x.node.Kind == graph.Client {
			return nil, &graph.Error{Code: graph.CodeInvalid, Message: string(x.node.ID) + " is a program, which many use", Hint: "ask for an identity, credential, session, agent, workload or resource"}
		}
	}
	if s.acting, err = r.actors(acting, w); err != nil {
		return nil, err
	}
	return s, r.fill(s.targets, true, false)
}

// read hands each edge of the selection in the window to f. An edge may come
// twice, as made and as suffered.
func (s *selection) read(r *reader, w graph.Window, detail graph.Detail, f func(*graph.Edge, graph.Window)) error {
	flt := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w, Detail: detail}
	if s.all {
		return r.everywhere(flt, func(e *graph.Edge) { f(e, graph.Window{}) })
	}
	err := r.edges(s.acting.list(), graph.Out, flt, func(e *graph.Edge) {
		if s.acting.counts(e) {
			f(e, graph.Window{})
		}
	})
	if err != nil || len(s.targets.ids) == 0 {
		return err
	}
	return r.edges(s.targets.ids, graph.In, flt, func(e *graph.Edge) { f(e, s.targets.targets[e.To].window) })
}

// bounded closes an open window with the first and last event of the data.
func (e *Explorer) bounded(r *reader, w graph.Window) (graph.Window, error) {
	l, err := e.load(r)
	if err != nil {
		return w, err
	}
	if w.From == 0 {
		w.From = l.first
	}
	if w.To == 0 {
		w.To = max(l.last+1, w.From)
	}
	return w, nil
}
