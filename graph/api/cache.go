package api

import (
	"context"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxDocuments and maxCached bound the cache of parsed documents: their number,
// and the length of the text of one.
const (
	maxDocuments = 256
	maxCached    = 16 << 10
)

// documentCache keeps parsed and validated documents by their text. When it is
// full it starts anew: programs send few documents, again and again.
type documentCache struct {
	mu   sync.RWMutex
	docs map[string]*ast.QueryDocument
}

// Get finds a document.
func (c *documentCache) Get(_ context.Context, text string) (*ast.QueryDocument, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	doc, ok := c.docs[text]
	return doc, ok
}

// Add keeps a document.
func (c *documentCache) Add(_ context.Context, text string, doc *ast.QueryDocument) {
	if len(text) > maxCached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.docs == nil || len(c.docs) >= maxDocuments {
		c.docs = map[string]*ast.QueryDocument{}
	}
	c.docs[text] = doc
}
