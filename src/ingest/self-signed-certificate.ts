import { generateKeyPair, randomBytes, sign, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';

/** A certificate with its key. */
export interface SelfSignedCertificate {
  certificate: X509Certificate;
  /** PKCS #8. */
  privateKeyPem: string;
}

const DAY_MS = 86_400_000;
/** Peers compare the fingerprint only, but a certificate has to have a validity. */
const VALID_DAYS = 10 * 365;

/** Tags of DER (X.690 §8). */
const TAG = {
  integer: 0x02,
  bitString: 0x03,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
} as const;

/** AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 §3.2). */
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
/** Object identifier of a common name (RFC 5280 appendix A.1). */
const COMMON_NAME = Buffer.from('0603550403', 'hex');

/**
 * Creates a self-signed certificate (RFC 5280 §4.1) of a new key: ECDSA with P-256 and SHA-256.
 * @param nowMs time since the Unix epoch, ms
 */
export async function selfSignedCertificate(nowMs = Date.now()): Promise<SelfSignedCertificate> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const serial = randomBytes(8);
  // Positive, and no byte longer than necessary.
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  const name = der(
    TAG.sequence,
    der(TAG.set, der(TAG.sequence, COMMON_NAME, der(TAG.utf8String, Buffer.from('WebRTC')))),
  );
  const content = der(
    TAG.sequence,
    der(TAG.version, der(TAG.integer, Buffer.of(2))),
    der(TAG.integer, serial),
    ECDSA_SHA256,
    name,
    // Clocks of peers may be late.
    der(TAG.sequence, time(nowMs - DAY_MS), time(nowMs + VALID_DAYS * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = der(TAG.bitString, Buffer.of(0), sign('sha256', content, privateKey));
  return {
    certificate: new X509Certificate(der(TAG.sequence, content, ECDSA_SHA256, signature)),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** Tag, length and contents (X.690 §8.1). */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  // The shortest form.
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

/** @param ms since the Unix epoch */
function time(ms: number): Buffer {
  const [full] = new Date(ms).toISOString().split('.');
  const digits = `${full!.replaceAll(/\D/g, '')}Z`;
  // UTCTime has two digits of the year, and is used through 2049 (RFC 5280 §4.1.2.5).
  return digits < '2050'
    ? der(TAG.utcTime, Buffer.from(digits.slice(2)))
    : der(TAG.generalizedTime, Buffer.from(digits));
}
