import type { Silence } from '../codecs/configuration.ts';
import { mp4 } from '../containers/mp4/container.ts';
import { type MovieTrack, movieStart } from '../containers/mp4/movie.ts';
import { shownWidth } from '../containers/mp4/picture-boxes.ts';
import { SampleTable } from '../containers/mp4/sample-table.ts';
import { trackFormat } from '../containers/track-format.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks } from '../media/media-time.ts';
import type { PictureOrientation } from '../media/picture-orientation.ts';
import type { ExportPart } from './export-part.ts';
import type { Initialization } from './recorded-samples.ts';
import { type Layout, TOLERANCE } from './stretches.ts';
import type { Piece, TrackPieces } from './track-pieces.ts';

/** Silence of one piece, ticks: a second. */
const SILENCE_PIECE = TICKS_PER_SECOND;

/** Silence that stands in for sound which there is none of. */
interface SilencePiece {
  silence: Silence;
  /** As of the sound before it. */
  initialization: Initialization;
  /** As of {@link Piece}. */
  position: number;
  /** Ticks of the track of each packet. */
  durations: number[];
}

/** A track while it is put together. */
interface Track {
  kind: TrackKind;
  timescale: number;
  /** Pixels of its first picture; 0 for sound. */
  width: number;
  height: number;
  orientation: PictureOrientation;
  compositionDelay: number;
  pieces: (Piece | SilencePiece)[];
  shown: TrackPieces['shown'];
  /** Time of the export at which it ends, ticks of the track. */
  end: number;
  table: SampleTable;
  /** Decode time of its first sample: time of the export, ticks of the track. */
  start: number;
  /** Its sample entries, and whose they are. */
  entries: Buffer[];
  initializations: Map<Initialization, TrackInitialization>;
}

/** What a track knows of one of its initializations. */
interface TrackInitialization {
  /** Place of its sample entry, from 1 on. */
  entry: number;
  /** Its parameter sets with their lengths, as they stand in a sample. */
  parameterSets: Buffer;
}

/**
 * Puts an MP4 file together (ISO/IEC 14496-12), with everything that a player needs before it in front. It begins
 * and ends exactly with the timeline: what is decoded before is hidden by an edit list (§8.6.6).
 *
 * A picture stands until the next one, over gaps too, and where there is no sound there is silence: edit lists
 * with holes in the middle are more than most players know. Where a codec follows another each has a track
 * of its own, so that all sample entries of a track are of one codec. Where it has several, each keyframe has its parameter sets in itself too: Chromium reads them nowhere
 * else once another entry came.
 * @returns the file in parts, one behind the other
 */
export function movieExport(
  video: TrackPieces,
  audio: TrackPieces,
  { duration }: Pick<Layout, 'duration'>,
): ExportPart[] {
  const tracks = [...tracksOf(video, duration), ...tracksOf(audio, duration)];
  const payload: ExportPart[] = [];
  let bytes = 0;
  for (const { track, piece } of interleaved(tracks)) {
    for (const part of addPiece(track, piece, bytes)) {
      payload.push(part);
      bytes += part.byteLength;
    }
  }
  const parts = movieStart(tracks.map(movieTrack), bytes).map((data) => ({
    data,
    byteLength: data.length,
  }));
  return [...parts, ...payload];
}

/** The pieces of one kind as tracks, one a codec. */
function tracksOf({ pieces, shown }: TrackPieces, duration: Ticks): Track[] {
  const tracks = new Map<string, Track>();
  for (const piece of pieces) {
    const { initialization } = piece.recorded;
    const { configuration } = initialization;
    const type = trackKey(initialization);
    let track = tracks.get(type);
    if (track === undefined) {
      const format = trackFormat(mp4, configuration);
      track = {
        kind: configuration.kind,
        timescale: initialization.timescale,
        width: shownWidth(format),
        height: format.height ?? 0,
        orientation: initialization.orientation,
        compositionDelay: 0,
        pieces: [],
        shown: undefined,
        end: 0,
        table: new SampleTable(),
        start: piece.position,
        entries: [],
        initializations: new Map(),
      };
      tracks.set(type, track);
    }
    track.compositionDelay = Math.max(track.compositionDelay, initialization.compositionDelay);
    track.pieces.push(...silenceUpTo(track, piece.position));
    addInitialization(track, initialization);
    if (shown?.recorded === piece.recorded) track.shown = shown;
    track.pieces.push(piece);
    track.end = endOf(piece);
  }
  const last = pieces.at(-1);
  for (const track of tracks.values()) {
    // The others ended when their codec did.
    if (track.pieces.at(-1) !== last) continue;
    const end = Math.round((duration / TICKS_PER_SECOND) * track.timescale);
    track.pieces.push(...silenceUpTo(track, end));
    track.end = end;
  }
  return [...tracks.values()];
}

/** What stands in for sound that is missing up to a time; nothing in a track of pictures. */
function* silenceUpTo(track: Track, end: number): Generator<SilencePiece> {
  const before = track.pieces.at(-1);
  if (before === undefined) return;
  const initialization = initializationOf(before);
  const { configuration } = initialization;
  if (configuration.kind !== 'audio') return;
  const { silence } = configuration;
  const tick = TICKS_PER_SECOND / track.timescale;
  if ((end - track.end) * tick <= TOLERANCE) return;
  const usual = silence.duration / tick;
  const piece = (position: number): SilencePiece => ({
    ...{ silence, initialization, position, durations: [] },
  });
  let next = piece(track.end);
  for (let at = track.end; at < end; ) {
    const left = end - at;
    const duration = left < usual * 1.5 ? left : usual;
    next.durations.push(duration);
    at += duration;
    if (at === end || next.durations.length * usual >= SILENCE_PIECE / tick) {
      yield next;
      next = piece(at);
    }
  }
}

/** What a track has one of: the codec, by its sample entry, and how its pictures are to be turned. */
function trackKey(initialization: Initialization): string {
  const { clockwise, isMirrored } = initialization.orientation;
  return `${entryOf(initialization).toString('latin1', 4, 8)} ${clockwise} ${isMirrored}`;
}

function endOf({ recorded, first, end, position }: Piece): number {
  let at = position;
  for (let sample = first; sample < end; sample++) at += recorded.durations[sample]!;
  return at;
}

/** All pieces in the order of time, so that who plays the file reads it from front to back. */
function* interleaved(tracks: Track[]): Generator<{ track: Track; piece: Piece | SilencePiece }> {
  const next = tracks.map(() => 0);
  for (;;) {
    let first: Track | undefined;
    let place = 0;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [i, track] of tracks.entries()) {
      const piece = track.pieces[next[i]!];
      if (piece === undefined || piece.position / track.timescale >= earliest) continue;
      first = track;
      place = i;
      earliest = piece.position / track.timescale;
    }
    if (first === undefined) return;
    yield { track: first, piece: first.pieces[next[place]!]! };
    next[place]!++;
  }
}

/** @param start bytes of the payload before it */
function addPiece(track: Track, piece: Piece | SilencePiece, start: number): ExportPart[] {
  const { table } = track;
  const { entry, parameterSets } = track.initializations.get(initializationOf(piece))!;
  if (table.sampleCount > 0) table.moveEnd(piece.position - track.start);
  table.beginChunk(entry, start);
  if ('silence' in piece) return [addSilence(track, piece)];
  const { recorded, first, end } = piece;
  const { sizes, durations, places, compositionOffsets, segment } = recorded;
  const parts: ExportPart[] = [];
  /** Where in the file the samples begin that are in no part yet. */
  let offset = places[first]!;
  const addRecorded = (until: number) => {
    if (until > offset)
      parts.push({ kind: track.kind, segment, offset, byteLength: until - offset });
    offset = until;
  };
  const isSound = track.kind === 'audio';
  let nextKeyframe = recorded.keyframes.findIndex((sample) => sample >= first);
  for (let sample = first; sample < end; sample++) {
    const isSync = isSound || recorded.keyframes[nextKeyframe] === sample;
    if (isSync) nextKeyframe++;
    let duration = durations[sample]!;
    let compositionOffset = track.compositionDelay + (compositionOffsets?.[sample] ?? 0);
    const late =
      track.shown?.sample === sample && track.shown.recorded === recorded ? track.shown.late : 0;
    if (late > 0 && track.compositionDelay > 0) compositionOffset += late;
    else if (late > 0) {
      // It begins with the export, and what is not shown lasts until then.
      if (table.sampleCount === 0) track.start += late;
      else table.moveEnd(table.end + late);
      duration -= late;
    }
    let size = sizes[sample]!;
    if (isSync && track.entries.length > 1 && parameterSets.length > 0) {
      addRecorded(places[sample]!);
      parts.push({ data: parameterSets, byteLength: parameterSets.length });
      size += parameterSets.length;
    }
    table.add({ size, duration, compositionOffset, isSync });
  }
  addRecorded(places[end - 1]! + sizes[end - 1]!);
  return parts;
}

function addSilence({ table, timescale }: Track, { silence, durations }: SilencePiece): ExportPart {
  const packets: Buffer[] = [];
  for (const duration of durations) {
    const packet = Buffer.concat(silence.parts(duration * (TICKS_PER_SECOND / timescale)));
    packets.push(packet);
    table.add({ size: packet.length, duration, compositionOffset: 0, isSync: true });
  }
  const data = Buffer.concat(packets);
  return { data, byteLength: data.length };
}

function initializationOf(piece: Piece | SilencePiece): Initialization {
  return 'silence' in piece ? piece.initialization : piece.recorded.initialization;
}

function addInitialization(track: Track, initialization: Initialization): void {
  if (track.initializations.has(initialization)) return;
  const { configuration } = initialization;
  const data = entryOf(initialization);
  const known = track.entries.findIndex((one) => one.equals(data));
  const entry = known >= 0 ? known + 1 : track.entries.push(data);
  const sets = (configuration.kind === 'video' && configuration.parameterSets) || [];
  const parameterSets = Buffer.concat(sets.flatMap((set) => [lengthOf(set), set]));
  track.initializations.set(initialization, { entry, parameterSets });
}

/** Stands before each NAL unit of a sample (ISO/IEC 14496-15 §4.3.3). */
function lengthOf(unit: Buffer): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(unit.length);
  return bytes;
}

function movieTrack(track: Track): MovieTrack {
  const { kind, timescale, width, height, orientation, compositionDelay } = track;
  const { table, start, end, entries } = track;
  const tick = TICKS_PER_SECOND / timescale;
  table.moveEnd(end - start);
  table.finish();
  const delay = Math.max(0, start) * tick;
  return {
    kind,
    timescale,
    width,
    height,
    orientation,
    sampleEntries: entries,
    table,
    delay,
    mediaTime: compositionDelay + Math.max(0, -start),
    duration: end * tick - delay,
  };
}

function entryOf({ sampleEntry, path }: Initialization): Buffer {
  if (sampleEntry === undefined) throw new TypeError(`${path} has no sample entry of MP4`);
  return sampleEntry;
}
