package cloudtrail

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/jsonlog"
	"github.com/blastradius/blastradius/ingest/k8sid"
)

// handler writes what an event shows beyond a call.
type handler struct {
	source string
	write  func(*emitter)
}

// handlers, by event name, are the events that show more than a call: that a
// credential or session was issued, a principal made or removed, who may assume
// a role. Each looks at the outcome itself.
var handlers map[string][]handler

func init() {
	handlers = map[string][]handler{}
	on := func(source string, write func(*emitter), names ...string) {
		for _, n := range names {
			handlers[n] = append(handlers[n], handler{source + ".amazonaws.com", write})
		}
	}
	on("sts", (*emitter).assumed, "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetSessionToken", "GetFederationToken")
	on("cognito-identity", (*emitter).assumed, "GetCredentialsForIdentity")
	on("eks-auth", (*emitter).assumed, "AssumeRoleForPodIdentity")
	on("sso", (*emitter).assumed, "GetRoleCredentials")
	on("s3", (*emitter).assumed, "CreateSession")
	on("rolesanywhere", (*emitter).certified, "CreateSession")

	on("signin", (*emitter).signedIn, "ConsoleLogin", "CheckMfa")
	on("signin", (*emitter).switched, "SwitchRole")
	on("signin", (*emitter).granted, "AuthorizeOAuth2Access", "CreateOAuth2Token")

	on("iam", (*emitter).keyCreated, "CreateAccessKey")
	on("iam", (*emitter).keyChanged, "UpdateAccessKey", "DeleteAccessKey")
	on("iam", (*emitter).serviceCredentialSet, "CreateServiceSpecificCredential", "ResetServiceSpecificCredential")
	on("iam", (*emitter).serviceCredentialChanged, "UpdateServiceSpecificCredential", "DeleteServiceSpecificCredential")
	on("iam", (*emitter).passwordSet, "CreateLoginProfile", "UpdateLoginProfile")
	on("iam", (*emitter).passwordGone, "DeleteLoginProfile")
	on("iam", (*emitter).principalMade, "CreateUser", "CreateRole", "CreateServiceLinkedRole")
	on("iam", (*emitter).principalGone, "DeleteUser", "DeleteRole")
	on("iam", (*emitter).trustSet, "UpdateAssumeRolePolicy")
	on("iam", (*emitter).profileRole, "AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile")
	on("iam", (*emitter).attached, "AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy", "DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy")
	on("iam", (*emitter).grouped, "AddUserToGroup", "RemoveUserFromGroup")
	on("iam", (*emitter).inlined, "PutUserPolicy", "PutRolePolicy", "PutGroupPolicy")
	on("iam", (*emitter).versioned, "CreatePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion")
	on("iam", (*emitter).documented, "PutUserPolicy", "PutRolePolicy", "PutGroupPolicy", "CreatePolicy", "CreatePolicyVersion")
	on("s3", (*emitter).documented, "PutBucketPolicy")
	on("kms", (*emitter).documented, "PutKeyPolicy")
	on("secretsmanager", (*emitter).documented, "PutResourcePolicy")
	on("ecr", (*emitter).documented, "SetRepositoryPolicy")
	on("organizations", (*emitter).documented, "CreatePolicy", "UpdatePolicy")

	on("eks", (*emitter).podRole, "CreatePodIdentityAssociation", "UpdatePodIdentityAssociation", "DeletePodIdentityAssociation")

	on("ec2", (*emitter).launched, "RunInstances", "RequestSpotInstances", "CreateFleet", "StartInstances")
	on("codebuild", (*emitter).built, "StartBuild", "RetryBuild")
	on("codepipeline", (*emitter).approval, "PutApprovalResult")
}

// assumed is a call that hands out temporary credentials: the caller issued
// the key, which carries the role's or user's permissions until it expires.
func (e *emitter) assumed() {
	if e.outcome == graph.OK {
		e.keyIssued(e.r.Response)
	}
}

// keyIssued writes what a record shows of a temporary key that it issues;
// answer is the part of the response around the credentials.
func (e *emitter) keyIssued(answer Value) {
	parts := answer.Pick("credentials", "assumedRoleUser", "roleArn", "sourceIdentity")
	creds := parts[0].Pick("accessKeyId", "accessKeyID", "expiration")
	request := e.r.Request.Pick("roleArn", "roleSessionName", "sourceIdentity")
	key := keyNode(firstOf(creds[0].Str(), creds[1].Str()))
	if !key.known() {
		return
	}
	join := graph.KeyJoin
	if e.r.SharedEventID != "" && e.a.identity.typ == typePrincipal {
		join = graph.SharedEventJoin // the copy of the role's owner, who does not see the caller
	}
	e.issued(e.from, &key, join)
	if e.a.identity.typ == typeService && e.r.RequestID != "" {
		call := requestNode(e.r.RequestID)
		e.issued(&call, &key, graph.RequestJoin)
	}
	ref := e.ref(&key)

	identity, name := e.permissionsOf(answer, parts[1], firstOf(request[0].Str(), parts[2].Str()), request[1].Str())
	e.b.Attr(ref, graph.AttrName, name, e.t)
	account := accountOf(e.r)
	if identity.known() {
		var marks []graph.Mark
		if end, ok := jsonlog.TimeOf(creds[2]); ok {
			marks = append(marks, e.mark(graph.Ended, end))
		}
		e.standing(ref, e.ref(&identity), graph.Of, marks...)
		if arn, ok := splitARN(string(identity.id)); ok {
			account = arn.Account
		}
	}
	if v := firstOf(request[2].Str(), parts[3].Str(), e.r.Identity.Session.SourceIdentity); v != "" && v != hidden {
		declared := declaredNode(account, v)
		e.inferred(&declared, &key, graph.SourceIdentity, e.t)
	}
	e.podTags(account, name)
}

// permissionsOf is the identity whose permissions an issued key carries, and
// the session's name, where role and asked are what the call names.
func (e *emitter) permissionsOf(answer, session Value, role, asked string) (n node, name string) {
	user := session.Pick("arn", "assumedRoleId")
	arn := user[0].Str()
	unique, name, _ := strings.Cut(user[1].Str(), ":")
	name = firstOf(name, asked)
	switch {
	case role != "":
		n = arnIdentity(role)
	case arn != "":
		n = arnIdentity(arn)
	case e.r.EventName == "AssumeRoot":
		if target := e.r.Request.Get("targetPrincipal").Str(); target != "" {
			if len(target) == 12 && digits(target) {
				target = "arn:" + partitionOf(e.r.Region) + ":iam::" + target + ":root"
			}
			n = arnIdentity(target)
		}
	case e.r.EventName == "GetSessionToken" || e.r.EventName == "GetFederationToken":
		n = e.a.identity
		_, name, _ = strings.Cut(answer.At("federatedUser", "federatedUserId").Str(), ":")
	}
	if n.typ == typeRole {
		ref := e.ref(&n)
		if strings.HasPrefix(unique, "AROA") {
			e.b.Attr(ref, graph.AttrUniqueID, unique, e.t)
		}
		e.thing(n.id)
	}
	return n, name
}

// podTags notes what the session tags of EKS Pod Identity say of the pod.
func (e *emitter) podTags(account, session string) {
	if !strings.HasPrefix(session, "eks-") || e.r.SourceIP != "pods.eks.amazonaws.com" && e.a.identity.id != "aws:service:pods.eks.amazonaws.com" {
		return
	}
	pod := podNode(account, session)
	ref := e.ref(&pod)
	var cluster, namespace, name string
	tag := func(key, value string) {
		switch key {
		case "eks-cluster-arn":
			cluster = value
		case "kubernetes-namespace":
			namespace = value
		case "kubernetes-pod-name":
			name = value
		case "eks-cluster-name", "kubernetes-service-account", "kubernetes-pod-uid":
		default:
			return
		}
		e.b.Attr(ref, graph.AttrTag, key+"="+value, e.t)
	}
	for _, tags := range [...]Value{e.r.Request.Get("tags"), e.r.Request.Get("principalTags"), e.r.Additional.Get("principalTags")} {
		if tags.IsObject() {
			tags.Each(func(k string, v Value) bool { tag(k, v.Str()); return true })
			continue
		}
		tags.Items(func(v Value) bool { tag(v.Get("key").Str(), v.Get("value").Str()); return true })
	}
	if name != "" {
		e.b.Attr(ref, graph.AttrName, strings.Clone(name), e.t)
		if cluster != "" && namespace != "" {
			of := k8sid.Pod(cluster, namespace, name)
			e.b.Attr(ref, graph.AttrAlias, string(of.ID), e.t)
			for _, id := range k8sid.Aliases(of, cluster) {
				e.b.Attr(ref, graph.AttrAlias, string(id), e.t)
			}
		}
	}
}

// certified is IAM Roles Anywhere: the certificate is the credential, known by
// its serial number, which is the session's name unless the caller chose one.
func (e *emitter) certified() {
	serial := certificateSerial(e.r.Request.Get("cert").Str())
	var sets []Value
	e.r.Response.Get("credentialSet").Items(func(v Value) bool { sets = append(sets, v); return true })
	if serial == "" && len(sets) > 0 {
		_, serial, _ = strings.Cut(sets[0].At("assumedRoleUser", "assumedRoleId").Str(), ":")
	}
	if serial != "" {
		e.from = &node{id: graph.ID("aws:certificate:" + strings.TrimLeft(strings.ToLower(serial), "0")), kind: graph.Credential, typ: typeCertificate}
	}
	if e.outcome != graph.OK {
		return
	}
	for _, s := range sets {
		e.keyIssued(s)
	}
}

// certificateSerial is the serial number of a certificate, in PEM or base64
// DER, in hex; empty where the text is neither.
func certificateSerial(text string) string {
	der, err := base64.StdEncoding.DecodeString(text)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der, err = block.Bytes, nil
	}
	if err != nil || len(der) == 0 {
		return ""
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return ""
	}
	return cert.SerialNumber.Text(16)
}

// signedIn is a sign-in at the console. One that succeeded used the password,
// and began a session that the console's calls will show.
func (e *emitter) signedIn() {
	a := e.a
	if e.outcome != graph.OK || a.credential.known() {
		return
	}
	if a.session.known() { // Identity Center, SAML or a federated sign-in
		e.b.Attr(e.ref(&a.session), attrConsole, "true", a.created)
		return
	}
	if !a.user {
		return
	}
	password := e.password(a.identity.id)
	e.standing(e.ref(&a.identity), e.ref(&password), graph.Holds)
	e.from = &password
	unique, _, _ := strings.Cut(e.r.Identity.PrincipalID, ":")
	if e.r.EventName != "ConsoleLogin" || unique == "" {
		return
	}
	session := sessionNode(unique, e.t, typeUserSession)
	ref := e.ref(&session)
	e.b.Attr(ref, attrConsole, "true", e.t)
	e.b.Attr(ref, graph.AttrAccount, a.account, e.t)
	if e.r.Additional.Get("MFAUsed").Text() == "Yes" {
		e.b.Attr(ref, "mfa", "true", e.t)
	}
	e.standing(ref, e.ref(&a.identity), graph.Of)
	e.issued(&password, &session, graph.PrincipalCreation)
}

// password is a user's password; where the user has a path the node is known
// by the user's name too.
func (e *emitter) password(user graph.ID) node {
	n := passwordNode(user)
	if alias := aliasOf(user); alias != "" {
		e.b.Attr(e.ref(&n), graph.AttrAlias, "aws:password:"+string(alias), e.t)
	}
	return n
}

// switched is a switch of roles in the console: it returns no key, so the new
// session is joined by principal and time.
func (e *emitter) switched() {
	if e.outcome != graph.OK || e.a.identity.typ != typeRole {
		return
	}
	from := arnIdentity(e.r.Additional.Get("SwitchFrom").Str())
	session := e.a.session
	if !session.known() && e.r.Identity.PrincipalID != "" {
		session = sessionNode(e.r.Identity.PrincipalID, e.t, typeRoleSession)
		e.standing(e.ref(&session), e.ref(&e.a.identity), graph.Of)
	}
	if !session.known() {
		return
	}
	e.b.Attr(e.ref(&session), attrConsole, "true", e.t)
	e.issued(&from, &session, graph.PrincipalCreation)
}

// granted is an OAuth grant, as of `aws login` or of an MCP client: who signed
// in issued it, and the sign-in session that later calls show comes from it.
func (e *emitter) granted() {
	if e.outcome != graph.OK {
		return
	}
	arn := firstOf(e.r.Additional.Get("signInSessionArn").Str(), e.r.Response.Get("signInSessionArn").Str())
	client := firstOf(e.r.Request.Get("client_id").Str(), e.r.Request.Get("clientId").Str(), e.r.Additional.Get("client_id").Str())
	id := arn
	if id == "" && strings.Contains(client, "/dcr/") { // registered by the client itself; others are shared by all
		id = client
	}
	if id == "" {
		return
	}
	grant := node{id: graph.ID("aws:oauth:" + id), kind: graph.Credential, typ: typeOAuth}
	join := graph.KeyJoin
	if arn != "" {
		join = graph.SignInSession
	}
	ref := e.ref(&grant)
	e.b.Attr(ref, "resource", strings.Clone(e.r.Request.Get("resource").Str()), e.t)
	if client != "" && client != hidden {
		e.b.Attr(ref, "clientId", strings.Clone(client), e.t)
	}
	e.issued(e.from, &grant, join)
	if arn != "" {
		session := signInNode(arn)
		e.issued(&grant, &session, graph.SignInSession)
	}
}

// launched notes the half of the launcher: the role sessions that EC2 starts
// for its instances carry the launch's requestID.
func (e *emitter) launched() {
	if e.outcome != graph.OK {
		return
	}
	if e.r.RequestID != "" && e.a.identity.typ != typeService {
		request := requestNode(e.r.RequestID)
		e.issued(e.from, &request, graph.RequestJoin)
	}
	e.r.Response.At("instancesSet", "items").Items(func(v Value) bool {
		id := v.Get("instanceId").Str()
		profile := v.Get("iamInstanceProfile").Get("arn").Str()
		if profile == "" {
			profile = e.r.Request.Get("iamInstanceProfile").Get("arn").Str()
		}
		if name := e.r.Request.Get("iamInstanceProfile").Get("name").Str(); profile == "" && name != "" {
			profile = string(arnID(partitionOf(e.r.Region), "iam", "", accountOf(e.r), "instance-profile/"+name))
		}
		if id != "" && profile != "" {
			instance := e.thing(arnID(partitionOf(e.r.Region), "ec2", e.r.Region, accountOf(e.r), "instance/"+id))
			e.standing(instance, e.thing(graph.ID(profile)), graph.RunsAs, e.mark(graph.Began, e.t))
		}
		return true
	})
}

// built notes the half of who started a build: the build's role session is
// named after the build's UUID, which is a heuristic join.
func (e *emitter) built() {
	if e.outcome != graph.OK {
		return
	}
	id := e.r.Response.Get("build").Get("id").Str()
	if _, uuid, ok := strings.Cut(id, ":"); ok && isUUID(uuid) {
		build := requestNode(uuid)
		e.issued(e.from, &build, graph.SessionName)
	}
}

// requests joins the calls of AWS's MCP server: the tool call lists the
// requests that it made, and each of those shows its own requestID. Both drive
// the request's node, and so are one agent.
func (e *emitter) requests(agent graph.NodeRef) {
	drive := func(id string) {
		if id != "" {
			request := requestNode(id)
			e.event(graph.EventKey{From: agent, To: e.ref(&request), Kind: graph.Drives}, graph.Label{Detail: evidenceMCP}, e.t)
		}
	}
	if e.r.EventType == "AwsMcpEvent" {
		e.r.Additional.Get("downstreamRequests").Items(func(v Value) bool {
			drive(v.Get("requestId").Str())
			return true
		})
		return
	}
	if e.r.Identity.InvokedBy == mcpService || e.r.SourceIP == mcpService || e.r.UserAgent == mcpService {
		drive(e.r.RequestID)
	}
}
