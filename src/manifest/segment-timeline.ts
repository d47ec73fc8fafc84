/** A run in the format that this file writes. */
const RUN = /<S(?: t="(\d+)")? d="(\d+)"(?: r="(\d+)")?\/>/g;

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
      this.#xml += this.#openRun();
      this.#runStartTicks = startTicks;
      this.#runStartWritten = !contiguous;
      this.#runDurationTicks = durationTicks;
      this.#runCount = 1;
    }
    if (this.#count === 0) this.#startTicks = startTicks;
    if (durationTicks > this.#longestTicks) this.#longestTicks = durationTicks;
    this.#count++;
  }

  /** Start and duration of each segment in order, ticks. */
  *segments(): Generator<{ startTicks: number; durationTicks: number }> {
    let startTicks = 0;
    for (const [, start, duration, repeat = '0'] of this.toXml().matchAll(RUN)) {
      const durationTicks = Number(duration);
      if (start !== undefined) startTicks = Number(start);
      for (let left = Number(repeat); left >= 0; left--, startTicks += durationTicks) {
        yield { startTicks, durationTicks };
      }
    }
  }

  /** The `SegmentTimeline` element. */
  toXml(): string {
    return `<SegmentTimeline>${this.#xml}${this.#openRun()}</SegmentTimeline>`;
  }

  #openRun(): string {
    if (this.#runCount === 0) return '';
    const start = this.#runStartWritten ? ` t="${this.#runStartTicks}"` : '';
    const repeat = this.#runCount > 1 ? ` r="${this.#runCount - 1}"` : '';
    return `<S${start} d="${this.#runDurationTicks}"${repeat}/>`;
  }
}
