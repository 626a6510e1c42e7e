package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// touched is the command of the headline question.
func (m *Main) touched() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "touched RESOURCE…",
		Short: "Which identities touched these resources, with which credentials, on whose behalf",
		Long: `touched lists the identities that touched the resources in the window: their calls by
action and outcome with event ids, the credentials, sessions and agents they came
through, and the chain back to their origin. It shows non-human identities and calls
whose origin is unknown, unless --who says otherwise.

A RESOURCE is an ARN or id, or a name that fits one thing only.`,
		Example: "  blastradius touched arn:aws:s3:::billing-exports --last 4h\n  blastradius touched billing-ledger --from 2026-11-22T10:00:00Z --to 2026-11-22T14:00:00Z --format json",
		Args:    atLeast(1, "a RESOURCE (an ARN, an id or a name)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			window, err := m.windowFlag(cmd)
			if err != nil {
				return err
			}
			vars := map[string]any{"resources": args, "window": window}
			if err := whoFlags(cmd, vars); err != nil {
				return err
			}
			if parts, _ := cmd.Flags().GetBool("parts"); !parts {
				vars["parts"] = false
			}
			asOf(cmd, vars)
			return ask(m, cmd, touchedQuestion(vars))
		},
	}
	addWindowFlags(cmd)
	addWhoFlags(cmd, "nhi")
	cmd.Flags().String("match", "derived", "how firmly a record must name the resource: declared, `derived` or mentioned")
	cmd.Flags().Bool("parts", true, "count what is part of a resource (a bucket's objects, a service's tasks) as the resource")
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	addFoundFlag(cmd)
	return cmd
}

func addWhoFlag(cmd *cobra.Command, who string) {
	cmd.Flags().String("who", who, "whose `calls`: nhi (with unknown), human or all")
}

func addWhoFlags(cmd *cobra.Command, who string) {
	addWhoFlag(cmd, who)
	f := cmd.Flags()
	f.Int("evidence", explore.DefaultEvidence, "`number` of event ids a row")
	f.Bool("probes", false, "show calls that only asked for what is not there")
}

// whoFlags puts --who, --match, --probes and --evidence, as far as the command has
// them, into the variables.
func whoFlags(cmd *cobra.Command, vars map[string]any) error {
	for name, allowed := range map[string][]string{"who": {"nhi", "human", "all"}, "match": {"declared", "derived", "mentioned"}} {
		if v, err := cmd.Flags().GetString(name); err == nil {
			v = strings.ToLower(v)
			if err := oneOf(cmd, name, v, allowed); err != nil {
				return err
			}
			vars[name] = strings.ToUpper(v)
		}
	}
	if probes, _ := cmd.Flags().GetBool("probes"); probes {
		vars["probes"] = true
	}
	if n, err := cmd.Flags().GetInt("evidence"); err == nil && cmd.Flags().Changed("evidence") {
		vars["evidence"] = map[string]any{"first": n}
	}
	return nil
}

func touchedQuestion(vars map[string]any) question[explore.Touched] {
	return question[explore.Touched]{
		name: "touched", vars: vars, show: showTouched,
		columns: columnsOf(callRow("", "", &explore.CallRow{})),
		rows: func(a *explore.Touched) (out []row) {
			for i := range a.Identities {
				t := &a.Identities[i]
				for j := range t.Calls {
					out = append(out, callRow(string(t.Identity.ID), t.Identity.Class, &t.Calls[j]))
				}
			}
			return out
		},
		found:  func(a *explore.Touched) bool { return a.Total.Calls > 0 },
		status: func(a *explore.Touched) *explore.Status { return &a.Status },
	}
}

// showTouched writes the answer to read from top to bottom: the sentence, who
// changed it, each identity, and what could not be seen.
func showTouched(p *page, a *explore.Touched) {
	asked := map[graph.ID]bool{}
	var names []string
	for _, r := range a.Resources {
		for _, id := range append(r.IDs, r.Node.ID) {
			asked[id] = true
		}
		names = append(names, string(r.Node.ID))
		if r.Note != "" {
			p.line("%s: %s", r.Asked, r.Note)
		}
	}
	p.line("%s", touchedHeadline(a, some(names, 3)))
	for _, l := range agentLines(a) {
		p.line("%s", l)
	}
	showChanges(p, a, asked)
	for i := range a.Identities {
		showIdentity(p, i+1, &a.Identities[i], a.Window, asked)
	}
	out := leftOut(a.Excluded)
	if a.UnknownCalls > 0 {
		p.line("")
		p.line("%s shown above could not be told to be human or not (who: UNKNOWN).", count(a.UnknownCalls, "call"))
	}
	showUnseen(p, &a.Status, out)
}

// touchedHeadline is the answer in one sentence.
func touchedHeadline(a *explore.Touched, names string) string {
	when := "between " + clock(a.Window.From, graph.Window{}) + " and " + clock(a.Window.To, graph.Window{})
	if a.Total.Calls == 0 {
		verdict := "Nobody that was asked about is seen to have touched " + names + " " + when
		if a.Incomplete() {
			verdict += ", but the data is incomplete"
		}
		return verdict + "."
	}
	bad := 0
	for _, t := range a.Identities {
		for _, c := range t.Calls {
			if c.Outcome != graph.OK {
				bad += c.Count
			}
		}
	}
	outcome := "all succeeded"
	if bad > 0 {
		outcome = fmt.Sprintf("%d did not succeed", bad)
	}
	return fmt.Sprintf("%s touched %s %s with %s; %s.", count(a.Total.Identities, "identity"), names, when, count(a.Total.Calls, "call"), outcome)
}

// agentLines say which AI agents took part, as the evidence shows.
func agentLines(a *explore.Touched) (out []string) {
	var tools []string
	as, proof := map[string][]string{}, map[string][]string{}
	for _, t := range a.Identities {
		for _, v := range t.Via {
			if v.Kind != graph.Agent {
				continue
			}
			if as[v.Tool] == nil {
				tools = append(tools, v.Tool)
			}
			as[v.Tool] = append(as[v.Tool], fmt.Sprintf("%s (%s)", short(t.Identity.ID), count(v.Calls, "call")))
			for _, e := range v.Evidence {
				if !slices.Contains(proof[v.Tool], e) {
					proof[v.Tool] = append(proof[v.Tool], e)
				}
			}
		}
	}
	for _, tool := range tools {
		out = append(out, fmt.Sprintf("An AI agent took part: %s, acting as %s; evidence %s.", tool, strings.Join(as[tool], " and "), strings.Join(proof[tool], ", ")))
	}
	return out
}

// showChanges lists the successful calls that changed what was asked about, in
// order of time.
func showChanges(p *page, a *explore.Touched, asked map[graph.ID]bool) {
	type change struct {
		call explore.CallRow
		by   graph.ID
		tool string
	}
	var all []change
	for _, t := range a.Identities {
		tools := toolsOf(t.Via)
		for _, c := range t.Calls {
			if c.Effect.Mutates() && c.Outcome == graph.OK && c.Plane != graph.DataPlane {
				all = append(all, change{c, t.Identity.ID, tools[c.Agent]})
			}
		}
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(x, y change) int { return int(x.call.First - y.call.First) })
	p.line("")
	title, approved := "What changed it (control plane)", slices.ContainsFunc(all, func(c change) bool { return covered(c.call.Approval) })
	if !approved {
		title += "; " + explore.NoApproval
	}
	p.line("%s", title)
	rows := make([][]string, len(all))
	for i, c := range all {
		target := ""
		if !asked[c.call.Target] {
			target = string(c.call.Target)
		}
		rows[i] = []string{between(c.call.First, c.call.Last, a.Window), c.call.Effect.String(), c.call.Action, short(c.by), c.tool, short(cmp.Or(c.call.Service, c.call.Client)), target, evidence(c.call.Evidence, c.call.EvidenceTotal), ""}
		if approved {
			rows[i][8] = approval(c.call.Approval)
		}
	}
	p.table([]string{"when", "effect", "action", "by", "AI agent", "through", "target", "evidence", "approval"}, rows)
}

// showIdentity writes one identity: who it is, through what, from where, and its
// calls.
func showIdentity(p *page, n int, t *explore.TouchedIdentity, w graph.Window, asked map[graph.ID]bool) {
	p.line("")
	p.line("%d. %s", n, string(t.Identity.ID))
	class := string(t.Identity.Class)
	if t.Identity.ClassReason != "" {
		class += ": " + t.Identity.ClassReason
	}
	p.line("   %s, %s (%s)", count(t.Total, "call"), between(t.First, t.Last, w), class)
	var agents, others []string
	for _, v := range t.Via {
		if v.Kind == graph.Agent {
			agents = append(agents, fmt.Sprintf("%s (%s, evidence %s, %s)", v.Tool, string(v.ID), strings.Join(v.Evidence, ", "), count(v.Calls, "call")))
			continue
		}
		others = append(others, fmt.Sprintf("%s (%d)", short(v.ID), v.Calls))
	}
	if len(agents) > 0 {
		p.line("   AI agent     %s", strings.Join(agents, "; "))
	}
	if len(others) > 0 {
		p.line("   through      %s", some(others, 6))
	}
	var workloads []string
	for _, h := range t.Chain {
		if h.Kind == graph.Runs && !slices.Contains(workloads, short(h.From)) {
			workloads = append(workloads, short(h.From))
		}
	}
	if len(workloads) > 0 {
		p.line("   runs in      %s", some(workloads, 4))
	}
	if len(t.Credentials) == 0 && len(t.Sessions) > 0 {
		var names []string
		for _, c := range t.Sessions {
			names = append(names, fmt.Sprintf("%s (%s)", short(c.ID), count(c.Calls, "call")))
		}
		p.line("   sessions     %s", some(names, 4))
	}
	showChains(p, t, w)
	p.line("")
	callTable(p, t.Calls, t.Via, w, asked)
}

// maxChains is how many credentials of one identity are shown with their chain.
const maxChains = 6

// showChains writes each credential, and below it hop by hop where it came from.
// Credentials with the same history stand together.
func showChains(p *page, t *explore.TouchedIdentity, w graph.Window) {
	type group struct {
		names []string
		calls int
		lines []string
	}
	var groups []*group
	for _, c := range t.Credentials {
		lines := chainLines(t, c.ID, w)
		calls := c.Calls
		var g *group
		for _, x := range groups {
			if slices.Equal(x.lines, lines) {
				g = x
			}
		}
		if g == nil {
			g = &group{lines: lines}
			groups = append(groups, g)
		}
		g.names, g.calls = append(g.names, short(c.ID)), g.calls+calls
	}
	for i, g := range groups {
		if i == maxChains {
			p.line("   and %d more credentials", len(groups)-i)
			break
		}
		p.line("   with         %s (%s)", some(g.names, 4), count(g.calls, "call"))
		for _, l := range g.lines {
			p.line("                  %s", l)
		}
	}
}

// chainLines is the history of a credential: who issued it, who issued that, and
// so on to the origin. What holds a credential is named where nothing says who
// issued it.
func chainLines(t *explore.TouchedIdentity, id graph.ID, w graph.Window) (out []string) {
	seen := map[graph.ID]bool{}
	for at := id; !seen[at]; {
		seen[at] = true
		next := -1
		for i, h := range t.Chain {
			if h.To == at && (next < 0 || t.Chain[next].Kind != graph.Issued && h.Kind == graph.Issued) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		h := t.Chain[next]
		line := "<- " + short(h.From)
		switch h.Kind {
		case graph.Issued:
			line += fmt.Sprintf(", issued %s, %s", clock(h.At, w), h.Join)
		case graph.Holds:
			line += ", which holds it"
		case graph.Runs:
			line += ", the workload that runs it"
		default:
			line += ", " + h.Kind.String()
		}
		if h.Certainty == explore.Possible {
			line += ", possible"
		}
		if len(h.Evidence) > 0 && h.Evidence[0] != "" {
			line += ", " + eventID(h.Evidence[0])
		}
		if h.Note != "" {
			line += " (" + h.Note + ")"
		}
		out = append(out, line)
		at = h.From
	}
	for _, o := range t.Origins {
		if o.Of == id && !o.Known {
			out = append(out, "origin unknown: "+strings.TrimPrefix(o.Reason, "origin unknown: "))
		}
	}
	return out
}

// originText says where a chain ends.
func originText(o explore.Origin) string {
	if !o.Known {
		text := short(o.Of) + ": origin unknown"
		if o.Reason != "" {
			text += " (" + strings.TrimPrefix(o.Reason, "origin unknown: ") + ")"
		}
		return text
	}
	text := short(o.Of) + " came from " + string(o.Node)
	if o.Certainty == explore.Possible {
		text += ", possibly"
	}
	return text
}
