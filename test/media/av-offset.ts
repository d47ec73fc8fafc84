/** One flash and the beep that belongs to it. */
export interface AvOffset {
  /** Time of the flash, seconds since the Unix epoch. */
  time: number;
  /** How much later the beep is than the flash: ms, negative where it is earlier. */
  offsetMs: number;
}

/**
 * Pairs each flash with the nearest beep. Flashes and beeps come once a second, so an offset beyond
 * half a second cannot be told from one the other way.
 * @param flashes, beeps seconds since the Unix epoch
 * @throws Error for a flash without a beep within 500 ms, unless it lies outside the beeps' time
 */
export function avOffsets(flashes: number[], beeps: number[]): AvOffset[] {
  const first = beeps[0];
  const last = beeps.at(-1);
  if (first === undefined || last === undefined) throw new Error('no beep to compare flashes with');
  const offsets: AvOffset[] = [];
  for (const time of flashes) {
    const nearest = beeps.reduce((a, b) => (Math.abs(b - time) < Math.abs(a - time) ? b : a));
    const offset = nearest - time;
    if (Math.abs(offset) <= 0.5) offsets.push({ time, offsetMs: offset * 1000 });
    else if (time > first && time < last) throw new Error(`no beep near the flash at ${time} s`);
  }
  return offsets;
}
