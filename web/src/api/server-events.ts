import { EventSourceParserStream } from 'eventsource-parser/stream';
import { address } from './address.ts';
import { errorOfResponse, noteDate, send } from './request.ts';

// The recorder sends something every 15 s: longer silence means that the path is dead.
const SILENCE_MS = 40_000;

/**
 * Follows server-sent events. `EventSource` cannot send a token.
 * @param path relative to the console
 * @param signal ends it
 * @returns when the recorder ends it, or is silent for too long
 * @throws RecorderError for a refusal, or when nothing answers
 */
export async function followEvents<T>(
  path: string,
  signal: AbortSignal,
  onEvent: (data: T) => void,
): Promise<void> {
  const silence = new AbortController();
  const both = AbortSignal.any([signal, silence.signal]);
  const response = await send(address(path), { signal: both });
  if (!response.ok || response.body === null) throw await errorOfResponse(response);
  noteDate(response);
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const heard = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      controller.enqueue(chunk);
    },
  });
  try {
    const events = response.body
      .pipeThrough(heard)
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    for await (const { data } of events) onEvent(JSON.parse(data));
  } catch (error) {
    // A path that breaks is as one that ends: it is tried anew.
    if (signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}
