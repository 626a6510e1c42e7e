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
