package explore

import "github.com/blastradius/blastradius/graph"

// scissors are cuts, resolved to the nodes that stop.
type scissors struct {
	at     graph.Time
	stops  map[int32]bool    // acts no more from then on
	agents map[graph.ID]bool // nothing comes through it any more
	barred map[int32]bool    // would not have been issued from then on
	issues map[issueKey]bool // issues that would not have happened
}

// issueKey is one issue of one credential.
type issueKey struct {
	to       int32
	evidence string
}

// removes reports whether the event would not have happened.
func (c *scissors) removes(t *terrain, l *link, x *instant) bool {
	return c != nil && x.at >= c.at && (c.stops[l.from] || c.agents[t.through(l).Agent] ||
		l.kind == graph.Issued && (c.barred[l.to] || len(c.issues) > 0 && c.issues[issueKey{l.to, t.evidence(x)}]))
}
