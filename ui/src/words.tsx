// What the screen says when there is nothing to show, or not all of it. Each
// state has its own words and a way on.

import { useState } from "react";
import { token, type Trouble } from "./api";
import type { PictureQuery } from "./gql";
import { clock, count, plural, span, visible } from "./show";

export function Problem({ code, message, hint, onRetry, children }: Trouble & { onRetry(): void; children?: React.ReactNode }) {
  const [value, setValue] = useState("");
  return (
    <div className="problem" role="alert" data-code={code}>
      <p><b>{visible(message)}</b> <code>{code}</code></p>
      {hint && <p>{visible(hint)}</p>}
      {code === "UNAUTHORIZED" ? (
        <form onSubmit={(e) => { e.preventDefault(); token.save(value); onRetry(); }}>
          <label>Token <input type="password" autoComplete="off" value={value} onChange={(e) => setValue(e.target.value)} /></label> <button>Use it</button>
        </form>
      ) : <p><button onClick={onRetry}>Try again</button> {children}</p>}
    </div>
  );
}

type Seen = PictureQuery["picture"]["coverage"];

/** How old a source may be before the screen calls it stale. */
export const STALE = 30 * 60_000; // milliseconds

/** Sources whose last event lies more than STALE before the newest of all or the window's end. */
export function stale(c: { sources: { name: string; lastEvent?: string | null }[] }, until: string): { name: string; behind: number }[] {
  const end = Date.parse(until);
  return c.sources.filter((s) => s.lastEvent && end - Date.parse(s.lastEvent) > STALE).map((s) => ({ name: s.name, behind: end - Date.parse(s.lastEvent!) }));
}

/** What cannot be seen: one line, and the whole of it on request. */
export function CoverageLine({ coverage: c, until, truncated, onUntil }: { coverage: Seen; until: string; truncated: PictureQuery["picture"]["truncated"] | undefined; onUntil(t: string): void }) {
  const behind = until ? stale(c, until) : [];
  const parts = [
    ...c.gaps.slice(0, 1).map((g) => `${g.kind === "LOGGING_STOPPED" ? "logging was stopped" : g.kind === "FILE_MISSING" ? "a file is missing" : "a source was silent"} from ${clock(g.from, until)}${g.to ? ` to ${clock(g.to, until)}` : ""}`),
    c.gaps.length > 1 && `${c.gaps.length - 1} more gaps`,
    ...behind.slice(0, 2).map((s) => `${visible(s.name)} is ${span(s.behind)} behind`),
    c.rejected > 0 && `${plural(c.rejected, "record")} could not be read`,
    truncated && `cut at ${count(truncated.value)} ${truncated.limit.toLowerCase()}`,
  ].filter(Boolean);
  const complete = c.complete && !truncated && !behind.length;
  return (
    <details className={complete ? "coverage" : "coverage incomplete"}>
      <summary>{complete ? `Coverage: nothing known to be missing; ${plural(c.sources.length, "source")} up to ${clock(c.lastEvent, until)}` : `Not seen: ${parts.join(" · ") || visible(c.reasons[0] ?? "unknown")}`}</summary>
      {c.suggestUntil && <p>The newest event is from {clock(c.lastEvent)}. <button onClick={() => onUntil(c.suggestUntil!)}>Look up to then</button></p>}
      {c.reasons.length > 0 && <ul>{c.reasons.map((r) => <li key={r}>{visible(r)}</li>)}</ul>}
      <table>
        <thead><tr><th>source</th><th>first event</th><th>last event</th><th>records</th><th>unreadable</th></tr></thead>
        <tbody>{c.sources.map((s) => <tr key={s.name}><td>{visible(s.name)}</td><td>{clock(s.firstEvent)}</td><td>{clock(s.lastEvent)}</td><td className="n">{count(s.events)}</td><td className="n">{count(s.rejected)}</td></tr>)}</tbody>
      </table>
      {c.gaps.length > 0 && <ul>{c.gaps.map((g, i) => <li key={i}>{visible(g.source)}: {visible(g.reason)}, {clock(g.from)} to {g.to ? clock(g.to) : "not over"}</li>)}</ul>}
    </details>
  );
}
