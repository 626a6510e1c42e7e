package neo4j

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/blastradius/blastradius/graph"
)

// escaped begins text that is not as it was: each byte became the character of
// that number. It is a noncharacter, which no log uses.
const escaped = '\uFFFE'

// text is s as a server can keep it: strings there are UTF-8.
func text(s string) string {
	if utf8.ValidString(s) && !strings.HasPrefix(s, string(escaped)) {
		return s
	}
	out := []rune{escaped}
	for i := range len(s) {
		out = append(out, rune(s[i]))
	}
	return string(out)
}

// plain undoes text.
func plain(s string) string {
	rest, ok := strings.CutPrefix(s, string(escaped))
	if !ok {
		return s
	}
	var out []byte
	for _, r := range rest {
		out = append(out, byte(r))
	}
	return string(out)
}

// optional is text, nil for the empty string: a property that is not there.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return text(s)
}

// maxKey is how many bytes of an id are indexed: an index takes 8,167 bytes at
// most (operations manual, range index limits). A longer id is known by its
// beginning and hash, and stands whole beside.
const maxKey = 4000

// defaultGraph is the graph whose ids stand in the database as they are.
const defaultGraph = "default"

// keys makes the ids of one graph's nodes unlike those of others in the
// database: "~name~id". In the default graph an id stays as it is, unless it
// begins with "~" itself.
type keys struct{ prefix string }

func keysOf(graph string) keys {
	if graph == defaultGraph {
		return keys{}
	}
	return keys{"~" + graph + "~"}
}

// whole is an id as the database has it.
func (k keys) whole(id graph.ID) string {
	t := text(string(id))
	if k.prefix == "" && strings.HasPrefix(t, "~") {
		return "~~" + t
	}
	return k.prefix + t
}

// key is what the index has of an id.
func (k keys) key(id graph.ID) string {
	t := k.whole(id)
	if len(t) > maxKey {
		sum := sha256.Sum256([]byte(t))
		t = strings.ToValidUTF8(t[:maxKey-2*len(sum)], "") + hex.EncodeToString(sum[:])
	}
	return t
}

// id undoes whole.
func (k keys) id(key string) graph.ID {
	if k.prefix == "" {
		key = strings.TrimPrefix(key, "~~")
	}
	return graph.ID(plain(strings.TrimPrefix(key, k.prefix)))
}

// span are the bounds of the graph's keys in the order of the index: behind
// after, before end, and not in [skip, resume).
func (k keys) span(after graph.ID) map[string]any {
	p := map[string]any{"after": k.prefix, "end": string(utf8.MaxRune), "skip": "~", "resume": "~~"}
	if k.prefix != "" {
		p["end"], p["skip"], p["resume"] = k.prefix[:len(k.prefix)-1]+"\x7f", "", ""
	}
	if after != "" {
		p["after"] = k.key(after)
	}
	return p
}

// hash is 64 bits of SHA-256 over the parts, which no input can steer.
func hash(parts ...string) int64 {
	var buf [512]byte
	b := buf[:0]
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return int64(binary.LittleEndian.Uint64(sum[:8]))
}

var tokenText = base32.HexEncoding.WithPadding(base32.NoPadding)

// eventToken is what the full-text index knows an event id by: 40 bits of the
// hash of what stands before the first "@" of its evidence. Every hit is
// verified.
func eventToken(evidence string) string {
	id, _, _ := strings.Cut(evidence, "@")
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], graph.CallKeyOf(id)<<16)
	return strings.ToLower(tokenText.EncodeToString(b[:5]))
}

// longestToken is how much of a token the full-text index keeps together (its
// whitespace tokenizer cuts at 255 characters).
const longestToken = 255

// searchQuery asks the full-text index for nodes with such prefixes, nodes of
// other graphs left out where the graph is named.
func (k keys) searchQuery(tokens []string) string {
	var b strings.Builder
	if k.prefix != "" {
		b.WriteString("+" + k.mark())
	}
	for _, t := range tokens {
		if r := []rune(t); len(r) > longestToken/2 { // of UTF-16 at most
			t = string(r[:longestToken/2])
		}
		b.WriteString(" +" + t + "*")
	}
	return b.String()
}

// mark is a token that no text of a node gives.
func (k keys) mark() string { return "_" + strings.Trim(k.prefix, "~") }

// searchText is what the full-text index reads of a node.
func (k keys) searchText(n *graph.Node) string {
	out := strings.Join(n.Tokens(), " ")
	if k.prefix != "" {
		out += " " + k.mark()
	}
	return text(out)
}
