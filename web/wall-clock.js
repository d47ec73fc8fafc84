/**
 * Seconds of an MPEG-DASH duration such as `PT1H2M3.5S` (ISO/IEC 23009-1, xs:duration without
 * years and months).
 * @param {string | null} text
 * @returns {number | undefined} nothing where there is no such duration
 */
function secondsOfDuration(text) {
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
  /** @type {{ start: number, epochMs: number }[]} start in seconds of the presentation */
  #periods = [];
  #isLive = false;

  /** Whether the last manifest was one of a recording that goes on. */
  get isLive() {
    return this.#isLive;
  }

  /** Reads the Periods of a manifest; one that is newer replaces what was known. @param {string} mpd */
  read(mpd) {
    const root = new DOMParser().parseFromString(mpd, 'application/xml').documentElement;
    this.#isLive = root.getAttribute('type') === 'dynamic';
    /** @type {{ start: number, epochMs: number }[]} */
    const periods = [];
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
   * @param {number} time seconds of the presentation
   * @returns {number | undefined} ms since the Unix epoch; nothing where no manifest told
   */
  at(time) {
    const period = this.#periods.findLast(({ start }) => start <= time) ?? this.#periods[0];
    return period && period.epochMs + (time - period.start) * 1000;
  }

  /**
   * @param {number | undefined} epochMs ms since the Unix epoch
   * @returns {number | undefined} seconds of the presentation; nothing where no manifest told
   */
  timeOf(epochMs) {
    if (epochMs === undefined) return undefined;
    const period = this.#periods.findLast((each) => each.epochMs <= epochMs) ?? this.#periods[0];
    return period && period.start + Math.max(0, epochMs - period.epochMs) / 1000;
  }
}
