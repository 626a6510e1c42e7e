package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable makes text of the data harmless on a terminal: names in a log are
// chosen by whoever makes the calls, an attacker too. Everything that is not
// printable (control characters, escapes, bidirectional and zero-width
// characters, line separators, broken UTF-8) is spelt out as \x1b or \u202e.
func printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteString(s[i : i+n])
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// printableJSON writes a JSON text with every character that is not printable
// spelt as \uXXXX: the same document, safe to show. White space outside
// strings stays.
func printableJSON(w io.Writer, text []byte) error {
	var b bytes.Buffer
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r < 0x7f, unicode.IsPrint(r):
			b.Write(text[i : i+n])
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		}
		i += n
	}
	_, err := w.Write(b.Bytes())
	return err
}

// cell makes text harmless in a CSV cell: printable, and never the start of a
// spreadsheet formula (a leading apostrophe marks text there).
func cell(s string) string {
	s = printable(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

// lineWriter makes what passes through printable, line by line: for reports that
// name files.
type lineWriter struct{ w io.Writer }

func (l lineWriter) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		text, ended := strings.CutSuffix(line, "\n")
		if ended {
			text = printable(text) + "\n"
		} else {
			text = printable(text)
		}
		if _, err := io.WriteString(l.w, text); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
