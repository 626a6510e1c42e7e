// Package ui holds the web page, built and embedded. It imports nothing of
// ours: what it shows it asks from the API like any other client.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the page and what it loads; index.html is the page, graphiql.html
// the query editor.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // dist is embedded
	}
	return files
}
