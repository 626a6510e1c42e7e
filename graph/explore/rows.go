package explore

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Actor is a credential or session that made calls.
type Actor struct {
	ID     graph.ID   `json:"id"`
	Kind   graph.Kind `json:"kind"`
	Type   string     `json:"type"`
	Name   string     `json:"name"`
	First  graph.Time `json:"first"` // of its calls in the answer
	Last   graph.Time `json:"last"`
	Calls  int        `json:"calls"`
	Who    Class      `json:"who"` // of its calls; UNKNOWN where they differ
	Reason string     `json:"reason"`
}

// Intermediary is an agent, client or service that calls came through.
type Intermediary struct {
	ID       graph.ID   `json:"id"`
	Kind     graph.Kind `json:"kind"`
	Type     string     `json:"type"`
	Tool     string     `json:"tool"`
	Evidence []string   `json:"evidence"` // what shows an agent to be one
	Calls    int        `json:"calls"`
}

// CallRow is a group of like calls: those of one identity that do the same to
// the same target, end alike and came the same way.
type CallRow struct {
	ID       string        `json:"id"` // names the row, for paging its evidence
	Action   string        `json:"action"`
	Effect   graph.Effect  `json:"effect"`
	Outcome  graph.Outcome `json:"outcome"`
	Match    graph.Match   `json:"match"`
	Role     graph.Role    `json:"role"`
	Plane    graph.Plane   `json:"plane"`
	Target   graph.ID      `json:"target"`
	Resource graph.ID      `json:"resource"` // what was asked; differs from Target for parts and wildcards
	Agent    graph.ID      `json:"agent"`    // the agent that made every one of them; empty: none is known
	Client   graph.ID      `json:"client"`   // the program they came through
	Service  graph.ID      `json:"service"`  // the service that made them on the caller's behalf
	Who      Class         `json:"who"`
	Reason   string        `json:"reason"`
	Count    int           `json:"count"`
	First    graph.Time    `json:"first"`
	Last     graph.Time    `json:"last"`
	// Evidence is a page of event ids in order of time; EvidenceTotal how
	// many there are; EvidenceCursor continues the page, empty at the end.
	Evidence       []string `json:"evidence"`
	EvidenceTotal  int      `json:"evidenceTotal"`
	EvidenceCursor string   `json:"evidenceCursor"`
	// Approval is nil where the calls change nothing that is approved.
	Approval *Approvals `json:"approval"`
}

// shown is what is left of a callSet after its filters: calls by identity and
// row.
type shown struct {
	excluded Excluded
	total    int
	unknown  int
	people   map[graph.ID]*person
	order    []graph.ID
}

// person gathers the calls of one identity, human or not.
type person struct {
	total, unknown int
	first, last    graph.Time
	rows           map[rowKey]*row
	actors         map[graph.ID]*Actor
	via            map[graph.ID]*Intermediary
	classes        map[Class]int
	worked         map[graph.ID]graph.Time // the last success of each credential and session
}

type rowKey struct {
	label    graph.Label
	outcome  graph.Outcome
	target   graph.ID
	resource int
	via      graph.Via
	who      verdict
}

type row struct {
	count       int
	first, last graph.Time
	keys        []uint64
}

// show filters the calls and groups them. The probes and the calls of others
// are counted.
func (s *callSet) show(a *ancestry, filter Who, probes bool) *shown {
	out := &shown{people: map[graph.ID]*person{}}
	for _, key := range slices.Sorted(maps.Keys(s.calls)) {
		c := s.calls[key]
		if c.outcome == graph.Probe && !probes {
			out.excluded.Probes++
			continue
		}
		v := a.who(c.from, c.via)
		if filter == WhoNHI && v.class == Human {
			out.excluded.HumanCalls++
			continue
		}
		if filter == WhoHuman && v.class != Human {
			out.excluded.NonHumanCalls++
			continue
		}
		out.total++
		id := a.identity(c.from)
		p := out.people[id]
		if p == nil {
			p = &person{rows: map[rowKey]*row{}, actors: map[graph.ID]*Actor{}, via: map[graph.ID]*Intermediary{}, classes: map[Class]int{}, worked: map[graph.ID]graph.Time{}}
			out.people[id] = p
		}
		p.add(a, key, c, v)
		if v.class == Unknown {
			out.unknown++
		}
	}
	out.order = slices.SortedFunc(maps.Keys(out.people), func(x, y graph.ID) int {
		return cmp.Or(-cmp.Compare(out.people[x].total, out.people[y].total), cmp.Compare(x, y))
	})
	return out
}

func (p *person) add(a *ancestry, key uint64, c *call, v verdict) {
	p.total++
	p.classes[v.class]++
	if v.class == Unknown {
		p.unknown++
	}
	p.first, p.last = earlier(p.first, c.at), max(p.last, c.at)
	k := rowKey{c.label, c.outcome, c.target, c.resource, c.via, v}
	r := p.rows[k]
	if r == nil {
		r = &row{}
		p.rows[k] = r
	}
	r.count++
	r.first, r.last = earlier(r.first, c.at), max(r.last, c.at)
	r.keys = append(r.keys, key)
	used := a.sessions(c.from)
	if a.kind(c.from) == graph.Credential {
		used = append(used, c.from)
	}
	for _, id := range used {
		x := p.actors[id]
		if x == nil {
			n := a.node(id)
			x = &Actor{ID: id, Kind: n.Kind, Type: n.Type, Name: n.Attrs.Value(graph.AttrName), Who: v.class, Reason: v.reason}
			if n.Kind == graph.Session {
				x.Name = sessionName(&n)
			}
			p.actors[id] = x
		}
		if x.Who != v.class {
			x.Who, x.Reason = Unknown, "its calls differ"
		} else if x.Reason != v.reason {
			x.Reason = max(x.Reason, v.reason)
		}
		x.Calls++
		x.First, x.Last = earlier(x.First, c.at), max(x.Last, c.at)
		if c.outcome == graph.OK {
			p.worked[id] = max(p.worked[id], c.at)
		}
	}
	for _, id := range []graph.ID{c.via.Agent, c.via.Client, c.via.Service} {
		if id == "" {
			continue
		}
		x := p.via[id]
		if x == nil {
			n := a.node(id)
			x = &Intermediary{ID: id, Kind: n.Kind, Type: n.Type, Tool: n.Attrs.Value(graph.AttrTool), Evidence: orEmpty(n.Attrs.Values(graph.AttrEvidence))}
			p.via[id] = x
		}
		x.Calls++
	}
}

// contradictions notes credentials that worked after they had ended.
func (p *person) contradictions(r *reader, a *ancestry) {
	for _, id := range slices.Sorted(maps.Keys(p.worked)) {
		for _, e := range slices.Concat(a.heldBy[id], a.of[id]) {
			last := p.worked[id]
			if w, _ := e.Valid(last); w.To != 0 && last > w.To.Add(sightSlack) {
				r.note("A contradiction: %s worked at %s, after it had ended at %s.", id, last, w.To)
			}
		}
	}
}

// earlier is the smaller of two times, of which zero is none.
func earlier(a, b graph.Time) graph.Time {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// used are the person's credentials or sessions, most calls first.
func (p *person) used(kind graph.Kind) []Actor {
	out := []Actor{}
	for _, x := range p.actors {
		if x.Kind == kind {
			out = append(out, *x)
		}
	}
	slices.SortFunc(out, func(x, y Actor) int { return cmp.Or(-cmp.Compare(x.Calls, y.Calls), cmp.Compare(x.ID, y.ID)) })
	return out
}

func sortVia(m map[graph.ID]*Intermediary) []Intermediary {
	out := []Intermediary{}
	for _, x := range m {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(x, y Intermediary) int {
		return cmp.Or(viaRank(x.Kind)-viaRank(y.Kind), -cmp.Compare(x.Calls, y.Calls), cmp.Compare(x.ID, y.ID))
	})
	return out
}

// viaRank puts agents first, then services, then clients.
func viaRank(k graph.Kind) int {
	switch k {
	case graph.Agent:
		return 0
	case graph.Client:
		return 2
	}
	return 1
}

// callRows are the person's rows, most calls first, each with its page of
// evidence.
func (p *person) callRows(identity graph.ID, s *callSet, asked []resolved, page EvidencePage) ([]CallRow, error) {
	out := []CallRow{}
	for k, r := range p.rows {
		x := CallRow{ID: rowID(identity, k), Action: k.label.Action, Effect: k.label.Effect, Outcome: k.outcome, Match: k.label.Match,
			Role: k.label.Role, Plane: k.label.Plane, Target: k.target, Agent: k.via.Agent, Client: k.via.Client, Service: k.via.Service, Who: k.who.class, Reason: k.who.reason,
			Count: r.count, First: r.first, Last: r.last, Approval: showApprovals(r.keys, s.approved)}
		if k.resource >= 0 {
			x.Resource = asked[k.resource].node.ID
		}
		if err := x.list(s, r, page); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y CallRow) int {
		return cmp.Or(-cmp.Compare(x.Count, y.Count), cmp.Compare(x.First, y.First), cmp.Compare(x.Action, y.Action), cmp.Compare(x.Target, y.Target),
			cmp.Compare(x.Outcome, y.Outcome), cmp.Compare(x.ID, y.ID))
	})
	return out, nil
}

// list fills the row's page of evidence.
func (x *CallRow) list(s *callSet, r *row, page EvidencePage) error {
	x.Evidence = []string{}
	if page.First == 0 || page.Row != "" && page.Row != x.ID {
		return nil
	}
	if page.First < 0 {
		page.First = DefaultEvidence
	}
	page.First = min(page.First, MaxPage)
	var all []sight
	for _, key := range r.keys {
		all = append(all, s.sights[key]...)
	}
	slices.SortFunc(all, compareSight)
	all = slices.Compact(all)
	x.EvidenceTotal = len(all)
	from := 0
	if page.After != "" {
		after, err := parseSight(page.After)
		if err != nil {
			return err
		}
		var found bool
		if from, found = slices.BinarySearchFunc(all, after, compareSight); found {
			from++
		}
	}
	to := min(from+page.First, len(all))
	for _, o := range all[from:to] {
		x.Evidence = append(x.Evidence, o.evidence)
	}
	if to < len(all) {
		x.EvidenceCursor = all[to-1].String()
	}
	return nil
}

// String is the sight as a cursor.
func (s sight) String() string { return fmt.Sprintf("%d|%s", int64(s.at), s.evidence) }

func parseSight(cursor string) (sight, error) {
	at, evidence, ok := strings.Cut(cursor, "|")
	ms, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil {
		return sight{}, badCursor(cursor)
	}
	return sight{graph.Time(ms), evidence}, nil
}

func badCursor(cursor string) error {
	return &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("%q is no cursor of this question", cursor), Hint: "pass the cursor of the page before, unchanged"}
}

// rowID names a row: a hash of what groups it.
func rowID(identity graph.ID, k rowKey) string {
	b := make([]byte, 0, 512)
	for _, text := range [...]string{string(identity), k.label.Action, string(k.target), string(k.via.Agent), string(k.via.Client), string(k.via.Service),
		string(k.who.class), k.who.reason} {
		b = append(strconv.AppendQuote(b, text), ' ')
	}
	for _, n := range [...]int{int(k.label.Effect), int(k.label.Match), int(k.label.Role), int(k.label.Plane), int(k.outcome), k.resource} {
		b = append(strconv.AppendInt(b, int64(n), 10), ' ')
	}
	h := fnv.New64a()
	_, _ = h.Write(b)
	return hex.EncodeToString(h.Sum(b[:0]))
}

// show is a node as answers show it.
func (a *ancestry) show(id graph.ID) Node { n := a.node(id); return showNode(&n) }

// showIdentity is an identity with its class.
func (a *ancestry) showIdentity(id graph.ID, seen map[Class]int) Node {
	n := a.show(id)
	v := a.class(id, seen)
	n.Class, n.ClassReason = v.class, v.reason
	return n
}

func showNode(n *graph.Node) Node { return cardOf(n).show(n) }

func (c card) show(n *graph.Node) Node {
	out := Node{ID: n.ID, Kind: n.Kind, Type: n.Type, Name: c.name, Account: c.account, UniqueIDs: []string{}, Attributes: []Attr{}}
	for _, x := range n.Attrs {
		switch x.Name {
		case graph.AttrName, graph.AttrAccount:
		case graph.AttrUniqueID:
			out.UniqueIDs = append(out.UniqueIDs, x.Value)
		default:
			out.Attributes = append(out.Attributes, Attr(x))
		}
	}
	return out
}
