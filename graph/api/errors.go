package api

import (
	"context"
	"errors"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/blastradius/blastradius/graph"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// present gives every error of an answer its code and hint. What GraphQL itself
// finds wrong with a query is INVALID.
func present(ctx context.Context, err error) *gqlerror.Error {
	var g *gqlerror.Error
	if !errors.As(err, &g) {
		g = gqlerror.WrapPath(graphql.GetPath(ctx), err)
	} else if g.Path == nil {
		g.Path = graphql.GetPath(ctx)
	}
	var e *graph.Error
	code, hint := "", ""
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		g.Message, code, hint = "the answer took longer than the limit", graph.CodeTimeout, "ask for a shorter window"
	case errors.Is(err, context.Canceled):
		g.Message, code = "the request was cancelled", graph.CodeTimeout
	case errors.As(err, &e):
		g.Message, code, hint = e.Error(), e.Code, e.Hint
	case strings.Contains(g.Message, "token limit"):
		code, hint = graph.CodeTooComplex, "ask fewer questions in one request"
	case g.Err == nil, g.Rule != "":
		code, hint = graph.CodeInvalid, "the schema is at /graphiql, or by introspection"
	default:
		code = graph.CodeInternal
	}
	g.Extensions = map[string]any{"code": code}
	if hint != "" {
		g.Extensions["hint"] = hint
	}
	return g
}

// asError is an error of an answer as one of ours.
func asError(g *gqlerror.Error) error {
	code, _ := g.Extensions["code"].(string)
	hint, _ := g.Extensions["hint"].(string)
	return &graph.Error{Code: code, Message: g.Message, Hint: hint}
}
