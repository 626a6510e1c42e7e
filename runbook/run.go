package runbook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Ask answers a GraphQL document: the data, or an error of graph's kind.
type Ask func(ctx context.Context, query string, variables map[string]any) (json.RawMessage, error)

// Verdict is what a runbook or an assertion comes to.
type Verdict string

// The verdicts of runbooks.
const (
	Clean      Verdict = "CLEAN"      // every assertion holds, and nothing is known to be missing
	Found      Verdict = "FOUND"      // an assertion is violated, even where data is missing
	Incomplete Verdict = "INCOMPLETE" // none is violated, but data is missing
)

// The verdicts of assertions.
const (
	Holds      Verdict = "HOLDS"
	Violated   Verdict = "VIOLATED"
	Unanswered Verdict = "UNANSWERED" // it rests on a question about what the data does not know
)

// Input is what a run is about.
type Input struct {
	Values map[string]any // of the parameters, as Runbook.Values gives them
	Window graph.Window   // with both ends
}

// Result is what a runbook found. The same data gives the same result, byte for
// byte.
type Result struct {
	SchemaVersion int            `json:"schemaVersion"`
	Runbook       string         `json:"runbook"`
	Title         string         `json:"title"`
	Parameters    map[string]any `json:"parameters"`
	Window        Span           `json:"window"`
	Verdict       Verdict        `json:"verdict"`
	Assertions    []Outcome      `json:"assertions"`
	Missing       []string       `json:"missing"` // what could not be seen
	Answers       []Answer       `json:"answers"`
}

// Span is a half-open window.
type Span struct {
	From graph.Time `json:"from"`
	To   graph.Time `json:"to"`
}

// Outcome is what became of an assertion.
type Outcome struct {
	That    string   `json:"that"`
	Verdict Verdict  `json:"verdict"`
	Message string   `json:"message"` // what a violation means
	Found   []string `json:"found"`   // of a violation
}

// Answer is one question with its answer.
type Answer struct {
	Name      string          `json:"name"`
	Query     string          `json:"query"`
	Variables map[string]any  `json:"variables"`
	Data      json.RawMessage `json:"data"` // null where it was not answered
	Complete  bool            `json:"complete"`
}

// Run asks the questions in order and judges the assertions. A question about
// what the data does not know (NOT_FOUND) leaves what rests on it unanswered;
// any other error ends the run.
func (r *Runbook) Run(ctx context.Context, in Input, to Ask) (*Result, error) {
	out := &Result{SchemaVersion: SchemaVersion, Runbook: r.Name, Title: r.Title, Parameters: in.Values, Window: Span(in.Window),
		Missing: []string{}, Assertions: []Outcome{}, Answers: []Answer{}}
	names := map[string]any{"window": map[string]any{"from": in.Window.From.Time(), "to": in.Window.To.Time()}}
	for name, v := range in.Values {
		names[name] = v
	}
	for i := range r.questions {
		q := &r.questions[i]
		if missing := q.variables.lacks(names, r); missing != "" {
			out.miss(q.name + ": " + missing + " was not answered")
			continue
		}
		a, err := q.ask(ctx, names, to)
		if err != nil {
			return nil, fmt.Errorf("question %s: %w", q.name, err)
		}
		out.Answers = append(out.Answers, a.Answer)
		for _, m := range a.missing {
			out.miss(m)
		}
		if a.value != nil {
			names[q.name] = a.value
		}
	}
	for i := range r.assertions {
		o, err := r.assertions[i].judge(ctx, names, r)
		if err != nil {
			return nil, err
		}
		out.Assertions = append(out.Assertions, o)
	}
	out.judge()
	return out, nil
}

func (r *Result) miss(what string) {
	if !slices.Contains(r.Missing, what) {
		r.Missing = append(r.Missing, what)
	}
}

func (r *Result) judge() {
	r.Verdict = Clean
	if len(r.Missing) > 0 {
		r.Verdict = Incomplete
	}
	for _, o := range r.Assertions {
		switch {
		case o.Verdict == Violated:
			r.Verdict = Found
			return
		case o.Verdict == Unanswered:
			r.Verdict = Incomplete
		}
	}
}

// lacks is a question that is needed and was not answered.
func (t *template) lacks(names map[string]any, r *Runbook) string {
	return r.unanswered(t.uses(), names)
}

func (r *Runbook) unanswered(uses []string, names map[string]any) string {
	for _, q := range r.questions {
		if _, answered := names[q.name]; !answered && slices.Contains(uses, q.name) {
			return q.name
		}
	}
	return ""
}

// answered is an answer with its value for CEL, nil where the data does not
// know what was asked about.
type answered struct {
	Answer
	value   any
	missing []string
}

func (q *question) ask(ctx context.Context, names map[string]any, to Ask) (*answered, error) {
	vars, err := q.variables.eval(ctx, names)
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "variables", Err: err}
	}
	a := &answered{Answer: Answer{Name: q.name, Query: q.document, Variables: vars.(map[string]any), Data: json.RawMessage("null")}}
	data, err := to(ctx, q.document, a.Variables)
	if graph.Code(err) == graph.CodeNotFound {
		a.missing = []string{q.name + ": " + err.Error()}
		return a, nil
	} else if err != nil {
		return nil, err
	}
	a.Data = data
	var tree map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	whole, err := q.shape.value(tree)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	fields := whole.(map[string]any)
	if a.value = whole; q.field != "" {
		a.value = fields[q.field]
	}
	for _, key := range sortedKeys(fields) {
		a.missing = append(a.missing, incomplete(q.name, fields[key])...)
	}
	a.Complete = len(a.missing) == 0
	return a, nil
}

// incomplete says why an answer may lack something.
func incomplete(name string, field any) (out []string) {
	answer, _ := field.(map[string]any)
	if cursor, _ := answer["cursor"].(string); cursor != "" {
		out = append(out, name+": only the first page was read")
	}
	coverage, ok := answer["coverage"].(map[string]any)
	if !ok { // the question about coverage is itself one
		coverage = answer
	}
	complete, said := coverage["complete"].(bool)
	if !said || complete {
		return out
	}
	reasons, _ := coverage["reasons"].([]any)
	if len(reasons) == 0 {
		reasons = []any{"the data does not cover the window"}
	}
	for _, r := range reasons {
		out = append(out, fmt.Sprintf("%s: %v", name, r))
	}
	return out
}

func (a *assertion) judge(ctx context.Context, names map[string]any, r *Runbook) (Outcome, error) {
	o := Outcome{That: strings.TrimSpace(a.that.text), Verdict: Holds, Message: a.message, Found: []string{}}
	if q := r.unanswered(a.that.uses, names); q != "" {
		o.Verdict = Unanswered
		return o, nil
	}
	v, err := a.that.eval(ctx, names)
	if err != nil {
		return o, failed(err)
	}
	if v.Value() == true {
		return o, nil
	}
	o.Verdict = Violated
	if a.list.program == nil {
		return o, nil
	}
	list, err := a.list.eval(ctx, names)
	if err != nil {
		return o, failed(err)
	}
	items, err := native(list)
	if err != nil {
		return o, failed(err)
	}
	for _, x := range items.([]any) {
		if s := fmt.Sprint(x); !slices.Contains(o.Found, s) {
			o.Found = append(o.Found, s)
		}
	}
	return o, nil
}

// failed is an error of CEL at run time: a null where a value was expected, an
// index that is not there, or too much work.
func failed(err error) error {
	if code := graph.Code(err); code != graph.CodeInternal || strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
		return err
	}
	return &graph.Error{Code: graph.CodeInvalid, Message: "judge " + err.Error(), Hint: "what may be null is compared with null first"}
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
