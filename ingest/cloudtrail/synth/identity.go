package synth

import "time"

// Identity is a record's userIdentity.
type Identity struct {
	Type             string          `json:"type,omitempty"`
	PrincipalID      string          `json:"principalId,omitempty"`
	ARN              string          `json:"arn,omitempty"`
	AccountID        string          `json:"accountId,omitempty"`
	AccessKeyID      string          `json:"accessKeyId,omitempty"`
	UserName         string          `json:"userName,omitempty"`
	IdentityProvider string          `json:"identityProvider,omitempty"`
	SessionContext   *SessionContext `json:"sessionContext,omitempty"`
	InScopeOf        *InScopeOf      `json:"inScopeOf,omitempty"`
	OnBehalfOf       *OnBehalfOf     `json:"onBehalfOf,omitempty"`
	CredentialID     string          `json:"credentialId,omitempty"`
	InvokedBy        string          `json:"invokedBy,omitempty"`
}

// SessionContext describes the session a temporary credential belongs to.
type SessionContext struct {
	Issuer           *SessionIssuer `json:"sessionIssuer,omitempty"`
	WebIDFederation  any            `json:"webIdFederationData,omitempty"`
	Attributes       Attributes     `json:"attributes"`
	EC2RoleDelivery  string         `json:"ec2RoleDelivery,omitempty"`
	SourceIdentity   string         `json:"sourceIdentity,omitempty"`
	SignInSessionARN string         `json:"signInSessionArn,omitempty"`
}

// SessionIssuer is the principal whose permissions the session carries.
type SessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

// Attributes of a session; "true" and "false" are strings, as AWS has them.
type Attributes struct {
	CreationDate     string `json:"creationDate"`
	MFAAuthenticated string `json:"mfaAuthenticated"`
}

// InScopeOf names the workload a credential was issued to.
type InScopeOf struct {
	IssuerType          string `json:"issuerType"`
	CredentialsIssuedTo string `json:"credentialsIssuedTo"`
}

// OnBehalfOf names the IAM Identity Center user behind a call.
type OnBehalfOf struct {
	UserID           string `json:"userId"`
	IdentityStoreARN string `json:"identityStoreArn"`
}

// Role is an IAM role.
type Role struct {
	Account, Path, Name string // Path begins and ends with a slash
	ID                  string // AROA…
}

// ARN of the role.
func (r Role) ARN() string { return "arn:aws:iam::" + r.Account + ":role" + r.Path + r.Name }

// Session is a role session with its temporary key.
type Session struct {
	Role    Role
	Name    string
	Key     string
	Created time.Time
	MFA     bool
}

// ARN of the session.
func (s Session) ARN() string {
	return "arn:aws:sts::" + s.Role.Account + ":assumed-role/" + s.Role.Name + "/" + s.Name
}

// Identity as the session's calls show it.
func (s Session) Identity() Identity {
	id := Identity{Type: "AssumedRole", PrincipalID: s.Role.ID + ":" + s.Name, ARN: s.ARN(),
		AccountID: s.Role.Account, AccessKeyID: s.Key,
		SessionContext: &SessionContext{
			Issuer:     &SessionIssuer{"Role", s.Role.ID, s.Role.ARN(), s.Role.Account, s.Role.Name},
			Attributes: Attributes{s.Created.UTC().Format(time.RFC3339), "false"},
		}}
	if s.MFA {
		id.SessionContext.Attributes.MFAAuthenticated = "true"
	}
	return id
}

// User is an IAM user.
type User struct{ Account, Name, ID string }

// ARN of the user.
func (u User) ARN() string { return "arn:aws:iam::" + u.Account + ":user/" + u.Name }

// Identity of the user with an access key; an empty key stands for a sign-in.
func (u User) Identity(key string) Identity {
	return Identity{Type: "IAMUser", PrincipalID: u.ID, ARN: u.ARN(), AccountID: u.Account, AccessKeyID: key, UserName: u.Name}
}

// ServiceCaller is an AWS service that calls for itself.
func ServiceCaller(host string) Caller {
	return Caller{Identity: Identity{Type: "AWSService", InvokedBy: host}, IP: host, Agent: host}
}

// Through is the caller as a service shows it that calls on its behalf with a
// forwarded credential. An empty key keeps the caller's own.
func (c Caller) Through(host, key string) Caller {
	id := c.Identity
	id.InvokedBy = host
	if key != "" {
		id.AccessKeyID = key
	}
	return Caller{Identity: id, IP: host, Agent: host, Console: c.Console}
}

// javaDate is how STS and IAM write times in their responses.
func javaDate(t time.Time) string { return t.UTC().Format("Jan 2, 2006, 3:04:05 PM") }
