package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/blastradius/blastradius/graph/neo4j/neo4jtest"
	"github.com/blastradius/blastradius/testdata"
)

// TestRunbooks runs every runbook that ships against the embedded store, and
// against a server over another such store.
func TestRunbooks(t *testing.T) {
	url := serveWorld(t, loadWorld(t, filepath.Join(t.TempDir(), "served")))
	runbookScripts(t, func(e *testscript.Env) { e.Setenv("AT", "--server="+url) })
}

// TestNeo4jRunbooks runs them against a Neo4j.
func TestNeo4jRunbooks(t *testing.T) {
	s := neo4jtest.Shared(t)
	_, host, _ := strings.Cut(s.URI, "://")
	at := "neo4j://" + host + "/neo4j?graph=" + neo4jtest.Fresh(t).Graph
	t.Setenv("BLASTRADIUS_NEO4J_USERNAME", s.Username)
	t.Setenv("BLASTRADIUS_NEO4J_PASSWORD", s.Password)
	loadWorld(t, at)
	runbookScripts(t, func(e *testscript.Env) {
		e.Setenv("BLASTRADIUS_NEO4J_USERNAME", s.Username)
		e.Setenv("BLASTRADIUS_NEO4J_PASSWORD", s.Password)
		e.Setenv("AT", "--store="+at)
	})
}

// runbookScripts runs the scripts with the embedded store at $HERE; setup names
// in $AT where the same questions go too.
func runbookScripts(t *testing.T, setup func(*testscript.Env)) {
	here := loadWorld(t, filepath.Join(t.TempDir(), "here"))
	p := scriptParams("testdata/runbooks", func(e *testscript.Env) {
		mine := filepath.Join(e.WorkDir, "here") // one process a store
		if err := os.CopyFS(mine, os.DirFS(here)); err != nil {
			t.Error(err)
		}
		e.Setenv("HERE", "--store="+mine)
		setup(e)
	})
	p.Cmds["agrees"] = cmdAgrees
	testscript.Run(t, p)
}

// loadWorld ingests the demo world, events and inventory, into a store.
func loadWorld(t *testing.T, store string) string {
	t.Helper()
	world, err := filepath.Abs("../../testdata/world")
	if err != nil {
		t.Fatal(err)
	}
	m, _, errs := program("ingest", filepath.Join(world, "cloudtrail"), filepath.Join(world, "iam"), "--store", store)
	if code := m.Run(t.Context()); code != exitOK {
		t.Fatalf("ingest: exit %d\n%s", code, errs)
	}
	return store
}

// serveWorld serves a store until the test ends, and returns its address.
func serveWorld(t *testing.T, store string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said := make(chan struct{})
	errs := &watched{on: "; Ctrl-C ends", do: func() { close(said) }}
	m, _, _ := program("serve", "--store", store, "--listen", "127.0.0.1:0")
	m.Stderr = errs
	done := make(chan int, 1)
	go func() { done <- m.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	select {
	case <-said:
	case code := <-done:
		t.Fatalf("serve: exit %d\n%s", code, errs)
	}
	_, rest, _ := strings.Cut(errs.String(), "listening on ")
	url, _, _ := strings.Cut(rest, " ")
	return url
}

// program is the program on the day of the demo world.
func program(args ...string) (m *Main, out, errs *bytes.Buffer) {
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	return &Main{Args: args, Stdin: strings.NewReader(""), Stdout: out, Stderr: errs, Env: os.LookupEnv, Now: func() time.Time { return testdata.Now }}, out, errs
}

// agrees CODE ARG…: the command ends with that code here and at $AT, and its JSON
// is the same and fits the published schema.
func cmdAgrees(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: agrees CODE ARG…")
	}
	var outs []string
	for _, where := range []string{ts.Getenv("HERE"), ts.Getenv("AT")} {
		err := ts.Exec("blastradius", append(append([]string{}, args[1:]...), "--format=json", where)...)
		code := 0
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			code = exit.ExitCode()
		} else {
			ts.Check(err)
		}
		if want, _ := strconv.Atoi(args[0]); code != want {
			ts.Fatalf("exit code %d, want %d at %s\nstdout:\n%s\nstderr:\n%s", code, want, where, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		}
		outs = append(outs, ts.ReadFile("stdout"))
	}
	if outs[0] != outs[1] {
		ts.Fatalf("the answers differ:\n%s\n%s", outs[0], outs[1])
	}
	if outs[0] == "" {
		return // an error, which has no JSON
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(outs[0]))
	ts.Check(err)
	schema, err := compileSchema("../../runbook/result.schema.json")
	ts.Check(err)
	ts.Check(schema.Validate(v))
}

// schemaDir is where the test was started: scripts run elsewhere.
var schemaDir, _ = os.Getwd()

func compileSchema(path string) (*jsonschema.Schema, error) {
	text, err := os.ReadFile(filepath.Join(schemaDir, path))
	if err != nil {
		return nil, err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("it.json", v); err != nil {
		return nil, err
	}
	return c.Compile("it.json")
}

// TestSchemaRefuses holds that the published schema tells a result from what is
// none.
func TestSchemaRefuses(t *testing.T) {
	schema, err := compileSchema("../../runbook/result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`{}`, `{"schemaVersion": 2}`, `[]`} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil || schema.Validate(v) == nil {
			t.Errorf("%s passes, %v", text, err)
		}
	}
}
