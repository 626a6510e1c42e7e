package api

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// evidenceFields are the fields of a call row that read evidence.
var evidenceFields = []string{"evidence", "evidenceTotal", "evidenceCursor"}

// selection is what a query selects of a field: what it does not, a question
// need not read.
type selection struct {
	op     *graphql.OperationContext
	fields []graphql.CollectedField
}

// selected is what the query selects of the named field of the field being
// resolved.
func selected(ctx context.Context, name string) selection {
	op := graphql.GetOperationContext(ctx)
	return selection{op, graphql.CollectFieldsCtx(ctx, nil)}.within(name)
}

// within is what is selected of the named field, under all its aliases.
func (s selection) within(name string) selection {
	out := selection{op: s.op}
	for _, f := range s.fields {
		if f.Name == name {
			out.fields = append(out.fields, graphql.CollectFields(s.op, f.Selections, nil)...)
		}
	}
	return out
}

// any reports whether one of the named fields is selected.
func (s selection) any(names ...string) bool {
	for _, f := range s.fields {
		for _, n := range names {
			if f.Name == n {
				return true
			}
		}
	}
	return false
}
