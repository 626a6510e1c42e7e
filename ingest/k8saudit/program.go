package k8saudit

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// program is what a user agent shows of the program behind a call.
type program struct {
	client graph.ID // empty where none is shown
	tool   string   // the agentic tool; empty where there is no marker
}

// evidenceToken is how a user agent shows an agent: by the tool's own name.
const evidenceToken = "ua_token"

// tools are the agentic tools, and the MCP servers they act through, that call
// the API under their own name.
var tools = map[string]string{
	"kubernetes-mcp-server": "kubernetes-mcp-server", "mcp-server-kubernetes": "mcp-server-kubernetes", "mcp-kubernetes": "mcp-kubernetes",
	"kubectl-ai": "kubectl-ai", "kagent": "kagent", "k8sgpt": "k8sgpt", "holmesgpt": "holmesgpt", "holmes": "holmesgpt",
	"claude-code": "claude-code", "claude-cli": "claude-code", "codex": "codex", "codex-cli": "codex", "gemini-cli": "gemini-cli", "cursor": "cursor", "goose": "goose",
}

// programOf reads a user agent: its first word, without version and system.
func (w *emitter) programOf(agent string) *program {
	if p, ok := w.programs[agent]; ok {
		return p
	}
	p := &program{}
	word, _, _ := strings.Cut(agent, "/")
	word, _, _ = strings.Cut(word, " ")
	if word = clean(word); word != "" {
		p.client, p.tool = graph.ID("client:"+word), tools[word]
	}
	if strings.HasPrefix(agent, "Mozilla/") {
		p.client = "client:browser"
	}
	if len(w.programs) >= maxPrograms {
		clear(w.programs)
	}
	w.programs[strings.Clone(agent)] = p
	return p
}

// clean is a name as part of an id: lower case, of letters, digits, dots and
// dashes, at most 40.
func clean(s string) string {
	b := make([]byte, 0, min(len(s), 40))
	for i := 0; i < len(s) && len(b) < 40; i++ {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
			b = append(b, c)
		}
	}
	return strings.Trim(string(b), "-._")
}
