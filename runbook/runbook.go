// Package runbook holds runbooks: YAML files that ask questions over GraphQL and
// state, in CEL, what the answers must be. A runbook only reads; where its
// questions go is its caller's choice.
package runbook

import (
	"fmt"

	"github.com/blastradius/blastradius/graph"
)

// SchemaVersion is the version of the shape of runbooks and of their results.
const SchemaVersion = 1

// A Runbook is one task of a responder, checked: its documents fit the schema
// and its expressions have types.
type Runbook struct {
	Name        string // lower case, with dashes
	Title       string // one line
	Description string
	Last        string // the window where the caller says none, such as 4h
	Parameters  []Parameter
	File        string // where it was read from
	Text        string // as it was written

	questions  []question
	assertions []assertion
}

// A Parameter is a value that the caller gives.
type Parameter struct {
	Name        string `json:"name"`
	Type        Type   `json:"type"`
	Required    bool   `json:"required"`
	Default     any    `json:"default"` // nil where there is none
	Description string `json:"description"`
}

// A question is a GraphQL document with its variables. Its answer goes by its
// name.
type question struct {
	name      string
	document  string
	field     string // the only field that it asks for, by its key; empty: there are several
	shape     *shape // of the data
	variables template
}

// An assertion says what must be true of the answers. Where it is false,
// something was found.
type assertion struct {
	that    expression
	message string
	list    expression // of what was found; may be empty
}

// A Problem is something wrong with a runbook, and where.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // from 1
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// Err is the problem as an error, with code INVALID.
func (p Problem) Err() error {
	return &graph.Error{Code: graph.CodeInvalid, Message: fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message), Hint: p.Hint}
}

// problems gathers what is wrong with the file.
type problems struct {
	file string
	list []Problem
}

func (p *problems) add(line int, hint, format string, args ...any) {
	p.in(p.file, line, hint, format, args...)
}

func (p *problems) in(file string, line int, hint, format string, args ...any) {
	p.list = append(p.list, Problem{file, max(line, 1), fmt.Sprintf(format, args...), hint})
}
