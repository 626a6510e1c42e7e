package report

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// Options say what the report is about.
type Options struct {
	Resource string     // an ARN, an id, or a name that fits one thing
	At       graph.Time // when it failed
	LookBack time.Duration
	To       graph.Time // the end of what is looked at; after At
	Engine   string
	Snapshot string
	Now      func() time.Time
	Document func(name string) string // of the questions that ship
	Ask      Ask
}

// The most rows of a list; what is left out is said.
const (
	maxEntries    = 200
	maxCandidates = 5
	timelinePage  = 1000
)

// builder asks and fills in.
type builder struct {
	Options
	ctx    context.Context
	r      *Report
	window map[string]any

	touched  explore.Touched
	suspects explore.Suspects
	first    *explore.Suspect // the first candidate that is named
}

// Build asks what is known of the failure of a resource. Errors are those of the
// first question that has no answer.
func Build(ctx context.Context, o Options) (*Report, error) {
	if o.At == 0 || o.To <= o.At || o.LookBack <= 0 {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "a report is about a moment and what lies around it",
			Hint: "the end of the window comes after --at"}
	}
	started := o.Now()
	w := Span{max(o.At.Add(-o.LookBack), 1), o.To}
	b := &builder{Options: o, ctx: ctx, window: map[string]any{"from": w.From, "to": w.To},
		r: &Report{SchemaVersion: SchemaVersion, At: o.At, Window: w, Unknown: []string{}, FollowUps: []string{}, Queries: []Query{},
			Made: Made{At: graph.TimeOf(started), Engine: o.Engine, Snapshot: o.Snapshot}}}
	err := b.ask("touched", map[string]any{"resources": []string{o.Resource}, "window": b.window, "who": "ALL"}, &b.touched)
	if err != nil {
		return nil, err
	}
	b.r.Made.FirstAnswer = o.Now().Sub(started).Milliseconds()
	b.r.Made.AsOf = b.touched.AsOf
	b.r.Resource = b.touched.Resources[0].Node.ID
	for _, step := range []func() error{b.rank, b.order, b.accessPath, b.compromise, b.failure, b.contain, b.cover} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	b.scope()
	b.grade()
	b.summary()
	b.unknown()
	b.followUps()
	return b.r, nil
}

// ask asks a question that ships, and keeps it.
func (b *builder) ask(name string, vars map[string]any, into any) error {
	q := Query{name, b.Document(name), vars}
	data, err := b.Ask(b.ctx, q.Query, vars)
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return fmt.Errorf("read answer to %s: %w", name, err)
	}
	if err := json.Unmarshal(fields[name], into); err != nil {
		return fmt.Errorf("read answer to %s: %w", name, err)
	}
	b.r.Queries = append(b.r.Queries, q)
	return nil
}

// lacks takes in why an answer may lack something.
func (b *builder) lacks(name string, s *explore.Status) {
	if s.Coverage != nil {
		for _, reason := range s.Coverage.Reasons {
			b.say(reason)
		}
	}
	if t := s.Truncated; t != nil {
		b.say(fmt.Sprintf("%s was cut at its limit of %d %s", name, t.Value, t.Limit))
	}
	for _, n := range s.Notes {
		b.say(n)
	}
}

func (b *builder) say(what string) {
	if !slices.Contains(b.r.Unknown, what) {
		b.r.Unknown = append(b.r.Unknown, what)
	}
}

func (b *builder) rank() error {
	err := b.ask("suspects", map[string]any{"resource": string(b.r.Resource), "at": b.At, "lookBack": b.LookBack.String()}, &b.suspects)
	if err != nil {
		return err
	}
	s := &b.suspects
	b.r.Suspects = Suspects{Verdict: string(s.Verdict), Reason: s.Reason, Candidates: []Candidate{}}
	for i := range s.Candidates {
		c := &s.Candidates[i]
		if c.Named && b.first == nil {
			b.first = c
		}
		if i == maxCandidates {
			b.say(fmt.Sprintf("%d more candidates are not listed", len(s.Candidates)-i))
			break
		}
		out := Candidate{Rank: c.Rank, Named: c.Named, Score: c.Score, Actor: c.Actor.ID, Identity: c.Identity.ID, Agent: c.Agent, Why: c.Why, Terms: []Term{}}
		for _, t := range c.Terms {
			out.Terms = append(out.Terms, Term{string(t.Term), t.Points, t.Reason, orNone(t.Evidence)})
		}
		b.r.Suspects.Candidates = append(b.r.Suspects.Candidates, out)
	}
	if s.Baseline.TooShort {
		b.say("suspects: " + s.Baseline.Reason)
	}
	return nil
}

// order is the timeline: of the calls on the resource those that changed it or
// failed, and what the first suspect did.
func (b *builder) order() error {
	b.r.Timeline.Entries = []Entry{}
	of := []string{string(b.r.Resource)}
	if b.first != nil {
		of = append(of, string(b.first.Actor.ID))
	}
	seen := map[string]bool{}
	for i, id := range of {
		var t explore.Timeline
		if err := b.ask("timeline", map[string]any{"of": []string{id}, "window": b.window, "first": timelinePage}, &t); err != nil {
			return err
		}
		b.lacks("timeline", &t.Status)
		if t.Cursor != "" {
			b.say(fmt.Sprintf("the timeline of %s goes on after %d calls", id, len(t.Calls)))
		}
		runs := map[string]int{}
		for _, c := range t.Calls {
			changes := c.Effect.Mutates() && c.Plane != graph.DataPlane
			if !changes && (c.Outcome == graph.OK || c.Outcome == graph.Probe) && (i == 0 || c.Effect != graph.SecretRead && c.Effect != graph.Use) {
				if i == 0 {
					b.r.Timeline.LeftOut++
				}
				continue
			}
			if len(c.Evidence) > 0 && seen[c.Evidence[0]] {
				continue
			}
			e := Entry{At: c.At, Action: c.Action, Effect: c.Effect, Outcome: c.Outcome, Identity: c.Identity, Actor: c.Actor, Agent: c.Agent,
				Service: c.Service, Count: 1, Evidence: orNone(c.Evidence)}
			if len(c.Targets) > 0 {
				e.Target = c.Targets[0].ID
			}
			if len(c.Evidence) > 0 {
				seen[c.Evidence[0]] = true
			}
			key := fmt.Sprint(c.Action, c.Outcome, c.Identity, e.Target)
			if at, ok := runs[key]; ok && !changes {
				b.r.Timeline.Entries[at].Count++
				continue
			}
			runs[key] = len(b.r.Timeline.Entries)
			b.r.Timeline.Entries = append(b.r.Timeline.Entries, e)
		}
	}
	list := b.r.Timeline.Entries
	slices.SortStableFunc(list, func(x, y Entry) int { return int(x.At - y.At) })
	if len(list) > maxEntries {
		b.say(fmt.Sprintf("%d moments of the timeline are not listed", len(list)-maxEntries))
		b.r.Timeline.Entries = list[:maxEntries]
	}
	return nil
}

// accessPath is how the first suspect came by its credential, and which trusts
// and grants the data shows of its identity.
func (b *builder) accessPath() error {
	b.r.Access = Access{Chain: []Hop{}, Rights: []Standing{}}
	if b.first == nil {
		return nil
	}
	a := &b.r.Access
	a.Of = b.first.Actor.ID
	for _, h := range b.first.Chain {
		how := h.Kind.String()
		if h.Join != 0 {
			how += " " + h.Join.String()
		}
		a.Chain = append(a.Chain, Hop{h.From, h.To, how, h.At, string(h.Certainty), orNone(h.Evidence)})
	}
	if o := b.first.Origin; o != nil && !o.Known {
		b.say(fmt.Sprintf("where %s came from: %s", o.Of, o.Reason))
	}
	var n explore.Neighbours
	err := b.ask("neighbours", map[string]any{"id": string(b.first.Identity.ID), "kinds": []string{"TRUSTS", "GRANTED_BY"}, "window": b.window, "first": timelinePage}, &n)
	if err != nil {
		return err
	}
	for _, x := range n.Neighbours {
		s := Standing{n.Node.ID, x.Node.ID, x.Kind.String(), orNone(x.Labels), x.ValidFrom, x.ValidTo}
		if x.Direction == explore.Inward {
			s.From, s.To = s.To, s.From
		}
		a.Rights = append(a.Rights, s)
	}
	return nil
}

func (b *builder) compromise() error {
	if b.first == nil {
		return nil
	}
	since := b.At
	for _, a := range b.first.Acts {
		since = min(since, a.At)
	}
	for _, h := range b.first.Chain { // it may have been bad from its first moment
		if h.To == b.first.Actor.ID && h.At >= b.r.Window.From {
			since = min(since, h.At)
		}
	}
	var err error
	b.r.Compromise, err = b.reach(b.first.Actor.ID, "COMPROMISE", since)
	return err
}

func (b *builder) failure() error {
	var err error
	b.r.Failure, err = b.reach(b.r.Resource, "FAILURE", b.At)
	return err
}

func (b *builder) reach(from graph.ID, mode string, since graph.Time) (*Reach, error) {
	var a explore.ReachAnswer
	if err := b.ask("reach", map[string]any{"from": []string{string(from)}, "mode": mode, "window": map[string]any{"from": since, "to": b.To}}, &a); err != nil {
		return nil, err
	}
	b.lacks("reach", &a.Status)
	out := &Reach{From: []graph.ID{from}, Since: since, Nodes: []Reached{}}
	for _, n := range a.Nodes {
		if n.Seed {
			continue
		}
		x := Reached{ID: n.Node.ID, Kind: n.Node.Kind, Mark: n.Mark.String(), At: n.At, Certainty: string(n.Certainty), Evidence: []string{}}
		if len(n.Path) > 0 {
			last := n.Path[len(n.Path)-1]
			x.Why, x.Evidence = fmt.Sprintf("%s %s %s", last.From, last.Why, last.To), orNone(last.Evidence)
			if last.Action != "" {
				x.Why += " (" + last.Action + ")"
			}
		}
		out.Nodes = append(out.Nodes, x)
	}
	return out, nil
}

func (b *builder) contain() error {
	c := &b.r.Containment
	*c = Containment{Cut: []graph.ID{}, Alive: []Alive{}, Breaks: []Broken{}, Suggestion: []graph.ID{}}
	if b.first == nil {
		return nil
	}
	var a explore.Containment
	err := b.ask("containment", map[string]any{"cut": []string{string(b.first.Actor.ID)}, "at": b.To,
		"window": map[string]any{"from": b.r.Compromise.Since, "to": b.To}}, &a)
	if err != nil {
		return err
	}
	b.lacks("containment", &a.Status)
	c.At = a.At
	for _, x := range a.Cuts {
		c.Cut = append(c.Cut, x.Node.ID)
	}
	for _, x := range a.Alive {
		c.Alive = append(c.Alive, Alive{x.Node.ID, x.Until})
	}
	for _, x := range a.Breaks {
		through := x.Workload
		if through == "" {
			through = x.Agent
		}
		if through == "" {
			through = x.Client
		}
		if through == "" {
			through = x.By.ID
		}
		c.Breaks = append(c.Breaks, Broken{x.Identity.ID, through, x.Calls})
	}
	if s := a.Suggestion; s != nil {
		c.Sufficient = s.Sufficient
		for _, x := range s.Cut {
			c.Suggestion = append(c.Suggestion, x.Node.ID)
		}
	}
	return nil
}

// cover asks what could not be seen.
func (b *builder) cover() error {
	var c explore.Coverage
	if err := b.ask("coverage", map[string]any{"window": b.window}, &c); err != nil {
		return err
	}
	for _, r := range c.Reasons {
		b.say(r)
	}
	for _, g := range c.Gaps {
		until := "on"
		if g.To != 0 {
			until = "to " + g.To.String()
		}
		b.say(fmt.Sprintf("%s %s from %s %s: %s", g.Kind, g.Source, g.From, until, g.Reason))
	}
	if c.UnjoinedSessions > 0 {
		b.say(fmt.Sprintf("who issued %d sessions or keys with calls in the window", c.UnjoinedSessions))
	}
	return nil
}

func orNone[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
