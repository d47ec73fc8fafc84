import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isUnchanged } from './object-reply.ts';

/**
 * Answers with a text that was made for the request, or 304 where whoever asks has it already: its
 * entity tag is a hash of it. It may be kept, but has to be asked for each time.
 */
export function replyWithTag(
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  text: string,
): never {
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  reply.header('ETag', etag).header('Cache-Control', 'no-cache');
  if (isUnchanged(request, { etag })) return reply.code(304).send(null) as never;
  // A schema describes it, and does not serialize it.
  return reply.type(type).serializer(String).send(text) as never;
}
