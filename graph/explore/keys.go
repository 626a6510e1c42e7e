package explore

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// KeyStatus says whether a long-lived key works.
type KeyStatus string

// The statuses. Deleted are keys that a later inventory does not list.
const (
	KeyActive   KeyStatus = "ACTIVE"
	KeyInactive KeyStatus = "INACTIVE"
	KeyDeleted  KeyStatus = "DELETED"
	KeyUnknown  KeyStatus = "UNKNOWN"
)

// Keys are the long-lived access keys of IAM users and roots.
type Keys struct {
	Total    int     `json:"total"`
	Statuses []Count `json:"statuses"`
	// Ages and uses of keys that are active or of unknown status.
	Ages   []Count  `json:"ages"`
	Uses   []Count  `json:"uses"`
	Keys   []KeyRow `json:"keys"`   // the same, oldest first
	Cursor string   `json:"cursor"` // continues; empty at the end
}

// KeyRow is one key. One that only a credential report shows has no id of its
// own: it is named after its holder.
type KeyRow struct {
	ID       graph.ID   `json:"id"`
	Holder   graph.ID   `json:"holder"` // empty where the data does not show it
	Status   KeyStatus  `json:"status"`
	Created  graph.Time `json:"created"`  // zero: not known
	LastUsed graph.Time `json:"lastUsed"` // zero: never, or not known
	Use      string     `json:"use"`      // the bucket of LastUsed
	Age      string     `json:"age"`      // the bucket of Created
}

// keyFacts is what is known of one key.
type keyFacts struct {
	id      graph.ID
	account string
	lists   map[string]sights
	word    string     // the status that an inventory shows, and when
	said    graph.Time // zero: none does
	marks   []graph.Mark
	never   bool // an inventory says it was not used
	last    graph.Time
}

func newKeyFacts(n *graph.Node, lists map[string]sights) *keyFacts {
	k := &keyFacts{id: n.ID, account: showAccount(n), lists: lists}
	for _, a := range n.Attrs {
		switch a.Name {
		case "status":
			k.word, k.said = a.Value, a.Last
		case "lastUsed":
			k.never = a.Value == "never"
			_ = k.last.UnmarshalText([]byte(a.Value)) // "never" is no time
		}
	}
	return k
}

func (k *keyFacts) see(e *graph.Edge, until graph.Time) {
	for _, m := range e.Marks {
		if m.At < until {
			k.marks = append(k.marks, m)
		}
	}
}

func (k *keyFacts) used(t graph.Time) { k.last = max(k.last, t) }

// status is what the latest word says, of an inventory or a call; created is
// the first sign that the key exists by a creation, zero where there is none.
func (k *keyFacts) status(p *population) (s KeyStatus, created graph.Time) {
	s, at := KeyUnknown, k.said
	switch {
	case k.word == "Active":
		s = KeyActive
	case k.word != "":
		s = KeyInactive
	}
	for _, m := range k.marks {
		if m.Kind == graph.Began && (created == 0 || m.At < created) {
			created = m.At
		}
		if m.At >= at {
			at = m.At
			s = map[graph.MarkKind]KeyStatus{graph.Began: KeyActive, graph.Ended: KeyInactive}[m.Kind]
		}
	}
	if mine := k.lists[listedByIAM]; mine.any() && !mine.holds(p.accounts[k.account][listedByIAM+keysOfList]) && at <= max(mine.dated, mine.undated) {
		s = KeyDeleted
	}
	return s, created
}

// The buckets of ages and uses, in order.
var keyBuckets = []struct {
	under time.Duration
	name  string
}{{30 * 24 * time.Hour, "under 30 days"}, {90 * 24 * time.Hour, "30 to 90 days"}, {365 * 24 * time.Hour, "90 days to 1 year"}, {1 << 62, "over 1 year"}}

const (
	neverUsed = "never"
	notKnown  = "not known"
)

func bucketOf(t, until graph.Time) string {
	if t == 0 {
		return notKnown
	}
	for _, b := range keyBuckets {
		if t > until.Add(-b.under) {
			return b.name
		}
	}
	return keyBuckets[len(keyBuckets)-1].name
}

// keyAges lists the keys by age and last use.
func (p *population) keyAges(c cutter) Keys {
	out := Keys{}
	statuses, ages, uses := map[string]int{}, map[string]int{}, map[string]int{}
	var rows []KeyRow
	count := func(r KeyRow) {
		out.Total++
		statuses[string(r.Status)]++
		if r.Status == KeyActive || r.Status == KeyUnknown {
			ages[r.Age]++
			uses[r.Use]++
			rows = append(rows, r)
		}
	}
	live := map[graph.ID][]*KeyRow{} // by holder, for the slots of a report
	var known []*KeyRow
	for id, k := range p.keys {
		r := &KeyRow{ID: id, Holder: p.home(p.holder[id]), LastUsed: k.last}
		r.Status, r.Created = k.status(p)
		r.Age, r.Use = bucketOf(r.Created, p.until), bucketOf(k.last, p.until)
		if k.never && k.last == 0 {
			r.Use = neverUsed
		}
		known = append(known, r)
		if r.Status != KeyDeleted {
			live[r.Holder] = append(live[r.Holder], r)
		}
	}
	slices.SortFunc(known, func(a, b *KeyRow) int { return cmp.Compare(a.ID, b.ID) })
	for _, x := range p.residents {
		for _, r := range p.slots(x, live[x.node.ID]) {
			count(r)
		}
	}
	for _, r := range known {
		count(*r)
	}
	fixed := func(m map[string]int, names ...string) (out []Count) {
		for _, n := range names {
			out = append(out, Count{n, m[n]})
		}
		return out
	}
	var names []string
	for _, b := range keyBuckets {
		names = append(names, b.name)
	}
	out.Statuses = fixed(statuses, string(KeyActive), string(KeyInactive), string(KeyDeleted), string(KeyUnknown))
	out.Ages = fixed(ages, append(names, notKnown)...)
	out.Uses = fixed(uses, append(names, neverUsed, notKnown)...)
	order := func(r *KeyRow) string { return fmt.Sprintf("%016d %s", int64(r.Created), r.ID) }
	slices.SortFunc(rows, func(a, b KeyRow) int { return strings.Compare(order(&a), order(&b)) })
	out.Keys, out.Cursor = cut(c, ListKeys, orEmpty(rows), order)
	return out
}

// slots are the keys of a credential report, which does not show their ids, as
// far as they are none of the keys that are known: one of the same creation
// date is the same, and so is one that is left where as many are known.
func (p *population) slots(x *resident, known []*KeyRow) (out []KeyRow) {
	left := slices.Clone(known)
	for _, slot := range [...]string{"1", "2"} {
		get := func(name string) (text string, t graph.Time) {
			text = x.node.Attrs.Value("accessKey" + slot + name)
			_ = t.UnmarshalText([]byte(text)) // "never" and nothing are no time
			return text, t
		}
		active, _ := get("Active")
		_, created := get("Rotated")
		word, used := get("LastUsed")
		if active == "" || created == 0 && active == "false" {
			continue // no key in the slot
		}
		r := KeyRow{ID: graph.ID(string(x.node.ID) + " key " + slot), Holder: x.node.ID, Status: KeyInactive, Created: created, LastUsed: used,
			Age: bucketOf(created, p.until), Use: bucketOf(used, p.until)}
		if active == "true" {
			r.Status = KeyActive
		}
		if word == neverUsed {
			r.Use = neverUsed
		}
		i := slices.IndexFunc(left, func(k *KeyRow) bool { return created != 0 && k.Created/1000 == created/1000 })
		if i < 0 {
			i = slices.IndexFunc(left, func(k *KeyRow) bool { return k.Created == 0 || k.Status == r.Status })
		}
		if i < 0 {
			out = append(out, r)
			continue
		}
		k := left[i]
		left = slices.Delete(left, i, i+1)
		if k.Created == 0 {
			k.Created, k.Age = r.Created, r.Age
		}
		if k.Status == KeyUnknown {
			k.Status = r.Status
		}
		if r.LastUsed > k.LastUsed {
			k.LastUsed = r.LastUsed
			k.Use = r.Use
		} else if k.LastUsed == 0 && r.Use == neverUsed {
			k.Use = neverUsed
		}
	}
	return out
}
