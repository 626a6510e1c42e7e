package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// search is the command that finds things by words.
func (m *Main) search() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "search WORD…",
		Short:   "Find things by the beginnings of words of their id or name",
		Example: "  blastradius search billing\n  blastradius search deploy --kind identity",
		Args:    atLeast(1, "a WORD"),
		RunE: func(cmd *cobra.Command, args []string) error {
			vars, err := m.pageFlags(cmd)
			if err != nil {
				return err
			}
			vars["text"] = strings.Join(args, " ")
			if vars["kinds"], err = kindFlag(cmd, kindNames()); err != nil {
				return err
			}
			return ask(m, cmd, question[explore.SearchResult]{
				name: "search", vars: vars,
				show: func(p *page, a *explore.SearchResult) {
					p.line("%s", count(len(a.Nodes), "thing"))
					nodeTable(p, a.Nodes)
					showMore(p, a.Cursor)
				},
				columns: columnsOf(nodeRow(&explore.Node{})),
				rows: func(a *explore.SearchResult) (out []row) {
					for i := range a.Nodes {
						out = append(out, nodeRow(&a.Nodes[i]))
					}
					return more(out, a.Cursor)
				},
				found: func(a *explore.SearchResult) bool { return len(a.Nodes) > 0 },
			})
		},
	}
	cmd.Flags().StringSlice("kind", nil, "only these `kinds`, such as identity,resource")
	addPageFlags(cmd, 20)
	addAskFlags(cmd)
	addFoundFlag(cmd)
	return cmd
}

// node is the command that shows one thing.
func (m *Main) node() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "node THING",
		Short:   "One thing: attributes, aliases, and its lives where it was recreated",
		Example: "  blastradius node arn:aws:iam::111122223333:role/deploy-admin",
		Args:    exactly(1, "one THING (an ARN, an id or a name)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(m, cmd, question[explore.NodeDetail]{
				name: "node", vars: map[string]any{"id": args[0]}, show: showNode,
				columns: columnsOf(nodeRow(&explore.Node{})),
				rows:    func(a *explore.NodeDetail) []row { return []row{nodeRow(&a.Node)} },
			})
		},
	}
	addAskFlags(cmd)
	return cmd
}

// neighbours is the command that shows what a thing is joined to.
func (m *Main) neighbours() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "neighbours THING",
		Short:   "What a thing is joined to, and how",
		Example: "  blastradius neighbours AKIAIOSFODNN7EXAMPLE --direction out --kind called",
		Args:    exactly(1, "one THING (an ARN, an id or a name)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			vars, err := m.pageFlags(cmd)
			if err != nil {
				return err
			}
			vars["id"] = args[0]
			direction, _ := cmd.Flags().GetString("direction")
			if err := oneOf(cmd, "direction", strings.ToLower(direction), []string{"in", "out", "both"}); err != nil {
				return err
			}
			vars["direction"] = strings.ToUpper(direction)
			if vars["kinds"], err = kindFlag(cmd, edgeKindNames()); err != nil {
				return err
			}
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Neighbours]{
				name: "neighbours", vars: vars, show: showNeighbours,
				columns: columnsOf(neighbourRow(&explore.Neighbour{})),
				rows: func(a *explore.Neighbours) (out []row) {
					for i := range a.Neighbours {
						out = append(out, neighbourRow(&a.Neighbours[i]))
					}
					return more(out, a.Cursor)
				},
				status: func(a *explore.Neighbours) *explore.Status { return &a.Status },
			})
		},
	}
	cmd.Flags().String("direction", "both", "`which` way: in, out or both")
	cmd.Flags().StringSlice("kind", nil, "only these `kinds` of edges, such as called,issued")
	addWindowFlags(cmd)
	addPageFlags(cmd, 50)
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	return cmd
}

// kindFlag checks --kind against the names; nothing said is an empty list.
func kindFlag(cmd *cobra.Command, names []string) ([]string, error) {
	kinds, _ := cmd.Flags().GetStringSlice("kind")
	out := []string{}
	for _, k := range kinds {
		k = strings.ToUpper(k)
		if !slices.Contains(names, k) {
			return nil, usage(cmd, "one of "+strings.ToLower(strings.Join(names, ", ")), "--kind %q is not known", k)
		}
		out = append(out, k)
	}
	return out, nil
}

func kindNames() (out []string) {
	for _, k := range graph.Kinds {
		out = append(out, k.Name)
	}
	return out
}

func edgeKindNames() (out []string) {
	for _, k := range graph.EdgeKinds {
		out = append(out, k.Name)
	}
	return out
}

func nodeRow(n *explore.Node) row {
	return row{{"type", "node"}, {"id", string(n.ID)}, {"kind", n.Kind.String()}, {"nodeType", n.Type}, {"name", n.Name},
		{"account", n.Account}, {"class", string(n.Class)}, {"classReason", n.ClassReason}, {"uniqueIds", n.UniqueIDs}, {"cursor", ""}}
}

func nodeTable(p *page, nodes []explore.Node) {
	rows := make([][]string, len(nodes))
	for i, n := range nodes {
		rows[i] = []string{string(n.ID), n.Kind.String(), n.Type, n.Name, n.Account, string(n.Class)}
	}
	p.table([]string{"id", "kind", "type", "name", "account", "class"}, rows)
}

func showNode(p *page, a *explore.NodeDetail) {
	n := a.Node
	p.line("%s", string(n.ID))
	p.line("  %s, %s %s", n.Kind, n.Type, n.Name)
	if n.Class != "" {
		p.line("  %s: %s", string(n.Class), n.ClassReason)
	}
	for _, alias := range a.Aliases {
		p.line("  also known as %s", string(alias))
	}
	rows := make([][]string, len(n.Attributes))
	for i, x := range n.Attributes {
		rows[i] = []string{x.Name, x.Value, x.First.String(), x.Last.String()}
	}
	p.table([]string{"attribute", "value", "first", "last"}, rows)
	rows = make([][]string, len(a.Generations))
	for i, g := range a.Generations {
		rows[i] = []string{g.UniqueID, g.First.String(), g.Last.String(), evidence(g.Created, len(g.Created)), evidence(g.Deleted, len(g.Deleted))}
	}
	p.table([]string{"life", "first", "last", "created", "deleted"}, rows)
}

func neighbourRow(n *explore.Neighbour) row {
	outcomes := make([]string, len(n.Outcomes))
	for i, o := range n.Outcomes {
		outcomes[i] = fmt.Sprintf("%s:%d", o.Outcome, o.Count)
	}
	return row{{"type", "neighbour"}, {"id", string(n.Node.ID)}, {"nodeKind", n.Node.Kind.String()}, {"kind", n.Kind.String()},
		{"direction", string(n.Direction)}, {"calls", n.Calls}, {"first", n.First.String()}, {"last", n.Last.String()},
		{"labels", n.Labels}, {"outcomes", outcomes}, {"validFrom", n.ValidFrom.String()}, {"validTo", n.ValidTo.String()}, {"cursor", ""}}
}

func showNeighbours(p *page, a *explore.Neighbours) {
	p.line("%s has %s, %s between %s and %s.", string(a.Node.ID), count(a.Total, "neighbour"), count(a.Calls, "call"), a.Window.From, a.Window.To)
	rows := make([][]string, len(a.Neighbours))
	for i, n := range a.Neighbours {
		calls := ""
		if n.Calls > 0 {
			calls = fmt.Sprint(n.Calls)
		}
		rows[i] = []string{n.Kind.String(), string(n.Direction), string(n.Node.ID), n.Node.Kind.String(), calls, some(n.Labels, 3), clock(n.First, a.Window), clock(n.Last, a.Window)}
	}
	p.table([]string{"edge", "direction", "node", "kind", "CALLS", "what", "first", "last"}, rows)
	showMore(p, a.Cursor)
	showUnseen(p, &a.Status, nil)
}
