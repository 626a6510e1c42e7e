// CloudTrail worlds of any size with a planted incident: roles read a bucket all
// day, one of them in vain; an agent deletes it; a decoy touched it before.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, scratch, serve, type Server } from "./harness";

export const BUCKET = "arn:aws:s3:::ledger";
export const FROM = "2026-11-22T10:00:00Z";
export const TO = "2026-11-22T14:00:00Z";
export const CULPRIT = "arn:aws:iam::111122223333:role/deploy";
export const CULPRIT_KEY = "aws:key:ASIAPLANTED000000001";
export const DECOY_KEY = "aws:key:ASIADECOY00000000001";

type Event = Record<string, unknown>;

const time = (minutes: number) => new Date(Date.parse(FROM) + minutes * 60_000).toISOString().replace(/\.\d+Z/, "Z");
let serial = 0;
const uuid = () => `${(++serial).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;

function event(minutes: number, role: string, key: string, name: string, extra: Event = {}): Event {
  return {
    eventVersion: "1.09", eventTime: time(minutes), eventSource: "s3.amazonaws.com", eventName: name, awsRegion: "eu-north-1", sourceIPAddress: "192.0.2.7",
    userAgent: "aws-cli/2.36.0 md/Botocore#1.40", requestParameters: { bucketName: "ledger" }, responseElements: null, eventID: uuid(), readOnly: name.startsWith("Get"),
    resources: [{ ARN: BUCKET, accountId: "111122223333", type: "AWS::S3::Bucket" }], eventType: "AwsApiCall", managementEvent: true, recipientAccountId: "111122223333", eventCategory: "Management",
    userIdentity: {
      type: "AssumedRole", principalId: `AROA${role.toUpperCase().replace(/\W/g, "").padEnd(17, "X").slice(0, 17)}:s`, arn: `arn:aws:sts::111122223333:assumed-role/${role}/s`, accountId: "111122223333", accessKeyId: key,
      sessionContext: { sessionIssuer: { type: "Role", principalId: `AROA${role.toUpperCase().replace(/\W/g, "").padEnd(17, "X").slice(0, 17)}`, arn: `arn:aws:iam::111122223333:role/${role}`, accountId: "111122223333", userName: role }, attributes: { creationDate: time(-30), mfaAuthenticated: "false" } },
    },
    ...extra,
  };
}

/** So many roles read the bucket; the incident is at minute 200. */
export function incident(roles: number): Event[] {
  const out: Event[] = [];
  for (let i = 0; i < roles; i++) {
    const name = `reader-${String(i).padStart(5, "0")}`, key = `ASIAREADER${String(i).padStart(10, "0")}`;
    out.push(event(1 + (i * 190) / roles, name, key, "GetBucketLocation", i === Math.floor(roles / 2) ? { errorCode: "AccessDenied", errorMessage: "Access Denied" } : {}));
  }
  out.push(event(20, "rehearsal", DECOY_KEY.slice(8), "PutBucketTagging"));
  const user = { type: "IAMUser", principalId: "AIDAENGINEER00000001", arn: "arn:aws:iam::111122223333:user/engineer", accountId: "111122223333", accessKeyId: "AKIAENGINEER00000001", userName: "engineer" };
  out.push(event(195, "deploy", "", "AssumeRole", {
    eventSource: "sts.amazonaws.com", userIdentity: user, requestParameters: { roleArn: CULPRIT, roleSessionName: "s" }, resources: [{ ARN: CULPRIT, accountId: "111122223333", type: "AWS::IAM::Role" }],
    responseElements: { credentials: { accessKeyId: CULPRIT_KEY.slice(8), expiration: time(255) }, assumedRoleUser: { assumedRoleId: "AROADEPLOYXXXXXXXXXXX:s", arn: "arn:aws:sts::111122223333:assumed-role/deploy/s" } },
  }));
  const agent = { userAgent: "aws-cli/2.36.0 md/Botocore#1.40 ua/2.1 md/prompt#off m/AN,n,E sid/3f9a1c07be24" };
  out.push(event(198, "deploy", CULPRIT_KEY.slice(8), "PutBucketPolicy", agent));
  out.push(event(200, "deploy", CULPRIT_KEY.slice(8), "DeleteBucket", agent));
  return out;
}

/** Later events, for a colleague who looks again. */
export const later = (n: number): Event[] => Array.from({ length: n }, (_, i) => event(100 + i / 100, "late", "ASIALATE000000000001", "GetBucketLocation"));

/** A hub of so many siblings and nothing else. */
export const hostile = (): Event[] => [
  ...incident(4),
  event(50, "<img src=x onerror=alert(1)>", "ASIAHOSTILE000000001", "GetBucketAcl"),
  event(51, "pay\u202egnp.exe\u0007", "ASIAHOSTILE000000002", "GetBucketAcl"),
];

export function write(events: Event[], dir = scratch("trail")): string {
  mkdirSync(dir, { recursive: true });
  for (let i = 0; i < events.length; i += 5000) writeFileSync(join(dir, `part-${serial}-${i}.json`), JSON.stringify({ Records: events.slice(i, i + 5000) }));
  return dir;
}

/** A server on a store with these events. */
export async function world(events: Event[]): Promise<Server> {
  const store = join(scratch("store"), "db");
  await run("ingest", write(events), "--store", store);
  return serve("serve", "--store", store);
}

/** The path that investigates the bucket over the whole window. */
export const path = (more = "") => `/i?of=${encodeURIComponent(BUCKET)}&from=${FROM}&to=${TO}&last=${more}`;
