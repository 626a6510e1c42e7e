package runbook

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
)

var catalog = &Catalog{Schema: api.Schema(), Document: api.Document}

// TestBooks holds that every runbook that ships is right, has the name of its
// file, and fits the published schema.
func TestBooks(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("runbook.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(Books()) < 12 {
		t.Errorf("%d runbooks ship", len(Books()))
	}
	for _, name := range Books() {
		r, wrong := catalog.Parse(name+".yaml", Book(name))
		if r == nil {
			t.Errorf("%v", wrong)
			continue
		}
		if r.Name != name || r.Description == "" {
			t.Errorf("%s: name %q, description %q", name, r.Name, r.Description)
		}
		for _, p := range r.Parameters {
			if p.Description == "" {
				t.Errorf("%s: parameter %s has no description", name, p.Name)
			}
		}
		var v any
		if err := yaml.Unmarshal(Book(name), &v); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if Book("nothing") != nil {
		t.Error("a runbook ships that is none")
	}
}

// parse is a runbook whose ask and assert are given.
func parse(t *testing.T, body string) (*Runbook, []Problem) {
	t.Helper()
	return catalog.Parse("x.yaml", []byte("name: x\ntitle: X\n"+body))
}

// TestProblems holds the lines and words of what check finds, beyond those that
// the scripts in cmd hold.
func TestProblems(t *testing.T) {
	question := "ask:\n  - name: touched\n    document: touched\n    variables:\n      resources: [x]\n"
	ok := "assert:\n  - that: touched.total.calls == 0\n    message: m\n"
	for body, want := range map[string]struct {
		line int
		says string
	}{
		"": {1, "it asks nothing"},
		question + "assert:\n  - that: touched.total.calls\n    message: m\n":                                    {9, "that: is of type int, not bool"},
		question + "assert:\n  - that: touched.total.calls == 0\n":                                               {9, "an assertion has no message"},
		question + "assert:\n  - message: m\n    that: |\n      true &&\n        touched.nope\n":                 {12, "undefined field 'nope'"},
		question + "assert:\n  - message: m\n    that: touched.identities.all(i, i.identity.clazz == 'NHI')\n":   {10, "undefined field 'clazz'"},
		question + "assert:\n  - message: m\n    that: touched.identities.all(i, i.identity.class == 'ROBOT')\n": {10, `"ROBOT" is none of the words`},
		question + "assert:\n  - message: m\n    that: touched.identities.all(i, i.identity.id == 7)\n":          {10, "no matching overload"},
		"ask:\n  - name: touched\n    document: nope\n" + ok:                                                     {5, `no document ships under the name "nope"`},
		"ask:\n  - name: touched\n" + ok:                                                                         {4, "has not one document"},
		"ask:\n  - name: touched\n    document: touched\n    query: '{ watermark }'\n" + ok:                      {4, "has not one document"},
		"ask:\n  - name: touched\n    document: touched\n" + ok:                                                  {4, "variable resources is not given"},
		"ask:\n  - name: touched\n    document: touched\n    variables: [x]\n" + ok:                              {6, "variables are no mapping"},
		"ask:\n  - name: touched\n    file: x.graphql\n" + ok:                                                    {5, "a file cannot be read from here"},
		"ask:\n  - name: window\n    query: '{ watermark }'\n" + ok:                                              {4, `the name "window" is taken`},
		"ask:\n  - name: A-b\n    query: '{ watermark }'\n" + ok:                                                 {4, `name "A-b" of a question is none`},
		"ask:\n  - name: touched\n    query: 'mutation { x }'\n" + ok:                                            {5, "question touched"},
		"ask:\n  - name: touched\n    query: '{ watermark'\n" + ok:                                               {5, "question touched"},
		"ask:\n  - name: touched\n    query: '{ sources { sources { name } } }'\n" + ok:                          {5, "does not ask whether its answer has more pages"},
		"parameters:\n  - name: p\n    required: true\n    default: x\n" + question + ok:                         {4, "is required and has a default"},
		"parameters:\n  - name: p\n    type: time\n" + question + ok:                                             {4, "may be left out, and nothing says what it is then"},
		"parameters:\n  - name: p\n  - name: p\n" + question + ok:                                                {5, `the name "p" is taken`},
		strings.Replace(question, "[x]", "x", 1) + ok:                                                            {7, "what is no list does not fit [String!]!"},
		strings.Replace(question, "[x]", "[1]", 1) + ok:                                                          {7, `"1" does not fit String!`},
		question + "      window: {last: 4h, nope: 1}\n" + ok:                                                    {8, `WindowInput has no field "nope"`},
		question + "      window: {until: yesterday}\n" + ok:                                                     {8, `"yesterday" does not fit Time`},
		question + "      parts: maybe\n" + ok:                                                                   {8, `"maybe" does not fit Boolean!`},
		question + "      asOf: ${window.from}\n" + ok:                                                           {8, "does not fit Int"},
		question + "      asOf: ${touched.asOf}\n" + ok:                                                          {8, "undeclared reference to 'touched'"},
		question + ok + "---\nname: y\n":                                                                         {1, "more than one document"},
	} {
		r, wrong := parse(t, body)
		found := slices.ContainsFunc(wrong, func(p Problem) bool { return p.Line == want.line && strings.Contains(p.Message, want.says) })
		if r != nil || !found {
			t.Errorf("want line %d: %s\n%s\ngot %+v", want.line, want.says, body, wrong)
		}
	}
	if r, wrong := parse(t, question+ok); r == nil {
		t.Errorf("what is right is refused: %v", wrong)
	}
}

// TestValues holds how parameters are read.
func TestValues(t *testing.T) {
	r, wrong := parse(t, `parameters:
  - {name: s, required: true}
  - {name: l, type: strings, default: [a, b]}
  - {name: n, type: int, default: 3}
  - {name: b, type: bool}
  - {name: d, type: duration, default: 7d}
  - {name: at, type: time, default: 2026-11-22T14:02:00Z}
ask:
  - {name: mark, query: '{ watermark }'}
assert:
  - {that: 'mark >= n && b == false && l.size() == 2 && at > timestamp("2026-01-01T00:00:00Z") && d == "7d" && s != ""', message: m}
`)
	if r == nil {
		t.Fatal(wrong)
	}
	got, err := r.Values(map[string][]string{"s": {"x"}, "l": {"c", "d", "e"}, "b": {"true"}})
	want := map[string]any{"s": "x", "l": []string{"c", "d", "e"}, "n": int64(3), "b": true, "d": "7d", "at": time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for name, set := range map[string]map[string][]string{
		"parameter s is not given":    {},
		`it has no parameter "z"`:     {"s": {"x"}, "z": {""}},
		`"x" is no whole number`:      {"s": {"x"}, "n": {"x"}},
		"takes one value, not 2":      {"s": {"x", "y"}},
		"is neither true nor false":   {"s": {"x"}, "b": {"2"}},
		`"soon" is no length of time`: {"s": {"x"}, "d": {"soon"}},
		`"today" is no time`:          {"s": {"x"}, "at": {"today"}},
	} {
		if _, err := r.Values(set); graph.Code(err) != graph.CodeInvalid || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRun holds what a run makes of answers: what is missing, what is not known,
// and what fails.
func TestRun(t *testing.T) {
	b := graph.NewBuilder()
	at := graph.TimeOf(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	src := b.Source(graph.Source{Name: "a", Kind: "test", Stream: "s", Hash: "h", Final: true, Records: 2, First: at - 7_200_000, Last: at + 7_200_000})
	b.Event(graph.EventKey{From: b.Node("aws:key:AKIAIOSFODNN7EXAMPLE", graph.Credential, "aws.key.longlived"), To: b.Node("arn:aws:s3:::b", graph.Resource, "aws.s3.bucket"),
		Label: b.Label(graph.Label{Action: "s3:GetObject", Effect: graph.Read, Match: graph.Declared, Role: graph.Primary, Plane: graph.DataPlane}), Kind: graph.Called, Outcome: graph.OK},
		graph.Observation{At: at, Evidence: "e@1", Source: graph.Ref{Seq: src}})
	st := storetest.NewModel()
	if err := st.Apply(t.Context(), b.Batch()); err != nil {
		t.Fatal(err)
	}
	o := api.Options{Explorer: explore.New(st, explore.Options{}), Now: func() time.Time { return at.Time() }}
	to := func(ctx context.Context, q string, vars map[string]any) (json.RawMessage, error) {
		return api.Execute(ctx, o, q, vars)
	}
	run := func(resource, that string, w graph.Window) (*Result, error) {
		r, wrong := parse(t, `parameters:
  - {name: resource, required: true}
ask:
  - name: touched
    document: touched
    variables: {resources: ["${resource}"], window: "${window}", who: ALL}
  - name: activity
    query: 'query ($of: [String!]!, $window: WindowInput) { activity(of: $of, window: $window) { coverage { complete reasons } total { calls } } }'
    variables: {of: "${touched.identities.map(i, i.identity.id)}", window: "${window}"}
assert:
  - {that: '`+that+`', message: m, list: 'touched.identities.map(i, i.identity.id)'}
`)
		if r == nil {
			t.Fatal(wrong)
		}
		return r.Run(t.Context(), Input{Values: map[string]any{"resource": resource}, Window: w}, to)
	}
	hour := graph.Window{From: at - 3_600_000, To: at + 3_600_000}
	for _, c := range []struct {
		resource, that string
		window         graph.Window
		verdict, of    Verdict
		missing        int
	}{
		{"arn:aws:s3:::b", "activity.total.calls == 1", hour, Clean, Holds, 0},
		{"arn:aws:s3:::b", "touched.total.calls == 0", hour, Found, Violated, 0},
		{"arn:aws:s3:::b", "activity.total.calls == 1", graph.Window{From: hour.From, To: at + 72_000_000}, Incomplete, Holds, 2},
		{"arn:aws:s3:::b", "activity.total.calls == 0", graph.Window{From: hour.From, To: at + 72_000_000}, Found, Violated, 2},
		{"arn:aws:s3:::none", "activity.total.calls == 0", hour, Incomplete, Unanswered, 2},
	} {
		r, err := run(c.resource, c.that, c.window)
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict != c.verdict || r.Assertions[0].Verdict != c.of || len(r.Missing) != c.missing {
			t.Errorf("%s of %s in %s: %s, %s, missing %q", c.that, c.resource, c.window, r.Verdict, r.Assertions[0].Verdict, r.Missing)
		}
		if found := len(r.Assertions[0].Found) > 0; found != (c.of == Violated) {
			t.Errorf("%s: found %q", c.that, r.Assertions[0].Found)
		}
	}
	if _, err := run("arn:aws:s3:::b", "touched.identities[7].total == 0", hour); graph.Code(err) != graph.CodeInvalid || graph.Hint(err) == "" {
		t.Errorf("an index that is not there: %v", err)
	}
	if _, err := run("arn:aws:s3:::b", "[0].map(a, lists.range(9000).map(b, lists.range(9000).map(c, c)))[0].size() == 0", hour); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("too much work: %v", err)
	}
}

// FuzzParse holds that no file makes the check panic, and that problems lie
// inside it.
func FuzzParse(f *testing.F) {
	for _, name := range Books() {
		f.Add(Book(name))
	}
	f.Add([]byte("name: x\n  a: ["))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, wrong := catalog.Parse("x.yaml", in)
		if (r == nil) != (len(wrong) > 0) {
			t.Errorf("runbook %v, problems %v", r, wrong)
		}
	})
}
