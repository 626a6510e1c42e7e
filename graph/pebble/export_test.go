package pebble

// SetIngestBytes makes batches of n bytes and more go the way of large ones,
// until undo is called.
func SetIngestBytes(n int) (undo func()) {
	old := ingestBytes
	ingestBytes = n
	return func() { ingestBytes = old }
}
