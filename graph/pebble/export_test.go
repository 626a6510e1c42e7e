package pebble

import "github.com/cockroachdb/pebble/v2"

// The tags of the key space, to damage it.
const (
	TagIn, TagOut, TagEvidence, TagStandingIn, TagToken, TagNumber, TagAlias = tagIn, tagOut, tagEvidence, tagStandingIn, tagToken, tagNumber, tagAlias
)

// DropFirst deletes the first key of a tag behind the store's back.
func (s *Store) DropFirst(tag byte) error {
	var key []byte
	if err := s.scan(tag, func(k, _ []byte) error {
		if key == nil {
			key = append(key, k...)
		}
		return nil
	}); err != nil {
		return err
	}
	return s.db.Delete(key, pebble.Sync)
}
