package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/testdata"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is the demo world in memory, read once.
var world = sync.OnceValues(func() (*storetest.Model, error) {
	st := storetest.NewModel()
	_, err := ingest.Run(context.Background(), st, feed.FS(testdata.World, "world/cloudtrail", "demo:"),
		[]ingest.Format{cloudtrail.New(cloudtrail.Options{})}, ingest.Options{})
	return st, err
})

func worldOptions(t *testing.T) Options {
	t.Helper()
	st, err := world()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Explorer: explore.New(st, explore.Options{}), Now: func() time.Time { return testdata.Now }}
}

type response struct {
	status int
	header http.Header
	text   string
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Path       []any
		Extensions struct{ Code, Hint string }
	}
}

func (r *response) code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Extensions.Code
}

func send(t *testing.T, o Options, req *http.Request) *response {
	t.Helper()
	srv := httptest.NewServer(NewHandler(o))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Scheme, req.URL.Host = u.Scheme, u.Host
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := &response{status: res.StatusCode, header: res.Header, text: string(text)}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, text)
	}
	return out
}

func post(t *testing.T, o Options, query string, variables map[string]any) *response {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest("POST", "http://x/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return send(t, o, req)
}

var worldQuestion = map[string]any{"resources": []string{testdata.FailedResource}, "window": map[string]any{"last": "4h"}}

// One document, one answer: by POST, by GET and in process.
func TestOneAnswer(t *testing.T) {
	o := worldOptions(t)
	viaPost := post(t, o, Document("touched"), worldQuestion)
	if viaPost.status != 200 || len(viaPost.Errors) > 0 {
		t.Fatal(viaPost.status, viaPost.text)
	}
	vars, err := json.Marshal(worldQuestion)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest("GET", "http://x/?"+url.Values{"query": {Document("touched")}, "variables": {string(vars)}}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	viaGet := send(t, o, req)
	inProcess, err := Execute(context.Background(), o, Document("touched"), worldQuestion)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(viaPost.Data, viaGet.Data) || !bytes.Equal(viaPost.Data, inProcess) {
		t.Error("the three ways of asking differ")
	}
	var a struct {
		Touched struct {
			Total      explore.Total
			Identities []json.RawMessage
			Window     graph.Window
		}
	}
	if err := json.Unmarshal(inProcess, &a); err != nil {
		t.Fatal(err)
	}
	want := graph.Window{From: graph.TimeOf(testdata.Now.Add(-4 * time.Hour)), To: graph.TimeOf(testdata.Now)}
	if a.Touched.Total.Calls == 0 || len(a.Touched.Identities) != a.Touched.Total.Identities || a.Touched.Window != want {
		t.Errorf("%+v", a.Touched)
	}
}

// Every named document answers on the world without an error.
func TestEveryDocumentAnswers(t *testing.T) {
	o := worldOptions(t)
	var search struct{ Timeline explore.Timeline }
	data, err := Execute(context.Background(), o, Document("timeline"), map[string]any{"window": map[string]any{"last": "6h"}, "first": 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &search); err != nil || len(search.Timeline.Calls) != 1 {
		t.Fatal(err, len(search.Timeline.Calls))
	}
	small := map[string]any{"of": []string{testdata.FailedResource}, "who": "ALL", "nodes": 20}
	var drawn struct{ Picture explore.Picture }
	if data, err = Execute(context.Background(), o, Document("picture"), small); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &drawn); err != nil || len(drawn.Picture.Groups) == 0 {
		t.Fatal(err, len(drawn.Picture.Groups))
	}
	group := maps.Clone(small)
	group["group"] = drawn.Picture.Groups[0].ID
	vars := map[string]map[string]any{
		"touched":     worldQuestion,
		"workflow":    {"of": []string{testdata.FailedResource}},
		"picture":     small,
		"members":     group,
		"activity":    {"of": []string{testdata.DeployRole}},
		"chain":       {"of": []string{testdata.DeployKey}},
		"search":      {"text": "billing"},
		"node":        {"id": testdata.DeployRole},
		"neighbours":  {"id": testdata.DeployRole},
		"event":       {"id": search.Timeline.Calls[0].Evidence[0]},
		"reach":       {"from": []string{testdata.EngineerKey}},
		"containment": {"cut": []string{testdata.EngineerKey}},
		"suspects":    {"resource": testdata.FailedResource},
	}
	for _, name := range DocumentNames() {
		data, err := Execute(context.Background(), o, Document(name), vars[name])
		if name == "event" && graph.Code(err) == graph.CodeSourceUnreachable {
			err = nil // no reader is wired here; the rest of the answer is there
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(data, &fields); err != nil || len(fields[name]) < 2 || string(fields[name]) == "null" {
			t.Errorf("%s: %s", name, data)
		}
	}
}

func TestErrorsAreTyped(t *testing.T) {
	o := worldOptions(t)
	deep := "{ type " + strings.Repeat("{ ofType ", 25) + "{ name }" + strings.Repeat(" }", 25) + " }"
	for name, c := range map[string]struct {
		query string
		vars  map[string]any
		want  string
	}{
		"syntax":        {"query {", nil, graph.CodeInvalid},
		"no field":      {"{ nonsense }", nil, graph.CodeInvalid},
		"missing var":   {Document("touched"), nil, graph.CodeInvalid},
		"wrong enum":    {Document("touched"), map[string]any{"resources": []string{"x"}, "who": "EVERYBODY"}, graph.CodeInvalid},
		"wrong type":    {Document("touched"), map[string]any{"resources": map[string]any{"a": 1}}, graph.CodeInvalid},
		"bad time":      {Document("failures"), map[string]any{"window": map[string]any{"from": "yesterday"}}, graph.CodeInvalid},
		"bad span":      {Document("failures"), map[string]any{"window": map[string]any{"last": "four hours"}}, graph.CodeInvalid},
		"two windows":   {Document("failures"), map[string]any{"window": map[string]any{"last": "4h", "to": "2026-11-22T00:00:00Z"}}, graph.CodeInvalid},
		"empty window":  {Document("failures"), map[string]any{"window": map[string]any{"from": "2026-11-22T02:00:00Z", "to": "2026-11-22T01:00:00Z"}}, graph.CodeInvalid},
		"negative asOf": {Document("failures"), map[string]any{"asOf": -1}, graph.CodeInvalid},
		"not found":     {Document("node"), map[string]any{"id": "arn:aws:iam::1:role/nobody"}, graph.CodeNotFound},
		"ambiguous":     {Document("node"), map[string]any{"id": "invoice-writer"}, graph.CodeAmbiguous},
		"mutation":      {"mutation { x }", nil, graph.CodeInvalid},
		"two unnamed":   {"query A { watermark } query B { watermark }", nil, graph.CodeInvalid},
		"too deep":      {"{ __schema { types { fields " + deep + " } } }", nil, graph.CodeTooComplex},
		"too many":      {manyQuestions(30), nil, graph.CodeTooComplex},
		"too long":      {"{ " + strings.Repeat("watermark ", 10_001) + "}", nil, graph.CodeTooComplex},
	} {
		r := post(t, o, c.query, c.vars)
		if r.code() != c.want || r.Errors[0].Message == "" {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
		if _, err := Execute(context.Background(), o, c.query, c.vars); graph.Code(err) != c.want {
			t.Errorf("%s in process: %v", name, err)
		}
	}
	if r := post(t, o, "{ nonsense }", nil); r.status != 400 || r.Errors[0].Extensions.Hint == "" {
		t.Error(r.status, r.text)
	}
	if r := post(t, o, Document("node"), map[string]any{"id": "arn:aws:iam::1:role/nobody"}); r.status != 200 || len(r.Errors[0].Path) == 0 {
		t.Error(r.status, r.text)
	}
}

func manyQuestions(n int) string {
	var b strings.Builder
	b.WriteString("{")
	for i := range n {
		fmt.Fprintf(&b, " q%d: watermark", i)
	}
	return b.String() + " }"
}

func TestRequestsAreBounded(t *testing.T) {
	o := worldOptions(t)
	for name, c := range map[string]struct {
		method, media, body string
		status              int
		code                string
	}{
		"too large":   {"POST", "application/json", `{"query":"` + strings.Repeat("x", 1<<20) + `"}`, 413, graph.CodeTooComplex},
		"no JSON":     {"POST", "application/json", "hello", 400, graph.CodeInvalid},
		"two values":  {"POST", "application/json", `{"query":"{watermark}"}{}`, 400, graph.CodeInvalid},
		"batch":       {"POST", "application/json", `[{"query":"{watermark}"}]`, 400, graph.CodeInvalid},
		"no query":    {"POST", "application/json", `{}`, 400, graph.CodeInvalid},
		"form":        {"POST", "application/x-www-form-urlencoded", "query={watermark}", 415, graph.CodeInvalid},
		"plain text":  {"POST", "text/plain", `{"query":"{watermark}"}`, 415, graph.CodeInvalid},
		"put":         {"PUT", "application/json", `{"query":"{watermark}"}`, 405, graph.CodeInvalid},
		"bare GET":    {"GET", "", "", 400, graph.CodeInvalid},
		"well formed": {"POST", "application/json", `{"query":"{watermark}"}`, 200, ""},
	} {
		req, err := http.NewRequest(c.method, "http://x/", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", c.media)
		r := send(t, o, req)
		if r.status != c.status || r.code() != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
		if strings.Contains(r.text, "hello") {
			t.Errorf("%s: the body is echoed: %s", name, r.text)
		}
	}
	o.Limits.Timeout = time.Nanosecond
	if r := post(t, o, Document("touched"), worldQuestion); r.code() != graph.CodeTimeout || r.Errors[0].Extensions.Hint == "" {
		t.Errorf("timeout: %s", r.text)
	}
}

// A query of forty fragments that double each time is refused at once.
func TestExplodingQuery(t *testing.T) {
	var b strings.Builder
	b.WriteString("{ __schema { types { ...f0 } } }\n")
	for i := range 40 {
		fmt.Fprintf(&b, "fragment f%d on __Type { p: ofType { ...f%d } q: ofType { ...f%d } }\n", i, i+1, i+1)
	}
	b.WriteString("fragment f40 on __Type { name }")
	start := time.Now()
	r := post(t, worldOptions(t), b.String(), nil)
	if r.code() != graph.CodeTooComplex || time.Since(start) > 2*time.Second {
		t.Errorf("%s in %v", r.text, time.Since(start))
	}
}

type panicStore struct{ graph.Store }

func (panicStore) Sources(context.Context) iter.Seq2[graph.Source, error] {
	panic("secret detail")
}

func TestPanicTellsNothing(t *testing.T) {
	var told string
	o := Options{Explorer: explore.New(panicStore{}, explore.Options{}), Panic: func(v any, stack []byte) { told = fmt.Sprint(v) + string(stack) }}
	r := post(t, o, "{ watermark }", nil)
	if r.code() != graph.CodeInternal || strings.Contains(r.text, "secret detail") {
		t.Error(r.text)
	}
	if !strings.Contains(told, "secret detail") || !strings.Contains(told, "api_test.go") {
		t.Errorf("the log is told %q", told)
	}
}

func TestIntrospection(t *testing.T) {
	r := post(t, worldOptions(t), introspectionQuery, nil)
	if r.status != 200 || len(r.Errors) > 0 || !strings.Contains(string(r.Data), `"TouchedIdentity"`) {
		t.Errorf("%d %.500s", r.status, r.text)
	}
}

// introspectionQuery is the one that GraphiQL and code generators send.
const introspectionQuery = `query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name }
 types { ...FullType } directives { name description locations args { ...InputValue } } } }
fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef }
 isDeprecated deprecationReason } inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description
 isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType
 { kind name ofType { kind name } } } } } } } }`
