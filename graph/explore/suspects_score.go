package explore

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// TermName names a term of a score.
type TermName string

// The terms.
const (
	TermDirectness TermName = "DIRECTNESS"
	TermEffect     TermName = "EFFECT"
	TermRecency    TermName = "RECENCY"
	TermNovelty    TermName = "NOVELTY"
	TermIssuer     TermName = "ISSUER"
	TermNetwork    TermName = "NETWORK"
	TermAgent      TermName = "AGENT"
	TermProgram    TermName = "PROGRAM"
	TermExplained  TermName = "EXPLAINED"
)

// Weight is one row of the table of terms.
type Weight struct {
	Term   TermName `json:"term"`
	Weight float64  `json:"weight"`
	// Departure terms say that the candidate left its habits; only who did is
	// named.
	Departure bool   `json:"departure"`
	Reason    string `json:"reason"`
}

// weights is the table of terms: each has a value from 0 to 1 and this weight.
// They are set by hand, from what responders ask first; `bench suspects` measures
// them on estates that they were not set on.
var weights = []Weight{
	{TermDirectness, 3, false, "what changed the thing itself needs no further story; each step away needs one"},
	{TermEffect, 3, false, "a deletion explains an outage by itself, a tag hardly ever"},
	{TermRecency, 2, false, "most outages follow their cause at once: half for every quarter of the time looked at"},
	{TermNovelty, 3, true, "who does what it always does seldom breaks what it always does it to"},
	{TermIssuer, 2, true, "a role in the hands of one who never took it before is not the role as known"},
	{TermNetwork, 2, true, "a stolen key is used from elsewhere"},
	{TermAgent, 2, true, "an agent acts fast and unasked; one never seen in this place most of all"},
	{TermProgram, 1, true, "a change by another program than usual went around the usual way"},
	{TermExplained, -3, false, "what another set going is not where it began"},
}

// namedFrom is how many points of departure it takes to be named: one habit
// clearly broken, or two a little.
const namedFrom = 2.0

// namedEffect is the least value of EFFECT to be named: tags, and changes of
// data only, explain no failure of the thing.
const namedEffect = 0.2

// routineDays is on how many days of the baseline a change makes a routine.
const routineDays = 3

// Term is one term of a candidate's score.
type Term struct {
	Term     TermName `json:"term"`
	Value    float64  `json:"value"`
	Weight   float64  `json:"weight"`
	Points   float64  `json:"points"`
	Reason   string   `json:"reason"`
	Evidence []string `json:"evidence"`
}

// unit is what a candidate is: the session of an actor, else the actor.
func (s *suspecting) unit(actor graph.ID) graph.ID {
	if own := s.a.sessions(actor); len(own) > 0 {
		return own[0]
	}
	return actor
}

// candidates groups the acts by unit and orders them.
func (s *suspecting) candidates() []Suspect {
	by := map[graph.ID][]Act{}
	for _, x := range s.acts {
		u := s.unit(x.Actor)
		by[u] = append(by[u], x)
	}
	out := []Suspect{}
	for u, acts := range by {
		out = append(out, s.suspect(u, acts))
	}
	slices.SortFunc(out, func(a, b Suspect) int { return cmp.Compare(a.Actor.ID, b.Actor.ID) })
	s.explain(out)
	for i := range out {
		out[i].sum()
	}
	slices.SortFunc(out, func(a, b Suspect) int {
		return cmp.Or(-cmp.Compare(toInt(a.Named), toInt(b.Named)), -cmp.Compare(a.Score, b.Score), cmp.Compare(a.Actor.ID, b.Actor.ID))
	})
	for i := range out {
		out[i].Rank = i + 1
		if i > 0 && out[i].Score == out[i-1].Score && out[i].Named == out[i-1].Named {
			out[i].Rank = out[i-1].Rank
		}
	}
	for i := range out {
		for j := range out {
			if out[i].Rank == out[j].Rank {
				out[i].Tied++
			}
		}
	}
	return out
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// suspect weighs one candidate by the act that weighs most.
func (s *suspecting) suspect(unit graph.ID, acts []Act) Suspect {
	identity := s.a.identity(unit)
	c := Suspect{Actor: s.a.show(unit), Chain: []Hop{}, ActsTotal: len(acts)}
	best, most := -1, math.Inf(-1)
	var terms []Term
	for i := range acts {
		ts := s.weigh(&acts[i], identity)
		sum := 0.0
		for _, t := range ts {
			sum += t.Points
		}
		if better := sum > most || sum == most && (acts[i].At > acts[best].At || acts[i].At == acts[best].At && acts[i].Evidence[0] < acts[best].Evidence[0]); better {
			best, most, terms = i, sum, ts
		}
	}
	lead := acts[best]
	c.Identity = s.a.showIdentity(identity, map[Class]int{s.a.who(lead.Actor, lead.via).class: 1})
	c.Terms = terms
	c.Agent, c.AgentCertainty = s.agentOf(&lead)
	slices.SortFunc(acts, func(a, b Act) int {
		return cmp.Or(-cmp.Compare(a.At, b.At), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Evidence[0], b.Evidence[0]))
	})
	c.Acts = []Act{lead}
	for _, x := range acts {
		if len(c.Acts) < maxActs && (x.Evidence[0] != lead.Evidence[0] || x.Target != lead.Target) {
			c.Acts = append(c.Acts, x)
		}
	}
	chains := s.a.chains()
	if o := chains.follow(lead.Actor, lead.At); len(chains.hops) > 0 {
		c.Chain, c.Origin = orEmpty(chains.hops), &o
	}
	c.Why = why(&lead)
	return c
}

// why says in words what the act is to the failure.
func why(x *Act) string {
	verb := strings.ToLower(strings.ReplaceAll(x.Effect.String(), "_", " "))
	switch x.Relation {
	case Direct:
		return fmt.Sprintf("%s (%s) of the thing itself", x.Action, verb)
	case Relied:
		return fmt.Sprintf("%s (%s) of what it relied on", x.Action, verb)
	}
	return fmt.Sprintf("%s (%s), which gave %s the means", x.Action, verb, x.Then)
}

// agentOf is the agent behind an act.
func (s *suspecting) agentOf(x *Act) (graph.ID, Certainty) {
	return s.a.agent(&call{from: x.Actor, via: x.via, at: x.At})
}

// weigh gives the terms of an act of the identity, without those that depend
// on other candidates.
func (s *suspecting) weigh(x *Act, identity graph.ID) []Term {
	var out []Term
	add := func(name TermName, value float64, evidence []string, format string, args ...any) {
		if value == 0 && name != TermNovelty {
			return
		}
		out = append(out, Term{Term: name, Value: round(value), Reason: fmt.Sprintf(format, args...), Evidence: firstTen(evidence)})
	}
	v, reason := s.directness(x)
	add(TermDirectness, v, x.Evidence, "%s", reason)
	v, reason = effectValue(x)
	add(TermEffect, v, x.Evidence, "%s", reason)
	age := max(s.q.At-x.At, 0)
	add(TermRecency, math.Pow(0.5, 4*float64(age)/float64(s.q.LookBack.Milliseconds())), x.Evidence, "%s before the failure", s.ago(age))
	h := s.past.of[identity]
	v, reason = s.novelty(x, identity, h)
	add(TermNovelty, v, x.Evidence, "%s", reason)
	v, reason, evidence := s.issuer(x)
	add(TermIssuer, v, evidence, "%s", reason)
	v, reason = s.network(x, h)
	add(TermNetwork, v, x.Evidence, "%s", reason)
	if agent, certainty := s.agentOf(x); agent != "" {
		v, reason = 1, "never seen changing anything as this identity before"
		if h.tools[toolOf(agent)] {
			v, reason = 0.3, "as before"
		}
		if certainty == Possible {
			v *= 0.7
			reason += "; possibly, as it drove the session"
		}
		add(TermAgent, v, slices.Concat(x.Evidence, s.a.node(agent).Attrs.Values(graph.AttrEvidence)), "through %s, %s", toolOf(agent), reason)
	}
	if p := x.via.Client; p != "" && len(h.programs) > 0 && !h.programs[p] {
		add(TermProgram, 1, x.Evidence, "through %s, which it never changed anything with", strings.TrimPrefix(string(p), "client:"))
	}
	for i := range out {
		out[i].weigh()
	}
	return out
}

// weigh fills in weight and points.
func (t *Term) weigh() {
	i := slices.IndexFunc(weights, func(w Weight) bool { return w.Term == t.Term })
	t.Weight = weights[i].Weight
	t.Points = round(t.Value * t.Weight)
}

func round(x float64) float64 { return math.Round(x*100) / 100 }

func (s *suspecting) ago(age graph.Time) string {
	return (time.Duration(age) * time.Millisecond).String()
}

func (s *suspecting) directness(x *Act) (float64, string) {
	v, reason := 1.0, "it changed the thing itself"
	switch {
	case x.Relation == Relied:
		v, reason = 0.6, "it changed "+string(x.Target)+", which it relied on: "+s.relied[x.Target]
	case x.Relation == Enabled:
		v, reason = 0.8, "it gave "+string(x.Then)+" the means"
	case s.scope.parts[0] > 0 && x.Target != s.scope.asked[0].node.ID:
		v, reason = 0.8, "it changed a part: "+string(x.Target)
	}
	if x.Certainty == Possible {
		return v / 2, reason + ", possibly"
	}
	return v, reason
}

// effectValues say how well each effect explains a failure.
var effectValues = map[graph.Effect]float64{graph.Delete: 1, graph.Grant: 0.8, graph.Control: 0.8, graph.Change: 0.5, graph.Create: 0.3}

func effectValue(x *Act) (float64, string) {
	v := effectValues[x.grave]
	reason := x.grave.String()
	if x.Relation == Enabled {
		reason += ", by who got the means"
	}
	_, verb, _ := strings.Cut(x.Action, ":")
	switch {
	case x.data:
		v, reason = v*0.3, reason+" of data, not of the thing"
	case strings.HasPrefix(verb, "Tag") || strings.HasPrefix(verb, "Untag") || strings.HasSuffix(verb, "Tags") || strings.HasSuffix(verb, "Tagging"):
		v, reason = 0.1, "tags only"
	}
	return v, reason
}

// explain marks candidates that another one, which left its habits, set going.
func (s *suspecting) explain(cs []Suspect) {
	at := map[graph.ID]int{}
	for i := range cs {
		at[cs[i].Actor.ID] = i
	}
	for i := range cs {
		if lead := &cs[i].Acts[0]; lead.Relation == Enabled && cs[i].departure() >= namedFrom {
			j, ok := at[s.unit(lead.Then)]
			if !ok || j == i || slices.ContainsFunc(cs[j].Terms, func(t Term) bool { return t.Term == TermExplained }) {
				continue
			}
			v := 1.0
			if lead.Certainty == Possible {
				v = 0.5
			}
			t := Term{Term: TermExplained, Value: v, Reason: fmt.Sprintf("%s set it going by %s", cs[i].Actor.ID, lead.Action), Evidence: lead.Evidence}
			t.weigh()
			cs[j].Terms = append(cs[j].Terms, t)
		}
	}
}

// departure is how far the candidate left its habits.
func (c *Suspect) departure() (points float64) {
	for _, t := range c.Terms {
		if i := slices.IndexFunc(weights, func(w Weight) bool { return w.Term == t.Term }); weights[i].Departure {
			points += t.Points
		}
	}
	return points
}

// sum adds the terms up and says whether the candidate is named.
func (c *Suspect) sum() {
	for _, t := range c.Terms {
		c.Score += t.Points
	}
	c.Score = round(c.Score)
	c.Named = c.departure() >= namedFrom && slices.ContainsFunc(c.Terms, func(t Term) bool { return t.Term == TermEffect && t.Value >= namedEffect })
}
