package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// holding is the memory of one file being read, as counted by the gate.
type holding struct {
	run   *run
	bytes int64
}

func (h *holding) acquire(ctx context.Context, group int, n int64) error {
	if err := h.run.gate.acquire(ctx, group, n); err != nil {
		return err
	}
	h.bytes += n
	return nil
}

func (h *holding) adjust(n int64) {
	h.run.gate.adjust(n)
	h.bytes += n
}

// free gives all back, with the buffers that nothing refers to.
func (h *holding) free(buffers ...[]byte) {
	for _, b := range buffers {
		freeBuffer(b)
	}
	h.run.gate.adjust(-h.bytes)
	h.bytes = 0
}

// keep holds the memory until the batch is committed.
func (p *pending) keep(h *holding, b []byte) {
	p.buffers = append(p.buffers, b)
	p.held += h.bytes
}

// hashReader hashes what passes.
type hashReader struct {
	r io.Reader
	h hash.Hash
	n int64
}

func (r *hashReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.h.Write(p[:n])
	r.n += int64(n)
	return n, err
}

// sum is the size and hash of all, the part that nobody read included.
func (r *hashReader) sum() (size int64, hexHash string) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return r.n, "" // not all was read: never known
	}
	return r.n, hex.EncodeToString(r.h.Sum(make([]byte, 0, sha256.Size)))
}

// ctxReader ends when ctx has.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
