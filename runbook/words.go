package runbook

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// words holds the words that an expression compares a field of a closed list
// with against that list: a misspelt one would never be equal, and a violated
// assertion read as clean.
func (s *shapes) words(tree *cel.Ast, t text, p *problems) {
	native := tree.NativeRep()
	say := func(e celast.Expr, word string, list []string) {
		at := native.SourceInfo().GetStartLocation(e.ID())
		p.add(t.line+at.Line()-1, "one of "+strings.Join(list, ", "), "%q is none of the words of that field", word)
	}
	one := func(e celast.Expr, list []string) {
		if word, ok := literal(e); ok && list != nil && !slices.Contains(list, word) {
			say(e, word, list)
		}
	}
	celast.PostOrderVisit(native.Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		if e.Kind() != celast.CallKind || len(e.AsCall().Args()) != 2 {
			return
		}
		a, b := e.AsCall().Args()[0], e.AsCall().Args()[1]
		switch e.AsCall().FunctionName() {
		case operators.Equals, operators.NotEquals:
			one(a, s.closed(native, b))
			one(b, s.closed(native, a))
		case operators.In:
			one(a, s.closed(native, b))
			if b.Kind() == celast.ListKind {
				for _, x := range b.AsList().Elements() {
					one(x, s.closed(native, a))
				}
			}
		}
	}))
}

// closed are the words that an expression may be, where it reads a field, or a
// list, of a closed list; else nil.
func (s *shapes) closed(tree *celast.AST, e celast.Expr) []string {
	if e.Kind() != celast.SelectKind {
		return nil
	}
	o := s.objects[tree.GetType(e.AsSelect().Operand().ID()).TypeName()]
	if o == nil {
		return nil
	}
	f := o.fields[e.AsSelect().FieldName()]
	for f != nil && f.item != nil {
		f = f.item
	}
	if f == nil {
		return nil
	}
	return f.words
}

func literal(e celast.Expr) (string, bool) {
	if e.Kind() != celast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}
