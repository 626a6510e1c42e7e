package explore

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// An approval is an APPROVED edge from who gave it to what it was given to; a
// refusal is one with outcome DENIED. It covers
//
//   - the very call whose record says that it was approved (graph.DeclaredGate),
//     and no other;
//   - given to a resource, such as a pull request: the changes of it;
//   - given to what acts, such as a run or a pipeline: what it does, with all that
//     a chain leads back to it. Of a pipeline that is, possibly, what its service
//     does in the role that the pipeline is configured to run as.
//
// The latter two hold from then on, until somebody refuses at the same gate.
// Where a hop of the chain is heuristic the change is possibly approved. Nothing
// else is inferred: a review of a pull request says nothing of the run that deploys
// it. An approval does not say that the change was the one that was looked at, and
// its absence not that nobody approved: logs hold what passed through them.

// NoApproval are the words where the data shows none.
const NoApproval = "no approval in the data"

// Approvals are those of like calls.
type Approvals struct {
	Text    string     `json:"text"`
	Covered int        `json:"covered"` // how many of the calls
	Given   []Approval `json:"given"`   // earliest first; at most maxApprovals
}

// Approval is somebody's word that a change may be made.
type Approval struct {
	By        graph.ID   `json:"by"`
	Agent     graph.ID   `json:"agent"` // through which it was given, if any
	On        graph.ID   `json:"on"`    // what it was given to
	At        graph.Time `json:"at"`
	Gate      string     `json:"gate"` // the edge's Detail
	Certainty Certainty  `json:"certainty"`
	Evidence  []string   `json:"evidence"`
}

// maxApprovals is how many approvals of like calls are listed, namedApprovals how
// many their words name.
const (
	maxApprovals   = 10
	namedApprovals = 3
)

// change is a call that may have been approved.
type change struct {
	key          uint64 // of the call
	at           graph.Time
	from, target graph.ID
	label        graph.Label
}

// gated reports whether somebody may have had to approve: data that a program
// writes all day is no change of what it is.
func (c *change) gated() bool {
	return c.label.Effect.Mutates() && c.label.Plane != graph.DataPlane && c.label.Role <= graph.Primary
}

// word is one observation of an APPROVED edge.
type word struct {
	Approval
	key     uint64
	refused bool
}

// approvals are what covers each change, by its call's key. A change that
// nothing covers has an empty list where it is gated, and none where it is not
// or is the giving of an approval itself.
func (r *reader) approvals(a *ancestry, changes []change) (map[uint64][]Approval, error) {
	line := map[lineKey]map[graph.ID]Certainty{}
	ask := map[graph.ID]bool{}
	var until graph.Time
	for i := range changes {
		c := &changes[i]
		until = max(until, c.at+issueSkew+1)
		ask[c.target] = true
		if k := a.lineOf(c); c.gated() && line[k] == nil {
			line[k] = a.lineage(k.actor, k.at)
		}
	}
	if err := r.pipelines(a, line); err != nil {
		return nil, err
	}
	for _, l := range line {
		for id := range l {
			ask[id] = true
		}
	}
	delete(ask, "")
	said := map[graph.ID][]word{}
	f := graph.Filter{Kinds: []graph.EdgeKind{graph.Approved}, Window: graph.Window{To: until}, Detail: graph.Evidence}
	if err := r.edges(slices.Sorted(maps.Keys(ask)), graph.In, f, func(e *graph.Edge) {
		for _, o := range e.Observations {
			said[e.To] = append(said[e.To], word{Approval{e.From, e.Via.Agent, e.To, o.At, e.Label.Detail, Definite, []string{o.Evidence}}, o.CallKey, e.Outcome == graph.Denied})
		}
	}); err != nil {
		return nil, err
	}
	if err := a.load(r, slices.Collect(maps.Keys(said))); err != nil {
		return nil, err
	}
	out := map[uint64][]Approval{}
	for i := range changes {
		c := &changes[i]
		var own bool
		var found []Approval
		for _, w := range said[c.target] {
			if w.key == c.key && graph.DeclaredGate(w.Gate) && !w.refused && w.At <= c.at+issueSkew {
				found = append(found, w.Approval)
			}
			own = own || w.key == c.key && !graph.DeclaredGate(w.Gate)
		}
		if own {
			continue // it is the word itself
		}
		if c.gated() {
			if !actsItself(a.kind(c.target)) {
				found = append(found, inForce(said[c.target], c, Definite)...)
			}
			for id, certainty := range line[a.lineOf(c)] {
				if actsItself(a.kind(id)) {
					found = append(found, inForce(said[id], c, certainty)...)
				}
			}
		}
		if c.gated() || len(found) > 0 {
			out[c.key] = append(out[c.key], found...)
		}
	}
	return out, nil
}

// actsItself reports whether an approval of such a thing is one of what it does,
// not of what is done to it.
func actsItself(k graph.Kind) bool {
	return k == graph.Identity || k == graph.Credential || k == graph.Session || k == graph.Service
}

// pipelines adds, where an AWS service assumed the role that acts, what is
// configured to run as that role in the service: the log does not say which of
// these it was.
func (r *reader) pipelines(a *ancestry, lines map[lineKey]map[graph.ID]Certainty) error {
	roles := map[graph.ID]bool{}
	for k, l := range lines {
		for id := range l {
			if a.typ(id) == typeService {
				roles[a.identity(k.actor)] = true
			}
		}
	}
	return r.edges(slices.Sorted(maps.Keys(roles)), graph.In, graph.Filter{Kinds: []graph.EdgeKind{graph.RunsAs}}, func(e *graph.Edge) {
		arn, _ := graph.ParseARN(string(e.From))
		for k, l := range lines {
			if _, ok := l[graph.ID("aws:service:"+arn.Service+".amazonaws.com")]; ok && a.identity(k.actor) == e.To {
				l[e.From] = Possible
			}
		}
	})
}

// lineKey is an actor, as of at where what stands behind it differs by the time.
type lineKey struct {
	actor graph.ID
	at    graph.Time
}

// lineOf is the line of the change's actor. A key was issued once; a pipeline's
// subject is issued to each run anew.
func (a *ancestry) lineOf(c *change) lineKey {
	if a.typ(c.from) == typeWebIdentity {
		return lineKey{c.from, c.at}
	}
	return lineKey{c.from, 0}
}

// lineage is the actor and what issued, holds and runs it, with how surely.
func (a *ancestry) lineage(actor graph.ID, at graph.Time) map[graph.ID]Certainty {
	line := map[graph.ID]Certainty{actor: Definite}
	c := a.chains()
	c.follow(actor, at)
	for again := true; again; {
		again = false
		for i := range c.hops {
			h := &c.hops[i]
			how, ok := line[h.To]
			if !ok || h.Kind == graph.ActsFor {
				continue
			}
			if h.Certainty == Possible {
				how = Possible
			}
			if had, ok := line[h.From]; !ok || had == Possible && how == Definite {
				line[h.From], again = how, true
			}
		}
	}
	return line
}

// inForce are the approvals among the words that stand when the change is made.
func inForce(words []word, c *change, certainty Certainty) (out []Approval) {
	refused := map[string]graph.Time{}
	for _, w := range words {
		if w.refused && w.At <= c.at+issueSkew {
			refused[w.Gate] = max(refused[w.Gate], w.At)
		}
	}
	for _, w := range words {
		if !w.refused && !graph.DeclaredGate(w.Gate) && w.At <= c.at+issueSkew && w.At > refused[w.Gate] {
			w.Certainty = certainty
			out = append(out, w.Approval)
		}
	}
	return out
}

// showApprovals sums up what covers calls; nil where there is nothing to say.
func showApprovals(keys []uint64, by map[uint64][]Approval) *Approvals {
	type place struct {
		by, agent, on graph.ID
		gate          string
		how           Certainty
	}
	out := &Approvals{Given: []Approval{}}
	looked := 0
	at := map[place]int{}
	for _, k := range keys {
		given, ok := by[k]
		if !ok {
			continue
		}
		looked++
		if len(given) > 0 {
			out.Covered++
		}
		for _, g := range given {
			p := place{g.By, g.Agent, g.On, g.Gate, g.Certainty}
			i, ok := at[p]
			if !ok {
				at[p] = len(out.Given)
				g.Evidence = slices.Clone(g.Evidence)
				out.Given = append(out.Given, g)
				continue
			}
			x := &out.Given[i]
			x.At, x.Evidence = min(x.At, g.At), append(x.Evidence, g.Evidence...)
		}
	}
	if looked == 0 {
		return nil
	}
	for i := range out.Given {
		out.Given[i].Evidence = firstTen(out.Given[i].Evidence)
	}
	slices.SortFunc(out.Given, func(x, y Approval) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.By, y.By), cmp.Compare(x.Agent, y.Agent), cmp.Compare(x.On, y.On), cmp.Compare(x.Gate, y.Gate), cmp.Compare(x.Certainty, y.Certainty))
	})
	out.Text = approvalText(out, looked)
	out.Given = out.Given[:min(len(out.Given), maxApprovals)]
	return out
}

// approvalText says it in words: approved by whom, at which gate, on what
// evidence.
func approvalText(a *Approvals, looked int) string {
	if a.Covered == 0 {
		return NoApproval
	}
	text := "approved by "
	sure := slices.ContainsFunc(a.Given, func(g Approval) bool { return g.Certainty == Definite })
	if !sure {
		text = "possibly " + text
	}
	var by []string
	for i, g := range a.Given {
		if i == namedApprovals {
			by = append(by, fmt.Sprintf("%d more", len(a.Given)-i))
			break
		}
		id, _, _ := strings.Cut(g.Evidence[0], "@")
		name := string(g.By)
		if g.Agent != "" {
			name += " through " + string(g.Agent)
		}
		name = fmt.Sprintf("%s (%s, %s)", name, g.Gate, id)
		if sure && g.Certainty == Possible {
			name = "possibly " + name
		}
		by = append(by, name)
	}
	text += strings.Join(by, " and ")
	if a.Covered < looked {
		return fmt.Sprintf("%d of %d %s; of the others %s", a.Covered, looked, text, NoApproval)
	}
	return text
}

// approve finds what covers the calls of the set.
func (s *callSet) approve(r *reader, a *ancestry) error {
	var changes []change
	for key, c := range s.calls {
		if c.label.Effect.Mutates() {
			changes = append(changes, change{key, c.at, c.from, c.target, c.label})
		}
	}
	var err error
	s.approved, err = r.approvals(a, changes)
	return err
}

// approve finds what covers the acts. A call of data counts as one of
// configuration only where its record names an approval.
func (s *suspecting) approve() error {
	var changes []change
	for i := range s.acts {
		x := &s.acts[i]
		plane := graph.ControlPlane
		if x.data {
			plane = graph.DataPlane
		}
		for _, key := range x.keys() {
			changes = append(changes, change{key, x.At, x.Actor, x.Target, graph.Label{Effect: x.Effect, Plane: plane}})
		}
	}
	by, err := s.r.approvals(s.a, changes)
	if err != nil {
		return err
	}
	for i := range s.acts {
		s.acts[i].Approval = showApprovals(s.acts[i].keys(), by)
	}
	return nil
}

// keys are those of the act's calls, as far as its evidence names them.
func (x *Act) keys() (out []uint64) {
	for _, e := range x.Evidence {
		out = append(out, graph.CallKeyOf(e))
	}
	return out
}
