package cloudtrail

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// decode reads a record as scan does, slowly and plainly: the oracle of its
// tests, and the judge of records that scan rejects. It takes strict JSON, of
// repeated keys the last, and replaces invalid UTF-8. With fold, keys match in
// any case, as exports from tables have them in lower case.
func decode(raw []byte, fold bool, r *Record, e *envelope) error {
	*r = Record{Resources: r.Resources[:0], habits: r.habits}
	*e = envelope{}
	raw = bytes.Trim(raw, " \t\r\n")
	if err := jsonlog.CheckDepth(raw); err != nil {
		return err
	}
	o, err := membersOf(raw, fold)
	if err != nil {
		return err
	}
	r.EventID, r.SharedEventID, r.RequestID = o.text("eventID"), o.text("sharedEventID"), o.text("requestID")
	r.EventSource, r.EventName = o.text("eventSource"), o.text("eventName")
	r.EventType, r.EventCategory = o.text("eventType"), o.text("eventCategory")
	r.Region, r.SourceIP, r.UserAgent = o.text("awsRegion"), o.text("sourceIPAddress"), o.text("userAgent")
	r.ErrorCode, r.ErrorMessage = o.text("errorCode"), o.text("errorMessage")
	r.RecipientAccountID, r.APIVersion = o.text("recipientAccountId"), o.text("apiVersion")
	r.ReadOnly, r.ManagementEvent = triOf(o.text("readOnly")), triOf(o.text("managementEvent"))
	r.FromConsole = triOf(o.text("sessionCredentialFromConsole")) == True
	r.Request, r.Response = o.value("requestParameters"), o.value("responseElements")
	r.Additional, r.Details = o.value("additionalEventData"), o.value("serviceEventDetails")
	r.Addendum, r.Raw = o.value("addendum"), raw
	if r.Identity, err = decodeIdentity(o.value("userIdentity"), fold); err != nil {
		return err
	}
	if r.Resources, err = decodeResources(o.value("resources"), fold, r.Resources); err != nil {
		return err
	}
	e.times = [3]Value{o.value("eventTime"), o.value("@timestamp"), o.value("p_event_time")}
	e.eventData, e.inner, e.event = o.value("eventData"), o.inner, o.value("event")
	return nil
}

func decodeIdentity(v Value, fold bool) (u UserIdentity, err error) {
	u.Raw = v
	if !v.IsObject() {
		return u, nil
	}
	var parts [7]members
	o, err := membersOf(v, fold)
	if err != nil {
		return u, err
	}
	for i, path := range [...][]string{{"sessionContext"}, {"sessionContext", "sessionIssuer"}, {"sessionContext", "attributes"},
		{"sessionContext", "webIdFederationData"}, {"onBehalfOf"}, {"inScopeOf"}} {
		p := o
		for _, key := range path {
			if p, err = membersOf(p.value(key), fold); err != nil {
				return u, err
			}
		}
		parts[i] = p
	}
	session, issuer, attributes, web, behalf, scope := parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]
	u.Type, u.PrincipalID, u.ARN = o.text("type"), o.text("principalId"), o.text("arn")
	u.AccountID, u.AccessKeyID, u.UserName = o.text("accountId"), o.text("accessKeyId"), o.text("userName")
	u.InvokedBy, u.IdentityProvider, u.CredentialID = o.text("invokedBy"), o.text("identityProvider"), o.text("credentialId")
	u.OnBehalfOfUser, u.OnBehalfOfStore = behalf.text("userId"), behalf.text("identityStoreArn")
	u.InScopeOfType, u.InScopeOf = scope.text("issuerType"), firstOf(scope.text("credentialsIssuedTo"), scope.text("sourceArn"))
	created, _ := jsonlog.TimeOf(attributes.value("creationDate"))
	u.Session = SessionContext{
		IssuerType: issuer.text("type"), IssuerPrincipalID: issuer.text("principalId"), IssuerARN: issuer.text("arn"),
		IssuerAccountID: issuer.text("accountId"), IssuerUserName: issuer.text("userName"),
		FederatedProvider: web.text("federatedProvider"), Created: created,
		MFA: triOf(attributes.text("mfaAuthenticated")) == True, SourceIdentity: session.text("sourceIdentity"),
		EC2RoleDelivery: session.text("ec2RoleDelivery"), SignInSessionARN: session.text("signInSessionArn"),
		AssumedRoot: triOf(session.text("assumedRoot")) == True,
		FromConsole: triOf(session.text("sessionCredentialFromConsole")) == True,
	}
	return u, nil
}

func decodeResources(v Value, fold bool, out []ResourceRef) ([]ResourceRef, error) {
	if v.IsArray() {
		d := newDecoder(v)
		if _, err := d.ReadToken(); err != nil {
			return out, err
		}
		for d.PeekKind() != ']' {
			e, err := d.ReadValue()
			if err != nil {
				return out, err
			}
			if e.Kind() == '[' {
				continue // a list within the list is no resource
			}
			if out, err = decodeResources(Value(bytes.Clone(e)), fold, out); err != nil {
				return out, err
			}
		}
		return out, nil
	}
	if s := plain(v); v.IsString() && isARN(s) {
		return append(out, ResourceRef{ARN: s}), nil
	}
	if !v.IsObject() {
		return out, nil
	}
	o, err := membersOf(v, fold)
	if err != nil {
		return out, err
	}
	return append(out, ResourceRef{ARN: firstOf(o.text("ARN"), o.text("resourceARN"), o.text("arn")),
		ARNPrefix: o.text("ARNPrefix"), AccountID: o.text("accountId"), Type: o.text("type")}), nil
}

// members are those of one object.
type members struct {
	values map[string]Value
	fold   bool
	inner  Value // the last member that an envelope keeps a record in
}

func newDecoder(raw []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// membersOf are the members of an object; what is no object has none.
func membersOf(raw Value, fold bool) (members, error) {
	m := members{values: map[string]Value{}, fold: fold}
	if !raw.IsObject() {
		return m, nil
	}
	d := newDecoder(raw)
	if _, err := d.ReadToken(); err != nil {
		return m, fmt.Errorf("read JSON: %w", err)
	}
	for d.PeekKind() != '}' {
		key, err := d.ReadToken()
		if err != nil {
			return m, fmt.Errorf("read JSON: %w", err)
		}
		name := key.String()
		v, err := d.ReadValue()
		if err != nil {
			return m, fmt.Errorf("read JSON: %w", err)
		}
		w := Value(bytes.Clone(v))
		switch name {
		case "detail", "CloudTrailEvent", "log", "message", "original", "event.original", "_source", "json":
			if m.inner = w; w.Null() {
				m.inner = nil
			}
		}
		if fold {
			name = strings.ToLower(name)
		}
		m.values[name] = w
	}
	if _, err := d.ReadToken(); err != nil {
		return m, fmt.Errorf("read JSON: %w", err)
	}
	return m, nil
}

// value is the member with that key, nil for null.
func (m members) value(key string) Value {
	if m.fold {
		key = strings.ToLower(key)
	}
	if v := m.values[key]; !v.Null() {
		return v
	}
	return nil
}

// text is the member's text; empty for null, object and array.
func (m members) text(key string) string { return plain(m.value(key)) }

func plain(v Value) string {
	switch {
	case v.IsString():
		s, _ := jsontext.AppendUnquote(nil, v) // invalid UTF-8 is replaced and reported
		return string(s)
	case v.Null(), v.IsObject(), v.IsArray():
		return ""
	}
	return string(v)
}
