// The choice of the window: the last hours, or two times, in UTC.

import { useState } from "react";
import type { Update } from "./state";
import type { State } from "./url";

const LASTS = ["15m", "1h", "4h", "24h", "7d"];

export function WindowChoice({ state, update, resolved }: { state: State; update: Update; resolved?: { from?: string | null; to?: string | null } }) {
  const custom = !!(state.from || state.to);
  const [open, setOpen] = useState(false);
  const set = (change: Partial<State>) => update({ ...change, brushFrom: "", brushTo: "", at: "", open: {} });
  const times = (e: React.FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const f = new FormData(e.currentTarget);
    const iso = (v: FormDataEntryValue | null) => { const t = Date.parse(String(v).trim().replace(/(\d)$/, "$1Z").replace(" ", "T")); return Number.isNaN(t) ? "" : new Date(t).toISOString().replace(".000Z", "Z"); };
    set({ from: iso(f.get("from")), to: iso(f.get("to")), last: "", until: "" });
    setOpen(false);
  };
  return (
    <fieldset className="window">
      <legend className="hush">Window, UTC</legend>
      {LASTS.map((l) => (
        <label key={l}><input type="radio" name="last" checked={!custom && state.last === l} onChange={() => set({ last: l, from: "", to: "" })} /> {l}</label>
      ))}
      <label><input type="radio" name="last" checked={custom} onChange={() => setOpen(true)} onClick={() => setOpen(true)} /> custom</label>
      {(open || custom) && (
        <form onSubmit={times} key={`${resolved?.from}${resolved?.to}`}>
          <label>from <input name="from" defaultValue={resolved?.from ?? state.from} size={21} required pattern="\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*" title="2026-11-22T10:02:00Z" /></label>
          <label>to <input name="to" defaultValue={resolved?.to ?? state.to} size={21} required pattern="\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*" title="2026-11-22T14:02:00Z" /></label>
          <button>look</button>
        </form>
      )}
      <span className="zone">UTC</span>
    </fieldset>
  );
}
