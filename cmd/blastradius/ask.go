package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/graph/explore"
	"github.com/spf13/cobra"
)

// schemaVersion is the version of the JSON envelope.
const schemaVersion = 1

// A question is one asking command: a field of the API with its variables, and
// how its answer of type A is shown.
type question[A any] struct {
	name string // of the field and of the document that asks for it
	vars map[string]any
	// show writes the answer for people.
	show func(*page, *A)
	// columns are the names of all fields that rows have; rows are the answer's
	// lines for programs.
	columns []string
	rows    func(*A) []row
	// found says whether the answer holds what --fail-on-found asks about; nil
	// where the command has no such flag.
	found func(*A) bool
	// status is what the answer says beside itself; nil where it has none.
	status func(*A) *explore.Status
}

// The formats of answers.
var answerFormats = []string{"table", "json", "ndjson", "csv"}

// addAskFlags adds what every asking command takes.
func addAskFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("format", "table", "`table`, json, ndjson or csv")
	f.Bool("print-query", false, "print the GraphQL document and its variables instead of asking")
	f.Duration("timeout", 60*time.Second, "longest `time` to wait for the answer")
}

// addAsOfFlag adds the ledger number that an answer may not see beyond.
func addAsOfFlag(cmd *cobra.Command) {
	cmd.Flags().Uint64("as-of", 0, "answer as the store was at this ledger `number` (asOf of an earlier answer)")
}

// addFoundFlag adds the exit codes of runbooks.
func addFoundFlag(cmd *cobra.Command) {
	cmd.Flags().Bool("fail-on-found", false, "exit 1 if something was found, 3 if nothing was but data is missing or knows no such thing, else 0")
}

// asOf puts the flag into the variables where it is given.
func asOf(cmd *cobra.Command, vars map[string]any) {
	if n, _ := cmd.Flags().GetUint64("as-of"); n > 0 {
		vars["asOf"] = n
	}
}

// ask puts a question and writes its answer.
func ask[A any](m *Main, cmd *cobra.Command, q question[A]) error {
	format, _ := cmd.Flags().GetString("format")
	if err := oneOf(cmd, "format", format, answerFormats); err != nil {
		return err
	}
	document := api.Document(q.name)
	if show, _ := cmd.Flags().GetBool("print-query"); show {
		return m.printQuery(document, q.vars, format)
	}
	timeout, _ := cmd.Flags().GetDuration("timeout")
	ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
	defer cancel()
	strict, _ := cmd.Flags().GetBool("fail-on-found")
	data, base, err := m.query(ctx, cmd, document, q.vars)
	if strict && graph.Code(err) == graph.CodeNotFound {
		// Nobody is seen near what the data does not know: that is not clean.
		m.printError(err)
		return status(exitIncomplete)
	}
	if err != nil && len(data) == 0 {
		return err
	}
	partial := err // a part of the answer failed, such as a record out of reach; the rest is shown
	answer := new(A)
	raw, err := decodeAnswer(data, q.name, answer)
	if err != nil {
		return cmp.Or(partial, err)
	}
	var lacks []string
	if q.status != nil {
		lacks = missing(q.status(answer))
	}
	switch format {
	case "json":
		err = m.writeEnvelope(envelope{schemaVersion, q.name, q.vars, document, raw, uiURL(base, q.name, q.vars, raw)})
	case "ndjson":
		// The last line says whether the others are all there is.
		err = writeNDJSON(m.Stdout, append(q.rows(answer), row{{"type", "end"}, {"complete", len(lacks) == 0}, {"missing", lacks}}))
	case "csv":
		err = writeCSV(m.Stdout, q.columns, q.rows(answer))
	default:
		_, width := terminal(m.Stdout)
		p := &page{w: m.Stdout, width: width}
		q.show(p, answer)
		err = p.err
	}
	if err == nil {
		err = partial
	}
	if err != nil {
		return err
	}
	if format != "table" && len(lacks) > 0 {
		fmt.Fprintf(m.Stderr, "note: the answer is incomplete: %s\n", printable(strings.Join(lacks, "; ")))
	}
	if strict && q.found != nil {
		switch {
		case q.found(answer):
			return status(exitFound)
		case len(lacks) > 0:
			return status(exitIncomplete)
		}
	}
	return nil
}

// decodeAnswer takes the answer to the named question out of the data.
func decodeAnswer(data json.RawMessage, name string, answer any) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	raw := fields[name]
	if raw == nil || string(raw) == "null" {
		return nil, &graph.Error{Code: graph.CodeInternal, Message: "the answer has no field " + name}
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return raw, nil
}

// answer asks a question in process.
func (m *Main) answer(ctx context.Context, x *explore.Explorer, name string, vars map[string]any, into any) (json.RawMessage, error) {
	data, err := api.Execute(ctx, api.Options{Explorer: x, Now: m.Now}, api.Document(name), vars)
	if err != nil {
		return nil, err
	}
	return decodeAnswer(data, name, into)
}

// envelope is the JSON answer: the same keys for every question.
type envelope struct {
	SchemaVersion int             `json:"schemaVersion"`
	Question      string          `json:"question"`
	Variables     map[string]any  `json:"variables"`
	Query         string          `json:"query"`
	Answer        json.RawMessage `json:"answer"`
	UIURL         string          `json:"uiUrl"`
}

func (m *Main) writeEnvelope(e envelope) error {
	text, err := marshal(e)
	if err != nil {
		return err
	}
	return printableIndented(m.Stdout, text)
}

// printableIndented writes JSON for people and programs, ended by a new line.
func printableIndented(w io.Writer, text []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	return printableJSON(w, b.Bytes())
}

// asker is where questions go: a server, or a store in this process.
type asker struct {
	ask   func(ctx context.Context, document string, vars map[string]any) (json.RawMessage, error)
	base  string // address of the page that shows the same answers
	now   func() time.Time
	hash  string // of the snapshot's content, where it is one
	close func() error
}

// at is the program with the clock of where its questions go.
func (m *Main) at(a *asker) *Main {
	there := *m
	there.Now = a.now
	return &there
}

// asker opens what --server or --store names. The caller closes it.
func (m *Main) asker(cmd *cobra.Command) (*asker, error) {
	if server, _ := cmd.Flags().GetString("server"); server != "" {
		token, err := m.token(cmd)
		if err != nil {
			return nil, err
		}
		r, err := newRemote(server, token)
		if err != nil {
			return nil, err
		}
		return &asker{ask: r.ask, base: r.url, now: m.Now, close: func() error { return nil }}, nil
	}
	st, err := m.openStore(cmd, readStore)
	if err != nil {
		return nil, err
	}
	o := api.Options{Explorer: m.explorer(st, nil, 0), Now: m.clock(st)}
	a := &asker{base: "http://127.0.0.1:8420", now: o.Now, close: st.Close}
	if s, ok := st.(*snapshotStore); ok {
		a.hash = s.snapshot.Hash
	}
	a.ask = func(ctx context.Context, document string, vars map[string]any) (json.RawMessage, error) {
		return api.Execute(ctx, o, document, vars)
	}
	return a, nil
}

// query asks a server or, in process, the store. base is the address of the page
// that shows the same answer.
func (m *Main) query(ctx context.Context, cmd *cobra.Command, document string, vars map[string]any) (data json.RawMessage, base string, err error) {
	a, err := m.asker(cmd)
	if err != nil {
		return nil, "", err
	}
	defer a.close()
	data, err = a.ask(ctx, document, vars)
	return data, a.base, err
}

// printQuery shows what would be sent.
func (m *Main) printQuery(document string, vars map[string]any, format string) error {
	if format == "json" {
		text, err := marshal(map[string]any{"query": document, "variables": vars})
		if err != nil {
			return err
		}
		return printableJSON(m.Stdout, append(text, '\n'))
	}
	text, err := json.MarshalIndent(vars, "", "  ")
	if err != nil {
		return err
	}
	return printableJSON(m.Stdout, []byte(strings.TrimSuffix(document, "\n")+"\n\n# variables\n"+string(text)+"\n"))
}

// uiURL is the address that shows the answer again: the question, its window
// resolved, and the ledger number it was answered at.
func uiURL(base, name string, vars map[string]any, raw json.RawMessage) string {
	var a struct {
		Window struct{ From, To string }
		AsOf   uint64
	}
	_ = json.Unmarshal(raw, &a) // an answer without window or asOf leaves them out
	v := url.Values{"q": {name}}
	for key, value := range vars {
		switch value := value.(type) {
		case []string:
			v[key] = value
		case map[string]any: // the window, resolved below
		default:
			v.Set(key, fmt.Sprint(value))
		}
	}
	if a.Window.From != "" {
		v.Set("from", a.Window.From)
		v.Set("to", a.Window.To)
	}
	if a.AsOf > 0 {
		v.Set("asOf", fmt.Sprint(a.AsOf))
	}
	return base + "/?" + v.Encode()
}

// oneOf checks the value of a flag with a closed list.
func oneOf(cmd *cobra.Command, name, value string, allowed []string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return usage(cmd, "one of "+strings.Join(allowed, ", "), "--%s %q is not known", name, value)
}
