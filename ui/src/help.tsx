// The keys, in a dialog.

import { useEffect, useRef } from "react";

export const hotkeys: [key: string, what: string][] = [
  ["/", "search"], ["g", "graph"], ["l", "timeline"], ["t", "table"], ["f", "how far it spreads from the selected node"],
  ["b", "what could have caused it"], ["[  ]", "window back and forward"], ["space", "replay"], ["p", "pin the selected node"],
  ["c", "copy the link"], ["Esc", "back to where you came from"], ["Ctrl Z", "undo, as the browser's back"], ["?", "this list"],
  ["← →", "on a node: along its lines"], ["↑ ↓", "on a node: to the next card"], ["Enter", "on a node: its evidence"],
];

export function Help({ open, onClose }: { open: boolean; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} onClose={onClose} aria-label="Keys">
      <h2>Keys</h2>
      <dl>{hotkeys.map(([k, what]) => <div key={k}><dt><kbd>{k}</kbd></dt><dd>{what}</dd></div>)}</dl>
      <form method="dialog"><button autoFocus>close</button></form>
    </dialog>
  );
}
