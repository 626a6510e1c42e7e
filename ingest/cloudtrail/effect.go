package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/cloudtrail/iamdata"
)

// effect says what a call does to its primary target: by the request where the
// action alone does not tell, by effects, else by IAM's access level, else by
// readOnly and the verb.
func effect(act string, r *Record) graph.Effect {
	if f, ok := byRequest[act]; ok {
		return f(r)
	}
	if e := baseEffect(act); e != 0 {
		return e
	}
	if r.ReadOnly == True {
		return graph.Read
	}
	return verbEffect(act)
}

// baseEffect is the effect that follows from the action alone; zero where our
// table and IAM are silent.
func baseEffect(act string) graph.Effect {
	if e, ok := effects[act]; ok {
		return e
	}
	prefix, name, _ := strings.Cut(act, ":")
	if prefix == "signin" {
		return graph.Use
	}
	a, ok := iamdata.Lookup(act)
	if !ok {
		if readVerbs[verb(act)] || strings.HasPrefix(name, "BatchGet") {
			return graph.Read
		}
		return 0
	}
	switch a.Access {
	case iamdata.Read, iamdata.List:
		return graph.Read
	case iamdata.Permissions:
		return graph.Grant
	case iamdata.Tagging:
		return graph.Change
	}
	return verbEffect(act)
}

var (
	readVerbs   = words("Get List Describe Head Lookup Search Query Scan Check Validate Test Preview Estimate View Read Filter Select").exact
	createVerbs = words("Create Run Launch Allocate Register Import Copy Upload Request Issue Provision Clone Generate Build Submit Restore").exact
	deleteVerbs = words("Delete Terminate Deregister Release Purge Destroy Schedule Deprovision Expire").exact
)

// verbEffect is the effect of a mutation by its verb.
func verbEffect(act string) graph.Effect {
	switch v := verb(act); {
	case createVerbs[v] || strings.Contains(act, ":BatchCreate") || strings.Contains(act, ":BatchImport"):
		return graph.Create
	case deleteVerbs[v] && (v != "Schedule" || strings.Contains(act, "Deletion")) || strings.Contains(act, ":BatchDelete"):
		return graph.Delete
	}
	return graph.Change
}

// effects is our own table: every action whose IAM access level or verb
// misleads about what it does to its primary target.
var effects = func() map[string]graph.Effect {
	m := map[string]graph.Effect{}
	for e, text := range effectLists {
		for _, act := range strings.Fields(text) {
			m[act] = e
		}
	}
	return m
}()

// byRequest holds the actions whose request decides.
var byRequest = map[string]func(*Record) graph.Effect{
	"ssm:GetParameter":        decrypted,
	"ssm:GetParameters":       decrypted,
	"ssm:GetParametersByPath": decrypted,
	"ssm:GetParameterHistory": decrypted,

	"apigateway:GetApiKey":  ifSet(graph.SecretRead, graph.Read, "includeValue"),
	"apigateway:GetApiKeys": ifSet(graph.SecretRead, graph.Read, "includeValues"),

	"ec2:RunInstances":                   ifSet(graph.Control, graph.Create, "iamInstanceProfile", "launchTemplate", "userData"),
	"ec2:ModifyInstanceAttribute":        ifSet(graph.Control, graph.Change, "userData"),
	"ec2:ModifyImageAttribute":           sharing("launchPermission"),
	"ec2:ModifySnapshotAttribute":        sharing("createVolumePermission"),
	"cloudformation:CreateStack":         ifSet(graph.Control, graph.Create, "roleARN"),
	"cloudformation:UpdateStack":         ifSet(graph.Control, graph.Change, "roleARN"),
	"cloudformation:CreateChangeSet":     ifSet(graph.Control, graph.Change, "roleARN"),
	"codebuild:StartBuild":               ifSet(graph.Control, graph.Use, "buildspecOverride", "sourceLocationOverride", "serviceRoleOverride", "environmentVariablesOverride", "imageOverride"),
	"ecs:UpdateService":                  ifSet(graph.Control, graph.Change, "taskDefinition"),
	"lambda:UpdateFunctionConfiguration": ifSet(graph.Control, graph.Change, "layers", "role", "handler", "environment"),
	"sagemaker:UpdateNotebookInstance":   ifSet(graph.Control, graph.Change, "roleArn", "lifecycleConfigName"),

	"sns:SetTopicAttributes": func(r *Record) graph.Effect {
		return granting(r.Request.Fold("attributeName").Str() == "Policy")
	},
	"sqs:SetQueueAttributes": func(r *Record) graph.Effect {
		return granting(!r.Request.Fold("attributes").Fold("Policy").Null())
	},
	"organizations:UpdatePolicy": func(*Record) graph.Effect { return graph.Grant },
}

// decrypted tells a parameter's secret value from its ciphertext.
func decrypted(r *Record) graph.Effect {
	if r.Request.Fold("withDecryption").Text() == "true" {
		return graph.SecretRead
	}
	return graph.Read
}

// ifSet is then where the request has any of the keys, else otherwise.
func ifSet(then, otherwise graph.Effect, keys ...string) func(*Record) graph.Effect {
	return func(r *Record) graph.Effect {
		for _, k := range keys {
			if v := r.Request.Fold(k); !v.Null() && len(v) > 2 && v.Text() != "false" { // "" and {} say nothing
				return then
			}
		}
		return otherwise
	}
}

// sharing is GRANT where the request names the permission, or shows nothing, as
// refused requests do.
func sharing(key string) func(*Record) graph.Effect {
	return func(r *Record) graph.Effect {
		return granting(r.Request.Null() || !r.Request.Fold(key).Null() || strings.EqualFold(r.Request.Fold("attributeType").Text(), key))
	}
}

func granting(yes bool) graph.Effect {
	if yes {
		return graph.Grant
	}
	return graph.Change
}
