package cloudtrail

import (
	"strings"

	"github.com/blastradius/blastradius/graph"
)

// ec2Kind is a kind of EC2 id: its prefix, the type in its ARN, and the word by
// which event names call it.
type ec2Kind struct {
	prefix, typ, noun string
	global            bool // the ARN has no account
}

// ec2Kinds are by prefix; the service authorization reference of EC2 gives the
// types.
var ec2Kinds = func() map[string]ec2Kind {
	m := map[string]ec2Kind{}
	for _, k := range []ec2Kind{
		{"i", "instance", "Instance", false}, {"vpc", "vpc", "Vpc", false}, {"subnet", "subnet", "Subnet", false},
		{"sg", "security-group", "SecurityGroup", false}, {"sgr", "security-group-rule", "SecurityGroupRule", false},
		{"rtb", "route-table", "RouteTable", false}, {"igw", "internet-gateway", "InternetGateway", false},
		{"eigw", "egress-only-internet-gateway", "EgressOnlyInternetGateway", false},
		{"nat", "natgateway", "NatGateway", false}, {"eipalloc", "elastic-ip", "Address", false},
		{"eni", "network-interface", "NetworkInterface", false}, {"vol", "volume", "Volume", false},
		{"snap", "snapshot", "Snapshot", true}, {"ami", "image", "Image", true}, {"aki", "image", "Image", true}, {"ari", "image", "Image", true},
		{"acl", "network-acl", "NetworkAcl", false}, {"vpce", "vpc-endpoint", "VpcEndpoint", false},
		{"vpce-svc", "vpc-endpoint-service", "VpcEndpointService", false}, {"pcx", "vpc-peering-connection", "VpcPeeringConnection", false},
		{"tgw", "transit-gateway", "TransitGateway", false}, {"tgw-attach", "transit-gateway-attachment", "TransitGatewayVpcAttachment", false},
		{"tgw-rtb", "transit-gateway-route-table", "TransitGatewayRouteTable", false}, {"lt", "launch-template", "LaunchTemplate", false},
		{"dopt", "dhcp-options", "DhcpOptions", false}, {"fl", "vpc-flow-log", "FlowLog", false},
		{"cgw", "customer-gateway", "CustomerGateway", false}, {"vgw", "vpn-gateway", "VpnGateway", false},
		{"vpn", "vpn-connection", "VpnConnection", false}, {"pl", "prefix-list", "PrefixList", false},
		{"h", "dedicated-host", "Host", false}, {"cr", "capacity-reservation", "CapacityReservation", false},
		{"fleet", "fleet", "Fleet", false}, {"sir", "spot-instances-request", "SpotInstance", false}, {"sfr", "spot-fleet-request", "SpotFleet", false},
		{"cvpn-endpoint", "client-vpn-endpoint", "ClientVpnEndpoint", false}, {"eice", "instance-connect-endpoint", "InstanceConnectEndpoint", false},
		{"tmt", "traffic-mirror-target", "TrafficMirrorTarget", false}, {"tmf", "traffic-mirror-filter", "TrafficMirrorFilter", false},
		{"tms", "traffic-mirror-session", "TrafficMirrorSession", false}, {"ipam", "ipam", "Ipam", true}, {"ipam-pool", "ipam-pool", "IpamPool", true},
		{"key", "key-pair", "KeyPair", false}, {"import-ami", "import-image-task", "ImportImageTask", false},
		{"import-snap", "import-snapshot-task", "ImportSnapshotTask", false}, {"export-i", "export-instance-task", "ExportTask", false},
		{"fpga", "fpga-image", "FpgaImage", true}, {"lgw", "local-gateway", "LocalGateway", false},
	} {
		m[k.prefix] = k
	}
	return m
}()

// ec2ID makes an ARN of an EC2 id such as vol-0fc2e34e74650e145.
func (c *call) ec2ID(v string) (graph.ID, ec2Kind) {
	i := strings.LastIndexByte(v, '-')
	if i <= 0 || len(v) > 40 || !hexID(v[i+1:]) {
		return "", ec2Kind{}
	}
	k, ok := ec2Kinds[v[:i]]
	if !ok {
		return "", ec2Kind{}
	}
	account := accountOf(c.r)
	if k.global {
		account = ""
	}
	return arnID(c.partition(), "ec2", c.r.Region, account, k.typ+"/"+v), k
}

// ec2Noun is the longest kind of thing that an event's name speaks of.
func ec2Noun(event string) string {
	noun := ""
	for _, k := range ec2Kinds {
		if len(k.noun) > len(noun) && strings.Contains(event, k.noun) {
			noun = k.noun
		}
	}
	return noun
}

// byEC2ID finds the targets of an EC2 call by the ids in it. The primary ones
// are those that the event's name speaks of: of a creation those in the
// response, as ids in its request are its model and its place. Where a change
// names none of that kind its first id is it; a listing merely filters by
// others.
func (c *call) byEC2ID() {
	lists := strings.HasPrefix(c.p.event, "Describe") || strings.HasPrefix(c.p.event, "Search")
	each := func(v Value, f func(graph.ID, ec2Kind)) {
		v.Strings(func(s string) bool {
			if id, k := c.ec2ID(s); id != "" {
				f(id, k)
			}
			return true
		})
	}
	if c.p.creates {
		each(c.answer, func(id graph.ID, k ec2Kind) {
			if k.noun == c.p.noun {
				c.add(id, graph.Primary, graph.Derived)
			}
		})
		each(c.request, func(id graph.ID, k ec2Kind) {
			role := graph.Member
			if k.typ == "vpc" || k.typ == "subnet" {
				role = graph.Parent
			}
			c.add(id, role, graph.Derived)
		})
		return
	}
	each(c.request, func(id graph.ID, k ec2Kind) {
		role := graph.Member
		if k.noun == c.p.noun {
			role = graph.Primary
		}
		c.add(id, role, graph.Derived)
	})
	if c.p.noun != "" && !c.hasPrimary() && !lists {
		each(c.answer, func(id graph.ID, k ec2Kind) {
			if k.noun == c.p.noun {
				c.add(id, graph.Primary, graph.Derived)
			}
		})
	}
	if len(c.dst) > c.base && !c.hasPrimary() && !lists {
		c.dst[c.base].Role = graph.Primary
	}
}
