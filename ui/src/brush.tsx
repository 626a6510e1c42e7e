// The histogram of calls with a brush on it: two sliders that mouse and keys
// move alike, and the playhead of the replay.

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { HistogramQuery } from "./gql";
import { clock, count, span } from "./show";

type Bins = HistogramQuery["histogram"];

interface Props {
  histogram: Bins | undefined;
  from: string; // the brushed part; empty: all
  to: string;
  at: string; // the playhead; empty: none
  onBrush(from: string, to: string): void;
}

const WIDE = 1000, HIGH = 56; // of the drawing; it scales to its place

export function Brush({ histogram: h, from, to, at, onBrush }: Props) {
  const svg = useRef<SVGSVGElement>(null);
  const start = h?.window.from ? Date.parse(h.window.from) : 0;
  const end = h?.window.to ? Date.parse(h.window.to) : 1;
  const bin = h?.binWidth ?? 1;
  const snap = useCallback((t: number) => Math.min(end, Math.max(start, start + Math.round((t - start) / bin) * bin)), [start, end, bin]);
  const [draft, setDraft] = useState<[number, number]>();
  useEffect(() => setDraft(undefined), [from, to, start, end]);
  const [a, b] = draft ?? [from ? Date.parse(from) : start, to ? Date.parse(to) : end];
  const x = (t: number) => ((t - start) / (end - start)) * WIDE;
  const most = useMemo(() => Math.max(1, ...(h?.bins ?? []).map((n) => n.total)), [h]);

  const finish = useCallback((p: number, q: number) => {
    const [lo, hi] = p <= q ? [snap(p), snap(q)] : [snap(q), snap(p)];
    if (hi - lo < bin || (lo <= start && hi >= end)) onBrush("", "");
    else onBrush(iso(lo), iso(hi));
  }, [snap, bin, start, end, onBrush]);

  const grab = useRef<{ fixed: number } | undefined>(undefined);
  const timeAt = (e: React.PointerEvent) => {
    const box = svg.current!.getBoundingClientRect();
    return start + ((e.clientX - box.left) / box.width) * (end - start);
  };
  const down = (e: React.PointerEvent) => {
    const t = timeAt(e);
    const near = (end - start) * 0.012;
    const fixed = from && Math.abs(t - a) < near ? b : to && Math.abs(t - b) < near ? a : t;
    grab.current = { fixed };
    svg.current!.setPointerCapture(e.pointerId);
  };
  const drag = (e: React.PointerEvent) => {
    if (!grab.current) return;
    const t = timeAt(e), f = grab.current.fixed;
    setDraft(t < f ? [snap(t), snap(f)] : [snap(f), snap(t)]);
  };
  const up = (e: React.PointerEvent) => {
    if (!grab.current) return;
    const f = grab.current.fixed;
    grab.current = undefined;
    finish(f, timeAt(e));
  };
  const keys = (which: 0 | 1) => (e: React.KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9 }[e.key];
    if (by === undefined) return;
    e.preventDefault();
    e.stopPropagation();
    const t = snap((which ? b : a) + by * bin);
    if (which === 0) finish(Math.min(t, b - bin), b);
    else finish(a, Math.max(t, a + bin));
  };

  if (!h) return <div className="brush empty" aria-busy="true" />;
  const handle = (which: 0 | 1) => {
    const t = which ? b : a;
    return (
      <span
        className="handle" role="slider" tabIndex={0} aria-label={which ? "End of the brushed time" : "Start of the brushed time"}
        aria-valuemin={start} aria-valuemax={end} aria-valuenow={t} aria-valuetext={`${clock(iso(t))} UTC`}
        ref={(el) => { el?.style.setProperty("--x", `${x(t) / 10}%`); }} onKeyDown={keys(which)}
      />
    );
  };
  return (
    <section className="brush" aria-label="Calls over time">
      <div className="plot">
        <svg ref={svg} viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" onPointerDown={down} onPointerMove={drag} onPointerUp={up} role="img"
          aria-label={`${count(h.total)} calls from ${clock(h.window.from)} to ${clock(h.window.to)}`}>
          {h.bins.map((n, i) => {
            const left = (i / h.bins.length) * WIDE, w = WIDE / h.bins.length;
            const bad = n.fault + n.error, no = n.denied + n.throttled, ok = n.total - bad - no;
            const y = (v: number) => (v / most) * (HIGH - 2);
            return n.total ? (
              <g key={i}>
                <rect className="b-ok" x={left} width={w * 0.86} y={HIGH - y(ok)} height={y(ok)} />
                <rect className="b-no" x={left} width={w * 0.86} y={HIGH - y(ok + no)} height={y(no)} />
                <rect className="b-bad" x={left} width={w * 0.86} y={HIGH - y(ok + no + bad)} height={y(bad)} />
              </g>
            ) : null;
          })}
          <rect className="veil" x={0} width={Math.max(0, x(a))} y={0} height={HIGH} />
          <rect className="veil" x={x(b)} width={Math.max(0, WIDE - x(b))} y={0} height={HIGH} />
          {at && <line className="playhead" x1={x(Date.parse(at))} x2={x(Date.parse(at))} y1={0} y2={HIGH} />}
        </svg>
        {handle(0)}
        {handle(1)}
      </div>
      <div className="scale">
        <span>{clock(iso(a), h.window.to)}</span>
        <span>{from ? `brushed ${span(b - a)} of ${span(end - start)}` : `${span(end - start)}; drag to look at a part`}</span>
        <span>{clock(iso(b), iso(a))} UTC</span>
      </div>
    </section>
  );
}

const iso = (t: number) => new Date(t).toISOString().replace(".000Z", "Z");
