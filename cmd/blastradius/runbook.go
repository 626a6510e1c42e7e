package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/graph/api"
	"github.com/blastradius/blastradius/runbook"
	"github.com/spf13/cobra"
)

// runbook is the command that runs, lists, shows and checks runbooks.
func (m *Main) runbook() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runbook",
		Short: "Run a responder's task: questions, what their answers must be, an exit code",
		Long: `A runbook is a YAML file that asks questions over GraphQL and states, in CEL, what
the answers must be. It only reads, and may be run again at any time.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(cmd, "", "runbook has no command %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(m.runbookRun(), m.runbookList(), m.runbookShow(), m.runbookCheck())
	return cmd
}

// catalog is what runbooks are checked against; documents that they name by
// file lie beside them.
func catalog() *runbook.Catalog {
	return &runbook.Catalog{Schema: api.Schema(), Document: api.Document, ReadFile: func(book, name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(book), name))
	}}
}

// openRunbook reads a runbook: a file where there is one of that path, else one
// that ships.
func openRunbook(name string) (*runbook.Runbook, error) {
	content, err := os.ReadFile(name)
	switch {
	case err == nil:
		return firstProblem(catalog().Parse(name, content))
	case !errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(name, `./\`):
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read runbook", Err: err, Hint: "runbook list names those that ship"}
	}
	content = runbook.Book(name)
	if content == nil {
		return nil, &graph.Error{Code: graph.CodeNotFound, Message: fmt.Sprintf("there is no runbook %q, neither as a file nor among those that ship", name),
			Hint: "runbook list names those that ship"}
	}
	return firstProblem(catalog().Parse(name+".yaml", content))
}

func firstProblem(r *runbook.Runbook, wrong []runbook.Problem) (*runbook.Runbook, error) {
	if len(wrong) > 0 {
		return nil, wrong[0].Err()
	}
	return r, nil
}

func (m *Main) runbookRun() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run FILE|NAME",
		Short: "Run a runbook and exit with its verdict",
		Long: `run asks the questions of a runbook, in this process or of --server, and judges what it
asserts. Exit codes: 0 clean; 1 found, even where data is missing; 3 not found, but data
is missing; 2 usage, input or transport error. With --nagios: 0 clean, 2 found, 3
incomplete or error.`,
		Example: "  blastradius runbook run who-touched --set resource=billing-ledger --last 4h --until 2026-11-22T14:02:00Z",
		Args:    exactly(1, "one FILE or NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return m.nagios(cmd, func() error {
				set, err := setValues(cmd)
				if err != nil {
					return err
				}
				return m.runBook(cmd, args[0], set)
			})
		},
	}
	cmd.Flags().StringArray("set", nil, "`parameter=value`; may be given again, and for a list with the same name")
	addRunFlags(cmd)
	return cmd
}

// addRunFlags adds what everything that runs a runbook takes.
func addRunFlags(cmd *cobra.Command) {
	addWindowFlags(cmd)
	f := cmd.Flags()
	f.Lookup("last").Usage = "the `span` up to --until: 90m, 4h, 7d (default: the runbook's own)"
	f.String("format", "table", "`table` or json (runbook/result.schema.json)")
	f.Duration("timeout", 60*time.Second, "longest `time` to wait for all answers")
	f.Bool("nagios", false, "exit codes of monitoring: 0 clean, 2 found, 3 incomplete or error")
}

// setValues are the values of --set by name.
func setValues(cmd *cobra.Command) (map[string][]string, error) {
	texts, _ := cmd.Flags().GetStringArray("set")
	out := map[string][]string{}
	for _, t := range texts {
		name, value, ok := strings.Cut(t, "=")
		if !ok {
			return nil, usage(cmd, "such as --set resource=billing-ledger", "--set %q has no value", t)
		}
		out[name] = append(out[name], value)
	}
	return out, nil
}

// nagios runs a command whose exit code, with --nagios, a monitoring system
// reads: there an error is "unknown".
func (m *Main) nagios(cmd *cobra.Command, run func() error) error {
	err := run()
	var s status
	if on, _ := cmd.Flags().GetBool("nagios"); !on || err == nil || errors.As(err, &s) {
		return err
	}
	m.printError(err)
	return status(nagiosUnknown)
}

// runBook runs a runbook and writes its result.
func (m *Main) runBook(cmd *cobra.Command, name string, set map[string][]string) error {
	format, _ := cmd.Flags().GetString("format")
	if err := oneOf(cmd, "format", format, []string{"table", "json"}); err != nil {
		return err
	}
	r, err := openRunbook(name)
	if err != nil {
		return err
	}
	in := runbook.Input{}
	if in.Values, err = r.Values(set); err != nil {
		return err
	}
	timeout, _ := cmd.Flags().GetDuration("timeout")
	ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
	defer cancel()
	to, err := m.asker(cmd)
	if err != nil {
		return err
	}
	defer to.close()
	if in.Window, err = m.at(to).absoluteWindow(cmd, r.Last); err != nil {
		return err
	}
	res, err := r.Run(ctx, in, to.ask)
	if err != nil {
		return err
	}
	nagios, _ := cmd.Flags().GetBool("nagios")
	if format == "json" {
		text, err := marshal(res)
		if err != nil {
			return err
		}
		if err := printableIndented(m.Stdout, text); err != nil {
			return err
		}
	} else {
		_, width := terminal(m.Stdout)
		p := &page{w: m.Stdout, width: width}
		showResult(p, res, nagios)
		if p.err != nil {
			return p.err
		}
	}
	return verdictStatus(res.Verdict, nagios)
}

// verdictStatus is the exit code of a verdict, nil for 0.
func verdictStatus(v runbook.Verdict, nagios bool) error {
	switch {
	case v == runbook.Found && nagios:
		return status(nagiosCritical)
	case v == runbook.Found:
		return status(exitFound)
	case v == runbook.Incomplete:
		return status(exitIncomplete)
	}
	return nil
}

// What monitoring systems take exit codes for.
const (
	nagiosCritical = 2
	nagiosUnknown  = 3
)

// absoluteWindow is the window of the flags, with both ends, so that every
// question of a run is about the same one.
func (m *Main) absoluteWindow(cmd *cobra.Command, last string) (graph.Window, error) {
	if !cmd.Flags().Changed("last") && !cmd.Flags().Changed("from") && !cmd.Flags().Changed("to") {
		if err := cmd.Flags().Set("last", last); err != nil {
			return graph.Window{}, err
		}
	}
	vars, err := m.windowFlag(cmd)
	if err != nil {
		return graph.Window{}, err
	}
	return resolveWindow(vars, m.Now())
}

// showResult writes a result for people; the first line says all in short.
func showResult(p *page, r *runbook.Result, nagios bool) {
	words := map[runbook.Verdict]string{runbook.Clean: "CLEAN", runbook.Found: "FOUND", runbook.Incomplete: "INCOMPLETE"}
	if nagios {
		words = map[runbook.Verdict]string{runbook.Clean: "OK", runbook.Found: "CRITICAL", runbook.Incomplete: "UNKNOWN"}
	}
	p.line("%s: %s: %s", words[r.Verdict], r.Runbook, resultInShort(r))
	w := graph.Window(r.Window)
	p.line("  %s; %s to %s", r.Title, w.From, w.To)
	for _, o := range r.Assertions {
		p.line("")
		switch o.Verdict {
		case runbook.Violated:
			p.line("  found: %s", o.Message)
		case runbook.Unanswered:
			p.line("  not answered: %s", o.That)
		default:
			p.line("  holds: %s", o.That)
		}
		for _, x := range o.Found {
			p.line("    - %s", x)
		}
	}
	if len(r.Missing) > 0 {
		p.line("")
		p.line("  What could not be seen")
		for _, x := range r.Missing {
			p.line("    - %s", x)
		}
	}
}

func resultInShort(r *runbook.Result) string {
	var said []string
	for _, o := range r.Assertions {
		if o.Verdict == runbook.Violated {
			text := o.Message
			if n := len(o.Found); n > 0 {
				text += fmt.Sprintf(" (%d)", n)
			}
			said = append(said, text)
		}
	}
	switch {
	case len(said) > 0:
		return strings.Join(said, "; ")
	case len(r.Missing) > 0:
		return "nothing found, but " + r.Missing[0]
	}
	return "nothing found"
}

func (m *Main) runbookList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the runbooks that ship",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			var rows [][]string
			for _, name := range runbook.Books() {
				r, err := openRunbook(name)
				if err != nil {
					return err
				}
				var params []string
				for _, p := range r.Parameters {
					text := p.Name
					if !p.Required {
						text = "[" + text + "]"
					}
					params = append(params, text)
				}
				rows = append(rows, []string{r.Name, r.Title, strings.Join(params, " "), r.Last})
			}
			_, width := terminal(m.Stdout)
			p := &page{w: m.Stdout, width: width}
			p.table([]string{"name", "finds out", "parameters", "window"}, rows)
			return p.err
		},
	}
}

func (m *Main) runbookShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Print a runbook that ships: a start for one of your own",
		Args:  exactly(1, "one NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := openRunbook(args[0])
			if err != nil {
				return err
			}
			for line := range strings.Lines(r.Text) {
				if _, err := fmt.Fprintln(m.Stdout, printable(strings.TrimSuffix(line, "\n"))); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (m *Main) runbookCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE…",
		Short: "Check runbooks against the schema, without data",
		Long: `check reads runbooks, holds their documents against the GraphQL schema and gives every
expression its type. Each thing that is wrong is an error with file and line; exit 2.`,
		Args: atLeast(1, "a FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			bad := false
			for _, path := range args {
				content, err := os.ReadFile(path)
				if err != nil {
					return &graph.Error{Code: graph.CodeInvalid, Message: "read runbook", Err: err}
				}
				r, wrong := catalog().Parse(path, content)
				slices.SortStableFunc(wrong, func(a, b runbook.Problem) int { return a.Line - b.Line })
				for _, p := range wrong {
					m.printError(p.Err())
				}
				if bad = bad || len(wrong) > 0; r != nil {
					fmt.Fprintf(m.Stdout, "%s: %s: %s\n", printable(path), r.Name, r.Checked())
				}
			}
			if bad {
				return status(exitError)
			}
			return nil
		},
	}
}
