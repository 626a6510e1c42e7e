package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Markdown writes the report as GitHub-flavoured Markdown. Text of the data stays
// text: it makes no link, no image, no markup and no new line.
func (r *Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", markdown(r.Title()))
	for _, s := range r.sections() {
		s.markdown(&b, "##")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *section) markdown(b *strings.Builder, level string) {
	fmt.Fprintf(b, "\n%s %s\n", level, markdown(s.Title))
	for _, p := range s.Paras {
		fmt.Fprintf(b, "\n%s\n", markdown(p))
	}
	if len(s.Items) > 0 {
		b.WriteByte('\n')
	}
	for _, i := range s.Items {
		fmt.Fprintf(b, "- %s\n", markdown(i))
	}
	if s.Table != nil && len(s.Table.Rows) > 0 {
		row := func(cells []string) {
			for _, c := range cells {
				b.WriteString("| " + markdown(c) + " ")
			}
			b.WriteString("|\n")
		}
		b.WriteByte('\n')
		row(s.Table.Header)
		b.WriteString(strings.Repeat("|---", len(s.Table.Header)) + "|\n")
		for _, r := range s.Table.Rows {
			row(r)
		}
	}
	for i := range s.Parts {
		s.Parts[i].markdown(b, level+"#")
	}
}

// markdown makes text of the data harmless in Markdown. A backslash before
// punctuation is the character itself (CommonMark 2.4). Addresses make links of
// themselves by "://" and "www.", and are broken there by one.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range inert(s) {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '#', '|', '~', '&', '$', '@':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	out := strings.ReplaceAll(b.String(), "://", `:\//`)
	return strings.ReplaceAll(out, "www.", `www\.`)
}

// inert spells out what is not printable: control characters, escapes,
// bidirectional and zero-width characters, broken UTF-8.
func inert(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// compact is JSON on one line.
func compact(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}
