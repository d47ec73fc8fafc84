import { effect, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { recorderNow } from '../api/request.ts';
import { clip, playback, protections, timeline } from '../model/console.ts';
import { lengthOf, moved, zoomed } from '../model/time-range.ts';
import { instantInWords, zone } from '../model/time-zone.ts';
import { locale, words } from '../words/language.ts';
import { AXIS_HEIGHT, drawTimeline, type Palette, ROW_HEIGHT } from './timeline-drawing.ts';
import { listenToGestures } from './timeline-gestures.ts';
import { TimelineHover } from './timeline-hover.tsx';

const NOW_INTERVAL_MS = 1000;

function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  // Resolved by the browser, since a canvas does not know `light-dark()`.
  const colour = (name: string) => style.getPropertyValue(name);
  return {
    text: style.color,
    faint: colour('--canvas-faint'),
    line: colour('--canvas-line'),
    ground: colour('--canvas-ground'),
    accent: colour('--canvas-accent'),
    sound: colour('--canvas-sound'),
    red: colour('--canvas-red'),
    amber: colour('--canvas-amber'),
  };
}

/** Where what is watched was recorded, by the clock: several streams under each other. */
export function TimelineCanvas({ onChoose }: { onChoose: (epochMs: number) => void }) {
  const say = words.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  const hover = useSignal<{ x: number; y: number } | undefined>(undefined);
  const rows = Math.max(1, timeline.rows.value.length);
  const height = AXIS_HEIGHT + rows * ROW_HEIGHT;

  useEffect(() => {
    const element = canvas.current!;
    const width = timeline.width;
    const resized = new ResizeObserver(() => {
      width.value = element.clientWidth;
    });
    resized.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const tick = setInterval(() => {
      timeline.nowMs.value = recorderNow();
    }, NOW_INTERVAL_MS);
    const redraw = () => {
      timeline.nowMs.value = recorderNow();
    };
    dark.addEventListener('change', redraw);
    const stopDrawing = effect(() => drawOn(element, hover.value?.x));
    const stopListening = listenToGestures(element, {
      range: () => timeline.range.peek(),
      setRange: (range) => {
        timeline.range.value = range;
      },
      onChoose,
      onHover: (x, y) => {
        hover.value = x === undefined ? undefined : { x, y };
      },
    });
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', redraw);
      clearInterval(tick);
      stopDrawing();
      stopListening();
    };
  }, [onChoose, hover]);

  const epochMs = playback.epochMs.value;
  const { startMs, endMs } = timeline.range.value;
  return (
    <div class="timeline">
      <canvas
        id="timeline"
        ref={canvas}
        style={{ height: `${height}px` }}
        tabIndex={0}
        role="slider"
        aria-label={say.timeline}
        aria-valuemin={Math.round(startMs / 1000)}
        aria-valuemax={Math.round(endMs / 1000)}
        aria-valuenow={Math.round((epochMs ?? startMs) / 1000)}
        aria-valuetext={epochMs === undefined ? say.nothingPlayed : instantInWords(epochMs)}
        aria-describedby="timeline-hint"
        onKeyDown={onKey}
      />
      <TimelineHover at={hover.value} width={timeline.width.value} />
    </div>
  );
}

function drawOn(element: HTMLCanvasElement, hoverX: number | undefined): void {
  const width = timeline.width.value;
  const view = {
    range: timeline.range.value,
    rows: timeline.rows.value,
    protections: protections.list.value,
    playheadMs: playback.epochMs.value,
    nowMs: timeline.nowMs.value,
    marks: { inMs: clip.inMs.value, outMs: clip.outMs.value },
    hoverX,
    timeZone: zone.value,
    locale: locale.value,
  };
  const height = AXIS_HEIGHT + Math.max(1, view.rows.length) * ROW_HEIGHT;
  const context = element.getContext('2d');
  if (context === null || width === 0) return;
  const density = devicePixelRatio;
  if (element.width !== Math.round(width * density)) element.width = Math.round(width * density);
  if (element.height !== Math.round(height * density)) {
    element.height = Math.round(height * density);
  }
  context.setTransform(density, 0, 0, density, 0, 0);
  drawTimeline(context, width, height, view, paletteOf(element));
}

/** Keys of the timeline itself; those of the player go on to the page. */
function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const range = timeline.range.peek();
  const middle = (range.startMs + range.endMs) / 2;
  const focus = playback.epochMs.peek() ?? middle;
  const around = focus >= range.startMs && focus <= range.endMs ? focus : middle;
  const ranges: Record<string, () => typeof range> = {
    '+': () => zoomed(range, around, 1 / 2),
    '=': () => zoomed(range, around, 1 / 2),
    '-': () => zoomed(range, around, 2),
    PageUp: () => moved(range, -lengthOf(range) / 2),
    PageDown: () => moved(range, lengthOf(range) / 2),
  };
  const change = ranges[event.key];
  if (change === undefined) return;
  event.preventDefault();
  timeline.range.value = change();
}
