import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ByteRange } from '../storage/stores/store.ts';
import { RequestError } from './errors.ts';

/** An object that can be sent, whole or in part. */
export interface SendableObject {
  /** Bytes. */
  size: number;
  /** Strong entity tag, in quotes. */
  etag?: string | undefined;
  /** ms since the Unix epoch. */
  modifiedMs?: number | undefined;
  /** Opens the object for reading. */
  open(range: ByteRange | undefined): Promise<Readable>;
}

/** Request headers that make the reply depend on the state of the object (RFC 9110 §13). */
const CONDITIONS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
] as const;

/** True if the object's entity tag and time must be known before it is read. */
export function isConditional({ headers }: FastifyRequest): boolean {
  return CONDITIONS.some((name) => headers[name] !== undefined);
}

/**
 * Parses a `Range` header (RFC 9110 §14.2); a suffix range has no start. Several ranges, other
 * units and malformed values are ignored, so the whole object is sent.
 */
export function rangeOf({ headers }: FastifyRequest): { start?: number; end?: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return { end: Number(last) };
  const start = Number(first);
  if (last === '') return { start };
  return Number(last) < start ? undefined : { start, end: Number(last) };
}

/**
 * Answers a GET or HEAD with the object, a range of it, or the result of a condition.
 * @throws RequestError 412, 416
 */
export async function sendObject(
  request: FastifyRequest,
  reply: FastifyReply,
  object: SendableObject,
): Promise<FastifyReply> {
  const { etag, modifiedMs, size } = object;
  describe(reply, object);
  if (isFailed(request, object)) throw new RequestError(412, 'the object has changed');
  if (isUnchanged(request, object)) return reply.code(304).send();
  const asked = mayBePart(request, etag, modifiedMs) ? rangeOf(request) : undefined;
  const range = asked && withinSize(asked, size);
  if (asked !== undefined && range === undefined) throw beyondEnd(reply, size);
  describePart(reply, range, size);
  // Fastify treats an empty body as none and would change the headers.
  if (request.method === 'HEAD') return reply.send(Readable.from([]));
  return reply.send(await object.open(range));
}

/** Sets the headers that describe the object. */
export function describe(
  reply: FastifyReply,
  { etag, modifiedMs }: Pick<SendableObject, 'etag' | 'modifiedMs'>,
): void {
  reply.header('Accept-Ranges', 'bytes');
  if (etag !== undefined) reply.header('ETag', etag);
  if (modifiedMs !== undefined) reply.header('Last-Modified', new Date(modifiedMs).toUTCString());
}

/** Sets the headers that describe a part. @param size of the whole object, bytes */
export function describePart(
  reply: FastifyReply,
  range: Required<ByteRange> | undefined,
  size: number,
): void {
  if (range === undefined) reply.header('Content-Length', size);
  else {
    reply.code(206).header('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
    reply.header('Content-Length', range.end - range.start + 1);
  }
}

/** The error for a range that begins beyond the end. @param size of the object, bytes */
export function beyondEnd(reply: FastifyReply, size: number): RequestError {
  reply.header('Content-Range', `bytes */${size}`);
  return new RequestError(416, `the object ends after ${size} bytes`);
}

function withinSize(
  asked: { start?: number; end?: number },
  size: number,
): Required<ByteRange> | undefined {
  const start = asked.start ?? Math.max(0, size - asked.end!);
  const end = asked.start === undefined ? size - 1 : Math.min(asked.end ?? size - 1, size - 1);
  return start < size && end >= start ? { start, end } : undefined;
}

/** RFC 9110 §13.1.1 and §13.1.4. */
function isFailed({ headers }: FastifyRequest, { etag, modifiedMs }: SendableObject): boolean {
  const match = headers['if-match'];
  if (match !== undefined) return match !== '*' && !tags(match).some((tag) => isSame(tag, etag));
  const since = dateOf(headers['if-unmodified-since']);
  return since !== undefined && modifiedMs !== undefined && seconds(modifiedMs) > seconds(since);
}

/** Whether whoever asks has this already (RFC 9110 §13.1.2 and §13.1.3). */
export function isUnchanged(
  { headers }: FastifyRequest,
  { etag, modifiedMs }: Pick<SendableObject, 'etag' | 'modifiedMs'>,
): boolean {
  const match = headers['if-none-match'];
  if (match !== undefined) {
    return match === '*' || tags(match).some((tag) => opaque(tag) === opaque(etag));
  }
  const since = dateOf(headers['if-modified-since']);
  return since !== undefined && modifiedMs !== undefined && seconds(modifiedMs) <= seconds(since);
}

/** RFC 9110 §13.1.5: a range of another version would not match the part that the client has. */
function mayBePart(
  { headers }: FastifyRequest,
  etag: string | undefined,
  modifiedMs: number | undefined,
): boolean {
  const same = headers['if-range'];
  if (same === undefined) return true;
  if (/^(W\/)?"/.test(String(same))) return isSame(String(same), etag);
  const since = dateOf(String(same));
  if (since === undefined || modifiedMs === undefined) return false;
  // An object that changed within this second may change in it again (RFC 9110 §8.8.2.2).
  return seconds(modifiedMs) === seconds(since) && seconds(modifiedMs) < seconds(Date.now());
}

/** Strong comparison (RFC 9110 §8.8.3.2): a weak tag equals none, not even itself. */
function isSame(tag: string, etag: string | undefined): boolean {
  return tag === etag && !tag.startsWith('W/');
}

/** The tag to use for weak comparison. */
function opaque(tag: string | undefined): string | undefined {
  return tag?.replace(/^W\//, '');
}

function tags(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

function dateOf(header: string | undefined): number | undefined {
  const ms = Date.parse(header ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
