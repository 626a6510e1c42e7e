package report

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed report.html
var pageText string

// page escapes whatever stands in it by where it stands. It loads nothing: its
// policy forbids all but its own style.
var page = template.Must(template.New("report").Funcs(template.FuncMap{"inert": inert}).Parse(pageText))

// HTML writes the report as one file that needs nothing else and runs nothing.
func (r *Report) HTML(w io.Writer) error {
	return page.Execute(w, struct {
		Title    string
		Sections []section
	}{r.Title(), r.sections()})
}
