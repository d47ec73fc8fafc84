import { LeastDelay } from '../clock/least-delay.ts';
import type { Reordering } from './reordering.ts';
import { SmoothedDelay } from './smoothed-delay.ts';

/**
 * Minimum delay before a missing packet is requested, or, while all packets keep their order, until
 * two later packets have arrived: a packet that is only late arrives by itself, µs.
 */
const MIN_ALLOWANCE_US = 10_000;
/**
 * Maximum delay on a network with strong reordering, so that a lost packet can return in time, µs.
 */
const MAX_ALLOWANCE_US = 300_000;

/** Interval between two requests for a packet before a round trip has been measured, µs. */
const FIRST_INTERVAL_US = 100_000;
const MIN_INTERVAL_US = 30_000;
const MAX_INTERVAL_US = 500_000;
const INTERVAL_GROWTH = 1.5;
const MAX_TRIES = 10;

/**
 * How long a missing packet is awaited if NACKs are answered, µs: a recorder can wait, which leaves
 * time for several requests.
 */
export const RETRANSMISSION_WAIT_US = 1_000_000;
/**
 * Minimum number of requests within that time, whatever the measured round trip: stalled threads or
 * senders make some measurements too long, and requests and retransmissions are lost like packets.
 */
const WANTED_TRIES = 5;
/** The last request is made this long before the end, µs. */
const LAST_TRY_US = 100_000;
/** Packets are not requested faster than the shortest round trip within this time, µs, … */
const LEAST_ROUND_TRIP_WINDOW_US = 30_000_000;
/** … multiplied by this margin. */
const ROUND_TRIP_MARGIN = 1.25;

/** If more packets than this are missing, none is requested. */
const MAX_MISSING = 300;

/**
 * After this many packets that were requested twice and never arrived, NACKs count as unanswered.
 */
const MAX_UNANSWERED = 64;

interface MissingPacket {
  extended: number;
  /** Extended number of the packet whose arrival showed that this one is missing. */
  shownBy: number;
  dueUs: number;
  intervalUs: number;
  tries: number;
  /** When the packet is given up; 0 if that depends on the next request. */
  endUs: number;
  /** Undefined after an outage, which makes the measurement of the round trip invalid. */
  firstAskedUs: number | undefined;
}

/**
 * Decides when to request which missing packet of a stream with a generic NACK (RFC 4585 §6.2.1):
 * as soon as it is later than packets usually are on this network, then at growing intervals longer
 * than a round trip, until it arrives or is given up.
 */
export class NackGenerator {
  readonly #send: (sequenceNumbers: number[]) => void;
  readonly #reordering: Reordering;
  /**
   * By extended number, in ascending order, because packets are added as they are found missing.
   */
  readonly #missing = new Map<number, MissingPacket>();
  /** Time from a request to the packet. */
  readonly #roundTrip = new SmoothedDelay();
  readonly #leastRoundTrip = new LeastDelay(LEAST_ROUND_TRIP_WINDOW_US);
  #newest: number | undefined;
  #notYetAsked = 0;
  #unanswered = 0;
  /** True if retransmissions arrive in the format of RFC 4588 and can be recognized. */
  #ownFormat = false;

  /**
   * @param send sends a request for 16-bit sequence numbers in ascending extended order
   * @param reordering of the network; updated by the owner
   */
  constructor(send: (sequenceNumbers: number[]) => void, reordering: Reordering) {
    this.#send = send;
    this.#reordering = reordering;
  }

  /** Number of missing packets that are still requested. */
  get missing(): number {
    return this.#missing.size;
  }

  /** False if requested packets do not arrive, as with a sender that keeps no packets. */
  get isAnswered(): boolean {
    return this.#unanswered < MAX_UNANSWERED;
  }

  /**
   * Whether a missing packet that just arrived was retransmitted, as far as can be determined. Call
   * it before {@link receive}.
   *
   * @param extended its extended sequence number
   * @param isRetransmission it arrived in the format of RFC 4588
   */
  wasAsked(extended: number, isRetransmission: boolean): boolean {
    if (isRetransmission) {
      this.#ownFormat = true;
      return true;
    }
    return !this.#ownFormat && (this.#missing.get(extended)?.tries ?? 0) > 0;
  }

  /**
   * Takes a packet, original or retransmitted, and requests the packets that it has overtaken.
   *
   * @param extended its extended sequence number
   * @param nowUs µs on the steady clock
   * @param wasAsked it arrived because it was requested
   * @returns false if so many packets are missing that requests would only add to the congestion:
   * all are forgotten, and a keyframe should be requested instead
   */
  receive(extended: number, nowUs: number, wasAsked = false): boolean {
    const newest = this.#newest ?? extended;
    if (extended <= newest) {
      this.#newest = newest;
      if (this.#missing.size > 0) this.#arrived(extended, nowUs, wasAsked);
      return true;
    }
    this.#newest = extended;
    if (this.#missing.size + extended - newest - 1 > MAX_MISSING) {
      this.#missing.clear();
      this.#notYetAsked = 0;
      return false;
    }
    // Before the new gaps are added: this packet is only the first that overtook them.
    if (this.#notYetAsked > 0) this.#ask(nowUs);
    if (extended === newest + 1) return true;
    const allowanceUs = this.#reordering.allowanceUs(nowUs);
    const dueUs = nowUs + Math.max(MIN_ALLOWANCE_US, Math.min(allowanceUs, MAX_ALLOWANCE_US));
    for (let n = newest + 1; n < extended; n++) {
      this.#missing.set(n, {
        extended: n,
        // If packets are reordered, the number of later packets does not indicate loss.
        shownBy: allowanceUs > 0 ? Number.POSITIVE_INFINITY : extended,
        dueUs,
        intervalUs: this.#intervalUs,
        tries: 0,
        endUs: nowUs + RETRANSMISSION_WAIT_US,
        firstAskedUs: 0,
      });
      this.#notYetAsked++;
    }
    return true;
  }

  /** Sends or repeats the requests that are due at `nowUs` (µs on the steady clock). */
  poll(nowUs: number): void {
    if (this.#missing.size > 0) this.#ask(nowUs);
  }

  /**
   * Nothing arrives at present: the first {@link poll} afterwards requests all missing packets
   * again.
   */
  suspend(): void {
    for (const missing of this.#missing.values()) {
      missing.dueUs = 0;
      missing.endUs = 0;
      missing.intervalUs = this.#intervalUs;
      if (missing.tries === 0) continue;
      missing.tries = 1;
      missing.firstAskedUs = undefined;
    }
  }

  /** Stops requesting packets below this extended number, which were given up. */
  forgetBefore(extended: number): void {
    for (const missing of this.#missing.values()) {
      if (missing.extended >= extended) return;
      if (missing.tries > 1) this.#unanswered++;
      this.#forget(missing);
    }
  }

  /** Forgets everything; the next packet may have any number. */
  reset(): void {
    this.#missing.clear();
    this.#notYetAsked = 0;
    this.#newest = undefined;
    this.#unanswered = 0;
    this.#ownFormat = false;
    this.#roundTrip.reset();
    this.#leastRoundTrip.reset();
  }

  get #intervalUs(): number {
    if (!this.#roundTrip.known) return FIRST_INTERVAL_US;
    return Math.max(MIN_INTERVAL_US, Math.min(this.#roundTrip.above(2), MAX_INTERVAL_US));
  }

  /** Maximum delay of the next request, so that the minimum number of requests fits. */
  #mostUs({ tries, endUs }: MissingPacket, nowUs: number): number {
    if (tries >= WANTED_TRIES) return Number.POSITIVE_INFINITY;
    const shareUs = Math.max(0, endUs - LAST_TRY_US - nowUs) / (WANTED_TRIES - tries);
    const least = this.#leastRoundTrip.value;
    const roundTripUs = Number.isFinite(least) ? least * ROUND_TRIP_MARGIN : 0;
    return Math.max(shareUs, roundTripUs, MIN_INTERVAL_US);
  }

  #arrived(extended: number, nowUs: number, wasAsked: boolean): void {
    const missing = this.#missing.get(extended);
    if (missing === undefined) return;
    if (wasAsked && missing.tries > 0) {
      this.#unanswered = 0;
      // It is unknown which of several requests was answered. The first one gives an upper bound;
      // with the last one, a round trip longer than the interval would never be detected.
      const { firstAskedUs } = missing;
      if (firstAskedUs !== undefined) {
        this.#roundTrip.note(nowUs - firstAskedUs);
        this.#leastRoundTrip.note(nowUs - firstAskedUs, nowUs);
      }
    }
    this.#forget(missing);
  }

  #forget(missing: MissingPacket): void {
    this.#missing.delete(missing.extended);
    if (missing.tries === 0) this.#notYetAsked--;
  }

  #ask(nowUs: number): void {
    const sequenceNumbers: number[] = [];
    for (const missing of this.#missing.values()) {
      const overtaken = missing.tries === 0 && missing.shownBy < this.#newest!;
      if (!overtaken && nowUs < missing.dueUs) continue;
      if (missing.tries === MAX_TRIES) {
        // Kept for one more interval to recognize the response to the last request.
        this.#unanswered++;
        this.#missing.delete(missing.extended);
        continue;
      }
      sequenceNumbers.push(missing.extended & 0xffff);
      if (missing.tries === 0) {
        this.#notYetAsked--;
        missing.firstAskedUs = nowUs;
      }
      missing.tries++;
      if (missing.endUs === 0) missing.endUs = nowUs + RETRANSMISSION_WAIT_US;
      missing.dueUs = nowUs + Math.min(missing.intervalUs, this.#mostUs(missing, nowUs));
      missing.intervalUs *= INTERVAL_GROWTH;
    }
    if (sequenceNumbers.length > 0) this.#send(sequenceNumbers);
  }
}
