package awsiam

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/awsid"
)

// reportHeader begins a credential report.
const reportHeader = "user,arn,user_creation_time"

// encodedHeader begins one in the JSON of GetCredentialReport.
var encodedHeader = []byte(base64.StdEncoding.EncodeToString([]byte(reportHeader)))

func isReport(b []byte) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(b, []byte("\ufeff")), []byte(reportHeader))
}

// reported are the columns that are kept as attributes of the user, all
// registers. Times are RFC 3339; a key's is "never" where it was not used.
var reported = map[string]string{
	"password_enabled": "passwordEnabled", "password_last_used": "passwordLastUsed", "password_last_changed": "passwordLastChanged",
	"mfa_active":          "mfaActive",
	"access_key_1_active": "accessKey1Active", "access_key_1_last_rotated": "accessKey1Rotated", "access_key_1_last_used_date": "accessKey1LastUsed",
	"access_key_2_active": "accessKey2Active", "access_key_2_last_rotated": "accessKey2Rotated", "access_key_2_last_used_date": "accessKey2LastUsed",
	"cert_1_active": "certificate1Active", "cert_2_active": "certificate2Active",
}

// parseReport reads a credential report made at that time; where that is zero
// it is dated by the latest date in it.
func parseReport(data []byte, at graph.Time, sink ingest.Sink) error {
	sink.Source().Kind = KindReport
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	list := KindReport
	var rows []map[string]string
	var bad []error // of the row of the same index
	var latest graph.Time
	var broken error
	for {
		fields, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			broken = &ingest.OffsetError{Offset: r.InputOffset(), Err: err}
			break
		}
		row := map[string]string{}
		for i, f := range fields[:min(len(fields), len(header))] {
			row[header[i]] = f
		}
		wrong := error(nil)
		if len(fields) != len(header) {
			wrong = fmt.Errorf("%d fields under %d columns", len(fields), len(header))
		}
		for name, value := range row {
			if t, ok, err := reportDate(name, value); err != nil {
				wrong = errors.Join(wrong, fmt.Errorf("%s: %w", name, err))
			} else if ok && name != "password_next_rotation" {
				latest = max(latest, t)
			}
		}
		rows, bad = append(rows, row), append(bad, wrong)
	}
	if at == 0 {
		at, list = latest, list+strings.TrimPrefix(undated, KindDetails)
	}
	for i, row := range rows {
		b, src := sink.Next()
		err := bad[i]
		if err == nil && at == 0 {
			err = errors.New("the report shows no date at all")
		}
		if err == nil {
			err = reportRow(b, src, row, at, list, sink)
		}
		if err != nil {
			sink.Reject(fmt.Errorf("user %.64q: %w", row["user"], err))
		}
	}
	return broken
}

// reportDate is the date in a column that holds dates; false where it holds
// none, or says N/A, no_information or not_supported.
func reportDate(column, value string) (graph.Time, bool, error) {
	dated := strings.HasSuffix(column, "_time") || strings.HasSuffix(column, "_date") || strings.HasSuffix(column, "_rotated") ||
		strings.HasSuffix(column, "_rotation") || column == "password_last_used" || column == "password_last_changed"
	if !dated || value == "" || value[0] < '0' || value[0] > '9' {
		return 0, false, nil
	}
	t, err := dateOf(value)
	return t, err == nil, err
}

func reportRow(b *graph.Builder, src graph.Ref, row map[string]string, at graph.Time, list string, sink ingest.Sink) error {
	n := awsid.Identity(row["arn"])
	if !n.Known() {
		return fmt.Errorf("%.100q is no ARN of a user", row["arn"])
	}
	arn, _ := graph.ParseARN(row["arn"])
	sink.Seen(at, streamOf(KindReport, arn.Account))
	ref := n.In(b)
	b.Attr(awsid.Account(arn.Account).In(b), graph.AttrEnumerated, list, at)
	b.Attr(ref, graph.AttrEnumerated, list, at)
	b.Attr(ref, graph.AttrAccount, arn.Account, at)
	b.Attr(ref, graph.AttrAlias, string(awsid.Pathless(arn)), at)
	if n.Type == awsid.TypeUser {
		b.Attr(ref, graph.AttrName, row["arn"][strings.LastIndexByte(row["arn"], '/')+1:], at)
	}
	for column, name := range reported {
		value := row[column]
		t, ok, _ := reportDate(column, value)
		switch {
		case ok:
			value = t.String()
		case value == "N/A" && strings.HasSuffix(column, "last_used_date") && row[strings.TrimSuffix(column, "last_used_date")+"last_rotated"] != "N/A":
			value = "never"
		case value != "true" && value != "false":
			value = "" // not known, or not there
		}
		b.Attr(ref, name, value, at)
	}
	if row["password_enabled"] == "true" {
		b.Standing(graph.StandingKey{From: ref, To: awsid.Password(n.ID).In(b), Kind: graph.Holds, Label: b.Label(graph.Label{})}, at, src)
	}
	return nil
}
