package main

import (
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// inventoryLists are the lists of the answer, as --list takes them.
var inventoryLists = []string{"seen", "never-seen", "not-enumerated", "outside", "administrators", "keys"}

// inventory is the command that counts what is in the data.
func (m *Main) inventory() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inventory",
		Short: "Who exists, who acts and who is in no inventory; keys by age and use; administrators; non-human identities to a person",
		Long: `inventory counts what is in the data. Where an inventory of IAM was ingested (ingest
aws-iam, a dump of get-account-authorization-details, a credential report), it compares
who is listed with who was seen acting. Each list shows its beginning; --list shows one
list, and --after continues it.`,
		Example: "  blastradius inventory\n  blastradius inventory --list not-enumerated --format csv",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			vars, err := m.pageFlags(cmd)
			if err != nil {
				return err
			}
			if text, _ := cmd.Flags().GetString("until"); text != "" {
				until, err := m.timeFlag(cmd, "until", text)
				if err != nil {
					return err
				}
				vars["until"] = stamp(until)
			}
			vars["idle"], _ = cmd.Flags().GetString("idle")
			list, _ := cmd.Flags().GetString("list")
			if cmd.Flags().Changed("list") {
				if err := oneOf(cmd, "list", list, inventoryLists); err != nil {
					return err
				}
				vars["list"] = strings.ToUpper(strings.ReplaceAll(list, "-", "_"))
			}
			asOf(cmd, vars)
			return ask(m, cmd, question[explore.Inventory]{
				name: "inventory", vars: vars,
				show:    func(p *page, a *explore.Inventory) { showInventory(p, a, list) },
				columns: []string{"what", "name", "reason", "count", "id", "class", "created", "lastSeen", "lastUsed", "cursor"},
				rows:    inventoryRows,
				status:  func(a *explore.Inventory) *explore.Status { return &explore.Status{Coverage: a.Coverage} },
			})
		},
	}
	f := cmd.Flags()
	f.String("until", "", "calls and ages as of this `time` (default now)")
	f.String("idle", "90d", "how `long` an identity may be silent and still count as active in the ratio")
	f.String("list", "", "only this `list`: "+strings.Join(inventoryLists, ", "))
	addPageFlags(cmd, 10)
	addAskFlags(cmd)
	addAsOfFlag(cmd)
	return cmd
}

func inventoryRows(a *explore.Inventory) (out []row) {
	add := func(what string, list []explore.Count) {
		for _, c := range list {
			out = append(out, row{{"type", "count"}, {"what", what}, {"name", c.Name}, {"count", c.Count}})
		}
	}
	add("kind", a.Kinds)
	add("type", a.Types)
	add("account", a.Accounts)
	for _, c := range a.Classes {
		out = append(out, row{{"type", "count"}, {"what", "class"}, {"name", string(c.Class)}, {"reason", c.Reason}, {"count", c.Count}})
	}
	next := func(what, cursor string) {
		if cursor != "" {
			out = append(out, row{{"type", "more"}, {"what", what}, {"cursor", cursor}})
		}
	}
	if e := a.Enumeration; e != nil {
		for i, list := range enumerated(e) {
			name := inventoryLists[i]
			out = append(out, row{{"type", "count"}, {"what", name}, {"count", list.Total}})
			for _, x := range list.Identities {
				out = append(out, row{{"type", "identity"}, {"what", name}, {"id", string(x.Identity.ID)}, {"class", string(x.Identity.Class)}, {"reason", x.Note},
					{"lastSeen", x.LastSeen.String()}, {"lastUsed", x.LastUsed.String()}})
			}
			next(name, list.Cursor)
		}
	}
	if l := a.Administrators; l != nil {
		out = append(out, row{{"type", "count"}, {"what", "administrators"}, {"count", l.Total}})
		for _, x := range l.Administrators {
			out = append(out, row{{"type", "identity"}, {"what", "administrators"}, {"id", string(x.Identity.ID)}, {"class", string(x.Identity.Class)},
				{"reason", strings.Join(x.How, "; ")}, {"lastSeen", x.LastSeen.String()}})
		}
		next("administrators", l.Cursor)
	}
	add("key status", a.Keys.Statuses)
	add("key age", a.Keys.Ages)
	add("key use", a.Keys.Uses)
	for _, k := range a.Keys.Keys {
		out = append(out, row{{"type", "key"}, {"what", "keys"}, {"name", string(k.Holder)}, {"id", string(k.ID)}, {"reason", string(k.Status)},
			{"created", k.Created.String()}, {"lastUsed", k.LastUsed.String()}})
	}
	next("keys", a.Keys.Cursor)
	for _, r := range append([]explore.Ratio{a.Ratio}, a.Variants...) {
		out = append(out, row{{"type", "ratio"}, {"what", "ratio"}, {"name", ratioText(&r)}, {"reason", r.Definition}})
	}
	return out
}

// enumerated are the lists of identities, in the order of inventoryLists.
func enumerated(e *explore.Enumeration) []*explore.IdentityList {
	return []*explore.IdentityList{&e.Seen, &e.NeverSeen, &e.NotEnumerated, &e.Outside}
}

func ratioText(r *explore.Ratio) string {
	if r.Value == nil {
		return fmt.Sprintf("no ratio (%d to %d, %d unknown)", r.Numerator, r.Denominator, r.Unknown)
	}
	return fmt.Sprintf("%.1f to 1 (%d to %d, %d unknown)", *r.Value, r.Numerator, r.Denominator, r.Unknown)
}

// showInventory shows all of it, or the list alone that was asked for.
func showInventory(p *page, a *explore.Inventory, list string) {
	if list == "" {
		p.line("%s, as of %s", count(a.Nodes, "thing"), a.Until)
		countTables(p, a)
	}
	wanted := func(name string) bool { return list == "" || list == name }
	next := func(name, cursor string) {
		if cursor != "" {
			p.line("There is more: --list %s --after '%s'", name, cursor)
		}
	}
	if e := a.Enumeration; e != nil {
		if list == "" {
			showAccounts(p, e.Accounts)
		}
		titles := []string{"in the newest inventory and seen acting", "in the newest inventory and never seen acting",
			"SEEN ACTING AND NOT in the newest inventory of their account", "seen acting in accounts without an inventory"}
		for i, l := range enumerated(e) {
			if name := inventoryLists[i]; wanted(name) {
				showIdentities(p, titles[i], l)
				next(name, l.Cursor)
			}
		}
	}
	if l := a.Administrators; l != nil && wanted("administrators") {
		showAdministrators(p, l)
		next("administrators", l.Cursor)
	}
	if wanted("keys") {
		showKeys(p, &a.Keys)
		next("keys", a.Keys.Cursor)
	}
	if list == "" {
		p.line("")
		for _, r := range append([]explore.Ratio{a.Ratio}, a.Variants...) {
			p.line("%s: %s", ratioText(&r), r.Definition)
		}
	}
	for _, n := range a.Notes {
		p.line("note: %s", n)
	}
	if c := a.Coverage; c != nil {
		for _, r := range c.Reasons {
			p.line("incomplete: %s", r)
		}
	}
}

func countTables(p *page, a *explore.Inventory) {
	list := func(name string, counts []explore.Count) {
		rows := make([][]string, len(counts))
		for i, c := range counts {
			rows[i] = []string{c.Name, fmt.Sprint(c.Count)}
		}
		p.line("")
		p.table([]string{name, "COUNT"}, rows)
	}
	list("kind", a.Kinds)
	list("type", a.Types)
	list("account", a.Accounts)
	rows := make([][]string, len(a.Classes))
	for i, c := range a.Classes {
		rows[i] = []string{string(c.Class), fmt.Sprint(c.Count), c.Reason}
	}
	p.line("")
	p.table([]string{"class", "COUNT", "because"}, rows)
}

func showAccounts(p *page, accounts []explore.EnumeratedAccount) {
	rows := make([][]string, len(accounts))
	for i, x := range accounts {
		rows[i] = []string{x.Account, x.Newest.String(), fmt.Sprint(x.Users), fmt.Sprint(x.Roles)}
	}
	p.line("")
	p.table([]string{"inventory of", "newest", "USERS", "ROLES"}, rows)
}

func showIdentities(p *page, title string, l *explore.IdentityList) {
	var classes []string
	for _, c := range l.Classes {
		classes = append(classes, fmt.Sprintf("%d %s", c.Count, c.Name))
	}
	p.line("")
	p.line("%s %s", count(l.Total, "identity"), title)
	if len(classes) > 0 {
		p.line("  of them %s", strings.Join(classes, ", "))
	}
	if len(l.Identities) == 0 {
		return
	}
	rows := make([][]string, len(l.Identities))
	for i, x := range l.Identities {
		rows[i] = []string{string(x.Identity.ID), string(x.Identity.Class), x.LastSeen.String(), x.LastUsed.String(), x.Note}
	}
	p.table([]string{"identity", "class", "last seen", "last used", "note"}, rows)
}

func showAdministrators(p *page, l *explore.Administrators) {
	p.line("")
	p.line("%s may do everything", count(l.Total, "identity"))
	s := l.Share
	p.line("  %d of %d NHIs: %s", s.Numerator, s.Denominator, s.Definition)
	rows := make([][]string, len(l.Administrators))
	for i, x := range l.Administrators {
		rows[i] = []string{string(x.Identity.ID), string(x.Identity.Class), strings.Join(x.How, "; "), x.Boundary, x.LastSeen.String()}
	}
	p.table([]string{"administrator", "class", "by", "bounded by", "last seen"}, rows)
}

func showKeys(p *page, k *explore.Keys) {
	p.line("")
	p.line("%s", count(k.Total, "long-lived key"))
	counts := func(name string, counts []explore.Count) {
		var parts []string
		for _, c := range counts {
			if c.Count > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", c.Count, strings.ToLower(c.Name)))
			}
		}
		if len(parts) > 0 {
			p.line("  %s: %s", name, strings.Join(parts, ", "))
		}
	}
	counts("status", k.Statuses)
	counts("age", k.Ages)
	counts("last used", k.Uses)
	rows := make([][]string, len(k.Keys))
	for i, x := range k.Keys {
		rows[i] = []string{strings.TrimPrefix(string(x.ID), "aws:key:"), short(x.Holder), string(x.Status), dateOr(x.Created, x.Age), dateOr(x.LastUsed, x.Use)}
	}
	p.table([]string{"key", "holder", "status", "created", "last used"}, rows)
}

// dateOr is the time, or the word where there is none.
func dateOr(t graph.Time, word string) string {
	if t == 0 {
		return word
	}
	return t.String()
}
