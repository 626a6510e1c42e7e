// One edge: observed lines are solid, possible ones dashed, refused ones dotted.

import { BaseEdge, getBezierPath, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { CARD } from "../lanes";

export interface LineData extends Record<string, unknown> {
  lit: boolean;
  dim: boolean;
  possible: boolean;
  refused: boolean;
  changes: boolean;
  text: string;
}

/** A bow along the left edges of two cards that stand above each other, or of which the target stands further left. */
function beside(x1: number, y1: number, x2: number, y2: number): [path: string, x: number, y: number] {
  const out = Math.min(x1, x2) - 22;
  return [`M${x1},${y1} C${out},${y1} ${out},${y2} ${x2},${y2}`, out, (y1 + y2) / 2];
}

export type LineEdge = Edge<LineData, "line">;

export const Line = memo(function Line({ id, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data: d, markerEnd }: EdgeProps<LineEdge>) {
  const [path, x, y] = targetX - sourceX > -CARD.width / 2 ? getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, curvature: 0.2 })
    : beside(sourceX - CARD.width, sourceY, targetX, targetY);
  const cls = ["line", d!.lit && "lit", d!.dim && "dim", d!.possible && "possible", d!.refused && "refused", d!.changes && "changes"].filter(Boolean).join(" ");
  return (
    <>
      <BaseEdge id={id} path={path} className={cls} markerEnd={markerEnd} interactionWidth={0} />
      {d!.lit && d!.text && <text x={x} y={y - 5} className="line-text" textAnchor="middle">{d!.text}</text>}
    </>
  );
});
