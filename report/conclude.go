package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// scope gathers who and what took part, the named suspects among them.
func (b *builder) scope() {
	identities, credentials, agents, services, data := set[graph.ID]{}, set[graph.ID]{}, set[graph.ID]{}, set[graph.ID]{}, set[graph.ID]{}
	accounts, regions := set[string]{}, set[string]{}
	place := func(id graph.ID) {
		if a, ok := graph.ParseARN(string(id)); ok {
			accounts.add(a.Account)
			regions.add(a.Region)
		}
	}
	data.add(b.r.Resource)
	place(b.r.Resource)
	for _, t := range b.touched.Identities {
		identities.add(t.Identity.ID)
		place(t.Identity.ID)
		for _, c := range t.Credentials {
			credentials.add(c.ID)
		}
		for _, v := range t.Via {
			if v.Kind == graph.Agent {
				agents.add(v.ID)
			}
		}
	}
	for _, c := range b.r.Suspects.Candidates {
		if !c.Named {
			continue
		}
		identities.add(c.Identity)
		place(c.Identity)
		if c.Agent != "" {
			agents.add(c.Agent)
		}
	}
	for _, r := range []*Reach{b.r.Compromise, b.r.Failure} {
		if r == nil {
			continue
		}
		for _, n := range r.Nodes {
			place(n.ID)
			switch n.Kind {
			case graph.Identity:
				identities.add(n.ID)
			case graph.Credential:
				credentials.add(n.ID)
			case graph.Service:
				services.add(n.ID)
			case graph.Resource:
				data.add(n.ID)
			}
		}
	}
	b.r.Scope = Scope{identities.list(), credentials.list(), agents.list(), services.list(), data.list(), accounts.list(), regions.list()}
}

type set[T ~string] map[T]bool

func (s set[T]) add(v T) {
	if v != "" {
		s[v] = true
	}
}

func (s set[T]) list() []T {
	return append([]T{}, slices.Sorted(maps.Keys(s))...)
}

// grade applies the rule of Severity.
func (b *builder) grade() {
	definite, possible := tally(b.r.Failure)
	var high, medium []string
	if definite > 0 {
		high = append(high, fmt.Sprintf("%s failed definitely", things(definite)))
	}
	if possible > 0 {
		medium = append(medium, fmt.Sprintf("%s may be hit", things(possible)))
	}
	deleted, changed := 0, 0
	for _, e := range b.r.Timeline.Entries {
		switch {
		case e.Outcome != graph.OK:
		case e.Effect == graph.Delete:
			deleted++
		case e.Effect == graph.SecretRead:
			high = append(high, "a suspect read the secret "+string(e.Target))
		case e.Effect.Mutates():
			changed++
		}
	}
	if deleted > 0 {
		high = append(high, fmt.Sprintf("%d calls deleted something", deleted))
	}
	if changed > 0 {
		medium = append(medium, fmt.Sprintf("%d calls changed something", changed))
	}
	s := &b.r.Severity
	switch s.Reasons = orNone(append(high, medium...)); {
	case len(high) > 0:
		s.Grade = "HIGH"
	case len(medium) > 0:
		s.Grade = "MEDIUM"
	default:
		s.Grade = "LOW"
	}
}

func tally(r *Reach) (definite, possible int) {
	if r == nil {
		return 0, 0
	}
	for _, n := range r.Nodes {
		if n.Certainty == string(explore.Definite) {
			definite++
		} else {
			possible++
		}
	}
	return definite, possible
}

func things(n int) string {
	if n == 1 {
		return "1 thing"
	}
	return fmt.Sprintf("%d things", n)
}

// summary is what happened, in sentences.
func (b *builder) summary() {
	r := b.r
	say := func(format string, args ...any) { r.Summary = append(r.Summary, fmt.Sprintf(format, args...)) }
	say("%s failed at %s. Between %s and %s it was touched by %d identities with %d calls.", r.Resource, r.At, r.Window.From, r.Window.To,
		b.touched.Total.Identities, b.touched.Total.Calls)
	if b.first == nil {
		say("Nobody is suspected: %s", orText(r.Suspects.Reason, "no candidate left its habits"))
	} else {
		who := fmt.Sprintf("%s as %s", b.first.Actor.ID, b.first.Identity.ID)
		if b.first.Agent != "" {
			who += fmt.Sprintf(", through the AI agent %s", b.first.Agent)
		}
		say("First among the suspects: %s, by %s.", who, b.first.Why)
		if o := b.first.Origin; o != nil && o.Known {
			say("Its credential goes back to %s.", o.Node)
		}
	}
	if definite, possible := tally(r.Compromise); r.Compromise != nil {
		say("What it held or did reached %s definitely and %s possibly.", things(definite), things(possible))
	}
	definite, possible := tally(r.Failure)
	say("The failure hit %s definitely and %s possibly.", things(definite), things(possible))
}

// unknown adds what no log tells.
func (b *builder) unknown() {
	if n := b.touched.UnknownCalls; n > 0 {
		b.say(fmt.Sprintf("whether a person or a program made %d of the calls on the resource", n))
	}
	b.lacks("touched", &b.touched.Status)
	b.lacks("suspects", &b.suspects.Status)
	b.say("which customers were affected: the logs name none")
	b.say("whether somebody approved outside of the logs at hand, and whether an agent passed a gate that a person would have had to pass: only approvals in the data are shown")
	b.say("which policies, conditions and boundaries allowed each call: grants are listed as the data shows them, their effect is not worked out")
	b.say("order within 5 s between different clocks: such hops are possible, not definite")
}

// followUps are what the findings call for.
func (b *builder) followUps() {
	r := b.r
	do := func(format string, args ...any) { r.FollowUps = append(r.FollowUps, fmt.Sprintf(format, args...)) }
	if b.first != nil {
		do("Hold %s against the change record of %s: %s.", b.first.Why, b.first.Identity.ID, approvalOf(b.first))
	}
	for _, a := range r.Containment.Alive {
		if a.Until == 0 {
			do("End %s: it outlives a cut of the suspect, and no end of it is known.", a.ID)
		} else {
			do("End %s: it outlives a cut of the suspect, until %s.", a.ID, a.Until)
		}
	}
	if len(r.Containment.Suggestion) > 0 && !r.Containment.Sufficient {
		do("Look for more to cut: the suggested cuts are not enough.")
	}
	for _, x := range r.Containment.Breaks {
		if x.Identity != b.first.Identity.ID {
			do("Tell who runs %s before the cut: %d calls of %s would break.", x.Through, x.Calls, x.Identity)
		}
	}
	for _, u := range r.Unknown {
		switch {
		case strings.HasPrefix(u, string(explore.GapLoggingStopped)):
			do("Find out why the trail was stopped: %s.", u)
		case strings.HasPrefix(u, string(explore.GapFileMissing)):
			do("Fetch the missing file: %s.", u)
		case strings.HasPrefix(u, string(explore.GapSilent)):
			do("Find out why the stream fell silent: %s.", u)
		}
	}
	do("Take a snapshot of the window before logs expire: blastradius snapshot create.")
}

// approvalOf is what the data shows of an approval of the suspect's leading act.
func approvalOf(c *explore.Suspect) string {
	if len(c.Acts) == 0 || c.Acts[0].Approval == nil {
		return explore.NoApproval
	}
	return c.Acts[0].Approval.Text
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
