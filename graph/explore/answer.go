// Package explore holds the questions: pure functions over any graph.Store.
// Time never comes from the clock: a window is resolved with ResolveWindow and
// handed in. Whatever an answer leaves out, it says so.
package explore

import "github.com/blastradius/blastradius/graph"

// SchemaVersion is the version of the shape of the answers.
const SchemaVersion = 1

// Class says whether somebody or something acts.
type Class string

// The classes. Absence of evidence is Unknown, never Human.
const (
	Human   Class = "HUMAN"
	NHI     Class = "NHI" // non-human identity
	Unknown Class = "UNKNOWN"
)

// Who filters calls by their class.
type Who string

// The filters. WhoNHI keeps NHI and UNKNOWN calls.
const (
	WhoNHI   Who = "NHI"
	WhoHuman Who = "HUMAN"
	WhoAll   Who = "ALL"
)

// Certainty of a hop or a chain.
type Certainty string

// The certainties. A hop by a heuristic join is only ever possible.
const (
	Definite Certainty = "DEFINITE"
	Possible Certainty = "POSSIBLE"
)

// Limit names a part of a Budget.
type Limit string

// The limits.
const (
	LimitDepth Limit = "DEPTH"
	LimitNodes Limit = "NODES"
	LimitEdges Limit = "EDGES"
)

// Truncation says which limit a walk met first, and where it stood.
type Truncation struct {
	Limit Limit `json:"limit"`
	Value int   `json:"value"`
}

// Status is what every answer over a window says beside itself.
type Status struct {
	Window    graph.Window `json:"window"`    // as resolved; half-open
	AsOf      int          `json:"asOf"`      // the ledger number up to which the answer saw
	Truncated *Truncation  `json:"truncated"` // nil: nothing was cut
	Coverage  *Coverage    `json:"coverage"`
	Notes     []string     `json:"notes"` // what else a reader must know
}

// Incomplete reports whether the answer may lack something.
func (s *Status) Incomplete() bool {
	return s.Truncated != nil || s.Coverage != nil && !s.Coverage.Complete
}

// Node is a node as answers show it. Class and ClassReason are filled for
// identities only.
type Node struct {
	ID          graph.ID   `json:"id"`
	Kind        graph.Kind `json:"kind"`
	Type        string     `json:"type"`
	Name        string     `json:"name"`
	Account     string     `json:"account"`
	Class       Class      `json:"class,omitempty"`
	ClassReason string     `json:"classReason,omitempty"`
	UniqueIDs   []string   `json:"uniqueIds"`
	Attributes  []Attr     `json:"attributes"`
}

// Attr is an attribute value, with when it was first and last seen. Attributes
// are not versioned by AsOf.
type Attr struct {
	Name  string     `json:"name"`
	Value string     `json:"value"`
	First graph.Time `json:"first"`
	Last  graph.Time `json:"last"`
}

// Total counts what an answer holds. A call is counted once.
type Total struct {
	Identities int `json:"identities"`
	Calls      int `json:"calls"`
}

// Excluded counts the calls that were found and are not shown.
type Excluded struct {
	HumanCalls    int `json:"humanCalls"`
	NonHumanCalls int `json:"nonHumanCalls"`
	Probes        int `json:"probes"`
}

// Resource is one thing asked for, as it was resolved.
type Resource struct {
	Asked string     `json:"asked"`
	Node  Node       `json:"node"`
	IDs   []graph.ID `json:"ids"` // the node with its aliases, whose calls are its own
	Parts int        `json:"parts"`
	Note  string     `json:"note"` // how it was resolved, where that is not plain
}

// Touched answers: which identities touched these resources, and how.
type Touched struct {
	Status
	Resources    []Resource        `json:"resources"`
	Total        Total             `json:"total"`
	Excluded     Excluded          `json:"excluded"`
	UnknownCalls int               `json:"unknownCalls"` // shown calls of class UNKNOWN
	Identities   []TouchedIdentity `json:"identities"`
}

// TouchedIdentity is one identity with the calls it made on what was asked.
type TouchedIdentity struct {
	Identity     Node           `json:"identity"`
	Total        int            `json:"total"`
	UnknownCalls int            `json:"unknownCalls"`
	First        graph.Time     `json:"first"`
	Last         graph.Time     `json:"last"`
	Credentials  []Actor        `json:"credentials"`
	Sessions     []Actor        `json:"sessions"`
	Via          []Intermediary `json:"via"`
	Calls        []CallRow      `json:"calls"`
	Chain        []Hop          `json:"chain"`
	Origins      []Origin       `json:"origins"`
}

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

// CallRow is a group of like calls.
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
}

// Hop is one step of a chain, towards what acted.
type Hop struct {
	Kind      graph.EdgeKind `json:"kind"`
	From      graph.ID       `json:"from"`
	To        graph.ID       `json:"to"`
	At        graph.Time     `json:"at"` // of standing facts: since when, as far as known
	Join      graph.Join     `json:"join"`
	Certainty Certainty      `json:"certainty"`
	Evidence  []string       `json:"evidence"`
	// Alternatives are weaker joins to the same node; never upgraded.
	Alternatives []Alternative `json:"alternatives"`
	Note         string        `json:"note"`
}

// Alternative is a further join that leads to the same credential or session.
type Alternative struct {
	From      graph.ID   `json:"from"`
	At        graph.Time `json:"at"`
	Join      graph.Join `json:"join"`
	Certainty Certainty  `json:"certainty"`
	Evidence  []string   `json:"evidence"`
}

// Origin is where a chain ends.
type Origin struct {
	Of        graph.ID  `json:"of"` // the credential or session whose chain it is
	Node      graph.ID  `json:"node"`
	Known     bool      `json:"known"`
	Certainty Certainty `json:"certainty"`
	Reason    string    `json:"reason"`
}

// Chain answers: where did this credential or session come from.
type Chain struct {
	Status
	Of      []Node     `json:"of"`
	At      graph.Time `json:"at"`
	Hops    []Hop      `json:"hops"` // nearest first
	Origins []Origin   `json:"origins"`
	Nodes   []Node     `json:"nodes"` // every node of the hops
}
