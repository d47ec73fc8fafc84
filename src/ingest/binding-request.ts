import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A STUN binding request with verified integrity (RFC 8445 §7.3). */
export interface BindingRequest {
  /** Our user fragment that the request was sent to. */
  ufrag: string;
  /** The request has USE-CANDIDATE. */
  nominates: boolean;
  /** The peer has the controlled role. */
  controlled: boolean;
  transactionId: Buffer;
}

/**
 * Maximum size of a STUN message, bytes: messages must stay below the MTU of the path (RFC 8489
 * §6.1), and the sender is not authenticated yet.
 */
export const MAX_STUN_BYTES = 1500;

const BINDING_REQUEST = 0x0001;
const MAGIC_COOKIE = 0x2112_a442;
const HEADER_BYTES = 20;
const ATTRIBUTE_HEADER_BYTES = 4;
const INTEGRITY_BYTES = 20;
const FINGERPRINT_XOR = 0x5354_554e;

/** Attribute types (RFC 8489 §18.3, RFC 8445 §20.1). */
const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const MESSAGE_INTEGRITY_SHA256 = 0x001c;
const USE_CANDIDATE = 0x0025;
const FINGERPRINT = 0x8028;
const ICE_CONTROLLED = 0x8029;

/**
 * Parses an ICE connectivity check (RFC 8489 §5, §14). werift's parser is not used because its time
 * grows with the square of the datagram's length, anybody can send one, and it accepts attributes
 * that were added after MESSAGE-INTEGRITY without the password.
 *
 * @param passwordOf our password for one of our user fragments
 * @returns `undefined` for anything but a binding request with valid MESSAGE-INTEGRITY
 */
export function readBindingRequest(
  datagram: Buffer,
  passwordOf: (ufrag: string) => string | undefined,
): BindingRequest | undefined {
  if (!hasRequestHeader(datagram)) return undefined;
  let ufrag: string | undefined;
  let nominates = false;
  let controlled = false;
  let signed = false;
  for (let at = HEADER_BYTES; at < datagram.length; ) {
    const start = at + ATTRIBUTE_HEADER_BYTES;
    if (start > datagram.length) return undefined;
    const type = datagram.readUInt16BE(at);
    const length = datagram.readUInt16BE(at + 2);
    const next = start + Math.ceil(length / 4) * 4;
    if (next > datagram.length) return undefined;
    if (type === FINGERPRINT) {
      const last = next === datagram.length && length === 4;
      if (!last || !hasFingerprint(datagram, at)) return undefined;
    } else if (signed) {
      // What follows is not authenticated (RFC 8489 §14.5).
      if (type !== MESSAGE_INTEGRITY_SHA256) return undefined;
    } else if (type === MESSAGE_INTEGRITY) {
      const password = ufrag === undefined ? undefined : passwordOf(ufrag);
      if (password === undefined || length !== INTEGRITY_BYTES) return undefined;
      if (!hasIntegrity(datagram, at, password)) return undefined;
      signed = true;
    } else if (type === USERNAME) {
      // The first of several counts (RFC 8489 §14).
      ufrag ??= beforeColon(datagram.toString('utf8', start, start + length));
    } else if (type === USE_CANDIDATE) {
      nominates = true;
    } else if (type === ICE_CONTROLLED) {
      controlled = true;
    }
    at = next;
  }
  if (!signed || ufrag === undefined) return undefined;
  return { ufrag, nominates, controlled, transactionId: Buffer.from(datagram.subarray(8, 20)) };
}

/**
 * Our user fragment to which a binding request is sent. Verifies nothing: it only tells which session
 * the request is for.
 * @returns `undefined` for anything but a binding request with a USERNAME
 */
export function ufragOf(datagram: Buffer): string | undefined {
  if (!hasRequestHeader(datagram)) return undefined;
  for (let at = HEADER_BYTES; at + ATTRIBUTE_HEADER_BYTES <= datagram.length; ) {
    const start = at + ATTRIBUTE_HEADER_BYTES;
    const end = start + datagram.readUInt16BE(at + 2);
    if (end > datagram.length) return undefined;
    if (datagram.readUInt16BE(at) === USERNAME) {
      return beforeColon(datagram.toString('utf8', start, end));
    }
    at = start + Math.ceil((end - start) / 4) * 4;
  }
  return undefined;
}

function hasRequestHeader(datagram: Buffer): boolean {
  return (
    datagram.length >= HEADER_BYTES &&
    datagram.length <= MAX_STUN_BYTES &&
    datagram.readUInt16BE(0) === BINDING_REQUEST &&
    datagram.readUInt16BE(2) === datagram.length - HEADER_BYTES &&
    datagram.readUInt32BE(4) === MAGIC_COOKIE
  );
}

/** RFC 8445 §7.2.2: both user fragments, the receiver's first. */
function beforeColon(username: string): string {
  const colon = username.indexOf(':');
  return colon < 0 ? username : username.slice(0, colon);
}

/** RFC 8489 §14.5: over everything before it, with a length as if the attribute were the last. */
function hasIntegrity(datagram: Buffer, at: number, password: string): boolean {
  const end = at + ATTRIBUTE_HEADER_BYTES + INTEGRITY_BYTES;
  const expected = createHmac('sha1', password)
    .update(datagram.subarray(0, 2))
    .update(Buffer.of((end - HEADER_BYTES) >> 8, (end - HEADER_BYTES) & 0xff))
    .update(datagram.subarray(4, at))
    .digest();
  return timingSafeEqual(expected, datagram.subarray(at + ATTRIBUTE_HEADER_BYTES, end));
}

/** RFC 8489 §14.7. */
function hasFingerprint(datagram: Buffer, at: number): boolean {
  const expected = (crc32(datagram.subarray(0, at)) ^ FINGERPRINT_XOR) >>> 0;
  return datagram.readUInt32BE(at + ATTRIBUTE_HEADER_BYTES) === expected;
}
