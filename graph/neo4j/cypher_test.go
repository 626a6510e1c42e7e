package neo4j_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/blastradius/blastradius/graph/neo4j"
	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
)

var update = flag.Bool("update", false, "rewrite golden files")

// The statements are those that the golden file shows.
func TestCypherGolden(t *testing.T) {
	var b bytes.Buffer
	fmt.Fprintln(&b, "// schema")
	for _, x := range neo4j.Schema() {
		fmt.Fprintf(&b, "%s;\n", x)
	}
	for _, x := range neo4j.Statements() {
		fmt.Fprintf(&b, "\n// %s\n%s;\n", x.Name, strings.TrimSpace(x.Text))
	}
	const golden = "testdata/cypher.golden"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("statements differ from %s; -update rewrites it (-golden +now):\n%s", golden, diff)
	}
}

// starts are the operators that a plan may begin with: an index, an element by
// its id, or rows that are handed in.
var starts = []string{"NodeUniqueIndexSeek", "NodeUniqueIndexSeekByRange", "NodeIndexSeek", "NodeIndexSeekByRange",
	"DirectedRelationshipUniqueIndexSeek", "DirectedRelationshipUniqueIndexSeekByRange", "DirectedRelationshipIndexSeek", "DirectedRelationshipIndexSeekByRange",
	"NodeByElementIdSeek", "DirectedRelationshipByElementIdSeek", "ProcedureCall", "Argument", "Unwind",
	"AssertingMultiNodeIndexSeek"}

// Every statement starts from an index, on a real server: no plan scans all
// nodes, all edges, or those of a label or type.
func TestEveryStatementStartsFromAnIndex(t *testing.T) {
	o := neo4jtest.Fresh(t)
	store, err := neo4j.Open(t.Context(), o) // makes the schema
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	d, err := driver.NewDriverWithContext(o.URI, driver.BasicAuth(o.Username, o.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(context.Background())
	session := d.NewSession(t.Context(), driver.SessionConfig{DatabaseName: "neo4j"})
	defer session.Close(context.Background())
	for _, x := range neo4j.Statements() {
		res, err := session.Run(t.Context(), "EXPLAIN "+x.Text, parameters(x.Text))
		if err != nil {
			t.Errorf("%s: %v\n%s", x.Name, err, x.Text)
			continue
		}
		sum, err := res.Consume(t.Context())
		if err != nil {
			t.Errorf("%s: %v\n%s", x.Name, err, x.Text)
			continue
		}
		found := 0
		var walk func(p driver.Plan)
		walk = func(p driver.Plan) {
			found++
			op, _, _ := strings.Cut(p.Operator(), "@")
			op = strings.TrimSuffix(op, "(Locking)")
			if len(p.Children()) == 0 && !slices.Contains(starts, op) {
				t.Errorf("%s begins with %s %v:\n%s", x.Name, op, p.Arguments()["Details"], x.Text)
			}
			for _, c := range p.Children() {
				walk(c)
			}
		}
		walk(sum.Plan())
		if found < 2 {
			t.Errorf("%s has no plan", x.Name)
		}
	}
}

// Edges are found by their keys however old the statistics are: a store that is
// filled from nothing is planned for before its indexes are sampled.
func TestFindingStartsFromKeys(t *testing.T) {
	o := neo4jtest.Fresh(t)
	store, err := neo4j.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	d, err := driver.NewDriverWithContext(o.URI, driver.BasicAuth(o.Username, o.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(context.Background())
	session := d.NewSession(t.Context(), driver.SessionConfig{DatabaseName: "neo4j"})
	defer session.Close(context.Background())
	run := func(text string, params map[string]any) driver.ResultSummary {
		t.Helper()
		res, err := session.Run(t.Context(), text, params)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := res.Consume(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	// Other tests' edges lie in the same indexes, none in hours so late.
	const hour = 90_000_000
	remove := func() {
		run(`MATCH (n:Node) WHERE n.id IN [$graph + '/from', $graph + '/to'] DETACH DELETE n`, map[string]any{"graph": o.Graph})
		run(`MATCH (o:Observations) WHERE o.h >= $hour AND o.th IS NOT NULL AND o.eh IS NOT NULL AND o.minute IS NOT NULL DELETE o`, map[string]any{"hour": hour})
	}
	remove()
	defer remove()
	run(`CREATE (:Node {id: $graph + '/from'}), (:Node {id: $graph + '/to'})`, map[string]any{"graph": o.Graph})
	for round := range 2 {
		run(`MATCH (a:Node {id: $graph + '/from'}), (b:Node {id: $graph + '/to'}) UNWIND range($first, $first + 3999) AS i
CREATE (a)-[:CALLED {h: $hour + i % 24, th: i, eh: i}]->(b) CREATE (:Observations {h: $hour + i % 24, th: i, eh: i, minute: 1})`,
			map[string]any{"graph": o.Graph, "first": round * 4000, "hour": hour})
		for _, x := range neo4j.Statements() {
			if !strings.HasSuffix(x.Name, " CALLED") || !strings.Contains(x.Text, "UNWIND $rows") || strings.HasPrefix(x.Name, "create") {
				continue
			}
			var keys []any
			for i := range 40 {
				keys = append(keys, []any{hour + i%24, i, i, i, int64(1), int64(2), []byte{}, "x", false})
			}
			var walk func(p driver.ProfiledPlan)
			walk = func(p driver.ProfiledPlan) {
				if p.DbHits() > 1000 {
					t.Errorf("%s: %s %v takes %d hits for 40 rows", x.Name, p.Operator(), p.Arguments()["Details"], p.DbHits())
				}
				for _, c := range p.Children() {
					walk(c)
				}
			}
			walk(run("PROFILE "+x.Text, map[string]any{"rows": keys}).Profile())
		}
	}
}

// parameters are some for a statement: EXPLAIN wants them to be there, not to
// make sense.
func parameters(text string) map[string]any {
	p := map[string]any{}
	for _, name := range []string{"rows", "keys", "ids", "frontier", "hours", "labels", "outcomes", "effects", "types"} {
		p[name] = []any{}
	}
	for _, name := range []string{"graph", "batch", "query", "after", "end", "skip", "resume"} {
		p[name] = "x"
	}
	for _, name := range []string{"from", "to", "standing", "firstHour", "lastHour", "low", "high", "limit", "many", "format", "watermark", "refused", "corrections", "floor"} {
		p[name] = 1
	}
	p["all"], p["first"] = true, false
	return p
}
