import { accessToken } from '../api/access-token.ts';
import { errorOfResponse, send } from '../api/request.ts';
import { words } from '../words/language.ts';
import { createClipFile, MOST_IN_MEMORY } from './clip-file.ts';

/** A file that the recorder has, or makes while it is loaded. */
export interface RecorderFile {
  url: string;
  /** Where the recorder gives no name. */
  name: string;
  /** Bytes, roughly; undefined where it is not known. */
  bytes: number | undefined;
}

/**
 * Loads a file, and hands it to the browser to be kept.
 * @param onProgress told how much of it was loaded, 0 to 1
 * @throws RecorderError; Error in words for what is too large; DOMException `AbortError`
 */
export async function downloadFile(
  { url, name, bytes }: RecorderFile,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<void> {
  // The browser itself loads without limit, but has no token to show.
  if (accessToken.peek() === '' && (bytes ?? 0) > MOST_IN_MEMORY) return save(url, '');
  const response = await send(url, { signal });
  if (!response.ok) throw await errorOfResponse(response);
  const whole = Number(response.headers.get('content-length')) || bytes || 1;
  const file = await createClipFile(whole);
  if (file === undefined) {
    await response.body?.cancel();
    throw new Error(words.peek().clipTooLarge);
  }
  try {
    let read = 0;
    for await (const part of response.body!) {
      await file.write(part);
      read += part.length;
      onProgress(Math.min(1, read / whole));
    }
  } catch (error) {
    await file.discard();
    throw error;
  }
  const object = URL.createObjectURL(await file.finish());
  save(object, fileNameOf(response) ?? name);
  setTimeout(() => URL.revokeObjectURL(object), 60_000);
}

function fileNameOf(response: Response): string | undefined {
  const header = response.headers.get('content-disposition') ?? '';
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(header)?.[1];
  return encoded === undefined
    ? /filename="([^"]+)"/i.exec(header)?.[1]
    : decodeURIComponent(encoded);
}

function save(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}
