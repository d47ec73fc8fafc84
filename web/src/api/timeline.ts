import { call } from './request.ts';

/** A stretch of time in which there is media of a stream; times in µs since the Unix epoch. */
export interface TimelineSpan {
  start_ts: number;
  /** Exclusive. */
  end_ts: number;
  kinds: ('video' | 'audio')[];
  bytes: number;
  /** Why recording began anew with it. */
  reason?: string;
}

/** What there is of one stream. */
export interface StreamTimeline {
  stream: string;
  spans: TimelineSpan[];
}

const us = (ms: number) => String(Math.round(ms) * 1000);

/**
 * When there is media.
 * @param names of the streams, as `joinNames` makes them
 * @param resolutionMs gaps that are no longer than this are passed over
 */
export async function timelineOf(
  names: string,
  startMs: number,
  endMs: number,
  resolutionMs: number,
  signal?: AbortSignal,
): Promise<StreamTimeline[]> {
  const query = new URLSearchParams({
    streams: names,
    start: us(Math.max(0, startMs)),
    end: us(endMs),
    resolution: String(resolutionMs / 1000),
  });
  // Asked for again and again, and mostly unchanged: the browser knows its tag.
  const response = await call(`api/timeline?${query}`, 'GET', {
    cache: 'no-cache',
    ...(signal && { signal }),
  });
  return (await response.json()).streams;
}

const playback = (stream: string) => `api/playback/${encodeURIComponent(stream)}`;

/** Where a stretch of a stream plays from, over all that lies in it. @param endMs absent: live */
export function manifestPath(stream: string, startMs: number, endMs: number | undefined): string {
  const query = new URLSearchParams({ start: us(startMs) });
  if (endMs !== undefined) query.set('end', us(endMs));
  return `${playback(stream)}/manifest.mpd?${query}`;
}

/** A picture of a stream: the keyframe at an instant or before it, as a film of one picture. */
export async function pictureOf(
  stream: string,
  epochMs: number,
  width: number,
  signal: AbortSignal,
): Promise<Blob> {
  const query = new URLSearchParams({ ts: us(epochMs), width: String(width) });
  const path = `${playback(stream)}/picture?${query}`;
  return (await call(path, 'GET', { cache: 'default', signal })).blob();
}

/** Formats in which a stretch is had as one file. */
export type ExportFormat = 'mp4' | 'webm';

/**
 * Which format the pictures of a stretch can be exported in. Where they change from one to the other,
 * the export itself is refused, with the stretches of each.
 */
export async function exportFormat(
  stream: string,
  startMs: number,
  endMs: number,
  signal: AbortSignal,
): Promise<ExportFormat> {
  const response = await call(manifestPath(stream, startMs, endMs), 'GET', { signal });
  return (await response.text()).includes('mimeType="video/webm"') ? 'webm' : 'mp4';
}

/**
 * Where a stretch of a stream is had as one file.
 * @param start ISO 8601; its offset is that of the time in the file's name
 * @param end ISO 8601
 */
export function exportPath(
  stream: string,
  start: string,
  end: string,
  format: ExportFormat,
): string {
  return `${playback(stream)}/export.${format}?${new URLSearchParams({ start, end })}`;
}
