package synth

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// kind of resource; each actor works with a few of each.
type kind int

const (
	bucket kind = iota
	dataKey
	table
	function
	instance
	role
	secret
	kinds
)

// mix is the share of the kinds in a thousand calls; the rest opens sessions.
var mix = [kinds]int{520, 110, 140, 70, 80, 30, 30}

// trade is how an actor comes by its credential.
type trade int

const (
	onLambda trade = iota
	onEC2
	onECS
	onCI // web identity
	byRole
	byUser // a long-lived key
)

// vendors are the services that open the sessions of workloads.
var vendors = [...]string{onLambda: "lambda.amazonaws.com", onEC2: "ec2.amazonaws.com", onECS: "ecs-tasks.amazonaws.com"}

// thing is a resource of the estate.
type thing struct {
	kind    kind
	account int
	name    string
	arn     string
}

// actor is an identity with the credential it has at the moment.
type actor struct {
	trade   trade
	account int
	name    string // of the role or user
	id      string // AROA… or AIDA…
	arn     string
	role    int // its index among the things; users have none
	issuer  *actor
	work    [kinds][]int
	ip      string
	agent   string

	session string
	key     string
	ends    time.Time
	prefix  []byte // the record up to the end of userIdentity's last field
	issue   *Issue
}

type pair struct {
	by string
	on int
}

type estate struct {
	o        Options
	dir      string
	rng      *rand.Rand
	accounts []string
	regions  []string
	things   []thing
	actors   []*actor
	busy     []int // cumulative weights of the actors
	touches  map[pair]*Touch
	truth    Truth
	trails   map[trailKey]*trail
	order    []trailKey // of their first records
	files    *writer
	minted   uint64

	now   time.Time
	stamp []byte // now, as records have it
	day   []byte // now, as object keys have it: /2026/11/22/
	line  []byte // scratch: the record being written
	event string // the event id written last
	key   []byte // of the object written last
	parts struct{ request, response, more, resources, message []byte }
}

func (g *estate) at(t time.Time) {
	g.now = t
	g.stamp = t.AppendFormat(g.stamp[:0], time.RFC3339)
	g.day = t.AppendFormat(g.day[:0], "/2006/01/02/")
}

var homes = []string{"eu-north-1", "eu-west-1", "us-west-2", "ap-southeast-2", "eu-central-1"}

// newEstate draws the accounts, resources and actors.
func newEstate(dir string, o Options) *estate {
	g := &estate{o: o, dir: dir, rng: rand.New(rand.NewPCG(o.Seed, 0x626c617374)), touches: map[pair]*Touch{}, trails: map[trailKey]*trail{}, files: newWriter(o.Level)}
	g.truth = Truth{Options: o, Actions: map[string]int{}, Touched: map[string][]Touch{}, Keys: map[string]Issue{}}
	for a := range o.Accounts {
		g.accounts = append(g.accounts, fmt.Sprintf("%08d%04d", 10_000_000+g.rng.IntN(90_000_000), a))
		g.regions = append(g.regions, homes[a%len(homes)])
	}
	byAccount := make([][kinds][]int, o.Accounts)
	add := func(k kind, account int, name string) int {
		g.things = append(g.things, thing{k, account, name, g.arn(k, account, name)})
		byAccount[account][k] = append(byAccount[account][k], len(g.things)-1)
		return len(g.things) - 1
	}
	for i := range o.Resources {
		a := i % o.Accounts
		add(bucket, a, fmt.Sprintf("estate-%d-%s-%04d", o.Seed, nouns[i%len(nouns)], i))
		add(dataKey, a, g.uuid())
		add(table, a, fmt.Sprintf("%s-%04d", nouns[(i+3)%len(nouns)], i))
		add(function, a, fmt.Sprintf("%s-worker-%04d", nouns[(i+5)%len(nouns)], i))
		add(instance, a, "i-0"+g.hex(16))
		add(secret, a, fmt.Sprintf("%s/%04d-%s", nouns[(i+7)%len(nouns)], i, g.letters(alnum, 6)))
	}
	for i := range o.Users {
		a := &actor{trade: byUser, account: i % o.Accounts, name: fmt.Sprintf("svc-%s-%03d", nouns[i%len(nouns)], i), id: "AIDA" + g.letters(base32, 17), role: -1}
		a.arn = "arn:aws:iam::" + g.accounts[a.account] + ":user/" + a.name
		a.key = g.mint("AKIA")
		g.actors = append(g.actors, a)
	}
	for i := range o.Roles {
		a := &actor{account: i % o.Accounts, trade: trade(i / o.Accounts % 4), name: fmt.Sprintf("%s-role-%04d", nouns[i%len(nouns)], i), id: "AROA" + g.letters(base32, 17)}
		a.role = add(role, a.account, a.name)
		a.arn = g.things[a.role].arn
		// The first roles of every account stand on their own; of the rest a
		// share is assumed by a user or a role before them, at most three in
		// a row.
		if i >= o.Accounts && g.rng.Float64() < o.Chains {
			if by := g.actors[g.rng.IntN(len(g.actors))]; by.depth() < 3 {
				a.trade, a.issuer = byRole, by
			}
		}
		g.actors = append(g.actors, a)
	}
	weight := 0
	for i, j := range g.rng.Perm(len(g.actors)) {
		a := g.actors[j]
		a.ip = fmt.Sprintf("10.%d.%d.%d", g.rng.IntN(256), g.rng.IntN(256), 1+g.rng.IntN(254))
		a.agent = agents[a.trade]
		for k := range kinds {
			a.work[k] = g.few(byAccount[a.account][k])
		}
		weight += 1_000_000 / (i + 5) // Zipf, not too steep
		g.busy = append(g.busy, weight)
	}
	g.rng.Shuffle(len(g.actors), func(i, j int) { g.actors[i], g.actors[j] = g.actors[j], g.actors[i] })
	for _, a := range g.actors {
		if a.trade == byUser {
			a.prefix = g.prefixOf(a)
		}
	}
	return g
}

// depth is how many roles were assumed to get to this one.
func (a *actor) depth() int {
	n := 0
	for a.issuer != nil {
		a, n = a.issuer, n+1
	}
	return n
}

var nouns = []string{"billing", "orders", "freight", "ledger", "pricing", "tracking", "customs", "fleet", "invoices", "depots", "returns"}

var agents = [...]string{
	onLambda: boto("AWS_Lambda_python3.13", "Z,b,D,g"),
	onEC2:    "aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#arm64 api/s3#1.114.8 m/0,E",
	onECS:    "aws-sdk-java/2.39.4 md/io#sync md/http#Apache ua/2.1 os/Linux#6.12.58 lang/java#25.0.1 md/OpenJDK_64-Bit_Server_VM#25.0.1+8-LTS exec-env/AWS_ECS_FARGATE m/D,N,e,z",
	onCI:     "aws-cli/2.36.4 md/awscrt#0.31.2 ua/2.1 os/linux#6.14.0-1017-azure md/arch#x86_64 lang/python#3.14.2 md/pyimpl#CPython exec-env/GitHub_Actions m/E,b,k,Z cfg/retry-mode#standard md/installer#exe",
	byRole:   "APN/1.0 HashiCorp/1.0 Terraform/1.14.0 (+https://www.terraform.io) terraform-provider-aws/6.22.1 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.25.4 md/GOOS#linux md/GOARCH#amd64 m/i,E",
	byUser:   "Boto3/1.26.165 Python/3.8.10 Linux/5.4.0-216-generic Botocore/1.29.165",
}

// few draws what an actor works with: up to six things, the popular (first)
// ones more often than the rest.
func (g *estate) few(from []int) []int {
	var out []int
	for range min(6, len(from)) {
		f := g.rng.Float64()
		i := from[int(f*f*f*float64(len(from)))]
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

func (g *estate) arn(k kind, account int, name string) string {
	at := g.regions[account] + ":" + g.accounts[account] + ":"
	switch k {
	case bucket:
		return "arn:aws:s3:::" + name
	case dataKey:
		return "arn:aws:kms:" + at + "key/" + name
	case table:
		return "arn:aws:dynamodb:" + at + "table/" + name
	case function:
		return "arn:aws:lambda:" + at + "function:" + name
	case instance:
		return "arn:aws:ec2:" + at + "instance/" + name
	case role:
		return "arn:aws:iam::" + g.accounts[account] + ":role/" + name
	}
	return "arn:aws:secretsmanager:" + at + "secret:" + name
}

// prefixOf writes the start of every record the actor makes with its present
// credential, up to where userIdentity may still get invokedBy.
func (g *estate) prefixOf(a *actor) []byte {
	account := g.accounts[a.account]
	if a.trade == byUser {
		return fmt.Appendf(nil, `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"%s","arn":"%s","accountId":"%s","accessKeyId":"%s","userName":"%s"`,
			a.id, a.arn, account, a.key, a.name)
	}
	b := fmt.Appendf(nil, `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"%s:%s","arn":"arn:aws:sts::%s:assumed-role/%s/%s","accountId":"%s","accessKeyId":"%s","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"%s","arn":"%s","accountId":"%s","userName":"%s"},"attributes":{"creationDate":"%s","mfaAuthenticated":"false"}`,
		a.id, a.session, account, a.name, a.session, account, a.key, a.id, a.arn, account, a.name, g.stamp)
	if a.trade == onEC2 {
		b = append(b, `,"ec2RoleDelivery":"2.0"`...)
	}
	b = append(b, '}')
	if a.trade == onLambda {
		b = fmt.Appendf(b, `,"inScopeOf":{"issuerType":"AWS::Lambda::Function","credentialsIssuedTo":"arn:aws:lambda:%s:%s:function:%s"}`, g.regions[a.account], account, a.session)
	}
	return b
}

// truthOf closes the books.
func (g *estate) truthOf() Truth {
	for p, t := range g.touches {
		arn := g.things[p.on].arn
		g.truth.Touched[arn] = append(g.truth.Touched[arn], *t)
	}
	for _, list := range g.truth.Touched {
		slices.SortFunc(list, func(a, b Touch) int {
			if a.Calls != b.Calls {
				return b.Calls - a.Calls
			}
			return strings.Compare(a.By, b.By)
		})
	}
	for _, a := range g.actors {
		g.retire(a)
	}
	return g.truth
}

// retire writes down the key the actor had.
func (g *estate) retire(a *actor) {
	if a.issue != nil {
		g.truth.Keys[a.key] = *a.issue
		a.issue = nil
	}
}

// touch notes a distinct call on a thing.
func (g *estate) touch(by string, on int, denied, declared bool) {
	p := pair{by, on}
	t := g.touches[p]
	if t == nil {
		t = &Touch{By: by, First: g.now}
		g.touches[p] = t
	}
	t.Calls++
	t.Last = g.now
	if denied {
		t.Denied++
	}
	if declared {
		t.Declared++
	}
}

// The generator's own random ids.

const hexDigits = "0123456789abcdef"

func appendHex(b []byte, v uint64, n int) []byte {
	for i := range n {
		b = append(b, hexDigits[v>>(4*i)&15])
	}
	return b
}

func (g *estate) hex(n int) string { return string(appendHex(nil, g.rng.Uint64(), n)) }

func (g *estate) appendUUID(b []byte) []byte {
	hi, lo := g.rng.Uint64(), g.rng.Uint64()
	b = append(appendHex(b, hi, 8), '-')
	b = append(appendHex(b, hi>>32, 4), "-4"...)
	b = append(appendHex(b, hi>>48, 3), '-', "89ab"[hi>>62])
	b = append(appendHex(b, lo, 3), '-')
	return appendHex(b, lo>>12, 12)
}

func (g *estate) uuid() string { return string(g.appendUUID(nil)) }

func (g *estate) appendLetters(b []byte, alphabet string, n int) []byte {
	for n > 0 {
		v := g.rng.Uint64()
		for range min(n, 10) {
			b = append(b, alphabet[v&63%uint64(len(alphabet))])
			v >>= 6
		}
		n -= min(n, 10)
	}
	return b
}

func (g *estate) letters(alphabet string, n int) string {
	return string(g.appendLetters(nil, alphabet, n))
}

// mint is a new access key id; a running number keeps them apart.
func (g *estate) mint(prefix string) string {
	b := g.appendLetters([]byte(prefix), base32, 10)
	g.minted++
	for i := range 6 {
		b = append(b, base32[g.minted>>(5*i)&31])
	}
	return string(b)
}
