package runbook

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file is a runbook as it is written.
type file struct {
	Name        text        `yaml:"name"`
	Title       text        `yaml:"title"`
	Description text        `yaml:"description"`
	Last        text        `yaml:"last"`
	Parameters  []parameter `yaml:"parameters"`
	Ask         []ask       `yaml:"ask"`
	Assert      []assert    `yaml:"assert"`
}

type parameter struct {
	Name        text      `yaml:"name"`
	Type        text      `yaml:"type"`
	Required    bool      `yaml:"required"`
	Default     yaml.Node `yaml:"default"`
	Description text      `yaml:"description"`
}

type ask struct {
	Name      text      `yaml:"name"`
	Document  text      `yaml:"document"`
	File      text      `yaml:"file"`
	Query     text      `yaml:"query"`
	Variables yaml.Node `yaml:"variables"`
}

type assert struct {
	That    text `yaml:"that"`
	Message text `yaml:"message"`
	List    text `yaml:"list"`
}

// text is a string with the line that it begins on; zero: it is not there.
type text struct {
	value string
	line  int
}

func (t *text) UnmarshalYAML(n *yaml.Node) error {
	t.line = lineOf(n)
	return n.Decode(&t.value)
}

// lineOf is the line that the text of a node begins on: that of a block is
// below its mark.
func lineOf(n *yaml.Node) int {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return n.Line + 1
	}
	return n.Line
}

var (
	unknownField = regexp.MustCompile(`^line (\d+): field (.+) not found in type \S+$`)
	yamlLine     = regexp.MustCompile(`line (\d+): (.*)$`)
)

// read takes the file apart. What is wrong with it goes to p.
func read(content []byte, p *problems) *file {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	dec.KnownFields(true)
	f := new(file)
	err := dec.Decode(f)
	var wrong *yaml.TypeError
	switch {
	case errors.Is(err, io.EOF):
		p.add(1, "a runbook has name, title, ask and assert", "the file is empty")
		return nil
	case errors.As(err, &wrong):
		for _, e := range wrong.Errors {
			if m := unknownField.FindStringSubmatch(e); m != nil {
				line, _ := strconv.Atoi(m[1])
				p.add(line, "a runbook has name, title, description, last, parameters, ask and assert; runbook show NAME shows one", "there is no field %q here", m[2])
			} else if m := yamlLine.FindStringSubmatch(e); m != nil {
				line, _ := strconv.Atoi(m[1])
				p.add(line, "", "%s", strings.TrimSpace(m[2]))
			} else {
				p.add(1, "", "%s", e)
			}
		}
		return nil
	case err != nil:
		line, message := 1, err.Error()
		if m := yamlLine.FindStringSubmatch(message); m != nil {
			line, _ = strconv.Atoi(m[1])
			message = m[2]
		}
		p.add(line, "YAML indents by spaces, and quotes text that holds ': ' or begins with one of {[*&!|>%@", "this is no YAML: %s", message)
		return nil
	}
	if dec.Decode(new(yaml.Node)) != io.EOF {
		p.add(1, "one file, one runbook", "the file holds more than one document")
		return nil
	}
	return f
}
