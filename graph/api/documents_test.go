package api

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

var update = flag.Bool("update", false, "rewrite the named documents")

// Every question has its document, and the document asks for every field of the
// answer: what the command line shows can never lag behind the schema.
func TestDocuments(t *testing.T) {
	schema := parsedSchema
	var names []string
	for _, f := range schema.Query.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		names = append(names, f.Name)
		want := documentOf(schema, f)
		path := "documents/" + f.Name + ".graphql"
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if d := cmp.Diff(want, Document(f.Name)); d != "" {
			t.Errorf("%s is not of this schema (go test ./graph/api -run Documents -update):\n%s", path, d)
		}
		doc, err := gqlparser.LoadQueryWithRules(schema, want, rules.NewDefaultRules())
		if err != nil {
			t.Fatalf("%s: %v", f.Name, gqlerror.List(err))
		}
		got := measure{map[string]size{}}.set(doc.Operations[0].SelectionSet, true)
		if 2*got.depth > DefaultLimits.Depth || 4*got.cost > DefaultLimits.Complexity {
			t.Errorf("%s: depth %d and complexity %d are too near the limits", f.Name, got.depth, got.cost)
		}
	}
	sort.Strings(names)
	if d := cmp.Diff(names, DocumentNames()); !*update && d != "" {
		t.Error(d)
	}
}

// documentOf asks a question with all its arguments for all its fields. A type
// that stands in several places is a fragment.
func documentOf(schema *ast.Schema, f *ast.FieldDefinition) string {
	uses := map[string]int{}
	var visit func(string)
	visit = func(name string) {
		uses[name]++
		if def := schema.Types[name]; uses[name] == 1 && def.Kind == ast.Object {
			for _, g := range def.Fields {
				visit(g.Type.Name())
			}
		}
	}
	visit(f.Type.Name())

	var b strings.Builder
	for line := range strings.Lines(f.Description) {
		fmt.Fprintf(&b, "# %s\n", strings.TrimSuffix(line, "\n"))
	}
	fmt.Fprintf(&b, "query %s%s", strings.ToUpper(f.Name[:1]), f.Name[1:])
	list := func(each func(*ast.ArgumentDefinition) string) {
		var args []string
		for _, a := range f.Arguments {
			args = append(args, each(a))
		}
		if len(args) > 0 {
			fmt.Fprintf(&b, "(%s)", strings.Join(args, ", "))
		}
	}
	list(func(a *ast.ArgumentDefinition) string {
		s := "$" + a.Name + ": " + a.Type.String()
		if a.DefaultValue != nil {
			s += " = " + a.DefaultValue.String()
		}
		return s
	})
	fmt.Fprintf(&b, " {\n  %s", f.Name)
	list(func(a *ast.ArgumentDefinition) string { return a.Name + ": $" + a.Name })

	var fragments []string
	var fields func(def *ast.Definition, indent string)
	fields = func(def *ast.Definition, indent string) {
		b.WriteString(" {\n")
		for _, g := range def.Fields {
			sub := schema.Types[g.Type.Name()]
			b.WriteString(indent + "  " + g.Name)
			switch {
			case sub.Kind != ast.Object:
				b.WriteString("\n")
			case uses[sub.Name] > 1:
				fmt.Fprintf(&b, " { ...%s }\n", sub.Name)
				if !slices.Contains(fragments, sub.Name) {
					fragments = append(fragments, sub.Name)
				}
			default:
				fields(sub, indent+"  ")
			}
		}
		b.WriteString(indent + "}\n")
	}
	if def := schema.Types[f.Type.Name()]; def.Kind == ast.Object {
		fields(def, "  ")
	} else {
		b.WriteString("\n")
	}
	b.WriteString("}\n")
	for i := 0; i < len(fragments); i++ {
		fmt.Fprintf(&b, "\nfragment %s on %s", fragments[i], fragments[i])
		fields(schema.Types[fragments[i]], "")
	}
	return b.String()
}
