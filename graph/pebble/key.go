package pebble

import (
	"bytes"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/blastradius/blastradius/graph"
)

// The key space. A key begins with one of these bytes; numbers in keys are
// big-endian. Everything marked "merged" is written as a merge operand only, so
// that writing never reads.
//
//	A alias 0 node(4)                      alias index
//	E day(4) bucket(1)                     evidence index, merged
//	H shape(4)                             dictionary of shapes
//	I day(4) node(4) hour(1)               event edges by To, light observations, merged
//	J seq(8)                               ledger entry
//	L label(4)                             label dictionary
//	M name                                 format, floor, refused, kinds of event edges
//	N node id                              node by id, merged
//	O day(4) node(4) hour(1)               event edges by From, whole observations, merged
//	P node(4) kind(1) other(4) label(4)    standing edge by From, merged
//	Q node(4) kind(1) other(4) label(4)    standing edge by To, merged
//	S suffix(4)                            dictionary of evidence suffixes
//	T token 0 block(4)                     search index, merged
//	X evidence                             smallest source that supersedes it
//	n node(4)                              node id by number
//
// Event edges lie by day before node. Logs arrive roughly in order of time, so
// a batch overlaps few older files and compaction moves files instead of
// rewriting them; dropping old days is one range deletion; and a window of some
// hours on one node is still one or two short scans. A question over all time
// pays a seek for each day, cut short by bloom filters and by the span of days
// that every node record keeps.
const (
	tagAlias      = 'A'
	tagEvidence   = 'E'
	tagShape      = 'H'
	tagIn         = 'I'
	tagLedger     = 'J'
	tagLabel      = 'L'
	tagMeta       = 'M'
	tagNode       = 'N'
	tagOut        = 'O'
	tagStanding   = 'P'
	tagStandingIn = 'Q'
	tagSuffix     = 'S'
	tagToken      = 'T'
	tagSupersede  = 'X'
	tagNumber     = 'n'
)

const (
	blockPrefix    = 9 // tag, day, node
	standingPrefix = 5 // tag, node
)

// comparer is bytewise; the prefixes of block and standing keys go into the
// bloom filters.
var comparer = func() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Name = "blastradius.1"
	c.Split = func(k []byte) int {
		if len(k) > 0 {
			switch k[0] {
			case tagOut, tagIn:
				return min(len(k), blockPrefix)
			case tagStanding, tagStandingIn:
				return min(len(k), standingPrefix)
			}
		}
		return len(k)
	}
	c.ImmediateSuccessor = func(dst, prefix []byte) []byte { return append(append(dst, prefix...), 0) }
	return &c
}()

func dayOf(h graph.Hour) uint32    { return uint32(h) / 24 }
func hourOfDay(h graph.Hour) uint8 { return uint8(uint32(h) % 24) }

func hourAt(day uint32, hod uint8) graph.Hour { return graph.Hour(day*24 + uint32(hod)) }

func appendBlockPrefix(dst []byte, tag byte, day, node uint32) []byte {
	dst = append(dst, tag)
	dst = binary.BigEndian.AppendUint32(dst, day)
	return binary.BigEndian.AppendUint32(dst, node)
}

func appendBlockKey(dst []byte, tag byte, day, node uint32, hod uint8) []byte {
	return append(appendBlockPrefix(dst, tag, day, node), hod)
}

// blockKey splits a key made by appendBlockKey.
func blockKey(k []byte) (day, node uint32, hod uint8) {
	return binary.BigEndian.Uint32(k[1:]), binary.BigEndian.Uint32(k[5:]), k[9]
}

func appendStandingKey(dst []byte, tag byte, node uint32, kind graph.EdgeKind, other, label uint32) []byte {
	dst = numberKey(dst, tag, node)
	dst = append(dst, byte(kind))
	dst = binary.BigEndian.AppendUint32(dst, other)
	return binary.BigEndian.AppendUint32(dst, label)
}

func standingKey(k []byte) (node uint32, kind graph.EdgeKind, other, label uint32) {
	return binary.BigEndian.Uint32(k[1:]), graph.EdgeKind(k[5]), binary.BigEndian.Uint32(k[6:]), binary.BigEndian.Uint32(k[10:])
}

// numberKey is a tag and a number: of a node, label, suffix or day.
func numberKey(dst []byte, tag byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, tag), n)
}

func appendEvidenceKey(dst []byte, day uint32, bucket uint8) []byte {
	return append(numberKey(dst, tagEvidence, day), bucket)
}

func ledgerKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{tagLedger}, seq)
}

func stringKey(dst []byte, tag byte, s string) []byte { return append(append(dst, tag), s...) }

// upper is the smallest key behind all that begin with the prefix.
func upper(prefix []byte) []byte {
	k := bytes.Clone(prefix)
	for i := len(k) - 1; i >= 0; i-- {
		if k[i]++; k[i] != 0 {
			return k[:i+1]
		}
	}
	return nil
}
