package runbook

import (
	"embed"
	"strings"
)

//go:embed books/*.yaml
var books embed.FS

// Books are the names of the runbooks that ship, sorted.
func Books() []string {
	entries, err := books.ReadDir("books")
	if err != nil {
		panic(err) // they are embedded
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return out
}

// Book is the text of a runbook that ships, nil where there is none of the name.
func Book(name string) []byte {
	text, err := books.ReadFile("books/" + name + ".yaml")
	if err != nil {
		return nil
	}
	return text
}
