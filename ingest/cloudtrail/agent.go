package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// program is what a user agent shows of the program behind a call. A user
// agent is the client's own word: whatever it shows is evidence, and what it
// does not show is unknown.
type program struct {
	client   string // the CLIENT's name: aws-cli, boto3, terraform, console, browser …; empty where none is shown
	tool     string // the agentic tool; empty where there is no marker
	evidence string // what shows it: one of the evidence words
	terminal string // the sid of AWS CLI v2: one terminal session
	lambda   bool   // the SDK says it runs in a Lambda function
	ambient  bool   // and took the credentials from the environment: they are the function's own
	ecs      bool   // it runs in an ECS task, or has its credentials from a container's endpoint

	text     string // the user agent
	strength int    // of the evidence, while reading
	node     node   // of the client
	epoch    uint64 // of the node's ref
}

// The evidence for an AGENT, as kept in its attribute and in the detail of
// DRIVES.
const (
	evidenceMCP      = "mcp_event"    // AWS's own MCP server logged the call
	evidenceFeature  = "ua_feature"   // a feature code of AWS CLI v2
	evidenceToken    = "ua_token"     // a token that the tool puts into the user agent
	evidenceRuntime  = "runtime_role" // the credentials were issued to an agent runtime
	evidenceDeclared = "declared"     // free text that says agent
	evidenceName     = "name"         // the role's name
)

// features are the codes by which AWS CLI v2 says what drives it: the list m/
// of its user agent (aws-cli pull request 10485, awscli/botocore/useragent.py,
// from 2.35.24; AX as proposed in 10584).
var features = map[string]string{
	"AN": "claude-code", "AO": "gemini-cli", "AP": "codex", "AQ": "kiro", "AR": "opencode", "AS": "antigravity",
	"AT": "amp", "AU": "pi", "AV": "copilot-cli", "AW": "cursor", "AX": "kiro-ide",
}

// tools are the agentic tools that call AWS, or an MCP server of AWS, under
// their own name.
var tools = map[string]string{
	"claude-code": "claude-code", "claude-cli": "claude-code", "claude": "claude-code", "gemini-cli": "gemini-cli", "codex": "codex",
	"codex-mcp-client": "codex", "kiro": "kiro", "kiro-cli": "kiro", "kiro-ide": "kiro-ide", "opencode": "opencode", "cursor": "cursor",
	"amp": "amp", "copilot-cli": "copilot-cli", "antigravity": "antigravity", "amazon-q": "amazon-q", "cline": "cline", "windsurf": "windsurf",
}

// programOf reads a user agent.
func programOf(ua string) *program {
	p := &program{text: ua}
	if inner, ok := strings.CutPrefix(ua, "["); ok { // as S3 writes it
		ua = strings.TrimSuffix(inner, "]")
	}
	ua = strings.TrimSpace(ua)
	if ua == "" || ua == "-" || ua == hidden {
		return p
	}
	for token := range strings.FieldsSeq(ua) {
		p.token(token)
	}
	first, _, _ := strings.Cut(ua, " ")
	if tool := tools[strings.ToLower(product(first))]; tool != "" && p.tool == "" {
		p.tool, p.evidence = tool, evidenceToken
	}
	p.client = clientOf(ua)
	return p
}

// token reads one word of a user agent. Stronger evidence wins over weaker,
// whatever the order of the words: a feature code, then the MCP client, then
// the server it speaks to, then the execution environment.
func (p *program) token(s string) {
	if len(s) < 3 {
		return
	}
	switch {
	case strings.HasPrefix(s, "m/"):
		for code := range strings.SplitSeq(s[2:], ",") {
			if tool := features[code]; tool != "" {
				p.agent(tool, evidenceFeature, 5)
			}
			p.ambient = p.ambient || code == "g"
			p.ecs = p.ecs || code == "z"
		}
	case strings.HasPrefix(s, "sid/"):
		if sid := s[4:]; len(sid) == 12 && isHex(sid) {
			p.terminal = sid
		}
	case strings.HasPrefix(s, "MCPClient/"):
		name, _, _ := strings.Cut(s[len("MCPClient/"):], "#")
		p.agent(toolName(name), evidenceToken, 4)
	case strings.HasPrefix(s, "md/via/"), strings.HasPrefix(s, "md/via#"):
		name, _, _ := strings.Cut(s[len("md/via/"):], "#")
		p.agent(toolName(name), evidenceToken, 3)
	case strings.HasPrefix(s, "md/awslabs#mcp#"):
		name, _, _ := strings.Cut(s[len("md/awslabs#mcp#"):], "#")
		p.agent(toolName("awslabs-"+name), evidenceToken, 2)
	case strings.HasPrefix(s, "awslabs/mcp/"):
		name, _, _ := strings.Cut(s[len("awslabs/mcp/"):], "/")
		p.agent(toolName("awslabs-"+name), evidenceToken, 2)
	case strings.HasPrefix(s, "agentcore-mcp-server/"):
		p.agent("agentcore-mcp-server", evidenceToken, 2)
	case strings.HasPrefix(s, "exec-env/"):
		env := s[len("exec-env/"):]
		switch {
		case strings.HasPrefix(env, "AmazonQ-For-CLI"):
			p.agent("amazon-q-cli", evidenceToken, 2)
		case strings.HasPrefix(env, "AmazonQ-For-IDE"):
			p.agent("amazon-q-ide", evidenceToken, 2)
		case strings.HasPrefix(env, "AWS_Lambda_"):
			p.lambda = true
		case strings.HasPrefix(env, "AWS_ECS_"):
			p.ecs = true
		}
	case strings.HasPrefix(s, "agent/"):
		p.agent(toolName(s[len("agent/"):]), evidenceDeclared, 1)
	}
}

// agent notes a tool unless stronger evidence names another; of two alike the
// smaller name wins, so that the order of words does not show.
func (p *program) agent(tool, evidence string, strength int) {
	if tool != "" && (strength > p.strength || strength == p.strength && tool < p.tool) {
		p.tool, p.evidence, p.strength = tool, evidence, strength
	}
}

// toolName is a tool's name as part of an id: lower case, of letters, digits,
// dots and dashes, at most 40; no version.
func toolName(s string) string {
	s, _, _ = strings.Cut(s, "/")
	name := clean(s)
	if known := tools[name]; known != "" {
		return known
	}
	return name
}

func clean(s string) string {
	b := make([]byte, 0, min(len(s), 40))
	for i := 0; i < len(s) && len(b) < 40; i++ {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c >= 'a' && c <= 'z', isDigit(c), c == '.', c == '_', c == '-':
			b = append(b, c)
		case c == ' ':
			b = append(b, '-')
		}
	}
	return strings.Trim(string(b), "-._")
}

// clients are recognised by a text anywhere in the user agent; the first that
// fits names it. What drives an SDK stands before the SDK.
var clients = []struct{ mark, name string }{
	{"S3Console/", "console"}, {" Console,", "console"}, {"console.amazonaws.com", "console"}, {"signin.amazonaws.com", "console"},
	{"AWSConsole", "console"}, {"AWS CloudShell", "cloudshell"}, {"CloudShell", "cloudshell"}, {"Mozilla/", "browser"}, {"Opera/", "browser"},
	{"OpenTofu/", "opentofu"}, {"HashiCorp Terraform", "terraform"}, {"Terraform/", "terraform"}, {"terraform-provider-aws", "terraform"},
	{"Pulumi/", "pulumi"}, {"pulumi-", "pulumi"}, {"aws-cdk", "aws-cdk"}, {"aws-sam-cli", "aws-sam-cli"}, {"serverless", "serverless"},
	{"Packer/", "packer"}, {"Vault/", "vault"}, {"ansible", "ansible"}, {"kubectl", "kubectl"}, {"eksctl", "eksctl"},
	{"amazon-ssm-agent", "amazon-ssm-agent"}, {"amazon-ecs-agent", "amazon-ecs-agent"}, {"Amazon ECS Agent", "amazon-ecs-agent"},
	{"amazon-cloudwatch-agent", "amazon-cloudwatch-agent"}, {"stratus-red-team", "stratus-red-team"}, {"pacu", "pacu"},
	{"aws-cli/", "aws-cli"}, {"Boto3/", "boto3"}, {"aiobotocore", "botocore"}, {"Botocore/", "botocore"}, {"Boto/", "boto"},
	{"aws-sdk-go-v2/", "aws-sdk-go"}, {"aws-sdk-go/", "aws-sdk-go"}, {"aws-sdk-java/", "aws-sdk-java"}, {"aws-sdk-js/", "aws-sdk-js"},
	{"aws-sdk-nodejs/", "aws-sdk-js"}, {"aws-sdk-ruby", "aws-sdk-ruby"}, {"aws-sdk-php/", "aws-sdk-php"}, {"aws-sdk-rust/", "aws-sdk-rust"},
	{"aws-sdk-kotlin/", "aws-sdk-kotlin"}, {"aws-sdk-swift/", "aws-sdk-swift"}, {"aws-sdk-cpp/", "aws-sdk-cpp"}, {"aws-sdk-dotnet", "aws-sdk-dotnet"},
	{"AWSPowerShell", "aws-powershell"}, {"APN/1.0 HashiCorp", "terraform"},
}

// clientOf names the program of a user agent, without its version. An AWS
// service that calls is no program of the caller's: it has no client.
func clientOf(ua string) string {
	for _, c := range clients {
		if strings.Contains(ua, c.mark) {
			return c.name
		}
	}
	if isService(ua) {
		return ""
	}
	first, _, _ := strings.Cut(ua, " ")
	return clean(product(first))
}

// product is a user agent's word without the version and without what makes
// each run's word differ: a UUID at its end, a placeholder.
func product(s string) string {
	if i := strings.IndexAny(s, "/#(;,$"); i >= 0 {
		s = s[:i]
	}
	if n := len(s) - 36; n > 0 && isUUID(s[n:]) {
		s = s[:n]
	}
	return s
}

// isService reports whether a source address, user agent or invokedBy names an
// AWS service.
func isService(s string) bool {
	return s == "AWS Internal" || strings.HasSuffix(s, ".amazonaws.com") || strings.HasSuffix(s, ".amazonaws.com.cn")
}

// mcpService is the MCP server that AWS hosts.
const mcpService = "aws-mcp.amazonaws.com"

// agentCore is the tool of agents that run on Amazon Bedrock AgentCore.
const agentCore = "bedrock-agentcore"

// agentRole is the tool that a role's name stands for: AgentCore's console and
// starter kits name their roles so.
func agentRole(role graph.ID) string {
	name := string(role[strings.LastIndexByte(string(role), '/')+1:])
	if strings.HasPrefix(name, "AgentCore-") || strings.Contains(name, "BedrockAgentCore") {
		return agentCore
	}
	return ""
}

// agentOf is the agentic tool behind a call and the evidence for it; empty
// where nothing shows one.
func agentOf(r *Record, a *actor, p *program) (tool, evidence string) {
	switch {
	case r.EventType == "AwsMcpEvent":
		tool = p.tool
		if tool == "" {
			tool = toolName(firstOf(p.client, "mcp-client"))
		}
		return tool, evidenceMCP
	case p.tool != "":
		return p.tool, p.evidence
	case r.Identity.InvokedBy == mcpService || r.SourceIP == mcpService || r.UserAgent == mcpService:
		return "aws-mcp", evidenceMCP
	case r.EventSource == "bedrock-agentcore.amazonaws.com" && (strings.HasPrefix(r.EventName, "GetWorkloadAccessToken") || strings.HasPrefix(r.EventName, "GetResource")):
		return agentCore, evidenceRuntime // an agent's runtime fetches its tokens
	case a.agentTool != "":
		return a.agentTool, a.agentEvidence
	}
	return "", ""
}
