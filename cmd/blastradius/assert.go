package main

import (
	"bufio"
	"os"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/spf13/cobra"
)

// assert is the command of the runbooks that are so short that they are said on
// the command line.
func (m *Main) assert() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "assert",
		Short: "State in one line what must not have happened, for a script to act on",
		Long: `assert runs a runbook of the same name. Exit codes: 0 it holds; 1 it does not, even
where data is missing; 3 it holds in the data, but data is missing; 2 usage, input or
transport error. With --nagios: 0, 2, 3 and 3.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(cmd, "no-touch, no-reach or only", "assert does not know %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(m.assertNoTouch(), m.assertNoReach(), m.assertOnly())
	return cmd
}

func (m *Main) assertNoTouch() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "no-touch RESOURCE",
		Short:   "Nobody touched it, but for those that a file excepts",
		Example: "  blastradius assert no-touch billing-ledger --last 4h --except allow.txt",
		Args:    exactly(1, "one RESOURCE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return m.nagios(cmd, func() error {
				set := map[string][]string{"resource": args, "except": {}}
				if path, _ := cmd.Flags().GetString("except"); path != "" {
					ids, err := readIDs(path)
					if err != nil {
						return err
					}
					set["except"] = ids
				}
				return m.runAssert(cmd, "no-touch", set)
			})
		},
	}
	addAssertFlags(cmd)
	cmd.Flags().String("except", "", "`file` of identities by their whole ids, one a line; # begins a comment")
	return cmd
}

func (m *Main) assertOnly() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "only RESOURCE IDENTITY…",
		Short:   "Only these identities touched it",
		Example: "  blastradius assert only billing-ledger arn:aws:iam::111122223333:role/eks-ledger-reader --last 4h",
		Args:    atLeast(2, "a RESOURCE and the IDENTITIES, by their whole ids"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return m.nagios(cmd, func() error {
				return m.runAssert(cmd, "no-touch", map[string][]string{"resource": args[:1], "except": args[1:]})
			})
		},
	}
	addAssertFlags(cmd)
	return cmd
}

func (m *Main) assertNoReach() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "no-reach FROM TO",
		Short:   "Trouble at the one did not spread to the other, not even possibly",
		Example: "  blastradius assert no-reach ASIAIOSFODNN7EXAMPLE billing-ledger --last 4h",
		Args:    exactly(2, "FROM and TO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return m.nagios(cmd, func() error {
				mode, _ := cmd.Flags().GetString("mode")
				if err := oneOf(cmd, "mode", mode, []string{"compromise", "failure"}); err != nil {
					return err
				}
				return m.runBook(cmd, "no-reach", map[string][]string{"from": args[:1], "to": args[1:], "mode": {strings.ToUpper(mode)}})
			})
		},
	}
	addRunFlags(cmd)
	cmd.Flags().String("mode", "compromise", "how it spreads: compromise or failure")
	return cmd
}

func addAssertFlags(cmd *cobra.Command) {
	addRunFlags(cmd)
	cmd.Flags().String("who", "all", "whose `calls` count: nhi (with unknown), human or all")
}

func (m *Main) runAssert(cmd *cobra.Command, name string, set map[string][]string) error {
	who, _ := cmd.Flags().GetString("who")
	if err := oneOf(cmd, "who", who, []string{"nhi", "human", "all"}); err != nil {
		return err
	}
	set["who"] = []string{strings.ToUpper(who)}
	return m.runBook(cmd, name, set)
}

// readIDs reads one id a line.
func readIDs(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read ids", Err: err}
	}
	defer f.Close()
	var out []string
	in := bufio.NewScanner(f)
	for in.Scan() {
		if line := strings.TrimSpace(in.Text()); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	if err := in.Err(); err != nil {
		return nil, &graph.Error{Code: graph.CodeInvalid, Message: "read ids", Err: err}
	}
	return out, nil
}
