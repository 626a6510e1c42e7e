package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// maxAnswer bounds what a server's answer may hold, 256 MiB.
const maxAnswer = 256 << 20

// remote asks a server over HTTP.
type remote struct {
	url   string // of the server, without /graphql
	token string
}

// newRemote checks the server's address. A token is only ever sent over TLS or
// to this machine.
func newRemote(server, token string) (*remote, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("server %q is no address", server),
			Hint: "such as https://blastradius.example.com or http://127.0.0.1:8420"}
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	if token != "" && u.Scheme != "https" && !loopback(net.JoinHostPort(u.Hostname(), port)) {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "a token is not sent without TLS to " + u.Host, Hint: "use https://"}
	}
	return &remote{strings.TrimSuffix(strings.TrimSuffix(u.String(), "/"), "/graphql"), token}, nil
}

// ask sends the query and returns the data. The first error of the answer comes
// back with the code and hint the server gave, beside the data where there is
// some.
func (r *remote) ask(ctx context.Context, query string, variables map[string]any) (json.RawMessage, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
	res, err := client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &graph.Error{Code: graph.CodeUnavailable, Message: "ask " + r.url, Err: err,
			Hint: "is the server running? blastradius serve starts one"}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeUnavailable, Message: "read answer of " + r.url, Err: err}
	}
	if len(text) > maxAnswer {
		return nil, &graph.Error{Code: graph.CodeTooComplex, Message: "the answer is larger than 256 MiB", Hint: "ask for a shorter window"}
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code, Hint string }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Data == nil && len(answer.Errors) == 0 {
		return nil, &graph.Error{Code: graph.CodeUnavailable, Message: fmt.Sprintf("%s answered %s, and no GraphQL", r.url, res.Status),
			Hint: "is this a blastradius server?"}
	}
	if len(answer.Errors) > 0 {
		e := answer.Errors[0]
		if e.Extensions.Code == "" {
			e.Extensions.Code = graph.CodeInternal
		}
		if string(answer.Data) == "null" {
			answer.Data = nil
		}
		return answer.Data, &graph.Error{Code: e.Extensions.Code, Message: e.Message, Hint: e.Extensions.Hint}
	}
	return answer.Data, nil
}
