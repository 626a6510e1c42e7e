// Command blastradius answers, from raw logs and with evidence, which
// non-human identities touched the thing that failed. This package wires
// everything and decides nothing.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() {
	m := &Main{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Env: os.LookupEnv, Now: time.Now}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	code := m.Run(ctx)
	stop()
	os.Exit(code)
}

// Main is one run of the program. What it gets from its surroundings are its
// fields, so that a test runs the very same program in process.
type Main struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            func(name string) (string, bool)
	Now            func() time.Time
}

// The exit codes. Asking commands exit exitOK once they answered, unless
// --fail-on-found asks for exitFound and exitIncomplete.
const (
	exitOK         = 0
	exitFound      = 1 // --fail-on-found: something was found
	exitError      = 2 // usage, input or transport error
	exitIncomplete = 3 // --fail-on-found: nothing found, data missing; ingest: something rejected
)

// status ends the program with a code other than 0 where nothing went wrong.
type status int

func (status) Error() string { return "" }

// Run runs the program until it is done or ctx ends, and returns its exit
// code.
func (m *Main) Run(ctx context.Context) int {
	root := m.root()
	root.SetArgs(m.Args)
	root.SetIn(m.Stdin)
	root.SetOut(m.Stdout)
	root.SetErr(m.Stderr)
	err := root.ExecuteContext(ctx)
	if s, ok := err.(status); ok {
		return int(s)
	}
	if err != nil {
		m.printError(err)
		return exitError
	}
	return exitOK
}

// env is a variable of the environment, empty where it is not set.
func (m *Main) env(name string) string {
	v, _ := m.Env(name)
	return v
}

// terminal reports whether w is a terminal, and its width in columns (0: not
// known).
func terminal(w io.Writer) (bool, int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false, 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	return true, width
}
