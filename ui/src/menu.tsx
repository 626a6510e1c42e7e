// A button that opens a list of actions: the browser's own popover, with the
// keys that people expect of a menu.

import { useId, useRef } from "react";

export interface Item {
  text: string;
  act(): void | Promise<void>;
}

export function Menu({ text, items, hotkey }: { text: string; items: Item[]; hotkey?: string }) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const keys = (e: React.KeyboardEvent) => {
    const all = [...box.current!.querySelectorAll<HTMLElement>("button")];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    e.stopPropagation();
    all[to]!.focus();
  };
  return (
    <span className="menu">
      <button ref={opener} popoverTarget={id} data-key={hotkey}>{text} <span aria-hidden>▾</span></button>
      <div id={id} ref={box} popover="auto" onKeyDown={keys} role="group" aria-label={text}
        onToggle={(e) => {
          if (e.newState !== "open") return;
          const b = opener.current!.getBoundingClientRect(), p = box.current!;
          p.style.top = `${b.bottom + 4}px`;
          p.style.left = `${Math.max(8, Math.min(b.left, innerWidth - p.offsetWidth - 8))}px`;
          p.querySelector("button")?.focus();
        }}>
        {items.map((i) => <button key={i.text} onClick={() => { box.current!.hidePopover(); opener.current!.focus(); void i.act(); }}>{i.text}</button>)}
      </div>
    </span>
  );
}
