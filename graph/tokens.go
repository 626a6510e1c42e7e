package graph

import (
	"slices"
	"strings"
	"unicode"
)

// Tokens splits text for search: case-folded, at everything that is neither
// letter nor digit, each token once, sorted. The same in every store.
func Tokens(text string) []string {
	out := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slices.Sort(out)
	return slices.Compact(out)
}

// Tokens are those of the node's id, aliases and names.
func (n *Node) Tokens() []string {
	text := string(n.ID)
	for _, a := range n.Attrs {
		if a.Name == AttrAlias || a.Name == AttrName {
			text += " " + a.Value
		}
	}
	return Tokens(text)
}

// MatchTokens reports whether every wanted token is a prefix of one that is
// had. An empty want matches everything.
func MatchTokens(have, want []string) bool {
	for _, w := range want {
		if !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return true
}
