package cloudtrail

import (
	"github.com/blastradius/blastradius/graph"
	"github.com/blastradius/blastradius/ingest"
)

// approval is the answer to a pipeline's manual approval (codepipeline:
// PutApprovalResult): who gave it, to the pipeline, at which stage and action. It
// names no execution: it stands for what the pipeline does from then on.
func (e *emitter) approval() {
	request := e.r.Request.Pick("pipelineName", "stageName", "actionName", "result")
	pipeline, status := request[0].Str(), request[3].Get("status").Str()
	if e.outcome != graph.OK || pipeline == "" || status != "Approved" && status != "Rejected" {
		return
	}
	by := e.from
	if e.a.session.known() {
		by = &e.a.session // its name is the person's
	} else if e.a.identity.known() {
		by = &e.a.identity
	}
	k := graph.EventKey{From: e.ref(by), Agent: e.agent, Client: e.client, Service: e.service, Kind: graph.Approved, Outcome: graph.OK}
	k.To = e.thing(arnID(partitionOf(e.r.Region), "codepipeline", e.r.Region, accountOf(e.r), pipeline))
	if status == "Rejected" {
		k.Outcome = graph.Denied
	}
	e.event(k, graph.Label{Detail: ingest.RedactText("pipeline " + request[1].Str() + "/" + request[2].Str())}, e.t)
}
