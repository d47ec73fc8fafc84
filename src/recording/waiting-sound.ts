import type { AudioPacket } from './audio-track.ts';

/** Packets of sound kept while they cannot be written: 4 s of 20 ms each. */
const MOST_PACKETS = 200;

/**
 * Sound that waits for the picture it belongs to, so that both tracks of a Period begin and end
 * together: players skip up to a second where they do not.
 */
export class WaitingSound {
  /** Since when the first packet waits, µs since the Unix epoch. */
  sinceUs = 0;
  #packets: AudioPacket[] = [];

  /** The packet that waits longest. */
  get first(): AudioPacket | undefined {
    return this.#packets[0];
  }

  /** The packet that came last. */
  get last(): AudioPacket | undefined {
    return this.#packets.at(-1);
  }

  /**
   * Takes a packet.
   * @param nowUs µs since the Unix epoch
   * @returns false when the one that waited longest had to be dropped for it
   */
  push(packet: AudioPacket, nowUs: number): boolean {
    if (this.#packets.length === 0) this.sinceUs = nowUs;
    this.#packets.push(packet);
    if (this.#packets.length <= MOST_PACKETS) return true;
    this.#packets.shift();
    return false;
  }

  /** Takes the packet that waits longest out. */
  shift(): void {
    this.#packets.shift();
  }

  /** Drops all of it. @returns how many packets */
  clear(): number {
    const count = this.#packets.length;
    this.#packets = [];
    return count;
  }
}
