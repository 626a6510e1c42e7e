// Package lint holds the checks that run as Go tests: format, vet, staticcheck,
// and who may import whom.
package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/blastradius/blastradius/"

// TestGofmt holds that every Go file is formatted.
func TestGofmt(t *testing.T) {
	out := run(t, "gofmt", "-l", "cmd", "graph", "ingest", "internal", "report", "runbook", "snapshot", "testdata", "ui/ui.go") // not what npm brings
	if out != "" {
		t.Errorf("not formatted (run gofmt -w):\n%s", out)
	}
}

// TestVet holds that go vet finds nothing, in testdata too, which ./... skips.
func TestVet(t *testing.T) { run(t, "go", "vet", "./...", "./testdata") }

// TestStaticcheck holds that staticcheck finds nothing.
func TestStaticcheck(t *testing.T) { run(t, "go", "tool", "staticcheck", "./...", "./testdata") }

// mayImport lists, for each folder, the folders of ours that its packages may
// import; the longest matching folder decides. Tests may import anything but
// cmd.
var mayImport = map[string][]string{
	"graph":                     {},
	"graph/explore":             {"graph"},
	"graph/pebble":              {"graph"},
	"graph/neo4j":               {"graph"},
	"graph/neo4j/neo4jtest":     {"graph", "graph/neo4j"},
	"graph/storetest":           {"graph"},
	"graph/api":                 {"graph"},
	"ingest":                    {"graph", "ingest"},
	"ingest/feed":               {"graph"},
	"ingest/otlp":               {"graph", "ingest", "ingest/otlp"},
	"ingest/otlp/receive":       {"graph", "ingest/otlp", "ingest/spool"},
	"ingest/spool":              {"graph", "ingest/feed"},
	"ingest/awsid":              {"graph", "ingest"},
	"ingest/jsonlog":            {"graph", "ingest"},
	"ingest/k8sid":              {"graph"},
	"ingest/k8saudit":           {"graph", "ingest", "ingest/awsid", "ingest/jsonlog", "ingest/k8sid", "ingest/k8saudit"},
	"ingest/github":             {"graph", "ingest", "ingest/jsonlog"},
	"ingest/access":             {"graph", "ingest", "ingest/jsonlog", "ingest/k8sid"},
	"ingest/ndjson":             {"graph", "ingest", "ingest/awsid", "ingest/jsonlog", "ingest/k8sid", "ingest/ndjson"},
	"ingest/awsiam":             {"graph", "ingest", "ingest/awsid", "ingest/awsiam"},
	"ingest/cloudtrail":         {"graph", "ingest", "ingest/awsid", "ingest/jsonlog", "ingest/k8sid", "ingest/cloudtrail"},
	"ingest/feed/s3feed":        {"graph", "ingest/feed", "internal/awsconf"},
	"ingest/feed/lookupfeed":    {"graph", "ingest/feed", "internal/awsconf"},
	"ingest/feed/iamfeed":       {"graph", "ingest/feed", "internal/awsconf"},
	"ingest/feed/sqsfeed":       {"graph", "ingest/feed", "internal/awsconf"},
	"ingest/cloudtrail/iamdata": {},
	"ingest/cloudtrail/synth":   {},
	"runbook":                   {"graph"},
	"report":                    {"graph", "graph/explore"},
	"snapshot":                  {"graph"},
	"ui":                        {},
	"testdata":                  {},
	"internal/lint":             {},
	"internal/testbed":          {"graph/neo4j/neo4jtest", "internal/mototest"},
	"internal/awsconf":          {"graph"},
	"internal/mototest":         {},
	"cmd":                       {"graph", "ingest", "runbook", "report", "snapshot", "internal/awsconf", "ui", "testdata", "cmd"},
}

// TestImports holds the rule of the house: api → explore → graph, ingest →
// graph, stores import graph only, ui imports nothing, cmd wires.
func TestImports(t *testing.T) {
	dec := json.NewDecoder(strings.NewReader(run(t, "go", "list", "-json=ImportPath,Imports", "./...")))
	n := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		n++
		from := strings.TrimPrefix(p.ImportPath, module)
		rule, ok := ruleOf(from)
		if !ok {
			t.Errorf("%s: no rule says what it may import; add one to mayImport", from)
			continue
		}
		for _, i := range p.Imports {
			to, ours := strings.CutPrefix(i, module)
			if ours && !allowed(rule, from, to) {
				t.Errorf("%s imports %s; it may import only %v", from, to, rule)
			}
		}
	}
	if n == 0 {
		t.Fatal("go list named no package")
	}
}

func ruleOf(pkg string) ([]string, bool) {
	for p := pkg; ; {
		if r, ok := mayImport[p]; ok {
			return r, true
		}
		i := strings.LastIndexByte(p, '/')
		if i < 0 {
			return nil, false
		}
		p = p[:i]
	}
}

func allowed(rule []string, from, to string) bool {
	for _, r := range rule {
		switch {
		case to == r, strings.HasPrefix(to, from+"/") && r == from:
			return true
		case strings.HasPrefix(to, r+"/"):
			// A layer may reach down into folders of a layer it may import,
			// except that only cmd opens stores.
			if r == "graph" && from != "cmd/blastradius" && to != "graph/explore" {
				continue
			}
			if to == "graph/explore" && from != "graph/api" && !strings.HasPrefix(from, "cmd") {
				continue
			}
			return true
		}
	}
	return false
}

// forbidden are traces of the machine a file was written on.
var forbidden = regexp.MustCompile(`(?i)(proxy\.golang\.org|registry\.npmjs\.org|repo1?\.maven|pypi\.org|"resolved":\s*"http|/root/|/work/(main|shared|\.library))`)

// TestNoMachineTraces holds that no tracked file names a machine path or a
// package registry.
func TestNoMachineTraces(t *testing.T) {
	for _, f := range strings.Fields(run(t, "git", "ls-files")) {
		if f == "internal/lint/lint_test.go" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root(t), f))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, not yet committed
		} else if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(b[:min(len(b), 8000)], 0) >= 0 {
			continue // binary
		}
		if m := forbidden.Find(b); m != nil {
			t.Errorf("%s contains %q", f, m)
		}
	}
}

// run runs a command at the repository's root and returns its stdout; it fails
// the test, with what was printed, when the command does.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = root(t)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out.String(), errs.String())
	}
	return strings.TrimSpace(out.String())
}

// root is the repository's root: the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
	}
}
