package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

var tinySchema = gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { a: T b: T } type T { t: T x: Int y: Int }`})

func measured(t *testing.T, query string) size {
	t.Helper()
	doc, err := gqlparser.LoadQueryWithRules(tinySchema, query, rules.NewDefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	return measure{map[string]size{}}.set(doc.Operations[0].SelectionSet, true)
}

func TestMeasure(t *testing.T) {
	for query, want := range map[string]size{
		`{ a { x } }`:                              {2, 101},
		`{ a { x y } b { t { x } } }`:              {3, 204},
		`{ one: a { x } two: a { x } }`:            {2, 202},
		`{ ...f } fragment f on Query { a { x } }`: {2, 101},
		`{ ... on Query { a { ...g t { ...g } } } } fragment g on T { x y }`: {3, 105},
		`{ __typename }`: {1, 1},
	} {
		if got := measured(t, query); got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

// Forty fragments that name each other twice are 2^40 fields: measured in no
// time, and far over any limit.
func TestMeasureDoesNotExplode(t *testing.T) {
	var b strings.Builder
	b.WriteString("{ a { ...f0 } }\n")
	for i := range 40 {
		fmt.Fprintf(&b, "fragment f%d on T { p: t { ...f%d } q: t { ...f%d } }\n", i, i+1, i+1)
	}
	b.WriteString("fragment f40 on T { x }")
	start := time.Now()
	got := measured(t, b.String())
	if got.cost < 1<<30 || got.depth != 42 || time.Since(start) > time.Second {
		t.Errorf("%v in %v", got, time.Since(start))
	}
}
