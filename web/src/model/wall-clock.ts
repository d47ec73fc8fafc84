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

/**
 * Tells for each moment of a presentation when it happened. The recorder counts media time from the
 * Unix epoch, so a Period's `presentationTimeOffset` is the wall-clock time of its start.
 */
export class WallClock {
  /** Starts in seconds of the presentation. */
  #periods: { start: number; epochMs: number }[] = [];
  #isLive = false;

  /** Whether the last manifest was one of a recording that goes on. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Reads the Periods of a manifest; one that is newer replaces what was known. */
  read(mpd: string): void {
    const root = new DOMParser().parseFromString(mpd, 'application/xml').documentElement;
    this.#isLive = root.getAttribute('type') === 'dynamic';
    const periods: { start: number; epochMs: number }[] = [];
    for (const period of root.querySelectorAll(':scope > Period')) {
      const template = period.querySelector('SegmentTemplate[presentationTimeOffset]');
      const start = secondsOfDuration(period.getAttribute('start')) ?? (periods.length ? NaN : 0);
      if (template === null || Number.isNaN(start)) continue;
      const ticks = Number(template.getAttribute('presentationTimeOffset'));
      const timescale = Number(template.getAttribute('timescale') ?? 1);
      periods.push({ start, epochMs: (ticks / timescale) * 1000 });
    }
    this.#periods = periods;
  }

  /**
   * @param time seconds of the presentation
   * @returns ms since the Unix epoch; nothing where no manifest told
   */
  at(time: number): number | undefined {
    const period = this.#periods.findLast(({ start }) => start <= time) ?? this.#periods[0];
    return period && period.epochMs + (time - period.start) * 1000;
  }

  /**
   * @param epochMs ms since the Unix epoch
   * @returns seconds of the presentation; nothing where no manifest told
   */
  timeOf(epochMs: number | undefined): number | undefined {
    if (epochMs === undefined) return undefined;
    const period = this.#periods.findLast((each) => each.epochMs <= epochMs) ?? this.#periods[0];
    return period && period.start + Math.max(0, epochMs - period.epochMs) / 1000;
  }
}
