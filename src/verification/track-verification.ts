import type { Codec } from '../codecs/codec.ts';
import type { Configuration } from '../codecs/configuration.ts';
import { codecNamed, codecOfString } from '../codecs/registry.ts';
import { compositionDelayOf } from '../containers/chunk-facts.ts';
import { containerNamed } from '../containers/registry.ts';
import { segmentName } from '../layout/file-names.ts';
import type { ManifestTrack } from '../manifest/presentation.ts';
import { wallClockSpan } from '../media/wall-clock-span.ts';
import type { DecodableSegment } from './decode.ts';
import { type Finding, finding, type TrackExtent } from './finding.ts';
import type { RecordingFiles } from './recording-files.ts';
import { inspectSegment, type SegmentInspection } from './segment-inspection.ts';
import { contradictions } from './track-facts.ts';

/** Tolerance for the bandwidth in the manifest, which may have been rounded twice, bit/s. */
const BANDWIDTH_SLACK = 2000;

/** What a track of a Period is checked against. */
export interface TrackVerificationOptions {
  files: RecordingFiles;
  /** Names of all files. */
  names: ReadonlySet<string>;
  /** Earliest allowed start of a segment, µs since the Unix epoch. */
  fromUs: number;
  toUs: number;
  /** Check for missing pictures by the references between pictures. */
  decode: boolean;
}

/** The result of {@link verifyTrack}. */
export interface TrackVerification {
  extent: TrackExtent;
  findings: Finding[];
  /** Segments whose boxes are intact; empty if the initialization segment is not. */
  decodable: DecodableSegment[];
}

/**
 * Checks a track of a Period in the manifest against its files.
 * @throws what {@link RecordingFiles.open} throws
 */
export async function verifyTrack(
  track: ManifestTrack,
  options: TrackVerificationOptions,
): Promise<TrackVerification> {
  const { kind, timescale, startNumber, codecs } = track;
  const container = containerNamed(track.container);
  const { files, names } = options;
  const findings = await verifyInitialization(track, options);
  const isInitialized = findings.length === 0;
  const decodable: DecodableSegment[] = [];
  const initialization = isInitialized ? await files.read(track.initialization) : undefined;
  const configuration = initialization && container.readConfiguration(initialization);
  const codec = (configuration && codecNamed(configuration.codec)) ?? codecOfString(codecs);
  const continuity =
    options.decode && configuration ? continuityCheck(codec, configuration) : undefined;
  const compositionDelay =
    (initialization && container.readInitialization(initialization)?.compositionDelay) ?? 0;
  const toUs = (ticks: number) => Math.round((ticks / timescale) * 1e6);
  const { startTicks, endTicks } = track.timeline;
  const extent: TrackExtent = {
    segments: 0,
    samples: 0,
    bytes: 0,
    startUs: toUs(startTicks),
    endUs: toUs(endTicks),
  };
  let number = startNumber;
  let end = startTicks;
  for (const { startTicks: start, durationTicks: duration } of track.timeline.segments()) {
    const name = segmentName(kind, number++, track.container);
    if (start > end) {
      const seconds = ((start - end) / timescale).toFixed(3);
      findings.push(finding('hole', `${seconds} s of media are missing before it`, name));
    }
    end = start + duration;
    const found = names.has(name)
      ? await inspectSegment(files, name, codec, continuity)
      : undefined;
    if (found === undefined) {
      findings.push(finding('missing', 'the manifest names it, but the file does not exist', name));
      continue;
    }
    extent.segments++;
    extent.samples += found.samples;
    extent.bytes += found.size;
    findings.push(...segmentFindings(name, found));
    if (found.torn !== undefined) continue;
    const { times } = container.readHead(found.head, timescale);
    const { startUs } = wallClockSpan(times, start, start + duration, timescale);
    if (startUs < options.fromUs || startUs >= options.toUs) {
      findings.push(finding('times', `${iso(startUs)} is not on the day of its folder`, name));
    }
    const startsAtKeyframe = kind === 'audio' || found.chunks[0]!.keyframes[0] === 0;
    const delay = compositionDelayOf(found.chunks[0]!);
    if (isInitialized && delay !== undefined && delay !== compositionDelay) {
      const ticks = `by ${delay} ticks, ${track.initialization} takes away ${compositionDelay}`;
      findings.push(
        finding(
          'initialization',
          `its composition delay is wrong: pictures are delayed ${ticks}`,
          name,
        ),
      );
    }
    if (isInitialized) decodable.push({ name, startsAtKeyframe });
    if (found.startTime !== start || found.duration !== duration) {
      const by = ((found.startTime - start) / timescale).toFixed(3);
      const longer = ((found.duration - duration) / timescale).toFixed(3);
      findings.push(
        finding('times', `begins ${by} s off the manifest and lasts ${longer} s longer`, name),
      );
    }
  }
  const isWhole = extent.segments === track.timeline.count;
  const seconds = (endTicks - startTicks) / timescale;
  const off = ((extent.bytes - track.bytes) * 8) / seconds;
  if (isWhole && Math.abs(off) > BANDWIDTH_SLACK) {
    const bits = `${Math.round(off / 1000)} kbit/s`;
    findings.push(finding('size', `${kind}: the files take ${bits} more than the manifest says`));
  }
  return { extent, findings, decodable };
}

function continuityCheck(codec: Codec | undefined, configuration: Configuration) {
  if (codec?.kind !== 'video' || configuration.kind !== 'video') return undefined;
  return codec.createContinuityCheck(configuration);
}

/** Findings about a segment file by itself. */
export function segmentFindings(name: string, inspection: SegmentInspection): Finding[] {
  const { torn, undecodable, disjoint } = inspection;
  const findings: Finding[] = [];
  if (torn !== undefined) findings.push(finding('torn', torn, name));
  if (disjoint !== undefined) findings.push(finding('times', disjoint, name));
  if (undecodable.length > 0) findings.push(finding('undecodable', undecodable.join('; '), name));
  return findings;
}

async function verifyInitialization(
  track: ManifestTrack,
  { files, names }: TrackVerificationOptions,
): Promise<Finding[]> {
  const name = track.initialization;
  const tell = (message: string) => [finding('initialization', message, name)];
  const data = names.has(name) ? await files.read(name) : undefined;
  if (data === undefined) return tell('the manifest names it, but the file does not exist');
  const facts = containerNamed(track.container).readInitialization(data);
  if (facts === undefined) return tell('cannot be read');
  return contradictions(facts, track).flatMap((key) =>
    tell(`${key} is ${facts[key]}, in the manifest ${track[key]}`),
  );
}

/** An instant in ISO 8601, to the millisecond. @param us µs since the Unix epoch */
export function iso(us: number): string {
  const date = new Date(us / 1000);
  return Number.isNaN(date.getTime()) ? `${us} µs` : date.toISOString();
}
