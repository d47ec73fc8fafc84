import { lengthOf, moved, type TimeRange, zoomed } from '../model/time-range.ts';

/** Further than this a press is a drag, CSS pixels. */
const CLICK_SLOP = 5;

/** What the gestures on a timeline change. */
export interface GestureTarget {
  range(): TimeRange;
  setRange(range: TimeRange): void;
  /** A place was chosen. */
  onChoose(epochMs: number): void;
  /** The pointer is over a place, or no longer. @param x CSS pixels */
  onHover(x: number | undefined, y: number): void;
}

/**
 * Wheel, mouse and fingers on a timeline: a wheel and two fingers zoom, a drag moves, a click chooses.
 * @returns stops listening
 */
export function listenToGestures(element: HTMLElement, target: GestureTarget): () => void {
  const pointers = new Map<number, { x: number; startX: number }>();
  let hasDragged = false;
  const stop = new AbortController();
  const { signal } = stop;
  const xOf = (event: MouseEvent) => event.clientX - element.getBoundingClientRect().left;
  const msAt = (x: number) => {
    const range = target.range();
    return range.startMs + (x / element.clientWidth) * lengthOf(range);
  };

  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const ms = ((sideways * pixels) / element.clientWidth) * lengthOf(target.range());
        return target.setRange(moved(target.range(), ms));
      }
      const factor = 1.0025 ** (event.deltaY * pixels);
      target.setRange(zoomed(target.range(), msAt(xOf(event)), factor));
    },
    { passive: false, signal },
  );

  element.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      if (pointers.size === 0) hasDragged = false;
      const x = xOf(event);
      pointers.set(event.pointerId, { x, startX: x });
    },
    { signal },
  );

  element.addEventListener(
    'pointermove',
    (event) => {
      const pointer = pointers.get(event.pointerId);
      const x = xOf(event);
      if (pointer === undefined) {
        if (event.pointerType === 'mouse') {
          target.onHover(x, event.clientY - element.getBoundingClientRect().top);
        }
        return;
      }
      hasDragged ||= Math.abs(x - pointer.startX) > CLICK_SLOP;
      if (!hasDragged) return;
      target.onHover(undefined, 0);
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other === undefined) {
        const ms = ((pointer.x - x) / element.clientWidth) * lengthOf(target.range());
        target.setRange(moved(target.range(), ms));
      } else {
        pinch(pointer.x, x, other.x);
      }
      pointer.x = x;
    },
    { signal },
  );

  /** One of two fingers moves, and what is under the other stays. */
  function pinch(from: number, to: number, otherX: number): void {
    const [before, now] = [from - otherX, to - otherX];
    // Fingers that pass each other mean nothing.
    if (before * now <= 0 || Math.abs(now) < 10) return;
    target.setRange(zoomed(target.range(), msAt(otherX), before / now));
  }

  const release = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId) || event.type === 'pointercancel') return;
    if (!hasDragged && pointers.size === 0) target.onChoose(msAt(xOf(event)));
  };
  element.addEventListener('pointerup', release, { signal });
  element.addEventListener('pointercancel', release, { signal });
  element.addEventListener('pointerleave', () => target.onHover(undefined, 0), { signal });
  return () => stop.abort();
}
