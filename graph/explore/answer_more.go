package explore

import "github.com/blastradius/blastradius/graph"

// Activity answers: what did these identities, credentials, sessions, agents
// or workloads do.
type Activity struct {
	Status
	Of           []Node         `json:"of"`
	Total        Total          `json:"total"`
	Excluded     Excluded       `json:"excluded"`
	UnknownCalls int            `json:"unknownCalls"`
	Identities   []Node         `json:"identities"`
	Credentials  []Actor        `json:"credentials"`
	Sessions     []Actor        `json:"sessions"`
	Via          []Intermediary `json:"via"`
	Services     []Count        `json:"services"` // calls by called service, most first
	Regions      []Count        `json:"regions"`  // calls by region of the target; "global" where it has none
	Calls        []CallRow      `json:"calls"`
}

// Count is a number of distinct calls, or of nodes, under a name.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Failures answers: what was deleted and what failed, in order of onset.
type Failures struct {
	Status
	Total    FailureTotal `json:"total"`
	Excluded Excluded     `json:"excluded"`
	Failures []Failure    `json:"failures"`
	Bursts   []Burst      `json:"bursts"`
}

// FailureTotal counts distinct calls.
type FailureTotal struct {
	Deletions int `json:"deletions"`
	Faults    int `json:"faults"` // FAULT and ERROR
	Denials   int `json:"denials"`
	Throttles int `json:"throttles"`
}

// Failure is a group of deletions or faults of one target, action and outcome.
type Failure struct {
	Target     graph.ID      `json:"target"`
	TargetKind graph.Kind    `json:"targetKind"`
	Action     string        `json:"action"`
	Effect     graph.Effect  `json:"effect"`
	Outcome    graph.Outcome `json:"outcome"`
	Onset      graph.Time    `json:"onset"`
	Last       graph.Time    `json:"last"`
	Count      int           `json:"count"`
	Identities []graph.ID    `json:"identities"`
	Via        []graph.ID    `json:"via"`
	Evidence   []string      `json:"evidence"` // the first ten
}

// Burst is a run of denials or throttles of one identity with no pause longer
// than BurstPause.
type Burst struct {
	Identity graph.ID      `json:"identity"`
	Outcome  graph.Outcome `json:"outcome"`
	First    graph.Time    `json:"first"`
	Last     graph.Time    `json:"last"`
	Count    int           `json:"count"`
	Actions  []Count       `json:"actions"`
	Targets  int           `json:"targets"`
	Evidence []string      `json:"evidence"` // the first ten
}

// Timeline answers: which calls, in order, each once.
type Timeline struct {
	Status
	Calls  []Call `json:"calls"`
	Cursor string `json:"cursor"` // continues; empty at the end
}

// Call is one call with all its targets.
type Call struct {
	At       graph.Time    `json:"at"`
	Evidence []string      `json:"evidence"` // every sight of it
	Action   string        `json:"action"`
	Effect   graph.Effect  `json:"effect"`
	Outcome  graph.Outcome `json:"outcome"`
	Plane    graph.Plane   `json:"plane"`
	Actor    graph.ID      `json:"actor"`
	Identity graph.ID      `json:"identity"`
	Agent    graph.ID      `json:"agent"`
	Client   graph.ID      `json:"client"`
	Service  graph.ID      `json:"service"`
	Who      Class         `json:"who"`
	Reason   string        `json:"reason"`
	Targets  []Target      `json:"targets"` // the primary ones first
}

// Target is one target of a call.
type Target struct {
	ID    graph.ID    `json:"id"`
	Match graph.Match `json:"match"`
	Role  graph.Role  `json:"role"`
}

// Histogram answers: how many calls of each outcome, bin by bin.
type Histogram struct {
	Status
	Bins     []Bin `json:"bins"`
	Total    int   `json:"total"`
	BinWidth int   `json:"binWidth"` // milliseconds; the last bin may be shorter
}

// Bin counts the distinct calls in [From, To) by outcome.
type Bin struct {
	From      graph.Time `json:"from"`
	To        graph.Time `json:"to"`
	OK        int        `json:"ok"`
	Denied    int        `json:"denied"`
	Throttled int        `json:"throttled"`
	Fault     int        `json:"fault"`
	Error     int        `json:"error"`
	Probe     int        `json:"probe"`
	Total     int        `json:"total"`
}

// SearchResult is a page of nodes, ordered by id.
type SearchResult struct {
	Nodes  []Node `json:"nodes"`
	Cursor string `json:"cursor"` // continues; empty at the end
	AsOf   int    `json:"asOf"`
}

// NodeDetail is a node with what is known of its generations and its edges.
type NodeDetail struct {
	Node        Node         `json:"node"`
	Aliases     []graph.ID   `json:"aliases"` // nodes that this id names, or that name it
	Generations []Generation `json:"generations"`
	AsOf        int          `json:"asOf"`
}

// Generation is one life of a principal or resource that was recreated.
type Generation struct {
	UniqueID string     `json:"uniqueId"`
	First    graph.Time `json:"first"`
	Last     graph.Time `json:"last"`
	Created  []string   `json:"created"` // event ids
	Deleted  []string   `json:"deleted"`
}

// Neighbours is a page of what a node is joined to.
type Neighbours struct {
	Status
	Node       Node        `json:"node"`
	Total      int         `json:"total"` // neighbours, over all pages
	Calls      int         `json:"calls"` // distinct calls, over all pages
	Neighbours []Neighbour `json:"neighbours"`
	Cursor     string      `json:"cursor"`
}

// Neighbour is one node at the other end of edges of one kind and direction.
type Neighbour struct {
	Node      Node           `json:"node"`
	Kind      graph.EdgeKind `json:"kind"`
	Direction Direction      `json:"direction"`
	Calls     int            `json:"calls"` // distinct calls; zero for standing facts
	First     graph.Time     `json:"first"`
	Last      graph.Time     `json:"last"`
	Labels    []string       `json:"labels"` // actions, joins or details
	Outcomes  []OutcomeCount `json:"outcomes"`
	ValidFrom graph.Time     `json:"validFrom"` // of standing facts, at the window's end
	ValidTo   graph.Time     `json:"validTo"`
}

// OutcomeCount counts calls of one outcome.
type OutcomeCount struct {
	Outcome graph.Outcome `json:"outcome"`
	Count   int           `json:"count"`
}

// Direction of neighbours as seen from the node.
type Direction string

// The directions.
const (
	Outward Direction = "OUT"
	Inward  Direction = "IN"
	Both    Direction = "BOTH"
)

// Event is what the graph holds of one log record, and where the record lies.
type Event struct {
	ID        string     `json:"id"`
	Sightings []Sighting `json:"sightings"`
	Edges     []Fact     `json:"edges"`
	AsOf      int        `json:"asOf"`
}

// Sighting is one place in the ledger where the record lies.
type Sighting struct {
	Evidence string     `json:"evidence"`
	At       graph.Time `json:"at"`
	Source   Source     `json:"source"`
	Position int        `json:"position"` // of the record in the file, from zero
}

// Fact is one edge that rests on the record.
type Fact struct {
	Kind    graph.EdgeKind `json:"kind"`
	From    graph.ID       `json:"from"`
	To      graph.ID       `json:"to"`
	At      graph.Time     `json:"at"`
	Action  string         `json:"action"`
	Effect  graph.Effect   `json:"effect"`
	Outcome graph.Outcome  `json:"outcome"`
	Match   graph.Match    `json:"match"`
	Role    graph.Role     `json:"role"`
	Plane   graph.Plane    `json:"plane"`
	Join    graph.Join     `json:"join"`
	Detail  string         `json:"detail"`
	Agent   graph.ID       `json:"agent"`
	Client  graph.ID       `json:"client"`
	Service graph.ID       `json:"service"`
}

// Coverage says what the data can and cannot answer for a window.
type Coverage struct {
	Complete bool     `json:"complete"`
	Reasons  []string `json:"reasons"` // why not complete
	// Sources are the streams with events in the window, or silent in it.
	Sources []Stream `json:"sources"`
	Gaps    []Gap    `json:"gaps"`
	// UnjoinedSessions counts sessions and temporary keys seen around the
	// window (first to last sight) whose issuer is not in the data.
	UnjoinedSessions int        `json:"unjoinedSessions"`
	Writing          []string   `json:"writing"` // files whose last segment is not in the ledger yet
	Rejected         int        `json:"rejected"`
	FirstEvent       graph.Time `json:"firstEvent"` // of all data
	LastEvent        graph.Time `json:"lastEvent"`
	SuggestUntil     graph.Time `json:"suggestUntil"` // set when the window lies after the newest event
}

// Stream is what files of one origin give: of one account and region, say.
type Stream struct {
	Name       string     `json:"name"`
	Kind       string     `json:"kind"`
	FirstEvent graph.Time `json:"firstEvent"`
	LastEvent  graph.Time `json:"lastEvent"`
	Events     int        `json:"events"` // records of the files that reach into the window
	Rejected   int        `json:"rejected"`
	Files      int        `json:"files"`
}

// GapKind says why data may be missing.
type GapKind string

// The kinds of gaps.
const (
	GapLoggingStopped GapKind = "LOGGING_STOPPED" // a trail was stopped, deleted or narrowed
	GapFileMissing    GapKind = "FILE_MISSING"    // a digest lists a file that was not ingested
	GapSilent         GapKind = "SILENT"          // a continuous stream went silent while others went on
)

// Gap is a span of time in which data may be missing. A zero To is open.
type Gap struct {
	Kind     GapKind    `json:"kind"`
	Source   string     `json:"source"` // trail, file or stream
	From     graph.Time `json:"from"`
	To       graph.Time `json:"to"`
	Reason   string     `json:"reason"`
	Evidence []string   `json:"evidence"`
}

// Inventory counts what is in the data, over all time.
type Inventory struct {
	AsOf     int          `json:"asOf"`
	Nodes    int          `json:"nodes"`
	Kinds    []Count      `json:"kinds"`
	Types    []Count      `json:"types"`
	Classes  []ClassCount `json:"classes"`  // of identities
	Accounts []Count      `json:"accounts"` // of nodes that say their account
	Ratio    Ratio        `json:"ratio"`
	Coverage *Coverage    `json:"coverage"`
	Notes    []string     `json:"notes"`
}

// ClassCount counts identities of one class for one reason.
type ClassCount struct {
	Class  Class  `json:"class"`
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Ratio is NHIs to humans, with what it is made of.
type Ratio struct {
	Definition  string   `json:"definition"`
	Numerator   int      `json:"numerator"`   // identities of class NHI
	Denominator int      `json:"denominator"` // identities of class HUMAN
	Unknown     int      `json:"unknown"`     // in neither
	Value       *float64 `json:"value"`       // nil where the denominator is zero
}

// Source is one entry of the ledger.
type Source struct {
	Seq      int        `json:"seq"`
	Name     string     `json:"name"`
	Kind     string     `json:"kind"`
	Stream   string     `json:"stream"`
	Size     int        `json:"size"`
	Hash     string     `json:"hash"`
	Segment  int        `json:"segment"`
	Final    bool       `json:"final"`
	Records  int        `json:"records"`
	Rejected int        `json:"rejected"`
	Skipped  int        `json:"skipped"`
	First    graph.Time `json:"first"`
	Last     graph.Time `json:"last"`
	Note     string     `json:"note"`
}

// Sources is a page of the ledger, in order of Seq.
type Sources struct {
	Sources []Source `json:"sources"`
	Cursor  string   `json:"cursor"`
	AsOf    int      `json:"asOf"`
}
