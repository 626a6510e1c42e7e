package cloudtrail

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
)

// lines are the records of texts, one a line each.
func lines(t testing.TB, texts map[string][]byte) [][]byte {
	t.Helper()
	var out [][]byte
	names := make([]string, 0, len(texts))
	for n := range texts {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		err := records(context.Background(), &ingest.File{Name: n, Data: texts[n]}, func(r *Record, err error) bool {
			var line bytes.Buffer
			if err == nil && json.Compact(&line, r.Raw) == nil {
				out = append(out, line.Bytes())
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func invictus(t testing.TB) [][]byte {
	return lines(t, files(t, capture(t, "invictus-aws-stratus-2023"), ".json"))
}

func edgesOf(t testing.TB, s graph.Store, kinds ...graph.EdgeKind) []graph.Edge {
	t.Helper()
	var out []graph.Edge
	for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Kinds: kinds, Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func TestInvictus(t *testing.T) {
	s, m := ingested(t, New(Options{}).Parser(), 0, bytes.Join(invictus(t), []byte("\n")))
	if len(m.rejects) != 0 || len(m.skips) != 0 || m.records != 2900 || m.calls != 2900 {
		t.Errorf("%d records, %d with calls, rejected %v, skipped %v", m.records, m.calls, m.rejects, m.skips)
	}
	calls := map[uint64]bool{}
	for _, e := range edgesOf(t, s, graph.Called) {
		for _, o := range e.Observations {
			calls[o.CallKey] = true
		}
	}
	if len(calls) != 2900 {
		t.Errorf("%d distinct calls, want 2900", len(calls))
	}

	issued := map[[2]graph.ID]graph.Join{}
	incoming := map[graph.ID][]graph.Edge{}
	for _, e := range edgesOf(t, s, graph.Issued) {
		if j := issued[[2]graph.ID{e.From, e.To}]; j == 0 || e.Label.Join < j {
			issued[[2]graph.ID{e.From, e.To}] = e.Label.Join
		}
		incoming[e.To] = append(incoming[e.To], e)
	}

	t.Run("chains", func(t *testing.T) {
		var answers struct {
			Chains []struct {
				Issuer, Key, Role string
				IssuerKey         string `json:"issuer_key"`
				IssuerType        string `json:"issuer_type"`
				Minted            string `json:"minted_at"`
				ByEvent           string `json:"by_event"`
				EventID           string
				Uses              int
			}
		}
		text, err := os.ReadFile(filepath.Join(capture(t, "answers"), "invictus.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &answers); err != nil {
			t.Fatal(err)
		}
		used := 0
		for _, c := range answers.Chains {
			if c.Uses > 0 && c.ByEvent == "AssumeRole" {
				used++
			}
			from := graph.ID("aws:key:" + c.IssuerKey)
			if c.IssuerKey == "" {
				from = graph.ID("aws:service:" + c.Issuer)
			}
			if c.ByEvent != "AssumeRole" && c.ByEvent != "CreateAccessKey" {
				continue
			}
			if got := issued[[2]graph.ID{from, graph.ID("aws:key:" + c.Key)}]; got != graph.KeyJoin {
				t.Errorf("%s ISSUED %s by %v, want key_join", from, c.Key, got)
			}
		}
		if used != 8 {
			t.Errorf("%d used chains, want 8", used)
		}
	})

	t.Run("launches", func(t *testing.T) {
		both := 0
		for key, edges := range incoming {
			for _, e := range edges {
				if e.Label.Join == graph.RequestJoin && strings.HasPrefix(string(key), "aws:key:") && len(incoming[e.From]) > 0 {
					both++
				}
			}
		}
		if both != 4 { // two launches, two keys each
			t.Errorf("%d keys join to a launch, want 4", both)
		}
	})

	t.Run("created keys and passwords", func(t *testing.T) {
		keys, passwords := 0, 0
		for to, edges := range incoming {
			switch {
			case strings.HasPrefix(string(to), "aws:key:AKIA"):
				keys += len(edges)
			case strings.HasPrefix(string(to), "aws:password:"):
				passwords += len(edges)
			}
		}
		held := 0
		for _, e := range edgesOf(t, s, graph.Holds) {
			if strings.HasPrefix(string(e.To), "aws:password:") && len(e.Marks) > 0 && e.Marks[0].Kind == graph.Began {
				held++
			}
		}
		if keys != 2 || passwords != 2 || held != 2 {
			t.Errorf("%d keys and %d passwords issued, %d passwords held from a beginning; want 2 each", keys, passwords, held)
		}
	})

	t.Run("forwarded keys show no console", func(t *testing.T) {
		console := map[graph.ID]bool{}
		for n, err := range s.Nodes(context.Background(), graph.Selector{}) {
			if err != nil {
				t.Fatal(err)
			}
			console[n.ID] = n.Attrs.Value(attrConsole) == "true"
		}
		holder := map[graph.ID]graph.ID{}
		for _, e := range edgesOf(t, s, graph.Holds) {
			if strings.HasPrefix(string(e.From), "aws:session:AIDA") {
				holder[e.To] = e.From
			}
		}
		keys, events := map[graph.ID]bool{}, map[uint64]bool{}
		for _, e := range edgesOf(t, s, graph.Called) {
			if h := holder[e.From]; h != "" && !console[h] {
				keys[e.From] = true
				for _, o := range e.Observations {
					events[o.CallKey] = true
				}
			}
		}
		if len(keys) != 73 || len(events) != 240 {
			t.Errorf("%d keys with %d events lack console evidence, want 73 and 240", len(keys), len(events))
		}
		for k := range keys {
			if !slices.ContainsFunc(incoming[k], func(e graph.Edge) bool { return e.Label.Join == graph.ForwardedAccess }) {
				t.Errorf("%s is not shown to be forwarded", k)
			}
		}
	})
}

func TestTrailDiscover(t *testing.T) {
	texts := files(t, capture(t, "traildiscover-log-examples"), ".json")
	_, m := ingested(t, New(Options{}).Parser(), 0, bytes.Join(lines(t, texts), []byte("\n")))
	skipped := 0
	for _, n := range m.skips {
		skipped += n
	}
	if m.records != 563 || len(m.rejects) != 0 || m.calls+skipped != 563 || skipped > 1 {
		t.Errorf("%d records, %d with calls, skipped %v, rejected %v", m.records, m.calls, m.skips, m.rejects)
	}
}

// Any order of the records, in any split into batches, gives the same graph,
// and so does an emitter that remembers nothing.
func TestOrderIsFree(t *testing.T) {
	all := invictus(t)
	all = append(all, lines(t, files(t, capture(t, "traildiscover-log-examples"), ".json"))...)
	for _, c := range slices.Concat(tableRecords()...) {
		all = append(all, []byte(c))
	}
	hash := func(p ingest.Parser, every int, lines [][]byte) string {
		s, _ := ingested(t, p, every, bytes.Join(lines, []byte("\n")))
		h, err := storetest.Hash(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	naive := &parser{e: newEmitter(Options{})}
	naive.e.forget = true
	want := hash(naive, 0, all)
	p := New(Options{}).Parser() // one for all rounds: what it remembers must not show
	for i := range 20 {
		rng := rand.New(rand.NewPCG(uint64(i), 20))
		shuffled := slices.Clone(all)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		every := []int{0, 1, 7, 100, 1000}[i%5]
		if every == 1 {
			shuffled = append(shuffled, shuffled[:500]...) // and some twice
		}
		if got := hash(p, every, shuffled); got != want {
			t.Fatalf("round %d, batches of %d: %s, want %s", i, every, got, want)
		}
	}
}

// tableRecords are the records of a few cases, with ids of their own.
func tableRecords() [][]string {
	var out [][]string
	for i, r := range []string{
		ann + "," + assume, deploy + "," + describe + `,"userAgent":"aws-cli/2.35.30 m/AN,b sid/0a1b2c3d4e5f"`,
		annASIA + "," + describe + `,"sessionCredentialFromConsole":"true"`,
		deploy + `,"eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","eventTime":"2026-11-22T11:00:00Z","addendum":{"reason":"UPDATED_DATA","originalEventID":"t1"}`,
		`"sharedEventID":"s9",` + deploy + `,"eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","eventTime":"2026-11-22T12:30:00Z"`,
	} {
		out = append(out, []string{wholeRecord(i, fmt.Sprintf(`"eventID":"t%d",`, i)+r)})
	}
	return out
}

// No secret value stands anywhere in the graph. The captures were copied with
// theirs removed, so a secret of our own is planted wherever one was.
func TestNoSecretInGraph(t *testing.T) {
	all := append(invictus(t), lines(t, files(t, capture(t, "traildiscover-log-examples"), ".json"))...)
	planted := 0
	plant := regexp.MustCompile(`"(sessionToken|secretAccessKey|[A-Za-z]*[pP]assword|[tT]okenValue|code)":"[^"]*"`)
	for i, line := range all {
		all[i] = plant.ReplaceAllFunc(line, func(m []byte) []byte {
			planted++
			key, _, _ := bytes.Cut(m, []byte(":"))
			return fmt.Appendf(nil, `%s:"planted-%04d"`, key, planted)
		})
	}
	for i, members := range []string{
		ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreateLoginProfile","requestParameters":{"userName":"bob","password":"planted-a"},"responseElements":{"loginProfile":{"userName":"bob","password":"planted-b"}}`,
		ann + `,"eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey","responseElements":{"accessKey":{"accessKeyId":"AKIABOB","userName":"bob","secretAccessKey":"planted-c"}}`,
		deploy + `,"eventSource":"signin.amazonaws.com","eventName":"CreateOAuth2Token","requestParameters":{"client_id":"c","code":"planted-d","refresh_token":"planted-e","code_verifier":"planted-f"},"responseElements":{"access_token":"planted-g"}`,
		ann + `,"eventSource":"iam.amazonaws.com","eventName":"PutUserPolicy","requestParameters":{"userName":"bob","policyDocument":"{\"Statement\":[],\"password\":\"planted-h\"}"}`,
	} {
		all = append(all, []byte(wholeRecord(i, members)))
		planted++
	}
	if planted < 40 {
		t.Fatalf("only %d secrets planted", planted)
	}
	s, _ := ingested(t, New(Options{Objects: true}).Parser(), 0, bytes.Join(all, []byte("\n")))
	var held strings.Builder
	for n, err := range s.Nodes(context.Background(), graph.Selector{}) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&held, n.ID, n.Type, n.Attrs)
	}
	for _, e := range edgesOf(t, s) {
		fmt.Fprintln(&held, e)
	}
	text := held.String()
	if i := strings.Index(text, "planted-"); i >= 0 {
		t.Fatalf("the graph holds a planted secret: …%s", text[max(0, i-60):min(len(text), i+20)])
	}
}

// What is remembered between records changes nothing at all, not even the
// sources: the same batches come out, row by row.
func TestForgetful(t *testing.T) {
	all := append(invictus(t), lines(t, files(t, capture(t, "traildiscover-log-examples"), ".json"))...)
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	text := bytes.Join(append(all, all[:300]...), []byte("\n"))
	for _, every := range []int{0, 50} {
		var out [2][]*graph.Batch
		for i := range out {
			p := &parser{newEmitter(Options{}), newHabits(newIdentities())}
			if p.e.forget = i == 1; p.e.forget {
				p.habits = nil
			}
			_, m := ingested(t, p, every, text)
			out[i] = m.batches
		}
		for i := range out[0] {
			if a, b := fmt.Sprintf("%+v", out[0][i]), fmt.Sprintf("%+v", out[1][i]); a != b {
				n := 0
				for n < min(len(a), len(b)) && a[n] == b[n] {
					n++
				}
				t.Fatalf("batch %d of %d records differs:\n%s\n%s", i, every, a[max(0, n-200):min(len(a), n+200)], b[max(0, n-200):min(len(b), n+200)])
			}
		}
	}
}
