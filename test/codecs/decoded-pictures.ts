import { spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';

/**
 * Decodes a file of elementary streams or IVF with ffmpeg.
 *
 * @param format ffmpeg's name of the file format
 * @param pixelFormat of the result
 * @returns the pictures one behind the other, without padding
 * @throws Error where ffmpeg has anything to complain of
 */
export async function decodedPictures(
  format: string,
  file: Buffer,
  pixelFormat: string,
): Promise<Buffer> {
  const child = spawn('ffmpeg', [
    ...['-v', 'error', '-xerror', '-f', format, '-i', '-', '-fps_mode', 'passthrough'],
    ...['-pix_fmt', pixelFormat, '-f', 'rawvideo', '-'],
  ]);
  child.stdin.on('error', () => {});
  child.stdin.end(file);
  const [pictures, complaints] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  if (complaints !== '') throw new Error(`ffmpeg complains: ${complaints}`);
  return pictures;
}
