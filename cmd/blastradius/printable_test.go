package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"arn:aws:iam::111122223333:role/a": "arn:aws:iam::111122223333:role/a",
		"grün 日本":                          "grün 日本",
		"\x1b[31mred\x1b[0m":               `\x1b[31mred\x1b[0m`,
		"a\nb\rc\td\x00\x7f":               `a\x0ab\x0dc\x09d\x00\x7f`,
		"x\u202egpj.exe":                   `x\u202egpj.exe`,
		"zero\u200bwidth\ufeff":            `zero\u200bwidth\ufeff`,
		"c1\u009b31m":                      `c1\u009b31m`,
		"line\u2028sep":                    `line\u2028sep`,
		"bad\xff\xfeutf8":                  `bad\xff\xfeutf8`,
		"tag\U000e0041":                    `tag\U000e0041`,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

// The same document, with nothing in it that a terminal acts on.
func TestPrintableJSON(t *testing.T) {
	in := map[string]string{"a\u202e": "x\x1b[2J \u009b \U000e0041 grün"}
	text, err := marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := printableJSON(&b, text); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); s != printable(s) {
		t.Errorf("not printable: %q", s)
	}
	var out map[string]string
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	if out["a\u202e"] != in["a\u202e"] {
		t.Errorf("%q became %q", in, out)
	}
}

func TestCellIsNoFormula(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "@x": "'@x", "-2": "'-2", "arn:x": "arn:x", "": ""} {
		if got := cell(in); got != want {
			t.Errorf("cell(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFoldKeepsTextAndWidth(t *testing.T) {
	s := "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-north-1/AWSReservedSSO_PlatformEngineer_9f3c2ab41d7e0c58"
	for width := 12; width < 130; width++ {
		out := fold(s, width)
		joined := ""
		for _, line := range bytes.Split([]byte(out), []byte("\n")) {
			if len(line) > width {
				t.Fatalf("width %d: line %q", width, line)
			}
			joined += string(line)
		}
		if joined != s {
			t.Fatalf("width %d: %q", width, joined)
		}
	}
}
