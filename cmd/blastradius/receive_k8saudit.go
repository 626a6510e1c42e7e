package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/jsonlog"
	"github.com/blastradius/blastradius/ingest/spool"
)

// auditPath is where the webhook of an API server posts to.
const auditPath = "/ingest/k8saudit"

// maxAudit bounds what is posted at once, in bytes. The API server sends at most
// 400 events (--audit-webhook-batch-max-size).
const maxAudit = 16 << 20

// auditSpool opens the spool of audit events in dir.
func auditSpool(dir string) (*spool.Spool, error) {
	return spool.Open(dir, spool.Options{Framing: spool.Lines, Ext: ".audit.jsonl", MaxRecord: maxAudit})
}

// receiveAudit takes the EventList that an API server posts, or a single Event,
// and answers 200 once it would survive a crash. Where too much waits to be
// ingested it answers 429, upon which the API server tries again; what is no
// audit event, 400.
func receiveAudit(s *spool.Spool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, graph.CodeInvalid, "audit events are posted", "")
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAudit))
		if err != nil {
			if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
				refuse(w, http.StatusRequestEntityTooLarge, graph.CodeInvalid, fmt.Sprintf("more than %d bytes", maxAudit), "lower --audit-webhook-batch-max-size")
			} else {
				refuse(w, http.StatusBadRequest, graph.CodeInvalid, "the request breaks off", "")
			}
			return
		}
		if kind := jsonlog.Value(bytes.TrimSpace(body)).Get("kind").Str(); kind != "EventList" && kind != "Event" || !json.Valid(body) {
			refuse(w, http.StatusBadRequest, graph.CodeInvalid, "no EventList of audit.k8s.io", "this is for --audit-webhook-config-file of kube-apiserver")
			return
		}
		// A line feed in JSON is white space: in strings it is escaped.
		err = s.Append(r.Context(), bytes.ReplaceAll(body, []byte{'\n'}, []byte{' '}))
		switch {
		case errors.Is(err, spool.ErrBehind):
			w.Header().Set("Retry-After", "5")
			refuse(w, http.StatusTooManyRequests, graph.CodeUnavailable, spool.ErrBehind.Message, spool.ErrBehind.Hint)
		case err != nil:
			refuse(w, http.StatusServiceUnavailable, graph.CodeUnavailable, "not stored", graph.Hint(err))
		default:
			say(w, http.StatusOK, "stored")
		}
	})
}
