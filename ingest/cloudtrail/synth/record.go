// Package synth writes CloudTrail that nobody recorded: single records in the
// shape of the real ones (Record, Call), the demo world of one fictional
// company (World), and synthetic estates of any size with the truth about
// them beside (Generate). All of it is deterministic: the same seed gives the
// same bytes. It knows nothing of the parser it is used to test.
package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// SecretMarker stands in every secret value this package writes (session
// tokens, web identity tokens), so that a test can look for survivors.
const SecretMarker = "SYNTHETICSECRET"

// Object is a JSON object that keeps the order of its fields: keys and values
// in turn.
type Object []any

// MarshalJSON writes the fields in the order given. A key that is no string,
// or a key without a value, is an error.
func (o Object) MarshalJSON() ([]byte, error) {
	if len(o)%2 != 0 {
		return nil, fmt.Errorf("marshal object: %d keys and values", len(o))
	}
	b := []byte{'{'}
	for i := 0; i < len(o); i += 2 {
		key, ok := o[i].(string)
		if !ok {
			return nil, fmt.Errorf("marshal object: key %v is no string", o[i])
		}
		name, _ := marshal(key)
		value, err := marshal(o[i+1])
		if err != nil {
			return nil, fmt.Errorf("marshal object field %s: %w", key, err)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

// marshal is json.Marshal without the escapes for HTML, which CloudTrail does
// not write.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Record is one CloudTrail record with its fields in the order AWS writes
// them. Request, response and resources are null or absent as in real files:
// requestParameters and responseElements always stand, the rest when set.
type Record struct {
	EventVersion        string       `json:"eventVersion"`
	UserIdentity        Identity     `json:"userIdentity"`
	EventTime           string       `json:"eventTime"`
	EventSource         string       `json:"eventSource"`
	EventName           string       `json:"eventName"`
	AWSRegion           string       `json:"awsRegion"`
	SourceIPAddress     string       `json:"sourceIPAddress"`
	UserAgent           string       `json:"userAgent"`
	ErrorCode           string       `json:"errorCode,omitempty"`
	ErrorMessage        string       `json:"errorMessage,omitempty"`
	RequestParameters   any          `json:"requestParameters"`
	ResponseElements    any          `json:"responseElements"`
	AdditionalEventData any          `json:"additionalEventData,omitempty"`
	RequestID           string       `json:"requestID,omitempty"`
	EventID             string       `json:"eventID"`
	ReadOnly            bool         `json:"readOnly"`
	Resources           []ResourceID `json:"resources,omitempty"`
	EventType           string       `json:"eventType"`
	APIVersion          string       `json:"apiVersion,omitempty"`
	ManagementEvent     bool         `json:"managementEvent"`
	RecipientAccountID  string       `json:"recipientAccountId"`
	SharedEventID       string       `json:"sharedEventID,omitempty"`
	ServiceEventDetails any          `json:"serviceEventDetails,omitempty"`
	Addendum            any          `json:"addendum,omitempty"`
	EventCategory       string       `json:"eventCategory"`
	TLSDetails          *TLSDetails  `json:"tlsDetails,omitempty"`
	FromConsole         string       `json:"sessionCredentialFromConsole,omitempty"` // "true" or absent
}

// ResourceID is an entry of a record's resources.
type ResourceID struct {
	AccountID string `json:"accountId,omitempty"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

// TLSDetails says how the caller reached the endpoint.
type TLSDetails struct {
	Version     string `json:"tlsVersion"`
	CipherSuite string `json:"cipherSuite"`
	Host        string `json:"clientProvidedHostHeader"`
}

// Call is an API call as the one who writes a story thinks of it; Record
// fills in what AWS adds.
type Call struct {
	At      time.Time // to the second, as CloudTrail has it
	By      Caller
	Service string // the event source's first label: "dynamodb"
	Name    string // the event's name: "PutItem"
	Region  string
	Account string // that receives the record

	Request, Response, Additional any
	Error, Message                string
	Resources                     []ResourceID

	Data       bool   // a data event
	EventType  string // Default: AwsApiCall
	SharedID   string
	RequestID  string // Default: from the event id
	APIVersion string
	Details    any // serviceEventDetails
	Addendum   any
}

// Caller is who calls, from where and with what program.
type Caller struct {
	Identity Identity
	IP       string
	Agent    string // the user agent
	Console  bool   // the credential is a console session's
}

// readVerbs are the first words of the names of events that AWS marks
// readOnly; AssumeRole and the KMS cryptographic calls are among them.
var readVerbs = []string{"Get", "List", "Describe", "Head", "Query", "Scan", "BatchGet", "Search", "Lookup", "AssumeRole", "Decrypt", "GenerateDataKey"}

func readOnly(name string) bool {
	for _, v := range readVerbs {
		if strings.HasPrefix(name, v) {
			return true
		}
	}
	return false
}

// Record writes the call as AWS would have logged it. Event and request ids
// come from ids and what is particular to the call; n tells apart calls that
// are otherwise equal.
func (c Call) Record(ids IDs, n int) Record {
	at := c.At.UTC().Format(time.RFC3339)
	key := []string{"event", c.Account, at, c.Service, c.Name, c.By.Identity.PrincipalID, c.By.Identity.InvokedBy, c.By.Agent, fmt.Sprint(n)}
	r := Record{
		EventVersion: "1.11", UserIdentity: c.By.Identity, EventTime: at,
		EventSource: c.Service + ".amazonaws.com", EventName: c.Name, AWSRegion: c.Region,
		SourceIPAddress: c.By.IP, UserAgent: c.By.Agent, ErrorCode: c.Error, ErrorMessage: c.Message,
		RequestParameters: c.Request, ResponseElements: c.Response, AdditionalEventData: c.Additional,
		RequestID: c.RequestID, EventID: ids.UUID(key...), ReadOnly: readOnly(c.Name), Resources: c.Resources,
		EventType: "AwsApiCall", APIVersion: c.APIVersion, ManagementEvent: !c.Data,
		RecipientAccountID: c.Account, SharedEventID: c.SharedID, ServiceEventDetails: c.Details,
		Addendum: c.Addendum, EventCategory: "Management",
	}
	if c.Data {
		r.EventCategory = "Data"
	}
	if c.EventType != "" {
		r.EventType = c.EventType
	}
	if c.By.Console {
		r.FromConsole = "true"
	}
	if r.RequestID == "" {
		r.RequestID = ids.request(c.Service, r.EventID)
	}
	// A call by a service, or through one, shows no connection of its own.
	if !strings.HasSuffix(c.By.IP, ".amazonaws.com") && r.EventType != "AwsServiceEvent" {
		host := c.Service + "." + c.Region + ".amazonaws.com"
		if c.Service == "iam" || c.Service == "sts" && c.Region == "us-east-1" {
			host = c.Service + ".amazonaws.com"
		}
		r.TLSDetails = &TLSDetails{"TLSv1.3", "TLS_AES_128_GCM_SHA256", host}
	}
	return r
}
