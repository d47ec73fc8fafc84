import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** A refusal as OSS writes it. */
export class OssRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What the server knows of one access key. */
export interface OssKey {
  secret: string;
  /** Must come along, for keys that a Security Token Service issued. */
  token?: string;
  /** When the token ends, ms since the Unix epoch. */
  expiresMs?: number;
}

/** A call, taken apart by the server. */
export interface SignedCall {
  message: IncomingMessage;
  bucket: string;
  /** Decoded. */
  key: string;
  query: URLSearchParams;
}

/** Whose signatures the server believes. */
export interface SignatureRules {
  keys: Record<string, OssKey>;
  /** Without `oss-`, e.g. `cn-hangzhou`. */
  region: string;
  /** The server's clock, ms since the Unix epoch. */
  now: () => number;
}

const LARGEST_SKEW_MS = 15 * 60_000;

/** Query parameters that version 1 signs as part of the resource. */
const SUBRESOURCES = new Set([
  ...['acl', 'uploads', 'location', 'cors', 'logging', 'website', 'referer', 'lifecycle', 'delete'],
  ...['append', 'tagging', 'objectMeta', 'uploadId', 'partNumber', 'security-token', 'position'],
  ...['symlink', 'restore', 'versionId', 'versions', 'continuation-token', 'x-oss-process'],
  ...['response-content-type', 'response-cache-control', 'response-content-disposition'],
]);

/**
 * Verifies a call's signature by OSS's public documentation, "Include signatures in the
 * Authorization header" and "in a URL", versions 1 and 4.
 * @returns the version
 * @throws OssRefusal as the service refuses
 */
export function verifySignature(call: SignedCall, rules: SignatureRules): 1 | 4 {
  const header = call.message.headers.authorization ?? '';
  if (header.startsWith('OSS4-HMAC-SHA256 ')) return verifyHeader4(call, rules, header);
  if (header.startsWith('OSS ')) return verifyHeader1(call, rules, header);
  if (call.query.has('x-oss-signature')) return verifyUrl4(call, rules);
  if (call.query.has('Signature')) return verifyUrl1(call, rules);
  throw new OssRefusal(403, 'AccessDenied', 'You have no right to access this object.');
}

function verifyHeader1(call: SignedCall, rules: SignatureRules, header: string): 1 {
  const [id = '', signature = ''] = header.slice('OSS '.length).split(':');
  const date = headerOf(call, 'x-oss-date') || headerOf(call, 'date');
  const token = headerOf(call, 'x-oss-security-token') || undefined;
  const secret = secretOf(rules, id, token);
  checkClock(rules, Date.parse(date));
  compare(signature, signature1(call, secret, date));
  return 1;
}

function verifyUrl1(call: SignedCall, rules: SignatureRules): 1 {
  const expires = call.query.get('Expires') ?? '';
  const token = call.query.get('security-token') ?? undefined;
  const secret = secretOf(rules, call.query.get('OSSAccessKeyId') ?? '', token);
  if (rules.now() > Number(expires) * 1000) {
    throw new OssRefusal(403, 'AccessDenied', 'Request has expired.');
  }
  compare(call.query.get('Signature') ?? '', signature1(call, secret, expires));
  return 1;
}

function signature1(call: SignedCall, secret: string, date: string): string {
  const subresources = [...call.query]
    .filter(([name]) => SUBRESOURCES.has(name))
    .sort(byName)
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const suffix = subresources.length > 0 ? `?${subresources.join('&')}` : '';
  const resource = `/${call.bucket}/${call.key}${suffix}`;
  const text =
    `${call.message.method}\n${headerOf(call, 'content-md5')}\n${headerOf(call, 'content-type')}\n` +
    `${date}\n${ossHeaders(call).map(headerLine(call)).join('')}${resource}`;
  return createHmac('sha1', secret).update(text).digest('base64');
}

function verifyHeader4(call: SignedCall, rules: SignatureRules, header: string): 4 {
  const fields = new Map(
    header
      .slice('OSS4-HMAC-SHA256 '.length)
      .split(',')
      .map((field) => field.trim().split(/=(.*)/s) as [string, string]),
  );
  if (headerOf(call, 'x-oss-content-sha256') !== 'UNSIGNED-PAYLOAD') {
    throw new OssRefusal(400, 'InvalidArgument', 'Invalid x-oss-content-sha256.');
  }
  const date = headerOf(call, 'x-oss-date');
  checkClock(rules, timeOf(date));
  verify4(call, rules, {
    credential: fields.get('Credential') ?? '',
    additional: fields.get('AdditionalHeaders') ?? '',
    signature: fields.get('Signature') ?? '',
    token: headerOf(call, 'x-oss-security-token') || undefined,
    date,
  });
  return 4;
}

function verifyUrl4(call: SignedCall, rules: SignatureRules): 4 {
  const { query } = call;
  const date = query.get('x-oss-date') ?? '';
  if (rules.now() > timeOf(date) + Number(query.get('x-oss-expires')) * 1000) {
    throw new OssRefusal(403, 'AccessDenied', 'Request has expired.');
  }
  verify4(call, rules, {
    credential: query.get('x-oss-credential') ?? '',
    additional: query.get('x-oss-additional-headers') ?? '',
    signature: query.get('x-oss-signature') ?? '',
    token: query.get('x-oss-security-token') ?? undefined,
    date,
  });
  return 4;
}

interface Claim {
  credential: string;
  additional: string;
  signature: string;
  token: string | undefined;
  date: string;
}

function verify4(call: SignedCall, rules: SignatureRules, claim: Claim): void {
  const [id = '', day = '', region = '', product, terminator] = claim.credential.split('/');
  const secret = secretOf(rules, id, claim.token);
  if (product !== 'oss' || terminator !== 'aliyun_v4_request' || !claim.date.startsWith(day)) {
    throw new OssRefusal(400, 'InvalidArgument', 'Invalid credential in Authorization header.');
  }
  if (region !== rules.region) {
    throw new OssRefusal(400, 'InvalidArgument', 'Invalid signing region in Authorization header.');
  }
  const canonical = createHash('sha256')
    .update(canonicalRequest(call, claim.additional))
    .digest('hex');
  const scope = `${day}/${region}/oss/aliyun_v4_request`;
  let key: Buffer | string = `aliyun_v4${secret}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  const text = `OSS4-HMAC-SHA256\n${claim.date}\n${scope}\n${canonical}`;
  compare(claim.signature, createHmac('sha256', key).update(text).digest('hex'));
}

function canonicalRequest(call: SignedCall, additional: string): string {
  const query = [...call.query]
    .filter(([name]) => name !== 'x-oss-signature')
    .map(([name, value]) => [encode(name), encode(value)] as [string, string])
    .sort(byName)
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const present = ['content-type', 'content-md5'].filter((name) => headerOf(call, name) !== '');
  const extra = additional === '' ? [] : additional.split(';');
  const names = [...new Set([...ossHeaders(call), ...present, ...extra])].sort();
  const path = `/${call.bucket}/${call.key}`.split('/').map(encode).join('/');
  const headers = names.map(headerLine(call)).join('');
  return `${call.message.method}\n${path}\n${query.join('&')}\n${headers}\n${additional}\nUNSIGNED-PAYLOAD`;
}

function secretOf(rules: SignatureRules, id: string, token: string | undefined): string {
  const key = rules.keys[id];
  if (!key) {
    const text = `The OSS Access Key Id you provided does not exist in our records: ${id}`;
    throw new OssRefusal(403, 'InvalidAccessKeyId', text);
  }
  if (key.token !== token) {
    throw new OssRefusal(403, 'InvalidSecurityToken', `The security token is invalid: ${token}`);
  }
  if (key.expiresMs !== undefined && rules.now() > key.expiresMs) {
    throw new OssRefusal(403, 'SecurityTokenExpired', `The security token has expired: ${token}`);
  }
  return key.secret;
}

function checkClock(rules: SignatureRules, time: number): void {
  if (Math.abs(rules.now() - time) <= LARGEST_SKEW_MS) return;
  const text = 'The difference between the request time and the current time is too large.';
  throw new OssRefusal(403, 'RequestTimeTooSkewed', text);
}

function compare(given: string, computed: string): void {
  const [a, b] = [Buffer.from(given), Buffer.from(computed)];
  if (a.length === b.length && timingSafeEqual(a, b)) return;
  throw new OssRefusal(403, 'SignatureDoesNotMatch', `The signatures differ: ${given}`);
}

function ossHeaders(call: SignedCall): string[] {
  return Object.keys(call.message.headers)
    .filter((name) => name.startsWith('x-oss-'))
    .sort();
}

function headerLine(call: SignedCall): (name: string) => string {
  return (name) => `${name}:${headerOf(call, name).trim()}\n`;
}

function headerOf(call: SignedCall, name: string): string {
  return String(call.message.headers[name] ?? '');
}

/** Milliseconds of e.g. `20260102T030405Z`; NaN for anything else. */
function timeOf(date: string): number {
  return Date.parse(
    date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
}

/** RFC 3986 §2.3: everything but unreserved characters. */
function encode(text: string): string {
  const hex = (c: string) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, hex);
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
