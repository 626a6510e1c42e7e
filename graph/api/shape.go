package api

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/blastradius/blastradius/graph"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// questionCost is what a question weighs against any other field: it walks the
// store, the others read what it found.
const questionCost = 100

// shape bounds depth and complexity of an operation before it runs. Each
// fragment is measured once, so that fragments that name each other many times
// over cost no time here.
type shape struct{ depth, complexity int }

func (shape) ExtensionName() string { return "Shape" }

func (shape) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext refuses an operation that passes a limit, and lets
// introspection through like any other.
func (s shape) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.DisableIntrospection = false
	m := measure{fragments: map[string]size{}}
	got := m.set(op.Operation.SelectionSet, true)
	var e *graph.Error
	switch {
	case got.depth > s.depth:
		e = &graph.Error{Code: graph.CodeTooComplex, Message: fmt.Sprintf("the query is %d levels deep, the limit is %d", got.depth, s.depth)}
	case got.cost > s.complexity:
		e = &graph.Error{Code: graph.CodeTooComplex, Message: fmt.Sprintf("the query has complexity %d, the limit is %d", got.cost, s.complexity),
			Hint: "ask fewer questions in one request"}
	default:
		return nil
	}
	return gqlerror.Wrap(e)
}

type size struct{ depth, cost int }

type measure struct{ fragments map[string]size }

// set measures a selection set; top says that its fields are questions.
// Validation has refused fragments that contain themselves.
func (m measure) set(set ast.SelectionSet, top bool) (total size) {
	for _, sel := range set {
		var s size
		switch sel := sel.(type) {
		case *ast.Field:
			s = m.set(sel.SelectionSet, false)
			s.depth++
			s.cost = sum(s.cost, 1)
			if top && !strings.HasPrefix(sel.Name, "__") {
				s.cost = sum(s.cost, questionCost-1)
			}
		case *ast.InlineFragment:
			s = m.set(sel.SelectionSet, top)
		case *ast.FragmentSpread:
			key := fmt.Sprint(top, sel.Name)
			known, ok := m.fragments[key]
			if !ok {
				known = m.set(sel.Definition.SelectionSet, top)
				m.fragments[key] = known
			}
			s = known
		}
		total.depth = max(total.depth, s.depth)
		total.cost = sum(total.cost, s.cost)
	}
	return total
}

// sum adds without overflow.
func sum(a, b int) int {
	if a > math.MaxInt32-b {
		return math.MaxInt32
	}
	return a + b
}
