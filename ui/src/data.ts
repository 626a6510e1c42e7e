// What an investigation asks, and when it asks again.

import { useEffect, useMemo, useRef, useState } from "react";
import { useQuery } from "urql";
import { client } from "./api";
import { HistogramDocument, MembersDocument, NeighboursDocument, PictureDocument, SuspectsDocument, TouchedDocument, type MembersQuery, type NeighboursQuery } from "./gql";
import { modelOf } from "./model";
import type { Way } from "./way";
import { brushed, windowOf } from "./state";
import { suspectsVariables } from "./suspects";
import type { State } from "./url";

/** The bounds of the picture that people read, and of the overview. */
export const READABLE = { nodes: 300, edges: 600 };
export const OVERVIEW = { nodes: 25_000, edges: 50_000 };

const PAGE = 50;

export function pictureVariables(s: State, size: { nodes: number; edges: number }) {
  return { of: s.of, window: windowOf(s), who: s.who, match: s.match, probes: s.probes, nodes: size.nodes, edges: size.edges, asOf: s.asOf || null };
}

/** The last answer that came, kept while the next is on its way and when it does not come. */
function useKept<T>(now: T | undefined, key: string): T | undefined {
  const kept = useRef<{ key: string; value: T | undefined }>({ key, value: undefined });
  if (now !== undefined) kept.current = { key, value: now };
  return now ?? kept.current.value;
}

export function usePicture(s: State, size: { nodes: number; edges: number }) {
  const variables = pictureVariables(s, size);
  const [q, again] = useQuery({ query: PictureDocument, variables });
  const picture = useKept(q.error && !q.data ? undefined : q.data?.picture, s.of.join());
  return { picture, error: q.error, fetching: q.fetching, again, variables };
}

/** The pages of groups and nodes that the state says are open; each page is asked once. */
export function useOpened(s: State, asked: ReturnType<typeof pictureVariables>, groups: Set<string>) {
  const [members, setMembers] = useState(new Map<string, MembersQuery["members"][]>());
  const [neighbours, setNeighbours] = useState(new Map<string, NeighboursQuery["neighbours"]["neighbours"]>());
  const [opening, setOpening] = useState("");
  const base = JSON.stringify(asked);
  const open = JSON.stringify(s.open);
  useEffect(() => {
    let live = true;
    void (async () => {
      const m: typeof members = new Map(), n: typeof neighbours = new Map();
      for (const [id, pages] of Object.entries(s.open)) {
        let after = "";
        for (let i = 0; i < pages; i++) {
          setOpening(id);
          if (groups.has(id)) {
            const r = await client.query(MembersDocument, { ...asked, group: id, first: PAGE, after: after || null }).toPromise();
            if (!r.data) break;
            m.set(id, [...(m.get(id) ?? []), r.data.members]);
            after = r.data.members.cursor;
          } else {
            const r = await client.query(NeighboursDocument, { id, window: asked.window, first: PAGE, after: after || null, asOf: asked.asOf }).toPromise();
            if (!r.data) break;
            n.set(id, [...(n.get(id) ?? []), ...r.data.neighbours.neighbours]);
            after = r.data.neighbours.cursor;
          }
          if (!after) break;
        }
      }
      if (!live) return;
      setMembers(m);
      setNeighbours(n);
      setOpening("");
    })();
    return () => { live = false; };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- base, open and groups hold all that is asked
  }, [base, open, groups]);
  return { members, neighbours, opening };
}

/** Picture, opened pages and the model of both. */
export function useModel(s: State, size: { nodes: number; edges: number }, way: Way | undefined) {
  const p = usePicture(s, size);
  const groups = useMemo(() => new Set(p.picture?.groups.map((g) => g.id)), [p.picture]);
  // What is opened is of the very picture that is shown: its times, its ledger number.
  const { from, to } = p.picture?.window ?? {};
  const asked = { ...p.variables, window: from && to ? { from, to } : p.variables.window, asOf: p.picture?.asOf || null };
  const { members, neighbours, opening } = useOpened(s, asked, groups);
  const model = useMemo(() => modelOf(p.picture, members, neighbours, way), [p.picture, members, neighbours, way]);
  return { ...p, model, opening };
}

/** The bins of the histogram. */
const BINS = 120;

const headlineVariables = (s: State) => ({ resources: s.of, window: brushed(s), who: s.who, match: s.match, probes: s.probes, asOf: s.asOf || null });
const histogramVariables = (s: State) => ({ of: s.of, window: windowOf(s), bins: BINS, asOf: s.asOf || null });

/** Asks what the screen will ask, before it is drawn: the answers are on their way while it is. */
export function ahead(s: State): void {
  if (!s.of.length) return;
  void client.query(TouchedDocument, headlineVariables(s)).toPromise();
  void client.query(PictureDocument, pictureVariables(s, READABLE)).toPromise();
  if (s.of.length === 1) void client.query(SuspectsDocument, suspectsVariables(s)).toPromise();
  void client.query(HistogramDocument, histogramVariables(s)).toPromise();
}

export function useHeadline(s: State) {
  const variables = headlineVariables(s);
  const [q] = useQuery({ query: TouchedDocument, variables });
  return { touched: q.data?.touched, error: q.error, stale: q.stale || q.fetching, variables };
}

export function useHistogram(s: State) {
  const [q] = useQuery({ query: HistogramDocument, variables: histogramVariables(s) });
  return useKept(q.data?.histogram, s.of.join());
}
