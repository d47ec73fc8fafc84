import { steadyNowUs } from '../clock/steady-clock.ts';
import {
  CONTENT_TYPES,
  type DtlsRecord,
  RECORD_HEADER_BYTES,
  readRecords,
  writeRecordHeader,
} from './dtls-record.ts';

/** Size of the header of a handshake message (RFC 6347 §4.2.2), bytes. */
const MESSAGE_HEADER_BYTES = 12;
/** HandshakeType of RFC 5246 §7.4. */
const FINISHED = 20;
/** Maximum size of a message, bytes: a self-signed certificate has a few hundred. */
const MAX_MESSAGE_BYTES = 16_384;
/** Maximum size of all waiting messages, bytes: a flight of the handshake has a few thousand. */
const MAX_WAITING_BYTES = 32_768;
/** How many messages ahead of the next one are kept; a flight has six at most. */
const WINDOW = 8;
/** Maximum number of encrypted records that wait for their key. */
const MAX_LOCKED_RECORDS = 4;
/**
 * A copy of the first ClientHello that follows the answer so soon was sent before it, µs: both waited
 * while this thread was busy. Some clients, such as werift's, give up if they are answered twice. The
 * shortest timer of a client is longer (Chromium's is 50 ms), so a lost answer is repeated all the same.
 */
const SAME_HELLO_US = 20_000;

/** Options of a {@link HandshakeOrder}. */
export interface HandshakeOrderOptions {
  /** Decrypts a record; `undefined` if there is no key yet, or the record is not authentic. */
  open(record: DtlsRecord): Buffer | undefined;
  /**
   * Receives the next datagram: one record with one complete handshake message, or with anything
   * that is not part of the handshake.
   */
  deliver(datagram: Buffer): void;
  /**
   * True for the server, which responds again to the first and to the last message of the
   * handshake.
   */
  isServer: boolean;
  /** Returns µs; the steady clock by default. */
  now?: () => number;
}

/** A fragment of a message (RFC 6347 §4.2.2). */
interface Fragment {
  type: number;
  /** Length of the whole message, bytes. */
  length: number;
  /** `message_seq`, the message's place in the handshake. */
  place: number;
  offset: number;
  body: Buffer;
}

/** A message of which at least one fragment has arrived. */
interface Message {
  type: number;
  length: number;
  /** The record with the whole message, as it is delivered. */
  datagram: Buffer;
  /** Marks the bytes that have arrived; empty once all have. */
  has: Uint8Array;
  missing: number;
}

/**
 * Orders the messages of a handshake (RFC 6347 §4.2.2–4.2.4): on a path with loss and reordering,
 * their fragments arrive in any order and repeatedly. They are delivered complete, in the order of
 * `message_seq`, and once. A retransmission is delivered again only if no timer of ours repeats the
 * response: the first ClientHello, answered by a HelloVerifyRequest, and the Finished of a client.
 */
export class HandshakeOrder {
  readonly #options: HandshakeOrderOptions;
  /** By `message_seq`. */
  readonly #messages = new Map<number, Message>();
  #waitingBytes = 0;
  /** Records of an epoch without keys, oldest first. */
  readonly #locked: DtlsRecord[] = [];
  /** `message_seq` of the next message. */
  #next = 0;
  #isFinished = false;
  /** When the first ClientHello was delivered last, µs on the steady clock. */
  #helloUs = Number.NEGATIVE_INFINITY;

  constructor(options: HandshakeOrderOptions) {
    this.#options = options;
  }

  /** Total size of the messages that are incomplete or early, bytes. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Takes a datagram of the peer. Drops what is truncated or contradicts what has arrived. */
  receive(datagram: Buffer): void {
    for (const record of readRecords(datagram)) {
      if (record.contentType === CONTENT_TYPES.handshake) {
        if (record.epoch === 0) this.#receiveOpen(record);
        else this.#receiveProtected(record);
      } else if (
        record.contentType === CONTENT_TYPES.alert ||
        record.contentType === CONTENT_TYPES.applicationData
      ) {
        this.#options.deliver(record.bytes);
      }
      // ChangeCipherSpec adds nothing to the epoch in the next record.
    }
  }

  #receiveOpen({ fragment }: DtlsRecord): void {
    if (this.#isFinished) return;
    // A Finished is only evidence if it is encrypted (RFC 5246 §7.4.9).
    for (const part of readFragments(fragment)) if (part.type !== FINISHED) this.#take(part);
    this.#deliverDue();
  }

  #receiveProtected(record: DtlsRecord): void {
    const message = this.#options.open(record);
    if (message === undefined) {
      if (this.#isFinished) return;
      if (this.#locked.length >= MAX_LOCKED_RECORDS) this.#locked.shift();
      // Copied, because the datagram belongs to the caller.
      const [kept] = readRecords(Buffer.from(record.bytes));
      this.#locked.push(kept!);
      return;
    }
    this.#takeFinished(message, record);
    this.#deliverDue();
  }

  /**
   * Takes the Finished of the peer, which is delivered as it arrived because the receiver decrypts
   * it.
   */
  #takeFinished(message: Buffer, record: DtlsRecord): void {
    const [part] = readFragments(message);
    if (part?.type !== FINISHED || part.body.length !== part.length) return;
    if (this.#isFinished) {
      if (this.#options.isServer && part.place === this.#next - 1) {
        this.#options.deliver(record.bytes);
      }
      return;
    }
    if (part.place < this.#next || part.place >= this.#next + WINDOW) return;
    this.#forget(part.place);
    const datagram = Buffer.from(record.bytes);
    const { type, length } = part;
    this.#messages.set(part.place, { type, length, datagram, has: NONE, missing: 0 });
    this.#waitingBytes += length;
  }

  #take({ type, length, place, offset, body }: Fragment): void {
    const isFirstAgain = this.#options.isServer && place === 0 && this.#next === 1;
    if (!isFirstAgain && (place < this.#next || place >= this.#next + WINDOW)) return;
    let message = this.#messages.get(place);
    if (message === undefined) {
      if (this.#waitingBytes + length > MAX_WAITING_BYTES) return;
      const datagram = Buffer.alloc(RECORD_HEADER_BYTES + MESSAGE_HEADER_BYTES + length);
      writeRecordHeader(datagram, CONTENT_TYPES.handshake, MESSAGE_HEADER_BYTES + length);
      writeMessageHeader(datagram.subarray(RECORD_HEADER_BYTES), type, length, place);
      message = { type, length, datagram, has: new Uint8Array(length), missing: length };
      this.#messages.set(place, message);
      this.#waitingBytes += length;
    }
    if (message.type !== type || message.length !== length || message.missing === 0) return;
    body.copy(message.datagram, RECORD_HEADER_BYTES + MESSAGE_HEADER_BYTES + offset);
    for (let at = offset; at < offset + body.length; at++) {
      if (message.has[at] === 1) continue;
      message.has[at] = 1;
      message.missing--;
    }
    if (message.missing === 0) message.has = NONE;
  }

  #deliverDue(): void {
    if (this.#next === 1) this.#deliverAgain();
    for (;;) {
      const message = this.#messages.get(this.#next);
      if (message !== undefined && message.missing === 0) {
        this.#forget(this.#next);
        if (this.#next++ === 0) this.#helloUs = this.#now();
        // A fragment of the first ClientHello that was retransmitted.
        this.#forget(0);
        if (message.type === FINISHED) this.#finish();
        this.#options.deliver(message.datagram);
      } else if (!this.#unlock()) return;
    }
  }

  /** A ClientHello that was retransmitted before the one with our cookie. */
  #deliverAgain(): void {
    const message = this.#messages.get(0);
    if (message?.missing !== 0) return;
    this.#forget(0);
    const nowUs = this.#now();
    if (nowUs - this.#helloUs < SAME_HELLO_US) return;
    this.#helloUs = nowUs;
    this.#options.deliver(message.datagram);
  }

  #now(): number {
    return (this.#options.now ?? steadyNowUs)();
  }

  /** Takes a record that waited for its key. @returns false if no record can be opened */
  #unlock(): boolean {
    for (const [index, record] of this.#locked.entries()) {
      const message = this.#options.open(record);
      if (message === undefined) continue;
      this.#locked.splice(index, 1);
      this.#takeFinished(message, record);
      return true;
    }
    return false;
  }

  #finish(): void {
    this.#isFinished = true;
    this.#messages.clear();
    this.#waitingBytes = 0;
    this.#locked.length = 0;
  }

  #forget(place: number): void {
    const message = this.#messages.get(place);
    if (message === undefined) return;
    this.#messages.delete(place);
    this.#waitingBytes -= message.length;
  }
}

const NONE = new Uint8Array(0);

/** The handshake fragments in a record, up to the first malformed one. */
function readFragments(record: Buffer): Fragment[] {
  const fragments: Fragment[] = [];
  for (let at = 0; at + MESSAGE_HEADER_BYTES <= record.length; ) {
    const length = record.readUIntBE(at + 1, 3);
    const offset = record.readUIntBE(at + 6, 3);
    const start = at + MESSAGE_HEADER_BYTES;
    const end = start + record.readUIntBE(at + 9, 3);
    if (end > record.length || offset + end - start > length || length > MAX_MESSAGE_BYTES) break;
    fragments.push({
      type: record[at]!,
      length,
      place: record.readUInt16BE(at + 4),
      offset,
      body: record.subarray(start, end),
    });
    at = end;
  }
  return fragments;
}

/** Writes the header of an unfragmented message, which is how it is hashed (RFC 6347 §4.2.6). */
function writeMessageHeader(into: Buffer, type: number, length: number, place: number): void {
  into[0] = type;
  into.writeUIntBE(length, 1, 3);
  into.writeUInt16BE(place, 4);
  into.writeUIntBE(0, 6, 3);
  into.writeUIntBE(length, 9, 3);
}
