import { srtpMemory } from './srtp-memory.ts';

/** Length of a window, bytes: keystream of 16 packets of 1.5 KB. Of most, only the beginning is ever touched. */
export const WINDOW_BYTES = 0x6000;
/** Windows that are added at a time. */
const ADDED = 64;
/** Most windows: more SSRCs than a thread can receive. */
const MOST = 4096;

/** Addresses of those that nobody has; the last one was in use last. */
const free: number[] = [];
let count = 0;

/**
 * A place for keystream in the memory of SRTP, which the caller has until {@link returnWindow}.
 * @returns its address; `undefined` if others have them all
 */
export function takeWindow(): number | undefined {
  if (free.length === 0 && count < MOST) add();
  return free.pop();
}

/** Gives a window back. @param address as {@link takeWindow} returned it */
export function returnWindow(address: number): void {
  free.push(address);
}

/** Number of windows that somebody has. */
export function windowsInUse(): number {
  return count - free.length;
}

function add(): void {
  const { address, length } = srtpMemory.grow(ADDED * WINDOW_BYTES);
  for (let end = address + length; end > address; end -= WINDOW_BYTES)
    free.push(end - WINDOW_BYTES);
  count += length / WINDOW_BYTES;
}
