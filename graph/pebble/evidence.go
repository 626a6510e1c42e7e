package pebble

import (
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// Evidence is packed: a tag, uvarint(suffix<<2 | form), then the id. The suffix
// is what follows the first "@", by its number in the dictionary; zero is none.
const (
	formUUID = iota + 1 // 16 bytes; text in lower case with hyphens
	formSHA             // 32 bytes; text "sha256:<lower hex>", no suffix
	formRaw             // uvarint length and the text itself, no suffix
)

// maxSuffixes bounds the dictionary of suffixes, which is kept in memory.
// Suffixes are receiving accounts and clusters; past the bound, evidence with a
// new suffix is stored as text.
const (
	maxSuffixes  = 1 << 16
	maxSuffixLen = 128
)

const (
	shaPrefix    = "sha256:"
	sharedPrefix = "shared:"
)

// appendEvidence packs evidence. intern numbers a suffix; zero refuses it.
func appendEvidence(dst []byte, ev string, intern func(string) uint32) []byte {
	if len(ev) == 36 || len(ev) > 37 && ev[36] == '@' {
		var buf [16]byte
		if id, ok := graph.AppendUUID(buf[:0], ev); ok {
			suffix := uint32(0)
			if len(ev) > 37 {
				suffix = intern(ev[37:])
			}
			if suffix != 0 || len(ev) == 36 {
				return append(binary.AppendUvarint(dst, uint64(suffix)<<2|formUUID), id...)
			}
		}
	}
	if len(ev) == len(shaPrefix)+64 && ev[:len(shaPrefix)] == shaPrefix && strings.ToLower(ev) == ev {
		if sum, err := hex.DecodeString(ev[len(shaPrefix):]); err == nil {
			return append(append(dst, formSHA), sum...)
		}
	}
	dst = append(dst, formRaw)
	dst = binary.AppendUvarint(dst, uint64(len(ev)))
	return append(dst, ev...)
}

// evidenceLen is the length of the packed evidence that b begins with, zero
// where b is broken.
func evidenceLen(b []byte) int {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return 0
	}
	switch tag & 3 {
	case formUUID:
		n += 16
	case formSHA:
		n += 32
	default:
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || size > uint64(len(b)) {
			return 0
		}
		n += m + int(size)
	}
	if n > len(b) {
		return 0
	}
	return n
}

// appendEvidenceText unpacks evidence.
func appendEvidenceText(dst, ev []byte, suffixes []string) []byte {
	tag, n := binary.Uvarint(ev)
	switch tag & 3 {
	case formUUID:
		dst = graph.AppendUUIDText(dst, ev[n:n+16])
		if s := tag >> 2; s > 0 && s <= uint64(len(suffixes)) {
			dst = append(append(dst, '@'), suffixes[s-1]...)
		}
		return dst
	case formSHA:
		return hex.AppendEncode(append(dst, shaPrefix...), ev[n:n+32])
	}
	_, m := binary.Uvarint(ev[n:])
	return append(dst, ev[n+m:]...)
}

// appendCall packs a call id: 0 and 16 bytes for "shared:<uuid>", else length
// plus one and the text.
func appendCall(dst []byte, call string) []byte {
	if id, ok := strings.CutPrefix(call, sharedPrefix); ok && len(id) == 36 {
		if d, ok := graph.AppendUUID(append(dst, 0), id); ok {
			return d
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(call))+1)
	return append(dst, call...)
}

func callLen(b []byte) int {
	size, n := binary.Uvarint(b)
	switch {
	case n <= 0:
		return 0
	case size == 0:
		n += 16
	case size > uint64(len(b)):
		return 0
	default:
		n += int(size) - 1
	}
	if n > len(b) {
		return 0
	}
	return n
}

func callText(b []byte) string {
	size, n := binary.Uvarint(b)
	if size == 0 {
		return string(graph.AppendUUIDText([]byte(sharedPrefix), b[n:n+16]))
	}
	return string(b[n:])
}

// The evidence index knows an event by 24 bits of the hash of what stands
// before the first "@" of its evidence: 8 bits choose the key, 16 stand in the
// value. Every hit is verified against the edges.
const (
	bucketBits = 8
	restBits   = 16
	hashBits   = bucketBits + restBits
)

// hashID is the hash of an event id, hashBits wide.
func hashID(ev string) uint64 {
	id, _, _ := strings.Cut(ev, "@")
	var buf [16]byte
	if len(id) == 36 {
		if b, ok := graph.AppendUUID(buf[:0], id); ok {
			return hashUUID(b)
		}
	}
	return mix(graph.CallKeyOf(id))
}

// hashPacked is hashID of packed evidence.
func hashPacked(ev []byte, suffixes []string) uint64 {
	if ev[0]&3 == formUUID {
		return hashUUID(ev[len(ev)-16:])
	}
	return hashID(string(appendEvidenceText(nil, ev, suffixes)))
}

func hashUUID(b []byte) uint64 {
	return mix(binary.LittleEndian.Uint64(b) ^ mix64(binary.LittleEndian.Uint64(b[8:])))
}

func mix(h uint64) uint64 { return mix64(h) >> (64 - hashBits) }

// mix64 is the finalizer of MurmurHash3.
func mix64(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
