// The picture of what nobody can read: up to tens of thousands of nodes on one
// canvas, without WebGL. A gesture moves a bitmap; the picture is drawn anew
// when it ends.

import { CARD, type Place } from "../lanes";

export interface OverviewDot extends Place {
  id: string;
  colour: string;
  lit: boolean;
  dim: boolean;
}

export interface OverviewLine {
  from: number; // index of a dot
  to: number;
  lit: boolean;
}

export interface View {
  x: number;
  y: number;
  k: number;
}

const SIZE = CARD;
const MARGIN = 0.5; // of the viewport, drawn beyond its edge for gestures to move in

/** Draws on a canvas and moves it; destroy gives back what it holds. */
export function overview(canvas: HTMLCanvasElement, colours: { line: string; lit: string }, pick: (id: string) => void) {
  const ctx = canvas.getContext("2d", { alpha: true })!;
  const back = document.createElement("canvas");
  let dots: OverviewDot[] = [];
  let lines: OverviewLine[] = [];
  let view: View = { x: 0, y: 0, k: 1 };
  let drawn: View | undefined; // the view that back shows
  let frame = 0;
  let settle = 0;
  const size = () => ({ w: canvas.clientWidth, h: canvas.clientHeight });

  function draw() {
    const { w, h } = size();
    back.width = w * (1 + 2 * MARGIN);
    back.height = h * (1 + 2 * MARGIN);
    const c = back.getContext("2d")!;
    c.setTransform(view.k, 0, 0, view.k, view.x + w * MARGIN, view.y + h * MARGIN);
    const cx = SIZE.width / 2, cy = SIZE.height / 2;
    for (const lit of [false, true]) {
      c.beginPath();
      for (const l of lines) {
        if (l.lit !== lit) continue;
        const a = dots[l.from]!, b = dots[l.to]!;
        c.moveTo(a.x + cx, a.y + cy);
        c.lineTo(b.x + cx, b.y + cy);
      }
      c.globalAlpha = lit ? 1 : 0.25;
      c.strokeStyle = lit ? colours.lit : colours.line;
      c.lineWidth = (lit ? 2.5 : 0.7) / view.k;
      c.stroke();
    }
    const least = 1.5 / view.k; // a dot stays at least so large on the screen
    c.globalAlpha = 1;
    let colour = "";
    for (const d of dots) {
      if (d.colour !== colour) c.fillStyle = colour = d.colour;
      c.globalAlpha = d.dim ? 0.2 : d.lit ? 1 : 0.8;
      c.fillRect(d.x, d.y, Math.max(SIZE.width, least), Math.max(SIZE.height, least));
    }
    drawn = { ...view };
  }

  function blit() {
    frame = 0;
    const { w, h } = size();
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      drawn = undefined;
    }
    if (!drawn) draw();
    const k = view.k / drawn!.k;
    ctx.clearRect(0, 0, w, h);
    ctx.drawImage(back, view.x - (drawn!.x + w * MARGIN) * k, view.y - (drawn!.y + h * MARGIN) * k, back.width * k, back.height * k);
  }
  const move = () => {
    frame ||= requestAnimationFrame(blit);
    clearTimeout(settle);
    settle = window.setTimeout(() => { drawn = undefined; frame ||= requestAnimationFrame(blit); }, 180);
  };

  let grab: { x: number; y: number; moved: boolean } | undefined;
  const down = (e: PointerEvent) => { grab = { x: e.clientX, y: e.clientY, moved: false }; canvas.setPointerCapture(e.pointerId); };
  const drag = (e: PointerEvent) => {
    if (!grab) return;
    const dx = e.clientX - grab.x, dy = e.clientY - grab.y;
    if (!grab.moved && Math.hypot(dx, dy) < 3) return;
    view = { ...view, x: view.x + dx, y: view.y + dy };
    grab = { x: e.clientX, y: e.clientY, moved: true };
    move();
  };
  const up = (e: PointerEvent) => {
    if (grab && !grab.moved) {
      const box = canvas.getBoundingClientRect();
      const id = at(e.clientX - box.left, e.clientY - box.top);
      if (id) pick(id);
    }
    grab = undefined;
  };
  const wheel = (e: WheelEvent) => {
    e.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(Math.exp(-e.deltaY / 400), e.clientX - box.left, e.clientY - box.top);
  };
  function zoom(by: number, x = size().w / 2, y = size().h / 2) {
    const k = Math.min(4, Math.max(0.002, view.k * by));
    view = { k, x: x - ((x - view.x) * k) / view.k, y: y - ((y - view.y) * k) / view.k };
    move();
  }
  /** The dot at a point of the canvas. */
  function at(px: number, py: number): string | undefined {
    const x = (px - view.x) / view.k, y = (py - view.y) / view.k, slack = 4 / view.k;
    for (let i = dots.length - 1; i >= 0; i--) {
      const d = dots[i]!;
      if (x >= d.x - slack && x <= d.x + SIZE.width + slack && y >= d.y - slack && y <= d.y + SIZE.height + slack) return d.id;
    }
    return undefined;
  }
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", drag);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("wheel", wheel, { passive: false });
  const resize = new ResizeObserver(() => { drawn = undefined; move(); });
  resize.observe(canvas);

  return {
    show(d: OverviewDot[], l: OverviewLine[]) { dots = d; lines = l; drawn = undefined; move(); },
    fit(width: number, height: number) {
      const { w, h } = size();
      const k = Math.min(1, (w - 32) / Math.max(1, width), (h - 32) / Math.max(1, height));
      view = { k, x: (w - width * k) / 2, y: (h - height * k) / 2 };
      drawn = undefined;
      move();
    },
    pan(dx: number, dy: number) { view = { ...view, x: view.x + dx, y: view.y + dy }; move(); },
    zoom,
    at,
    destroy() { resize.disconnect(); cancelAnimationFrame(frame); clearTimeout(settle); },
  };
}
