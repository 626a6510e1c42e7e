// Package report writes the report of an incident: what a responder has to hand
// on, with evidence and with what is not known. It asks the questions that the
// API answers, and decides nothing that an answer does not say.
package report

import (
	"context"
	"encoding/json"

	"github.com/blastradius/blastradius/graph"
)

// SchemaVersion is the version of the shape of reports.
const SchemaVersion = 1

// Ask answers a GraphQL document: the data, or an error of graph's kind.
type Ask func(ctx context.Context, query string, variables map[string]any) (json.RawMessage, error)

// Report is what is known of an incident.
type Report struct {
	SchemaVersion int        `json:"schemaVersion"`
	Resource      graph.ID   `json:"resource"`
	At            graph.Time `json:"at"`     // when it failed
	Window        Span       `json:"window"` // what was looked at, half-open
	Made          Made       `json:"made"`

	Summary     []string    `json:"summary"`
	Severity    Severity    `json:"severity"`
	Scope       Scope       `json:"scope"`
	Timeline    Timeline    `json:"timeline"`
	Suspects    Suspects    `json:"suspects"`
	Access      Access      `json:"access"`
	Compromise  *Reach      `json:"compromise"` // null where nobody is suspected
	Failure     *Reach      `json:"failure"`
	Containment Containment `json:"containment"`
	Unknown     []string    `json:"unknown"` // what is not known
	FollowUps   []string    `json:"followUps"`
	Queries     []Query     `json:"queries"` // that reproduce the report, in the order they were asked
}

// Span is a half-open window.
type Span struct {
	From graph.Time `json:"from"`
	To   graph.Time `json:"to"`
}

// Made says how the report was made.
type Made struct {
	At          graph.Time `json:"at"`
	Engine      string     `json:"engine"`
	Snapshot    string     `json:"snapshot"`    // hash of the snapshot that was asked; empty: a store was
	AsOf        int        `json:"asOf"`        // ledger number
	FirstAnswer int64      `json:"firstAnswer"` // milliseconds until it was known who touched the resource
}

// Severity is a grade by a stated rule: HIGH where something failed definitely,
// or was deleted, or a secret was read by a suspect; MEDIUM where something was
// changed or may be hit; else LOW. What it means for customers is for people to
// say.
type Severity struct {
	Grade   string   `json:"grade"`
	Reasons []string `json:"reasons"`
}

// Scope lists what took part or was reached.
type Scope struct {
	Identities  []graph.ID `json:"identities"`
	Credentials []graph.ID `json:"credentials"`
	Agents      []graph.ID `json:"agents"`
	Services    []graph.ID `json:"services"`
	Data        []graph.ID `json:"data"`
	Accounts    []string   `json:"accounts"`
	Regions     []string   `json:"regions"`
}

// Timeline holds the calls that changed the resource or failed, and the acts of
// suspects; LeftOut counts the other calls on the resource. First calls of a run
// of like failures stand for the run.
type Timeline struct {
	Entries []Entry `json:"entries"`
	LeftOut int     `json:"leftOut"`
}

// Entry is one moment.
type Entry struct {
	At       graph.Time    `json:"at"`
	Action   string        `json:"action"`
	Effect   graph.Effect  `json:"effect"`
	Outcome  graph.Outcome `json:"outcome"`
	Target   graph.ID      `json:"target"`
	Identity graph.ID      `json:"identity"`
	Actor    graph.ID      `json:"actor"`
	Agent    graph.ID      `json:"agent"`
	Service  graph.ID      `json:"service"`
	Count    int           `json:"count"` // like calls, of which this is the first
	Evidence []string      `json:"evidence"`
}

// Suspects is the ranking with its terms.
type Suspects struct {
	Verdict    string      `json:"verdict"`
	Reason     string      `json:"reason"`
	Candidates []Candidate `json:"candidates"`
}

// Candidate is one candidate.
type Candidate struct {
	Rank     int      `json:"rank"`
	Named    bool     `json:"named"`
	Score    float64  `json:"score"`
	Actor    graph.ID `json:"actor"`
	Identity graph.ID `json:"identity"`
	Agent    graph.ID `json:"agent"`
	Why      string   `json:"why"`
	Terms    []Term   `json:"terms"`
}

// Term is one term of a score.
type Term struct {
	Term     string   `json:"term"`
	Points   float64  `json:"points"`
	Reason   string   `json:"reason"`
	Evidence []string `json:"evidence"`
}

// Access is how the first suspect got to where it acted.
type Access struct {
	Of     graph.ID   `json:"of"`
	Chain  []Hop      `json:"chain"`  // back to the origin
	Rights []Standing `json:"rights"` // trusts and grants that the data shows
}

// Hop is one step of a chain.
type Hop struct {
	From      graph.ID   `json:"from"`
	To        graph.ID   `json:"to"`
	How       string     `json:"how"`
	At        graph.Time `json:"at"`
	Certainty string     `json:"certainty"`
	Evidence  []string   `json:"evidence"`
}

// Standing is a permission as it stood.
type Standing struct {
	From   graph.ID   `json:"from"`
	To     graph.ID   `json:"to"`
	Kind   string     `json:"kind"`
	Labels []string   `json:"labels"`
	Since  graph.Time `json:"since"` // empty: not known
	Until  graph.Time `json:"until"` // empty: open
}

// Reach is how far something spread.
type Reach struct {
	From  []graph.ID `json:"from"`
	Since graph.Time `json:"since"`
	Nodes []Reached  `json:"nodes"`
}

// Reached is one thing that was reached.
type Reached struct {
	ID        graph.ID   `json:"id"`
	Kind      graph.Kind `json:"kind"`
	Mark      string     `json:"mark"`
	At        graph.Time `json:"at"`
	Certainty string     `json:"certainty"`
	Why       string     `json:"why"` // the last hop
	Evidence  []string   `json:"evidence"`
}

// Containment is what cutting the first suspect would have changed. What was
// really done is not in the data.
type Containment struct {
	Cut        []graph.ID `json:"cut"`
	At         graph.Time `json:"at"`
	Alive      []Alive    `json:"alive"`  // what lives on
	Breaks     []Broken   `json:"breaks"` // who else uses it
	Suggestion []graph.ID `json:"suggestion"`
	Sufficient bool       `json:"sufficient"`
}

// Alive is a credential that outlives the cut.
type Alive struct {
	ID    graph.ID   `json:"id"`
	Until graph.Time `json:"until"` // empty: no end is known
}

// Broken is somebody who used what is cut.
type Broken struct {
	Identity graph.ID `json:"identity"`
	Through  graph.ID `json:"through"` // workload, agent, program or credential
	Calls    int      `json:"calls"`
}

// Query is a question that was asked.
type Query struct {
	Name      string         `json:"name"`
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}
