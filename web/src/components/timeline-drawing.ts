import type { Protection } from '../api/protections.ts';
import type { StreamTimeline } from '../api/timeline.ts';
import { lengthOf, type TimeRange } from '../model/time-range.ts';
import { ticksOf } from '../model/time-ticks.ts';

/** Height of the time axis, CSS pixels. */
export const AXIS_HEIGHT = 30;
/** Height of a stream, CSS pixels. */
export const ROW_HEIGHT = 44;

const BAR_TOP = 20;
const BAR_HEIGHT = 16;
/** Room for a label of the axis, CSS pixels. */
const TICK_WIDTH = 76;

/** What of the timeline is drawn. */
export interface TimelineView {
  range: TimeRange;
  rows: StreamTimeline[];
  protections: Protection[];
  /** Moment that is played, ms since the Unix epoch. */
  playheadMs: number | undefined;
  nowMs: number;
  /** The clip that is marked. */
  marks: { inMs: number | undefined; outMs: number | undefined };
  /** Where the pointer is, CSS pixels from the left. */
  hoverX: number | undefined;
  timeZone: string;
  locale: string;
}

/** Colours, as the page has them at the moment. */
export interface Palette {
  text: string;
  faint: string;
  line: string;
  ground: string;
  accent: string;
  sound: string;
  red: string;
  amber: string;
}

/** Draws the timeline. @param width of the canvas in CSS pixels */
export function drawTimeline(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  view: TimelineView,
  palette: Palette,
): void {
  const { range } = view;
  const xOf = (ms: number) => ((ms - range.startMs) / lengthOf(range)) * width;
  context.clearRect(0, 0, width, height);
  drawAxis(context, width, height, view, palette, xOf);
  view.rows.forEach((row, place) => {
    const top = AXIS_HEIGHT + place * ROW_HEIGHT;
    context.fillStyle = palette.ground;
    context.fillRect(0, top + BAR_TOP, width, BAR_HEIGHT);
    drawSpans(context, row, top, width, palette, xOf);
    context.fillStyle = palette.text;
    for (const { stream, start_ts, end_ts } of view.protections) {
      if (stream !== row.stream) continue;
      const [left, right] = [xOf(start_ts / 1000), xOf(end_ts / 1000)];
      context.fillRect(left, top + BAR_TOP + BAR_HEIGHT + 2, Math.max(2, right - left), 3);
    }
    context.fillStyle = palette.text;
    context.font = '600 13px system-ui, sans-serif';
    context.textAlign = 'left';
    context.fillText(row.stream, 6, top + 14, width - 12);
  });
  drawMarks(context, width, height, view, palette, xOf);
  vertical(context, xOf(view.nowMs), height, palette.red, 1, [2, 3]);
  if (view.hoverX !== undefined) vertical(context, view.hoverX, height, palette.faint, 1, [4, 4]);
  if (view.playheadMs !== undefined) {
    const x = xOf(view.playheadMs);
    vertical(context, x, height, palette.text, 2, []);
    context.beginPath();
    context.moveTo(x - 6, 0);
    context.lineTo(x + 6, 0);
    context.lineTo(x, 9);
    context.fillStyle = palette.text;
    context.fill();
  }
}

function drawAxis(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  { range, timeZone, locale }: TimelineView,
  palette: Palette,
  xOf: (ms: number) => number,
): void {
  context.font = '12px system-ui, sans-serif';
  context.textAlign = 'center';
  const most = Math.max(2, Math.floor(width / TICK_WIDTH));
  for (const { epochMs, label, isDay } of ticksOf(range, most, timeZone, locale)) {
    const x = Math.round(xOf(epochMs)) + 0.5;
    context.strokeStyle = palette.line;
    context.lineWidth = isDay ? 2 : 1;
    context.beginPath();
    context.moveTo(x, AXIS_HEIGHT - 6);
    context.lineTo(x, height);
    context.stroke();
    context.fillStyle = isDay ? palette.text : palette.faint;
    // Whole also where its line is near the edge.
    const half = context.measureText(label).width / 2 + 2;
    context.fillText(label, Math.max(half, Math.min(x, width - half)), AXIS_HEIGHT - 11);
  }
}

function drawSpans(
  context: CanvasRenderingContext2D,
  { spans }: StreamTimeline,
  top: number,
  width: number,
  { accent, sound, amber }: Palette,
  xOf: (ms: number) => number,
): void {
  for (const span of spans) {
    const left = Math.max(0, xOf(span.start_ts / 1000));
    const right = Math.min(width, xOf(span.end_ts / 1000));
    if (right < 0 || left > width) continue;
    context.fillStyle = span.kinds.includes('video') ? accent : sound;
    // What is shorter than two pixels is seen all the same.
    context.fillRect(left, top + BAR_TOP, Math.max(2, right - left), BAR_HEIGHT);
    if (span.reason === undefined || span.reason === 'start' || left === 0) continue;
    context.fillStyle = amber;
    context.fillRect(left, top + BAR_TOP - 4, 2, BAR_HEIGHT + 8);
  }
}

function drawMarks(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  { marks: { inMs, outMs } }: TimelineView,
  { amber }: Palette,
  xOf: (ms: number) => number,
): void {
  if (inMs !== undefined && outMs !== undefined) {
    const left = Math.max(0, xOf(inMs));
    context.globalAlpha = 0.22;
    context.fillStyle = amber;
    context.fillRect(left, AXIS_HEIGHT, Math.min(width, xOf(outMs)) - left, height - AXIS_HEIGHT);
    context.globalAlpha = 1;
  }
  for (const ms of [inMs, outMs]) {
    if (ms !== undefined) vertical(context, xOf(ms), height, amber, 2, []);
  }
}

function vertical(
  context: CanvasRenderingContext2D,
  x: number,
  height: number,
  colour: string,
  lineWidth: number,
  dash: number[],
): void {
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, height);
  context.stroke();
  context.setLineDash([]);
}
