// The keys of the investigation, anywhere but in a field.

import { useEffect, useRef } from "react";

export function useKeys(keys: Record<string, () => void>): void {
  const now = useRef(keys);
  now.current = keys;
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      const el = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey) {
        if (e.ctrlKey && e.key === "z" && !el.closest("input, textarea")) {
          e.preventDefault();
          history.back();
        }
        return;
      }
      if (e.key !== "Escape" && el.closest("input, textarea, select, dialog, [popover]")) return;
      if (e.key === " " && el.closest("button, a, summary, .react-flow__node")) return;
      const act = now.current[e.key];
      if (!act) return;
      e.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
