import { segmentTemplate } from '../layout/file-names.ts';
import { CONTAINER_FILES } from '../media/container-name.ts';
import type { ManifestPeriod, ManifestTrack, Presentation } from './presentation.ts';

/** SegmentTemplate, live and on demand, with all segments in MP4 (ISO/IEC 23009-1 §8.4). */
const ISOFF_LIVE = 'urn:mpeg:dash:profile:isoff-live:2011';
/** Everything that DASH allows (§8.2): no narrower profile has WebM beside MP4. */
const FULL = 'urn:mpeg:dash:profile:full:2011';

/** The profiles in use, one a manifest. */
export const MPD_PROFILES: readonly string[] = [ISOFF_LIVE, FULL];

/** Where players of a live manifest read the wall clock from this service (DASH UTCTiming). */
export const UTC_TIMING_URL = '/api/time';

/** Interval at which players reload a live manifest, seconds. */
const UPDATE_PERIOD_SECONDS = 2;
/**
 * Distance of the viewer from the end of the last segment, in addition to one segment, seconds: one
 * update period until the player learns of the next segment, and another one to fetch it and for a
 * segment that waits for its keyframe.
 */
export const DELAY_BEYOND_SEGMENT_SECONDS = 2 * UPDATE_PERIOD_SECONDS;
/** Bandwidth is rounded to this, bit/s. */
const BANDWIDTH_STEP = 1000;

/**
 * Writes the manifest of one day of a stream (ISO/IEC 23009-1). While live it is dynamic, and its
 * Periods are at their wall-clock starts; afterwards it is static, and they are packed back to
 * back. Tracks and Periods without a segment are omitted. No Period has a duration: players would
 * stop for good at the gap that it announces.
 *
 * @param options.nowUs time of publication, µs since the Unix epoch
 * @param options.utcTimingUrl where players read the wall clock (`urn:mpeg:dash:utc:http-xsdate`)
 * @param options.note for who reads the text, in a comment
 * @param options.overSeveralDays the media time of a day may end after that of the next day starts,
 * since each starts at the wall clock again: while live, such a day is moved behind the previous one
 */
export function writeMpd(
  presentation: Presentation,
  options: {
    nowUs: number;
    utcTimingUrl?: string;
    overSeveralDays?: boolean;
    note?: string | undefined;
  },
): string {
  const { live, dayStartUs } = presentation;
  const spans: PeriodSpan[] = [];
  for (const period of presentation.periods) {
    const span = spanOf(period, dayStartUs);
    if (span !== undefined) spans.push(span);
  }

  let periodsXml = '';
  let packedUs = 0;
  let longestUs = 0;
  for (const span of spans) {
    if (live) packedUs = options.overSeveralDays ? Math.max(packedUs, span.startUs) : span.startUs;
    periodsXml += periodXml(span, packedUs);
    // Rounded up: players drop the last frame if the next Period starts before its end.
    packedUs += Math.ceil(span.endUs - span.startUs);
    longestUs = Math.max(longestUs, span.longestUs);
  }
  // The schema requires a Period; one without content is allowed (§5.3.2.1).
  if (spans.length === 0) periodsXml = '<Period id="empty" start="PT0S"/>\n';

  // The durations of the present encoder predict the end of the next segment, not those of earlier
  // ones.
  const expectedUs = Math.max(presentation.segmentSeconds * 1e6, spans.at(-1)?.longestUs ?? 0);
  const attributes = [
    'xmlns="urn:mpeg:dash:schema:mpd:2011"',
    `profiles="${profileOf(spans)}"`,
    `type="${live ? 'dynamic' : 'static'}"`,
    `availabilityStartTime="${dateTime(dayStartUs)}"`,
    'minBufferTime="PT2S"',
    `maxSegmentDuration="${duration(Math.max(longestUs, expectedUs))}"`,
    // Players ignore it in a static manifest; it is kept so that the reader can recover the target
    // duration.
    `suggestedPresentationDelay="${duration(expectedUs + DELAY_BEYOND_SEGMENT_SECONDS * 1e6)}"`,
  ];
  if (live) {
    attributes.push(
      `publishTime="${dateTime(options.nowUs)}"`,
      `minimumUpdatePeriod="${duration(UPDATE_PERIOD_SECONDS * 1e6)}"`,
    );
  } else {
    attributes.push(`mediaPresentationDuration="${duration(packedUs)}"`);
  }
  let timing = '';
  if (live && options.utcTimingUrl !== undefined) {
    timing = `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="${escapeXml(options.utcTimingUrl)}"/>\n`;
  }
  const { note } = options;
  // Two hyphens would end the comment.
  const comment = note === undefined ? '' : `<!-- ${note.replaceAll('--', '-%2D')} -->\n`;
  const deleted = presentation.deleted?.toXml() ?? '';
  return `<?xml version="1.0" encoding="UTF-8"?>\n${comment}<MPD ${attributes.join(' ')}>\n${deleted}${periodsXml}${timing}</MPD>\n`;
}

/** The narrowest profile that all tracks conform to. */
function profileOf(spans: readonly PeriodSpan[]): string {
  const isAllMp4 = spans.every(({ tracks }) =>
    tracks.every(({ container }) => container === 'mp4'),
  );
  return isAllMp4 ? ISOFF_LIVE : FULL;
}

/** A Period with segments, and its place in time. */
interface PeriodSpan {
  id: string;
  baseUrl: string | undefined;
  /** The tracks that have segments. */
  tracks: ManifestTrack[];
  /** Start in ticks of `gridTimescale` since the Unix epoch. */
  startOnGrid: number;
  /** Greatest common divisor of the tracks' timescales, in which both can be expressed exactly. */
  gridTimescale: number;
  /** Start of the Period and end of its last sample, µs since the start of the day. */
  startUs: number;
  endUs: number;
  /** Longest segment, µs. */
  longestUs: number;
}

function spanOf(period: ManifestPeriod, dayStartUs: number): PeriodSpan | undefined {
  const tracks: ManifestTrack[] = [];
  if (period.video !== undefined && period.video.timeline.count > 0) tracks.push(period.video);
  if (period.audio !== undefined && period.audio.timeline.count > 0) tracks.push(period.audio);
  if (tracks.length === 0) return undefined;

  const gridTimescale = tracks.map((track) => track.timescale).reduce(greatestCommonDivisor);
  const dayStartOnGrid = Math.round((dayStartUs / 1e6) * gridTimescale);
  let startOnGrid = Number.POSITIVE_INFINITY;
  let endUs = 0;
  let longestUs = 0;
  for (const { timeline, timescale } of tracks) {
    const ticksPerStep = timescale / gridTimescale;
    startOnGrid = Math.min(startOnGrid, Math.floor(timeline.startTicks / ticksPerStep));
    const dayStartTicks = dayStartOnGrid * ticksPerStep;
    endUs = Math.max(endUs, microseconds(timeline.endTicks - dayStartTicks, timescale));
    longestUs = Math.max(longestUs, microseconds(timeline.longestTicks, timescale));
  }
  const { startsAt } = period;
  if (startsAt !== undefined) {
    // Rounded down: players drop a picture that begins before its Period, with all that need it.
    const start = Math.floor(startsAt.ticks / (startsAt.timescale / gridTimescale));
    startOnGrid = Math.max(startOnGrid, start);
  }
  // A Period cannot start before the availabilityStartTime, so earlier media is cut off.
  startOnGrid = Math.max(startOnGrid, dayStartOnGrid);
  return {
    id: period.id,
    baseUrl: period.baseUrl,
    tracks,
    startOnGrid,
    gridTimescale,
    startUs: microseconds(startOnGrid - dayStartOnGrid, gridTimescale),
    endUs,
    longestUs,
  };
}

function periodXml(span: PeriodSpan, startUs: number): string {
  let xml = `<Period id="${escapeXml(span.id)}" start="${duration(startUs)}">\n`;
  if (span.baseUrl !== undefined) xml += `<BaseURL>${escapeXml(span.baseUrl)}</BaseURL>\n`;
  for (const track of span.tracks) xml += adaptationSetXml(track, span);
  return `${xml}</Period>\n`;
}

function adaptationSetXml(track: ManifestTrack, span: PeriodSpan): string {
  const { kind, container, timescale, timeline } = track;
  const video = kind === 'video';
  const presentationTimeOffset = span.startOnGrid * (timescale / span.gridTimescale);
  const seconds = (timeline.endTicks - timeline.startTicks) / timescale;
  const bandwidth = Math.max(
    BANDWIDTH_STEP,
    Math.round((track.bytes * 8) / seconds / BANDWIDTH_STEP) * BANDWIDTH_STEP,
  );
  let representation = `id="${kind}" codecs="${escapeXml(track.codecs)}" bandwidth="${bandwidth}"`;
  if (track.width !== undefined) representation += ` width="${track.width}"`;
  if (track.height !== undefined) representation += ` height="${track.height}"`;
  if (track.sampleAspectRatio !== undefined) {
    const { width, height } = track.sampleAspectRatio;
    representation += ` sar="${width}:${height}"`;
  }
  if (!video) representation += ` audioSamplingRate="${track.samplingRate ?? timescale}"`;
  const channels =
    track.channels === undefined
      ? '/>'
      : `><AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="${track.channels}"/></Representation>`;
  return (
    `<AdaptationSet id="${video ? 1 : 2}" contentType="${kind}" mimeType="${CONTAINER_FILES[container][kind]}" segmentAlignment="true" startWithSAP="1">` +
    referencesXml(track) +
    '<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>\n' +
    `<SegmentTemplate timescale="${timescale}" presentationTimeOffset="${presentationTimeOffset}" initialization="${escapeXml(track.initialization)}" media="${segmentTemplate(kind, container)}" startNumber="${track.startNumber}">` +
    `${timeline.toXml()}</SegmentTemplate>\n` +
    `<Representation ${representation}${channels}</AdaptationSet>\n`
  );
}

/** Media time counts from the Unix epoch, before the presentationTimeOffset is taken away. */
function referencesXml({ references = [], kind }: ManifestTrack): string {
  let xml = '';
  for (const [at, { time, us }] of references.entries()) {
    const id = (kind === 'video' ? 1_000_000 : 2_000_000) + at;
    xml += `\n<ProducerReferenceTime id="${id}" type="captured" wallClockTime="${microsecondTime(us)}" presentationTime="${time}"/>`;
  }
  return xml === '' ? '' : `${xml}\n`;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Converts ticks to µs without a product above 2^53, which a day at 90 kHz would exceed. */
function microseconds(ticks: number, timescale: number): number {
  const seconds = Math.floor(ticks / timescale);
  return seconds * 1e6 + ((ticks - seconds * timescale) * 1e6) / timescale;
}

/** `xs:duration` in seconds with at most six decimals. */
function duration(us: number): string {
  const rounded = Math.round(us);
  const seconds = Math.floor(rounded / 1e6);
  const fraction = String(rounded - seconds * 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `PT${seconds}S` : `PT${seconds}.${fraction}S`;
}

/** `xs:dateTime` in UTC, to the millisecond. */
function dateTime(us: number): string {
  return new Date(us / 1000).toISOString();
}

/** `xs:dateTime` in UTC, to the microsecond. */
function microsecondTime(us: number): string {
  return dateTime(us).replace('Z', `${String(us % 1000).padStart(3, '0')}Z`);
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}
