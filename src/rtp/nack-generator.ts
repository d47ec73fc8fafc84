import { LeastDelay } from '../clock/least-delay.ts';
import type { Reordering } from './reordering.ts';
import { SmoothedDelay } from './smoothed-delay.ts';

/**
 * A missing packet is asked for after this time, or when two later packets came where all
 * keep their order: what is only late comes by itself.
 */
const MIN_ALLOWANCE_US = 10_000;
/** On the worst of networks it is asked for after this: what is lost must come back in time. */
const MAX_ALLOWANCE_US = 300_000;

/** Interval between two requests for one packet before a round trip was measured. */
const FIRST_INTERVAL_US = 100_000;
const MIN_INTERVAL_US = 30_000;
const MAX_INTERVAL_US = 500_000;
const INTERVAL_GROWTH = 1.5;
const MAX_TRIES = 10;

/**
 * How long a missing packet is waited for where NACKs are answered, µs: a recorder has no hurry, and
 * there is time for several of them.
 */
export const RETRANSMISSION_WAIT_US = 1_000_000;
/**
 * So many tries fit into that, whatever round trips looked like: where threads or senders stalled
 * some were measured too long, and requests and answers are lost like packets.
 */
const WANTED_TRIES = 5;
/** The last of them is made this long before the end, µs. */
const LAST_TRY_US = 100_000;
/** A path that has had no shorter round trip of late is not asked sooner: for this long, µs … */
const LEAST_ROUND_TRIP_WINDOW_US = 30_000_000;
/** … and with this margin. */
const ROUND_TRIP_MARGIN = 1.25;

/** More missing packets than this are not asked for. */
const MAX_MISSING = 300;

/** So many packets that were asked for twice and never came, and nobody answers. */
const MAX_UNANSWERED = 64;

interface MissingPacket {
  extended: number;
  /** Extended number of the packet whose arrival showed that this one is missing. */
  shownBy: number;
  dueUs: number;
  intervalUs: number;
  tries: number;
  /** When the packet is given up; 0 where that is counted from the next request. */
  endUs: number;
  /** Undefined where an outage came in between: that tells nothing of the round trip. */
  firstAskedUs: number | undefined;
}

/**
 * Decides when which missing packet of one stream is asked for with a generic NACK (RFC 4585
 * §6.2.1): once it is later than packets of this network are, then at growing intervals, longer than
 * a round trip, until it arrives or is given up.
 */
export class NackGenerator {
  readonly #send: (sequenceNumbers: number[]) => void;
  readonly #reordering: Reordering;
  /** By extended number; ascending, because numbers are added as they are found missing. */
  readonly #missing = new Map<number, MissingPacket>();
  /** From a request to the packet. */
  readonly #roundTrip = new SmoothedDelay();
  readonly #leastRoundTrip = new LeastDelay(LEAST_ROUND_TRIP_WINDOW_US);
  #newest: number | undefined;
  #notYetAsked = 0;
  #unanswered = 0;
  /** Retransmissions come in the format of RFC 4588, so that they can be told. */
  #ownFormat = false;

  /**
   * @param send takes the 16-bit sequence numbers to ask for, in ascending extended order
   * @param reordering how the network mixes up the order of packets; fed by the owner
   */
  constructor(send: (sequenceNumbers: number[]) => void, reordering: Reordering) {
    this.#send = send;
    this.#reordering = reordering;
  }

  /** How many packets are missing and still asked for. */
  get missing(): number {
    return this.#missing.size;
  }

  /** False when packets that were asked for do not come, as with a sender that keeps none. */
  get isAnswered(): boolean {
    return this.#unanswered < MAX_UNANSWERED;
  }

  /**
   * Whether a missing packet that has come now was sent again, as far as can be told. To be called
   * before {@link receive}.
   *
   * @param extended its extended sequence number
   * @param isRetransmission it came in the format of RFC 4588
   */
  wasAsked(extended: number, isRetransmission: boolean): boolean {
    if (isRetransmission) {
      this.#ownFormat = true;
      return true;
    }
    return !this.#ownFormat && (this.#missing.get(extended)?.tries ?? 0) > 0;
  }

  /**
   * Notes the arrival of a packet, original or retransmitted, and asks for what has been overtaken.
   *
   * @param extended its extended sequence number
   * @param nowUs µs on the steady clock
   * @param wasAsked it came because it was asked for
   * @returns false when so many are missing that asking for them would only add to the congestion:
   *   all are forgotten, and a keyframe should be asked for instead.
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
    // Before the new ones are noted: this packet is only the first that overtook those.
    if (this.#notYetAsked > 0) this.#ask(nowUs);
    if (extended === newest + 1) return true;
    const allowanceUs = this.#reordering.allowanceUs(nowUs);
    const dueUs = nowUs + Math.max(MIN_ALLOWANCE_US, Math.min(allowanceUs, MAX_ALLOWANCE_US));
    for (let n = newest + 1; n < extended; n++) {
      this.#missing.set(n, {
        extended: n,
        // Where order means little, no number of later packets is a sign of loss.
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

  /** Asks, also again, for what is due at `nowUs` (µs on the steady clock). */
  poll(nowUs: number): void {
    if (this.#missing.size > 0) this.#ask(nowUs);
  }

  /** Nothing gets through at present: what is missing is asked for anew by the first {@link poll} after. */
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

  /** Stops asking for packets below this extended number: they were given up. */
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

  /** How long to wait for the next try at most, so that all that are wanted come in time. */
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
      // Which of several requests was answered is not known. The first one is an upper bound: with
      // the last one a round trip that is longer than the interval would never be found out.
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
        // Kept for one interval more, so that the answer to the last request is known for one.
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
