import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ByteRange } from '../storage/stores/store.ts';
import { RequestError } from './errors.ts';

/** An object that may be sent, whole or in part. */
export interface SendableObject {
  /** Bytes. */
  size: number;
  /** Strong entity tag with its quotes. */
  etag?: string | undefined;
  /** ms since the Unix epoch. */
  modifiedMs?: number | undefined;
  /** Opens it for reading. */
  open(range: ByteRange | undefined): Promise<Readable>;
}

/** Headers of a request that make its answer depend on the state of the object (RFC 9110 §13). */
const CONDITIONS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
] as const;

/** True when an object's entity tag and time must be known before it is read. */
export function isConditional({ headers }: FastifyRequest): boolean {
  return CONDITIONS.some((name) => headers[name] !== undefined);
}

/**
 * What a `Range` header asks for (RFC 9110 §14.2): a suffix has no start. Of several ranges, of other
 * units and of what is malformed nothing is known, and the whole object is the answer to them.
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
 * Answers a GET or HEAD with an object, its range, or what a condition asks for.
 * @throws RequestError 412, 416
 */
export async function sendObject(
  request: FastifyRequest,
  reply: FastifyReply,
  object: SendableObject,
): Promise<FastifyReply> {
  const { etag, modifiedMs, size } = object;
  describe(reply, object);
  if (isFailed(request, object)) throw new RequestError(412, 'the object is another one by now');
  if (isUnchanged(request, object)) return reply.code(304).send();
  const asked = mayBePart(request, etag, modifiedMs) ? rangeOf(request) : undefined;
  const range = asked && withinSize(asked, size);
  if (asked !== undefined && range === undefined) throw beyondEnd(reply, size);
  describePart(reply, range, size);
  // Fastify takes nothing for a body of no bytes, and would say so.
  if (request.method === 'HEAD') return reply.send(Readable.from([]));
  return reply.send(await object.open(range));
}

/** Headers that tell what is sent. */
export function describe(
  reply: FastifyReply,
  { etag, modifiedMs }: Pick<SendableObject, 'etag' | 'modifiedMs'>,
): void {
  reply.header('Accept-Ranges', 'bytes');
  if (etag !== undefined) reply.header('ETag', etag);
  if (modifiedMs !== undefined) reply.header('Last-Modified', new Date(modifiedMs).toUTCString());
}

/** Headers that tell which part is sent. @param size bytes of the whole object */
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

/** The error for a range that begins past the end. @param size bytes of the object */
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

/** RFC 9110 §13.1.5: a range of another version than the one before it would fit nothing. */
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
  // What changed within this second may change in it again (RFC 9110 §8.8.2.2).
  return seconds(modifiedMs) === seconds(since) && seconds(modifiedMs) < seconds(Date.now());
}

/** Strong comparison (RFC 9110 §8.8.3.2): a weak tag is the same as none, not even as itself. */
function isSame(tag: string, etag: string | undefined): boolean {
  return tag === etag && !tag.startsWith('W/');
}

/** A tag for weak comparison. */
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
