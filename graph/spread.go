package graph

import "strings"

// Physics names one way in which trouble spreads; its table of passes stands in
// kinds.go.
type Physics uint8

// The physics.
const (
	Compromise Physics = iota + 1 // what whoever holds a credential can do with it
	Failure                       // who needs what does not work
)

// Taint is what a physics puts on a node, as answers show it.
type Taint uint8

// The taints.
const (
	Controlled Taint = iota + 1 // acts for whoever holds the seed
	Altered                     // was created, changed, deleted or granted
	Exposed                     // was read
	Hit                         // could not do its work
	ReliedOn                    // was needed
)

// State is what the walk tells apart under one taint.
type State uint8

// The states.
const (
	InControl State = iota + 1 // CONTROLLED
	Planted                    // ALTERED in what it holds: later readers take it in
	Granted                    // ALTERED by a right added to it
	Changed                    // ALTERED in a way that leads nowhere
	Seen                       // EXPOSED
	Down                       // HIT, as it does not work itself
	Without                    // HIT, as something it needs does not work
	States    = iota
)

// Taint is how the state is shown going forward.
func (s State) Taint() Taint {
	return [...]Taint{0, Controlled, Altered, Altered, Altered, Exposed, Hit, Hit}[s]
}

// When says at which times an edge passes a state on.
type When uint8

// The times. Event passes at each observation. While passes as long as the
// standing fact holds: possibly from its beginning, or from ever where that is
// not known; definitely from when a record shows it, or from its beginning where
// that comes after. Birth passes, only possibly, when the far end of the fact
// came to be. Since passes from the first observation on, or from the beginning
// of the fact, whatever ended.
const (
	Event When = iota + 1
	While
	Birth
	Since
)

// Proof says what order of hops identity proves, so that skew does not count.
type Proof uint8

// The proofs.
const (
	NoProof    Proof = iota
	Issue            // what was issued is used after its issue, what a request started after the request
	SameRecord       // the record that shows the hop is the record of the next
)

// Pass is a row of a physics: how a state of one end of an edge becomes a state
// of the other end. Empty conditions let everything through.
type Pass struct {
	From    State
	Along   EdgeKind
	Against bool // from the edge's To to its From
	To      State
	When    When

	Of, Onto   []Kind // kinds of the ends that pass and that take
	Effects    []Effect
	Outcomes   []Outcome
	DataOrUse  bool // the DATA plane, or SECRET_READ or USE
	Added      bool // only rights added (true), not taken away
	Taken      bool // only rights taken away
	Content    bool // only what is read as code, image, template, parameter or secret; dataFlow lifts it
	Possible   bool // never definite
	Proof      Proof
	Why        string // the hop, in words
	effectsSet uint32
	outcomeSet uint32
	ofSet      uint32
	ontoSet    uint32
}

func maskOf[T ~uint8](vs []T) (set uint32) {
	for _, v := range vs {
		set |= 1 << v
	}
	if len(vs) == 0 {
		return ^uint32(0)
	}
	return set
}

func init() {
	for _, rows := range Spreads {
		for i := range rows {
			p := &rows[i]
			p.effectsSet, p.outcomeSet, p.ofSet, p.ontoSet = maskOf(p.Effects), maskOf(p.Outcomes), maskOf(p.Of), maskOf(p.Onto)
		}
	}
}

// Joins reports whether the row passes between nodes of these kinds.
func (p *Pass) Joins(of, onto Kind) bool { return p.ofSet&(1<<of) != 0 && p.ontoSet&(1<<onto) != 0 }

// Takes reports whether an edge with this label and outcome passes the row.
// Only the primary target of a call takes its effect, never one that is only
// mentioned.
func (p *Pass) Takes(l *Label, o Outcome, dataFlow bool) bool {
	if p.Along != Called {
		return true
	}
	if p.outcomeSet&(1<<o) == 0 || p.effectsSet&(1<<l.Effect) == 0 || l.Role > Primary || l.Match == Mentioned {
		return false
	}
	switch {
	case p.DataOrUse && l.Plane != DataPlane && l.Effect != SecretRead && l.Effect != Use,
		p.Added && takesAway(l.Action), p.Taken && !takesAway(l.Action),
		p.Content && !dataFlow && l.Effect != SecretRead && !contents[l.Action]:
		return false
	}
	return true
}

// takesAway reports whether a GRANT only takes rights away, by its verb.
func takesAway(action string) bool {
	_, verb, _ := strings.Cut(action, ":")
	for _, v := range [...]string{"Detach", "Delete", "Remove", "Revoke", "Retire", "Disassociate", "Disable", "Reset"} {
		if strings.HasPrefix(verb, v) {
			return true
		}
	}
	return strings.HasSuffix(verb, "PermissionsBoundary")
}

// Inert reports whether compromise neither enters nor leaves the node: accounts,
// endpoints, programs and AWS services stand for everybody's calls.
func (n *Node) Inert() bool {
	return n.Kind == Account || n.Kind == Client || n.Type == "aws.endpoint" || n.Type == "aws.service"
}

// Rotates reports whether issuing the node again replaces it under the same id.
func (n *Node) Rotates() bool { return n.Type == "aws.password" }
