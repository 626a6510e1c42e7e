package cloudtrail

import "github.com/blastradius/blastradius/ingest/jsonlog"

// envelope is what a record's object holds beside the record: the times that
// stand in for eventTime, and the members that an envelope keeps the real
// record in.
type envelope struct {
	times     [3]Value // eventTime, @timestamp, p_event_time
	eventData Value    // the partner's part of a CloudTrail Lake activity event
	inner     Value    // an EventBridge detail, a LookupEvents CloudTrailEvent …
	event     Value    // where log shippers put the original
}

// scan reads the object at b[i] as a record, in one pass, and returns the index
// after it. Strings and values share b's memory. Of keys that repeat the last
// counts. Members that no field is for are skipped, not judged.
//
// The record is not settled: times and envelope are left in e.
func scan(b []byte, i int, r *Record, e *envelope) (int, error) {
	r.reset()
	*e = envelope{}
	start := i
	if i >= len(b) {
		return i, jsonlog.ErrCut
	}
	if b[i] != '{' {
		return i, jsonlog.ErrSyntax
	}
	h := r.habits
	if h == nil {
		h = newHabits(nil)
	}
	const room = jsonlog.MaxDepth - 1
	i, done, err := jsonlog.First(b, i, '}')
	for k := &h.record.before; !done && err == nil; {
		if k, i, err = h.record.read(b, i, k); err != nil {
			break
		}
		switch k.field {
		case eventNameField:
			r.EventName, i, err = k.textAt(b, i, room)
		case eventSourceField:
			r.EventSource, i, err = k.textAt(b, i, room)
		case eventTimeField:
			e.times[0], i, err = jsonlog.ValueAt(b, i, room)
		case timestampField:
			e.times[1], i, err = jsonlog.ValueAt(b, i, room)
		case partnerTimeField:
			e.times[2], i, err = jsonlog.ValueAt(b, i, room)
		case eventIDField:
			r.EventID, i, err = jsonlog.Text(b, i, room)
		case sharedEventIDField:
			r.SharedEventID, i, err = jsonlog.Text(b, i, room)
		case requestIDField:
			r.RequestID, i, err = jsonlog.Text(b, i, room)
		case eventTypeField:
			r.EventType, i, err = k.textAt(b, i, room)
		case eventCategoryField:
			r.EventCategory, i, err = k.textAt(b, i, room)
		case regionField:
			r.Region, i, err = k.textAt(b, i, room)
		case sourceIPField:
			r.SourceIP, i, err = jsonlog.Text(b, i, room)
		case userAgentField:
			r.UserAgent, i, err = k.textAt(b, i, room)
		case errorCodeField:
			r.ErrorCode, i, err = jsonlog.Text(b, i, room)
		case errorMessageField:
			r.ErrorMessage, i, err = jsonlog.Text(b, i, room)
		case recipientField:
			r.RecipientAccountID, i, err = k.textAt(b, i, room)
		case apiVersionField:
			r.APIVersion, i, err = k.textAt(b, i, room)
		case readOnlyField:
			r.ReadOnly, i, err = tri(b, i, room)
		case managementField:
			r.ManagementEvent, i, err = tri(b, i, room)
		case consoleField:
			var t Tri
			t, i, err = tri(b, i, room)
			r.FromConsole = t == True
		case identityField:
			i, err = h.identities.scan(b, i, room, &r.Identity)
		case resourcesField:
			r.Resources, i, err = h.scanResources(b, i, room, r.Resources[:0])
		case requestField:
			r.Request, i, err = r.request.scan(b, i, room)
		case responseField:
			r.Response, i, err = r.response.scan(b, i, room)
		case additionalField:
			r.Additional, i, err = jsonlog.ValueAt(b, i, room)
		case detailsField:
			r.Details, i, err = jsonlog.ValueAt(b, i, room)
		case addendumField:
			r.Addendum, i, err = jsonlog.ValueAt(b, i, room)
		case eventDataField:
			e.eventData, i, err = jsonlog.ValueAt(b, i, room)
		case innerField:
			e.inner, i, err = jsonlog.ValueAt(b, i, room)
		case eventField:
			e.event, i, err = jsonlog.ValueAt(b, i, room)
		default:
			i, err = k.skip(b, i, room)
		}
		if err != nil {
			break
		}
		if i+1 < len(b) && b[i] == ',' && b[i+1] > ' ' {
			i++
		} else {
			i, done, err = jsonlog.More(b, i, '}')
		}
	}
	if err != nil {
		return i, err
	}
	r.Raw = b[start:i:i]
	return i, nil
}

// reset empties the record.
func (r *Record) reset() {
	r.Identity = UserIdentity{}
	r.Time, r.EventID, r.SharedEventID, r.RequestID = 0, "", "", ""
	r.EventSource, r.EventName, r.EventType, r.EventCategory = "", "", "", ""
	r.Region, r.SourceIP, r.UserAgent, r.ErrorCode, r.ErrorMessage = "", "", "", "", ""
	r.RecipientAccountID, r.APIVersion = "", ""
	r.ReadOnly, r.ManagementEvent, r.FromConsole = Absent, Absent, false
	r.Resources = r.Resources[:0]
	r.Request, r.Response, r.Additional, r.Details, r.Addendum, r.Raw = nil, nil, nil, nil, nil, nil
}

func scanIdentity(b []byte, i, room int, u *UserIdentity) (int, error) {
	*u = UserIdentity{}
	start := i
	end, err := jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
		switch key {
		case "type":
			u.Type, end, err = jsonlog.Text(b, i, room)
		case "principalId":
			u.PrincipalID, end, err = jsonlog.Text(b, i, room)
		case "arn":
			u.ARN, end, err = jsonlog.Text(b, i, room)
		case "accountId":
			u.AccountID, end, err = jsonlog.Text(b, i, room)
		case "accessKeyId":
			u.AccessKeyID, end, err = jsonlog.Text(b, i, room)
		case "userName":
			u.UserName, end, err = jsonlog.Text(b, i, room)
		case "invokedBy":
			u.InvokedBy, end, err = jsonlog.Text(b, i, room)
		case "identityProvider":
			u.IdentityProvider, end, err = jsonlog.Text(b, i, room)
		case "credentialId":
			u.CredentialID, end, err = jsonlog.Text(b, i, room)
		case "sessionContext":
			end, err = scanSession(b, i, room, &u.Session)
		case "onBehalfOf":
			u.OnBehalfOfUser, u.OnBehalfOfStore = "", ""
			end, err = jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
				switch key {
				case "userId":
					u.OnBehalfOfUser, end, err = jsonlog.Text(b, i, room)
				case "identityStoreArn":
					u.OnBehalfOfStore, end, err = jsonlog.Text(b, i, room)
				default:
					end, err = jsonlog.Skip(b, i, room)
				}
				return end, err
			})
		case "inScopeOf":
			var source string
			u.InScopeOf, u.InScopeOfType = "", ""
			end, err = jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
				switch key {
				case "issuerType":
					u.InScopeOfType, end, err = jsonlog.Text(b, i, room)
				case "credentialsIssuedTo":
					u.InScopeOf, end, err = jsonlog.Text(b, i, room)
				case "sourceArn":
					source, end, err = jsonlog.Text(b, i, room)
				default:
					end, err = jsonlog.Skip(b, i, room)
				}
				return end, err
			})
			if u.InScopeOf == "" {
				u.InScopeOf = source
			}
		default:
			end, err = jsonlog.Skip(b, i, room)
		}
		return end, err
	})
	if err == nil && b[start] != 'n' {
		u.Raw = b[start:end:end]
	}
	return end, err
}

func scanSession(b []byte, i, room int, s *SessionContext) (int, error) {
	*s = SessionContext{}
	return jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
		switch key {
		case "sessionIssuer":
			s.IssuerType, s.IssuerPrincipalID, s.IssuerARN, s.IssuerAccountID, s.IssuerUserName = "", "", "", "", ""
			end, err = jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
				switch key {
				case "type":
					s.IssuerType, end, err = jsonlog.Text(b, i, room)
				case "principalId":
					s.IssuerPrincipalID, end, err = jsonlog.Text(b, i, room)
				case "arn":
					s.IssuerARN, end, err = jsonlog.Text(b, i, room)
				case "accountId":
					s.IssuerAccountID, end, err = jsonlog.Text(b, i, room)
				case "userName":
					s.IssuerUserName, end, err = jsonlog.Text(b, i, room)
				default:
					end, err = jsonlog.Skip(b, i, room)
				}
				return end, err
			})
		case "attributes":
			s.Created, s.MFA = 0, false
			end, err = jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
				var t Tri
				switch key {
				case "creationDate":
					var v Value
					v, end, err = jsonlog.ValueAt(b, i, room)
					s.Created, _ = jsonlog.TimeOf(v)
				case "mfaAuthenticated":
					t, end, err = tri(b, i, room)
					s.MFA = t == True
				default:
					end, err = jsonlog.Skip(b, i, room)
				}
				return end, err
			})
		case "webIdFederationData":
			s.FederatedProvider = ""
			end, err = jsonlog.Object(b, i, room, func(key string, i, room int) (end int, err error) {
				if key == "federatedProvider" {
					s.FederatedProvider, end, err = jsonlog.Text(b, i, room)
				} else {
					end, err = jsonlog.Skip(b, i, room)
				}
				return end, err
			})
		case "sourceIdentity":
			s.SourceIdentity, end, err = jsonlog.Text(b, i, room)
		case "ec2RoleDelivery":
			s.EC2RoleDelivery, end, err = jsonlog.Text(b, i, room)
		case "signInSessionArn":
			s.SignInSessionARN, end, err = jsonlog.Text(b, i, room)
		case "assumedRoot":
			var t Tri
			t, end, err = tri(b, i, room)
			s.AssumedRoot = t == True
		case "sessionCredentialFromConsole":
			var t Tri
			t, end, err = tri(b, i, room)
			s.FromConsole = t == True
		default:
			end, err = jsonlog.Skip(b, i, room)
		}
		return end, err
	})
}

// scanResources reads resources: a list, or one entry that stands for it.
func (h *habits) scanResources(b []byte, i, room int, out []ResourceRef) ([]ResourceRef, int, error) {
	if i >= len(b) || b[i] != '[' {
		return h.scanResource(b, i, room, out)
	}
	if room--; room < 0 {
		return out, i, jsonlog.ErrDeep
	}
	i, done, err := jsonlog.First(b, i, ']')
	for !done && err == nil {
		if out, i, err = h.scanResource(b, i, room, out); err == nil {
			i, done, err = jsonlog.More(b, i, ']')
		}
	}
	return out, i, err
}

// scanResource appends the entry at i; what is neither an object nor an ARN is
// none.
func (h *habits) scanResource(b []byte, i, room int, out []ResourceRef) ([]ResourceRef, int, error) {
	if i < len(b) && b[i] == '"' {
		s, end, err := jsonlog.Text(b, i, room)
		if isARN(s) {
			out = append(out, ResourceRef{ARN: s})
		}
		return out, end, err
	}
	if i >= len(b) || b[i] != '{' {
		end, err := jsonlog.Skip(b, i, room)
		return out, end, err
	}
	if room--; room < 0 {
		return out, i, jsonlog.ErrDeep
	}
	out = append(out, ResourceRef{})
	r := &out[len(out)-1]
	var long, lower string
	i, done, err := jsonlog.First(b, i, '}')
	for k := &h.resource.before; !done && err == nil; {
		if k, i, err = h.resource.read(b, i, k); err != nil {
			break
		}
		switch k.field {
		case arnField:
			r.ARN, i, err = jsonlog.Text(b, i, room)
		case longARNField:
			long, i, err = jsonlog.Text(b, i, room)
		case lowerARNField:
			lower, i, err = jsonlog.Text(b, i, room)
		case arnPrefixField:
			r.ARNPrefix, i, err = jsonlog.Text(b, i, room)
		case accountField:
			r.AccountID, i, err = k.textAt(b, i, room)
		case typeField:
			r.Type, i, err = jsonlog.Text(b, i, room)
		default:
			i, err = jsonlog.Skip(b, i, room)
		}
		if err == nil {
			i, done, err = jsonlog.More(b, i, '}')
		}
	}
	r.ARN = firstOf(r.ARN, long, lower)
	return out, i, err
}

// tri is the value at i as a boolean, written as one or as its word.
func tri(b []byte, i, room int) (t Tri, end int, err error) {
	s, end, err := jsonlog.Text(b, i, room)
	return triOf(s), end, err
}

func triOf(s string) Tri {
	switch s {
	case "true", "True", "TRUE":
		return True
	case "false", "False", "FALSE":
		return False
	}
	return Absent
}

func isARN(s string) bool { return len(s) > 4 && s[:4] == "arn:" }

func firstOf(s ...string) string {
	for _, s := range s {
		if s != "" {
			return s
		}
	}
	return ""
}
