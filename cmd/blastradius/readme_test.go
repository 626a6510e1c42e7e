package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastradius/blastradius/testdata"
)

// TestReadmeCommands runs every command that the README shows, in order, in one
// directory that has the files it shows, as a reader would.
func TestReadmeCommands(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(root, "testdata"), filepath.Join(dir, "testdata")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)

	for _, file := range regexp.MustCompile("(?s)```yaml\n# (\\S+)\n(.*?)```").FindAllSubmatch(readme, -1) {
		if err := os.WriteFile(string(file[1]), file[2], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"HOME": dir}
	ran := map[string]bool{}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(readme, -1) {
		for line := range strings.Lines(string(block[1])) {
			line = strings.TrimSpace(line)
			if name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "="); ok && strings.HasPrefix(line, "export ") {
				env[name] = value
				continue
			}
			if target, ok := strings.CutPrefix(line, "make "); ok {
				if !bytes.Contains(makefile, []byte("\n"+target+":")) {
					t.Errorf("README shows %q, the Makefile has no such target", line)
				}
				continue
			}
			if line == "go install ./cmd/blastradius" {
				continue // this package
			}
			line = strings.Replace(line, "go run ./cmd/blastradius", "blastradius", 1)
			args := strings.Fields(line)
			if len(args) < 2 || args[0] != "blastradius" {
				t.Errorf("README shows %q, which this test cannot run", line)
				continue
			}
			ran[args[1]] = true
			runReadme(t, line, args[1:], env)
		}
	}
	for _, name := range []string{"demo", "ingest", "touched", "activity", "chain", "reach", "contain", "failures", "novel", "workflow", "suspects", "timeline", "histogram", "search",
		"node", "neighbours", "event", "coverage", "inventory", "serve", "generate", "store", "sources", "runbook", "assert", "report", "snapshot"} {
		if !ran[name] {
			t.Errorf("the README never shows blastradius %s", name)
		}
	}
}

// runReadme runs one command and expects exit code 0; one that serves is
// stopped as soon as it says where.
func runReadme(t *testing.T, line string, args []string, env map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	serves := args[0] == "serve" || args[0] == "demo" || args[0] == "snapshot" && args[1] == "open"
	if serves {
		args = append(args, "--listen", "127.0.0.1:0")
		if slices.Contains(args, "--otlp") {
			args = append(args, "--otlp", "127.0.0.1:0")
		}
	}
	out, errs := new(bytes.Buffer), &watched{}
	if serves {
		errs.on, errs.do = "http://127.0.0.1:", cancel
	}
	m := &Main{Args: args, Stdin: strings.NewReader(""), Stdout: out, Stderr: errs, Now: func() time.Time { return testdata.Now },
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	if code := m.Run(ctx); code != exitOK {
		t.Errorf("%s: exit %d\n%s%s", line, code, out, errs)
	}
	if serves && !errs.seen {
		t.Errorf("%s never said where it serves:\n%s", line, errs)
	}
	if args[0] != "ingest" && (args[0] == "demo" || !serves) && args[0] != "generate" && out.Len() == 0 {
		t.Errorf("%s printed nothing on stdout", line)
	}
}

// watched keeps what is written and calls do once when it holds on.
type watched struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	on   string
	do   func()
	seen bool
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(p)
	if w.on != "" && !w.seen && bytes.Contains(w.buf.Bytes(), []byte(w.on)) {
		w.seen = true
		w.do()
	}
	return len(p), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
