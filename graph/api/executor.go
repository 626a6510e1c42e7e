// Package api is GraphQL over explore. The resolvers only map: every question
// is answered by the function of its name in explore, and the answer's types
// are explore's own.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/vektah/gqlparser/v2/ast"
)

// Limits bound one request. A zero limit is that of DefaultLimits.
type Limits struct {
	Body       int64         // bytes of a request's body. Default: 1 MiB
	Tokens     int           // tokens of a query's text. Default: 10,000
	Depth      int           // levels of fields. Default: 20
	Complexity int           // sum over the fields: 100 for a question, 1 for any other. Default: 2,500
	Timeout    time.Duration // of answering, streams apart. Default: 30 s
	Streams    int           // open at a time. Default: 100
}

// DefaultLimits leave the named documents and introspection much room.
var DefaultLimits = Limits{Body: 1 << 20, Tokens: 10_000, Depth: 20, Complexity: 2_500, Timeout: 30 * time.Second, Streams: 100}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits
	if l.Body > 0 {
		d.Body = l.Body
	}
	if l.Tokens > 0 {
		d.Tokens = l.Tokens
	}
	if l.Depth > 0 {
		d.Depth = l.Depth
	}
	if l.Complexity > 0 {
		d.Complexity = l.Complexity
	}
	if l.Timeout > 0 {
		d.Timeout = l.Timeout
	}
	if l.Streams > 0 {
		d.Streams = l.Streams
	}
	return d
}

// Options say what a handler answers from.
type Options struct {
	// Explorer answers the questions.
	Explorer *explore.Explorer
	// Now is the clock that windows up to now are resolved by. Default:
	// time.Now.
	Now func() time.Time
	// Limits of one request. Default: DefaultLimits.
	Limits Limits
	// Poll is how often the watermark is looked at for those who subscribe to
	// updates. Default: 1 s.
	Poll time.Duration
	// Until ends all streams. Default: they end with their requests.
	Until context.Context
	// Panic is told of a panic, whose detail the client does not get.
	// Default: nobody is told.
	Panic func(value any, stack []byte)
}

func newExecutor(o Options) *executor.Executor {
	limits := o.Limits.withDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	exec := executor.New(NewExecutableSchema(Config{Resolvers: &resolver{o.Explorer, o.Now, o.Poll}}))
	exec.SetErrorPresenter(present)
	exec.SetRecoverFunc(func(_ context.Context, p any) error {
		if o.Panic != nil {
			o.Panic(p, debug.Stack())
		}
		return &graph.Error{Code: graph.CodeInternal, Message: "internal error", Hint: "the server's log tells more"}
	})
	exec.SetQueryCache(&documentCache{})
	exec.SetParserTokenLimit(limits.Tokens)
	exec.Use(shape{limits.Depth, limits.Complexity})
	return exec
}

// run answers one request that is no subscription. ok is false where the
// request itself is at fault and nothing was asked.
func run(ctx context.Context, exec *executor.Executor, params *graphql.RawParams) (res *graphql.Response, ok bool) {
	ok = answers(ctx, exec, params, false, func(r *graphql.Response) bool {
		res = r
		return false
	})
	return res, ok
}

// Execute answers a query in process, by the same executor and limits of shape
// as over HTTP; time is bounded by ctx. The data is the JSON of the response's
// data field; the first error of the response is returned with its code and
// hint, beside the data where there is some.
func Execute(ctx context.Context, o Options, query string, variables map[string]any) (json.RawMessage, error) {
	exec := newExecutor(o)
	// Variables go through JSON, as they do over HTTP.
	text, err := json.Marshal(variables)
	if err != nil {
		return nil, fmt.Errorf("encode variables: %w", err)
	}
	params := &graphql.RawParams{Query: query}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&params.Variables); err != nil {
		return nil, fmt.Errorf("encode variables: %w", err)
	}
	res, _ := run(ctx, exec, params)
	if len(res.Errors) > 0 {
		if string(res.Data) == "null" {
			res.Data = nil
		}
		return res.Data, asError(res.Errors[0])
	}
	return res.Data, nil
}

// Schema is the schema that queries are checked against.
func Schema() *ast.Schema { return NewExecutableSchema(Config{}).Schema() }
