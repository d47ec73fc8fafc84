import { type FileHandle, open } from 'node:fs/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from './errors.ts';
import { sendObject } from './object-reply.ts';

/** Error codes of a path that names no file. */
const NO_FILE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP']);

/**
 * Answers a GET or HEAD with a file.
 * @param path absolute; links are followed
 * @throws RequestError 404, 412, 416; the file system's error
 */
export async function replyFromFile(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
): Promise<FastifyReply> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    if (NO_FILE.has((error as NodeJS.ErrnoException).code ?? '')) throw noSuchObject();
    throw error;
  }
  return sendFile(request, reply, file);
}

/**
 * Answers a GET or HEAD with an open file, and closes it.
 * @throws RequestError 404 for a folder, 412, 416
 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileHandle,
): Promise<FastifyReply> {
  let isRead = false;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw noSuchObject();
    const { size, mtimeMs, ino } = stats;
    // Strong (RFC 9110 §8.8.1): a segment never changes, and a manifest is replaced by a new file.
    const etag = [ino, size, Math.trunc(mtimeMs * 1000)].map((part) => part.toString(16)).join('-');
    return await sendObject(request, reply, {
      size,
      etag: `"${etag}"`,
      modifiedMs: mtimeMs,
      open: async (range) => {
        isRead = true;
        return file.createReadStream(range ?? {});
      },
    });
  } finally {
    // Otherwise the stream closes the file when it ends.
    if (!isRead) await file.close();
  }
}

/** The error for a path without an object. */
export function noSuchObject(): RequestError {
  return new RequestError(404, 'no such object');
}
