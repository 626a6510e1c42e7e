package awsiam

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// page is one JSON object of a dump: a response of IAM, as the AWS CLI or an
// SDK writes it. Account and FetchedAt are ours: the live source adds them.
type page struct {
	account string
	at      graph.Time // when it was fetched, zero where it does not say
	part    bool       // another page follows
	things  []thing
	latest  graph.Time // the latest date that its things show
	keys    []string   // its members, in order
	report  []byte     // the credential report in it
}

// thing is one element of a page's lists.
type thing struct {
	list string
	text []byte
}

// The lists of a page.
const (
	listUsers    = "UserDetailList"
	listGroups   = "GroupDetailList"
	listRoles    = "RoleDetailList"
	listPolicies = "Policies"
	listKeys     = "AccessKeyMetadata"
)

// is reports whether the page is IAM's; head is the text it was read from.
func (p *page) is(head []byte) bool {
	for _, k := range p.keys {
		switch k {
		case listUsers, listGroups, listRoles, listKeys:
			return true
		case listPolicies:
			if bytes.Contains(head, []byte(`"PolicyVersionList"`)) {
				return true
			}
		case "Content":
			if bytes.Contains(head, encodedHeader) {
				return true
			}
		}
	}
	return false
}

// readPages reads all objects of a text: one after the other, or in arrays. Of
// a text that breaks off it returns what stands before the break, with the
// error.
func readPages(data []byte) (pages []*page, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		switch d.PeekKind() {
		case '{':
			p := &page{}
			pages = append(pages, p)
			if err := p.read(d); err != nil {
				return pages, broken(d, err)
			}
		case '[', ']':
			if _, err := d.ReadToken(); err != nil {
				return pages, broken(d, err)
			}
		default:
			if err := d.SkipValue(); err == io.EOF && d.StackDepth() == 0 {
				return pages, nil
			} else if err != nil {
				return pages, broken(d, err)
			}
		}
	}
}

// broken is why a text cannot be read further, and where.
func broken(d *jsontext.Decoder, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the JSON breaks off")
	}
	return &ingest.OffsetError{Offset: d.InputOffset(), Err: err}
}

func (p *page) read(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		p.keys = append(p.keys, key)
		switch key {
		case listUsers, listGroups, listRoles, listPolicies, listKeys:
			err = p.list(key, d)
		case "Account", "FetchedAt", "GeneratedTime", "IsTruncated", "ResponseMetadata", "Content":
			var v jsontext.Value
			if v, err = d.ReadValue(); err == nil {
				err = p.member(key, v)
			}
		default:
			err = d.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// list reads the elements of a list; what is no list is left out.
func (p *page) list(key string, d *jsontext.Decoder) error {
	if d.PeekKind() != '[' {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil {
			return err
		}
		text := bytes.Clone(v)
		p.things = append(p.things, thing{key, text})
		p.latest = max(p.latest, latestOf(text))
	}
	_, err := d.ReadToken()
	return err
}

// member reads what a page says of itself.
func (p *page) member(key string, v jsontext.Value) error {
	var text string
	switch key {
	case "IsTruncated":
		p.part = v.Kind() == 't'
		return nil
	case "ResponseMetadata": // of the SDKs
		var m struct{ HTTPHeaders map[string]string }
		if json.Unmarshal(v, &m) == nil {
			if t, err := time.Parse(time.RFC1123, m.HTTPHeaders["date"]); err == nil {
				p.at = max(p.at, graph.TimeOf(t))
			}
		}
		return nil
	case "FetchedAt", "GeneratedTime":
		var t when
		if err := json.Unmarshal(v, &t); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		p.at = max(p.at, graph.Time(t))
		return nil
	}
	if json.Unmarshal(v, &text) != nil {
		return nil // not of the shape we know: nothing is read from it
	}
	if key == "Account" {
		p.account = text
		return nil
	}
	if report, err := base64.StdEncoding.DecodeString(text); err == nil && isReport(report) {
		p.report = report
	}
	return nil
}

// dates are the members of a thing that date it, wherever in it they stand.
var dates = []string{"CreateDate", "UpdateDate", "LastUsedDate", "PasswordLastUsed"}

// latestOf is the latest date that a thing shows; what is no date counts as
// none here, and the thing is rejected when it is read.
func latestOf(text []byte) (latest graph.Time) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return latest
		}
		if k, n := d.StackIndex(d.StackDepth()); k != '{' || n%2 == 0 || !slices.Contains(dates, token.String()) {
			continue
		}
		v, err := d.ReadValue()
		if err != nil {
			return latest
		}
		var t when
		if json.Unmarshal(v, &t) == nil {
			latest = max(latest, graph.Time(t))
		}
	}
}

// when is a date as IAM, its CLI and its SDKs write it: RFC 3339, also with a
// space for the T, or seconds since 1970. Null and empty are zero.
type when graph.Time

func (w *when) UnmarshalJSON(b []byte) error {
	var seconds float64
	if b[0] != '"' {
		if err := json.Unmarshal(b, &seconds); err != nil || seconds < 0 || seconds > maxSeconds {
			return fmt.Errorf("%.40s is no date", b)
		}
		*w = when(seconds * 1000)
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	t, err := dateOf(s)
	*w = when(t)
	return err
}

// maxSeconds is the last second of the year 9999.
const maxSeconds = 253402300799

func dateOf(s string) (graph.Time, error) {
	if s == "" {
		return 0, nil
	}
	text := s
	if len(s) > 10 && s[10] == ' ' {
		text = s[:10] + "T" + s[11:]
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05Z0700", text); err != nil {
			return 0, fmt.Errorf("%.40q is no date", strings.ToValidUTF8(s, ""))
		}
	}
	return graph.TimeOf(t), nil
}
