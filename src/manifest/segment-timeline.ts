/** A run in the format that this file writes. */
const RUN = /<S(?: t="(\d+)")? d="(\d+)"(?: r="(\d+)")?\/>/g;
/** Runs from one {@link Mark} to the next. */
const MARK_RUNS = 256;

/** Where a run begins, so that what is in the middle is found without reading all before it. */
interface Mark {
  /** Segments before it. */
  count: number;
  /** End of the last of them, ticks. */
  endTicks: number;
  /** Characters of the runs before it. */
  xmlLength: number;
}

/**
 * The `SegmentTimeline` of a track in one Period (ISO/IEC 23009-1 §5.3.9.6): start and duration of
 * each segment, in runs of equal durations. Completed runs are kept as text, so that adding to a
 * day of segments costs no more than adding to a minute of them.
 */
export class SegmentTimeline {
  /** Text of the completed runs. */
  #xml = '';
  #count = 0;
  #startTicks = 0;
  #longestTicks = 0;
  // The current run of `#runCount` segments. Its start is written if it does not follow from the
  // run before.
  #runStartTicks = 0;
  #runStartWritten = true;
  #runDurationTicks = 0;
  #runCount = 0;
  /** Longest segment of the completed runs, and the end of the last of them. */
  #longestBeforeRun = 0;
  #endBeforeRun = 0;
  #runs = 0;
  #marks: Mark[] = [];

  /**
   * A timeline to which the runs of a text are to be added, except those that it has in common with an
   * earlier one: a text of which only the end is new is not read from its beginning.
   * @param text runs, as in {@link toXml}
   * @returns also the number of characters that need not be read
   */
  static continuing(before: SegmentTimeline, text: string): [SegmentTimeline, number] {
    const timeline = new SegmentTimeline();
    if (!text.startsWith(before.#xml)) return [timeline, 0];
    timeline.#xml = before.#xml;
    timeline.#count = before.#count - before.#runCount;
    timeline.#startTicks = timeline.#count > 0 ? before.#startTicks : 0;
    timeline.#longestTicks = before.#longestBeforeRun;
    timeline.#longestBeforeRun = before.#longestBeforeRun;
    timeline.#endBeforeRun = before.#endBeforeRun;
    timeline.#runStartTicks = before.#endBeforeRun;
    timeline.#runs = before.#runs;
    timeline.#marks = [...before.#marks];
    return [timeline, before.#xml.length];
  }

  /** Number of segments; the number of the last one is `startNumber + count - 1`. */
  get count(): number {
    return this.#count;
  }

  /** Start of the first segment, ticks since the Unix epoch; 0 if there is none. */
  get startTicks(): number {
    return this.#startTicks;
  }

  /** End of the last segment, ticks since the Unix epoch; 0 if there is none. */
  get endTicks(): number {
    return this.#runStartTicks + this.#runDurationTicks * this.#runCount;
  }

  /** Duration of the longest segment, ticks; 0 if there is none. */
  get longestTicks(): number {
    return this.#longestTicks;
  }

  /**
   * Appends a segment.
   *
   * @param startTicks ticks since the Unix epoch, not before the end of the last one
   * @throws RangeError for a segment that overlaps the last one or has no duration
   */
  add(startTicks: number, durationTicks: number): void {
    if (!Number.isSafeInteger(startTicks) || startTicks < 0) {
      throw new RangeError(`segment start ${startTicks} is not a count of ticks below 2^53`);
    }
    if (!Number.isSafeInteger(durationTicks) || durationTicks <= 0) {
      throw new RangeError(`segment duration ${durationTicks} is not a positive count of ticks`);
    }
    const end = this.endTicks;
    if (this.#count > 0 && startTicks < end) {
      throw new RangeError(`segment starts at ${startTicks}, before the last one ends at ${end}`);
    }
    const contiguous = this.#count > 0 && startTicks === end;
    if (contiguous && durationTicks === this.#runDurationTicks) {
      this.#runCount++;
    } else {
      this.#closeRun(end);
      this.#runStartTicks = startTicks;
      this.#runStartWritten = !contiguous;
      this.#runDurationTicks = durationTicks;
      this.#runCount = 1;
    }
    if (this.#count === 0) this.#startTicks = startTicks;
    if (durationTicks > this.#longestTicks) this.#longestTicks = durationTicks;
    this.#count++;
  }

  /**
   * Start and duration of each segment in order, ticks.
   * @param from number of the first one that is wanted, counted from 0
   */
  *segments(from = 0): Generator<{ startTicks: number; durationTicks: number }> {
    const mark = this.#marks.findLast(({ count }) => count <= from);
    let { count, endTicks: startTicks } = mark ?? { count: 0, endTicks: 0 };
    const runs = this.#xml.slice(mark?.xmlLength) + this.#openRun();
    for (const [, start, duration, repeat = '0'] of runs.matchAll(RUN)) {
      const durationTicks = Number(duration);
      if (start !== undefined) startTicks = Number(start);
      for (let left = Number(repeat); left >= 0; left--, startTicks += durationTicks) {
        if (count++ >= from) yield { startTicks, durationTicks };
      }
    }
  }

  /** The `SegmentTimeline` element. */
  toXml(): string {
    return `<SegmentTimeline>${this.#xml}${this.#openRun()}</SegmentTimeline>`;
  }

  /** @param endTicks of the run */
  #closeRun(endTicks: number): void {
    if (this.#runCount === 0) return;
    this.#xml += this.#openRun();
    this.#longestBeforeRun = this.#longestTicks;
    this.#endBeforeRun = endTicks;
    if (++this.#runs % MARK_RUNS !== 0) return;
    this.#marks.push({ count: this.#count, endTicks, xmlLength: this.#xml.length });
  }

  #openRun(): string {
    if (this.#runCount === 0) return '';
    const start = this.#runStartWritten ? ` t="${this.#runStartTicks}"` : '';
    const repeat = this.#runCount > 1 ? ` r="${this.#runCount - 1}"` : '';
    return `<S${start} d="${this.#runDurationTicks}"${repeat}/>`;
  }
}
