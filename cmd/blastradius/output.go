package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// A row is one line of an answer for programs: named values in a fixed order.
type row []field

type field struct {
	name  string
	value any // string, int, bool or []string
}

// writeNDJSON writes each row as a JSON object on its own line.
func writeNDJSON(w io.Writer, rows []row) error {
	for _, r := range rows {
		var b bytes.Buffer
		b.WriteByte('{')
		for i, f := range r {
			if i > 0 {
				b.WriteByte(',')
			}
			v, err := marshal(f.value)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%q:%s", f.name, v)
		}
		b.WriteString("}\n")
		if err := printableJSON(w, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// marshal is JSON without escaping for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// writeCSV writes a header and the rows; lists are joined by spaces. The header
// is written where there are no rows too.
func writeCSV(w io.Writer, header []string, rows []row) error {
	c := csv.NewWriter(w)
	if err := c.Write(header); err != nil {
		return err
	}
	for _, r := range rows {
		cells := make([]string, len(header))
		for i, name := range header {
			for _, f := range r {
				if f.name == name {
					cells[i] = cellOf(f.value)
				}
			}
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func cellOf(v any) string {
	switch v := v.(type) {
	case string:
		return cell(v)
	case []string:
		return cell(strings.Join(v, " "))
	case int:
		return strconv.Itoa(v)
	default:
		return cell(fmt.Sprint(v))
	}
}

// page writes an answer for people: sentences, headings and tables. All text is
// made printable, whoever chose it. The first error of writing stays.
type page struct {
	w     io.Writer
	width int // columns of the terminal; 0 where it is none
	err   error
}

// line writes one line; every string argument is made printable.
func (p *page) line(format string, args ...any) {
	for i, a := range args {
		switch a := a.(type) {
		case string:
			args[i] = printable(a)
		case fmt.Stringer:
			args[i] = printable(a.String())
		}
	}
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// table writes rows under a header. On a terminal the widest column is folded
// so that the table fits; elsewhere lines are as long as they must be. Columns
// whose cells are all empty are left out.
func (p *page) table(header []string, rows [][]string) {
	if p.err != nil || len(rows) == 0 {
		return
	}
	widths := make([]int, len(header))
	used := make([]bool, len(header))
	for _, r := range rows {
		for i := range r {
			r[i] = printable(r[i])
			widths[i] = max(widths[i], text.StringWidth(r[i]), len(header[i]))
			used[i] = used[i] || r[i] != ""
		}
	}
	t := table.NewWriter()
	t.SetStyle(plain)
	line := table.Row{}
	var columns []table.ColumnConfig
	for i, h := range header {
		if !used[i] {
			continue
		}
		line = append(line, h)
		columns = append(columns, table.ColumnConfig{Number: len(line), WidthMax: widths[i], WidthMaxEnforcer: fold,
			Align: alignment(h), AlignHeader: alignment(h)})
	}
	if p.width > 0 {
		fit(columns, p.width-2*len(columns)-2)
	}
	t.SetColumnConfigs(columns)
	t.AppendHeader(line)
	for _, r := range rows {
		line := table.Row{}
		for i, c := range r {
			if used[i] {
				line = append(line, c)
			}
		}
		t.AppendRow(line)
	}
	for out := range strings.Lines(t.Render()) {
		if p.err == nil {
			_, p.err = fmt.Fprintln(p.w, strings.TrimRight("  "+out, " \n"))
		}
	}
}

// fit narrows the widest columns until all fit in width, none below 12.
func fit(columns []table.ColumnConfig, width int) {
	const least = 12
	for {
		total, widest := 0, 0
		for i, c := range columns {
			total += c.WidthMax
			if c.WidthMax > columns[widest].WidthMax {
				widest = i
			}
		}
		if total <= width || columns[widest].WidthMax <= least {
			return
		}
		columns[widest].WidthMax--
	}
}

// fold breaks a long cell behind separators of ids where it can.
func fold(s string, width int) string {
	if text.StringWidth(s) <= width {
		return s
	}
	var lines []string
	for text.StringWidth(s) > width {
		cut, end := 0, 0
		for i, r := range s {
			n := i + len(string(r))
			if text.StringWidth(s[:n]) > width {
				break
			}
			end = n
			if strings.ContainsRune(" :/,@", r) && n > width/3 {
				cut = n
			}
		}
		if cut == 0 {
			cut = max(end, 1)
		}
		lines, s = append(lines, s[:cut]), s[cut:]
	}
	return strings.Join(append(lines, s), "\n")
}

func alignment(header string) text.Align {
	if header == "CALLS" || header == "COUNT" || header == "EVENTS" || header == "N" {
		return text.AlignRight
	}
	return text.AlignLeft
}

// plain is a table without frame: it pastes well into a ticket.
var plain = func() table.Style {
	s := table.StyleDefault
	s.Options = table.OptionsNoBordersAndSeparators
	s.Box.PaddingLeft, s.Box.PaddingRight = "", "  "
	s.Format.Header = text.FormatUpper
	return s
}()
