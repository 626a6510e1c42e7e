package explore

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Enumeration compares who the newest inventories list with who was seen
// acting: made a call, whatever its outcome. It is about IAM users, roles and
// roots; AWS's services and people of a directory are in no IAM inventory.
type Enumeration struct {
	Accounts []EnumeratedAccount `json:"accounts"`
	// Seen are listed and were seen acting; NeverSeen are listed and were
	// not, in the data at hand; NotEnumerated were seen acting in an account
	// that has an inventory, and its newest does not list them.
	Seen          IdentityList `json:"seen"`
	NeverSeen     IdentityList `json:"neverSeen"`
	NotEnumerated IdentityList `json:"notEnumerated"`
	// Outside were seen acting in accounts of which there is no inventory:
	// nothing can be said.
	Outside IdentityList `json:"outside"`
}

// EnumeratedAccount is an account that an inventory lists.
type EnumeratedAccount struct {
	Account  string     `json:"account"`
	Newest   graph.Time `json:"newest"`   // when its newest inventory was made, or the latest date in it
	Complete bool       `json:"complete"` // its last page was read
	Users    int        `json:"users"`    // listed by it
	Roles    int        `json:"roles"`
}

// IdentityList is a list of identities, in order of their ids.
type IdentityList struct {
	Total      int                  `json:"total"`
	Classes    []Count              `json:"classes"`
	Identities []EnumeratedIdentity `json:"identities"`
	Cursor     string               `json:"cursor"` // continues; empty at the end
}

// EnumeratedIdentity is an identity with when it acted.
type EnumeratedIdentity struct {
	Identity Node       `json:"identity"`
	LastSeen graph.Time `json:"lastSeen"` // its last call; zero: none in the data
	LastUsed graph.Time `json:"lastUsed"` // as IAM tracks it; zero: IAM does not say
	Note     string     `json:"note"`
}

func (p *population) enumeration(c cutter) *Enumeration {
	out := &Enumeration{Accounts: []EnumeratedAccount{}}
	users, roles := map[string]int{}, map[string]int{}
	var seen, never, missing, outside []EnumeratedIdentity
	p.inhabitants(func(x *resident, possible, now, before bool) {
		account := showAccount(&x.node)
		switch {
		case now && x.node.Type == typeUser:
			users[account]++
		case now && x.node.Type == typeRole:
			roles[account]++
		}
		switch row := x.show(); {
		case now && x.lastSeen != 0:
			seen = append(seen, row)
		case now:
			never = append(never, row)
		case x.lastSeen == 0: // gone, or only spoken of
		case possible:
			row.Note = p.why(x, before)
			missing = append(missing, row)
		default:
			outside = append(outside, row)
		}
	})
	for _, account := range slices.Sorted(maps.Keys(p.accounts)) {
		a := EnumeratedAccount{Account: account, Users: users[account], Roles: roles[account], Complete: p.accounts[account][listedByIAM].any()}
		for _, s := range p.accounts[account] {
			a.Newest = max(a.Newest, s.dated, s.undated)
		}
		out.Accounts = append(out.Accounts, a)
	}
	out.Seen, out.NeverSeen = identityList(c, ListSeen, seen), identityList(c, ListNeverSeen, never)
	out.NotEnumerated, out.Outside = identityList(c, ListNotEnumerated, missing), identityList(c, ListOutside, outside)
	return out
}

// why says why the newest inventory may not list an identity that acted.
func (p *population) why(x *resident, before bool) string {
	account := showAccount(&x.node)
	var newest graph.Time
	for _, s := range p.accounts[account] {
		newest = max(newest, s.dated, s.undated)
	}
	for _, a := range x.node.Attrs {
		if a.Name == graph.AttrDeleted {
			return fmt.Sprintf("deleted %s", a.Last)
		}
	}
	switch {
	case before:
		return "an older inventory lists it, the newest does not"
	case x.first > newest:
		return fmt.Sprintf("first seen %s, after the newest inventory of %s", x.first, newest)
	}
	return ""
}

func (x *resident) show() EnumeratedIdentity {
	n := showNode(&x.node)
	n.Class, n.ClassReason = x.verdict.class, x.verdict.reason
	out := EnumeratedIdentity{Identity: n, LastSeen: x.lastSeen}
	for _, name := range [...]string{"lastUsed", "passwordLastUsed"} {
		var t graph.Time
		if t.UnmarshalText([]byte(x.node.Attrs.Value(name))) == nil {
			out.LastUsed = max(out.LastUsed, t)
		}
	}
	return out
}

func identityList(c cutter, name InventoryList, rows []EnumeratedIdentity) IdentityList {
	out := IdentityList{Total: len(rows)}
	classes := map[string]int{}
	for _, x := range rows {
		classes[string(x.Identity.Class)]++
	}
	out.Classes = sortCounts(classes)
	out.Identities, out.Cursor = cut(c, name, orEmpty(rows), func(x *EnumeratedIdentity) string { return string(x.Identity.ID) })
	return out
}

// ratios are NHIs to humans by other definitions than Inventory's own.
func (p *population) ratios(idle time.Duration) []Ratio {
	listed := Ratio{Definition: "IAM users and roles of class NHI divided by those of class HUMAN, of all that the newest inventory of their account lists"}
	keyed := Ratio{Definition: "the same, with active long-lived keys added to the NHIs"}
	active := Ratio{Definition: fmt.Sprintf("identities of class NHI divided by identities of class HUMAN, of all that made a call in the %d days before %s", int(idle.Hours()/24), p.until)}
	p.inhabitants(func(x *resident, _, now, _ bool) {
		if now && x.node.Type != typeRoot {
			listed.add(x.verdict.class, 1)
			keyed.add(x.verdict.class, 1)
		}
	})
	for id, x := range p.residents {
		if p.home(id) == id && x.lastSeen != 0 && x.lastSeen >= p.until.Add(-idle) {
			active.add(x.verdict.class, 1)
		}
	}
	for _, k := range p.keys {
		if status, _ := k.status(p); status == KeyActive {
			keyed.Numerator++
		}
	}
	out := []Ratio{active}
	if len(p.accounts) > 0 {
		out = append(out, listed, keyed)
	}
	for i := range out {
		out[i].divide()
	}
	return out
}
