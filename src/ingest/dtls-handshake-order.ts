import {
  CONTENT_TYPES,
  type DtlsRecord,
  RECORD_HEADER_BYTES,
  readRecords,
  writeRecordHeader,
} from './dtls-record.ts';

/** Bytes before the fragment of a handshake message (RFC 6347 §4.2.2). */
const MESSAGE_HEADER_BYTES = 12;
/** HandshakeType of RFC 5246 §7.4. */
const FINISHED = 20;
/** Longest message taken, bytes: a self-signed certificate has some hundred. */
const MAX_MESSAGE_BYTES = 16_384;
/** Most bytes of messages that wait: a flight of the handshake has some thousand. */
const MAX_WAITING_BYTES = 32_768;
/** How far ahead of the message that is due others are kept; a flight has six at most. */
const WINDOW = 8;
/** Most encrypted records that are kept until there is a key for them. */
const MAX_LOCKED_RECORDS = 4;

/** What a {@link HandshakeOrder} works with. */
export interface HandshakeOrderOptions {
  /** Decrypts a record; `undefined` while there is no key, and where it is not authentic. */
  open(record: DtlsRecord): Buffer | undefined;
  /**
   * Takes what is next: a datagram of one record with one whole handshake message, or with anything
   * that is not of the handshake.
   */
  deliver(datagram: Buffer): void;
  /** True for the server of the handshake, who answers its first and its last message again. */
  isServer: boolean;
}

/** A part of a message, as it came (RFC 6347 §4.2.2). */
interface Fragment {
  type: number;
  /** Of the whole message, bytes. */
  length: number;
  /** `message_seq`: its place in the handshake. */
  place: number;
  offset: number;
  body: Buffer;
}

/** A message of which some is there. */
interface Message {
  type: number;
  length: number;
  /** Record with the whole message as it is delivered. */
  datagram: Buffer;
  /** Which bytes are there; not kept where all are. */
  has: Uint8Array;
  missing: number;
}

/**
 * Brings the messages of a handshake into order (RFC 6347 §4.2.2–4.2.4): on a path that loses and
 * reorders, parts of them arrive in any order and again and again. Behind it they are whole, come as
 * `message_seq` has them, each once. What a peer sends again because our answer was lost is delivered
 * again only where no timer of ours repeats the answer: the first ClientHello, to which the answer is a
 * HelloVerifyRequest, and the Finished of a client.
 */
export class HandshakeOrder {
  readonly #options: HandshakeOrderOptions;
  /** By place. */
  readonly #messages = new Map<number, Message>();
  #waitingBytes = 0;
  /** Records of the epoch whose keys are not there yet, oldest first. */
  readonly #locked: DtlsRecord[] = [];
  /** Place of the message that is due. */
  #next = 0;
  #isFinished = false;

  constructor(options: HandshakeOrderOptions) {
    this.#options = options;
  }

  /** Bytes that are kept of messages that are not whole or not due. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Takes a datagram of the peer. What is cut short or contradicts what is there is dropped. */
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
      // ChangeCipherSpec says what the epoch of the next record says.
    }
  }

  #receiveOpen({ fragment }: DtlsRecord): void {
    if (this.#isFinished) return;
    // A Finished proves something by being encrypted (RFC 5246 §7.4.9).
    for (const part of readFragments(fragment)) if (part.type !== FINISHED) this.#take(part);
    this.#deliverDue();
  }

  #receiveProtected(record: DtlsRecord): void {
    const message = this.#options.open(record);
    if (message === undefined) {
      if (this.#isFinished) return;
      if (this.#locked.length >= MAX_LOCKED_RECORDS) this.#locked.shift();
      // The datagram is not ours to keep.
      const [kept] = readRecords(Buffer.from(record.bytes));
      this.#locked.push(kept!);
      return;
    }
    this.#takeFinished(message, record);
    this.#deliverDue();
  }

  /** Takes the Finished of the peer: it is handed on as it came, since its receiver decrypts it. */
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
        this.#next++;
        // A part of the first ClientHello that came again.
        this.#forget(0);
        if (message.type === FINISHED) this.#finish();
        this.#options.deliver(message.datagram);
      } else if (!this.#unlock()) return;
    }
  }

  /** A ClientHello that came again before the one with our cookie. */
  #deliverAgain(): void {
    const message = this.#messages.get(0);
    if (message?.missing !== 0) return;
    this.#forget(0);
    this.#options.deliver(message.datagram);
  }

  /** Takes a record that waited for its key. @returns false where there is none that can be opened */
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

/** The fragments of handshake messages in a record, up to one that is malformed. */
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

/** Writes the header of a message that is whole, which is how it is hashed (RFC 6347 §4.2.6). */
function writeMessageHeader(into: Buffer, type: number, length: number, place: number): void {
  into[0] = type;
  into.writeUIntBE(length, 1, 3);
  into.writeUInt16BE(place, 4);
  into.writeUIntBE(0, 6, 3);
  into.writeUIntBE(length, 9, 3);
}
