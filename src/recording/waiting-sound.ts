import { TICKS_PER_SECOND, type Ticks, type Us } from '../media/media-time.ts';
import type { AudioPacket } from './audio-track.ts';

/** Maximum duration of waiting sound. */
const MOST_TICKS = 4 * TICKS_PER_SECOND;
/** Maximum number of waiting packets, whatever their stated duration: 4 s of the shortest ones. */
const MOST_PACKETS = 1600;

/**
 * Sound that waits for its picture, so that both tracks of a Period begin and end together: players
 * skip up to a second otherwise.
 *
 * Its times are since the Unix epoch, not on the track's own timeline, which may be replaced while
 * the sound waits.
 */
export class WaitingSound {
  /** When the first packet began to wait. */
  sinceUs: Us = 0;
  #packets: AudioPacket[] = [];
  /** Number of packets, from the first on, that belong to a previous timeline. */
  #ofBefore = 0;

  /** The packet that has waited longest. */
  get first(): AudioPacket | undefined {
    return this.#packets[0];
  }

  /** The packet that arrived last. */
  get last(): AudioPacket | undefined {
    return this.#packets.at(-1);
  }

  /** True if the first packets must be written or dropped before another is added. */
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

  /** Removes the packet that has waited longest. */
  take(): void {
    this.#packets.shift();
    if (this.#ofBefore > 0) this.#ofBefore--;
  }

  /** Moves the waiting packets after the track's place became final. @param ticks delay */
  settle(ticks: Ticks): void {
    for (let i = this.#ofBefore; i < this.#packets.length; i++) {
      this.#packets[i]!.start += ticks;
      this.#packets[i]!.end += ticks;
    }
  }

  /**
   * The sender begins a new timeline: waiting packets keep their places, wherever the new one is
   * placed.
   */
  restart(): void {
    this.#ofBefore = this.#packets.length;
  }

  /** Drops all packets. @returns their number */
  clear(): number {
    const count = this.#packets.length;
    this.#packets = [];
    this.#ofBefore = 0;
    return count;
  }
}
