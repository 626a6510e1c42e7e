package explore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
)

const (
	typeRole      = "aws.iam.role"
	typePrincipal = "aws.principal"
)

// The inventories: how AttrEnumerated names them, and what they list.
const (
	listedByIAM    = "aws-iam"
	listedByReport = "aws-credential-report"
	// What follows the name of an inventory.
	undatedList = " undated" // it has no time of its own
	partOfList  = " page"    // of an account: not the last page
	keysOfList  = " keys"    // of an account: its access keys
)

// oneDump is how far apart the pages of one dump may be dated.
const oneDump = graph.Time(time.Hour / time.Millisecond)

// population is who exists by an inventory and who acts by the log.
type population struct {
	until     graph.Time
	residents map[graph.ID]*resident
	names     map[graph.ID]graph.ID        // another id → the node it means
	accounts  map[string]map[string]sights // by inventory
	keys      map[graph.ID]*keyFacts
	grants    map[graph.ID][]grant
	listed    map[graph.ID]graph.Time // when IAM last listed a node
	inForce   map[graph.ID]string     // managed policy → its default version
	documents map[graph.ID]string     // which of them allow everything, and how
	of        map[graph.ID]graph.ID   // session or credential → identity
	holder    map[graph.ID]graph.ID   // credential → holder
	acted     map[graph.ID]graph.Time // when an actor's last call was
}

// resident is an identity.
type resident struct {
	node     graph.Node
	lists    map[string]sights // by inventory
	verdict  verdict
	lastSeen graph.Time // its last call; zero: never
	first    graph.Time // when the data shows it first
}

// sights are when an inventory listed something: with a time of its own, or
// without.
type sights struct{ dated, undated graph.Time }

func (s sights) any() bool { return s.dated != 0 || s.undated != 0 }

// holds reports whether what was last listed so is still listed, where the
// account's inventory was last made at a.
func (s sights) holds(a sights) bool {
	return s.dated != 0 && s.dated+oneDump >= a.dated || s.undated != 0 && s.undated >= a.dated
}

// sightsOf are the sights by each inventory, and by the lists of an account.
func sightsOf(n *graph.Node) map[string]sights {
	var out map[string]sights
	for _, a := range n.Attrs {
		if a.Name != graph.AttrEnumerated {
			continue
		}
		if out == nil {
			out = map[string]sights{}
		}
		name := strings.Replace(a.Value, undatedList, "", 1)
		s := out[name]
		if name == a.Value {
			s.dated = a.Last
		} else {
			s.undated = a.Last
		}
		out[name] = s
	}
	return out
}

func newPopulation(until graph.Time) *population {
	return &population{until: until, residents: map[graph.ID]*resident{}, names: map[graph.ID]graph.ID{}, accounts: map[string]map[string]sights{}, keys: map[graph.ID]*keyFacts{},
		grants: map[graph.ID][]grant{}, listed: map[graph.ID]graph.Time{}, inForce: map[graph.ID]string{}, documents: map[graph.ID]string{},
		of: map[graph.ID]graph.ID{}, holder: map[graph.ID]graph.ID{}, acted: map[graph.ID]graph.Time{}}
}

// meet takes in a node.
func (p *population) meet(n *graph.Node) {
	lists := sightsOf(n)
	if s := lists[listedByIAM]; s.any() {
		p.listed[n.ID] = max(s.dated, s.undated)
	}
	switch {
	case n.Kind == graph.Identity:
		x := &resident{node: *n, lists: lists}
		for _, a := range n.Attrs {
			if a.Name == graph.AttrUniqueID && (x.first == 0 || a.First < x.first) {
				x.first = a.First
			}
		}
		p.residents[n.ID] = x
	case n.Kind == graph.Account && lists != nil:
		p.accounts[strings.TrimPrefix(string(n.ID), "aws:account:")] = lists
	case n.Type == typeLongLived:
		p.keys[n.ID] = newKeyFacts(n, lists)
	case n.Kind == graph.Policy:
		if how := n.Attrs.Value("allowsEverything"); how != "" {
			p.documents[n.ID] = how
		}
	case n.Kind == graph.Resource:
		if len(lists) > 0 { // group, policy, profile
			p.alias(n)
		}
		if v := n.Attrs.Value("defaultVersion"); v != "" {
			p.inForce[n.ID] = v
		}
	}
}

// alias notes the other ids of a node.
func (p *population) alias(n *graph.Node) {
	note := func(other graph.ID) {
		if old, ok := p.names[other]; !ok || p.listed[n.ID] > p.listed[old] || p.listed[n.ID] == p.listed[old] && n.ID > old {
			p.names[other] = n.ID
		}
	}
	for _, a := range n.Attrs.Values(graph.AttrAlias) {
		note(graph.ID(a))
	}
	if n.Kind == graph.Identity {
		for _, u := range n.Attrs.Values(graph.AttrUniqueID) {
			note(graph.ID("aws:principal:" + u))
		}
	}
}

// settle ends the nodes.
func (p *population) settle() {
	for _, x := range p.residents {
		p.alias(&x.node)
	}
	delete(p.residents, everyone)
}

// everyone is what a wildcard in a trust policy stands for: nobody in
// particular.
const everyone = graph.ID("aws:principal:*")

// home is the node that an id means, a listed one where there is one, else the
// id.
func (p *population) home(id graph.ID) graph.ID {
	if to, ok := p.names[id]; ok {
		return to
	}
	return id
}

// current reports whether a fact that an inventory shows of a thing held when
// the thing was listed last.
func (p *population) current(e *graph.Edge, of graph.ID) bool { return e.Last >= p.listed[p.home(of)] }

// see takes in an edge.
func (p *population) see(e *graph.Edge) {
	switch e.Kind {
	case graph.Called:
		p.acted[e.From] = max(p.acted[e.From], e.Last)
	case graph.Of:
		p.of[e.From] = e.To
	case graph.Holds:
		p.holder[e.To] = e.From
		if k := p.keys[e.To]; k != nil {
			k.see(e, p.until)
		}
	case graph.GrantedBy:
		if w, _ := e.Valid(p.until); p.current(e, e.From) && (w.To == 0 || w.To > p.until) {
			p.grant(p.home(e.From), grant{p.home(e.To), e.Label.Detail, e.Last})
		}
	}
}

// grant notes where permissions come from. Of inline policies of one name the
// one seen last replaced the others.
func (p *population) grant(from graph.ID, g grant) {
	list := p.grants[from]
	i := -1
	if strings.HasPrefix(g.how, "inline:") {
		i = slices.IndexFunc(list, func(x grant) bool { return x.how == g.how })
	}
	switch {
	case i < 0:
		p.grants[from] = append(list, g)
	case g.last > list[i].last || g.last == list[i].last && g.to > list[i].to:
		list[i] = g
	}
}

// fold hands calls on to the identities that made them.
func (p *population) fold() {
	for actor, t := range p.acted {
		id := actor
		for range 8 { // a credential, its session, their identity; never a circle
			if p.residents[p.home(id)] != nil {
				break
			}
			next, ok := p.of[id]
			if !ok {
				next, ok = p.holder[id]
			}
			if !ok {
				break
			}
			id = next
		}
		if x := p.residents[p.home(id)]; x != nil {
			x.lastSeen = max(x.lastSeen, t)
		}
		if k := p.keys[actor]; k != nil {
			k.used(t)
		}
	}
}

// inventoried is what an inventory may list: the account, and by which lists.
// False for what no inventory lists, such as AWS's own services.
func inventoried(n *graph.Node) (account string, by []string, ok bool) {
	account = showAccount(n)
	unique, isPrincipal := strings.CutPrefix(string(n.ID), "aws:principal:")
	switch {
	case n.Type == typeUser, n.Type == typePrincipal && isPrincipal && strings.HasPrefix(unique, "AIDA"):
		return account, []string{listedByIAM, listedByReport}, account != ""
	case n.Type == typeRole, n.Type == typePrincipal && isPrincipal && strings.HasPrefix(unique, "AROA"):
		return account, []string{listedByIAM}, account != ""
	case n.Type == typeRoot:
		return account, []string{listedByReport}, account != ""
	}
	return "", nil, false
}

// standing says where a resident stands: whether an inventory of its kind was
// made in its account, and whether it is listed by the newest, or was before.
func (p *population) standing(x *resident) (possible, now, before bool) {
	account, by, ok := inventoried(&x.node)
	if !ok {
		return false, false, false
	}
	for _, list := range by {
		a, s := p.accounts[account][list], x.lists[list]
		possible = possible || a.any() || p.accounts[account][list+partOfList].any()
		now = now || s.any() && s.holds(a)
		before = before || s.any()
	}
	return possible || before, now, before
}

// inhabitants are the residents that inventories can list, in order of their
// ids, other names apart.
func (p *population) inhabitants(f func(x *resident, possible, now, before bool)) {
	for _, id := range slices.Sorted(maps.Keys(p.residents)) {
		x := p.residents[id]
		if _, _, ok := inventoried(&x.node); ok && p.home(id) == id {
			possible, now, before := p.standing(x)
			f(x, possible, now, before)
		}
	}
}

// lacks are the reasons for which inventories do not tell everything.
func (p *population) lacks(l *ledger) (out []string) {
	if len(p.accounts) == 0 {
		return []string{"no inventory was ingested: who exists and never acts, and who acts and is not listed, cannot be told"}
	}
	for _, account := range slices.Sorted(maps.Keys(p.accounts)) {
		lists := p.accounts[account]
		switch {
		case lists[listedByIAM+partOfList].any() && !lists[listedByIAM].any():
			out = append(out, fmt.Sprintf("the inventory of account %s lacks its last page", account))
		case !lists[listedByIAM].any():
			out = append(out, fmt.Sprintf("of account %s only a credential report was ingested, which lists no roles", account))
		}
	}
	missing := map[string]bool{}
	for _, s := range l.streams { // cloudtrail/<account>/<region>
		part := strings.Split(s.name, "/")
		if len(part) == 3 && accountID.MatchString(part[1]) && p.accounts[part[1]] == nil {
			missing[part[1]] = true
		}
	}
	if len(missing) > 0 {
		out = append(out, "no inventory of account "+strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
	}
	return out
}
