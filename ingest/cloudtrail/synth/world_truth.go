package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// ledgerRow is what one identity did to the table that failed, told by the
// story and not read back from the files.
type ledgerRow struct {
	Identity string         `json:"identity"` // the role's or user's ARN
	Calls    map[string]int `json:"calls"`    // distinct calls by action and outcome, as "dynamodb:PutItem OK"
	Total    int            `json:"total"`
	Keys     []string       `json:"keys"` // the access keys used, forwarded ones included
	First    string         `json:"first"`
	Last     string         `json:"last"`
}

// outcomes of the error codes that occur in the story; the rest are ERROR.
var outcomes = map[string]string{
	"": "OK", "AccessDenied": "DENIED", "AccessDeniedException": "DENIED", "InternalServerError": "FAULT",
	"ThrottlingException": "THROTTLED", "ProvisionedThroughputExceededException": "THROTTLED",
}

// noteLedger counts a record on the ledger table within the last four hours
// of the world. A correction counts as the call it corrects.
func (w *world) noteLedger(r Record) {
	at, err := time.Parse(time.RFC3339, r.EventTime)
	if err != nil || at.Before(w.clock("10:02:00")) || !at.Before(w.clock("14:02:00")) {
		return
	}
	hit := slices.ContainsFunc(r.Resources, func(res ResourceID) bool { return res.ARN == w.ledgerARN() })
	if !hit && !(r.EventSource == "dynamodb.amazonaws.com" && strings.Contains(r.ErrorMessage, w.ledgerARN())) || r.Addendum != nil {
		return
	}
	id := r.UserIdentity.ARN
	if r.UserIdentity.SessionContext != nil && r.UserIdentity.SessionContext.Issuer != nil {
		id = r.UserIdentity.SessionContext.Issuer.ARN
	}
	row := w.ledger[id]
	if row == nil {
		row = &ledgerRow{Identity: id, Calls: map[string]int{}, First: r.EventTime, Last: r.EventTime}
		w.ledger[id] = row
	}
	outcome := outcomes[r.ErrorCode]
	if outcome == "" {
		outcome = "ERROR"
	}
	row.Calls["dynamodb:"+r.EventName+" "+outcome]++
	row.Total++
	if key := r.UserIdentity.AccessKeyID; key != "" && !slices.Contains(row.Keys, key) {
		row.Keys = append(row.Keys, key)
	}
	row.First, row.Last = min(row.First, r.EventTime), max(row.Last, r.EventTime)
}

func (w *world) ledgerARN() string {
	return "arn:aws:dynamodb:" + north + ":" + prod + ":table/" + ledgerTable
}

// rows of the ledger's truth, most calls first.
func (w *world) rows() []*ledgerRow {
	return slices.SortedFunc(maps.Values(w.ledger), func(a, b *ledgerRow) int {
		if a.Total != b.Total {
			return b.Total - a.Total
		}
		return strings.Compare(a.Identity, b.Identity)
	})
}

// distinct counts the records written, copies of the second trail aside, the
// calls they stand for, and those among the files of one trail.
func (w *world) distinct() (records, calls int) {
	shared := map[string]bool{}
	for _, e := range w.entries {
		records++
		if e.rec.Addendum != nil {
			continue
		}
		if id := e.rec.SharedEventID; id != "" {
			if shared[id] {
				continue
			}
			shared[id] = true
		}
		calls++
	}
	return records, calls
}

// truth writes truth.json.
func (w *world) truth() ([]byte, error) {
	records, calls := w.distinct()
	text, err := marshal(Object{"resource", w.ledgerARN(), "from", day + "10:02:00Z", "to", day + "14:02:00Z",
		"distinctRecords", records, "distinctCalls", calls, "touched", w.rows()})
	if err != nil {
		return nil, fmt.Errorf("write truth: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, fmt.Errorf("indent truth: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
