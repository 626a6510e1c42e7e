package neo4j

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// This file holds every statement; testdata/cypher.golden shows them as they
// are sent, and a test explains each of them on a real server.

// The names of the full-text indexes.
const (
	searchIndex   = "blastradius_search"
	evidenceIndex = "blastradius_evidence"
	slicesIndex   = "blastradius_slices"
)

// schemaItem is a constraint or index, with the statement that makes it where
// it is not there.
type schemaItem struct{ name, text string }

// schema is made before the first write. The constraint of a type of edges
// serves all that is asked of edges: a window by its hours (h), a target within
// one (h, th), one edge (h, th, eh).
func schema() []schemaItem {
	unique := func(name, pattern, keys string) schemaItem {
		return schemaItem{name, fmt.Sprintf("CREATE CONSTRAINT %s IF NOT EXISTS FOR %s REQUIRE %s IS UNIQUE", name, pattern, keys)}
	}
	fulltext := func(name, pattern, property string) schemaItem {
		return schemaItem{name, fmt.Sprintf("CREATE FULLTEXT INDEX %s IF NOT EXISTS FOR %s ON EACH [%s] "+
			"OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: false}}", name, pattern, property)}
	}
	out := []schemaItem{
		unique("blastradius_node", "(n:Node)", "n.id"),
		unique("blastradius_alias", "(n:Alias)", "n.id"),
		unique("blastradius_graph", "(n:Graph)", "n.name"),
		unique("blastradius_graph_number", "(n:Graph)", "n.number"),
		unique("blastradius_source", "(n:Source)", "(n.graph, n.seq)"),
		unique("blastradius_observations", "(n:Observations)", "(n.h, n.th, n.eh, n.minute)"),
		{"blastradius_batch", "CREATE RANGE INDEX blastradius_batch IF NOT EXISTS FOR (n:Source) ON (n.batch)"},
		{"blastradius_superseded", "CREATE RANGE INDEX blastradius_superseded IF NOT EXISTS FOR (n:Superseded) ON (n.graph)"},
		fulltext(searchIndex, "(n:Node)", "n.tokens"),
		fulltext(slicesIndex, "(n:Observations)", "n.ids"),
	}
	for _, k := range graph.EdgeKinds {
		out = append(out, unique("blastradius_"+strings.ToLower(k.Name), "()-[r:"+k.Name+"]-()", "(r.h, r.th, r.eh)"))
	}
	return append(out, fulltext(evidenceIndex, "()-[r:"+types(nil)+"]-()", "r.ids"))
}

// types are the names of kinds as a pattern has them; no kinds are all.
func types(kinds []graph.EdgeKind) string {
	var names []string
	for _, row := range graph.EdgeKinds {
		if len(kinds) == 0 || slices.Contains(kinds, row.Kind) {
			names = append(names, row.Name)
		}
	}
	return strings.Join(names, "|")
}

// The statements of opening.
const (
	cypherComponents = `CALL dbms.components() YIELD name, versions RETURN name, versions[0]`
	cypherSchema     = `SHOW INDEXES YIELD name WHERE name STARTS WITH 'blastradius_' RETURN collect(name)`
	cypherAwait      = `CALL db.awaitIndexes(600)`
	cypherGraph      = `MATCH (g:Graph {name: $graph}) RETURN g.number, g.format, g.uuid`
	cypherMakeGraph  = `
OPTIONAL MATCH (x:Graph) WHERE x.number > 0
WITH coalesce(max(x.number), 0) + 1 AS next
MERGE (g:Graph {name: $graph})
ON CREATE SET g.number = CASE WHEN $first THEN 0 ELSE next END, g.format = $format, g.uuid = randomUUID(),
  g.watermark = 0, g.floor = 0, g.refused = 0, g.corrections = 0
RETURN g.number, g.format, g.uuid`
)

// The statements of writing. All begin with cypherLock: setting the property
// takes the lock of the graph's node before anything of it is read.
const (
	cypherLock = `
MATCH (g:Graph {name: $graph})
SET g.writing = true
WITH g
RETURN g.uuid, g.watermark, g.floor, g.corrections`
	cypherApplied     = `MATCH (s:Source {batch: $batch}) RETURN s.seq`
	cypherReadNodes   = `UNWIND $keys AS key MATCH (n:Node {id: key}) RETURN n.id, elementId(n), labels(n), n.type, n.attrs`
	cypherUpdateNodes = `UNWIND $rows AS row MATCH (n:Node {id: row.id}) SET n += row.props`
	cypherAliases     = `UNWIND $rows AS row MATCH (n:Node {id: row[1]}) MERGE (a:Alias {id: row[0]}) MERGE (a)-[:ALIAS_OF]->(n)`
	cypherSlices      = `UNWIND $rows AS row MERGE (o:Observations {h: row[0], th: row[1], eh: row[2], minute: row[3]}) SET o.n = row[4], o.obs = row[5], o.ids = row[6]`
	cypherDropSlices  = `UNWIND $rows AS row MATCH (o:Observations {h: row[0], th: row[1], eh: row[2], minute: row[3]}) USING INDEX SEEK o:Observations(h, th, eh, minute) DELETE o`
	cypherSuperseded  = `MATCH (x:Superseded {graph: $graph}) RETURN x.evidence, x.seq`
	cypherSupersede   = `UNWIND $rows AS row CREATE (:Superseded {graph: $graph, evidence: row[0], seq: row[1], record: row[2]})`
	cypherLedger      = `UNWIND $rows AS row CREATE (s:Source {graph: $graph}) SET s += row`
	cypherFinish      = `MATCH (g:Graph {name: $graph}) SET g.watermark = $watermark, g.refused = g.refused + $refused, g.corrections = $corrections`
	cypherFloor       = `MATCH (g:Graph {name: $graph}) SET g.floor = $floor`
	cypherPruneSlices = `MATCH (o:Observations) WHERE o.h >= $from AND o.h < $to AND o.th IS NOT NULL AND o.eh IS NOT NULL AND o.minute IS NOT NULL
WITH o LIMIT $limit DELETE o RETURN count(*)`
	cypherTemporary = `
MATCH (n:Node) USING INDEX n:Node(id) WHERE n.id > $after AND n.id < $end AND n:Credential AND n.type ENDS WITH '.temporary'
MATCH (n)-[r]-() WHERE r.h = $standing
RETURN n.id, collect([type(r), r.h, r.th, r.eh]), collect(r.marks)`
)

// slices gives the observations of an edge that moved to nodes of their own.
const slicesOf = `COLLECT { MATCH (o:Observations {h: r.h, th: r.th, eh: r.eh}) USING INDEX SEEK o:Observations(h, th, eh, minute) WHERE o.minute IS NOT NULL RETURN o.obs }`

// cypherCreateNodes makes nodes of one kind.
func cypherCreateNodes(k graph.KindRow) string {
	return fmt.Sprintf(`UNWIND $rows AS row CREATE (n:Node:%s {id: row.id}) SET n += row.props RETURN n.id, elementId(n)`, k.Label)
}

// cypherRelabel changes the kind of nodes.
func cypherRelabel(from, to graph.KindRow) string {
	return fmt.Sprintf(`UNWIND $keys AS key MATCH (n:Node {id: key}) REMOVE n:%s SET n:%s`, from.Label, to.Label)
}

// byKey finds the edges of a kind by rows that begin with their keys. Without
// SEEK the hint is met by reading all of the index for each row, and while its
// statistics are younger than its content the planner takes that for cheap.
func byKey(k graph.EdgeRow) string {
	return fmt.Sprintf(`UNWIND $rows AS row
MATCH ()-[r:%s {h: row[0], th: row[1], eh: row[2]}]->() USING INDEX SEEK r:%[1]s(h, th, eh)
`, k.Name)
}

// cypherFindEvents reads what is stored of event edges.
func cypherFindEvents(k graph.EdgeRow) string {
	return byKey(k) + `RETURN row[3], r.obs, CASE WHEN r.spilled THEN ` + slicesOf + ` END`
}

func cypherUpdateEvents(k graph.EdgeRow) string {
	return byKey(k) + `SET r.n = row[3], r.first = row[4], r.last = row[5], r.obs = row[6], r.ids = row[7], r.spilled = row[8]`
}

func cypherUpdateStanding(k graph.EdgeRow) string {
	return byKey(k) + `SET r.first = row[3], r.last = row[4], r.seq = row[5], r.record = row[6], r.marks = row[7], r.ids = row[8], r.began = row[9], r.ended = row[10]`
}

func cypherDeleteEdges(k graph.EdgeRow) string { return byKey(k) + `DELETE r` }

// cypherFindStanding reads what is stored of standing edges.
func cypherFindStanding(k graph.EdgeRow) string {
	return byKey(k) + `RETURN row[3], r.first, r.last, r.seq, r.record, r.marks`
}

// The columns of rows of new edges, behind the ends.
const (
	eventColumns    = "h th eh action effect match role plane join detail outcome agent client service n first last obs ids spilled"
	standingColumns = "h th eh action effect match role plane join detail first last seq record marks ids began ended"
)

func cypherCreateEvents(k graph.EdgeRow) string { return createEdges(k, eventColumns) }

func cypherCreateStanding(k graph.EdgeRow) string { return createEdges(k, standingColumns) }

func createEdges(k graph.EdgeRow, columns string) string {
	var props []string
	for i, c := range strings.Fields(columns) {
		props = append(props, fmt.Sprintf("%s: row[%d]", c, i+2))
	}
	return fmt.Sprintf(`UNWIND $rows AS row MATCH (a) WHERE elementId(a) = row[0] MATCH (b) WHERE elementId(b) = row[1]
CREATE (a)-[r:%s {%s}]->(b)`, k.Name, strings.Join(props, ", "))
}

// cypherPrune deletes event edges of whole hours.
func cypherPrune(k graph.EdgeRow) string {
	return fmt.Sprintf(`MATCH ()-[r:%s]->() WHERE %s WITH r LIMIT $limit DELETE r RETURN count(*)`, k.Name, inWindow)
}

// cypherHour reads the event edges of one hour, to be rewritten.
func cypherHour(k graph.EdgeRow) string {
	return fmt.Sprintf(`MATCH ()-[r:%s]->() WHERE %s RETURN r.h, r.th, r.eh, r.obs, CASE WHEN r.spilled THEN %s END`, k.Name, inWindow, slicesOf)
}

// cypherCarriers reads the edges whose evidence may be superseded, from the
// full-text index.
var cypherCarriers = `
CALL () {
  CALL db.index.fulltext.queryRelationships('` + evidenceIndex + `', $query) YIELD relationship AS r RETURN r` + sliceCarriers() + `
}
WITH DISTINCT r WHERE r.h >= $low AND r.h < $high
RETURN type(r), r.h, r.th, r.eh, r.obs, CASE WHEN r.spilled THEN ` + slicesOf + ` END, r.first, r.last, r.seq, r.record, r.marks`

// sliceCarriers finds the edges whose slices hold the evidence.
func sliceCarriers() string {
	var b strings.Builder
	for _, k := range graph.EdgeKinds {
		if hasEvents(k) {
			fmt.Fprintf(&b, `
  UNION
  CALL db.index.fulltext.queryNodes('%s', $query) YIELD node AS o
  MATCH ()-[r:%s {h: o.h, th: o.th, eh: o.eh}]->() RETURN r`, slicesIndex, k.Name)
		}
	}
	return b.String()
}

// hasEvents reports whether edges of the kind may be events: all that are no
// standing facts, and ACTS_FOR, which may be either.
func hasEvents(k graph.EdgeRow) bool { return !k.Standing || k.Kind == graph.ActsFor }

// inWindow starts from the index of a type of edges.
const inWindow = `r.h >= $from AND r.h < $to AND r.th IS NOT NULL AND r.eh IS NOT NULL`

// edgeFilter narrows edges a, r, b by what needs no observation. Standing edges
// have one hour of their own.
const edgeFilter = `(r.h >= $from AND r.h < $to OR r.h = $standing)
  AND (type(r) <> 'CALLED' OR ($outcomes IS NULL OR r.outcome IN $outcomes) AND ($effects IS NULL OR r.effect IN $effects))`

// edgeColumns are what Edges reads of an edge: observations only of hours that
// the window cuts, unless all are wanted.
const edgeColumns = `coalesce(a.longId, a.id), coalesce(b.longId, b.id), type(r), r.h,
  r.action, r.effect, r.match, r.role, r.plane, r.join, r.detail, r.outcome, r.agent, r.client, r.service,
  r.n, r.first, r.last, CASE WHEN $all OR r.h = $firstHour OR r.h = $lastHour THEN CASE WHEN r.spilled THEN ` + slicesOf + ` ELSE r.obs END END,
  r.seq, r.record, r.marks`

// cypherOut reads the edges that leave a frontier.
func cypherOut(kinds []graph.EdgeKind) string {
	return fmt.Sprintf(`
UNWIND $frontier AS f
MATCH (a:Node {id: f[0]})
MATCH (a)-[r:%s]->(b) WHERE %s
RETURN %s`, types(kinds), edgeFilter, edgeColumns)
}

// cypherIn reads the edges that reach a frontier.
func cypherIn(kinds []graph.EdgeKind) string {
	return fmt.Sprintf(`
UNWIND $frontier AS f
MATCH (b:Node {id: f[0]})
MATCH (b)<-[r:%s]-(a) WHERE %s
RETURN %s`, types(kinds), edgeFilter, edgeColumns)
}

// cypherInHours is cypherIn for a window of few hours: calls on a target that
// has many are found by the index, hour by hour.
func cypherInHours(kinds []graph.EdgeKind) string {
	var rest string
	if others := types(without(kinds, graph.Called)); others != "" {
		rest = fmt.Sprintf(`
  UNION ALL
  WITH b WHERE COUNT { (b)<-[:CALLED]-() } > $many
  MATCH (b)<-[r:%s]-(a) WHERE %s RETURN a, r`, others, edgeFilter)
	}
	return fmt.Sprintf(`
UNWIND $frontier AS f
MATCH (b:Node {id: f[0]})
CALL (b, f) {
  WITH b WHERE COUNT { (b)<-[:CALLED]-() } <= $many
  MATCH (b)<-[r:%s]-(a) WHERE %s RETURN a, r
  UNION ALL
  WITH b, f WHERE COUNT { (b)<-[:CALLED]-() } > $many
  UNWIND $hours AS h
  MATCH (a)-[r:CALLED {h: h, th: f[1]}]->(b) USING INDEX SEEK r:CALLED(h, th, eh) WHERE r.eh IS NOT NULL AND %s RETURN a, r%s
}
RETURN %s`, types(kinds), edgeFilter, edgeFilter, rest, edgeColumns)
}

// without are the kinds but one; never empty by meaning all, as kinds are.
func without(kinds []graph.EdgeKind, k graph.EdgeKind) (out []graph.EdgeKind) {
	for _, row := range graph.EdgeKinds {
		if row.Kind != k && (len(kinds) == 0 || slices.Contains(kinds, row.Kind)) {
			out = append(out, row.Kind)
		}
	}
	if out == nil {
		out = []graph.EdgeKind{0}
	}
	return out
}

// cypherWindow reads the edges of a window, whatever their ends.
func cypherWindow(kinds []graph.EdgeKind) string {
	var parts []string
	for _, k := range graph.EdgeKinds {
		if len(kinds) > 0 && !slices.Contains(kinds, k.Kind) {
			continue
		}
		if hasEvents(k) {
			parts = append(parts, fmt.Sprintf("MATCH (a)-[r:%s]->(b) WHERE %s RETURN a, r, b", k.Name, inWindow))
		}
		if k.Standing {
			parts = append(parts, fmt.Sprintf("MATCH (a)-[r:%s]->(b) WHERE r.h = $standing AND r.th IS NOT NULL AND r.eh IS NOT NULL RETURN a, r, b", k.Name))
		}
	}
	return fmt.Sprintf(`
CALL () {
  %s
}
WITH a, r, b WHERE %s
RETURN %s`, strings.Join(parts, "\n  UNION ALL\n  "), edgeFilter, edgeColumns)
}

// cypherByEvidence reads the event edges that may rest on evidence, from the
// full-text index.
var cypherByEvidence = `
CALL () {
  CALL db.index.fulltext.queryRelationships('` + evidenceIndex + `', $query) YIELD relationship AS r RETURN r` + sliceCarriers() + `
}
WITH DISTINCT r, startNode(r) AS a, endNode(r) AS b WHERE type(r) IN $types AND r.h <> $standing AND ` + edgeFilter + `
RETURN ` + edgeColumns

// nodeColumns are what Nodes reads of a node.
const nodeColumns = `coalesce(n.longId, n.id), labels(n), n.type, n.attrs`

// nodeFilter keeps to the graph's own ids, and resumes.
const nodeFilter = `n.id > $after AND n.id < $end AND (n.id < $skip OR n.id >= $resume)
  AND ($labels IS NULL OR any(l IN labels(n) WHERE l IN $labels))`

// The statements of reading beside those of edges.
const (
	cypherNodes = `
MATCH (n:Node) WHERE ` + nodeFilter + `
RETURN ` + nodeColumns + ` ORDER BY n.id LIMIT $limit`
	cypherNodesByID = `
UNWIND $keys AS key
CALL (key) {
  MATCH (n:Node {id: key}) RETURN n
  UNION
  MATCH (:Alias {id: key})-[:ALIAS_OF]->(n) RETURN n
}
WITH DISTINCT n WHERE ` + nodeFilter + `
RETURN ` + nodeColumns + ` ORDER BY n.id LIMIT $limit`
	cypherSearch = `
CALL db.index.fulltext.queryNodes('` + searchIndex + `', $query) YIELD node AS n
WITH n WHERE ` + nodeFilter + `
RETURN ` + nodeColumns + ` ORDER BY n.id LIMIT $limit`
	cypherSources   = `MATCH (s:Source {graph: $graph}) WHERE s.seq > 0 RETURN properties(s) ORDER BY s.seq`
	cypherWatermark = `MATCH (g:Graph {name: $graph}) RETURN g.watermark`
	cypherStats     = `
MATCH (g:Graph {name: $graph})
RETURN g.watermark, g.floor, g.refused, COUNT { MATCH (n:Node) WHERE n.id > $after AND n.id < $end AND (n.id < $skip OR n.id >= $resume) }`
)

// cypherCount counts the edges of a kind.
func cypherCount(k graph.EdgeRow) string {
	return fmt.Sprintf(`MATCH ()-[r:%s]->() WHERE r.h >= $low AND r.h < $high AND r.th IS NOT NULL AND r.eh IS NOT NULL RETURN count(r), sum(r.n)`, k.Name)
}
