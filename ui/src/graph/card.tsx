// One node as a card: the same fact in the same corner at every zoom.

import { Position, type Node, type NodeHandle, type NodeProps } from "@xyflow/react";
import { memo } from "react";
import { CARD } from "../lanes";
import { count, kinds, label, outcomes, visible } from "../show";

export interface CardData extends Record<string, unknown> {
  id: string;
  kind: string;
  name: string;
  tool: string;
  account: string;
  cls: string;
  worst: string;
  asked: boolean;
  calls: number;
  rank: number; // among the suspects; 0: none
  mark: string; // what reach says of it
  certainty: string;
  lit: boolean;
  dim: boolean;
  pinned: boolean;
}

export type CardNode = Node<CardData, "card">;

/** Every card has the same size and the same ends for lines: nothing waits for a measurement. */
export const FORM = {
  width: CARD.width, height: CARD.height, measured: { ...CARD },
  handles: [
    { type: "target", position: Position.Left, x: 0, y: CARD.height / 2, width: 0, height: 0 },
    { type: "source", position: Position.Right, x: CARD.width, y: CARD.height / 2, width: 0, height: 0 },
  ] satisfies NodeHandle[] as NodeHandle[],
};

/** Where lines end: plain elements, as the flow's own handles listen to each movement of the picture. */
const Ends = () => <><i className="end target" data-handlepos="left" /><i className="end source" data-handlepos="right" /></>;

const marked = (d: CardData) => (d.mark ? `${d.mark.toLowerCase()}${d.certainty === "POSSIBLE" ? "?" : ""} ` : "");
const below = (d: CardData) => `${kinds[d.kind]!.word}${d.account ? ` · ${visible(d.account)}` : ""}`;

/** The text of the card, then in words what it shows by marks and lines. */
export function spoken(d: CardData): string {
  return `${label(d)} ${marked(d)}${below(d)}: ${[
    d.asked && "asked about",
    d.rank > 0 && `suspect ${d.rank}`,
    d.mark && d.certainty === "POSSIBLE" && "only possibly",
    d.worst && outcomes[d.worst]?.bad && outcomes[d.worst]!.word,
    d.cls && d.cls.toLowerCase(),
    d.calls > 0 && `${count(d.calls)} calls`,
    d.lit && "on the lit chain",
    d.dim && "outside the brushed time",
  ].filter(Boolean).join(", ")}`;
}

export const Card = memo(function Card({ data: d, selected }: NodeProps<CardNode>) {
  const k = kinds[d.kind]!;
  const bad = d.worst && outcomes[d.worst]?.bad;
  return (
    <><div
      className={["card", `k-${d.kind.toLowerCase()}`, d.lit && "lit", d.dim && "dim", d.asked && "asked", bad && "bad", selected && "selected"].filter(Boolean).join(" ")}
      title={spoken(d)}
      data-id={d.id}
      data-lit={d.lit}
    >
      <span className="glyph" aria-hidden>{k.glyph}</span>
      <span className="name">{label(d)}</span>{" "}
      <span className="sub">{d.mark ? <b>{marked(d)}</b> : null}{below(d)}</span>
      {(d.rank > 0 || bad || d.pinned) && (
        <span className="marks">
          {d.rank > 0 && <b className="rank" data-mark={`▲${d.rank}`} />}
          {bad && <b className="outcome" data-mark={outcomes[d.worst]!.mark} />}
          {d.pinned && <b data-mark="⊙" />}
        </span>
      )}
    </div><Ends /></>
  );
});

export interface GroupData extends Record<string, unknown> {
  id: string;
  kind: string;
  left: number;
  worst: string;
  account: string;
  busy: boolean;
}

export type GroupNode = Node<GroupData, "group-card">;

/** Siblings that are not drawn: how many, and how bad. */
export const GroupCard = memo(function GroupCard({ data: d, selected }: NodeProps<GroupNode>) {
  const k = kinds[d.kind]!;
  const bad = d.worst && outcomes[d.worst]?.bad;
  return (
    <><div className={["card", "group", bad && "bad", selected && "selected"].filter(Boolean).join(" ")} data-group={d.id}>
      <span className="glyph" aria-hidden>{k.glyph}</span>
      <span className="name">{d.busy ? "opening…" : `+${count(d.left)} more`}</span>
      <span className="sub">{k.word}{d.account ? ` · ${visible(d.account)}` : ""}<span className="hush">, Enter opens 50 of them</span>{d.worst ? ` · worst: ${outcomes[d.worst]!.word}` : ""}</span>
    </div><Ends /></>
  );
});
