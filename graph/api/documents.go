package api

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed documents/*.graphql
var documents embed.FS

// Documents are the named GraphQL documents, one file a question
// ("touched.graphql"): the ones that the command line sends and the page uses.
func Documents() fs.FS {
	files, err := fs.Sub(documents, "documents")
	if err != nil {
		panic(err) // documents are embedded
	}
	return files
}

// Document is the text of the named document, empty where there is none.
func Document(name string) string {
	text, err := documents.ReadFile("documents/" + name + ".graphql")
	if err != nil {
		return ""
	}
	return string(text)
}

// DocumentNames are the names of all documents, sorted.
func DocumentNames() []string {
	entries, err := documents.ReadDir("documents")
	if err != nil {
		panic(err) // documents are embedded
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".graphql")
	}
	return names
}
