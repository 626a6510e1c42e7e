package main

import (
	"strings"
	"testing"
)

// A small run of bench suspects: better than naming the latest to change it, and
// nobody named for a storm of harmless deployments.
func TestBenchSuspects(t *testing.T) {
	rows, err := benchSuspects(t.Context(), benchOptions{seed: 1, estates: 2, dir: t.TempDir(), say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	for _, r := range rows {
		t.Logf("%s: %v against %v", r.Name, r.Ours, r.Limit)
		if strings.HasPrefix(r.Name, "suspects, all: ") || strings.Contains(r.Name, "deploy-storm") {
			met[r.Name] = r.Met
		}
	}
	if len(met) != 4 {
		t.Fatalf("rows %v", rows)
	}
	for name, ok := range met {
		if !ok {
			t.Errorf("%s is not met", name)
		}
	}
}
