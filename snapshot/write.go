package snapshot

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// A snapshot is one line, then blocks: a letter for what the block holds, the
// length of its bytes (4 bytes, big-endian), the bytes, zstd, and the SHA-256 of
// the sum before, letter, length and bytes. The first sum is that of the line.
// The last block is the signature; its bytes are plain.
const (
	firstLine = "blastradius snapshot "
	sumSize   = sha256.Size
	// blockSize is how many bytes of facts a block holds before the next begins:
	// where a byte is wrong is known that exactly.
	blockSize = 1 << 18
	// maxBlock bounds what a block may hold once inflated.
	maxBlock = 64 << 20
)

// The blocks, in their order. Those of the content come first.
const (
	blockManifest  = 'M'
	blockQueries   = 'Q'
	blockNodes     = 'N'
	blockEvents    = 'E'
	blockStanding  = 'F'
	blockLedger    = 'L'
	blockOrigin    = 'O'
	blockNumbers   = 'n' // of the ledger's entries
	blockPlaces    = 'e' // where the observations of events were read
	blockFacts     = 'f' // where standing facts and marks were read
	blockSignature = 'Z'
)

// blockOrder is the order of blocks; names are what errors call them.
const blockOrder = "MQNEFLOnefZ"

var blockNames = map[byte]string{blockManifest: "manifest", blockQueries: "queries", blockNodes: "nodes", blockEvents: "events",
	blockStanding: "standing facts", blockLedger: "ledger", blockOrigin: "origin", blockNumbers: "ledger numbers",
	blockPlaces: "places of events", blockFacts: "places of facts", blockSignature: "signature"}

// inContent reports whether the block is part of the content, which any store
// with the same facts has.
func inContent(kind byte) bool { return kind >= 'A' && kind <= 'Q' && kind != blockOrigin }

// seal is the signature block.
type seal struct {
	Hash      string            `json:"hash"` // of the content
	Key       ed25519.PublicKey `json:"key"`
	Signature []byte            `json:"signature"` // of signed()
}

// signed is what the signature is of: what it is for, the sum of everything
// before, and the hash of the content.
func signed(sum []byte, hash string) []byte {
	return append(append([]byte("blastradius snapshot signature 1\n"), sum...), hash...)
}

// Write writes the snapshot, signed with the key, and returns the hash of its
// content.
func (s *Snapshot) Write(w io.Writer, key ed25519.PrivateKey) (string, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return "", err
	}
	defer z.Close()
	out := &writer{w: w, z: z, content: sha256.New()}
	out.begin()
	manifest, err := json.Marshal(s.Manifest)
	if err != nil {
		return "", err
	}
	out.block(blockManifest, manifest)
	queries, err := json.Marshal(s.Queries)
	if err != nil {
		return "", err
	}
	out.block(blockQueries, queries)
	blocks(out, blockNodes, len(s.Nodes), func(e *encoder, i int) { e.node(&s.Nodes[i]) })
	blocks(out, blockEvents, len(s.Events), func(e *encoder, i int) { e.event(&s.Events[i]) })
	blocks(out, blockStanding, len(s.Standing), func(e *encoder, i int) { e.standing(&s.Standing[i]) })
	texts, index, err := s.entries()
	if err != nil {
		return "", err
	}
	blocks(out, blockLedger, len(texts), func(e *encoder, i int) { e.text(texts[i]) })
	origin, err := json.Marshal(s.Origin)
	if err != nil {
		return "", err
	}
	out.block(blockOrigin, origin)
	blocks(out, blockNumbers, len(index), func(e *encoder, i int) { e.uint(s.Ledger[i].Seq); e.uint(uint64(index[i])) })
	blocks(out, blockPlaces, len(s.Events), func(e *encoder, i int) { e.eventPlaces(&s.Events[i]) })
	blocks(out, blockFacts, len(s.Standing), func(e *encoder, i int) { e.standingPlaces(&s.Standing[i]) })
	hash := hex.EncodeToString(out.content.Sum(nil))
	last, err := json.Marshal(seal{hash, key.Public().(ed25519.PublicKey), ed25519.Sign(key, signed(out.sum[:], hash))})
	if err != nil {
		return "", err
	}
	out.plain(blockSignature, last)
	return hash, out.err
}

// writer writes blocks and chains them. The first error stays.
type writer struct {
	w       io.Writer
	z       *zstd.Encoder
	sum     [sumSize]byte
	content hash.Hash
	err     error
}

func (w *writer) begin() {
	line := fmt.Sprintf("%s%d\n", firstLine, Format)
	w.sum = sha256.Sum256([]byte(line))
	_, w.err = io.WriteString(w.w, line)
}

// blocks writes n items in blocks of about blockSize.
func blocks(w *writer, kind byte, n int, item func(*encoder, int)) {
	var e encoder
	for i := range n {
		item(&e, i)
		if len(e.b) >= blockSize || i == n-1 {
			w.block(kind, e.b)
			e.b = e.b[:0]
		}
	}
}

func (w *writer) block(kind byte, text []byte) {
	if inContent(kind) {
		addContent(w.content, kind, text)
	}
	w.plain(kind, w.z.EncodeAll(text, nil))
}

// addContent takes a block into the hash of the content.
func addContent(h hash.Hash, kind byte, text []byte) {
	h.Write(binary.BigEndian.AppendUint64([]byte{kind}, uint64(len(text))))
	h.Write(text)
}

func (w *writer) plain(kind byte, stored []byte) {
	head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(stored)))
	w.sum = chain(w.sum, head, stored)
	for _, b := range [][]byte{head, stored, w.sum[:]} {
		if w.err == nil {
			_, w.err = w.w.Write(b)
		}
	}
}

// chain is the sum of a block.
func chain(before [sumSize]byte, head, stored []byte) (sum [sumSize]byte) {
	h := sha256.New()
	h.Write(before[:])
	h.Write(head)
	h.Write(stored)
	h.Sum(sum[:0])
	return sum
}
