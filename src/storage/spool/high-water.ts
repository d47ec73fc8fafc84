/** How much may wait, and what happens then. */
export interface SpoolLimits {
  /** Bytes waiting at which the policy sets in. */
  highWaterBytes: number;
  /** Bytes waiting at which an alarm is raised, long before. */
  warnBytes: number;
  /**
   * `stop`: nothing new should be recorded. `dropOldest`: the oldest segments for which it says
   * true are deleted without having been uploaded.
   */
  policy: 'stop' | { dropOldest(key: string): boolean };
}

/** A mark that was passed counts as passed until a tenth less is waiting: states must not flutter. */
const RELEASE = 0.9;
/** Dropping makes a fiftieth of room at once, so that not every file has to look for the oldest. */
const DROP_TO = 0.98;

/** Compares what waits with the limits. */
export class HighWater {
  readonly limits: SpoolLimits | undefined;
  /** At or above `highWaterBytes`. */
  isFull = false;
  /** At or above `warnBytes`. */
  isWarning = false;

  constructor(limits: SpoolLimits | undefined) {
    this.limits = limits;
  }

  /** @returns which marks were just passed, upwards or downwards */
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
