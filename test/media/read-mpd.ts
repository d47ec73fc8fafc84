import { XMLParser } from 'fast-xml-parser';

/** One media segment of a representation (ISO/IEC 23009-1 §5.3.9.6). */
export interface MpdSegment {
  number: number;
  /** Ticks of the template's timescale, as `S@t` counts them. */
  time: number;
  duration: number;
  /** File name, made from the `media` template. */
  file: string;
}

/** One adaptation set with its only representation. */
export interface MpdAdaptationSet {
  contentType: string;
  mimeType: string;
  codecs: string;
  width: number | undefined;
  height: number | undefined;
  bandwidth: number;
  timescale: number;
  presentationTimeOffset: number;
  /** File name of the initialization segment. */
  initialization: string;
  segments: MpdSegment[];
}

/** One period; times in seconds. */
export interface MpdPeriod {
  id: string | undefined;
  start: number | undefined;
  duration: number | undefined;
  adaptationSets: MpdAdaptationSet[];
}

/** A manifest as a reader of ISO/IEC 23009-1 sees it. */
export interface Mpd {
  type: 'static' | 'dynamic';
  profiles: string;
  /** ms since the Unix epoch. */
  availabilityStartTime: number | undefined;
  /** Seconds. */
  minimumUpdatePeriod: number | undefined;
  mediaPresentationDuration: number | undefined;
  periods: MpdPeriod[];
}

type Attributes = Record<string, string | undefined>;
type Element = Attributes & { [child: string]: unknown };

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
});

/**
 * Reads a manifest without any knowledge of how ours are written.
 * @throws Error for what is not an MPD or lacks something that SegmentTimeline needs
 */
export function readMpd(xml: string): Mpd {
  const mpd = children(parser.parse(xml) as Element, 'MPD')[0];
  if (!mpd) throw new Error(`no MPD: ${xml.slice(0, 200)}`);
  const type = required(mpd, 'type', 'MPD');
  if (type !== 'static' && type !== 'dynamic') throw new Error(`MPD@type is ${type}`);
  const start = mpd.availabilityStartTime;
  return {
    type,
    profiles: required(mpd, 'profiles', 'MPD'),
    availabilityStartTime: start === undefined ? undefined : Date.parse(start),
    minimumUpdatePeriod: seconds(mpd.minimumUpdatePeriod),
    mediaPresentationDuration: seconds(mpd.mediaPresentationDuration),
    periods: children(mpd, 'Period').map((period) => ({
      id: period.id,
      start: seconds(period.start),
      duration: seconds(period.duration),
      adaptationSets: children(period, 'AdaptationSet').map(adaptationSet),
    })),
  };
}

function adaptationSet(set: Element): MpdAdaptationSet {
  const representations = children(set, 'Representation');
  const representation = representations[0];
  if (!representation || representations.length > 1) {
    throw new Error(`${representations.length} representations in an adaptation set`);
  }
  const template =
    children(representation, 'SegmentTemplate')[0] ?? children(set, 'SegmentTemplate')[0];
  if (!template) throw new Error('no SegmentTemplate');
  // Attributes may stand on either level (§5.3.7).
  const attribute = (name: string) => representation[name] ?? set[name];
  const either = (name: string) => required({ [name]: attribute(name) }, name, 'AdaptationSet');
  const number = (name: string) =>
    attribute(name) === undefined ? undefined : Number(attribute(name));
  const mimeType = either('mimeType');
  const fill = (text: string, values: Record<string, number>) =>
    fillTemplate(text, { RepresentationID: representation.id ?? '', ...values });
  const media = required(template, 'media', 'SegmentTemplate');
  return {
    contentType: attribute('contentType') ?? mimeType.split('/')[0]!,
    mimeType,
    codecs: either('codecs'),
    width: number('width'),
    height: number('height'),
    bandwidth: Number(required(representation, 'bandwidth', 'Representation')),
    timescale: Number(template.timescale ?? 1),
    presentationTimeOffset: Number(template.presentationTimeOffset ?? 0),
    initialization: fill(required(template, 'initialization', 'SegmentTemplate'), {}),
    segments: timeline(template).map((segment) => ({
      ...segment,
      file: fill(media, { Number: segment.number, Time: segment.time }),
    })),
  };
}

/** Unrolls `S@t`, `@d` and `@r` (§5.3.9.6.2). */
function timeline(template: Element): { number: number; time: number; duration: number }[] {
  const element = children(template, 'SegmentTimeline')[0];
  if (!element) throw new Error('no SegmentTimeline');
  const segments: { number: number; time: number; duration: number }[] = [];
  let number = Number(template.startNumber ?? 1);
  let time = 0;
  for (const s of children(element, 'S')) {
    time = s.t === undefined ? time : Number(s.t);
    // An S may begin a new run of numbers (§5.3.9.6.2, 5th edition).
    number = s.n === undefined ? number : Number(s.n);
    const duration = Number(required(s, 'd', 'S'));
    const repeat = Number(s.r ?? 0);
    if (repeat < 0) throw new Error('an open-ended S@r');
    for (let i = 0; i <= repeat; i++, number++, time += duration) {
      segments.push({ number, time, duration });
    }
  }
  return segments;
}

/** Fills `$Number%04d$` and its like (§5.3.9.4.4). */
function fillTemplate(text: string, values: Record<string, string | number>): string {
  return text.replace(/\$(\w*)(?:%0(\d+)d)?\$/g, (_all, name: string, width?: string) => {
    if (name === '') return '$';
    const value = values[name];
    if (value === undefined) throw new Error(`unknown identifier in the template ${text}`);
    return String(value).padStart(Number(width ?? 0), '0');
  });
}

/** Seconds of an ISO 8601 duration as XML Schema writes it, e.g. `P1DT2H3M4.5S`. */
function seconds(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(duration);
  if (!match) throw new Error(`not a duration of days and time: ${duration}`);
  const [days, hours, minutes, rest] = match.slice(1).map((part) => Number(part ?? 0));
  return ((days! * 24 + hours!) * 60 + minutes!) * 60 + rest!;
}

function children(element: Element, name: string): Element[] {
  const value = element[name];
  return Array.isArray(value) ? value.map((child) => (child === '' ? {} : child)) : [];
}

function required(element: Attributes, name: string, of: string): string {
  const value = element[name];
  if (value === undefined) throw new Error(`${of}@${name} is missing`);
  return value;
}
