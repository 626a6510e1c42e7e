// Package cloudtrail reads AWS CloudTrail, in every wrapping it comes in, and
// tells the graph what each record shows.
package cloudtrail

import "github.com/blastradius/blastradius/graph"

// Record is one CloudTrail record, decoded as far as every record needs.
// Strings share the memory of the file they were read from; the open fields
// stay raw and are walked only for the actions that need them. A field that
// the record lacks, or that is null, is empty.
type Record struct {
	Time               graph.Time // eventTime (or @timestamp): completion, to the second
	EventID            string
	SharedEventID      string
	RequestID          string
	EventSource        string // s3.amazonaws.com
	EventName          string
	EventType          string // AwsApiCall, AwsServiceEvent, AwsConsoleSignIn, AwsMcpEvent …
	EventCategory      string // Management, Data, Insight, NetworkActivity, ActivityAuditLog
	Region             string // awsRegion
	SourceIP           string // sourceIPAddress: an address, or a service's DNS name
	UserAgent          string
	ErrorCode          string
	ErrorMessage       string
	RecipientAccountID string
	APIVersion         string
	ReadOnly           Tri
	ManagementEvent    Tri
	FromConsole        bool // sessionCredentialFromConsole
	Identity           UserIdentity
	Resources          []ResourceRef

	Request    Value // requestParameters
	Response   Value // responseElements
	Additional Value // additionalEventData
	Details    Value // serviceEventDetails
	Addendum   Value
	Raw        Value // the whole record, without envelope

	habits *habits // that scan goes by

	request, response walked // by scan
}

// Tri is a boolean that may be absent.
type Tri int8

// The values of Tri.
const (
	Absent Tri = iota
	False
	True
)

// UserIdentity is the userIdentity element.
type UserIdentity struct {
	Type             string // IAMUser, AssumedRole, AWSService …; may be absent
	PrincipalID      string
	ARN              string
	AccountID        string
	AccessKeyID      string
	UserName         string
	InvokedBy        string
	IdentityProvider string
	CredentialID     string
	OnBehalfOfUser   string // onBehalfOf.userId
	OnBehalfOfStore  string // onBehalfOf.identityStoreArn
	InScopeOfType    string // inScopeOf.issuerType: AWS::Lambda::Function
	InScopeOf        string // inScopeOf.credentialsIssuedTo, else sourceArn
	Session          SessionContext
	// Raw is the whole element: records of one session usually repeat it to
	// the byte, so what follows from it may be remembered by it.
	Raw Value

	known *knownIdentity // the same, where it is remembered
}

// SessionContext is userIdentity.sessionContext.
type SessionContext struct {
	IssuerType        string // sessionIssuer.type
	IssuerPrincipalID string
	IssuerARN         string
	IssuerAccountID   string
	IssuerUserName    string
	FederatedProvider string // webIdFederationData.federatedProvider
	Created           graph.Time
	MFA               bool
	SourceIdentity    string
	EC2RoleDelivery   string // "1.0", "2.0"
	SignInSessionARN  string
	AssumedRoot       bool
	FromConsole       bool // sessionCredentialFromConsole, where it stands here
}

// ResourceRef is one entry of resources.
type ResourceRef struct{ ARN, ARNPrefix, AccountID, Type string }
