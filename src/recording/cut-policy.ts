import type { Ticks } from '../media/media-time.ts';
import type { PlacedUnit } from './placed-unit.ts';

/**
 * A keyframe that comes this much of the target early still ends the segment: with keyframes at the
 * target's distance, jitter of the timestamps must not double every other segment.
 */
const EARLY = 0.02;
/**
 * A segment that began with a keyframe is continued up to this multiple of its target, because the next
 * may, before it ends at a recovery point.
 */
const PATIENT = 2;
/** Without a keyframe a segment ends at this many times its target. */
const LATEST = 3;

/** Decides where segments of one track begin. */
export class CutPolicy {
  readonly #target: Ticks;
  readonly #atKeyframes: boolean;
  #start: Ticks = 0;
  #startedAtKeyframe = true;

  /**
   * @param target wished duration of a segment
   * @param atKeyframes true for video: segments begin at keyframes where there are any
   */
  constructor(target: Ticks, atKeyframes: boolean) {
    this.#target = target;
    this.#atKeyframes = atKeyframes;
  }

  /** Notes that a segment begins with a unit. */
  begin({ start, keyframe }: PlacedUnit): void {
    this.#start = start;
    this.#startedAtKeyframe = keyframe;
  }

  /** Moves the running segment. */
  shift(ticks: Ticks): void {
    this.#start += ticks;
  }

  /**
   * True when a new segment has to begin with this unit. A video that has no keyframe for three
   * times the target is cut all the same, so that what came becomes durable; the segment after that
   * begins at the next keyframe, however early. Recovery points stand in for keyframes where none come.
   */
  cutsBefore({ start, keyframe, isRecoveryPoint }: PlacedUnit): boolean {
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

  /** True when the segment is long enough and only lacks a keyframe to end at. */
  isDue(time: Ticks): boolean {
    return this.#atKeyframes && time - this.#start >= this.#target;
  }
}
