package explore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
)

// listed says that the inventory lists these at a time, of account 1.
func (w *world) listed(list string, t graph.Time, ids ...string) {
	w.attr("aws:account:1", graph.AttrEnumerated, list, t)
	for _, id := range ids {
		w.attr(id, graph.AttrEnumerated, list, t)
	}
}

func (w *world) granted(from, how, to string, t graph.Time) {
	w.b.Standing(graph.StandingKey{From: w.node(from), To: w.node(to), Label: w.b.Label(graph.Label{Detail: how}), Kind: graph.GrantedBy}, t, graph.Ref{Seq: w.src, Record: w.n})
	w.n++
}

func inventory(t *testing.T, w *world, q explore.InventoryQuery) *explore.Inventory {
	t.Helper()
	a, err := explore.New(w.store(t), explore.Options{}).Inventory(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func ids(l explore.IdentityList) (out []string) {
	for _, x := range l.Identities {
		out = append(out, string(x.Identity.ID))
	}
	return out
}

// Without an inventory nothing is said of who is listed: no empty list, and the
// answer is incomplete.
func TestNoInventory(t *testing.T) {
	w := cast()
	w.call(deed{at: at(10), from: tempKey, action: "s3:GetObject", to: bucket})
	a := inventory(t, w, explore.InventoryQuery{Until: at(100)})
	if a.Enumeration != nil || a.Administrators != nil || a.Coverage.Complete || !slices.ContainsFunc(a.Coverage.Reasons, func(s string) bool { return strings.HasPrefix(s, "no inventory was ingested") }) {
		t.Errorf("%+v %+v %v", a.Enumeration, a.Administrators, a.Coverage.Reasons)
	}
}

func TestEnumeration(t *testing.T) {
	const (
		path    = "arn:aws:iam::1:role/svc/node"
		sleeper = "arn:aws:iam::1:role/sleeper"
		gone    = "arn:aws:iam::1:role/gone"
		late    = "arn:aws:iam::1:user/late"
		other   = "arn:aws:iam::2:role/other"
		byID    = "aws:principal:AROADEPLOY0000000"
	)
	w := cast()
	w.listed("aws-iam", at(-600), gone, path) // an older one
	w.listed("aws-iam", at(-60), path, sleeper, alice, bob, deploy, ciRole)
	w.attr(path, graph.AttrAlias, nodeRole, at(-60)) // calls show the role without its path
	w.attr(deploy, graph.AttrUniqueID, "AROADEPLOY0000000", at(-60))
	w.attr(byID, graph.AttrAccount, "1", at(5))
	w.attr(late, graph.AttrUniqueID, "AIDALATE", at(7))
	for _, by := range []string{nodeKey, byID, bobKey, gone, late, other, "aws:service:ec2.amazonaws.com"} {
		w.call(deed{at: at(20), from: by, action: "s3:GetObject", to: bucket, outcome: graph.Denied})
	}
	w.call(deed{at: at(200), from: aliceKey, action: "s3:GetObject", to: bucket})

	a := inventory(t, w, explore.InventoryQuery{Until: at(100)})
	e := a.Enumeration
	for name, c := range map[string]struct {
		list explore.IdentityList
		want []string
	}{
		"seen": {e.Seen, []string{deploy, path, bob}}, "never seen": {e.NeverSeen, []string{ciRole, sleeper, alice}}, // alice acts after until
		"not enumerated": {e.NotEnumerated, []string{gone, late}}, "outside": {e.Outside, []string{other}},
	} {
		slices.Sort(c.want)
		if got := ids(c.list); !slices.Equal(got, c.want) || c.list.Total != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if x := e.NotEnumerated.Identities; !strings.Contains(x[0].Note, "older inventory") || !strings.Contains(x[1].Note, "after the newest inventory") {
		t.Errorf("%+v", x)
	}
	if len(e.Accounts) != 1 || e.Accounts[0] != (explore.EnumeratedAccount{Account: "1", Newest: at(-60), Complete: true, Users: 2, Roles: 4}) {
		t.Errorf("%+v", e.Accounts)
	}
	if later := inventory(t, w, explore.InventoryQuery{Until: at(201)}); !slices.Contains(ids(later.Enumeration.Seen), alice) {
		t.Errorf("alice acted before %s: %v", at(201), ids(later.Enumeration.Seen))
	}

	// A list alone, by cursor, is the whole list.
	x := explore.New(w.store(t), explore.Options{})
	var got []string
	q := explore.InventoryQuery{Until: at(100), List: explore.ListSeen, First: 1}
	for {
		a, err := x.Inventory(context.Background(), q)
		if err != nil || len(a.Enumeration.Seen.Identities) != 1 || a.Enumeration.Seen.Total != 3 || len(a.Enumeration.NeverSeen.Identities) != 0 || a.Enumeration.NeverSeen.Total != 3 {
			t.Fatalf("%+v %v", a, err)
		}
		got = append(got, ids(a.Enumeration.Seen)...)
		if q.After = a.Enumeration.Seen.Cursor; q.After == "" {
			break
		}
	}
	if !slices.Equal(got, ids(e.Seen)) {
		t.Errorf("page by page %v, at once %v", got, ids(e.Seen))
	}
	if _, err := x.Inventory(context.Background(), explore.InventoryQuery{After: "x"}); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("a cursor of no list: %v", err)
	}
}

// A page that is not the last does not make an account's inventory whole, and a
// credential report lists no roles.
func TestPartialInventory(t *testing.T) {
	for list, reason := range map[string]string{"aws-iam page": "lacks its last page", "aws-credential-report": "lists no roles"} {
		w := cast()
		w.listed(list, at(-60))
		w.attr(alice, graph.AttrEnumerated, strings.TrimSuffix(list, " page"), at(-60))
		w.call(deed{at: at(20), from: nodeKey, action: "s3:GetObject", to: bucket})
		a := inventory(t, w, explore.InventoryQuery{Until: at(100)})
		if a.Coverage.Complete || !slices.ContainsFunc(a.Coverage.Reasons, func(s string) bool { return strings.Contains(s, reason) }) || a.Enumeration.Accounts[0].Complete {
			t.Errorf("%s: %v", list, a.Coverage.Reasons)
		}
		if out := ids(a.Enumeration.Outside); list == "aws-credential-report" && !slices.Equal(out, []string{nodeRole}) {
			t.Errorf("%s: outside %v", list, out)
		}
	}
}

// Administrators are those whose policy in force allows everything, by whatever
// way they get it, as their newest listing shows.
func TestAdministrators(t *testing.T) {
	const (
		all   = "policy:sha256:a11"
		some  = "policy:sha256:50e"
		maybe = "policy:sha256:1f"
		was   = "arn:aws:iam::1:policy/was"
		is    = "arn:aws:iam::1:policy/is"
		aws   = "arn:aws:iam::aws:policy/AdministratorAccess"
		group = "arn:aws:iam::1:group/g"
	)
	role := func(name string) string { return "arn:aws:iam::1:role/" + name }
	w := newWorld()
	for id, how := range map[string]string{all: "always", maybe: "conditions", some: ""} {
		w.attr(id, "allowsEverything", how, at(0))
	}
	for policy, version := range map[string]string{was: "v2", is: "v2"} {
		w.listed("aws-iam", at(0), policy)
		w.attr(policy, "defaultVersion", version, at(0))
	}
	w.granted(was, "version:v1", all, at(0))
	w.granted(was, "version:v2", some, at(0))
	w.granted(is, "version:v1", some, at(0))
	w.granted(is, "version:v2", all, at(0))
	w.listed("aws-iam", at(0), group)
	w.granted(group, "attached", is, at(0))
	want := map[string]string{}
	for _, c := range []struct{ name, how, to, by string }{
		{"a", "attached", aws, "attached " + aws},
		{"b", "attached", was, ""}, // an old version allowed everything
		{"c", "attached", is, "attached " + is},
		{"d", "inline:x", all, "inline policy x"},
		{"e", "inline:x", some, ""},
		{"f", "inline:x", maybe, "inline policy x (under conditions)"},
		{"g", "member", group, "through group g: attached " + is},
		{"h", "attached", aws, ""}, // detached since
	} {
		w.listed("aws-iam", at(0), role(c.name))
		w.granted(role(c.name), c.how, c.to, at(0))
		if c.by != "" {
			want[role(c.name)] = c.by
		}
	}
	w.listed("aws-iam", at(30), role("h"))
	// What calls changed since: taken from i, given to k, replaced in l.
	for _, name := range []string{"i", "k", "l"} {
		w.listed("aws-iam", at(0), role(name))
	}
	w.granted(role("i"), "attached", aws, at(0))
	w.b.Standing(graph.StandingKey{From: w.node(role("i")), To: w.node(aws), Label: w.b.Label(graph.Label{Detail: "attached"}), Kind: graph.GrantedBy}, at(40), graph.Ref{Seq: w.src}, graph.Mark{Kind: graph.Ended, At: at(40)})
	w.granted(role("k"), "attached", aws, at(40))
	want[role("k")] = "attached " + aws
	w.granted(role("l"), "inline:x", all, at(0))
	w.granted(role("l"), "inline:x", some, at(40))
	w.attr(role("a"), "permissionsBoundary", was, at(0))
	w.attr(role("c"), "permissionsBoundary", "none", at(0))
	w.b.Standing(graph.StandingKey{From: w.node(ec2), To: w.node(role("d")), Label: w.b.Label(graph.Label{Detail: "Allow:1"}), Kind: graph.Trusts}, at(0), graph.Ref{Seq: w.src})

	a := inventory(t, w, explore.InventoryQuery{Until: at(100)}).Administrators
	got := map[string]string{}
	for _, x := range a.Administrators {
		got[string(x.Identity.ID)] = strings.Join(x.How, "; ")
		if (x.Boundary != "") != (string(x.Identity.ID) == role("a")) {
			t.Errorf("%s is bounded by %q", x.Identity.ID, x.Boundary)
		}
	}
	if d := cmp.Diff(want, got); d != "" || a.Total != len(want) {
		t.Errorf("administrators (-want +got):\n%s", d)
	}
	if s := a.Share; s.Numerator != 1 || s.Denominator != 1 || s.Unknown != 5 {
		t.Errorf("%+v", s)
	}
}

func TestKeys(t *testing.T) {
	key := func(n int) string { return fmt.Sprintf("aws:key:AKIAKEY%013d", n) }
	const day = 24 * 60.0
	mark := func(kind graph.MarkKind, minute float64) graph.Mark { return graph.Mark{Kind: kind, At: at(minute)} }
	w := newWorld()
	w.listed("aws-iam", at(0), alice)
	w.listed("aws-iam keys", at(0))
	hold := func(n int, marks ...graph.Mark) { w.stands(graph.Holds, alice, key(n), at(0), marks...) }
	status := func(n int, word string, t graph.Time) {
		w.attr(key(n), "status", word, t)
		w.attr(key(n), graph.AttrAccount, "1", t)
		w.attr(key(n), graph.AttrEnumerated, "aws-iam", t)
	}
	hold(1, mark(graph.Began, -400*day)) // old, never used
	status(1, "Active", at(0))
	w.attr(key(1), "lastUsed", "never", at(0))
	hold(2, mark(graph.Began, -60*day), mark(graph.Ended, 0)) // switched off
	status(2, "Inactive", at(0))
	hold(3, mark(graph.Began, -10*day), mark(graph.Ended, 30)) // deleted by a call after the listing
	status(3, "Active", at(0))
	hold(4, mark(graph.Began, -200*day)) // not in the newest list
	status(4, "Active", at(-100*day))
	hold(5) // only seen
	w.call(deed{at: at(40), from: key(5), action: "s3:GetObject", to: bucket})
	hold(6, mark(graph.Began, -100*day)) // used as IAM says
	status(6, "Active", at(0))
	w.attr(key(6), "lastUsed", at(-95*day).String(), at(0))
	// The report knows key 1, and one that no list shows.
	for name, value := range map[string]string{"accessKey1Active": "true", "accessKey1Rotated": at(-400 * day).String(), "accessKey1LastUsed": "never",
		"accessKey2Active": "false"} {
		w.attr(alice, name, value, at(0))
	}
	for name, value := range map[string]string{"accessKey1Active": "true", "accessKey1Rotated": at(-20 * day).String(), "accessKey1LastUsed": at(-1 * day).String(), "accessKey2Active": "false"} {
		w.attr(bob, name, value, at(0))
	}

	k := inventory(t, w, explore.InventoryQuery{Until: at(60), First: 100}).Keys
	counts := func(list []explore.Count) string {
		var out []string
		for _, c := range list {
			if c.Count > 0 {
				out = append(out, fmt.Sprintf("%d %s", c.Count, c.Name))
			}
		}
		return strings.Join(out, ", ")
	}
	if got, want := counts(k.Statuses), "3 ACTIVE, 2 INACTIVE, 1 DELETED, 1 UNKNOWN"; got != want || k.Total != 7 {
		t.Errorf("%d: %s, want %s", k.Total, got, want)
	}
	if got, want := counts(k.Ages), "1 under 30 days, 1 90 days to 1 year, 1 over 1 year, 1 not known"; got != want {
		t.Errorf("ages %s, want %s", got, want)
	}
	if got, want := counts(k.Uses), "2 under 30 days, 1 90 days to 1 year, 1 never"; got != want {
		t.Errorf("uses %s, want %s", got, want)
	}
	var got []string
	for _, r := range k.Keys {
		got = append(got, string(r.ID))
	}
	if want := []string{key(5), key(1), key(6), bob + " key 1"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
