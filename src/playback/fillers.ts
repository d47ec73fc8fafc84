import { videoCodec } from '../codecs/registry.ts';
import { mp4 } from '../containers/mp4/container.ts';
import { trackFormat } from '../containers/track-format.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks } from '../media/media-time.ts';
import type { Sample } from '../media/sample.ts';
import { Refusal } from '../refusal.ts';
import type { RecordedObjects } from './recorded-objects.ts';

/** Duration of a black picture. */
const PICTURE: Ticks = TICKS_PER_SECOND;

/** Fillers that are kept: those of many streams at once. */
const MOST_KEPT = 64;

/**
 * Silence or black pictures, as MP4 that is made when it is asked for. HLS players, hls.js for one, wait
 * for ever where one track of two has nothing.
 */
export interface Filler {
  kind: TrackKind;
  /** Codecs string (RFC 6381). */
  codecs: string;
  /** Ticks per second of its {@link segment}s. */
  timescale: number;
  /** Its initialization segment; that of silence says the same as that of the sound it is like. */
  initialization: Buffer;
  /**
   * A segment of it.
   * @param time media time of its start, ticks
   * @param duration ticks, greater than 0
   */
  segment(time: number, duration: number): Buffer;
}

/** Makes fillers like what was recorded. */
export class Fillers {
  readonly #objects: Pick<RecordedObjects, 'read'>;
  /** By object path of the initialization segment; what was asked for last stands last. */
  readonly #made = new Map<string, Filler>();

  constructor(objects: Pick<RecordedObjects, 'read'>) {
    this.#objects = objects;
  }

  /**
   * A filler in the format of a recorded track: pictures of its codec and size, or silence of its codec
   * and channels.
   * @param initPath object path of an initialization segment
   * @throws Refusal `no-such-object`, and `unreadable-media` where it is no MP4 file of a known codec; the
   * file system's error; StoreError
   */
  async like(initPath: string): Promise<Filler> {
    const made = this.#made.get(initPath);
    this.#made.delete(initPath);
    const filler = made ?? (await this.#make(initPath));
    this.#made.set(initPath, filler);
    if (this.#made.size > MOST_KEPT) this.#made.delete(this.#made.keys().next().value!);
    return filler;
  }

  async #make(initPath: string): Promise<Filler> {
    const data = await this.#objects.read(initPath);
    if (data === undefined) throw new Refusal('no-such-object', 'no such object');
    const like = mp4.readConfiguration(data);
    if (like === undefined) {
      throw new Refusal('unreadable-media', `${initPath} is damaged, or of an unknown codec`);
    }
    if (like.kind === 'audio') {
      const { silence } = like;
      return filler(like, silence.duration, (_, duration) => silence.parts(duration));
    }
    const pictures = videoCodec(like.codec).blank(like);
    return filler(pictures.configuration, PICTURE, (index) => pictures.parts(index));
  }
}

function filler(
  configuration: Parameters<typeof trackFormat>[1],
  usual: Ticks,
  partsOf: (index: number, duration: Ticks) => Buffer[],
): Filler {
  const { kind, codecString: codecs, isLengthPrefixed } = configuration;
  const format = trackFormat(mp4, configuration);
  const { timescale } = format;
  const tick = TICKS_PER_SECOND / timescale;
  return {
    ...{ kind, codecs, timescale, initialization: mp4.initialization(format) },
    segment(start, total) {
      const samples: Sample[] = [];
      const end = start + total;
      for (let time = start; time < end; ) {
        const left = end - time;
        const duration = left * tick < usual * 1.5 ? left : usual / tick;
        const parts = partsOf(samples.length, duration * tick);
        samples.push({ time, duration, keyframe: true, parts });
        time += duration;
      }
      const chunk = mp4.chunk({ kind, isLengthPrefixed, sequenceNumber: 1, samples });
      return Buffer.concat(chunk.buffers);
    },
  };
}
