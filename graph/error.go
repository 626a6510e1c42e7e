package graph

import (
	"errors"
	"fmt"
)

// The error codes that programs may rely on.
const (
	CodeInvalid           = "INVALID"            // the caller's input is wrong
	CodeNotFound          = "NOT_FOUND"          // nothing has that id
	CodeAmbiguous         = "AMBIGUOUS"          // a bare name fits several nodes
	CodeLocked            = "LOCKED"             // another process has the store open
	CodeCorrupt           = "CORRUPT"            // stored bytes are not what was written
	CodeVersion           = "VERSION"            // the store was written by a newer format
	CodeSourceUnreachable = "SOURCE_UNREACHABLE" // the raw file of an event cannot be read
	CodeUnavailable       = "UNAVAILABLE"        // a server or disk did not answer
	CodeTimeout           = "TIMEOUT"            // a limit of time ran out
	CodeTooComplex        = "TOO_COMPLEX"        // a query passes a limit of depth or complexity
	CodeUnauthorized      = "UNAUTHORIZED"       // no or wrong credentials
	CodeInternal          = "INTERNAL"           // everything else
)

// Error is an error that people and programs can act on: a code from the list
// above, what happened, and what to do about it.
type Error struct {
	Code    string
	Message string
	Hint    string // may be empty
	Err     error  // the cause; may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Message, e.Err)
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Code is the code of the first *Error in err's chain, CodeInternal where
// there is none.
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// Hint is the hint of the first *Error in err's chain, empty where there is
// none.
func Hint(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
