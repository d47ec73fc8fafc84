import { createRequire } from 'node:module';
import { segmentTemplate } from '../layout/file-names.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { CONTAINER_FILES, CONTAINER_NAMES, type ContainerName } from '../media/container-name.ts';
import type { SampleAspectRatio } from '../media/picture-size.ts';
import { DeletedFiles } from './deleted-files.ts';
import { DELAY_BEYOND_SEGMENT_SECONDS, MPD_PROFILES } from './mpd.ts';
import type { ManifestPeriod, ManifestTrack, Presentation } from './presentation.ts';
import { SegmentTimeline } from './segment-timeline.ts';

// What `require` gives is one module of a quarter of the memory; an import loads 42 of them, in each thread.
const { XMLParser } = createRequire(import.meta.url)(
  'fast-xml-parser',
) as typeof import('fast-xml-parser');

/** The manifest was not written by `writeMpd`, or it is damaged. */
export class ManifestError extends Error {
  override name = 'ManifestError';
}

// Two days of segments of 0.1 s each: a longer run means damage.
const MAX_REPEAT = 2 * 864_000;

/** A run as `SegmentTimeline` writes it. */
const RUN = /<S(?: t="(\d+)")? d="(\d+)"(?: r="(\d+)")?\/>/y;
const TIMELINE = '<SegmentTimeline>';
const TIMELINE_END = '</SegmentTimeline>';
/** Stands in the place of a timeline that was taken out; the number of it follows. */
const TAKEN_OUT = '<SegmentTimeline out="';

const DAY_SECONDS = 86_400;
const ALWAYS_LISTS = new Set(['Period', 'AdaptationSet', 'S']);

/**
 * Parses the output of `writeMpd`, to continue a day folder after a restart: writing the result
 * again produces the same text. All Periods are ended, because their writer is gone;
 * `segmentSeconds` is the longest segment duration in the last Period if that is greater.
 *
 * @throws ManifestError that names the element or attribute that is missing or unexpected
 */
export function readMpd(text: string): Presentation {
  const { rest, timelines } = withoutTimelines(text);
  const mpd = readDocument(text, rest);
  const periods = elements(mpd, 'Period').map((node) => readPeriod(node, timelines));
  return presentationOf(mpd, periods, rest);
}

/** The `MPD` element. @param rest of the text, of which what is read otherwise was taken out */
export function readDocument(text: string, rest: string): Node {
  // The parser accepts truncated text, and continuing from that would lose segments.
  if (!text.trimEnd().endsWith('</MPD>')) throw new ManifestError('does not end with </MPD>');
  return element(parse(rest), 'document', 'MPD');
}

/**
 * What an `MPD` element says.
 * @param all its Periods
 * @param around its text, with or without that of the Periods
 */
export function presentationOf(
  mpd: Node,
  all: readonly ManifestPeriod[],
  around: string,
): Presentation {
  if (!MPD_PROFILES.includes(attribute(mpd, 'MPD', 'profiles'))) {
    throw new ManifestError(`MPD@profiles is not ${MPD_PROFILES.join(' or ')}`);
  }
  const type = attribute(mpd, 'MPD', 'type');
  if (type !== 'dynamic' && type !== 'static') throw new ManifestError(`MPD@type is "${type}"`);
  const dayStartMs = Date.parse(attribute(mpd, 'MPD', 'availabilityStartTime'));
  if (Number.isNaN(dayStartMs)) throw new ManifestError('MPD@availabilityStartTime is not a date');
  const delaySeconds = seconds(mpd, 'MPD', 'suggestedPresentationDelay');
  if (delaySeconds <= DELAY_BEYOND_SEGMENT_SECONDS) {
    throw new ManifestError('MPD@suggestedPresentationDelay is too short');
  }
  const ids = new Set<string>();
  for (const { id } of all) {
    if (ids.has(id)) throw new ManifestError(`Period@id "${id}" stands twice`);
    ids.add(id);
  }
  const deleted = DeletedFiles.parse(around);
  if (deleted === 'malformed') throw new ManifestError('lists deleted files that it cannot have');
  return {
    dayStartUs: dayStartMs * 1000,
    live: type === 'dynamic',
    segmentSeconds: Math.round((delaySeconds - DELAY_BEYOND_SEGMENT_SECONDS) * 1e6) / 1e6,
    // A Period without content is a placeholder for later ones.
    periods: all.filter(({ video, audio }) => video !== undefined || audio !== undefined),
    ...(deleted !== undefined && { deleted }),
  };
}

/**
 * Reads a Period.
 * @param timelines content of the timelines that were taken out of it
 * @param before the same Period as it was read earlier, if it was
 */
function readPeriod(
  node: Node,
  timelines: readonly string[],
  before?: ManifestPeriod,
): ManifestPeriod {
  const period: ManifestPeriod = { id: attribute(node, 'Period', 'id'), ended: true };
  const offsets = new Map<ManifestTrack, number>();
  for (const set of elements(node, 'AdaptationSet')) {
    const track = readTrack(set, timelines, before);
    if (period[track.kind] !== undefined) {
      throw new ManifestError(`Period "${period.id}" has two AdaptationSets of ${track.kind}`);
    }
    period[track.kind] = track;
    offsets.set(track, offsetOf(set));
  }
  const startsAt = startOf(period, offsets);
  if (startsAt !== undefined) period.startsAt = startsAt;
  return period;
}

/**
 * Reads the text of a Period on its own.
 * @param before as it was read earlier, if it was: what its timelines have in common is not read again
 * @throws ManifestError as {@link readMpd}
 */
export function readPeriodText(text: string, before?: ManifestPeriod): ManifestPeriod {
  const { rest, timelines } = withoutTimelines(text);
  const [node, ...others] = elements(parse(rest), 'Period');
  if (node === undefined || others.length > 0) throw new ManifestError('is not one Period');
  return readPeriod(node, timelines, before);
}

function offsetOf(set: Node): number {
  const template = element(set, 'AdaptationSet', 'SegmentTemplate');
  if (template['@presentationTimeOffset'] === undefined) return 0;
  return integer(template, 'SegmentTemplate', 'presentationTimeOffset');
}

/** The start of a Period, if it lies within its files; a day cuts them off at midnight anyway. */
function startOf(
  { video, audio }: ManifestPeriod,
  offsets: ReadonlyMap<ManifestTrack, number>,
): ManifestPeriod['startsAt'] {
  for (const track of [video, audio]) {
    const ticks = (track && offsets.get(track)) ?? 0;
    if (track === undefined || ticks <= track.timeline.startTicks) continue;
    const { timescale } = track;
    return ticks % (DAY_SECONDS * timescale) === 0 ? undefined : { ticks, timescale };
  }
  return undefined;
}

function readTrack(
  set: Node,
  timelines: readonly string[],
  before: ManifestPeriod | undefined,
): ManifestTrack {
  const kind = attribute(set, 'AdaptationSet', 'contentType');
  if (!isKind(kind)) throw new ManifestError(`AdaptationSet@contentType is "${kind}"`);
  const template = element(set, 'AdaptationSet', 'SegmentTemplate');
  const container = readContainer(kind, set, template);
  const timescale = integer(template, 'SegmentTemplate', 'timescale');
  if (timescale === 0) throw new ManifestError('SegmentTemplate@timescale is 0');
  const runs = element(template, 'SegmentTemplate', 'SegmentTimeline');
  const timeline = readTimeline(runs, timelines, before?.[kind]?.timeline);
  const representation = element(set, 'AdaptationSet', 'Representation');
  const bandwidth = integer(representation, 'Representation', 'bandwidth');
  const durationSeconds = (timeline.endTicks - timeline.startTicks) / timescale;
  const track: ManifestTrack = {
    kind,
    container,
    codecs: attribute(representation, 'Representation', 'codecs'),
    timescale,
    initialization: attribute(template, 'SegmentTemplate', 'initialization'),
    startNumber: integer(template, 'SegmentTemplate', 'startNumber'),
    timeline,
    bytes: Math.round((bandwidth / 8) * durationSeconds),
  };
  if (representation['@width'] !== undefined) {
    track.width = integer(representation, 'Representation', 'width');
  }
  if (representation['@height'] !== undefined) {
    track.height = integer(representation, 'Representation', 'height');
  }
  if (representation['@sar'] !== undefined) {
    track.sampleAspectRatio = readSampleAspectRatio(representation);
  }
  if (representation.AudioChannelConfiguration !== undefined) {
    const channels = element(representation, 'Representation', 'AudioChannelConfiguration');
    track.channels = integer(channels, 'AudioChannelConfiguration', 'value');
  }
  if (representation['@audioSamplingRate'] !== undefined) {
    const rate = integer(representation, 'Representation', 'audioSamplingRate');
    if (rate !== timescale) track.samplingRate = rate;
  }
  return track;
}

/** `@sar` (§5.3.7.2), a ratio. */
function readSampleAspectRatio(representation: Node): SampleAspectRatio {
  const text = attribute(representation, 'Representation', 'sar');
  const match = /^([1-9]\d{0,9}):([1-9]\d{0,9})$/.exec(text);
  if (match === null) throw new ManifestError(`Representation@sar is "${text}", not a ratio`);
  return { width: Number(match[1]), height: Number(match[2]) };
}

/** The container that the file names and the media type belong to. */
function readContainer(kind: TrackKind, set: Node, template: Node): ContainerName {
  const media = attribute(template, 'SegmentTemplate', 'media');
  const container = CONTAINER_NAMES.find((name) => segmentTemplate(kind, name) === media);
  if (container === undefined) {
    const ours = CONTAINER_NAMES.map((name) => `"${segmentTemplate(kind, name)}"`).join(' or ');
    throw new ManifestError(`SegmentTemplate@media is "${media}", not ${ours}`);
  }
  const mimeType = attribute(set, 'AdaptationSet', 'mimeType');
  if (mimeType !== CONTAINER_FILES[container][kind]) {
    throw new ManifestError(`AdaptationSet@mimeType is "${mimeType}"`);
  }
  return container;
}

/**
 * Takes the content of timelines out of the text: nearly all of the manifest of a long day, of which a
 * tree of elements would take ten times as long to build as its runs to read.
 */
function withoutTimelines(text: string): { rest: string; timelines: string[] } {
  const timelines: string[] = [];
  // A place that we did not make would show the runs of another track.
  if (text.includes(TAKEN_OUT)) return { rest: text, timelines };
  let rest = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf(TIMELINE, at);
    const end = start < 0 ? -1 : text.indexOf(TIMELINE_END, start);
    if (end < 0) return { rest: rest + text.slice(at), timelines };
    rest += `${text.slice(at, start)}${TAKEN_OUT}${timelines.length}"/>`;
    timelines.push(text.slice(start + TIMELINE.length, end));
    at = end + TIMELINE_END.length;
  }
}

function readTimeline(
  node: Node,
  timelines: readonly string[],
  before = new SegmentTimeline(),
): SegmentTimeline {
  const runs = timelines[Number(node['@out'])];
  const [timeline, known] = SegmentTimeline.continuing(before, runs ?? '');
  if (runs === undefined) addElements(timeline, node);
  else if (!addRuns(timeline, runs, known)) {
    // Something else is in it: the parser and the messages of each element say what.
    return readTimeline(readContent(runs), []);
  }
  if (timeline.count === 0) throw new ManifestError('SegmentTimeline has no S');
  return timeline;
}

function readContent(runs: string): Node {
  const document = parse(TIMELINE + runs + TIMELINE_END);
  const node = document.SegmentTimeline;
  return isNode(node) ? node : {};
}

/**
 * @param from characters that are read already
 * @returns false where there is anything but runs as we write them
 */
function addRuns(timeline: SegmentTimeline, text: string, from: number): boolean {
  let at = from;
  while (at < text.length) {
    RUN.lastIndex = at;
    const [all, start, duration, repeat = '0'] = RUN.exec(text) ?? [];
    if (all === undefined) return false;
    const numbers = [start ?? '0', duration!, repeat].map(Number);
    if (!numbers.every(Number.isSafeInteger)) return false;
    addRun(timeline, start === undefined ? undefined : numbers[0]!, numbers[1]!, numbers[2]!);
    at += all.length;
  }
  return true;
}

function addElements(timeline: SegmentTimeline, node: Node): void {
  for (const run of elements(node, 'S')) {
    const duration = integer(run, 'S', 'd');
    const repeat = run['@r'] === undefined ? 0 : integer(run, 'S', 'r');
    const start = run['@t'] === undefined ? undefined : integer(run, 'S', 't');
    addRun(timeline, start, duration, repeat);
  }
}

/** @param start where it does not follow from the run before */
function addRun(
  timeline: SegmentTimeline,
  start: number | undefined,
  duration: number,
  repeat: number,
): void {
  if (repeat > MAX_REPEAT) throw new ManifestError(`S@r is ${repeat}`);
  if (start === undefined && timeline.count === 0) throw new ManifestError('the first S has no t');
  const from = start ?? timeline.endTicks;
  try {
    for (let i = 0; i <= repeat; i++) timeline.add(from + i * duration, duration);
  } catch (cause) {
    throw new ManifestError(`SegmentTimeline: ${(cause as RangeError).message}`, { cause });
  }
}

/** An element as returned by the parser: attributes as `@name`, child elements by name. */
export interface Node {
  [name: string]: unknown;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseAttributeValue: false,
  isArray: (name) => ALWAYS_LISTS.has(name),
});

function parse(text: string): Node {
  try {
    return parser.parse(text);
  } catch (cause) {
    throw new ManifestError(`is not well-formed XML: ${(cause as Error).message}`, { cause });
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isKind(value: string): value is TrackKind {
  return value === 'video' || value === 'audio';
}

/** The only child element with this name. */
function element(parent: Node, parentName: string, name: string): Node {
  const child = parent[name];
  if (!isNode(child)) throw new ManifestError(`${parentName} needs one ${name}`);
  return child;
}

/** All child elements with this name. */
function elements(parent: Node, name: string): Node[] {
  const children = parent[name];
  if (children === undefined) return [];
  // The parser returns an empty string for an element without attributes and content.
  return (children as unknown[]).map((child) => (isNode(child) ? child : {}));
}

function attribute(node: Node, nodeName: string, name: string): string {
  const value = node[`@${name}`];
  if (typeof value !== 'string') throw new ManifestError(`${nodeName}@${name} is missing`);
  return value;
}

function integer(node: Node, nodeName: string, name: string): number {
  const text = attribute(node, nodeName, name);
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new ManifestError(`${nodeName}@${name} is "${text}", not an integer`);
  }
  return value;
}

/** An `xs:duration` in seconds only, which is how we write it. */
function seconds(node: Node, nodeName: string, name: string): number {
  const text = attribute(node, nodeName, name);
  const match = /^PT(\d+(?:\.\d+)?)S$/.exec(text);
  if (match === null) throw new ManifestError(`${nodeName}@${name} is "${text}", not PT…S`);
  return Number(match[1]);
}
