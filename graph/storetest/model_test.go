package storetest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/blastradius/blastradius/graph"
)

// The oracle passes its own suite, or the suite asks too much.
func TestModel(t *testing.T) {
	Run(t, func(*testing.T) graph.Store { return NewModel() })
}

// A store that forgets one thing is caught.
func TestSuiteCatches(t *testing.T) {
	m, facts := NewModel(), sampleFacts()
	apply(t, []graph.Store{m}, facts)
	want := hashOf(t, m)
	for i := range facts {
		if i == 14 { // a supersede of an observation that then is not there
			continue
		}
		less := NewModel()
		apply(t, []graph.Store{less}, append(append([]fact(nil), facts[:i]...), facts[i+1:]...))
		if i != 1 && hashOf(t, less) == want {
			t.Errorf("without fact %d the hash is the same", i)
		}
	}
}

// The suite knows no exceptions: it skips nothing, and asks no store for its
// name or type.
func TestNoExceptions(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files: ", err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`\.Skip|graph/(pebble|neo4j)|%T|reflect\.`).Find(text); m != nil {
			t.Errorf("%s contains %q", f, m)
		}
	}
}
