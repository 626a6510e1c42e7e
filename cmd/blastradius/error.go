package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/spf13/cobra"
)

// printError writes what went wrong for people: one line with the code, and a
// hint where there is one. Text of the data is made harmless.
func (m *Main) printError(err error) {
	code := graph.Code(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		code = graph.CodeTimeout
	case errors.Is(err, context.Canceled) && code == graph.CodeInternal:
		err = errors.New("interrupted")
		code = graph.CodeUnavailable
	}
	fmt.Fprintf(m.Stderr, "error: %s (%s)\n", printable(err.Error()), code)
	hint := graph.Hint(err)
	if hint == "" && code == graph.CodeTimeout {
		hint = "give it more time with --timeout, or ask for a shorter window"
	}
	for line := range strings.Lines(hint) {
		fmt.Fprintf(m.Stderr, "hint: %s\n", printable(strings.TrimSuffix(line, "\n")))
	}
}

// usage is an error of the caller's input, with the way to the command's help
// as its hint where no better one is given.
func usage(cmd *cobra.Command, hint, format string, args ...any) error {
	if hint == "" {
		hint = "see " + cmd.CommandPath() + " --help"
	}
	return &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// atLeast is a cobra argument check with our kind of error: n or more
// arguments, what names them.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(cmd, "", "%s needs %s", cmd.Name(), what)
		}
		return nil
	}
}

// exactly is a cobra argument check with our kind of error.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(cmd, "", "%s takes %s, not %d arguments", cmd.Name(), what, len(args))
		}
		return nil
	}
}
