import type { Ticks } from '../media/media-time.ts';
import type { PlacedUnit } from './placed-unit.ts';

/**
 * A keyframe ends the segment even if it is early by this share of the target: with keyframes at
 * the target's distance, jitter of the timestamps must not double every other segment.
 */
const EARLY = 0.02;
/**
 * A segment that began with a keyframe continues up to this multiple of its target, in the hope of
 * another keyframe, before it ends at a recovery point.
 */
const PATIENT = 2;
/** Without keyframes, a segment ends at this multiple of its target. */
const LATEST = 3;

/** Decides where the segments of a track begin. */
export class CutPolicy {
  readonly #target: Ticks;
  readonly #atKeyframes: boolean;
  #start: Ticks = 0;
  #startedAtKeyframe = true;

  /**
   * @param target duration of a segment
   * @param atKeyframes true for video: segments begin at keyframes if there are any
   */
  constructor(target: Ticks, atKeyframes: boolean) {
    this.#target = target;
    this.#atKeyframes = atKeyframes;
  }

  /** A segment begins with this unit. */
  begin({ start, keyframe }: PlacedUnit): void {
    this.#start = start;
    this.#startedAtKeyframe = keyframe;
  }

  /** Moves the current segment in time. */
  shift(ticks: Ticks): void {
    this.#start += ticks;
  }

  /**
   * True if a new segment must begin with this unit. Video without a keyframe for three times the
   * target is cut nevertheless, so that it becomes durable; the next segment then begins at the
   * first keyframe, however early. If there are no keyframes, recovery points replace them.
   */
  cutsBefore({
    start,
    keyframe,
    isRecoveryPoint,
  }: Pick<PlacedUnit, 'start' | 'keyframe' | 'isRecoveryPoint'>): boolean {
    const elapsed = start - this.#start;
    if (!this.#atKeyframes) return elapsed >= this.#target;
    if (keyframe) {
      return !this.#startedAtKeyframe || elapsed >= this.#target * (1 - EARLY);
    }
    if (isRecoveryPoint) {
      const patience = this.#startedAtKeyframe ? PATIENT : 1;
      return elapsed >= this.#target * patience * (1 - EARLY);
    }
    return elapsed >= this.#target * LATEST;
  }

  /** True if the segment is long enough and only lacks a keyframe at which to end. */
  isDue(time: Ticks): boolean {
    return this.#atKeyframes && time - this.#start >= this.#target;
  }
}
