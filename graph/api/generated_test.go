package api

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The committed files are what gqlgen makes of schema and types. It writes where
// it works, so it works on a copy of the module's part that it reads.
func TestGeneratedIsCurrent(t *testing.T) {
	root := filepath.Join("..", "..")
	dir := t.TempDir()
	copyFile := func(path string) {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"go.mod", "go.sum", "gqlgen.yml", "schema.graphqls"} {
		copyFile(f)
	}
	for _, folder := range []string{"graph", filepath.Join("graph", "explore"), filepath.Join("graph", "api")} {
		entries, err := fs.ReadDir(os.DirFS(root), filepath.ToSlash(folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
				copyFile(filepath.Join(folder, e.Name()))
			}
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "graph", "api", "documents"), os.DirFS("documents")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "tool", "gqlgen", "generate")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gqlgen: %v\n%s", err, out)
	}
	for _, name := range []string{"generated.go", "models_gen.go"} {
		want, err := os.ReadFile(filepath.Join(dir, "graph", "api", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not current: run go tool gqlgen generate", name)
		}
	}
}
