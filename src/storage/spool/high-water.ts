/** Limits of the spool. */
export interface SpoolLimits {
  /** Bytes waiting above which the policy applies. */
  highWaterBytes: number;
  /** Bytes waiting above which a warning is logged; well below the high-water mark. */
  warnBytes: number;
  /**
   * `stop`: no new recording should begin. `dropOldest`: the oldest segments for which the function
   * returns true are deleted without upload.
   */
  policy: 'stop' | { dropOldest(key: string): boolean };
}

/** A mark is released when the waiting bytes fall 10 % below it, to prevent flapping. */
const RELEASE = 0.9;
/** Dropping frees 2 % at once, so that not every new file triggers a search. */
const DROP_TO = 0.98;

/** Compares the waiting bytes with the limits. */
export class HighWater {
  readonly limits: SpoolLimits | undefined;
  /** True from `highWaterBytes` on. */
  isFull = false;
  /** True from `warnBytes` on. */
  isWarning = false;

  constructor(limits: SpoolLimits | undefined) {
    this.limits = limits;
  }

  /** @returns the mark that was just passed or released */
  update(bytes: number): 'warning' | 'full' | 'released' | undefined {
    if (this.limits === undefined) return undefined;
    const { highWaterBytes, warnBytes, policy } = this.limits;
    const release = policy === 'stop' ? RELEASE : DROP_TO;
    const wasFull = this.isFull;
    const wasWarning = this.isWarning;
    this.isFull = bytes >= highWaterBytes * (wasFull ? release : 1);
    this.isWarning = bytes >= warnBytes * (wasWarning ? RELEASE : 1);
    if (this.isFull && !wasFull) return 'full';
    if (this.isWarning && !wasWarning) return 'warning';
    return (wasFull && !this.isFull) || (wasWarning && !this.isWarning) ? 'released' : undefined;
  }
}
