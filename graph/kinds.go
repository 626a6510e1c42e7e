package graph

import "fmt"

// Kind says what a node is. Kinds are ours and few; Node.Type holds the
// provider's word.
type Kind uint8

// The node kinds. Their numbers are stored: append only.
const (
	Identity   Kind = iota + 1 // a principal that permissions belong to: user, role, service account, AWS service, root
	Credential                 // what authenticates: long-lived key, temporary key, password, token, certificate, web-identity subject
	Session                    // a bounded use of an identity: role session, console session, federated session
	Agent                      // one run of an AI agent or agentic tool, as evidence shows it
	Client                     // any other program seen making calls
	Service                    // what runs code or serves an API: function, instance, task, workload
	Resource                   // data or configuration that is acted on
	Account                    // the account or cluster things live in; membership is an attribute, never an edge
	Policy                     // a policy document by content hash
)

// KindRow describes a node kind: a row of the table Kinds.
type KindRow struct {
	Kind  Kind
	Name  string // as in GraphQL and JSON
	Label string // as in Cypher and the UI's legend
	Is    string // one line for people
}

// Kinds is the table of node kinds, in order of their numbers.
var Kinds = []KindRow{
	{Identity, "IDENTITY", "Identity", "a principal that permissions belong to"},
	{Credential, "CREDENTIAL", "Credential", "what authenticates"},
	{Session, "SESSION", "Session", "a bounded use of an identity"},
	{Agent, "AGENT", "Agent", "one run of an AI agent or agentic tool"},
	{Client, "CLIENT", "Client", "any other program seen making calls"},
	{Service, "SERVICE", "Service", "what runs code or serves an API"},
	{Resource, "RESOURCE", "Resource", "data or configuration that is acted on"},
	{Account, "ACCOUNT", "Account", "the account or cluster things live in"},
	{Policy, "POLICY", "Policy", "a policy document by content hash"},
}

// EdgeKind says how two nodes are joined.
type EdgeKind uint8

// The edge kinds. Their numbers are stored: append only.
const (
	Holds     EdgeKind = iota + 1 // identity → its long-lived credential; session → its temporary credentials
	Of                            // session or temporary credential → identity whose permissions it carries
	Runs                          // service → session it runs under
	Issued                        // credential, session, identity or service → credential or session
	Drives                        // agent → the session (else credential) it acted with
	Called                        // narrowest known actor → target
	PartOf                        // child → parent
	RunsAs                        // service → identity it is configured to run as
	Trusts                        // principal → role it may assume
	ActsFor                       // agent, session or identity → the human or identity that delegated
	GrantedBy                     // identity, group or managed policy → what its permissions come from
	Approved                      // who approved → the change, run or pipeline that the approval covers
)

// EdgeRow describes an edge kind: a row of the table EdgeKinds.
type EdgeRow struct {
	Kind EdgeKind
	Name string // as in GraphQL, JSON and Cypher
	// Standing facts hold over an interval and have no observations of their
	// own; events carry an hour and a set of observations.
	Standing bool
	// Permitted edges say what may happen, the others what did.
	Permitted bool
	Is        string
}

// EdgeKinds is the table of edge kinds, in order of their numbers.
var EdgeKinds = []EdgeRow{
	{Holds, "HOLDS", true, false, "holder to credential"},
	{Of, "OF", true, false, "session or temporary credential to the identity whose permissions it carries"},
	{Runs, "RUNS", true, false, "workload to its session"},
	{Issued, "ISSUED", false, false, "issuer to what it issued"},
	{Drives, "DRIVES", false, false, "agent to the session or credential it acted with"},
	{Called, "CALLED", false, false, "actor to target of a call"},
	{PartOf, "PART_OF", true, false, "child to parent"},
	{RunsAs, "RUNS_AS", true, true, "workload to the identity it is configured to run as"},
	{Trusts, "TRUSTS", true, true, "principal to a role it may assume"},
	{ActsFor, "ACTS_FOR", true, false, "delegate to the human or identity that delegated"},
	{GrantedBy, "GRANTED_BY", true, true, "identity, group or managed policy to the group, policy or document that its permissions come from"},
	{Approved, "APPROVED", false, false, "who approved, or refused, to the change, run or pipeline that it covers"},
}

// Standing reports whether edges of this kind are standing facts.
func (k EdgeKind) Standing() bool { return k.row().Standing }

// Permitted reports whether edges of this kind say what may happen.
func (k EdgeKind) Permitted() bool { return k.row().Permitted }

func (k EdgeKind) row() EdgeRow {
	if k == 0 || int(k) > len(EdgeKinds) {
		return EdgeRow{}
	}
	return EdgeKinds[k-1]
}

// Spreads are the two physics, each a table of passes; one walk reads both.
//
// A path counts only if each hop can follow the one before. With ε for the skew
// of clocks a hop is definite if it holds with ε against it, possible if it
// holds with ε for it, whatever order the stamps show; where identity proves the
// order (Proof) it is definite if it holds with ε for it. Everything behind a
// possible hop is possible. A seed has its state from the start of the window,
// exactly. A credential that has ended passes nothing on and is not hit, and
// nothing passes from one generation of a node to the next.
//
// Going backward the same rows are read from the other end.
var Spreads = map[Physics][]Pass{
	Compromise: {
		{From: InControl, Along: Issued, To: InControl, When: Event, Onto: []Kind{Credential, Session}, Proof: Issue, Why: "issued"},
		{From: InControl, Along: Holds, To: InControl, When: While, Why: "holds"},
		{From: InControl, Along: Runs, To: InControl, When: While, Why: "runs"},
		{From: InControl, Along: Of, Against: true, To: InControl, When: While, Of: []Kind{Identity}, Why: "lends its permissions to"}, // an identity is in control only as a seed
		{From: InControl, Along: Drives, To: InControl, When: Event, Proof: SameRecord, Why: "acted with"},
		{From: InControl, Along: Called, To: InControl, When: Event, Effects: []Effect{Control}, Outcomes: []Outcome{OK}, Onto: []Kind{Service}, Why: "set or ran the code of"},
		{From: InControl, Along: Called, To: Planted, When: Event, Effects: []Effect{Create, Change, Control}, Outcomes: []Outcome{OK}, Why: "altered"},
		{From: InControl, Along: Called, To: Granted, When: Event, Effects: []Effect{Grant}, Outcomes: []Outcome{OK}, Added: true, Why: "added rights to"},
		{From: InControl, Along: Called, To: Changed, When: Event, Effects: []Effect{Grant}, Outcomes: []Outcome{OK}, Taken: true, Why: "took rights from"},
		{From: InControl, Along: Called, To: Changed, When: Event, Effects: []Effect{Delete}, Outcomes: []Outcome{OK}, Why: "deleted"},
		{From: InControl, Along: Called, To: Seen, When: Event, Effects: []Effect{Read, SecretRead}, Outcomes: []Outcome{OK}, Why: "read"},
		{From: Granted, Along: Of, Against: true, To: InControl, When: Birth, Of: []Kind{Identity}, Possible: true, Why: "lent its added rights to"},
		{From: Planted, Along: Called, Against: true, To: InControl, When: Event, Effects: []Effect{Read, SecretRead}, Outcomes: []Outcome{OK}, Onto: []Kind{Credential, Session, Service}, Content: true, Possible: true, Why: "was read, once altered, by"},
	},
	Failure: {
		{From: Down, Along: Called, Against: true, To: Without, When: Event, Outcomes: []Outcome{Fault, Failed}, DataOrUse: true, Why: "failed a call of"},
		{From: Without, Along: Called, Against: true, To: Without, When: Event, Outcomes: []Outcome{Fault, Failed}, DataOrUse: true, Why: "failed a call of"},
		{From: Down, Along: Called, Against: true, To: Without, When: Since, Outcomes: []Outcome{OK, Throttled, Fault, Failed}, DataOrUse: true, Possible: true, Why: "was used by"},
		{From: Without, Along: Called, Against: true, To: Without, When: Since, Outcomes: []Outcome{OK, Throttled, Fault, Failed}, DataOrUse: true, Possible: true, Why: "was used by"},
		{From: Down, Along: PartOf, Against: true, To: Down, When: While, Why: "contains"},
		{From: Without, Along: PartOf, Against: true, To: Without, When: While, Why: "contains"},
		{From: Down, Along: PartOf, To: Without, When: While, Of: []Kind{Service}, Onto: []Kind{Service}, Possible: true, Why: "is part of"},
		{From: Without, Along: PartOf, To: Without, When: While, Of: []Kind{Service}, Onto: []Kind{Service}, Possible: true, Why: "is part of"},
		{From: Down, Along: Holds, Against: true, To: Without, When: Since, Why: "is held by"}, // a revoked credential fails its holder
		{From: Without, Along: Holds, Against: true, To: Without, When: While, Onto: []Kind{Session}, Why: "is held by"},
		{From: Down, Along: Runs, Against: true, To: Without, When: While, Why: "is run by"},
		{From: Without, Along: Runs, Against: true, To: Without, When: While, Why: "is run by"},
		{From: Down, Along: Of, Against: true, To: Down, When: While, Of: []Kind{Identity}, Why: "lends its permissions to"},
		{From: Down, Along: RunsAs, Against: true, To: Without, When: While, Possible: true, Why: "is the configured identity of"}, // permitted, not observed
		{From: Without, Along: RunsAs, Against: true, To: Without, When: While, Of: []Kind{Resource}, Possible: true, Why: "is the configured identity of"},
	},
}

// contents are the actions that read code, an image, a template or a parameter;
// every SECRET_READ does too.
var contents = set("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath",
	"ssm:GetDocument", "lambda:GetFunction", "lambda:GetLayerVersion", "cloudformation:GetTemplate", "ec2:GetLaunchTemplateData",
	"codecommit:GitPull", "codecommit:GetFile", "codeartifact:GetPackageVersionAsset", "imagebuilder:GetComponent", "glue:GetJob")

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// enum is a closed list of words: value i has the word names[i]; the empty
// word is the value "not said".
type enum struct {
	what  string
	names []string
}

func (e enum) word(i uint8) string {
	if int(i) >= len(e.names) {
		return fmt.Sprintf("%s(%d)", e.what, i)
	}
	return e.names[i]
}

func (e enum) value(text []byte) (uint8, error) {
	for i, n := range e.names {
		if n == string(text) {
			return uint8(i), nil
		}
	}
	return 0, &Error{Code: CodeInvalid, Message: fmt.Sprintf("%q is no %s", text, e.what),
		Hint: fmt.Sprintf("one of %q", e.names[1:])}
}

var (
	kindNames     = enum{what: "node kind", names: names(len(Kinds), func(i int) string { return Kinds[i].Name })}
	edgeKindNames = enum{what: "edge kind", names: names(len(EdgeKinds), func(i int) string { return EdgeKinds[i].Name })}
	outcomeNames  = enum{what: "outcome", names: []string{"", "OK", "DENIED", "THROTTLED", "FAULT", "ERROR", "PROBE"}}
	effectNames   = enum{what: "effect", names: []string{"", "READ", "SECRET_READ", "USE", "CREATE", "CHANGE", "DELETE", "GRANT", "CONTROL"}}
	matchNames    = enum{what: "match", names: []string{"", "DECLARED", "DERIVED", "MENTIONED"}}
	roleNames     = enum{what: "role", names: []string{"", "primary", "parent", "member", "passed_role", "policy", "kms"}}
	planeNames    = enum{what: "plane", names: []string{"", "DATA", "CONTROL"}}
	physicsNames  = enum{what: "physics", names: []string{"", "COMPROMISE", "FAILURE"}}
	taintNames    = enum{what: "mark", names: []string{"", "CONTROLLED", "ALTERED", "EXPOSED", "HIT", "RELIED_ON"}}
	joinNames     = enum{what: "join", names: []string{"", "key_join", "request_join", "shared_event_id", "source_identity", "sign_in_session", "principal_creation", "fas", "session_name", "unknown"}}
)

func names(n int, name func(int) string) []string {
	out := make([]string, n+1)
	for i := range n {
		out[i+1] = name(i)
	}
	return out
}

// Outcome says how a call ended.
type Outcome uint8

// The outcomes. PROBE is a not-there answer to a control-plane READ, like
// NoSuchBucketPolicy: counted, hidden by default.
const (
	OK        Outcome = iota + 1
	Denied            // refused by policy
	Throttled         // refused by rate
	Fault             // the callee's error
	Failed            // the caller's error, spelt ERROR
	Probe
)

// Effect says what a call does to its primary target; our own table sets it,
// not the IAM access level.
type Effect uint8

// The effects.
const (
	Read       Effect = iota + 1
	SecretRead        // reads a secret value
	Use               // assume, kms crypto, invoke
	Create
	Change
	Delete
	Grant   // policies, trust, credentials for others, boundaries
	Control // runs or sets code: function code, SendCommand, RunInstances under a passed role
)

// Mutates reports whether the effect changes its target.
func (e Effect) Mutates() bool { return e >= Create }

// Match says how firmly a record names a target. Smaller is stricter:
// DECLARED ⊂ DERIVED ⊂ MENTIONED.
type Match uint8

// The matches.
const (
	Declared  Match = iota + 1 // the log's own resources field names it
	Derived                    // extracted from request, response or denial message
	Mentioned                  // its id stands elsewhere in request, response or message
)

// Role says what part a target plays in a call. Only the primary target takes
// the effect.
type Role uint8

// The roles.
const (
	Primary Role = iota + 1
	Parent
	Member
	PassedRole
	PolicyRole
	KMS
)

// Plane is DATA or CONTROL, the log's own category where it has one.
type Plane uint8

// The planes.
const (
	DataPlane Plane = iota + 1
	ControlPlane
)

// Join says how an ISSUED edge was found, in falling certainty.
type Join uint8

// The joins.
const (
	KeyJoin           Join = iota + 1 // the issuing record names the issued key
	RequestJoin                       // both records carry one requestID
	SharedEventJoin                   // both records carry one sharedEventID
	SourceIdentity                    // sessionContext.sourceIdentity
	SignInSession                     // sessionContext.signInSessionArn
	PrincipalCreation                 // principal id and creation date
	ForwardedAccess                   // a service's forwarded credential (FAS); heuristic
	SessionName                       // the session's name; heuristic
	UnknownJoin
)

// Heuristic reports whether a hop by this join is only possible, never
// definite.
func (j Join) Heuristic() bool { return j >= ForwardedAccess }

func (k Kind) String() string     { return kindNames.word(uint8(k)) }
func (k EdgeKind) String() string { return edgeKindNames.word(uint8(k)) }
func (o Outcome) String() string  { return outcomeNames.word(uint8(o)) }
func (e Effect) String() string   { return effectNames.word(uint8(e)) }
func (m Match) String() string    { return matchNames.word(uint8(m)) }
func (r Role) String() string     { return roleNames.word(uint8(r)) }
func (p Plane) String() string    { return planeNames.word(uint8(p)) }
func (j Join) String() string     { return joinNames.word(uint8(j)) }
func (t Taint) String() string    { return taintNames.word(uint8(t)) }
func (p Physics) String() string  { return physicsNames.word(uint8(p)) }

// The enums are spelt as words in JSON, GraphQL and on the command line.

func (k Kind) MarshalText() ([]byte, error)     { return []byte(k.String()), nil }
func (k EdgeKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
func (o Outcome) MarshalText() ([]byte, error)  { return []byte(o.String()), nil }
func (e Effect) MarshalText() ([]byte, error)   { return []byte(e.String()), nil }
func (m Match) MarshalText() ([]byte, error)    { return []byte(m.String()), nil }
func (r Role) MarshalText() ([]byte, error)     { return []byte(r.String()), nil }
func (p Plane) MarshalText() ([]byte, error)    { return []byte(p.String()), nil }
func (j Join) MarshalText() ([]byte, error)     { return []byte(j.String()), nil }
func (t Taint) MarshalText() ([]byte, error)    { return []byte(t.String()), nil }
func (p Physics) MarshalText() ([]byte, error)  { return []byte(p.String()), nil }

func (k *Kind) UnmarshalText(b []byte) error     { return unmarshal(kindNames, b, (*uint8)(k)) }
func (k *EdgeKind) UnmarshalText(b []byte) error { return unmarshal(edgeKindNames, b, (*uint8)(k)) }
func (o *Outcome) UnmarshalText(b []byte) error  { return unmarshal(outcomeNames, b, (*uint8)(o)) }
func (e *Effect) UnmarshalText(b []byte) error   { return unmarshal(effectNames, b, (*uint8)(e)) }
func (m *Match) UnmarshalText(b []byte) error    { return unmarshal(matchNames, b, (*uint8)(m)) }
func (r *Role) UnmarshalText(b []byte) error     { return unmarshal(roleNames, b, (*uint8)(r)) }
func (p *Plane) UnmarshalText(b []byte) error    { return unmarshal(planeNames, b, (*uint8)(p)) }
func (j *Join) UnmarshalText(b []byte) error     { return unmarshal(joinNames, b, (*uint8)(j)) }
func (t *Taint) UnmarshalText(b []byte) error    { return unmarshal(taintNames, b, (*uint8)(t)) }
func (p *Physics) UnmarshalText(b []byte) error  { return unmarshal(physicsNames, b, (*uint8)(p)) }

func unmarshal(e enum, b []byte, to *uint8) error {
	v, err := e.value(b)
	*to = v
	return err
}
