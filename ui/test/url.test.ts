import { describe, expect, test } from "vitest";
import { decode, encode, href, initial, MAX_URL, parse, type State } from "../src/url";

/** A small random source, so that a failure can be repeated. */
function source(seed: number) {
  return () => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

function anyState(rand: () => number): State {
  const pick = <T,>(xs: readonly T[]) => xs[Math.floor(rand() * xs.length)]!;
  const id = () => pick(["arn:aws:s3:::a&b=c#d", "aws:key:ASIA…", "agent:claude-code:x y", "a,b|c", "\u202eevil", "名前", "%41+"]) + Math.floor(rand() * 9);
  const some = () => Array.from({ length: Math.floor(rand() * 4) }, id);
  const time = () => pick(["", "2026-11-22T10:02:00Z", "2026-11-22T10:02:00.123Z"]);
  return {
    of: ["x", ...some()], last: pick(["4h", "7d"]), until: time(), from: time(), to: time(), brushFrom: time(), brushTo: time(), asOf: Math.floor(rand() * 1e6),
    who: pick(["NHI", "HUMAN", "ALL"]), match: pick(["DECLARED", "DERIVED", "MENTIONED"]), probes: rand() < 0.5, kinds: some(), outcomes: some(), accounts: some(), classes: some(),
    view: pick(["graph", "timeline", "table"]), layout: pick(["lanes", "force", "layers"]), selected: pick(["", id()]),
    open: Object.fromEntries(some().map((x) => [x, 1 + Math.floor(rand() * 20)])), pins: Object.fromEntries(some().map((x) => [x, { x: Math.round(rand() * 2e5 - 1e5), y: Math.round(rand() * 2e5 - 1e5) }])),
    hidden: some(), reach: pick(["", id()]), physics: pick(["COMPROMISE", "FAILURE"]), way: pick(["FORWARD", "BACKWARD"]), path: pick(["", id()]), at: time(),
  };
}

describe("the URL is the state", () => {
  test("every state comes back from its query", () => {
    const rand = source(7);
    for (let i = 0; i < 2000; i++) {
      const s = anyState(rand);
      expect(decode(encode(s))).toEqual(s);
    }
  });

  test("and from its path, short or packed", async () => {
    const rand = source(11);
    let packed = 0;
    for (let i = 0; i < 200; i++) {
      const s = anyState(rand);
      if (i % 2) s.hidden = Array.from({ length: 60 }, (_, n) => `arn:aws:iam::111122223333:role/some-rather-long-name-${n}-${Math.floor(rand() * 1e9)}`);
      const url = new URL(await href(s), location.origin);
      if (url.hash) packed++;
      expect(url.href.length).toBeLessThan(url.hash ? 8000 : MAX_URL + 1);
      expect(await parse(url)).toEqual(s);
    }
    expect(packed).toBeGreaterThan(50);
  });

  test("what is as at the start leaves no trace", () => expect(encode(initial)).toBe(""));

  test("what it does not know it leaves out", () => {
    const s = decode("view=hologram&asOf=-3&pin=NaN,1,x&open=0x1,y&lay=__proto__&who=ROOT&kind=RESOURCE");
    expect(s).toEqual({ ...initial, kinds: ["RESOURCE"] });
  });

  test("a broken fragment gives the start", async () => {
    expect(await parse({ pathname: "/i", search: "", hash: "#z=AAAA" })).toEqual(initial);
  });
});
