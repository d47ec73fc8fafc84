import { Readable } from 'node:stream';
import { StoreError } from './store.ts';

/**
 * The body of a response: every failure is a StoreError, including a premature end, and a server
 * that stops sending times out. Only the time spent waiting for data counts, so a slow reader does
 * not trigger the timeout.
 * @param contentLength expected number of bytes
 * @param idleMs maximum time without data, ms
 * @param toError converts a connection error
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
  // A generator that was never started does not run its `finally`.
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

/** Size of the whole object from `Content-Range: bytes 0-9/100` (RFC 9110 §14.4). */
export function sizeOfContentRange(header: string | undefined): number | undefined {
  const total = header?.match(/^bytes \d+-\d+\/(\d+)$/)?.[1];
  return total === undefined ? undefined : Number(total);
}
