// One edge: observed lines are solid, possible ones dashed, refused ones dotted.

import { BaseEdge, getBezierPath, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";

export interface LineData extends Record<string, unknown> {
  lit: boolean;
  dim: boolean;
  possible: boolean;
  refused: boolean;
  changes: boolean;
  text: string;
}

export type LineEdge = Edge<LineData, "line">;

export const Line = memo(function Line({ id, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data: d, markerEnd }: EdgeProps<LineEdge>) {
  const [path, x, y] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, curvature: 0.2 });
  const cls = ["line", d!.lit && "lit", d!.dim && "dim", d!.possible && "possible", d!.refused && "refused", d!.changes && "changes"].filter(Boolean).join(" ");
  return (
    <>
      <BaseEdge id={id} path={path} className={cls} markerEnd={markerEnd} interactionWidth={0} />
      {d!.lit && d!.text && <text x={x} y={y - 5} className="line-text" textAnchor="middle">{d!.text}</text>}
    </>
  );
});
