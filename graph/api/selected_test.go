package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/testdata"
	"github.com/google/go-cmp/cmp"
)

// What a query does not select is not read; what it does is the same as in the
// whole answer, by whatever way it is selected.
func TestSelectedPartsAreThoseOfTheWhole(t *testing.T) {
	o := worldOptions(t)
	ask := func(document string) any {
		t.Helper()
		data, err := Execute(context.Background(), o, document, map[string]any{
			"resources": worldQuestion["resources"], "window": worldQuestion["window"], "of": []string{testdata.DeployRole}})
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	whole := map[string]any{"touched": ask(Document("touched")), "activity": ask(Document("activity"))}
	const (
		touched  = `query($resources: [String!]!, $window: WindowInput) { touched(resources: $resources, window: $window) `
		activity = `query($of: [String!]!, $window: WindowInput) { activity(of: $of, window: $window) `
	)
	for name, c := range map[string]struct{ query, path, of string }{
		"no rows":      {touched + `{ total { calls } excluded { humanCalls } notes } }`, "touched.total.calls", ""},
		"no evidence":  {touched + `{ identities { calls { id count } } } }`, "touched.identities.calls.id", ""},
		"evidence":     {touched + `{ identities { calls { evidence } } } }`, "touched.identities.calls.evidence", ""},
		"only a count": {touched + `{ identities { calls { evidenceTotal } } } }`, "touched.identities.calls.evidenceTotal", ""},
		"aliases": {touched + `{ a: identities { total } b: identities { c: calls { count } d: calls { e: evidence } } } }`,
			"touched.b.d.e", "touched.identities.calls.evidence"},
		"fragments": {touched + `{ ...F } } fragment F on Touched { identities { ... on TouchedIdentity { calls { ...G } } } } fragment G on CallRow { evidence }`,
			"touched.identities.calls.evidence", ""},
		"included": {touched + `{ identities { calls { evidence @include(if: true) } chain @skip(if: true) { from } origins @include(if: false) { of } } } }`,
			"touched.identities.calls.evidence", ""},
		"chain":             {touched + `{ identities { chain { from to at evidence } } } }`, "touched.identities.chain.evidence", ""},
		"origins":           {touched + `{ identities { origins { node reason } } } }`, "touched.identities.origins.reason", ""},
		"activity":          {activity + `{ calls { id count } } }`, "activity.calls.id", ""},
		"activity evidence": {activity + `{ calls { evidence } } }`, "activity.calls.evidence", ""},
	} {
		if c.of == "" {
			c.of = c.path
		}
		question, _, _ := strings.Cut(c.path, ".")
		got, want := values(ask(c.query), c.path), values(whole[question], c.of)
		if d := cmp.Diff(want, got); d != "" || len(got) == 0 {
			t.Errorf("%s: %d values\n%s", name, len(got), d)
		}
	}
}

// values are what stands at the path, through all lists.
func values(v any, path string) (out []any) {
	if list, ok := v.([]any); ok {
		for _, x := range list {
			out = append(out, values(x, path)...)
		}
		return out
	}
	if path == "" {
		return []any{v}
	}
	name, rest, _ := strings.Cut(path, ".")
	fields, _ := v.(map[string]any)
	return values(fields[name], rest)
}
