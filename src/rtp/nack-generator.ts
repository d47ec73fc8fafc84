/** Reordering is not loss: a missing packet is asked for when two later ones or this much time came. */
const allowanceUs = 10_000;

/** First interval between two requests for one packet: a usual round trip with room. */
const firstIntervalUs = 100_000;
const intervalGrowth = 1.5;
const maxTries = 10;

/** More missing packets than this are not asked for. */
const maxMissing = 300;

interface MissingPacket {
  extended: number;
  /** Extended number of the packet whose arrival showed that this one is missing. */
  shownBy: number;
  dueUs: number;
  intervalUs: number;
  tries: number;
}

/**
 * Decides when which missing packet of one stream is asked for with a generic NACK (RFC 4585
 * §6.2.1): soon after it is missing, then at growing intervals until it arrives or is given up.
 */
export class NackGenerator {
  readonly #send: (sequenceNumbers: number[]) => void;
  /** By extended number; ascending, because numbers are added as they are found missing. */
  readonly #missing = new Map<number, MissingPacket>();
  #newest: number | undefined;
  #notYetAsked = 0;

  /** @param send takes the 16-bit sequence numbers to ask for, in ascending extended order. */
  constructor(send: (sequenceNumbers: number[]) => void) {
    this.#send = send;
  }

  /** How many packets are missing and still asked for. */
  get missing(): number {
    return this.#missing.size;
  }

  /**
   * Notes the arrival of a packet, original or retransmitted, and asks for what two later packets
   * have overtaken.
   *
   * @param extended its extended sequence number
   * @param nowUs µs on the steady clock
   * @returns false when so many are missing that asking for them would only add to the congestion:
   *   all are forgotten, and a keyframe should be asked for instead.
   */
  receive(extended: number, nowUs: number): boolean {
    const newest = this.#newest ?? extended;
    if (extended <= newest) {
      this.#newest = newest;
      if (this.#missing.size > 0) this.#forget(extended);
      return true;
    }
    this.#newest = extended;
    if (this.#missing.size + extended - newest - 1 > maxMissing) {
      this.#missing.clear();
      this.#notYetAsked = 0;
      return false;
    }
    // Before the new ones are noted: this packet is only the first that overtook those.
    if (this.#notYetAsked > 0) this.#ask(nowUs);
    for (let n = newest + 1; n < extended; n++) {
      this.#missing.set(n, {
        extended: n,
        shownBy: extended,
        dueUs: nowUs + allowanceUs,
        intervalUs: firstIntervalUs,
        tries: 0,
      });
      this.#notYetAsked++;
    }
    return true;
  }

  /** Asks, also again, for what is due at `nowUs` (µs on the steady clock). */
  poll(nowUs: number): void {
    if (this.#missing.size > 0) this.#ask(nowUs);
  }

  /** Stops asking for packets below this extended number. */
  forgetBefore(extended: number): void {
    for (const missing of this.#missing.keys()) {
      if (missing >= extended) return;
      this.#forget(missing);
    }
  }

  /** Forgets everything; the next packet may have any number. */
  reset(): void {
    this.#missing.clear();
    this.#notYetAsked = 0;
    this.#newest = undefined;
  }

  #forget(extended: number): void {
    const missing = this.#missing.get(extended);
    if (missing === undefined) return;
    this.#missing.delete(extended);
    if (missing.tries === 0) this.#notYetAsked--;
  }

  #ask(nowUs: number): void {
    const sequenceNumbers: number[] = [];
    for (const missing of this.#missing.values()) {
      const overtaken = missing.tries === 0 && missing.shownBy < this.#newest!;
      if (!overtaken && nowUs < missing.dueUs) continue;
      sequenceNumbers.push(missing.extended & 0xffff);
      if (missing.tries === 0) this.#notYetAsked--;
      missing.tries++;
      missing.dueUs = nowUs + missing.intervalUs;
      missing.intervalUs *= intervalGrowth;
      if (missing.tries === maxTries) this.#missing.delete(missing.extended);
    }
    if (sequenceNumbers.length > 0) this.#send(sequenceNumbers);
  }
}
