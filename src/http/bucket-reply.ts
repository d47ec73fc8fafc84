import type { FastifyReply, FastifyRequest } from 'fastify';
import { nameOf } from '../layout/object-path.ts';
import { ObjectRole, objectRole } from '../layout/object-role.ts';
import type { SpooledStore } from '../storage/spooled-store.ts';
import { type ByteRange, type Store, StoreError } from '../storage/stores/store.ts';
import { errorReply } from './errors.ts';
import { noSuchObject, sendFile } from './file-reply.ts';
import {
  beyondEnd,
  describe,
  describePart,
  isConditional,
  rangeOf,
  sendObject,
} from './object-reply.ts';

/** The replies to a `StoreError`, for the API description. */
export const BUCKET_REPLIES = {
  502: errorReply(
    'The bucket refuses the request.',
    'the bucket cannot be read (AccessDenied); the log has the reason',
  ),
  503: errorReply(
    'The bucket does not respond at the moment.',
    'the bucket does not answer at present (ECONNREFUSED)',
  ),
};

/** How objects of a bucket are served. */
export interface BucketReplyOptions {
  /** Lifetime of a signed URL in seconds; undefined if the recorder passes on the bytes itself. */
  signedSeconds: number | undefined;
}

/**
 * Answers a GET or HEAD with an object in the spool or in the bucket. The spool comes first, so
 * that players do not wait for an upload.
 * @param key object path
 * @throws RequestError 404, 412, 416; StoreError if the bucket cannot be read
 */
export async function replyFromBucket(
  request: FastifyRequest,
  reply: FastifyReply,
  bucket: SpooledStore,
  key: string,
  { signedSeconds }: BucketReplyOptions,
): Promise<FastifyReply> {
  const local = await bucket.openLocal(key);
  if (local !== undefined) return sendFile(request, reply, local);
  const { store } = bucket;
  try {
    // Manifests are not redirected, because players resolve the names in them against the final
    // URL, where nothing is signed. Neither is HEAD, because the signature is for GET.
    const isRedirected =
      signedSeconds !== undefined &&
      request.method === 'GET' &&
      objectRole(nameOf(key)) !== ObjectRole.manifest;
    if (isRedirected && store.signedUrl !== undefined) {
      const address = await store.signedUrl(key, signedSeconds);
      return reply.header('Cache-Control', 'no-store').redirect(address, 307);
    }
    return await sendStored(request, reply, store, key);
  } catch (error) {
    reply.removeHeader('Content-Length');
    throw error;
  }
}

async function sendStored(
  request: FastifyRequest,
  reply: FastifyReply,
  store: Store,
  key: string,
): Promise<FastifyReply> {
  const range = rangeOf(request);
  const isSuffix = range !== undefined && range.start === undefined;
  if (request.method === 'HEAD' || isConditional(request) || isSuffix) {
    const found = await store.head(key);
    if (found === undefined) throw noSuchObject();
    return sendObject(request, reply, { ...found, open: (part) => body(store, key, part) });
  }
  // Usually one request to the bucket is enough.
  return sendAtOnce(reply, store, key, range as ByteRange | undefined);
}

async function sendAtOnce(
  reply: FastifyReply,
  store: Store,
  key: string,
  range: ByteRange | undefined,
): Promise<FastifyReply> {
  try {
    const reading = await store.get(key, range);
    if (reading === undefined) throw noSuchObject();
    const { size, contentLength, etag } = reading;
    describe(reply, { etag });
    const part = range && { start: range.start, end: range.start + contentLength - 1 };
    describePart(reply, part, size);
    return reply.send(reading.body);
  } catch (error) {
    if (!(error instanceof StoreError) || error.status !== 416) throw error;
    const found = await store.head(key);
    if (found === undefined) throw noSuchObject();
    throw beyondEnd(reply, found.size);
  }
}

async function body(store: Store, key: string, range: ByteRange | undefined) {
  const reading = await store.get(key, range);
  if (reading === undefined) throw noSuchObject();
  return reading.body;
}
