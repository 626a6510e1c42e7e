package cloudtrail

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/storetest"
	"github.com/blastradius/blastradius/ingest"
)

// memory is a sink that begins a new builder every so many records.
type memory struct {
	every   int // zero: one builder for all
	b       *graph.Builder
	src     graph.Ref
	entry   graph.Source
	n       int // records in b
	records int
	batches []*graph.Batch
	rejects []error
	skips   map[string]int
	calls   int // records that showed a call
	before  int
}

func (m *memory) count() {
	if m.b != nil && m.b.Calls() > m.before {
		m.calls++
	}
}

func (m *memory) Next() (*graph.Builder, graph.Ref) {
	m.count()
	if m.b == nil || m.every > 0 && m.n == m.every {
		m.flush()
		m.b = graph.NewBuilder()
		m.src.Seq = m.b.Source(graph.Source{Name: "test", Kind: "cloudtrail"})
		m.n = 0
	}
	at := graph.Ref{Seq: m.src.Seq, Record: uint32(m.records)}
	m.n++
	m.records++
	m.before = m.b.Calls()
	return m.b, at
}

func (m *memory) flush() {
	if m.b != nil {
		m.batches = append(m.batches, m.b.Batch())
		m.b = nil
	}
}

func (m *memory) Seen(graph.Time, string) {}
func (m *memory) Reject(why error)        { m.rejects = append(m.rejects, why) }
func (m *memory) Source() *graph.Source   { return &m.entry }
func (m *memory) Skip(reason string) {
	if m.skips == nil {
		m.skips = map[string]int{}
	}
	m.skips[reason]++
}

// ingested parses texts, each a file, into a fresh store.
func ingested(t testing.TB, p ingest.Parser, every int, texts ...[]byte) (graph.Store, *memory) {
	t.Helper()
	m := &memory{every: every}
	for _, text := range texts {
		if err := p.Parse(context.Background(), &ingest.File{Name: "test.json", Data: text}, m); err != nil {
			t.Fatal(err)
		}
	}
	m.count()
	m.flush()
	s := storetest.NewModel()
	for _, b := range m.batches {
		if err := s.Apply(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	return s, m
}

// told lists the edges of a store, a line each, and its attributes. Of CALLED
// it tells the primary targets, of standing facts the marks.
func told(t testing.TB, s graph.Store) (edges, attrs []string) {
	t.Helper()
	for e, err := range s.Edges(context.Background(), nil, graph.Out, graph.Filter{Detail: graph.Evidence}) {
		if err != nil {
			t.Fatal(err)
		}
		line := string(e.From) + " " + e.Kind.String()
		switch e.Kind {
		case graph.Called:
			if e.Label.Role != graph.Primary {
				continue
			}
			line += " " + e.Label.Action + " " + e.Outcome.String()
		case graph.Issued:
			line += " " + e.Label.Join.String()
		case graph.Drives, graph.Trusts, graph.GrantedBy:
			line += " " + e.Label.Detail
		case graph.Approved:
			line += " " + e.Label.Detail + " " + e.Outcome.String()
		}
		line += " " + string(e.To)
		for _, v := range []graph.ID{e.Via.Agent, e.Via.Client, e.Via.Service} {
			if v != "" {
				line += " via " + string(v)
			}
		}
		if e.Kind == graph.Issued {
			line += " at " + clockOf(e.First)
		}
		for _, m := range e.Marks {
			word := " began "
			if m.Kind == graph.Ended {
				word = " ended "
			}
			line += word + clockOf(m.At)
		}
		edges = append(edges, line)
	}
	for n, err := range s.Nodes(context.Background(), graph.Selector{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range n.Attrs {
			attrs = append(attrs, fmt.Sprintf("%s %s=%s", n.ID, a.Name, a.Value))
		}
	}
	slices.Sort(edges)
	return slices.Compact(edges), attrs
}

func clockOf(t graph.Time) string { return t.Time().Format("15:04:05") }

// wholeRecord completes a record given by its own members with what all need.
func wholeRecord(id int, members string) string {
	for _, d := range []string{`"eventTime":"2026-11-22T10:00:00Z"`, `"recipientAccountId":"111122223333"`, `"awsRegion":"eu-north-1"`,
		`"eventType":"AwsApiCall"`, `"eventCategory":"Management"`, fmt.Sprintf(`"eventID":"e%d"`, id)} {
		key, _, _ := strings.Cut(d, ":")
		if !strings.Contains(members, key+":") {
			members += "," + d
		}
	}
	return "{" + members + "}"
}

// Who acts in the tables.
const (
	ann       = `"userIdentity":{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","accessKeyId":"AKIAANN","userName":"ann"}`
	annASIA   = `"userIdentity":{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","accessKeyId":"ASIAANN","userName":"ann","sessionContext":{"sessionIssuer":{},"attributes":{"creationDate":"2026-11-22T09:00:00Z","mfaAuthenticated":"true"}}}`
	deployCtx = `"sessionIssuer":{"type":"Role","principalId":"AROADEPLOY","arn":"arn:aws:iam::111122223333:role/ci/deploy","accountId":"111122223333","userName":"deploy"},"attributes":{"creationDate":"2026-11-22T09:30:00Z","mfaAuthenticated":"false"}`
	deployID  = `"type":"AssumedRole","principalId":"AROADEPLOY:run","arn":"arn:aws:sts::111122223333:assumed-role/deploy/run","accountId":"111122223333"`
	deploy    = `"userIdentity":{` + deployID + `,"accessKeyId":"ASIADEPLOY","sessionContext":{` + deployCtx + `}}`
	describe  = `"eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","requestParameters":{}`
	assume    = `"eventSource":"sts.amazonaws.com","eventName":"AssumeRole","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/ci/deploy","roleSessionName":"run"},"responseElements":{"credentials":{"accessKeyId":"ASIADEPLOY","sessionToken":"SECRET","expiration":"Nov 22, 2026, 11:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROADEPLOY:run","arn":"arn:aws:sts::111122223333:assumed-role/deploy/run"}}`
)

type emitCase struct {
	name    string
	records []string
	edges   []string // all of them; CALLED only with primary targets
	attrs   []string // some of them
	skips   string
}

// short makes the expectations readable: what repeats in every id falls away.
var short = strings.NewReplacer("arn:aws:iam::111122223333:", "iam:", "aws:endpoint:111122223333:eu-north-1:", "endpoint:",
	"aws:session:", "session:", "aws:key:", "key:", "aws:service:", "service:", ".amazonaws.com", "", "2026-11-22T", "")

func runCases(t *testing.T, cases []emitCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var text strings.Builder
			for i, r := range c.records {
				text.WriteString(wholeRecord(i, r) + "\n")
			}
			s, m := ingested(t, New(Options{}).Parser(), 0, []byte(text.String()))
			if len(m.rejects) > 0 {
				t.Fatal(m.rejects)
			}
			edges, attrs := told(t, s)
			for i := range edges {
				edges[i] = short.Replace(edges[i])
			}
			want := slices.Clone(c.edges)
			slices.Sort(edges)
			slices.Sort(want)
			if d := cmp.Diff(want, edges); d != "" {
				t.Errorf("edges (-want +got):\n%s", d)
			}
			for i := range attrs {
				attrs[i] = short.Replace(attrs[i])
			}
			for _, a := range c.attrs {
				if !slices.Contains(attrs, a) {
					t.Errorf("no attribute %s in\n%s", a, strings.Join(attrs, "\n"))
				}
			}
			if got := strings.Trim(fmt.Sprint(m.skips), "map[]"); got != c.skips {
				t.Errorf("skipped %q, want %q", got, c.skips)
			}
		})
	}
}
