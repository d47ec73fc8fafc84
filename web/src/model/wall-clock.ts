/**
 * Seconds of an MPEG-DASH duration such as `PT1H2M3.5S` (ISO/IEC 23009-1, xs:duration without
 * years and months).
 * @returns nothing where there is no such duration
 */
function secondsOfDuration(text: string | null): number | undefined {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text ?? '');
  if (match === null) return undefined;
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
}

/** A player may show the first picture of a Period so much before the Period starts. */
const ROUNDING_SECONDS = 0.001;

/** From an instant of the presentation on, the wall clock goes on at a rate. */
interface Knot {
  /** Seconds of the presentation. */
  start: number;
  /** ms since the Unix epoch. */
  epochMs: number;
  /** ms of the wall clock a second of the presentation. */
  rate: number;
}

/**
 * Tells for each moment of a presentation when it happened. The manifest of a range says so in its
 * `ProducerReferenceTime`s, between which it is interpolated; that of a day only says where a Period
 * starts: the recorder counts media time from the Unix epoch, from which the wall clock drifts away by
 * some seconds a day.
 */
export class WallClock {
  /** In the order of the presentation. */
  #knots: Knot[] = [];
  #isLive = false;

  /** Whether the last manifest was one of a recording that goes on. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Reads a manifest; one that is newer replaces what was known. */
  read(mpd: string): void {
    const root = new DOMParser().parseFromString(mpd, 'application/xml').documentElement;
    this.#isLive = root.getAttribute('type') === 'dynamic';
    const knots: Knot[] = [];
    for (const period of root.querySelectorAll(':scope > Period')) {
      const template = period.querySelector('SegmentTemplate[presentationTimeOffset]');
      const start = secondsOfDuration(period.getAttribute('start')) ?? (knots.length ? NaN : 0);
      if (template === null || Number.isNaN(start)) continue;
      knots.push(...knotsOf(template, start));
    }
    this.#knots = knots;
  }

  /**
   * @param time seconds of the presentation
   * @returns ms since the Unix epoch; nothing where no manifest told
   */
  at(time: number): number | undefined {
    const known = this.#knots.findLast(({ start }) => start <= time + ROUNDING_SECONDS);
    const knot = known ?? this.#knots[0];
    return knot && knot.epochMs + (time - knot.start) * knot.rate;
  }

  /**
   * @param epochMs ms since the Unix epoch
   * @returns seconds of the presentation, those of what comes next where there is nothing; nothing where
   * no manifest told
   */
  timeOf(epochMs: number | undefined): number | undefined {
    if (epochMs === undefined) return undefined;
    const at = Math.max(
      0,
      this.#knots.findLastIndex((knot) => knot.epochMs <= epochMs),
    );
    const knot = this.#knots[at];
    if (knot === undefined) return undefined;
    const time = knot.start + Math.max(0, epochMs - knot.epochMs) / knot.rate;
    return Math.min(time, this.#knots[at + 1]?.start ?? time);
  }
}

/** What a Period tells. @param start seconds of the presentation */
function knotsOf(template: Element, start: number): Knot[] {
  const offset = Number(template.getAttribute('presentationTimeOffset'));
  const timescale = Number(template.getAttribute('timescale') ?? 1);
  const references = template.parentElement!.querySelectorAll(':scope > ProducerReferenceTime');
  const knots = Array.from(references, (reference) => {
    const ticks = Number(reference.getAttribute('presentationTime')) - offset;
    const epochMs = Date.parse(reference.getAttribute('wallClockTime') ?? '');
    return { start: start + ticks / timescale, epochMs, rate: 1000 };
  });
  for (const [at, knot] of knots.entries()) {
    const next = knots[at + 1];
    if (next) knot.rate = (next.epochMs - knot.epochMs) / (next.start - knot.start);
  }
  const [first] = knots;
  if (first === undefined) return [{ start, epochMs: (offset / timescale) * 1000, rate: 1000 }];
  // The other track may begin a little earlier.
  const early = first.start - start;
  if (early > 0) knots.unshift({ start, epochMs: first.epochMs - early * 1000, rate: 1000 });
  return knots;
}
