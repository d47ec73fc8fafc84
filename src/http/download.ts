import type { FastifyReply } from 'fastify';

/** Characters of a name that a file system or a shell may not take; RFC 6266 has it twice for that. */
const UNSAFE = /[^A-Za-z0-9._-]+/g;
/** Bytes of a name at most: with time and extension it stays below the 255 of file systems. */
const MOST_NAME_BYTES = 180;

/**
 * Lets a browser save the reply under the name of a stream and the local time of its beginning
 * (RFC 6266): `cam1_2025-07-24_08-00-00.mp4`.
 * @param startUs µs since the Unix epoch
 * @param offsetMinutes of the local time, east of UTC
 */
export function asDownload(
  reply: FastifyReply,
  download: { stream: string; startUs: number; offsetMinutes: number; extension: string },
): void {
  const { stream, startUs, offsetMinutes, extension } = download;
  const local = new Date(startUs / 1000 + offsetMinutes * 60_000).toISOString();
  const time = local.slice(0, 19).replaceAll(':', '-').replace('T', '_');
  const nameOf = (text: string) => `${text}_${time}.${extension}`;
  const plain = nameOf(stream.replace(UNSAFE, '_').slice(0, MOST_NAME_BYTES));
  let whole = stream.replace(/[/\\:*?"<>|]/g, '_');
  while (Buffer.byteLength(whole) > MOST_NAME_BYTES) whole = whole.slice(0, -1);
  // A letter that was cut in two cannot be written.
  const encoded = encodeURIComponent(nameOf(whole.toWellFormed())).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  reply.header(
    'Content-Disposition',
    `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`,
  );
}

/**
 * Offset of the local time that a time in a request is written in, minutes east of UTC; that of this
 * machine at that time where it is written in µs.
 * @param text as `parseTime` takes it
 */
export function offsetOf(text: string, us: number): number {
  // In a query an unencoded `+` comes as a space.
  const [, sign, hours, minutes] = /([+ -])(\d{2}):?(\d{2})$/.exec(text.trim()) ?? [];
  if (hours !== undefined) {
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  }
  return /[Zz]$/.test(text.trim()) ? 0 : -new Date(us / 1000).getTimezoneOffset();
}
