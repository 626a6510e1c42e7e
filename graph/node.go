package graph

import "slices"

// Node is one thing of the graph.
type Node struct {
	ID    ID
	Kind  Kind
	Type  string // the provider's word: aws.iam.role, k8s.serviceaccount
	Attrs Attrs
}

// Attr is one value of one attribute, with when it was first and last seen. Of
// a register First equals Last: a value that was overtaken leaves no trace, or
// order would show.
type Attr struct {
	Name, Value string
	First, Last Time
}

// Attrs is a set of attribute values, sorted by name and value. A register
// keeps one value, the one seen last (equal times: the larger value), and only
// when it was last seen: its First is its Last, as the first sight of a value
// that lost meanwhile would depend on order. A set attribute keeps all. Merging
// is free of order.
type Attrs []Attr

// The attributes that have a meaning to the core. Sources may write others;
// those are registers.
const (
	AttrAlias    = "alias"    // set: another id for the same node, resolved at read time
	AttrName     = "name"     // set: what people call it; searchable
	AttrUniqueID = "uniqueId" // set: AROA…, AIDA…: one for each generation of a principal
	AttrAccount  = "account"  // set: the account it lives in
	AttrRegion   = "region"   // set
	AttrTool     = "tool"     // register: of an AGENT, which agentic tool
	AttrEvidence = "evidence" // set: of an AGENT, what shows it to be one
	AttrCreated  = "created"  // set: creation events (evidence ids) bounding a generation
	AttrDeleted  = "deleted"  // set: deletion events (evidence ids)
	AttrTag      = "tag"      // set: key=value
	AttrNetwork  = "network"  // set: of what acts, the networks it called from: the /24 of an IPv4 address, the /48 of an IPv6 address
	// AttrEnumerated is a set: which inventories list it, and when first and
	// last. What a later one of the same account does not list is gone.
	AttrEnumerated = "enumerated"
)

// SetAttr reports whether the attribute keeps all its values.
func SetAttr(name string) bool {
	switch name {
	case AttrAlias, AttrName, AttrUniqueID, AttrAccount, AttrRegion, AttrEvidence, AttrCreated, AttrDeleted, AttrTag,
		AttrNetwork, AttrEnumerated:
		return true
	}
	return false
}

// Value is the value of a register, or the last seen of a set (equal times:
// the larger); empty where there is none.
func (a Attrs) Value(name string) string {
	var best Attr
	for _, x := range a {
		if x.Name == name && (best.Name == "" || x.Last > best.Last || x.Last == best.Last && x.Value > best.Value) {
			best = x
		}
	}
	return best.Value
}

// Values are all values of the attribute, sorted.
func (a Attrs) Values(name string) []string {
	var out []string
	for _, x := range a {
		if x.Name == name {
			out = append(out, x.Value)
		}
	}
	return out
}

func compareAttr(a, b Attr) int {
	if a.Name != b.Name {
		if a.Name < b.Name {
			return -1
		}
		return 1
	}
	if a.Value != b.Value {
		if a.Value < b.Value {
			return -1
		}
		return 1
	}
	return 0
}

// Merge is the union of both by the rules of Attrs: commutative, associative
// and idempotent. It may reuse a's memory.
func (a Attrs) Merge(b Attrs) Attrs {
	for _, x := range b {
		a = a.add(x)
	}
	return a
}

func (a Attrs) add(x Attr) Attrs {
	if !SetAttr(x.Name) {
		return a.set(x)
	}
	for i := range a[:min(len(a), fewAttrs)] { // most are there already
		if y := &a[i]; y.Value == x.Value && y.Name == x.Name {
			y.First, y.Last = min(y.First, x.First), max(y.Last, x.Last)
			return a
		}
	}
	i, found := slices.BinarySearchFunc(a, x, compareAttr)
	if found {
		a[i].First, a[i].Last = min(a[i].First, x.First), max(a[i].Last, x.Last)
		return a
	}
	return slices.Insert(a, i, x)
}

// fewAttrs is how many values are looked through faster than searched.
const fewAttrs = 16

// set gives a register its later value.
func (a Attrs) set(x Attr) Attrs {
	x.First = x.Last
	i := slices.IndexFunc(a, func(y Attr) bool { return y.Name == x.Name })
	if i < 0 {
		i, _ = slices.BinarySearchFunc(a, x, compareAttr)
		return slices.Insert(a, i, x)
	}
	if x.Last > a[i].Last || x.Last == a[i].Last && x.Value > a[i].Value {
		a[i] = x
	}
	return a
}

// Merge joins two descriptions of the node with one ID. Where kinds or types
// differ, the smaller kind and the larger type win: any fixed rule will do, as
// ids are made so that they agree.
func (n Node) Merge(m Node) Node {
	if m.Kind != 0 && (n.Kind == 0 || m.Kind < n.Kind) {
		n.Kind = m.Kind
	}
	n.Type = max(n.Type, m.Type)
	n.Attrs = n.Attrs.Merge(m.Attrs)
	return n
}
