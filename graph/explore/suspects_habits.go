package explore

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// habits reads what the makers of the acts did in the baseline.
func (s *suspecting) habits(b Baseline) error {
	actors := map[graph.ID]bool{}
	for i := range s.acts {
		actors[s.acts[i].Actor] = true
	}
	var err error
	if s.a, err = s.e.ancestry(s.r, slices.Sorted(maps.Keys(actors))); err != nil {
		return err
	}
	ids, roles, watched := map[graph.ID]bool{}, map[graph.ID]bool{}, map[graph.ID]bool{}
	for i := range s.acts {
		watched[s.main(s.acts[i].Target)] = true
	}
	for id := range actors {
		ids[s.a.identity(id)] = true
		for _, i := range s.issues(id) {
			ids[s.a.identity(i.from)], roles[s.a.identity(i.to)] = true, true
		}
	}
	if s.past, err = s.r.past(slices.Sorted(maps.Keys(ids)), b, mutations, func(id graph.ID, e *graph.Edge) {
		if !watched[s.main(e.To)] || e.Outcome != graph.OK || e.Label.Role > graph.Primary {
			return
		}
		k := habitKey{id, e.Label.Action, s.main(e.To)}
		if s.changed[k] == nil {
			s.changed[k] = map[int64]bool{}
		}
		s.changed[k][int64(e.First)/dayMillis] = true
	}); err != nil {
		return err
	}
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Called}, Window: b.Window, Effects: []graph.Effect{graph.Use}, Outcomes: []graph.Outcome{graph.OK}}
	if err := s.r.edges(slices.Sorted(maps.Keys(roles)), graph.In, f, func(e *graph.Edge) {
		if by := s.past.carrier[e.From]; by != "" {
			s.assumed[[2]graph.ID{by, e.To}] = true
		}
	}); err != nil {
		return err
	}
	return s.load()
}

const dayMillis = int64(24 * time.Hour / time.Millisecond)

// main is the resource for it and its parts, anything else for itself.
func (s *suspecting) main(target graph.ID) graph.ID {
	if _, own := s.scope.targets[target]; own {
		return s.scope.asked[0].node.ID
	}
	return target
}

// load reads the nodes that are shown.
func (s *suspecting) load() error {
	var ids []graph.ID
	for i := range s.acts {
		ids = append(ids, s.acts[i].Actor, s.acts[i].via.Agent, s.acts[i].Target, s.acts[i].Then)
	}
	return s.a.load(s.r, ids)
}

// handover is one issue on the way to an actor.
type handover struct {
	issue
	to graph.ID
}

// issues are the issues behind an actor, nearest first. Credentials that a
// service forwarded are the session's own.
func (s *suspecting) issues(actor graph.ID) (out []handover) {
	seen := map[graph.ID]bool{}
	for at := actor; at != "" && !seen[at]; {
		seen[at] = true
		behind := []graph.ID{at}
		for _, x := range s.a.sessions(at) {
			behind = append(append(behind, x), s.a.siblings(x)...)
		}
		at = ""
		for _, id := range behind {
			main, _ := s.a.joins(id, 0)
			if len(main) == 0 {
				continue
			}
			i := main[len(main)-1]
			at = i.from
			if i.join != graph.ForwardedAccess {
				out = append(out, handover{i, id})
				break
			}
		}
	}
	return out
}

// novelty compares the act with what the identity did in the baseline.
func (s *suspecting) novelty(x *Act, identity graph.ID, h *history) (float64, string) {
	once := x.Effect == graph.Delete || x.Effect == graph.Grant || x.Effect == graph.Control
	days := len(s.changed[habitKey{identity, x.Action, s.main(x.Target)}])
	switch {
	case h.since == 0:
		return 0.8, "a new identity: it has no habits to compare with"
	case h.calls == 0 && len(h.actions) == 0:
		return 0.8, "it changed nothing in the whole baseline"
	case days >= routineDays:
		return 0, fmt.Sprintf("a routine: it did so on %d days of the baseline", days)
	case days > 0:
		return 0.3, fmt.Sprintf("it did so on %d of the days of the baseline", days)
	case h.actions[x.Action] == nil:
		return 1, "it never did " + x.Action + " before"
	case once:
		return 0.8, "it does " + x.Action + ", but never did to this"
	}
	return 0.6, "it does " + x.Action + ", but never did to this"
}

// issuer looks for a role that was taken by one who never took it in the
// baseline.
func (s *suspecting) issuer(x *Act) (float64, string, []string) {
	for _, i := range s.issues(x.Actor) {
		role, by := s.a.identity(i.to), s.a.identity(i.from)
		h := s.past.of[role]
		if s.a.kind(role) != graph.Identity || role == by || h == nil || h.since == 0 || s.assumed[[2]graph.ID{by, role}] || s.a.typ(i.from) == typeService {
			continue
		}
		return 1, fmt.Sprintf("%s was obtained by %s, which never took it before", role, by), i.evidence
	}
	return 0, "", nil
}

// network looks for a network that the identity never came from, of the actor or
// of the session's other credentials.
func (s *suspecting) network(x *Act, h *history) (float64, string) {
	if len(h.networks) == 0 || len(h.networks) >= manyNetworks {
		return 0, ""
	}
	actor := s.a.node(x.Actor)
	for _, a := range actor.Attrs {
		if a.Name != graph.AttrNetwork || x.At < a.First || a.Last < x.At || h.networks[a.Value] {
			continue
		}
		for _, other := range s.past.of {
			if other.networks[a.Value] {
				return 0.4, "from " + a.Value + ", where it never came from before, but others did"
			}
		}
		return 1, "from " + a.Value + ", where neither it nor any other candidate came from before"
	}
	return 0, ""
}
