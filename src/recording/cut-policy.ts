import type { Sample } from '../media/sample.ts';

/**
 * A keyframe that comes this much of the target early still ends the segment: with keyframes at the
 * target's distance, jitter of the timestamps must not double every other segment.
 */
const EARLY = 0.02;
/**
 * A segment that began with a keyframe is continued up to so many times its target, because the next
 * may, before it ends at a recovery point.
 */
const PATIENT = 2;
/** Without a keyframe a segment ends at this many times its target. */
const LATEST = 3;

/** Decides where segments of one track begin. */
export class CutPolicy {
  readonly #targetTicks: number;
  readonly #atKeyframes: boolean;
  #startTime = 0;
  #startedAtKeyframe = true;

  /**
   * @param targetTicks wished duration of a segment, ticks at the track's timescale
   * @param atKeyframes true for video: segments begin at keyframes where there are any
   */
  constructor(targetTicks: number, atKeyframes: boolean) {
    this.#targetTicks = targetTicks;
    this.#atKeyframes = atKeyframes;
  }

  /** Notes that a segment begins with a sample. */
  begin(sample: Sample): void {
    this.#startTime = sample.time;
    this.#startedAtKeyframe = sample.keyframe;
  }

  /** Moves the running segment, ticks. */
  shift(ticks: number): void {
    this.#startTime += ticks;
  }

  /**
   * True when a new segment has to begin with this sample. A video that has no keyframe for three
   * times the target is cut all the same, so that what came becomes durable; the segment after that
   * begins at the next keyframe, however early. Recovery points stand in for keyframes where none come.
   */
  cutsBefore(sample: Sample): boolean {
    const elapsed = sample.time - this.#startTime;
    if (!this.#atKeyframes) return elapsed >= this.#targetTicks;
    if (sample.keyframe) {
      return !this.#startedAtKeyframe || elapsed >= this.#targetTicks * (1 - EARLY);
    }
    if (sample.isRecoveryPoint) {
      const patience = this.#startedAtKeyframe ? PATIENT : 1;
      return elapsed >= this.#targetTicks * patience * (1 - EARLY);
    }
    return elapsed >= this.#targetTicks * LATEST;
  }

  /** True when the segment is long enough and only lacks a keyframe to end at. */
  isDue(time: number): boolean {
    return this.#atKeyframes && time - this.#startTime >= this.#targetTicks;
  }
}
