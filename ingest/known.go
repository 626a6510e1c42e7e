package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/blastradius/blastradius/graph"
)

// known is what the ledger says was ingested. A file is known by name, size
// and hash together, one that has a version also by name and version.
type known struct {
	mu       sync.RWMutex
	files    map[fileKey]knownFile
	versions map[fileKey]fileKey // by name and version, of files that are done
	loaded   bool
}

// fileKey is a 128-bit hash of name, size and content hash: a ledger of a
// million files must fit in memory.
type fileKey [16]byte

type knownFile struct {
	done     bool
	segments []int32 // records of each segment, from 0, without a gap
	rejected int     // records
	note     string
}

func keyOf(name string, size int64, hash string) fileKey {
	b := make([]byte, 0, 128+len(name))
	b = binary.LittleEndian.AppendUint64(b, uint64(size))
	b = append(append(b, hash...), name...)
	h := sha256.Sum256(b)
	return fileKey(h[:16])
}

func newKnown() *known {
	return &known{files: map[fileKey]knownFile{}, versions: map[fileKey]fileKey{}}
}

// load reads the ledger, unless it was.
func (k *known) load(ctx context.Context, s graph.Store) error {
	if k.loaded {
		return nil
	}
	for src, err := range s.Sources(ctx) {
		if err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		k.add(&src)
	}
	k.loaded = true
	return nil
}

// add enters one ledger entry.
func (k *known) add(s *graph.Source) {
	if s.Hash == "" {
		return
	}
	key := keyOf(s.Name, s.Size, s.Hash)
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.files[key]
	if s.Segment == len(f.segments) {
		f.segments = append(f.segments, int32(s.Records))
		f.rejected += s.Rejected
	}
	if s.Final {
		f.done = true
		f.note = s.Note
	}
	k.files[key] = f
	if f.done && s.Version != "" {
		k.versions[versionKey(s.Name, s.Version)] = key
	}
}

func versionKey(name, version string) fileKey { return keyOf(name, -1, version) }

// version is what is known of a file by its version, which may be empty.
func (k *known) version(name, version string) (f knownFile, ok bool) {
	if version == "" {
		return f, false
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok := k.versions[versionKey(name, version)]
	return k.files[key], ok
}

// file is what is known of a file.
func (k *known) file(key fileKey) knownFile {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.files[key]
}
