// Identities out of pattern: what was done that was never done before.

import type { State } from "./url";

export function Novelties(_: { state: State; onAsk(id: string): void }) {
  return null;
}
