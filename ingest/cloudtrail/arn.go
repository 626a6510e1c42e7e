package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest/awsid"
)

// partitionOf is the AWS partition of a region, by the prefixes of botocore's
// partitions.json; an empty or unknown region is in aws.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "us-iso-"):
		return "aws-iso"
	case strings.HasPrefix(region, "us-isob-"):
		return "aws-iso-b"
	case strings.HasPrefix(region, "us-isof-"):
		return "aws-iso-f"
	case strings.HasPrefix(region, "eu-isoe-"):
		return "aws-iso-e"
	case strings.HasPrefix(region, "eusc-"):
		return "aws-eusc"
	}
	return "aws"
}

// accountOf is the account whose things the record names: the one that
// received it, else the caller's.
func accountOf(r *Record) string {
	if r.RecipientAccountID != "" {
		return r.RecipientAccountID
	}
	return r.Identity.AccountID
}

func roleOfSessionARN(arn string) (graph.ID, bool) { return awsid.RoleOfSession(arn) }

func splitARN(s string) (graph.ARN, bool) { return graph.ParseARN(s) }

func arnID(partition, service, region, account, resource string) graph.ID {
	return graph.ID("arn:" + partition + ":" + service + ":" + region + ":" + account + ":" + resource)
}

// canonical is the id under which the graph keeps an ARN: role sessions fold to
// their role, a log group's ":*" and a function's ":$LATEST" fall away.
func canonical(arn string) graph.ID {
	a, ok := splitARN(arn)
	if !ok {
		return graph.ID(arn)
	}
	switch a.Service {
	case "sts":
		if role, ok := roleOfSessionARN(arn); ok {
			return role
		}
	case "logs":
		arn = strings.TrimSuffix(arn, ":*")
		arn = strings.TrimSuffix(arn, ":log-stream:")
	case "lambda":
		arn = strings.TrimSuffix(arn, ":$LATEST")
	}
	return graph.ID(arn)
}

// bucketOf is the bucket of an S3 object's ARN or pattern.
func bucketOf(id graph.ID) (graph.ID, bool) {
	s := string(id)
	i := strings.Index(s, ":s3:::")
	if i < 0 {
		return "", false
	}
	j := strings.IndexByte(s[i:], '/')
	if j < 0 {
		return "", false
	}
	return id[:i+j], true
}

// unnamed holds the type of ARNs whose resource part is a bare name.
var unnamed = map[string]string{"s3": "bucket", "sqs": "queue", "sns": "topic", "codepipeline": "pipeline",
	"codecommit": "repository", "execute-api": "api", "apigateway": "api", "codestar-notifications": "rule"}

// workloads are the types that run code or serve an API.
var workloads = map[string]bool{
	"aws.lambda.function": true, "aws.lambda.alias": true, "aws.ec2.instance": true, "aws.ec2.fleet": true,
	"aws.ecs.task": true, "aws.ecs.service": true, "aws.ecs.cluster": true, "aws.ecs.container-instance": true,
	"aws.eks.cluster": true, "aws.eks.nodegroup": true, "aws.eks.fargateprofile": true,
	"aws.states.statemachine": true, "aws.states.execution": true, "aws.states.express": true,
	"aws.apigateway.restapis": true, "aws.apigateway.apis": true, "aws.apigateway.stage": true,
	"aws.execute-api.api": true, "aws.appsync.apis": true,
	"aws.apprunner.service": true, "aws.batch.job": true, "aws.batch.compute-environment": true,
	"aws.codebuild.project": true, "aws.codebuild.build": true, "aws.codepipeline.pipeline": true,
	"aws.elasticbeanstalk.environment": true, "aws.elasticbeanstalk.application": true,
	"aws.elasticmapreduce.cluster": true, "aws.emr-serverless.applications": true, "aws.glue.job": true, "aws.glue.devendpoint": true,
	"aws.sagemaker.notebook-instance": true, "aws.sagemaker.endpoint": true, "aws.sagemaker.training-job": true, "aws.sagemaker.processing-job": true,
	"aws.autoscaling.autoscalinggroup": true, "aws.lightsail.instance": true, "aws.ssm.managed-instance": true,
	"aws.amplify.apps": true, "aws.bedrock.agent": true, "aws.bedrock.agent-alias": true, "aws.bedrock-agentcore.runtime": true, "aws.bedrock-agentcore.gateway": true,
	"aws.cloud9.environment": true, "aws.airflow.environment": true,
}

// ourTypes are the forms of our own ids, aws:FORM:…
var ourTypes = map[string]struct {
	kind graph.Kind
	typ  string
}{
	"key": {graph.Credential, "aws.key"}, "password": {graph.Credential, typePassword},
	"account": {graph.Account, "aws.account"}, "endpoint": {graph.Service, "aws.endpoint"},
	"service": {graph.Identity, typeService}, "principal": {graph.Identity, typePrincipal},
	"session": {graph.Session, "aws.session"}, "request": {graph.Session, typeRequest},
	"certificate": {graph.Credential, typeCertificate}, "webidentity": {graph.Credential, typeWebIdentity},
	"saml": {graph.Credential, typeSAML}, "oauth": {graph.Credential, typeOAuth},
	"identitycenter": {graph.Identity, typeCenterUser}, "sourceidentity": {graph.Identity, typeDeclared},
	"eks-pod": {graph.Service, typePod}, "servicecredential": {graph.Credential, typeServiceCredential},
}

// kindType is the kind and the provider's type of an id. It depends on the id
// alone, so that every record that names a node describes it alike.
func kindType(id graph.ID) (graph.Kind, string) {
	s := string(id)
	if a, ok := splitARN(s); ok {
		typ := typeOf(a)
		if strings.ContainsAny(a.Resource, "*?") || strings.Contains(a.Resource, "${") {
			return graph.Resource, typ // a pattern, not the thing
		}
		return kindOf(typ), typ
	}
	rest, ok := strings.CutPrefix(s, "aws:")
	if !ok {
		return graph.Resource, "unknown"
	}
	form, native, _ := strings.Cut(rest, ":")
	t, ok := ourTypes[form]
	switch {
	case !ok:
		return graph.Resource, "aws." + form
	case form == "key" && strings.HasPrefix(native, "ASIA"):
		return t.kind, typeTempKey
	case form == "key" && strings.HasPrefix(native, "AKIA"):
		return t.kind, typeLongKey
	case form == "session" && strings.HasPrefix(native, "AROA"):
		return t.kind, typeRoleSession
	case form == "session" && strings.HasPrefix(native, "AIDA"):
		return t.kind, typeUserSession
	}
	return t.kind, t.typ
}

func kindOf(typ string) graph.Kind {
	switch typ {
	case "aws.iam.role", "aws.iam.user", "aws.iam.root":
		return graph.Identity
	case "aws.sts.federated-user", "aws.sts.assumed-role", typeSignIn:
		return graph.Session
	case "aws.iam.mfa", "aws.iam.server-certificate":
		return graph.Credential
	case "aws.organizations.account":
		return graph.Account
	}
	if workloads[typ] {
		return graph.Service
	}
	return graph.Resource
}

// typeOf is aws.<service>.<type>, lower case, with the type as the ARN spells
// it: what stands before the first slash or colon, or the child's type where
// the ARN names something inside another.
func typeOf(a graph.ARN) string {
	if c, ok := splitChild(a); ok {
		return typeName(a.Service, c.typ)
	}
	res := strings.TrimPrefix(a.Resource, "/")
	i := strings.IndexAny(res, ":/")
	switch {
	case a.Service == "s3" && a.Account == "":
		return "aws.s3.bucket"
	case a.Service == "signin":
		return typeSignIn
	case a.Service == "wafv2" && i > 0: // regional/webacl/NAME/ID
		if _, rest, _ := strings.Cut(res, "/"); rest != "" {
			word, _, _ := strings.Cut(rest, "/")
			return typeName(a.Service, word)
		}
	case unnamed[a.Service] != "" && (i < 0 || a.Service == "execute-api"):
		return typeName(a.Service, unnamed[a.Service])
	case i > 0:
		return typeName(a.Service, res[:i])
	case strings.Contains(res, "*"):
		return typeName(a.Service, "resource")
	}
	return typeName(a.Service, res)
}

// typeName joins a type's name; the common ones cost no allocation.
func typeName(service, word string) string {
	if t, ok := commonTypes[[2]string{service, word}]; ok {
		return t
	}
	return "aws." + service + "." + strings.ToLower(word)
}

var commonTypes = func() map[[2]string]string {
	m := map[[2]string]string{}
	for _, t := range strings.Fields(`iam.role iam.user iam.policy iam.group iam.instance-profile iam.root s3.bucket s3.object
		ec2.instance ec2.vpc ec2.subnet ec2.security-group ec2.volume ec2.snapshot ec2.image ec2.network-interface ec2.route-table
		lambda.function kms.key kms.alias secretsmanager.secret ssm.parameter ssm.document sqs.queue sns.topic dynamodb.table
		rds.db rds.cluster logs.log-group logs.log-stream ecs.task ecs.service ecs.cluster eks.cluster cloudformation.stack
		states.execution ecr.repository kinesis.stream cloudwatch.alarm events.rule`) {
		service, word, _ := strings.Cut(t, ".")
		m[[2]string{service, word}] = "aws." + t
	}
	m[[2]string{"states", "stateMachine"}] = "aws.states.statemachine"
	return m
}()
