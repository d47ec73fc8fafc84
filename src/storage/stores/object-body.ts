import { Readable } from 'node:stream';
import { StoreError } from './store.ts';

/**
 * The body of an answer as a caller reads it: every failure is a StoreError, an early end too, and a
 * server that falls silent is given up. A reader that pauses is not the server's fault, so only the
 * time spent waiting for bytes counts.
 * @param contentLength bytes that must come
 * @param idleMs longest wait for the next bytes
 * @param toError what a failure of the connection means
 */
export function objectBody(
  source: Readable,
  contentLength: number,
  idleMs: number,
  toError: (error: unknown) => StoreError,
): Readable {
  const body = Readable.from(checkedChunks(source, contentLength, idleMs, toError), {
    objectMode: false,
  });
  // A generator that was never started runs no finally.
  body.once('close', () => source.destroy());
  source.on('error', () => {});
  return body;
}

async function* checkedChunks(
  source: Readable,
  contentLength: number,
  idleMs: number,
  toError: (error: unknown) => StoreError,
): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  let received = 0;
  try {
    while (true) {
      const idle = setTimeout(
        () => source.destroy(Object.assign(new Error('no bytes'), { code: 'ETIMEDOUT' })),
        idleMs,
      );
      let step: IteratorResult<Buffer>;
      try {
        step = await chunks.next();
      } finally {
        clearTimeout(idle);
      }
      if (step.done) break;
      received += step.value.length;
      yield step.value;
    }
  } catch (error) {
    throw toError(error);
  }
  if (received !== contentLength) {
    throw new StoreError(`the object ended after ${received} of ${contentLength} bytes`, {
      kind: 'integrity',
      code: 'IncompleteBody',
    });
  }
}

/** Bytes of the whole object by `Content-Range: bytes 0-9/100` (RFC 9110 §14.4). */
export function sizeOfContentRange(header: string | undefined): number | undefined {
  const total = header?.match(/^bytes \d+-\d+\/(\d+)$/)?.[1];
  return total === undefined ? undefined : Number(total);
}
