/** uPlot, as the page needs it; it comes with this file, which is loaded when it is needed. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock } from "./formats";
import type { Column } from "./series";

export interface Line {
  colour: string;
  dash: number[];
}

/** A stretch of time that stands out, and a moment within it; a text above it. */
export interface Mark {
  from: number;
  to: number;
  at: number;
  text: string;
  isWeak: boolean;
}

export interface Look {
  text: string;
  grid: string;
  accent: string;
}

export interface Content {
  times: number[];
  columns: Column[];
  lines: Line[];
  /** What of the upright axis shows; null for what the numbers need, from 0. */
  range: [number, number] | null;
  splits: number[] | null;
  /** The first and last moment that show. */
  span: [number, number];
  marks: readonly Mark[];
  look: Look;
}

/** What of it changes while it is shown. */
export type Data = Pick<Content, "times" | "columns" | "span" | "marks">;

const LEAST_SPAN_S = 20; // below, the axis shows tenths
const PAST_S = [5, 10, 15, 30, 60, 120, 300];

export class Diagram {
  readonly #plot: uPlot;
  readonly #now = document.createElement("div");
  #span: [number, number];
  #marks: readonly Mark[];

  /** `seek`: where there is a present moment, which can be moved. */
  constructor(box: HTMLElement, content: Content, seek: ((time: number) => void) | null) {
    this.#span = content.span;
    this.#marks = content.marks;
    const options = optionsOf(box, content, () => this.#span);
    options.hooks = { drawClear: [(plot) => drawMarks(plot, this.#marks, content.look)] };
    this.#plot = new uPlot(options, aligned(content), box);
    this.#now.className = "now";
    if (!seek) return;
    this.#plot.over.append(this.#now);
    this.#listen(seek);
  }

  update(data: Data): void {
    this.#span = data.span;
    this.#marks = data.marks;
    this.#plot.setData(aligned(data));
  }

  /** Move the line that is the present moment. */
  mark(time: number): void {
    const left = this.#plot.valToPos(time, "x");
    this.#now.style.transform = `translateX(${Math.round(left * 2) / 2}px)`;
  }

  resize(width: number, height: number): void {
    this.#plot.setSize({ width, height });
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #listen(seek: (time: number) => void): void {
    const area = this.#plot.over;
    const go = (event: PointerEvent): void => {
      const left = event.clientX - area.getBoundingClientRect().left;
      seek(this.#plot.posToVal(Math.min(Math.max(left, 0), area.clientWidth), "x"));
    };
    area.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      area.setPointerCapture(event.pointerId);
      go(event);
    });
    area.addEventListener("pointermove", (event) => {
      if (area.hasPointerCapture(event.pointerId)) go(event);
    });
  }
}

/** Draw them behind the lines, as far as there is room for their texts. */
function drawMarks(plot: uPlot, marks: readonly Mark[], look: Look): void {
  const { ctx: pen, bbox: area } = plot;
  const ratio = uPlot.pxRatio;
  const x = (time: number) => plot.valToPos(time, "x", true);
  pen.save();
  pen.font = `${12 * ratio}px system-ui, sans-serif`;
  pen.textAlign = "center";
  for (const { from, to, at, text, isWeak } of marks) {
    const [begin, width] = [x(from), x(to) - x(from)];
    pen.fillStyle = isWeak ? look.grid : look.accent;
    pen.globalAlpha = isWeak ? 0.5 : 0.16;
    pen.fillRect(begin, area.top, Math.max(width - ratio, ratio), area.height);
    pen.globalAlpha = isWeak ? 0.6 : 1;
    pen.fillRect(x(at) - ratio / 2, area.top, ratio, area.height);
    pen.fillStyle = look.text;
    pen.globalAlpha = 1;
    if (pen.measureText(text).width < width) pen.fillText(text, x(at), area.top - 4 * ratio);
  }
  pen.restore();
}

function aligned({ times, columns }: Data): uPlot.AlignedData {
  return [times, ...columns] as uPlot.AlignedData;
}

function optionsOf(box: HTMLElement, content: Content, span: () => [number, number]): uPlot.Options {
  const { lines, look, range, splits } = content;
  const [begin, end] = content.span;
  const isShort = end - begin < LEAST_SPAN_S;
  const seconds = (value: number) => (isShort ? `${Number(value.toFixed(2))} s` : signed(value));
  const axis = {
    stroke: look.text,
    grid: { stroke: look.grid, width: 1 },
    ticks: { stroke: look.grid, width: 1 },
    font: "12px system-ui, sans-serif",
  };
  return {
    width: box.clientWidth,
    height: box.clientHeight,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: span },
      y: range ? { range: () => range } : { range: (_, __, most) => [0, Math.max(most || 0, 0.5) * 1.05] },
    },
    axes: [
      // Before now, in whole minutes and their parts.
      { ...axis, values: (_, values) => values.map(seconds), size: 34, ...(begin < 0 && { incrs: PAST_S }) },
      { ...axis, size: 48, ...(splits && { splits }) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        stroke: line.colour,
        width: 1.8,
        dash: line.dash,
        points: { show: false },
      })),
    ],
  };
}

function signed(seconds: number): string {
  return seconds < 0 ? `−${clock(-seconds)}` : clock(seconds);
}
