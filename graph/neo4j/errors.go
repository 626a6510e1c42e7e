package neo4j

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/blastradius/blastradius/graph"
)

// failure is how an attempt at writing ended.
type failure int

const (
	fatal    failure = iota // trying again would not help
	deadlock                // another transaction waited for this one
	conflict                // a constraint was violated, by one that went before
	gone                    // the server did not answer, or said that it cannot now
)

// classify says what to do about an error of the driver.
func classify(err error) failure {
	var e *neo4j.Neo4jError
	if errors.As(err, &e) {
		switch {
		case strings.HasSuffix(e.Code, ".DeadlockDetected"):
			return deadlock
		case strings.HasSuffix(e.Code, ".ConstraintValidationFailed"):
			return conflict // which the driver does not take for transient
		case strings.HasSuffix(e.Code, ".EquivalentSchemaRuleAlreadyExists"):
			return conflict // IF NOT EXISTS of two processes at a time; the next try finds it
		case strings.HasSuffix(e.Code, ".LockClientStopped"), strings.HasSuffix(e.Code, ".Transaction.Terminated"):
			return gone // a server that ends in good order
		case outOfMemory(e):
			return fatal // which the driver takes for transient
		}
	}
	for ; err != nil; err = errors.Unwrap(err) { // the driver does not look into wrapped errors
		if neo4j.IsRetryable(err) {
			return gone
		}
	}
	return fatal
}

// outOfMemory reports whether a transaction was larger than the server allows.
func outOfMemory(e *neo4j.Neo4jError) bool { return strings.Contains(e.Code, "OutOfMemory") }

// explain is err as one that people and programs can act on. It holds nothing
// of the credentials.
func (s *Store) explain(what string, err error) error {
	var known *graph.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		if err != nil {
			err = fmt.Errorf("%s: %w", what, err)
		}
		return err
	}
	out := &graph.Error{Code: graph.CodeInternal, Message: what, Err: err}
	var e *neo4j.Neo4jError
	var auth *neo4j.InvalidAuthenticationError
	var token *neo4j.TokenExpiredError
	var unreachable *neo4j.ConnectivityError
	switch {
	case errors.As(err, &e):
		s.explainCode(out, e)
	case errors.As(err, &auth), errors.As(err, &token):
		out.Code, out.Hint = graph.CodeUnauthorized, credentialsHint
	case errors.As(err, &unreachable):
		out.Code, out.Message = graph.CodeUnavailable, fmt.Sprintf("%s: no Neo4j answers at %s", what, s.o.URI)
		out.Hint = "is it running, and is this its Bolt address (port 7687 unless set otherwise)? neo4j+s:// where it wants TLS"
	}
	return out
}

const credentialsHint = "user and password come from BLASTRADIUS_NEO4J_USERNAME and BLASTRADIUS_NEO4J_PASSWORD, or --neo4j-password-file"

// explainCode says what a code of the server means here.
func (s *Store) explainCode(out *graph.Error, e *neo4j.Neo4jError) {
	switch {
	case strings.HasSuffix(e.Code, ".Security.Unauthorized"), strings.HasSuffix(e.Code, ".Security.TokenExpired"),
		strings.HasSuffix(e.Code, ".Security.CredentialsExpired"):
		out.Code, out.Message, out.Hint = graph.CodeUnauthorized, fmt.Sprintf("%s: Neo4j refuses the user %q or the password", out.Message, s.o.Username), credentialsHint
		out.Err = nil
	case strings.HasSuffix(e.Code, ".AuthenticationRateLimit"):
		out.Code, out.Hint = graph.CodeUnauthorized, "Neo4j refuses further attempts for some seconds after three wrong passwords"
	case strings.Contains(e.Code, ".Security.Forbidden"), strings.HasSuffix(e.Code, ".General.ForbiddenOnReadOnlyDatabase"),
		strings.HasSuffix(e.Code, ".General.WriteOnReadOnlyAccessDatabase"), strings.HasSuffix(e.Code, ".Request.Forbidden"):
		out.Code, out.Message = graph.CodeUnauthorized, fmt.Sprintf("%s: the user %q may not do that in the database %s", out.Message, s.o.Username, s.o.Database)
		out.Hint = "writing needs a database that is not read-only, and on Enterprise the roles editor and architect (CREATE INDEX, CREATE CONSTRAINT, new labels, types and properties)"
	case strings.HasSuffix(e.Code, ".Database.DatabaseNotFound"), strings.HasSuffix(e.Code, ".Database.DatabaseNotFoundError"):
		out.Code, out.Message = graph.CodeInvalid, fmt.Sprintf("%s: Neo4j has no database %q", out.Message, s.o.Database)
		out.Hint, out.Err = "SHOW DATABASES lists them; neo4j://HOST/NAME says which; Community has only neo4j", nil
	case outOfMemory(e):
		out.Code, out.Hint = graph.CodeUnavailable, "a batch is one transaction and needs about 200 MB of heap: raise server.memory.heap.max_size, or dbms.memory.transaction.total.max"
	case strings.Contains(e.Code, ".TransientError."), strings.Contains(e.Code, ".Database."):
		out.Code, out.Hint = graph.CodeUnavailable, "the server is busy, starting or ending; try again"
	}
}
