import path from 'node:path';
import type { Test } from 'tap';
import type { RecordFacts } from '../../src/facts/record-facts.ts';
import type { Segment } from '../../src/facts/segment.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';
import type { PictureOrientation } from '../../src/media/picture-orientation.ts';
import { Recording } from '../../src/recording/recording.ts';
import type { RecordingOptions } from '../../src/recording/recording-options.ts';
import { StreamClock } from '../../src/recording/stream-clock.ts';
import type { MediaSection } from '../../src/rtp/media-section.ts';
import { audioPackets, FRAME_RATE, videoFrames } from '../publisher/clip.ts';

/** 2026-03-04 12:00:00 UTC, µs since the Unix epoch. */
export const NOON_US = Date.UTC(2026, 2, 4, 12) * 1000;

/** Pictures from one keyframe of the clips to the next. */
const CLIP_GOP = 60;

const clips = {
  'flash-and-beep.h264': videoFrames('flash-and-beep.h264'),
  'moving-640x360.h264': videoFrames('moving-640x360.h264'),
};
const packets = audioPackets();

/** Silence of 2.5 ms: configuration 28, CELT, full band (RFC 6716 §3.1). */
const SHORT_PACKET = Buffer.from([0xe4, 0xff, 0xfe]);

/** Whether an access unit is lost on its way, or was never sent. */
export type Skip = (kind: TrackKind, index: number) => boolean | 'never sent';

/** One picture that a camera's encoder makes. */
export interface SimulatedFrame {
  keyframe: boolean;
  /** Its NAL units without start codes; of other codecs the parts of its access unit. */
  units: Buffer[];
  /** Name of its codec, `h264` by default. */
  codec?: string;
  /** When it is shown, ticks since the first; its place in decoding order by default. */
  ticks?: number;
}

/** Sound of some codec in packets of 20 ms, over and over. */
export interface SimulatedSound {
  codec: string;
  /** Ticks a second of its RTP timestamps. */
  clockRate: number;
  packets: readonly Buffer[];
  channels?: number;
  parameters?: Record<string, string>;
}

/** How a simulated publisher differs from a perfect one. */
export interface SimulatedOptions {
  startUs?: number;
  segmentSeconds?: number;
  /** The pictures that are sent over and over instead of the clip's, in decoding order. */
  frames?: readonly SimulatedFrame[];
  video?: boolean;
  audio?: boolean;
  /** How long each track's media is under way, µs. */
  videoDelayUs?: number;
  audioDelayUs?: number;
  /** When the first sender report of a track comes after its start, µs; never if undefined. */
  videoReportUs?: number;
  audioReportUs?: number;
  /**
   * When a packet of sound was captured, µs since the start; 20,000 µs apart by default. Its RTP
   * timestamp follows from its number alone, as with a sound card that runs slow or loses samples.
   */
  audioCaptureUs?(index: number): number;
  /** Pictures from one keyframe to the next, 60 as in the clip by default. No request is answered. */
  gop?: number;
  /** Ticks of a packet of sound: 960, which are 20 ms, or 120, for silence in packets of 2.5 ms. */
  audioPacketTicks?: 960 | 120;
  /** What comes as sound instead of the clip's: packets of 20 ms. More of them by {@link SimulatedPublisher.sound}. */
  sounds?: readonly SimulatedSound[];
  /** The same for a picture; 1/30 s apart by default. */
  videoCaptureUs?(index: number): number;
  /** Pictures are so far apart from the second second on, s; their timestamps tell it. */
  stillSeconds?: number;
  /** Sender reports come by themselves each second, whether media does or not. */
  reportsUntilUs?: number;
  /** Added to the RTP timestamp of one unit, ticks: it is wrong on its own. */
  strayTicks?(kind: TrackKind, index: number): number;
  /**
   * The reports are those of a media server: the timestamp of the unit that it forwarded last, and the time
   * since.
   */
  reportsByServer?: boolean;
  /** The sender's clock minus ours, µs. */
  senderClockUs?: number;
  /** How much too fast the clock runs that the RTP timestamps are read from. */
  driftPpm?: number;
  recording?: Partial<RecordingOptions>;
}

/**
 * Feeds a {@link Recording} with the flash-and-beep clip under a simulated clock: media of a second
 * takes a few milliseconds, while files, queue and container are the real ones.
 */
export class SimulatedPublisher {
  readonly recording: Recording;
  readonly root: string;
  readonly segments: Segment[] = [];
  /** What was told of records, in that order. */
  readonly records: RecordFacts[] = [];
  /** When it connected, µs since the Unix epoch. */
  readonly attachedUs: number[] = [];
  readonly log: string[] = [];
  keyframeRequests = 0;
  /** µs since the Unix epoch. */
  nowUs: number;
  /** Number of the next frame and packet; their capture times follow from them. */
  frame = 0;
  packet = 0;
  /** What the camera sees from the next frame on; a clip begins at a keyframe each two seconds. */
  clip: keyof typeof clips = 'flash-and-beep.h264';
  /** How the camera is held from the next frame on. */
  orientation: PictureOrientation | undefined;
  /** Added to the RTP timestamps from now on, ticks: the sender's timeline leaps. */
  readonly leap = { video: 0, audio: 0 };
  /** What is sent as sound from now on; undefined: that of the clip. */
  sound: SimulatedSound | undefined;
  readonly #sections: MediaSection[];
  readonly #startUs: number;
  readonly #options: SimulatedOptions;
  #nextTickUs: number;
  #nextReportUs = { video: 0, audio: 0 };

  constructor(t: Test, options: SimulatedOptions = {}, root?: string) {
    this.#options = options;
    this.#startUs = options.startUs ?? NOON_US;
    this.nowUs = this.#startUs;
    this.#nextTickUs = this.#startUs;
    this.#nextReportUs.video = this.#startUs + (options.videoReportUs ?? Number.POSITIVE_INFINITY);
    this.#nextReportUs.audio = this.#startUs + (options.audioReportUs ?? Number.POSITIVE_INFINITY);
    this.root = root ?? path.join(t.testdir({}), 'recordings');
    const line = (level: string) => (fields: object, message: string) => {
      this.log.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
    const sections: MediaSection[] = [];
    if (options.video !== false) sections.push(videoSection(options.frames ?? []));
    this.sound = options.sounds?.[0];
    if (options.audio !== false) sections.push(audioSection(options.sounds));
    this.recording = new Recording({
      stream: 'cam1',
      root: this.root,
      baseFolder: '',
      segmentSeconds: options.segmentSeconds ?? 2,
      maxRecordingSeconds: 0,
      after: Promise.resolve(),
      clock: new StreamClock(),
      notBefore: 0,
      now: () => this.nowUs,
      nextRecordId: () => String(1_772_625_600 + this.records.length),
      log: { info: line('info'), warn: line('warn'), error: line('error') },
      ...options.recording,
      onFact: (fact) => {
        if (fact.type === 'segment') this.segments.push(fact.segment);
        else if (fact.type === 'record') this.records.push(fact.record);
        options.recording?.onFact?.(fact);
      },
    });
    this.#sections = sections;
    this.attach();
  }

  /** Connects, again after a `recording.detach()`. */
  attach(): void {
    this.attachedUs.push(this.nowUs);
    this.recording.attach(this.#sections, () => this.keyframeRequests++);
  }

  /** Segments of one track, in the order of their announcement. */
  of(kind: TrackKind): Segment[] {
    return this.segments.filter((segment) => segment.kind === kind);
  }

  /**
   * Lets time pass. What a track captures meanwhile reaches the recording, unless it is skipped.
   * @param skip tells which access units do not come
   */
  async run(seconds: number, skip: Skip = () => false) {
    const endUs = this.nowUs + seconds * 1e6;
    for (;;) {
      const videoUs = this.#due('video');
      const audioUs = this.#due('audio');
      const nextUs = Math.min(videoUs, audioUs, this.#nextTickUs);
      if (nextUs > endUs) break;
      this.nowUs = nextUs;
      if (nextUs === this.#nextTickUs) {
        this.#nextTickUs += 250_000;
        this.#reportByTime();
        this.recording.tick();
        // Lets the real writes go on, so that the queue does not hold minutes of media.
        await new Promise((resolve) => setImmediate(resolve));
      } else if (nextUs === videoUs) this.#sendVideo(skip);
      else this.#sendAudio(skip);
    }
    this.nowUs = endUs;
  }

  #due(kind: TrackKind): number {
    const { video, audio, videoDelayUs = 0, audioDelayUs = 0 } = this.#options;
    if (kind === 'video') {
      if (video === false) return Number.POSITIVE_INFINITY;
      return this.#startUs + this.#videoCaptureUs(this.frame) + videoDelayUs;
    }
    if (audio === false) return Number.POSITIVE_INFINITY;
    return this.#startUs + this.#audioCaptureUs(this.packet) + audioDelayUs;
  }

  #videoCaptureUs(index: number): number {
    const { stillSeconds } = this.#options;
    if (stillSeconds !== undefined && index > 2 * FRAME_RATE) {
      return (2 + (index - 2 * FRAME_RATE) * stillSeconds) * 1e6;
    }
    return this.#options.videoCaptureUs?.(index) ?? (index / FRAME_RATE) * 1e6;
  }

  #audioCaptureUs(index: number): number {
    return this.#options.audioCaptureUs?.(index) ?? (index * this.#packetTicks) / 0.048;
  }

  #sendVideo(skip: Skip): void {
    const index = this.frame++;
    const frames: readonly SimulatedFrame[] = this.#options.frames ?? clips[this.clip];
    const at = this.#clipIndex(index) % frames.length;
    const round = index - (index % frames.length);
    const { keyframe, units, codec = 'h264', ticks = (index - round) * 3000 } = frames[at]!;
    if (skip('video', index)) return;
    const { stillSeconds } = this.#options;
    const shown =
      stillSeconds === undefined
        ? round * 3000 + ticks
        : Math.round(this.#videoCaptureUs(index) * 0.09);
    const timestamp = this.#timestamp('video', 4_294_960_000, shown);
    const reorderedUs = stillSeconds === undefined ? (shown - index * 3000) / 0.09 : 0;
    const { reportsByServer = false } = this.#options;
    const report = () => {
      const capturedUs = this.#videoCaptureUs(index) + reorderedUs;
      // A camera reports the present, which differs from that of a picture that it held back.
      const atUs = this.#options.frames ? this.nowUs - this.#startUs : capturedUs;
      const since = reportsByServer ? 0 : Math.round((atUs - capturedUs) * 0.09);
      this.#report('video', (timestamp + since) % 2 ** 32, atUs);
    };
    if (!reportsByServer) report();
    const rtpTimestamp = this.#astray('video', index, timestamp);
    const discontinuity = index > 0 && skip('video', index - 1) === true;
    const unit = {
      codec,
      rtpTimestamp,
      arrivalUs: this.nowUs,
      keyframe,
      discontinuity,
      parts: units,
      ...(this.orientation && { orientation: this.orientation }),
    };
    this.recording.accept('video', unit);
    if (reportsByServer) report();
  }

  get #packetTicks(): number {
    return this.#options.audioPacketTicks ?? 960;
  }

  #clipIndex(index: number): number {
    const { gop } = this.#options;
    if (gop === undefined) return index;
    const after = index % gop;
    return after === 0 ? 0 : 1 + ((after - 1) % (CLIP_GOP - 1));
  }

  #sendAudio(skip: Skip): void {
    const index = this.packet++;
    if (skip('audio', index)) return;
    const { sound } = this;
    const ticks = sound === undefined ? this.#packetTicks : sound.clockRate / 50;
    const timestamp = this.#timestamp('audio', 77_000, index * ticks);
    this.#report('audio', timestamp, this.#audioCaptureUs(index));
    const rtpTimestamp = this.#astray('audio', index, timestamp);
    this.recording.accept('audio', {
      codec: sound?.codec ?? 'opus',
      rtpTimestamp,
      arrivalUs: this.nowUs,
      keyframe: true,
      discontinuity: index > 0 && skip('audio', index - 1) === true,
      parts: [this.#packetOf(index)],
    });
  }

  #packetOf(index: number): Buffer {
    if (this.sound !== undefined) return this.sound.packets[index % this.sound.packets.length]!;
    return this.#packetTicks === 120 ? SHORT_PACKET : packets[index % packets.length]!;
  }

  #reportByTime(): void {
    const { reportsUntilUs = 0 } = this.#options;
    const elapsedUs = this.nowUs - this.#startUs;
    if (elapsedUs > reportsUntilUs || elapsedUs % 1_000_000 !== 0) return;
    const ntpUs = this.nowUs;
    const of = { video: [4_294_960_000, 0.09], audio: [77_000, 0.048] } as const;
    for (const kind of ['video', 'audio'] as const) {
      const [first, ticksPerUs] = of[kind];
      const rtpTimestamp = this.#timestamp(kind, first, elapsedUs * ticksPerUs);
      this.recording.report(kind, { ntpUs, rtpTimestamp, arrivalUs: this.nowUs });
    }
  }

  #astray(kind: TrackKind, index: number, timestamp: number): number {
    return (timestamp + (this.#options.strayTicks?.(kind, index) ?? 0)) >>> 0;
  }

  /** RTP timestamp of what was captured so many true ticks after the start. */
  #timestamp(kind: TrackKind, first: number, ticks: number): number {
    const drifted = Math.round(ticks * (1 + (this.#options.driftPpm ?? 0) / 1e6));
    const timestamp = (first + drifted + this.leap[kind]) % 2 ** 32;
    return timestamp < 0 ? timestamp + 2 ** 32 : timestamp;
  }

  /** @param captureUs since the start */
  #report(kind: TrackKind, rtpTimestamp: number, captureUs: number): void {
    if (this.nowUs < this.#nextReportUs[kind]) return;
    this.#nextReportUs[kind] += 1_000_000;
    const ntpUs = this.#startUs + captureUs + (this.#options.senderClockUs ?? 0);
    this.recording.report(kind, { ntpUs, rtpTimestamp, arrivalUs: this.nowUs });
  }
}

/** A video track of all codecs of some pictures, the first one the most wanted. */
function videoSection(frames: readonly SimulatedFrame[]): MediaSection {
  const negotiated = section('video');
  const codecs = [...new Set(frames.map(({ codec = 'h264' }) => codec))];
  if (codecs.length === 0) return negotiated;
  const [format] = negotiated.formats;
  const formats = codecs.map((codec, i) => ({ ...format!, payloadType: 96 + i, codec }));
  return { ...negotiated, formats };
}

/** A track of all codecs of some sounds, the first one the most wanted. */
function audioSection(sounds: readonly SimulatedSound[] | undefined): MediaSection {
  const negotiated = section('audio');
  if (sounds === undefined) return negotiated;
  const formats = sounds.map(({ codec, clockRate, channels, parameters = {} }, i) => ({
    ...{ payloadType: 96 + i, codec, clockRate, parameters },
    ...(channels !== undefined && { channels }),
  }));
  return { ...negotiated, formats };
}

/** A track as it is negotiated. */
export function section(kind: TrackKind): MediaSection {
  const codec = kind === 'video' ? 'h264' : 'opus';
  const clockRate = kind === 'video' ? 90_000 : 48_000;
  return {
    mid: kind,
    kind,
    formats: [{ payloadType: 96, codec, clockRate, parameters: {} }],
    extensions: {},
    ssrcs: [],
    retransmissionSsrcs: [],
    feedback: { nack: true, pli: true, fir: false, transportCc: true, remb: false },
  };
}
