// What has come in since: one stream a tab. Nothing on the screen moves by
// itself; a bar says how much is newer.

import { print } from "graphql";
import { useEffect, useState } from "react";
import { useQuery } from "urql";
import { token } from "./api";
import { HistogramDocument, UpdatesDocument, type UpdatesSubscription } from "./gql";
import { count } from "./show";
import { windowOf } from "./state";
import type { State } from "./url";

export interface News {
  calls: number;
  failures: number;
  connected: boolean;
}

type Update = UpdatesSubscription["updates"];

const RETRY = 3000; // milliseconds between tries to connect

/** Reads the server's events until the signal says stop; it never throws. */
async function listen(variables: unknown, signal: AbortSignal, onUpdate: (u: Update) => void, onConnected: (yes: boolean) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const headers = { "Content-Type": "application/json", Accept: "text/event-stream", ...(token.load() && { Authorization: `Bearer ${token.load()}` }) };
      const r = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query: print(UpdatesDocument), variables }), signal });
      if (!r.ok || !r.body) throw new Error(r.statusText);
      onConnected(true);
      let text = "";
      const reader = r.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        text += part.value;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const data = /^data: ?(.*)$/m.exec(text.slice(0, end))?.[1];
          text = text.slice(end + 2);
          const update = data ? (JSON.parse(data) as { data?: UpdatesSubscription }).data?.updates : undefined;
          if (update) onUpdate(update);
        }
      }
    } catch { /* told below */ }
    if (signal.aborted) return;
    onConnected(false);
    await new Promise((done) => setTimeout(done, RETRY));
  }
}

/** Counts what the store has learnt about what is shown, beyond what is shown. */
export function useNews(state: State, shown: { total: number; asOf: number } | undefined): News {
  const [news, setNews] = useState<News>({ calls: 0, failures: 0, connected: true });
  const key = JSON.stringify(windowOf(state));
  const since = shown?.asOf;
  useEffect(() => {
    if (since === undefined) return;
    setNews({ calls: 0, failures: 0, connected: true });
    const stop = new AbortController();
    void listen({ window: JSON.parse(key) }, stop.signal,
      (u) => u.calls && setNews((n) => ({ calls: n.calls + u.calls, failures: n.failures + u.failures, connected: true })),
      (connected) => setNews((n) => ({ ...n, connected })));
    return () => stop.abort();
  }, [key, since]);
  // A view of an earlier state: what came between it and now.
  const [q] = useQuery({ query: HistogramDocument, pause: !state.asOf || !shown, variables: { of: state.of, window: windowOf(state), bins: 1, asOf: null }, requestPolicy: "network-only" });
  const between = state.asOf && shown && q.data ? Math.max(0, q.data.histogram.total - shown.total) : 0;
  return { ...news, calls: news.calls + between };
}

/** The bar above the answer: how much is newer than what is shown. */
export function Newer({ calls, failures, connected, onUpdate }: News & { onUpdate(): void }) {
  return (
    <>
      {calls > 0 && (
        <p className="newer" role="status">
          {count(calls)} newer events{failures > 0 && `, ${count(failures)} of them failed`} · <button onClick={onUpdate}>update</button>
        </p>
      )}
      {!connected && <p className="newer off" role="status">Not connected: what is new is not known. It is tried again; what you see stays.</p>}
    </>
  );
}
