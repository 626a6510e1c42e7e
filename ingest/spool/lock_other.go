//go:build !unix

package spool

import "os"

// lockFile opens the file: there is no lock to be had here.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
