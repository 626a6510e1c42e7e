package awsiam

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// parts are the lists of a dump, to be dealt out anew.
func parts(t testing.TB, texts ...string) map[string][]json.RawMessage {
	t.Helper()
	out := map[string][]json.RawMessage{}
	for _, text := range texts {
		var page map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatal(err)
		}
		for _, list := range []string{listUsers, listGroups, listRoles, listPolicies, listKeys} {
			var things []json.RawMessage
			if page[list] == nil {
				continue
			}
			if err := json.Unmarshal(page[list], &things); err != nil {
				t.Fatal(err)
			}
			out[list] = append(out[list], things...)
		}
	}
	return out
}

// deal writes the things into n pages at random, some twice, with their
// members in another order.
func deal(t testing.TB, rng *rand.Rand, lists map[string][]json.RawMessage, n int, head map[string]any) []string {
	t.Helper()
	pages := make([]map[string]any, n)
	for i := range pages {
		pages[i] = map[string]any{"IsTruncated": false}
		for k, v := range head {
			pages[i][k] = v
		}
		for list := range lists {
			pages[i][list] = []any{}
		}
	}
	for list, things := range lists {
		for _, x := range things {
			var sorted any
			if err := json.Unmarshal(x, &sorted); err != nil {
				t.Fatal(err)
			}
			for range 1 + rng.IntN(2) {
				p := pages[rng.IntN(n)]
				p[list] = append(p[list].([]any), sorted)
			}
		}
	}
	var out []string
	for _, p := range pages {
		for list := range lists {
			dealt := p[list].([]any)
			rng.Shuffle(len(dealt), func(i, j int) { dealt[i], dealt[j] = dealt[j], dealt[i] })
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}

// A dump whole, in pages, in files, shuffled and repeated is the same graph.
func TestOrder(t *testing.T) {
	whole, report := ingested(t, map[string]string{"a": detailed, "b": keyed})
	if len(report.Rejected) > 0 {
		t.Fatal(report.Rejected)
	}
	want := hashOf(t, whole)
	lists := parts(t, detailed, keyed)
	head := map[string]any{"Account": "111122223333", "FetchedAt": "2026-11-20T06:00:00Z"}
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 7))
		pages := deal(t, rng, lists, 1+rng.IntN(4), head)
		files := map[string]string{}
		switch seed % 3 {
		case 0: // a file a page
			for i, p := range pages {
				files[fmt.Sprint(i)] = p
			}
		case 1: // one after the other in a file
			files["all"] = strings.Join(pages, "\n")
		default: // an array of pages, twice
			files["all"] = "[" + strings.Join(pages, ",") + "]"
			files["again"] = "[" + strings.Join(pages, ", ") + "]"
		}
		s, report := ingested(t, files)
		if got := hashOf(t, s); got != want || len(report.Rejected) > 0 {
			t.Errorf("seed %d: another graph; rejected %v", seed, report.Rejected)
		}
	}
	for name, broken := range map[string]string{
		"a policy": strings.Replace(detailed, `"s3:*"`, `"s3:**"`, 1), "a time": strings.Replace(detailed, "06:00:00Z", "06:00:01Z", 1),
		"an attachment": strings.Replace(detailed, `:policy/limit"}],`, `:policy/other"}],`, 1), "a group": strings.Replace(detailed, `["admins"]`, `["others"]`, 1),
	} {
		if s, _ := ingested(t, map[string]string{"a": broken, "b": keyed}); hashOf(t, s) == want {
			t.Errorf("with %s changed the graph is the same", name)
		}
	}
}

// A streamed file reads as a whole one.
func TestStreamed(t *testing.T) {
	var whole, streamed sinkTo
	if err := (parser{}).Parse(context.Background(), &ingest.File{Name: "a", Data: []byte(detailed)}, whole.begin()); err != nil {
		t.Fatal(err)
	}
	if err := (parser{}).Parse(context.Background(), &ingest.File{Name: "a", Reader: io.MultiReader(strings.NewReader(detailed[:99]), strings.NewReader(detailed[99:]))}, streamed.begin()); err != nil {
		t.Fatal(err)
	}
	if a, b := whole.tell(), streamed.tell(); a != b || a == "" {
		t.Errorf("whole:\n%s\nstreamed:\n%s", a, b)
	}
}

// sinkTo is a sink in memory.
type sinkTo struct {
	b      *graph.Builder
	entry  graph.Source
	n      uint32
	reject []string
}

func (s *sinkTo) begin() *sinkTo { s.b = graph.NewBuilder(); return s }
func (s *sinkTo) Next() (*graph.Builder, graph.Ref) {
	s.n++
	return s.b, graph.Ref{Record: s.n - 1}
}
func (s *sinkTo) Seen(graph.Time, string) {}
func (s *sinkTo) Reject(err error)        { s.reject = append(s.reject, err.Error()) }
func (s *sinkTo) Skip(string)             {}
func (s *sinkTo) Source() *graph.Source   { return &s.entry }
func (s *sinkTo) tell() string {
	b := s.b.Batch()
	text, _ := json.Marshal([]any{b.Nodes, b.Labels, b.Standing, s.reject, s.n, s.entry.Kind})
	return string(text)
}

// Any bytes: no panic, the same each time, whole or not recognised; what is
// written is never the secret.
func FuzzParse(f *testing.F) {
	for _, s := range []string{detailed, keyed, reportCSV, detailed[:900], `{"Content": "` + encode(reportCSV) + `"}`, "[" + keyed + "," + keyed + "]", `{"UserDetailList":[{}]}`,
		`{"Policies":[{"PolicyVersionList":[{"Document":"%7B"}]}]}`, `{"RoleDetailList":[{"Arn":"arn:aws:iam::1:role/x","CreateDate":1,"AssumeRolePolicyDocument":{"Statement":[{"Principal":{"AWS":[1,null,"*"]}},3]}}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var told [2]string
		for i := range told {
			var s sinkTo
			err := (parser{}).Parse(context.Background(), &ingest.File{Name: "x", Data: bytes.Clone(b)}, s.begin())
			told[i] = fmt.Sprint(s.tell(), err)
		}
		if told[0] != told[1] {
			t.Errorf("read twice: %s\n%s", told[0], told[1])
		}
		New().Recognise("x", b)
	})
}
