package explore

import (
	"fmt"
	"slices"

	"github.com/blastradius/blastradius/graph"
)

// Hop is one step of a chain, towards what acted.
type Hop struct {
	Kind      graph.EdgeKind `json:"kind"`
	From      graph.ID       `json:"from"`
	To        graph.ID       `json:"to"`
	At        graph.Time     `json:"at"` // of standing facts: since when, as far as known
	Join      graph.Join     `json:"join"`
	Certainty Certainty      `json:"certainty"`
	Evidence  []string       `json:"evidence"`
	// Alternatives are weaker joins to the same node; never upgraded.
	Alternatives []Alternative `json:"alternatives"`
	Note         string        `json:"note"`
}

// Alternative is a further join that leads to the same credential or session.
type Alternative struct {
	From      graph.ID   `json:"from"`
	At        graph.Time `json:"at"`
	Join      graph.Join `json:"join"`
	Certainty Certainty  `json:"certainty"`
	Evidence  []string   `json:"evidence"`
}

// Origin is where a chain ends.
type Origin struct {
	Of        graph.ID  `json:"of"` // the credential or session whose chain it is
	Node      graph.ID  `json:"node"`
	Known     bool      `json:"known"`
	Certainty Certainty `json:"certainty"`
	Reason    string    `json:"reason"`
}

// issueSkew is how much later than its use an issue may be dated: event times
// have a resolution of one second.
const issueSkew = 1000 // milliseconds

// chains gathers the hops behind actors, each once, nearest first.
type chains struct {
	a    *ancestry
	seen map[hopKey]bool
	hops []Hop
}

// hopKey tells hops apart.
type hopKey struct {
	kind     graph.EdgeKind
	from, to graph.ID
}

func (a *ancestry) chains() *chains { return &chains{a: a, seen: map[hopKey]bool{}} }

// follow adds the hops behind the actor, as of at (zero: after everything), and
// returns where they end.
func (c *chains) follow(actor graph.ID, at graph.Time) Origin {
	o := c.climb(actor, at, map[graph.ID]bool{})
	o.Of = actor
	return o
}

func (c *chains) climb(id graph.ID, at graph.Time, path map[graph.ID]bool) Origin {
	if path[id] {
		return Origin{Node: id, Certainty: Definite, Reason: "the chain runs in a circle"}
	}
	path[id] = true
	defer delete(path, id)
	a := c.a

	if main, rest := a.joins(id, at); len(main) > 0 {
		var o Origin
		for n, i := range main {
			h := Hop{Kind: graph.Issued, From: i.from, To: id, At: i.at, Join: i.join, Certainty: i.certainty(), Evidence: firstTen(i.evidence), Alternatives: []Alternative{}, Note: i.note}
			if n == 0 {
				h.Alternatives = rest
			}
			if len(main) > 1 && n == 0 {
				h.Note = "the broker; started by the next hop"
			}
			c.hop(h)
			o = c.climb(i.from, i.at, path) // the last one leads on
			if i.join.Heuristic() {
				o.Certainty = Possible
			}
		}
		c.sessions(id, at, path, true)
		c.holder(id, at)
		return o
	}
	if o, ok := c.sessions(id, at, path, false); ok {
		return o
	}
	for _, key := range a.siblings(id) {
		if at != 0 && a.issued[key][0].at > at+issueSkew {
			continue
		}
		// What issued the session's key issued the session.
		if i := a.issued[key][0]; !path[key] && !path[i.from] {
			c.hop(Hop{Kind: graph.Issued, From: i.from, To: id, At: i.at, Join: i.join, Certainty: i.certainty(), Evidence: firstTen(i.evidence), Alternatives: []Alternative{}, Note: "issued as " + string(key) + ", which the session holds"})
			o := c.climb(i.from, i.at, path)
			if i.join.Heuristic() {
				o.Certainty = Possible
			}
			return o
		}
	}
	if from := c.holder(id, at); from != "" {
		return Origin{Node: from, Known: true, Certainty: Definite, Reason: a.rootReason(id)}
	}
	if o, ok := c.owner(id); ok {
		return o
	}
	return a.root(id)
}

// owner ends a chain at the service account or app whose token it was: what a
// cluster issued within itself is in its own log, if anywhere, and what GitHub gave
// an app in none.
func (c *chains) owner(id graph.ID) (Origin, bool) {
	for _, e := range c.a.of[id] {
		what := ""
		switch typ := c.a.typ(id); {
		case typ == typeWebIdentity && c.a.typ(e.To) == typeServiceAccount:
			what = "a token of this service account"
		case typ == typeAppToken || typ == typeWorkflowRun:
			what = "a token of this app"
		}
		if what != "" {
			c.hop(Hop{Kind: graph.Of, From: e.To, To: id, At: e.First, Certainty: Definite, Evidence: marks(&e, graph.Began), Alternatives: []Alternative{}, Note: what})
			return Origin{Node: e.To, Known: true, Certainty: Definite, Reason: c.a.rootReason(id)}, true
		}
	}
	return Origin{}, false
}

// holder adds the hop from the identity that holds the credential, if any.
func (c *chains) holder(id graph.ID, at graph.Time) graph.ID {
	for _, e := range c.a.heldBy[id] {
		if c.a.kind(e.From) != graph.Identity {
			continue
		}
		w, known := e.Valid(at)
		h := Hop{Kind: graph.Holds, From: e.From, To: id, At: w.From, Certainty: Definite, Evidence: marks(&e, graph.Began), Alternatives: []Alternative{}}
		if !known {
			h.Note = "held since before it was first seen; who created it is not in the data"
		}
		c.hop(h)
		return e.From
	}
	return ""
}

// sessions climbs through the sessions behind id that lead further: those that
// a workload runs, that were issued, or that act for somebody; and, where id's
// own issue is not known, those with another key whose issue is.
func (c *chains) sessions(id graph.ID, at graph.Time, path map[graph.ID]bool, issued bool) (Origin, bool) {
	a := c.a
	var out Origin
	found := false
	if a.kind(id) == graph.Session {
		for _, e := range a.runBy[id] {
			c.hop(Hop{Kind: graph.Runs, From: e.From, To: id, At: e.First, Certainty: Definite, Evidence: []string{}, Alternatives: []Alternative{}})
			out, found = Origin{Node: e.From, Known: true, Certainty: Definite, Reason: "the workload whose own session it is"}, true
		}
	}
	for _, e := range a.actsFor[id] {
		c.hop(Hop{Kind: graph.ActsFor, From: e.From, To: e.To, At: e.First, Certainty: Definite, Evidence: []string{}, Alternatives: []Alternative{}, Note: "acts for"})
		out, found = Origin{Node: e.To, Known: true, Certainty: Definite, Reason: "who it acts for"}, true
	}
	for _, e := range a.heldBy[id] {
		s := e.From
		leads := len(a.runBy[s])+len(a.issued[s])+len(a.actsFor[s]) > 0 || !issued && len(a.siblings(s)) > 0
		if a.kind(s) != graph.Session || path[s] || !leads {
			continue
		}
		w, _ := e.Valid(at)
		c.hop(Hop{Kind: graph.Holds, From: s, To: id, At: w.From, Certainty: Definite, Evidence: marks(&e, graph.Began), Alternatives: []Alternative{}})
		out, found = c.climb(s, at, path), true
	}
	return out, found
}

func (c *chains) hop(h Hop) {
	k := hopKey{h.Kind, h.From, h.To}
	if c.seen[k] {
		return
	}
	c.seen[k] = true
	c.hops = append(c.hops, h)
}

// joins are the issues of id to show and follow, strongest join first, with the
// weaker ones as alternatives. An AWS service that issued it is only a broker
// where a request shows who started it: then both are given, the starter last.
func (a *ancestry) joins(id graph.ID, at graph.Time) (main []issue, rest []Alternative) {
	is := a.issued[id]
	if at != 0 {
		is = slices.DeleteFunc(slices.Clone(is), func(i issue) bool { return i.at > at+issueSkew })
	}
	rest = []Alternative{}
	if len(is) == 0 {
		return nil, rest
	}
	main = []issue{is[0]}
	for _, i := range is[1:] {
		if len(main) == 1 && i.join == graph.RequestJoin && a.typ(main[0].from) == typeService && a.typ(i.from) != typeService {
			main = append(main, i)
			continue
		}
		if i.from == main[0].from && i.join == main[0].join {
			main[0].evidence = append(slices.Clip(main[0].evidence), i.evidence...) // another hour of the same
			continue
		}
		if n := slices.IndexFunc(rest, func(x Alternative) bool { return x.From == i.from && x.Join == i.join }); n >= 0 {
			rest[n].Evidence = firstTen(append(slices.Clip(rest[n].Evidence), i.evidence...))
			continue
		}
		rest = append(rest, Alternative{From: i.from, At: i.at, Join: i.join, Certainty: i.certainty(), Evidence: firstTen(i.evidence)})
	}
	return main, rest
}

// root is the end of a chain at a node with nothing behind it.
func (a *ancestry) root(id graph.ID) Origin {
	n := a.node(id)
	o := Origin{Node: id, Certainty: Definite}
	switch {
	case n.Type == "aws.principal":
		o.Reason = "origin unknown: a principal of another account, known only by its unique id"
	case n.Kind == graph.Identity || n.Kind == graph.Service || n.Kind == graph.Agent:
		o.Known, o.Reason = true, fmt.Sprintf("an identity: %s", n.Type)
	case n.Type == typeWebIdentity, n.Type == typeSAML, n.Type == typeCertificate, n.Type == typePassword, n.Type == typeSignIn:
		o.Known, o.Reason = true, a.rootReason(id)
	case n.Kind == 0:
		o.Reason = "origin unknown: nothing is known of it"
	default:
		o.Reason = "origin unknown: the record that issued it is not in the data"
	}
	return o
}

func (a *ancestry) rootReason(id graph.ID) string {
	switch a.typ(id) {
	case typeLongLived:
		return "holder of a long-lived key"
	case typePassword:
		return "sign-in with a password"
	case typeWebIdentity:
		return "token of a web identity provider"
	case typeSAML:
		return "SAML sign-in"
	case typeCertificate:
		return "certificate of IAM Roles Anywhere"
	case typeSignIn:
		return "console sign-in"
	}
	return "holder of the credential"
}

func marks(e *graph.Edge, kind graph.MarkKind) []string {
	out := []string{}
	for _, m := range e.Marks {
		if m.Kind == kind && len(out) < DefaultEvidence {
			out = append(out, m.Evidence)
		}
	}
	return out
}

func firstTen(ids []string) []string {
	out := slices.Clone(ids)
	slices.Sort(out)
	out = slices.Compact(out)
	return orEmpty(out[:min(len(out), DefaultEvidence)])
}
