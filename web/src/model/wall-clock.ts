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

/** So much after its start a Period shows its first picture for sure, s: browsers round what they seek to ms. */
const FIRST_PICTURE = 0.002;
/** So much before the end of what is stored a browser shows a picture without waiting for more, s. */
const LAST_PICTURE = 0.5;
/** Nearer than this to the end of a Period its media is over, s. */
const PERIOD_END = 0.1;

/** A Period may start so much later than its first picture, s: manifests tell it in whole µs, players round. */
const ROUNDING = 0.0005;

/** A moment of a presentation, and when it happened. */
interface Reference {
  /** Seconds of the presentation. */
  time: number;
  /** ms since the Unix epoch. */
  epochMs: number;
}

/** A Period: its references, in the order of time; one at least. */
interface ReferencedPeriod {
  start: number;
  references: Reference[];
}

/** Where an instant lies in a presentation. */
export interface Found {
  /** Seconds of the presentation; the start of what follows, where nothing was recorded. */
  time: number;
  /** When media goes on, ms since the Unix epoch; undefined where there is media at the instant. */
  resumesMs: number | undefined;
}

/**
 * Tells for each moment of a presentation when it happened. A Period's `presentationTimeOffset` is the
 * wall-clock time of its start, since the recorder counts media time from the Unix epoch; but media time
 * goes by the sender's clock. Where a manifest has `ProducerReferenceTime`s, time between two of them
 * is interpolated, and the last of a Period is the end of its media.
 */
export class WallClock {
  #periods: ReferencedPeriod[] = [];
  #isLive = false;
  #delay = 0;

  /** Whether the last manifest was one of a recording that goes on. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** When its last media happened, as far as the manifest says, ms since the Unix epoch. */
  get endMs(): number | undefined {
    return this.#periods.at(-1)?.references.at(-1)?.epochMs;
  }

  /**
   * From where an instant is shown: where nothing was recorded, from where media goes on; what is yet to come,
   * with the last picture that is stored.
   * @param epochMs ms since the Unix epoch
   * @returns seconds of the presentation; nothing where nothing is stored
   */
  startTime(epochMs: number): number | undefined {
    const time = this.timeOf(epochMs);
    const period = time === undefined ? undefined : this.#periodAt(time);
    return period && this.#within(period, time!);
  }

  /**
   * From where a recording that goes on is played: so far behind the present that what comes next is stored
   * in time, but within what was stored since it last began.
   * @param nowMs the present, ms since the Unix epoch
   * @returns seconds of the presentation; nothing where it does not go on, or is interrupted
   */
  liveTime(nowMs: number): number | undefined {
    const time = this.timeOf(nowMs);
    const latest = this.#periods.at(-1);
    if (!this.#isLive || latest === undefined || time === undefined) return undefined;
    const wanted = time - this.#delay;
    return wanted > latest.references.at(-1)!.time ? undefined : this.#within(latest, wanted);
  }

  /** The nearest moment to another one at which a picture of a Period can be shown at once. */
  #within({ references }: ReferencedPeriod, time: number): number {
    // With one reference alone it is not known where the media ends.
    const isOpen = !this.#isLive || references.length < 2;
    const last = isOpen ? Number.POSITIVE_INFINITY : references.at(-1)!.time - LAST_PICTURE;
    return Math.max(references[0]!.time + FIRST_PICTURE, Math.min(time, last));
  }

  /**
   * When the media ends in which a moment lies, ms since the Unix epoch.
   * @param time seconds of the presentation
   * @returns nothing where more of it may come
   */
  endOf(time: number): number | undefined {
    const period = this.#periodAt(time);
    if (period === undefined || (this.#isLive && period === this.#periods.at(-1))) return undefined;
    return period.references.at(-1)!.epochMs;
  }

  /**
   * Whether no more media comes after a moment before the next Period.
   * @param time seconds of the presentation
   * @param isStalled the browser does not play on from there: it keeps the last pictures back before a gap
   */
  isAtGap(time: number, isStalled: boolean): boolean {
    const period = this.#periodAt(time);
    if (period === undefined || period === this.#periods.at(-1)) return false;
    return time >= period.references.at(-1)!.time - (isStalled ? LAST_PICTURE : PERIOD_END);
  }

  #periodAt(time: number): ReferencedPeriod | undefined {
    return this.#periods.findLast(({ start }) => start <= time + ROUNDING) ?? this.#periods[0];
  }

  /** Reads the Periods of a manifest; one that is newer replaces what was known. */
  read(mpd: string): void {
    const root = new DOMParser().parseFromString(mpd, 'application/xml').documentElement;
    this.#isLive = root.getAttribute('type') === 'dynamic';
    this.#delay = secondsOfDuration(root.getAttribute('suggestedPresentationDelay')) ?? 0;
    const periods: ReferencedPeriod[] = [];
    for (const period of root.querySelectorAll(':scope > Period')) {
      const start =
        secondsOfDuration(period.getAttribute('start')) ?? (periods.length ? Number.NaN : 0);
      const template = period.querySelector('SegmentTemplate[presentationTimeOffset]');
      if (template === null || Number.isNaN(start)) continue;
      periods.push({ start, references: referencesOf(start, template) });
    }
    this.#periods = periods;
  }

  /**
   * @param time seconds of the presentation
   * @returns ms since the Unix epoch; nothing where no manifest told
   */
  at(time: number): number | undefined {
    const period = this.#periodAt(time);
    if (period === undefined) return undefined;
    const [before, after] = around(period.references, (reference) => reference.time <= time);
    const passed = time - before.time;
    if (after === undefined) return before.epochMs + passed * 1000;
    return (
      before.epochMs + (passed * (after.epochMs - before.epochMs)) / (after.time - before.time)
    );
  }

  /** Where an instant lies. @returns nothing where no manifest told */
  find(epochMs: number): Found | undefined {
    const index = this.#periods.findLastIndex(
      ({ references }) => references[0]!.epochMs <= epochMs,
    );
    const period = this.#periods[index];
    const next = this.#periods[index + 1];
    if (period === undefined) {
      return next && { time: next.start, resumesMs: next.references[0]!.epochMs };
    }
    const end = period.references.at(-1)!;
    if (next !== undefined && period.references.length > 1 && epochMs >= end.epochMs) {
      return { time: next.start, resumesMs: next.references[0]!.epochMs };
    }
    const [before, after] = around(period.references, (reference) => reference.epochMs <= epochMs);
    const passed = epochMs - before.epochMs;
    const time =
      after === undefined
        ? before.time + passed / 1000
        : before.time + (passed * (after.time - before.time)) / (after.epochMs - before.epochMs);
    return { time: Math.min(time, next?.start ?? time), resumesMs: undefined };
  }

  /**
   * @param epochMs ms since the Unix epoch
   * @returns seconds of the presentation; nothing where no manifest told
   */
  timeOf(epochMs: number | undefined): number | undefined {
    return epochMs === undefined ? undefined : this.find(epochMs)?.time;
  }
}

/** The references of a Period, by those of its first track: of the picture, where it has one. */
function referencesOf(start: number, template: Element): Reference[] {
  const timescale = Number(template.getAttribute('timescale') ?? 1);
  const offset = Number(template.getAttribute('presentationTimeOffset'));
  const told = [
    ...template.closest('AdaptationSet')!.querySelectorAll('ProducerReferenceTime'),
  ].map((reference) => ({
    time: start + (Number(reference.getAttribute('presentationTime')) - offset) / timescale,
    epochMs: preciseMs(reference.getAttribute('wallClockTime') ?? ''),
  }));
  return told.length > 0 ? told : [{ time: start, epochMs: (offset / timescale) * 1000 }];
}

/** ms of an xs:dateTime with any digits of a second. */
function preciseMs(text: string): number {
  const [, seconds = '', fraction = ''] = /^([^.]*)(\.\d+)?/.exec(text) ?? [];
  const wholeMs = Date.parse(`${seconds.replace(/Z$/, '')}Z`);
  return wholeMs + Number(fraction || 0) * 1000;
}

/** The last reference for which something holds, or else the first, and the one after it. */
function around(
  references: Reference[],
  isBefore: (reference: Reference) => boolean,
): [Reference, Reference | undefined] {
  const index = Math.max(0, references.findLastIndex(isBefore));
  // Beyond the last, time goes as between the two before it.
  const first = Math.min(index, Math.max(0, references.length - 2));
  return [references[first]!, references[first + 1]];
}
