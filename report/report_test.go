package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/blastradius/blastradius/graph/pebble"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/awsiam"
	"github.com/blastradius/blastradius/ingest/cloudtrail"
	"github.com/blastradius/blastradius/ingest/feed"
	"github.com/blastradius/blastradius/testdata"
)

// world answers from the demo world.
func world(t *testing.T) Options {
	t.Helper()
	st, err := pebble.Open(t.TempDir(), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	files := feed.Concat(feed.FS(testdata.World, "world/cloudtrail", "demo:"), feed.FS(testdata.World, "world/iam", "demo:"))
	formats := []ingest.Format{cloudtrail.New(cloudtrail.Options{}), awsiam.New()}
	if _, err := ingest.Run(t.Context(), st, files, formats, ingest.Options{}); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return testdata.Now }
	o := api.Options{Explorer: explore.New(st, explore.Options{}), Now: now}
	return Options{Resource: testdata.FailedResource, At: graph.TimeOf(testdata.FailureBegins), LookBack: 4 * time.Hour, To: graph.TimeOf(testdata.Now),
		Engine: "test", Now: now, Document: api.Document,
		Ask: func(ctx context.Context, q string, vars map[string]any) (json.RawMessage, error) {
			return api.Execute(ctx, o, q, vars)
		}}
}

// TestWorld holds that the report of the demo world tells its story: the agent,
// the deletion, the chain to the engineer, who was hit, and the gap.
func TestWorld(t *testing.T) {
	o := world(t)
	r, err := Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	first := r.Suspects.Candidates[0]
	if !first.Named || first.Identity != testdata.DeployRole || !strings.Contains(string(first.Agent), testdata.AgentTool) {
		t.Errorf("the first suspect is %s as %s through %q", first.Actor, first.Identity, first.Agent)
	}
	if !slices.ContainsFunc(r.Access.Chain, func(h Hop) bool { return h.From == graph.ID("aws:key:"+testdata.EngineerKey) }) {
		t.Errorf("the chain does not lead over the engineer's key: %v", r.Access.Chain)
	}
	if !slices.ContainsFunc(r.Access.Rights, func(s Standing) bool {
		return s.Kind == "GRANTED_BY" && strings.HasSuffix(string(s.To), "/AdministratorAccess")
	}) {
		t.Errorf("the grant of the suspect's role is not listed: %v", r.Access.Rights)
	}
	deleted := slices.IndexFunc(r.Timeline.Entries, func(e Entry) bool { return e.Action == "dynamodb:DeleteTable" })
	failed := slices.IndexFunc(r.Timeline.Entries, func(e Entry) bool { return e.Action == "dynamodb:PutItem" && e.Outcome == graph.Failed })
	if deleted < 0 || failed < deleted || r.Timeline.Entries[deleted].At != graph.TimeOf(testdata.TableDeleted) || len(r.Timeline.Entries[deleted].Evidence) == 0 {
		t.Errorf("the timeline has the deletion at %d and the failure at %d", deleted, failed)
	}
	hit := func(r *Reach, part, certainty string) bool {
		return slices.ContainsFunc(r.Nodes, func(n Reached) bool { return strings.Contains(string(n.ID), part) && n.Certainty == certainty })
	}
	if !hit(r.Failure, ":function:invoice-writer", "DEFINITE") || !hit(r.Compromise, "table/billing-ledger", "DEFINITE") || !hit(r.Compromise, testdata.ExportBucket, "DEFINITE") {
		t.Error("the reach lacks something")
	}
	if since := r.Compromise.Since.String(); since != testdata.DeployBegan {
		t.Errorf("the compromise begins at %s", since)
	}
	if !slices.ContainsFunc(r.Unknown, func(u string) bool { return strings.HasPrefix(u, "LOGGING_STOPPED") }) || r.Severity.Grade != "HIGH" {
		t.Errorf("severity %s, unknown %q", r.Severity.Grade, r.Unknown)
	}
	// Its queries, asked again, give the same report.
	for _, q := range r.Queries {
		if _, err := o.Ask(t.Context(), q.Query, q.Variables); err != nil {
			t.Errorf("query %s: %v", q.Name, err)
		}
	}
	again, err := Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, again); diff != "" {
		t.Errorf("asked again, it differs:\n%s", diff)
	}
	fits(t, r)
}

// TestNobody holds that a report names nobody where nobody left its habits.
func TestNobody(t *testing.T) {
	o := world(t)
	o.At, o.To = graph.TimeOf(testdata.Now.Add(-4*time.Hour)), graph.TimeOf(testdata.Now.Add(-3*time.Hour))
	o.Resource = "arn:aws:s3:::halden-artifacts"
	r, err := Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Suspects.Verdict != "NOBODY" || r.Compromise != nil || r.Severity.Grade == "HIGH" || len(r.Containment.Cut) > 0 {
		t.Errorf("verdict %s, severity %s, cut %v", r.Suspects.Verdict, r.Severity.Grade, r.Containment.Cut)
	}
	fits(t, r)
	o.Resource = "arn:aws:s3:::never-seen"
	if _, err := Build(t.Context(), o); graph.Code(err) != graph.CodeNotFound {
		t.Errorf("a thing that the data does not know: %v", err)
	}
	o.To = o.At
	if _, err := Build(t.Context(), o); graph.Code(err) != graph.CodeInvalid {
		t.Errorf("a window that is empty: %v", err)
	}
}

// fits holds the JSON of a report against the published schema.
func fits(t *testing.T, r *Report) {
	t.Helper()
	read := func(text []byte) any {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	text, err := os.ReadFile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", read(text)); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	if text, err = json.Marshal(r); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(read(text)); err != nil {
		t.Error(err)
	}
}

// hostile is what an attacker may call a thing.
const hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>![x](https://evil.example/x)[l](javascript:alert(1)) www.evil.example @team `c` *b* | c |\n# h\r\n- i\x1b[2J\u202egpj\u200b&lt;{{.}}\xff"

// fill puts the text into every text of a value, and one item into every list.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]any{text: []string{text}}))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	}
}

// TestHostile holds that text of the data, whatever it is, changes nothing of the
// structure of a report: no tag, no attribute, no line, no markup.
func TestHostile(t *testing.T) {
	render := func(text string) (html, markdown string) {
		r := &Report{}
		fill(reflect.ValueOf(r).Elem(), text)
		var h, m bytes.Buffer
		if err := r.HTML(&h); err != nil {
			t.Fatal(err)
		}
		if err := r.Markdown(&m); err != nil {
			t.Fatal(err)
		}
		return h.String(), m.String()
	}
	html, markdown := render(hostile)
	plainHTML, plainMarkdown := render("x")
	tags := regexp.MustCompile(`<[^>]*>`)
	if diff := cmp.Diff(tags.FindAllString(plainHTML, -1), tags.FindAllString(html, -1)); diff != "" {
		t.Errorf("the tags differ:\n%s", diff)
	}
	shape := func(s string) string {
		var b strings.Builder
		for line := range strings.Lines(s) {
			escaped := false
			for i, r := range strings.TrimSuffix(line, "\n") {
				switch {
				case escaped:
					escaped = false
				case r == '\\':
					escaped = true
				case strings.ContainsRune("`*_[]<>|~&@$", r), r == '#' && i == 0:
					b.WriteRune(r)
				}
			}
			b.WriteByte('\n')
		}
		return b.String()
	}
	if diff := cmp.Diff(shape(plainMarkdown), shape(markdown)); diff != "" {
		t.Errorf("the markup differs:\n%s", diff)
	}
	for name, text := range map[string]string{"html": html, "markdown": markdown} {
		for _, bad := range []string{"\x1b", "\u202e", "\u200b", "\r", "\xff"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
		if !strings.Contains(text, "alert(1)") {
			t.Errorf("%s does not hold the text at all", name)
		}
	}
	for _, bad := range []string{"://evil", "www.evil"} {
		if strings.Contains(markdown, bad) {
			t.Errorf("markdown makes a link of %s", bad)
		}
	}
	for _, outside := range []string{"src=", "href=", "url(", "@import"} {
		if strings.Contains(strings.ReplaceAll(plainHTML, fmt.Sprint("default-", "src"), ""), outside) {
			t.Errorf("the page loads something: %s", outside)
		}
	}
}
