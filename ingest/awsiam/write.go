package awsiam

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
	"github.com/blastradius/blastradius/ingest/awsid"
)

// The attributes that the inventory question reads. All are registers.
const (
	attrBoundary = "permissionsBoundary" // ARN of the policy that bounds an identity, or "none"
	attrDefault  = "defaultVersion"      // of a managed policy: the version in force
	attrStatus   = "status"              // of a key: Active, Inactive or Expired
	attrLastUsed = "lastUsed"            // RFC 3339, or "never"
)

// What the details of each kind of thing say. Members that are not read are
// left out.
type (
	details struct {
		ARN                string `json:"Arn"`
		CreateDate         when
		Tags               []struct{ Key, Value string }
		Attached           []struct{ PolicyArn string } `json:"AttachedManagedPolicies"`
		PermissionBoundary struct {
			ARN string `json:"PermissionsBoundaryArn"`
		} `json:"PermissionsBoundary"`
	}
	inline struct {
		PolicyName     string
		PolicyDocument json.RawMessage
	}
	user struct {
		details
		UserID   string   `json:"UserId"`
		Groups   []string `json:"GroupList"`
		Policies []inline `json:"UserPolicyList"`
	}
	group struct {
		details
		GroupID  string   `json:"GroupId"`
		Policies []inline `json:"GroupPolicyList"`
	}
	role struct {
		details
		RoleID   string          `json:"RoleId"`
		Trust    json.RawMessage `json:"AssumeRolePolicyDocument"`
		Policies []inline        `json:"RolePolicyList"`
		Profiles []struct {
			ARN   string `json:"Arn"`
			ID    string `json:"InstanceProfileId"`
			Since when   `json:"CreateDate"`
		} `json:"InstanceProfileList"`
		LastUsed struct{ LastUsedDate when } `json:"RoleLastUsed"`
	}
	policy struct {
		details
		PolicyID         string `json:"PolicyId"`
		DefaultVersionID string `json:"DefaultVersionId"`
		Versions         []struct {
			VersionID  string `json:"VersionId"`
			CreateDate when
			Document   json.RawMessage
		} `json:"PolicyVersionList"`
	}
	key struct {
		AccessKeyID string `json:"AccessKeyId"`
		UserName    string
		UserARN     string `json:"UserArn"` // ours: the live source adds it
		Status      string
		CreateDate  when
		LastUsed    *struct {
			LastUsedDate when
			ServiceName  string
			Region       string
		} `json:"AccessKeyLastUsed"` // ours: of get-access-key-last-used
	}
)

// writer writes the things of one page.
type writer struct {
	sink ingest.Sink
	page *page
	at   graph.Time // when the dump says that all this holds
	list string     // of AttrEnumerated

	// The thing at hand.
	b    *graph.Builder
	src  graph.Ref
	errs []error
}

// write writes one thing: what it says, as far as it can be read. What cannot
// be is rejected by name.
func (w *writer) write(x thing) {
	w.b, w.src = w.sink.Next()
	w.errs = w.errs[:0]
	if w.at == 0 {
		w.sink.Reject(errors.New("the dump shows no date at all, so it cannot be told when this holds"))
		return
	}
	var err error
	switch x.list {
	case listUsers:
		err = read(x.text, w.user)
	case listGroups:
		err = read(x.text, w.group)
	case listRoles:
		err = read(x.text, w.role)
	case listPolicies:
		err = read(x.text, w.policy)
	case listKeys:
		err = read(x.text, w.key)
	}
	if err = errors.Join(append(w.errs, err)...); err != nil {
		w.sink.Reject(fmt.Errorf("%s: %w", strings.TrimSuffix(x.list, "List"), err))
	}
}

func read[T any](text []byte, write func(*T) error) error {
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	return write(&v)
}

// lacks notes what of the thing at hand cannot be used.
func (w *writer) lacks(format string, args ...any) {
	w.errs = append(w.errs, fmt.Errorf(format, args...))
}

// begin writes the thing itself: what it is, since when, and that it was
// listed.
func (w *writer) begin(n awsid.Node, d *details, unique string) graph.NodeRef {
	arn, _ := graph.ParseARN(d.ARN)
	account := arn.Account
	if account == "" || account == "aws" { // a policy of AWS's own
		account = w.page.account
	}
	w.enumerates(account, w.whole())
	ref := n.In(w.b)
	w.b.Attr(ref, graph.AttrName, d.ARN[strings.LastIndexByte(d.ARN, '/')+1:], w.at)
	w.b.Attr(ref, graph.AttrAlias, string(awsid.Pathless(arn)), w.at)
	w.b.Attr(ref, graph.AttrAccount, arn.Account, w.at)
	w.b.Attr(ref, graph.AttrEnumerated, w.list, w.at)
	w.b.Attr(ref, graph.AttrUniqueID, unique, w.at)
	if since := graph.Time(d.CreateDate); since != 0 {
		w.b.Attr(ref, graph.AttrUniqueID, unique, since)
		if unique != "" {
			w.b.Attr(ref, graph.AttrCreated, "iam:"+unique+"@"+arn.Account, since)
		}
	}
	for _, t := range d.Tags {
		w.b.Attr(ref, graph.AttrTag, ingest.RedactText(t.Key+"="+t.Value), w.at)
	}
	return ref
}

// What is added to AttrEnumerated of an account by a page that is not the last,
// and by a list of keys.
const (
	partly = " page"
	ofKeys = " keys"
)

// whole is what a page of details says of the account's list.
func (w *writer) whole() string {
	if w.page.part {
		return w.list + partly
	}
	return w.list
}

// enumerates notes that a list of the account was read.
func (w *writer) enumerates(account, list string) {
	w.sink.Seen(w.at, streamOf(KindDetails, account))
	if isAccount(account) {
		w.b.Attr(awsid.Account(account).In(w.b), graph.AttrEnumerated, list, w.at)
	}
}

// empty notes that the page, which names its account, lists nobody.
func (w *writer) empty() {
	if len(w.page.things) > 0 || w.page.at == 0 || !isAccount(w.page.account) {
		return
	}
	w.b, w.src = w.sink.Next()
	if slices.Contains(w.page.keys, listKeys) {
		w.enumerates(w.page.account, w.list+ofKeys)
	} else {
		w.enumerates(w.page.account, w.whole())
	}
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// streamOf is what a dump of the account is a piece of, for coverage.
func streamOf(kind, account string) string {
	if !isAccount(account) {
		return ""
	}
	return kind + "/" + account
}

// of is the node of the thing with that ARN, where it is of that type.
func of(arn string, kind graph.Kind, typ string) (awsid.Node, error) {
	a, ok := graph.ParseARN(arn)
	word := typ[strings.LastIndexByte(typ, '.')+1:] + "/"
	if !ok || a.Service != "iam" || !strings.HasPrefix(a.Resource, word) || len(a.Resource) == len(word) {
		return awsid.Node{}, fmt.Errorf("%q is no ARN of one", arn)
	}
	return awsid.Node{ID: graph.ID(arn), Kind: kind, Type: typ}, nil
}

func (w *writer) user(u *user) error {
	n, err := of(u.ARN, graph.Identity, awsid.TypeUser)
	if err != nil {
		return err
	}
	ref := w.begin(n, &u.details, u.UserID)
	w.grants(ref, &u.details, u.Policies)
	w.bounded(ref, &u.details)
	arn, _ := graph.ParseARN(u.ARN)
	for _, name := range u.Groups {
		arn.Resource = "group/" + name // the list has names without paths
		if g, err := of(arn.String(), graph.Resource, awsid.TypeGroup); err == nil {
			w.granted(ref, g.In(w.b), "member", 0)
		}
	}
	return nil
}

func (w *writer) group(g *group) error {
	n, err := of(g.ARN, graph.Resource, awsid.TypeGroup)
	if err != nil {
		return err
	}
	w.grants(w.begin(n, &g.details, g.GroupID), &g.details, g.Policies)
	return nil
}

func (w *writer) role(r *role) error {
	n, err := of(r.ARN, graph.Identity, awsid.TypeRole)
	if err != nil {
		return err
	}
	ref := w.begin(n, &r.details, r.RoleID)
	w.grants(ref, &r.details, r.Policies)
	w.bounded(ref, &r.details)
	if t := graph.Time(r.LastUsed.LastUsedDate); t != 0 {
		w.b.Attr(ref, attrLastUsed, t.String(), w.at)
	}
	if doc := w.document(r.Trust, "its trust policy"); doc != nil {
		awsid.Trusts(w.b, ref, doc, w.at, w.src)
	}
	for _, p := range r.Profiles {
		n, err := of(p.ARN, graph.Resource, awsid.TypeProfile)
		if err != nil {
			w.lacks("its instance profile: %w", err)
			continue
		}
		profile := w.begin(n, &details{ARN: p.ARN, CreateDate: p.Since}, p.ID)
		w.standing(profile, ref, graph.RunsAs, "", 0)
	}
	return nil
}

func (w *writer) policy(p *policy) error {
	n, err := of(p.ARN, graph.Resource, awsid.TypePolicy)
	if err != nil {
		return err
	}
	ref := w.begin(n, &p.details, p.PolicyID)
	w.b.Attr(ref, attrDefault, p.DefaultVersionID, w.at)
	for _, v := range p.Versions {
		if doc := w.document(v.Document, "its version "+v.VersionID); doc != nil {
			to, _ := awsid.Policy(w.b, doc, w.at)
			w.granted(ref, to, "version:"+v.VersionID, graph.Time(v.CreateDate))
		}
	}
	return nil
}

func (w *writer) key(k *key) error {
	arn := k.UserARN
	if arn == "" && w.page.account != "" && k.UserName != "" {
		arn = string(awsid.User("aws", w.page.account, k.UserName))
	}
	holder := awsid.Identity(arn)
	switch {
	case k.AccessKeyID == "":
		return errors.New("it has no AccessKeyId")
	case !holder.Known():
		return errors.New("it does not say whose account it is of; ingest aws-iam reads keys with their users")
	}
	a, _ := graph.ParseARN(arn)
	w.enumerates(a.Account, w.list+ofKeys)
	ref := awsid.Key(k.AccessKeyID).In(w.b)
	w.b.Attr(ref, graph.AttrAccount, a.Account, w.at)
	w.b.Attr(ref, graph.AttrEnumerated, w.list, w.at)
	w.b.Attr(ref, attrStatus, k.Status, w.at)
	var marks []graph.Mark
	if since := graph.Time(k.CreateDate); since != 0 {
		marks = append(marks, graph.Mark{Kind: graph.Began, At: since, Source: w.src})
	}
	if k.Status != "Active" && k.Status != "" {
		// Since when it is switched off is not known: at the latest since now.
		marks = append(marks, graph.Mark{Kind: graph.Ended, At: w.at, Source: w.src})
	}
	w.b.Standing(graph.StandingKey{From: holder.In(w.b), To: ref, Kind: graph.Holds, Label: w.b.Label(graph.Label{})}, w.at, w.src, marks...)
	if use := k.LastUsed; use != nil {
		if t := graph.Time(use.LastUsedDate); t == 0 {
			w.b.Attr(ref, attrLastUsed, "never", w.at)
		} else {
			w.b.Attr(ref, attrLastUsed, t.String(), w.at)
			w.b.Attr(ref, "lastUsedService", use.ServiceName, w.at)
			w.b.Attr(ref, "lastUsedRegion", use.Region, w.at)
		}
	}
	return nil
}

// grants writes the policies that are attached to the thing or stand in it.
func (w *writer) grants(ref graph.NodeRef, d *details, policies []inline) {
	for _, p := range d.Attached {
		n, err := of(p.PolicyArn, graph.Resource, awsid.TypePolicy)
		if err != nil {
			w.lacks("its attached policy: %w", err)
			continue
		}
		w.granted(ref, n.In(w.b), "attached", 0)
	}
	for _, p := range policies {
		if doc := w.document(p.PolicyDocument, "its policy "+p.PolicyName); doc != nil {
			to, _ := awsid.Policy(w.b, doc, w.at)
			w.granted(ref, to, "inline:"+p.PolicyName, 0)
		}
	}
}

// bounded notes the permissions boundary: a dump that shows none says that
// there is none.
func (w *writer) bounded(ref graph.NodeRef, d *details) {
	boundary := d.PermissionBoundary.ARN
	if boundary == "" {
		boundary = "none"
	}
	w.b.Attr(ref, attrBoundary, boundary, w.at)
}

func (w *writer) granted(from, to graph.NodeRef, how string, since graph.Time) {
	w.standing(from, to, graph.GrantedBy, how, since)
}

// standing writes a fact that holds now, and began at since where that is
// known.
func (w *writer) standing(from, to graph.NodeRef, kind graph.EdgeKind, how string, since graph.Time) {
	var marks []graph.Mark
	if since != 0 {
		// Without evidence of its own, or each dump would add a mark: the
		// fact's Source leads to the first that shows it.
		marks = append(marks, graph.Mark{Kind: graph.Began, At: since, Source: w.src})
	}
	w.b.Standing(graph.StandingKey{From: from, To: to, Kind: kind, Label: w.b.Label(graph.Label{Detail: how})}, w.at, w.src, marks...)
}

// document is the canonical text of a policy document: an object, or a string
// that holds one. Nil, and noted, where it is none.
func (w *writer) document(v json.RawMessage, what string) []byte {
	text := string(v)
	if json.Unmarshal(v, &text) != nil {
		text = string(v)
	}
	doc := awsid.Document(text)
	if doc == nil {
		w.lacks("%s is no policy document", what)
	}
	return doc
}
