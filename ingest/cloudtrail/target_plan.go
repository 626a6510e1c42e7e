package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// extractor finds the targets of calls. It remembers what it worked out for
// each kind of event, and is for one goroutine.
type extractor struct {
	// Objects keeps S3 objects apart from their bucket.
	Objects bool

	plans map[eventKey]*plan
	made  uint64 // plans
	last  *plan  // of the last call of plan
	ids   map[string]sight
	stems map[string]stem
	flat  []field // scratch
	arns  []found // scratch
	call  call    // scratch

	// settled says that the last call's primary target was found without
	// looking beyond its rules and resources.
	settled bool
}

type eventKey struct{ source, name string }

// plan is what follows from an event's source and name alone.
type plan struct {
	key     eventKey
	number  uint64 // of the plan
	action  string
	base    graph.Effect // zero where the record decides
	service string       // IAM prefix
	event   string       // name without its version
	rules   []rule
	types   []template // the action's resource types
	vars    int        // the most variables that one of them has
	trust   bool       // resources[] of the right type make request and response superfluous
	creates bool       // the call makes its primary target
	ec2IDs  bool       // other EC2 ids in it count as mentions
	s3      bool
	ec2     bool
	noun    string           // of EC2, what the event's name speaks of
	writes  []func(*emitter) // what the event shows beyond a call

	// What reachKey needs: which members the rules look at, whether they look
	// beyond request and response, and whether all of a record counts.
	request, response keys
	additional, whole bool

	labels []knownLabel // of the event's edges

	hits, misses, loose int // calls known, not known, and of these not settled by the rules
}

// knownLabel is a label with its ref in the builder of that epoch.
type knownLabel struct {
	graph.Label
	ref   graph.LabelRef
	epoch uint64
}

// newExtractor returns an extractor that keeps S3 objects or rolls them up to
// their bucket.
func newExtractor(objects bool) *extractor {
	return &extractor{Objects: objects, plans: map[eventKey]*plan{}}
}

func (x *extractor) plan(r *Record) *plan {
	if p := x.last; p != nil && p.key.name == r.EventName && p.key.source == r.EventSource {
		return p
	}
	if p, ok := x.plans[eventKey{r.EventSource, r.EventName}]; ok {
		x.last = p
		return p
	}
	k := eventKey{strings.Clone(r.EventSource), strings.Clone(r.EventName)}
	x.made++
	p := &plan{key: k, number: x.made, action: actionOf(k.source, k.name), service: prefixOf(k.source), event: trimVersion(k.name)}
	p.base = fixedEffect(p.action)
	p.rules = rulesFor(p.service + ":" + p.event)
	p.types = templatesOf(p.action)
	for i := range p.types {
		p.vars = max(p.vars, len(p.types[i].stems))
	}
	p.trust = p.service == "kms" || p.service == "ssm" && strings.Contains(p.event, "Parameter")
	p.creates = createVerbs[verb(p.action)] && p.base != graph.Change && p.base != graph.Grant
	p.s3, p.ec2 = p.service == "s3", p.service == "ec2"
	p.ec2IDs = !p.s3 && (p.base == 0 || p.base.Mutates()) && !dataActions.has(p.action)
	if p.ec2 {
		p.noun = ec2Noun(p.event)
	}
	for _, h := range handlers[k.name] {
		if h.source == k.source {
			p.writes = append(p.writes, h.write)
		}
	}
	p.look(x.Objects)
	if len(x.plans) < maxPlans {
		x.plans[k] = p
	}
	x.last = p
	return p
}

// maxPlans bounds what is remembered: an archive of made-up event names must
// not fill the memory. IAM knows 22,091 actions.
const maxPlans = 30_000

// action is the function action, remembered by event.
func (x *extractor) action(r *Record) string {
	if d, ok := refusal(r); ok {
		return d.Action
	}
	return x.plan(r).action
}

// effect is the function effect, remembered by event.
func (x *extractor) effect(act string, r *Record) graph.Effect {
	if p := x.plan(r); p.base != 0 && p.action == act {
		return p.base
	}
	return effect(act, r)
}

// fixedEffect is the effect of an action for every record; zero where the
// record decides.
func fixedEffect(act string) graph.Effect {
	if _, ok := byRequest[act]; ok {
		return 0
	}
	return baseEffect(act)
}

// sight is what is remembered of an id as a record writes it.
type sight struct {
	id   graph.ID // under which the graph keeps it
	kind graph.Kind
	typ  string
	// nothing says that it is an ARN for everything of a service or type.
	nothing bool
	// session says that it is a role session, folded to its role.
	session bool
}

// maxSights bounds what is remembered of ids; beyond it all is forgotten.
const maxSights = 1 << 16

// see looks at an id or an ARN as a record writes it. What it returns does not
// share the record's memory.
func (x *extractor) see(s string) sight {
	k, ok := x.ids[s]
	if ok {
		return k
	}
	s = strings.Clone(s)
	k.id = canonical(s)
	k.kind, k.typ = kindType(k.id)
	k.nothing = namesNothing(s)
	k.session = strings.Contains(s, ":assumed-role/")
	if x.ids == nil || len(x.ids) >= maxSights {
		x.ids = map[string]sight{}
	}
	x.ids[s] = k
	return k
}
