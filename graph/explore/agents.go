package explore

import "github.com/blastradius/blastradius/graph"

// agent is the agent behind a call: the one that it came through; else the one
// through which the credential, or what issued that, was obtained; else, where a
// service made the call with a forwarded credential, the one that drove the
// session by then, which is only possible. Empty: no evidence of one.
func (a *ancestry) agent(c *call) (graph.ID, Certainty) {
	if c.via.Agent != "" {
		return c.via.Agent, Definite
	}
	if id, certainty := a.obtained(c.from, map[graph.ID]bool{}); id != "" {
		return id, certainty
	}
	if c.via.Service == "" {
		return "", ""
	}
	for _, s := range append([]graph.ID{c.from}, a.sessions(c.from)...) {
		if id := a.driver(s, c.at); id != "" {
			return id, Possible
		}
	}
	return "", ""
}

// obtained is the agent through which the actor, or an issuer of it, was
// obtained.
func (a *ancestry) obtained(actor graph.ID, path map[graph.ID]bool) (graph.ID, Certainty) {
	if path[actor] {
		return "", ""
	}
	path[actor] = true
	behind := []graph.ID{actor}
	for _, s := range a.sessions(actor) {
		behind = append(append(behind, s), a.siblings(s)...)
	}
	for _, id := range behind {
		if len(a.issued[id]) == 0 {
			continue
		}
		i := a.issued[id][0]
		agent, certainty := i.via.Agent, i.certainty()
		if agent == "" {
			agent, certainty = a.obtained(i.from, path)
			if i.join.Heuristic() {
				certainty = Possible
			}
		}
		if agent != "" {
			return agent, certainty
		}
	}
	return "", ""
}

// driver is the agent that drove the session or credential last by then.
func (a *ancestry) driver(id graph.ID, at graph.Time) graph.ID {
	var best *graph.Edge
	for i, e := range a.drivenBy[id] {
		if e.First <= at && (best == nil || e.First > best.First || e.First == best.First && e.From < best.From) {
			best = &a.drivenBy[id][i]
		}
	}
	if best == nil {
		return ""
	}
	return best.From
}
