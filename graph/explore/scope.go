package explore

import (
	"errors"
	"slices"
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// resourceKinds are the kinds that a bare name may mean when things that were
// touched are asked for.
var resourceKinds = []graph.Kind{graph.Resource, graph.Service, graph.Identity, graph.Account}

// target is an id whose calls count for something asked.
type target struct {
	resource int          // index of what was asked
	window   graph.Window // when the id means it
	wildcard bool         // a pattern that covers it: only ever MENTIONED
}

// scope is everything whose calls answer for what was asked.
type scope struct {
	asked   []resolved
	parts   []int // how many parts of each
	targets map[graph.ID]target
	ids     []graph.ID // keys of targets, sorted
	// rolledUp is set when an object was asked and its bucket answers.
	rolledUp bool
}

// scope resolves resources, with their parts and the wildcards that cover them
// where wanted.
func (r *reader) scope(texts []string, parts, wildcards bool) (*scope, error) {
	s := &scope{targets: map[graph.ID]target{}}
	for _, t := range texts {
		xs, err := r.resolve([]string{t}, resourceKinds)
		if graph.Code(err) == graph.CodeNotFound {
			var rolledUp bool
			xs, rolledUp, err = r.instead(t, wildcards, err)
			s.rolledUp = s.rolledUp || rolledUp
		}
		if err != nil {
			return nil, err
		}
		s.asked = append(s.asked, xs...)
	}
	return s, r.fill(s, parts, wildcards)
}

// fill gathers the targets of what was asked.
func (r *reader) fill(s *scope, parts, wildcards bool) error {
	s.parts = make([]int, len(s.asked))
	for i, x := range s.asked {
		for id, w := range x.ids {
			if _, ok := s.targets[id]; !ok {
				s.targets[id] = target{resource: i, window: w}
			}
		}
	}
	if parts {
		if err := r.parts(s); err != nil {
			return err
		}
	}
	if wildcards {
		for i, x := range s.asked {
			for _, id := range covering(graph.ID(x.asked), x.node.ID) {
				if _, ok := s.targets[id]; !ok {
					s.targets[id] = target{resource: i, wildcard: true}
				}
			}
		}
	}
	for id := range s.targets {
		s.ids = append(s.ids, id)
	}
	slices.Sort(s.ids)
	return nil
}

// instead answers for an unknown ARN: an S3 object by its bucket, as rolled-up
// stores keep no objects; else by the wildcards alone that cover it.
func (r *reader) instead(text string, wildcards bool, notFound error) (xs []resolved, rolledUp bool, err error) {
	arn, ok := graph.ParseARN(text)
	if !ok {
		return nil, false, notFound
	}
	if bucket, _, isObject := strings.Cut(arn.Resource, "/"); arn.Service == "s3" && isObject {
		arn.Resource = bucket
		xs, err = r.resolve([]string{arn.String()}, resourceKinds)
		var e *graph.Error
		if errors.As(err, &e) && e.Code == graph.CodeNotFound {
			return nil, false, notFound
		}
		for i := range xs {
			xs[i].asked, xs[i].note = text, "answered for its bucket"
			r.note("Asked for an object that is not in the data; objects are rolled up to their bucket unless ingested with --objects, so %s answers.", arn)
		}
		return xs, true, err
	}
	if wildcards {
		found, err := r.nodes(covering(graph.ID(text)))
		if err != nil {
			return nil, false, err
		}
		if len(found) > 0 {
			return []resolved{{asked: text, node: graph.Node{ID: graph.ID(text), Kind: graph.Resource}, ids: map[graph.ID]graph.Window{},
				note: "known only by wildcards that cover it"}}, false, nil
		}
	}
	return nil, false, notFound
}

// parts adds what is PART_OF the targets, hop by hop.
func (r *reader) parts(s *scope) error {
	var frontier []graph.ID
	for id := range s.targets {
		frontier = append(frontier, id)
	}
	for depth := 0; len(frontier) > 0; depth++ {
		if depth == r.budget.Depth {
			r.cut(LimitDepth, r.budget.Depth)
			return nil
		}
		var next []graph.ID
		err := r.edges(frontier, graph.In, graph.Filter{Kinds: []graph.EdgeKind{graph.PartOf}}, func(e *graph.Edge) {
			if _, ok := s.targets[e.From]; ok {
				return
			}
			if len(s.targets) >= r.budget.Nodes {
				r.cut(LimitNodes, r.budget.Nodes)
				return
			}
			parent := s.targets[e.To]
			s.targets[e.From] = target{resource: parent.resource, window: parent.window}
			s.parts[parent.resource]++
			next = append(next, e.From)
		})
		if err != nil {
			return err
		}
		frontier = next
	}
	return nil
}

// covering are the ids of wildcard targets that cover the ids. Of an ARN, as
// denial messages show them: each beginning of the resource with "*" behind it,
// in the ARN's own region and account or in any. Of an object of Kubernetes, as
// lists show them: all of its kind in its namespace, and in the cluster.
func covering(ids ...graph.ID) []graph.ID {
	var out []graph.ID
	for _, id := range ids {
		if s := string(id); strings.HasPrefix(s, "k8s:") {
			slash := strings.LastIndexByte(s, '/') + 1
			out = append(out, id[:slash]+"*", id[:strings.LastIndexByte(s[:slash], ':')+1]+"*", id[:strings.LastIndexByte(s, ':')+1]+"*")
			continue
		}
		arn, ok := graph.ParseARN(string(id))
		if !ok {
			continue
		}
		for i := 0; i <= len(arn.Resource); i++ {
			w := arn
			w.Resource = arn.Resource[:i] + "*"
			out = append(out, graph.ID(w.String()))
			if i > 0 && arn.Resource[i-1] != '/' && arn.Resource[i-1] != ':' {
				continue
			}
			for _, any := range [][2]string{{"*", arn.Account}, {arn.Region, "*"}, {"*", "*"}} {
				w.Region, w.Account = any[0], any[1]
				out = append(out, graph.ID(w.String()))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
