package cloudtrail

import (
	"bytes"
	"hash/maphash"

	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// habits is what records of one trail repeat, remembered between them.
type habits struct {
	*identities
	record, resource keyOrder
}

// newHabits expects nothing yet; without identities none is remembered.
func newHabits(known *identities) *habits {
	return &habits{known, keyOrder{fields: recordFields}, keyOrder{fields: resourceFields}}
}

// identities remembers userIdentity elements by their text: records of one
// session repeat theirs to the byte. What is forgotten is only read again. It
// is for one goroutine.
type identities struct {
	seed  maphash.Seed
	known map[uint64]*knownIdentity // by the hash of their beginning, the latest first
	n     int
}

// knownIdentity is an element read before. It owns its memory.
type knownIdentity struct {
	UserIdentity
	actor *actor         // by the emitter, once it has made one of it
	other *knownIdentity // that begins alike: with and without invokedBy
	depth int            // of others
}

// The bounds of what is remembered: how many elements, of which length.
const (
	maxIdentities    = 16_384
	maxKnownIdentity = 2048
	maxOthers        = 4
)

func newIdentities() *identities {
	return &identities{seed: maphash.MakeSeed(), known: map[uint64]*knownIdentity{}}
}

// scan is scanIdentity. A nil table remembers nothing.
func (t *identities) scan(b []byte, i, room int, u *UserIdentity) (int, error) {
	if t == nil || i >= len(b) || b[i] != '{' {
		return scanIdentity(b, i, room, u)
	}
	// What tells identities apart, principal and access key, stands before
	// the first brace that closes.
	head := b[i:min(i+maxKnownIdentity, len(b))]
	head = head[:bytes.IndexByte(head, '}')+1]
	at := maphash.Bytes(t.seed, head)
	for k := t.known[at]; k != nil; k = k.other {
		if bytes.HasPrefix(b[i:], k.Raw) {
			*u = k.UserIdentity
			return i + len(k.Raw), nil
		}
	}
	end, err := jsonlog.Skip(b, i, room)
	if err != nil || end-i > maxKnownIdentity {
		return scanIdentity(b, i, room, u)
	}
	k := &knownIdentity{}
	if n, err := scanIdentity(bytes.Clone(b[i:end]), 0, room, &k.UserIdentity); err != nil || n != end-i {
		return scanIdentity(b, i, room, u)
	}
	k.known = k
	if t.n++; t.n > maxIdentities {
		clear(t.known)
		t.n = 1
	}
	if o := t.known[at]; o != nil && o.depth < maxOthers {
		k.other, k.depth = o, o.depth+1
	}
	t.known[at] = k
	*u = k.UserIdentity
	return end, nil
}
