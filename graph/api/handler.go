package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/blastradius/blastradius/graph"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// handler is GraphQL over HTTP.
type handler struct {
	exec    *executor.Executor
	limits  Limits
	until   context.Context
	streams atomic.Int64 // that are open
}

// NewHandler answers GraphQL over HTTP: queries by POST (application/json) and
// by GET (query, variables, operationName). Errors carry extensions.code, one
// of graph's codes, and extensions.hint. The status is 200 for every answer, with
// errors or without, and 4xx where the request itself is at fault. Who accepts
// text/event-stream is answered by server-sent events, and may subscribe.
func NewHandler(o Options) http.Handler {
	if o.Until == nil {
		o.Until = context.Background()
	}
	return &handler{exec: newExecutor(o), limits: o.Limits.withDefaults(), until: o.Until}
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), h.limits.Timeout)
	defer cancel()
	params, status, err := h.params(w, r)
	if err != nil {
		write(w, r, status, &graphql.Response{Errors: gqlerror.List{present(ctx, err)}})
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		h.stream(w, r, params)
		return
	}
	res, ok := run(ctx, h.exec, params)
	status = http.StatusOK
	if !ok {
		status = http.StatusBadRequest
	}
	write(w, r, status, res)
}

// params reads what is asked; the status is that of the error.
func (h *handler) params(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, int, error) {
	invalid := func(status int, hint, format string, args ...any) (*graphql.RawParams, int, error) {
		return nil, status, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf(format, args...), Hint: hint}
	}
	const hint = `POST {"query": "…", "variables": {…}} as application/json, or GET with query and variables`
	params := &graphql.RawParams{Headers: r.Header}
	switch r.Method {
	case http.MethodGet:
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return invalid(http.StatusBadRequest, hint, "the address does not parse")
		}
		params.Query, params.OperationName = q.Get("query"), q.Get("operationName")
		if v := q.Get("variables"); v != "" {
			if err := decode(strings.NewReader(v), &params.Variables); err != nil {
				return invalid(http.StatusBadRequest, hint, "the variables are no JSON object")
			}
		}
	case http.MethodPost:
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return invalid(http.StatusUnsupportedMediaType, hint, "the request's Content-Type is not application/json")
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.limits.Body))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return nil, http.StatusRequestEntityTooLarge, &graph.Error{Code: graph.CodeTooComplex,
				Message: fmt.Sprintf("the request is larger than %d bytes", h.limits.Body)}
		} else if err != nil {
			return invalid(http.StatusBadRequest, "", "the request ended early")
		}
		if err := decode(bytes.NewReader(body), params); err != nil {
			return invalid(http.StatusBadRequest, hint, "the request's body is no JSON object of that kind")
		}
	default:
		w.Header().Set("Allow", "GET, POST")
		return invalid(http.StatusMethodNotAllowed, hint, "GraphQL is not asked by %s", r.Method)
	}
	if strings.TrimSpace(params.Query) == "" {
		return invalid(http.StatusBadRequest, hint, "the request holds no query")
	}
	return params, 0, nil
}

// decode reads one JSON value and nothing behind it.
func decode(r io.Reader, into any) error {
	dec := json.NewDecoder(r)
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

// write sends a response in the media type the client prefers.
func write(w http.ResponseWriter, r *http.Request, status int, res *graphql.Response) {
	media := "application/json"
	if strings.Contains(r.Header.Get("Accept"), "application/graphql-response+json") {
		media = "application/graphql-response+json"
	}
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	body, err := json.Marshal(res)
	if err != nil { // data is JSON already
		status, body = http.StatusInternalServerError, []byte(`{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
