/**
 * µs since the Unix epoch on a clock that never steps: the system's wall clock at start-up plus the
 * monotonic time since. A later step of the system clock (NTP, an operator) does not affect it, so
 * segments can never overlap because of one.
 */
export function steadyNowUs(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}
