import { TICKS_PER_SECOND, type Ticks, type Us } from '../media/media-time.ts';
import type { AudioPacket } from './audio-track.ts';

/** Sound is kept waiting for at most this long … */
const MOST_TICKS = 4 * TICKS_PER_SECOND;
/** … and, whatever its packets say of their length, no more packets: 4 s of the shortest ones. */
const MOST_PACKETS = 1600;

/**
 * Sound that waits for the picture it belongs to, so that both tracks of a Period begin and end
 * together: players skip up to a second where they do not.
 *
 * Its times are since the Unix epoch, not of the track's own timeline: that one may
 * be followed by another while the sound waits.
 */
export class WaitingSound {
  /** Since when the first packet waits. */
  sinceUs: Us = 0;
  #packets: AudioPacket[] = [];
  /** How many of them, from the first on, are of a timeline that is over. */
  #ofBefore = 0;

  /** The packet that waits longest. */
  get first(): AudioPacket | undefined {
    return this.#packets[0];
  }

  /** The packet that came last. */
  get last(): AudioPacket | undefined {
    return this.#packets.at(-1);
  }

  /** True when no more should wait: the first ones have to be written, or dropped. */
  get isFull(): boolean {
    const first = this.#packets[0];
    if (first === undefined) return false;
    return this.#packets.length > MOST_PACKETS || this.last!.end - first.start > MOST_TICKS;
  }

  /** Takes a packet. */
  push(packet: AudioPacket, nowUs: Us): void {
    if (this.#packets.length === 0) this.sinceUs = nowUs;
    this.#packets.push(packet);
  }

  /** Takes the packet that waits longest out. */
  take(): void {
    this.#packets.shift();
    if (this.#ofBefore > 0) this.#ofBefore--;
  }

  /** Moves what waits after the track's place was settled. @param ticks how much later */
  settle(ticks: Ticks): void {
    for (let i = this.#ofBefore; i < this.#packets.length; i++) {
      this.#packets[i]!.start += ticks;
      this.#packets[i]!.end += ticks;
    }
  }

  /** The sender begins a new timeline: what waits keeps its place, wherever that one is settled. */
  restart(): void {
    this.#ofBefore = this.#packets.length;
  }

  /** Drops all of it. @returns how many packets */
  clear(): number {
    const count = this.#packets.length;
    this.#packets = [];
    this.#ofBefore = 0;
    return count;
  }
}
