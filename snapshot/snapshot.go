// Package snapshot holds snapshots: one file with the part of a graph that the
// questions about a window need, chained by hashes and signed. Read on any
// machine, it answers those questions byte for byte as the store did that it was
// taken from.
//
// A snapshot of a window holds
//   - every node with its attributes, and every standing fact with its marks;
//   - every ISSUED and DRIVES event, so that each credential has its ancestry;
//   - the calls from Before ahead of the window to Slack behind it; of trails,
//     all calls, so that gaps in logging are known; and the calls by long-lived
//     keys around each forwarded credential, which tell who caused it;
//   - the whole ledger.
//
// So every question with a window inside, its baseline and its look-back
// included, has the same answer. A window that reaches beyond is answered from
// what is held, and is incomplete. What was superseded when the snapshot was
// taken is not in it: an asOf before a correction does not see the original.
package snapshot

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"github.com/blastradius/blastradius/graph"
)

// Format is the version of the file's format.
const Format = 1

// DefaultBefore is how much time before the window is held: the default baseline
// of what is usual.
const DefaultBefore = 30 * 24 * time.Hour

// Slack is how much time behind the window is held, for clocks that differ and
// for sights of one call that lie apart.
const Slack = time.Hour

// Snapshot is what a snapshot file holds.
type Snapshot struct {
	Manifest Manifest
	Origin   Origin
	Nodes    []graph.Node   // by id
	Events   []graph.Edge   // in order of Edge.Compare, with their whole observations
	Standing []graph.Edge   // in that order
	Ledger   []graph.Source // by Seq, numbered as in the store
	Queries  []Query

	// Of a snapshot that was read:
	Hash string            // of its content, in hex: that of another store with the same facts is the same
	Key  ed25519.PublicKey // that it is signed with
}

// Manifest says what the snapshot is about. It is part of the content.
type Manifest struct {
	Window Span `json:"window"` // as asked, half-open
	Holds  Span `json:"holds"`  // when calls must have been made to be in it
}

// Span is a half-open window.
type Span struct {
	From graph.Time `json:"from"`
	To   graph.Time `json:"to"`
}

// Origin says where and when the snapshot was taken. It is signed, and no part of
// the content: another store's differs.
type Origin struct {
	Engine  string     `json:"engine"` // the build that took it
	Taken   graph.Time `json:"taken"`
	Answers []string   `json:"answers"` // SHA-256, in hex, of the answer to each query
}

// Query is a question that the snapshot was taken to answer.
type Query struct {
	Document  string          `json:"document"`
	Variables json.RawMessage `json:"variables"`
}

func corrupt(format string, args ...any) error {
	return &graph.Error{Code: graph.CodeCorrupt, Message: fmt.Sprintf(format, args...), Hint: "get the file again from where it came; nothing in it can be relied on"}
}
