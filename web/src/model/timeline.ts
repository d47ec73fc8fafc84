import { effect, signal } from '@preact/signals';
import { messageOf, recorderNow } from '../api/request.ts';
import { type StreamTimeline, timelineOf } from '../api/timeline.ts';
import { joinNames } from './location.ts';
import type { Protections } from './protections.ts';
import { lengthOf, type TimeRange } from './time-range.ts';

const SETTLE_MS = 120;
const LIVE_INTERVAL_MS = 5000;
/** So much is asked for of what is shown: a screen before it and a screen after it. */
const MARGIN = 1;
/** Gaps shorter than this share of what is shown are not seen. */
const RESOLUTION = 1 / 1500;

/** What is known of the streams that are shown, around the time that is shown. */
export class Timeline {
  /** What of the wall clock is shown. */
  readonly range = signal<TimeRange>(lastHours(24));
  readonly streams = signal<string[]>([]);
  readonly rows = signal<StreamTimeline[]>([]);
  /** How wide it is drawn, CSS pixels. */
  readonly width = signal(0);
  /** The present by the recorder's clock, ms since the Unix epoch, as often as it is drawn anew. */
  readonly nowMs = signal(recorderNow());
  /** Why there is nothing to show, in words. */
  readonly message = signal('');

  readonly #protections: Protections;
  #known: (TimeRange & { names: string; resolutionMs: number }) | undefined;
  #asking: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param protections asked for with what is recorded */
  constructor(protections: Protections) {
    this.#protections = protections;
  }

  /** Keeps it up to date from now on. @returns ends that */
  start(): () => void {
    const stop = effect(() => {
      this.range.value;
      this.streams.value;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(
        () => void this.#ask(),
        this.#isCovered() ? LIVE_INTERVAL_MS : SETTLE_MS,
      );
    });
    return () => {
      stop();
      clearTimeout(this.#timer);
      this.#asking?.abort();
    };
  }

  /** What of the wall clock is asked for: more than is shown, so that moving it shows no emptiness. */
  #wanted(): TimeRange {
    const { startMs, endMs } = this.range.peek();
    const margin = MARGIN * (endMs - startMs);
    return { startMs: startMs - margin, endMs: endMs + margin };
  }

  #isCovered(): boolean {
    const known = this.#known;
    const range = this.range.value;
    return (
      known !== undefined &&
      known.names === joinNames(this.streams.value) &&
      known.startMs <= range.startMs &&
      known.endMs >= range.endMs &&
      known.resolutionMs <= lengthOf(range) * RESOLUTION * 2
    );
  }

  async #ask(): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const names = joinNames(this.streams.peek());
    const wanted = this.#wanted();
    const resolutionMs = lengthOf(this.range.peek()) * RESOLUTION;
    try {
      this.rows.value =
        names === ''
          ? []
          : await timelineOf(names, wanted.startMs, wanted.endMs, resolutionMs, asking.signal);
      this.#known = { ...wanted, names, resolutionMs };
      await this.#protections.refresh(asking.signal);
      this.message.value = '';
    } catch (error) {
      if (asking.signal.aborted) return;
      this.message.value = messageOf(error);
    }
    if (asking.signal.aborted) return;
    const isPast = wanted.endMs < recorderNow() - LIVE_INTERVAL_MS;
    clearTimeout(this.#timer);
    if (!isPast || this.message.peek() !== '') {
      this.#timer = setTimeout(() => void this.#ask(), LIVE_INTERVAL_MS);
    }
  }
}

/** The latest hours, with a little of what is to come. */
export function lastHours(hours: number): TimeRange {
  const now = recorderNow();
  const length = hours * 3_600_000;
  return { startMs: now - length * 0.95, endMs: now + length * 0.05 };
}

/** Where any of some streams has media from an instant on, ms since the Unix epoch; undefined: nowhere. */
export async function nextMedia(streams: string[], fromMs: number): Promise<number | undefined> {
  const rows = await timelineOf(joinNames(streams), fromMs, recorderNow() + 60_000, 60_000);
  const starts = rows.flatMap(({ spans }) => spans.slice(0, 1).map((span) => span.start_ts / 1000));
  return starts.length === 0 ? undefined : Math.max(fromMs, Math.min(...starts));
}
