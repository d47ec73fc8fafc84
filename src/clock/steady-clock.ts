/** Read once, because the getter costs as much as the clock itself. */
const ORIGIN_MS = performance.timeOrigin;

/**
 * µs since the Unix epoch on a clock that never steps: the system's wall clock at start-up plus the
 * monotonic time since. A later step of the system clock (NTP, an operator) does not affect it, so
 * segments can never overlap because of one.
 */
export function steadyNowUs(): number {
  return Math.floor((ORIGIN_MS + performance.now()) * 1000);
}

/** µs since some instant before the start, the same in all threads: for durations across threads. */
export function uptimeUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
