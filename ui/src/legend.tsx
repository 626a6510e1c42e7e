// What the shapes, lines and marks mean; all of it in words.

import { kinds } from "./show";

export function Legend() {
  return (
    <ul className="legend" aria-label="Legend">
      {Object.entries(kinds).filter(([k]) => !["POLICY", "ACCOUNT", "CLIENT"].includes(k)).map(([k, v]) => (
        <li key={k}><span className={`glyph k-${k.toLowerCase()}`} aria-hidden>{v.glyph}</span> {v.word}</li>
      ))}
      <li><svg width="26" height="8" aria-hidden><path d="M0 4h26" className="line" /></svg> observed</li>
      <li><svg width="26" height="8" aria-hidden><path d="M0 4h26" className="line possible" /></svg> possible</li>
      <li><svg width="26" height="8" aria-hidden><path d="M0 4h26" className="line refused" /></svg> refused</li>
      <li><svg width="26" height="8" aria-hidden><path d="M0 4h26" className="line lit" /></svg> lit chain</li>
      <li><b aria-hidden>✖</b> failed</li>
      <li><b aria-hidden>⊘</b> denied</li>
      <li><b aria-hidden>▲</b> suspect</li>
      <li><span aria-hidden>⊙</span> pinned</li>
    </ul>
  );
}
