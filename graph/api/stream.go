package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/blastradius/blastradius/graph"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// writeTimeout bounds the sending of one event to a client that does not read.
const writeTimeout = 10 * time.Second

// stream answers one operation by server-sent events, as GraphQL over SSE has
// it for a connection of its own: an event "next" for each answer, then
// "complete". All is written by the caller's goroutine, and nothing once stream
// has returned. It ends with the request, or when the server is told to end.
func (h *handler) stream(w http.ResponseWriter, r *http.Request, params *graphql.RawParams) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.until, cancel)()
	if n := h.streams.Add(1); n > int64(h.limits.Streams) {
		h.streams.Add(-1)
		write(w, r, http.StatusServiceUnavailable, &graphql.Response{Errors: gqlerror.List{present(ctx, &graph.Error{
			Code: graph.CodeUnavailable, Message: "too many streams are open", Hint: "close some, or try again later"})}})
		return
	}
	defer h.streams.Add(-1)

	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // those of the server are for requests that end
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies hand on each event at once
	send := func(event string, data []byte) bool {
		_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
		text := append([]byte("event: "+event+"\ndata: "), data...)
		_, err := w.Write(append(text, "\n\n"...))
		return err == nil && rc.Flush() == nil
	}
	answers(ctx, h.exec, params, true, func(res *graphql.Response) bool {
		body, err := json.Marshal(res)
		if err != nil { // data is JSON already
			return false
		}
		return send("next", bytes.TrimSpace(body))
	})
	if r.Context().Err() == nil {
		send("complete", nil)
	}
}

// answers runs an operation and hands on its response, or, of a subscription,
// each of them until there are no more or hand says stop. ok is false where the
// request itself is at fault and nothing was asked.
func answers(ctx context.Context, exec *executor.Executor, params *graphql.RawParams, subscriptions bool, hand func(*graphql.Response) bool) (ok bool) {
	defer func() { // the executor recovers what resolvers panic with; this is the rest
		if p := recover(); p != nil {
			hand(&graphql.Response{Errors: gqlerror.List{present(ctx, exec.PresentRecoveredError(ctx, p))}})
			ok = true
		}
	}()
	ctx = graphql.StartOperationTrace(ctx)
	op, errs := exec.CreateOperationContext(ctx, params)
	subscribes := errs == nil && op.Operation.Operation == ast.Subscription
	if subscribes && !subscriptions {
		errs = gqlerror.List{gqlerror.Wrap(&graph.Error{Code: graph.CodeInvalid, Message: "a subscription answers by server-sent events",
			Hint: "send Accept: text/event-stream"})}
	}
	if errs != nil {
		hand(exec.DispatchError(graphql.WithOperationContext(ctx, op), errs))
		return false
	}
	respond, ctx := exec.DispatchOperation(ctx, op)
	for {
		res := respond(ctx)
		if res == nil || !hand(res) || !subscribes {
			return true
		}
	}
}
