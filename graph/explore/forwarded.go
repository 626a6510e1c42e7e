package explore

import (
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// forwardedWithin is how soon before a forwarded credential appears its caller
// must have called; measured on real captures, where all do within a second.
const forwardedWithin = 1000 // milliseconds

// forwarded refines credentials that a service forwarded for an IAM user: where
// exactly one long-lived key of the user called within a second before, that
// key is the issuer, still only possibly. It returns the keys found.
func (a *ancestry) forwarded(r *reader) ([]graph.ID, error) {
	a.plain()
	var users []graph.ID
	var span graph.Window
	for _, is := range a.issued {
		for _, i := range is {
			if i.join != graph.ForwardedAccess || a.kind(i.from) != graph.Identity {
				continue
			}
			users = append(users, i.from)
			if span.From == 0 || i.at < span.From {
				span.From = i.at
			}
			span.To = max(span.To, i.at)
		}
	}
	if len(users) == 0 {
		return nil, nil
	}
	slices.Sort(users)
	users = slices.Compact(users)
	held := map[graph.ID][]graph.ID{} // user → credentials
	var keys []graph.ID
	err := r.edges(users, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Holds}}, func(e *graph.Edge) {
		held[e.From] = append(held[e.From], e.To)
		keys = append(keys, e.To)
	})
	if err != nil {
		return nil, err
	}
	if err := a.load(r, slices.Concat(users, keys)); err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(id graph.ID) bool { return a.typ(id) != typeLongLived })
	if len(keys) == 0 {
		return nil, nil
	}
	called := map[graph.ID][]graph.Time{}
	w := graph.Window{From: span.From - forwardedWithin, To: span.To + 1}
	err = r.edges(keys, graph.Out, graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: w, Detail: graph.Times}, func(e *graph.Edge) {
		for _, o := range e.Observations {
			called[e.From] = append(called[e.From], o.At)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, ts := range called {
		slices.Sort(ts)
	}
	var found []graph.ID
	for id, is := range a.issued {
		for n, i := range is {
			if i.join != graph.ForwardedAccess || a.kind(i.from) != graph.Identity {
				continue
			}
			var near []graph.ID
			for _, k := range held[i.from] {
				if at, ok := slices.BinarySearch(called[k], i.at-forwardedWithin); ok || at < len(called[k]) && called[k][at] <= i.at {
					near = append(near, k)
				}
			}
			if len(near) == 1 {
				a.issued[id][n].from = near[0]
				a.issued[id][n].note = "forwarded by a service: the only long-lived key of " + string(i.from) + " that called within a second before"
				found = append(found, near[0])
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// plain settles what is said of forwarded credentials without looking further:
// one that belongs to a console session was not forwarded; one whose issuer is
// only its own session, which leads nowhere, was issued by the identity.
func (a *ancestry) plain() {
	for id, is := range a.issued {
		if a.console(id) {
			is = slices.DeleteFunc(is, func(i issue) bool { return i.join == graph.ForwardedAccess })
		}
		own := a.sessions(id)
		for n, i := range is {
			if s := i.from; i.join == graph.ForwardedAccess && slices.Contains(own, s) && len(a.issued[s])+len(a.runBy[s])+len(a.siblings(s)) == 0 {
				is[n].from = a.identity(s)
			}
		}
		a.issued[id] = is
	}
}
