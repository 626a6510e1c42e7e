package runbook

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"go.yaml.in/yaml/v3"
)

// Catalog is what runbooks are checked against.
type Catalog struct {
	Schema *ast.Schema
	// Document is the text of a named document that ships, empty where there
	// is none.
	Document func(name string) string
	// ReadFile reads a document that a runbook names by file; name is as it
	// stands in the runbook. Nil: no file is read.
	ReadFile func(runbook, name string) ([]byte, error)
}

var (
	runbookName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	valueName   = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)
)

// Parse reads a runbook and checks all of it, without data. file names it in
// problems. With problems there is no runbook.
func (c *Catalog) Parse(file string, content []byte) (*Runbook, []Problem) {
	p := &problems{file: file}
	f := read(content, p)
	if f == nil {
		return nil, p.list
	}
	r := &Runbook{Name: f.Name.value, Title: f.Title.value, Description: strings.TrimSpace(f.Description.value), Last: f.Last.value, File: file, Text: string(content)}
	if !runbookName.MatchString(r.Name) {
		p.add(f.Name.line, "such as who-touched", "name %q is not lower case with dashes", r.Name)
	}
	if r.Title == "" {
		p.add(f.Name.line, "one line that says what the runbook finds out", "there is no title")
	}
	if r.Last == "" {
		r.Last = "4h"
	}
	if !lengthOfTime.MatchString(r.Last) {
		p.add(f.Last.line, "such as 30m, 4h, 7d or 2w", "last: %q is no length of time", r.Last)
	}
	if len(f.Ask) == 0 {
		p.add(f.Name.line, "ask:\n  - name: touched\n    document: touched", "it asks nothing")
	}
	if len(f.Assert) == 0 {
		p.add(f.Name.line, "assert:\n  - that: touched.total.calls == 0\n    message: somebody touched it", "it asserts nothing")
	}
	x := &compiler{p: p}
	var err error
	if x.shapes, err = newShapes(c.Schema); err == nil {
		x.env, err = newEnv(x.shapes)
	}
	if err != nil {
		p.add(1, "", "prepare CEL: %v", err)
		return nil, p.list
	}
	names := map[string]bool{"window": true}
	for i := range f.Parameters {
		r.parameter(&f.Parameters[i], names, x)
	}
	for i := range f.Ask {
		c.question(r, &f.Ask[i], names, x)
	}
	for i := range f.Assert {
		r.assertion(&f.Assert[i], x)
	}
	if len(p.list) > 0 {
		return nil, p.list
	}
	return r, nil
}

// name takes a name of a parameter or question.
func name(t text, what string, names map[string]bool, p *problems) bool {
	switch {
	case !valueName.MatchString(t.value):
		p.add(t.line, "a letter, then letters and digits", "name %q of a %s is none", t.value, what)
	case names[t.value]:
		p.add(t.line, "names of parameters and questions differ, and window is taken", "the name %q is taken", t.value)
	default:
		names[t.value] = true
		return true
	}
	return false
}

func (r *Runbook) parameter(f *parameter, names map[string]bool, c *compiler) {
	p := c.p
	if !name(f.Name, "parameter", names, p) {
		return
	}
	x := Parameter{Name: f.Name.value, Type: Type(f.Type.value), Required: f.Required, Description: f.Description.value}
	if x.Type == "" {
		x.Type = String
	}
	if x.Type.cel() == nil {
		p.add(f.Type.line, "one of "+strings.Join(typeNames, ", "), "parameter %s has the unknown type %q", x.Name, x.Type)
		x.Type = String
	} else if f.Default.Kind != 0 {
		var texts []string
		var err error
		if f.Default.Kind == yaml.SequenceNode && x.Type == Strings {
			err = f.Default.Decode(&texts)
		} else {
			texts = []string{f.Default.Value}
		}
		if err == nil {
			x.Default, err = x.Type.parse(texts)
		}
		if err != nil || f.Default.Kind != yaml.ScalarNode && x.Type != Strings {
			p.add(f.Default.Line, "its type is "+string(x.Type), "the default of parameter %s does not fit: %v", x.Name, err)
		}
		if f.Required {
			p.add(f.Name.line, "", "parameter %s is required and has a default", x.Name)
		}
	}
	if (x.Type == Time || x.Type == Duration) && !x.Required && x.Default == nil {
		p.add(f.Name.line, "required: true, or default: and a value", "parameter %s may be left out, and nothing says what it is then", x.Name)
	}
	r.Parameters = append(r.Parameters, x)
	c.declare(x.Name, x.Type.cel(), f.Name.line)
}

func (r *Runbook) assertion(f *assert, c *compiler) {
	p := c.p
	line := max(f.That.line, f.Message.line)
	var a assertion
	ok := true
	if a.message = f.Message.value; a.message == "" {
		p.add(line, "message: what was found where this is false", "an assertion has no message")
	}
	if a.that, ok = c.compile(f.That); ok && a.that.typ.Kind() != cel.BoolKind {
		p.add(f.That.line, "compare something, such as touched.total.calls == 0", "that: is of type %s, not bool", a.that.typ)
	}
	if f.List.line != 0 {
		if a.list, ok = c.compile(f.List); ok && !a.list.typ.IsAssignableType(cel.ListType(cel.StringType)) {
			p.add(f.List.line, "such as touched.identities.map(i, i.identity.id)", "list: is of type %s, not list(string)", a.list.typ)
		}
	}
	r.assertions = append(r.assertions, a)
}

// question checks one document against the schema, and its variables against
// the document.
func (c *Catalog) question(r *Runbook, f *ask, names map[string]bool, x *compiler) {
	p := x.p
	if !name(f.Name, "question", names, p) {
		return
	}
	typ := cel.DynType // of a document at fault, so that no more is found wrong than is
	defer func() { x.declare(f.Name.value, typ, f.Name.line) }()
	file, doc, ok := c.document(r, f, p)
	if !ok {
		return
	}
	where := func(err error) {
		var list gqlerror.List
		var one *gqlerror.Error
		if errors.As(err, &one) {
			list = gqlerror.List{one}
		}
		_ = errors.As(err, &list)
		for _, e := range list {
			line := 1
			if len(e.Locations) > 0 {
				line = e.Locations[0].Line
			}
			p.in(file, doc.line+line-1, "the schema is schema.graphqls, or /graphiql of a server", "question %s: %s", f.Name.value, e.Message)
		}
	}
	tree, err := parser.ParseQuery(&ast.Source{Name: file, Input: doc.value})
	if err != nil {
		where(err)
		return
	}
	if list := validator.ValidateWithRules(c.Schema, tree, nil); len(list) > 0 {
		where(list)
		return
	}
	if len(tree.Operations) != 1 || tree.Operations[0].Operation != ast.Query {
		p.in(file, doc.line, "", "question %s: the document is not one query", f.Name.value)
		return
	}
	op := tree.Operations[0]
	q := question{name: f.Name.value, document: doc.value, shape: x.shapes.object("answer:"+f.Name.value, op.SelectionSet)}
	typ = q.shape.cel
	for key, fields := range collect(op.SelectionSet) {
		if len(q.shape.fields) == 1 {
			q.field, typ = key, q.shape.fields[key].cel
		}
		if def := c.Schema.Types[fields[0].Definition.Type.Name()]; def != nil && def.Fields.ForName("coverage") != nil && !asksCoverage(fields) {
			p.in(file, doc.line+fields[0].Position.Line-1, "add coverage { complete reasons } to "+key, "question %s does not ask what its answer could not see, so missing data would read as clean", q.name)
		} else if def != nil && def.Fields.ForName("cursor") != nil && len(collect(fields[0].SelectionSet)["cursor"]) == 0 {
			p.in(file, doc.line+fields[0].Position.Line-1, "add cursor to "+key, "question %s does not ask whether its answer has more pages", q.name)
		}
	}
	m := &templater{x, c.Schema}
	q.variables = m.variables(&f.Variables, f.Name.line, op)
	r.questions = append(r.questions, q)
}

// asksCoverage reports whether coverage { complete reasons } is asked for, by
// these names.
func asksCoverage(fields []*ast.Field) bool {
	var below ast.SelectionSet
	for _, f := range fields {
		below = append(below, f.SelectionSet...)
	}
	for _, f := range collect(below)["coverage"] {
		got := collect(f.SelectionSet)
		if f.Name == "coverage" && len(got["complete"]) > 0 && len(got["reasons"]) > 0 {
			return true
		}
	}
	return false
}

// document finds the text of a question's document, its file and the line it
// begins on there.
func (c *Catalog) document(r *Runbook, f *ask, p *problems) (file string, doc text, ok bool) {
	said := 0
	for _, t := range []text{f.Document, f.File, f.Query} {
		if t.line != 0 {
			said++
		}
	}
	switch {
	case said != 1:
		p.add(f.Name.line, "document: NAME of one that ships, file: FILE.graphql, or query: | and the text", "question %s has not one document", f.Name.value)
		return "", text{}, false
	case f.Query.line != 0:
		return r.File, f.Query, true
	case f.Document.line != 0:
		t := c.Document(f.Document.value)
		if t == "" {
			p.add(f.Document.line, "blastradius QUESTION … --print-query shows them", "no document ships under the name %q", f.Document.value)
		}
		return f.Document.value + ".graphql", text{t, 1}, t != ""
	case c.ReadFile == nil:
		p.add(f.File.line, "write the document inline, as query", "a file cannot be read from here")
		return "", text{}, false
	}
	content, err := c.ReadFile(r.File, f.File.value)
	if err != nil {
		p.add(f.File.line, "the path starts at the folder of the runbook", "%v", err)
	}
	return f.File.value, text{string(content), 1}, err == nil
}

// Checked says in a few words what was checked.
func (r *Runbook) Checked() string {
	return fmt.Sprintf("%d questions, %d assertions", len(r.questions), len(r.assertions))
}
