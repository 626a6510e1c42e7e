package awsconf

import "encoding/json"

// Statement is one statement of an IAM policy that allows something.
type Statement struct {
	Sid       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Action    []string                     `json:"Action"`
	Resource  []string                     `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

// Allow is a statement that allows the actions on the resources.
func Allow(sid string, actions []string, resources ...string) Statement {
	return Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
}

// Policy is the text of an IAM policy of these statements, to be attached as it
// is. Equal statements are said once.
func Policy(all []Statement) ([]byte, error) {
	seen := map[string]bool{}
	unique := []Statement{}
	for _, s := range all {
		text, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		if !seen[string(text)] {
			seen[string(text)] = true
			unique = append(unique, s)
		}
	}
	return json.MarshalIndent(struct {
		Version   string      `json:"Version"`
		Statement []Statement `json:"Statement"`
	}{"2012-10-17", unique}, "", "  ")
}
