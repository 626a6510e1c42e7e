package neo4j

import (
	"slices"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/blastradius/blastradius/graph"
)

// Statement is one of cypher.go, as it is sent.
type Statement struct {
	Name, Text string
	Write      bool
}

// Statements are all of cypher.go; those made for kinds with a few choices of
// kinds that the questions make.
func Statements() []Statement {
	out := []Statement{
		{"components", cypherComponents, false}, {"graph", cypherGraph, false}, {"make graph", cypherMakeGraph, true},
		{"lock", cypherLock, true}, {"applied", cypherApplied, false}, {"read nodes", cypherReadNodes, false},
		{"update nodes", cypherUpdateNodes, true}, {"aliases", cypherAliases, true}, {"slices", cypherSlices, true}, {"drop slices", cypherDropSlices, true},
		{"superseded", cypherSuperseded, false}, {"supersede", cypherSupersede, true}, {"carriers", cypherCarriers, false},
		{"ledger", cypherLedger, true}, {"finish", cypherFinish, true}, {"floor", cypherFloor, true}, {"prune slices", cypherPruneSlices, true},
		{"temporary", cypherTemporary, false}, {"relabel", cypherRelabel(graph.Kinds[6], graph.Kinds[0]), true},
		{"by evidence", cypherByEvidence, false}, {"nodes", cypherNodes, false}, {"nodes by id", cypherNodesByID, false},
		{"search", cypherSearch, false}, {"sources", cypherSources, false}, {"watermark", cypherWatermark, false}, {"stats", cypherStats, false},
	}
	for _, k := range graph.Kinds[:1] {
		out = append(out, Statement{"create nodes " + k.Name, cypherCreateNodes(k), true})
	}
	for _, k := range graph.EdgeKinds {
		if k.Kind != graph.Called && k.Kind != graph.Holds {
			continue
		}
		if hasEvents(k) {
			out = append(out, Statement{"find events " + k.Name, cypherFindEvents(k), false}, Statement{"create events " + k.Name, cypherCreateEvents(k), true},
				Statement{"update events " + k.Name, cypherUpdateEvents(k), true}, Statement{"delete edges " + k.Name, cypherDeleteEdges(k), true},
				Statement{"prune " + k.Name, cypherPrune(k), true}, Statement{"hour " + k.Name, cypherHour(k), false})
		} else {
			out = append(out, Statement{"find standing " + k.Name, cypherFindStanding(k), false}, Statement{"create standing " + k.Name, cypherCreateStanding(k), true},
				Statement{"update standing " + k.Name, cypherUpdateStanding(k), true})
		}
		out = append(out, Statement{"count " + k.Name, cypherCount(k), false})
	}
	for _, kinds := range [][]graph.EdgeKind{nil, {graph.Called}, {graph.Issued, graph.Holds, graph.ActsFor}} {
		name := types(kinds)
		if kinds == nil {
			name = "all"
		}
		out = append(out, Statement{"out " + name, cypherOut(kinds), false}, Statement{"in " + name, cypherIn(kinds), false}, Statement{"window " + name, cypherWindow(kinds), false})
		if kinds == nil || slices.Contains(kinds, graph.Called) {
			out = append(out, Statement{"in, few hours, " + name, cypherInHours(kinds), false})
		}
	}
	return out
}

// Schema are the statements that make the schema.
func Schema() (out []string) {
	for _, x := range schema() {
		out = append(out, x.text)
	}
	return out
}

// Explain is what an error of the server becomes.
func Explain(code string) error {
	s := &Store{o: Options{Username: "u"}.withDefaults()}
	return s.explain("test", &driver.Neo4jError{Code: code, Msg: "m"})
}

// Supported judges a server's version.
var Supported = supported

// IDOf is an id after it went to a graph of the database and back.
func IDOf(name string, id graph.ID) graph.ID {
	k := keysOf(name)
	return k.id(k.whole(id))
}
