package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/ingest/jsonlog"
)

// recordField says what scan does with the value of a key.
type recordField uint8

// The keys of a record that are read, and those of an entry of resources.
const (
	otherField recordField = iota
	eventNameField
	eventSourceField
	eventTimeField
	timestampField
	partnerTimeField
	eventIDField
	sharedEventIDField
	requestIDField
	eventTypeField
	eventCategoryField
	regionField
	sourceIPField
	userAgentField
	errorCodeField
	errorMessageField
	recipientField
	apiVersionField
	readOnlyField
	managementField
	consoleField
	identityField
	resourcesField
	requestField
	responseField
	additionalField
	detailsField
	addendumField
	eventDataField
	innerField
	eventField

	arnField
	longARNField
	lowerARNField
	arnPrefixField
	accountField
	typeField
)

var recordFields = map[string]recordField{
	"eventName": eventNameField, "eventSource": eventSourceField,
	"eventTime": eventTimeField, "@timestamp": timestampField, "p_event_time": partnerTimeField,
	"eventID": eventIDField, "sharedEventID": sharedEventIDField, "requestID": requestIDField,
	"eventType": eventTypeField, "eventCategory": eventCategoryField, "awsRegion": regionField,
	"sourceIPAddress": sourceIPField, "userAgent": userAgentField,
	"errorCode": errorCodeField, "errorMessage": errorMessageField,
	"recipientAccountId": recipientField, "apiVersion": apiVersionField,
	"readOnly": readOnlyField, "managementEvent": managementField, "sessionCredentialFromConsole": consoleField,
	"userIdentity": identityField, "resources": resourcesField,
	"requestParameters": requestField, "responseElements": responseField,
	"additionalEventData": additionalField, "serviceEventDetails": detailsField, "addendum": addendumField,
	"eventData": eventDataField, "event": eventField,
	"detail": innerField, "CloudTrailEvent": innerField, "log": innerField, "message": innerField,
	"original": innerField, "event.original": innerField, "_source": innerField, "json": innerField,
}

var resourceFields = map[string]recordField{"ARN": arnField, "resourceARN": longARNField, "arn": lowerARNField,
	"ARNPrefix": arnPrefixField, "accountId": accountField, "type": typeField}

// keyOrder reads the keys of objects of one sort. It remembers which key followed
// which, for records of one trail have theirs in one order: what is expected is
// compared, not read. What is forgotten is only read again. It is for one
// goroutine.
type keyOrder struct {
	fields map[string]recordField
	known  map[string]*knownKey
	before knownKey // the first one
}

// knownKey is a key read before.
type knownKey struct {
	text  string // with its quotes and the colon
	field recordField
	next  *knownKey // that followed last
	other *knownKey // that followed before that one
	last  []byte    // its last value, where that may repeat; empty for none
}

// The bounds of what is remembered: how many keys of a sort, and the length of a value.
const (
	maxKeys      = 256
	maxLastValue = 512
)

// read reads the key at b[i], which follows the key before, and the colon after
// it: at is where the value begins.
func (t *keyOrder) read(b []byte, i int, before *knownKey) (k *knownKey, at int, err error) {
	for _, k = range [...]*knownKey{before.next, before.other} {
		if k != nil && len(b)-i > len(k.text) && string(b[i:i+len(k.text)]) == k.text {
			if at = i + len(k.text); b[at] <= ' ' {
				at = jsonlog.Space(b, at)
			}
			return k, at, nil
		}
	}
	name, at, err := jsonlog.Member(b, i)
	if err != nil {
		return nil, at, err
	}
	k, ok := t.known[name]
	if !ok {
		k = &knownKey{text: `"` + name + `":`, field: t.fields[name]}
		if len(t.known) >= maxKeys || !strings.HasPrefix(jsonlog.Share(b[i:]), k.text) { // as where a quote is escaped in it
			return k, at, nil
		}
		if t.known == nil {
			t.known = map[string]*knownKey{}
		}
		t.known[k.text[1:len(k.text)-2]] = k
	}
	before.next, before.other = k, before.next
	return k, at, nil
}

// skip is skip of the key's value, which often is the last one again.
func (k *knownKey) skip(b []byte, i, room int) (int, error) {
	if n := len(k.last); n > 0 && len(b)-i >= n && string(b[i:i+n]) == string(k.last) {
		return i + n, nil
	}
	end, err := jsonlog.Skip(b, i, room)
	if err == nil && end-i <= maxLastValue && (b[i] == '"' || b[i] == '{') { // which end by themselves
		k.last = append(k.last[:0], b[i:end]...)
	}
	return end, err
}

// textAt is text of the key's value, which often is the last one again.
func (k *knownKey) textAt(b []byte, i, room int) (string, int, error) {
	if n := len(k.last); n > 0 && len(b)-i >= n && string(b[i:i+n]) == string(k.last) {
		return jsonlog.Share(b[i+1 : i+n-1]), i + n, nil
	}
	if i < len(b) && b[i] == '"' {
		end, odd, err := jsonlog.Quoted(b, i)
		if err != nil {
			return "", end, err
		}
		if odd {
			return jsonlog.Unescape(b[i+1 : end-1]), end, nil
		}
		if end-i <= maxLastValue {
			k.last = append(k.last[:0], b[i:end]...)
		}
		return jsonlog.Share(b[i+1 : end-1]), end, nil
	}
	return jsonlog.Text(b, i, room)
}
