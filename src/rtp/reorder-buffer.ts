import { keepPayload, type RtpPacket } from '../media/rtp-packet.ts';

/** Result of adding a packet to a {@link ReorderBuffer}. */
export type ReorderOutcome =
  /** Next in order, and not kept: the caller has it. */
  | 'next'
  /** Held until the packets before it are there, or in order with others behind it. */
  | 'taken'
  /** The same packet is in the buffer or was delivered. */
  | 'duplicate'
  /** Its place was already given up, or its trace overwritten. */
  | 'late';

/** Limits of a {@link ReorderBuffer}. */
export interface ReorderLimits {
  /** How long a missing packet is awaited after the first later one arrived, µs. */
  maxWaitUs: number;
  /**
   * Maximum number of sequence numbers between the oldest missing and the newest packet; a power of
   * 2.
   */
  capacity: number;
}

/**
 * Orders the packets of a stream by their extended sequence numbers.
 *
 * A missing packet holds back later ones until it arrives, its time expires or the buffer is full,
 * which limits the memory. The work per packet is constant: each sequence number has a fixed slot
 * and is passed once.
 *
 * After each call that adds or gives up packets, remove those that are in order with
 * {@link ReorderBuffer.shift}.
 */
export class ReorderBuffer {
  /** How long a missing packet is awaited, see {@link ReorderLimits}; may change at any time. */
  maxWaitUs: number;
  /** True if packets were given up between the last two packets that were returned. */
  lostBefore = false;
  readonly #capacity: number;
  readonly #mask: number;
  /** Packets that wait for earlier ones, by their extended numbers. */
  readonly #waiting = new Map<number, RtpPacket>();
  /** Extended number of the last packet in each slot, to detect duplicates. */
  readonly #takenNumbers: Float64Array;
  /** When each missing number was found missing. */
  readonly #missingSinceUs: Float64Array;
  #started = false;
  #first = 0;
  #next = 0;
  #newest = 0;
  #isLost = false;
  /** Packets in order that have not been removed yet: from `#taken` to `#passed`. */
  readonly #ready: (RtpPacket | undefined)[] = [];
  readonly #readyLost: boolean[] = [];
  #taken = 0;
  #passed = 0;
  #lost = 0;

  /** @throws RangeError if `capacity` is not a power of 2 */
  constructor({ maxWaitUs = 1_000_000, capacity = 2048 }: Partial<ReorderLimits> = {}) {
    if (capacity < 1 || !Number.isInteger(Math.log2(capacity))) {
      throw new RangeError(`capacity must be a power of 2, got ${capacity}`);
    }
    this.maxWaitUs = maxWaitUs;
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.#takenNumbers = new Float64Array(capacity).fill(-1);
    this.#missingSinceUs = new Float64Array(capacity);
  }

  /** The next extended number to deliver; lower ones were delivered or given up. */
  get next(): number {
    return this.#next;
  }

  /** Number of packets given up so far. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * How long a number has been known to be missing, µs, also after it was given up as long as its
   * trace exists. 0 if it is not missing.
   *
   * @param nowUs the clock of {@link push}
   */
  missingForUs(extended: number, nowUs: number): number {
    if (!this.#started || extended < this.#first || extended >= this.#newest) return 0;
    if (extended <= this.#newest - this.#capacity) return 0;
    const slot = extended & this.#mask;
    return this.#takenNumbers[slot] === extended ? 0 : nowUs - this.#missingSinceUs[slot]!;
  }

  /**
   * Adds a packet. For one that is `next`, {@link ReorderBuffer.lostBefore} tells whether earlier ones are lost.
   *
   * @param extended its extended sequence number, see `SequenceExtender`
   * @param nowUs µs on any monotonic clock, the same as for {@link expire}
   */
  push(extended: number, packet: RtpPacket, nowUs: number): ReorderOutcome {
    if (!this.#started) this.#start(extended);
    const slot = extended & this.#mask;
    if (this.#takenNumbers[slot] === extended) return 'duplicate';
    if (extended < this.#next) return 'late';

    const oldestAllowed = extended - this.#capacity + 1;
    if (oldestAllowed > this.#next) this.#giveUpBefore(oldestAllowed);
    for (let n = Math.max(this.#newest + 1, this.#next); n < extended; n++) {
      this.#missingSinceUs[n & this.#mask] = nowUs;
    }
    if (extended > this.#newest) this.#newest = extended;
    this.#takenNumbers[slot] = extended;
    if (extended !== this.#next) {
      keepPayload(packet);
      this.#waiting.set(extended, packet);
      return 'taken';
    }
    // Most packets: nothing of them has to be written to objects that live on.
    if (this.#waiting.size === 0 && this.#taken === this.#passed) {
      this.#next++;
      this.lostBefore = this.#isLost;
      this.#isLost = false;
      return 'next';
    }
    this.#pass(packet);
    this.#passInOrder();
    return 'taken';
  }

  /**
   * Removes the next packet in order; {@link ReorderBuffer.lostBefore} then tells whether earlier
   * ones are lost.
   */
  shift(): RtpPacket | undefined {
    const at = this.#taken;
    if (at === this.#passed) return undefined;
    const packet = this.#ready[at];
    this.lostBefore = this.#readyLost[at]!;
    this.#ready[at] = undefined;
    this.#taken++;
    if (this.#taken === this.#passed) {
      this.#taken = 0;
      this.#passed = 0;
    }
    return packet;
  }

  /** Gives up the missing packets whose time has expired at `nowUs`. */
  expire(nowUs: number): void {
    while (
      this.#waiting.size > 0 &&
      nowUs - this.#missingSinceUs[this.#next & this.#mask]! >= this.maxWaitUs
    ) {
      this.#giveUpBefore(this.#next + 1);
    }
  }

  /** Gives up all missing packets: all packets in the buffer are then in order. */
  flush(): void {
    if (this.#waiting.size > 0) this.#giveUpBefore(this.#newest + 1);
  }

  /**
   * Makes all packets in the buffer count as in order and continues at another extended number,
   * higher than all before; packets before the next one count as lost.
   */
  skipTo(extended: number): void {
    this.flush();
    this.#start(extended);
    this.#isLost = true;
  }

  /** Removes all packets that are not in order yet. The next packet may have any number. */
  reset(): void {
    this.#waiting.clear();
    this.#takenNumbers.fill(-1);
    this.#started = false;
    this.#isLost = false;
  }

  #start(extended: number): void {
    this.#started = true;
    this.#first = extended;
    this.#next = extended;
    this.#newest = extended - 1;
  }

  #passInOrder(): void {
    while (this.#waiting.size > 0) {
      const packet = this.#waiting.get(this.#next);
      if (packet === undefined) return;
      this.#waiting.delete(this.#next);
      this.#pass(packet);
    }
  }

  #pass(packet: RtpPacket): void {
    this.#next++;
    this.#ready[this.#passed] = packet;
    this.#readyLost[this.#passed] = this.#isLost;
    this.#passed++;
    this.#isLost = false;
  }

  /** Advances at least to `limit`, past missing packets. */
  #giveUpBefore(limit: number): void {
    while (this.#next < limit) {
      // Otherwise a jump would be walked number by number without finding anything.
      const missing = this.#waiting.size === 0 ? limit - this.#next : 1;
      this.#next += missing;
      this.#lost += missing;
      this.#isLost = true;
      this.#passInOrder();
    }
  }
}
