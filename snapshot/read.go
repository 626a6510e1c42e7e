package snapshot

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/klauspost/compress/zstd"
)

// Read reads a snapshot whole, and proves that it is what was signed: errors have
// code CORRUPT and say in which block something is wrong, or VERSION for a newer
// format. Whose the key is that signed it, Snapshot.Key, is for the caller to
// judge.
func Read(r io.Reader) (*Snapshot, error) {
	in := &reader{r: bufio.NewReaderSize(r, 1<<16), s: &Snapshot{}, content: sha256.New()}
	if err := in.begin(); err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlock))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	in.z = z
	for !in.ended {
		if err := in.block(); err != nil {
			return nil, err
		}
	}
	if _, err := in.r.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, corrupt("there is something behind the end of the snapshot, at byte %d", in.at)
	}
	return in.s, in.number()
}

// reader reads block after block.
type reader struct {
	r       *bufio.Reader
	z       *zstd.Decoder
	s       *Snapshot
	at      int64 // bytes read
	n       int   // blocks read
	order   int   // of the block before, in blockOrder
	sum     [sumSize]byte
	content hash.Hash
	ended   bool

	entries []graph.Source
	events  int // places read
	facts   int
}

func (r *reader) begin() error {
	line, err := r.r.ReadString('\n')
	r.at = int64(len(line))
	rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), firstLine)
	version, bad := strconv.Atoi(rest)
	if err != nil || !ok || bad != nil || version < 1 {
		return &graph.Error{Code: graph.CodeInvalid, Message: "this is no snapshot: its first line says something else", Hint: "blastradius snapshot create makes one"}
	}
	if version > Format {
		return &graph.Error{Code: graph.CodeVersion, Message: fmt.Sprintf("the snapshot has format %d, and this build reads up to %d", version, Format),
			Hint: "open it with a newer blastradius; the file is left as it is"}
	}
	r.sum = sha256.Sum256([]byte(line))
	return nil
}

// block reads one block, proves it and takes it in.
func (r *reader) block() error {
	r.n++
	start := r.at
	head := make([]byte, 5)
	if _, err := io.ReadFull(r.r, head); err != nil {
		return corrupt("the snapshot ends early: in block %d, at byte %d", r.n, start)
	}
	kind, size := head[0], binary.BigEndian.Uint32(head[1:])
	name := blockNames[kind]
	if name == "" {
		name = "of no known kind"
	}
	wrong := func(end int64) error {
		return corrupt("block %d (%s), bytes %d to %d, is not what was written", r.n, name, start, end)
	}
	if size > maxBlock {
		return wrong(start + 5)
	}
	var stored bytes.Buffer // grows with what is there, not with what the length claims
	if n, err := io.CopyN(&stored, r.r, int64(size)); err != nil {
		return corrupt("the snapshot ends early: in block %d (%s), at byte %d", r.n, name, start+5+n)
	}
	var sum [sumSize]byte
	if _, err := io.ReadFull(r.r, sum[:]); err != nil {
		return corrupt("the snapshot ends early: in block %d (%s)", r.n, name)
	}
	r.at += 5 + int64(size) + sumSize
	before := r.sum
	if r.sum = chain(r.sum, head, stored.Bytes()); r.sum != sum {
		return wrong(r.at)
	}
	order := strings.IndexByte(blockOrder, kind)
	if order < r.order {
		return wrong(r.at)
	}
	r.order = order
	if kind == blockSignature {
		return r.seal(stored.Bytes(), before)
	}
	text, err := r.z.DecodeAll(stored.Bytes(), nil)
	if err != nil || len(text) > maxBlock {
		return wrong(r.at)
	}
	if inContent(kind) {
		addContent(r.content, kind, text)
	}
	if !r.take(kind, text) {
		return wrong(r.at)
	}
	return nil
}

// seal proves the signature, which ends the snapshot.
func (r *reader) seal(text []byte, sum [sumSize]byte) error {
	r.ended = true
	var z seal
	hash := hex.EncodeToString(r.content.Sum(nil))
	if json.Unmarshal(text, &z) != nil || len(z.Key) != ed25519.PublicKeySize || z.Hash != hash || !ed25519.Verify(z.Key, signed(sum[:], hash), z.Signature) {
		return corrupt("block %d (signature): it is not the signature of this snapshot", r.n)
	}
	r.s.Hash, r.s.Key = hash, z.Key
	return nil
}

// take takes in what a block holds.
func (r *reader) take(kind byte, text []byte) bool {
	s, d := r.s, &decoder{b: text}
	switch kind {
	case blockManifest:
		return json.Unmarshal(text, &s.Manifest) == nil
	case blockQueries:
		return json.Unmarshal(text, &s.Queries) == nil
	case blockOrigin:
		return json.Unmarshal(text, &s.Origin) == nil
	case blockNodes:
		for d.more() {
			s.Nodes = append(s.Nodes, d.node())
		}
	case blockEvents:
		for d.more() {
			s.Events = append(s.Events, d.event())
		}
	case blockStanding:
		for d.more() {
			s.Standing = append(s.Standing, d.standing())
		}
	case blockLedger:
		for d.more() {
			var src graph.Source
			if json.Unmarshal([]byte(d.text()), &src) != nil {
				return false
			}
			r.entries = append(r.entries, src)
		}
	case blockNumbers:
		for d.more() {
			seq, i := d.uint(), d.uint()
			if i >= uint64(len(r.entries)) {
				return false
			}
			src := r.entries[i]
			src.Seq = seq
			s.Ledger = append(s.Ledger, src)
		}
	case blockPlaces:
		for d.more() {
			if r.events == len(s.Events) {
				return false
			}
			list := s.Events[r.events].Observations
			for i := range list {
				list[i].Source = d.ref()
			}
			r.events++
		}
	case blockFacts:
		for d.more() {
			if r.facts == len(s.Standing) {
				return false
			}
			e := &s.Standing[r.facts]
			e.Source = d.ref()
			for i := range e.Marks {
				e.Marks[i].Source = d.ref()
			}
			r.facts++
		}
	default:
		return false
	}
	return !d.bad
}

// number closes the holes in the ledger's numbers, if there are any: what
// refers to a number that is not there refers to the next that is.
func (r *reader) number() error {
	if r.events != len(r.s.Events) || r.facts != len(r.s.Standing) {
		return corrupt("the snapshot lacks places of its facts")
	}
	return r.s.renumber()
}
