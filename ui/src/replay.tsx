// Replay: the picture as it was at each moment of the window.

import { useEffect, useRef, useState } from "react";
import { clock } from "./show";

interface Props {
  from: string;
  to: string;
  at: string;
  times: string[]; // of the events, sorted, each once
  onAt(at: string, quiet: boolean): void;
}

const SPEEDS = [1, 4, 16, 64];
const WHOLE = 24_000; // milliseconds that the whole window takes at 1×
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function Replay({ from, to, at, times, onAt }: Props) {
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const now = useRef(at);
  now.current = at;

  useEffect(() => {
    if (!playing) return;
    const start = Date.parse(from), end = Date.parse(to);
    let last = performance.now(), t = now.current ? Date.parse(now.current) : start, frame = 0;
    const tick = (clockNow: number) => {
      t += ((clockNow - last) / WHOLE) * speed * (end - start);
      last = clockNow;
      if (t >= end) {
        setPlaying(false);
        onAt("", false);
        return;
      }
      onAt(iso(t), true);
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, from, to, onAt]);

  const toggle = () => {
    if (!at) onAt(from, false);
    if (!still()) setPlaying((p) => !p);
  };
  const step = (by: 1 | -1) => {
    setPlaying(false);
    const here = at || from;
    const next = by > 0 ? times.find((t) => t > here) : times.findLast((t) => t < here);
    if (next) onAt(next, false);
  };
  return (
    <div className="replay" role="group" aria-label="Replay">
      <button data-key="replay" onClick={toggle} aria-pressed={playing} title="Replay from the start of the window (space)">{playing ? "‖ pause" : "▶ replay"}</button>
      <button onClick={() => step(-1)} title="To the event before">◀ step</button>
      <button onClick={() => step(1)} title="To the next event">step ▶</button>
      <label>
        speed <select value={speed} onChange={(e) => setSpeed(Number(e.target.value))}>{SPEEDS.map((s) => <option key={s} value={s}>{s}×</option>)}</select>
      </label>
      {at && <><output aria-live="off">{clock(at, to)}</output><button onClick={() => { setPlaying(false); onAt("", false); }}>end replay</button></>}
    </div>
  );
}

const iso = (t: number) => new Date(t).toISOString().replace(/\.\d+Z$/, "Z");
