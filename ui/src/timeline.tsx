// The calls in order, page by page as one scrolls.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { client, trouble, type Trouble } from "./api";
import { TimelineDocument, type TimelineQuery } from "./gql";
import { clock, label, outcomes, visible } from "./show";
import { brushed } from "./state";
import type { State } from "./url";
import { Problem } from "./words";

type Call = TimelineQuery["timeline"]["calls"][number];

const PAGE = 200;

/** The classes that give the columns their widths: they must not change as rows come and go. */
const WIDTHS = ["w-time", "w-word", "w-short", "w-key", "w-key", "w-wide", "w-wide", "w-wide", "w-word"];

export function Timeline({ state, near, asOf, onSelect, onEvent }: { state: State; near: string; asOf: number; onSelect(id: string): void; onEvent(id: string): void }) {
  const [calls, setCalls] = useState<Call[]>([]);
  const [cursor, setCursor] = useState<string | undefined>("");
  const [problem, setProblem] = useState<Trouble>();
  const [round, setRound] = useState(0);
  const busy = useRef(false);
  const win = brushed(state);
  const key = JSON.stringify([state.of, win, asOf, round]);

  const more = useCallback(async (after: string, fresh: boolean) => {
    if (busy.current && !fresh) return;
    busy.current = true;
    const r = await client.query(TimelineDocument, { of: state.of, window: win, first: PAGE, after: after || null, asOf: asOf || null }).toPromise();
    busy.current = false;
    setProblem(trouble(r.error));
    if (!r.data) return;
    setCalls((old) => (fresh ? r.data!.timeline.calls : [...old, ...r.data!.timeline.calls]));
    setCursor(r.data.timeline.cursor || undefined);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- key holds what win and of are
  }, [key]);
  useEffect(() => {
    setCalls([]);
    void more("", true);
  }, [more]);

  const rows = useMemo(() => calls.filter((c) =>
    (!state.at || !c.at || c.at <= state.at) && (!state.outcomes.length || state.outcomes.includes(c.outcome)) &&
    (state.who === "ALL" || (state.who === "HUMAN") === (c.who === "HUMAN")) && (state.probes || c.outcome !== "PROBE")), [calls, state.at, state.outcomes, state.who, state.probes]);
  const box = useRef<HTMLDivElement>(null);
  const v = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => 30, overscan: 20 });
  const last = v.getVirtualItems().at(-1)?.index ?? 0;
  useEffect(() => {
    if (cursor && last >= rows.length - 30) void more(cursor, false);
  }, [cursor, last, rows.length, more]);

  if (problem && !calls.length) return <Problem {...problem} onRetry={() => setRound((n) => n + 1)} />;
  return (
    <div className="scroll timeline" ref={box} tabIndex={0} aria-label="Calls in order of time">
      <table aria-rowcount={cursor ? -1 : rows.length + 1}>
        <colgroup>{WIDTHS.map((w, i) => <col key={i} className={w} />)}</colgroup>
        <thead>
          <tr><th>when</th><th>outcome</th><th>effect</th><th>action</th><th>by</th><th>as</th><th>through</th><th>target</th><th>evidence</th></tr>
        </thead>
        <tbody>
          {v.getVirtualItems().length > 0 && <Pad height={v.getVirtualItems()[0]!.start} />}
          {v.getVirtualItems().map((i) => {
            const c = rows[i.index]!;
            const o = outcomes[c.outcome]!;
            return (
              <tr key={i.key} aria-rowindex={i.index + 2} className={o.bad ? "bad" : undefined} data-index={i.index} ref={v.measureElement}>
                <td>{clock(c.at, near)}</td>
                <td>{o.mark} {o.word}</td>
                <td>{c.effect?.toLowerCase().replace("_", " ")}</td>
                <td title={visible(c.action)}>{visible(c.action)}</td>
                <td><button className="link" title={visible(c.actor)} onClick={() => onSelect(c.actor)}>{name(c.actor)}</button></td>
                <td><button className="link" title={visible(c.identity)} onClick={() => onSelect(c.identity)}>{name(c.identity)}</button></td>
                <td>{[c.agent && `✦ ${visible(c.agent.split(":")[1] ?? "")}`, c.service && visible(c.service.replace("aws:service:", "")), c.client && visible(c.client.replace("client:", ""))].filter(Boolean).join(", ")}</td>
                <td>{c.targets[0] && <button className="link" title={visible(c.targets[0].id)} onClick={() => onSelect(c.targets[0]!.id)}>{name(c.targets[0].id)}{c.targets.length > 1 && ` +${c.targets.length - 1}`}</button>}</td>
                <td><button className="link mono" onClick={() => onEvent(c.evidence[0]!)}>{visible(c.evidence[0]!).slice(0, 8)}…</button></td>
              </tr>
            );
          })}
          <Pad height={v.getTotalSize() - (v.getVirtualItems().at(-1)?.end ?? 0)} />
        </tbody>
      </table>
      {!rows.length && cursor === undefined && <p className="quiet">No calls here in this window.</p>}
      {cursor && <p className="quiet" role="status">more below…</p>}
      {problem && <Problem {...problem} onRetry={() => cursor && void more(cursor, false)} />}
    </div>
  );
}

/** Room for the rows that are not drawn. */
function Pad({ height }: { height: number }) {
  return height > 0 ? <tr aria-hidden className="pad"><td colSpan={9} ref={(el) => { if (el) el.style.height = `${height}px`; }} /></tr> : null;
}

const name = (id: string) => label({ id, kind: id.startsWith("aws:key:") ? "CREDENTIAL" : "" });
