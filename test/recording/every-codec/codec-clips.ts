import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDepacketizer } from '../../../src/codecs/registry.ts';
import type { ContainerName } from '../../../src/media/container-name.ts';
import { obusOf, packetizeObus, withoutSize } from '../../codecs/av1/packetize.ts';
import { type EncodingOptions, encodeFrames, writeIvf } from '../../codecs/encoded-frames.ts';
import { byteStream, encodeH265, encodeReorderedH265 } from '../../codecs/h265/encoded-h265.ts';
import { packetizeUnit } from '../../codecs/h265/packetize.ts';
import { packetizeLayer } from '../../codecs/vp9/packetize.ts';
import { decodedFrames, encodeH264 } from '../../containers/mp4/encoded-media.ts';
import type { EncodedVideo } from '../../publisher/clip.ts';
import { packetizeAccessUnit } from '../../publisher/h264-packetizer.ts';
import { makePacket, seededRandom } from '../../rtp/packets.ts';
import type { SimulatedFrame } from '../simulated-publisher.ts';

const MP4 = { container: 'mp4' } as const;
const H265 = { ...MP4, codec: 'h265', ffmpegName: 'hevc' } as const;
const MAIN = { ...H265, codecString: /^hvc1\.1\.6\.L\d+/ };
const MAIN_10 = { ...H265, codecString: /^hvc1\.2\.4\.L\d+/ };

/** The clips that there are, each of another codec, profile or order of pictures. */
const CLIPS = {
  h264: { ...MP4, codec: 'h264', codecString: /^avc1\.42c0/, ffmpegName: 'h264' },
  vp8: { container: 'webm', codec: 'vp8', codecString: /^vp8$/, ffmpegName: 'vp8' },
  vp9: { ...MP4, codec: 'vp9', codecString: /^vp09\.00\.\d\d\.08$/, ffmpegName: 'vp9' },
  av1: { ...MP4, codec: 'av1', codecString: /^av01\.0\.\d\dM\.08$/, ffmpegName: 'av1' },
  h265: MAIN,
  'h265-main10': MAIN_10,
  'h265-reordered': MAIN,
  'h265-main10-reordered': MAIN_10,
} as const satisfies Record<string, Omit<CodecClip, 'frames' | 'hashes'>>;

/** Name of a clip. */
export type ClipName = keyof typeof CLIPS;

/** Some seconds of a codec that went over RTP, a keyframe each two seconds. */
export interface CodecClip {
  frames: SimulatedFrame[];
  /** Digests of the pictures as they are decoded from the encoder's own file. */
  hashes: string[];
  container: ContainerName;
  /** Its name in the registry. */
  codec: string;
  codecString: RegExp;
  /** ffprobe's name of the codec. */
  ffmpegName: string;
}

/** What an encoder made. */
export interface EncodedUnits {
  file: string;
  /** The RTP payloads of each access unit, in decoding order. */
  units: Buffer[][];
  /** When each is shown, ticks since the first; in decoding order where absent. */
  ticks?: number[];
}

/** For libx265: three B pictures between two others, one of which the other two refer to. */
export const REORDERED = ['bframes=3', 'b-adapt=0', 'b-pyramid=1'];

/**
 * Encodes a moving test picture of 30 frames a second, cuts it into packets as chance has it, and puts
 * them together again with our depacketizer.
 * @param folder an existing one
 */
export async function encodeCodecClip(
  folder: string,
  name: ClipName,
  options: { width: number; height: number; frames: number },
): Promise<CodecClip> {
  const { file, units, ticks } = await encodePackets(folder, name, options);
  const frames = depacketized(CLIPS[name].codec, units, ticks);
  return { frames, hashes: await decodedFrames(file), ...CLIPS[name] };
}

/**
 * What our depacketizer makes of a stream that comes whole.
 * @param units the RTP payloads of each access unit
 * @param ticks when each is shown, since the first; one after the other by default
 */
export function depacketized(
  codec: string,
  units: readonly Buffer[][],
  ticks?: readonly number[],
): SimulatedFrame[] {
  const frames: SimulatedFrame[] = [];
  const format = { payloadType: 96, codec, clockRate: 90_000, parameters: {} };
  const depacketizer = createDepacketizer(format, ({ keyframe, parts, rtpTimestamp }) =>
    frames.push({ keyframe, units: parts, codec, ticks: rtpTimestamp }),
  );
  for (const [index, payloads] of units.entries()) {
    const timestamp = ticks?.[index] ?? index * 3000;
    for (const [at, payload] of payloads.entries()) {
      const marker = at === payloads.length - 1;
      depacketizer.push(makePacket({ timestamp, payload, marker }), false);
    }
  }
  depacketizer.flush();
  return frames;
}

/** What a session description says of the clips' codecs, where it is more than their name. */
const PARAMETERS: Partial<Record<ClipName, string>> = {
  h264: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  vp9: 'profile-id=0',
  av1: 'level-idx=5;profile=0;tier=0',
  h265: 'level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST',
  'h265-reordered': 'level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST',
  'h265-main10': 'level-id=93;profile-id=2;tier-flag=0;tx-mode=SRST',
  'h265-main10-reordered': 'level-id=93;profile-id=2;tier-flag=0;tx-mode=SRST',
};

/** A clip to publish: six seconds, small. */
export async function encodeVideo(
  folder: string,
  name: ClipName,
): Promise<{ video: EncodedVideo; hashes: string[] }> {
  const size = { width: 320, height: 180 };
  const { file, units, ticks } = await encodePackets(folder, name, { ...size, frames: 180 });
  const frames = units.map((payloads, i) => ({
    keyframe: i === 0,
    units: [],
    payloads,
    ...(ticks && { ticks: ticks[i]! }),
  }));
  const { codec } = CLIPS[name];
  const video = { encodingName: codec.toUpperCase(), parameters: PARAMETERS[name] ?? '', frames };
  return { video, hashes: await decodedFrames(file) };
}

/** The pictures of clips one after the other. */
export function inTurn(clips: readonly CodecClip[]): SimulatedFrame[] {
  const frames: SimulatedFrame[] = [];
  for (const clip of clips) {
    const from = frames.length * 3000;
    for (const frame of clip.frames) frames.push({ ...frame, ticks: from + frame.ticks! });
  }
  return frames;
}

/** Encodes the pictures of a clip and cuts them into packets as chance has it. */
export async function encodePackets(
  folder: string,
  name: ClipName,
  pictures: { width: number; height: number; frames: number },
): Promise<EncodedUnits> {
  const options: EncodingOptions = { ...pictures, keyframeInterval: 60 };
  const random = seededRandom(7);
  const next = () => Math.floor(random() * 256);
  const { codec } = CLIPS[name];
  if (codec === 'h265') {
    const pixelFormat = name.startsWith('h265-main10') ? 'yuv420p10le' : 'yuv420p';
    const packetized = (units: Buffer[][]) => units.map((unit) => packetizeUnit(unit, 1100, next));
    if (name === 'h265' || name === 'h265-main10') {
      const units = await encodeH265(folder, { ...options, pixelFormat });
      const file = join(folder, `${name}-${options.width}.h265`);
      await writeFile(file, byteStream(units.flat()));
      return { file, units: packetized(units) };
    }
    const encoded = await encodeReorderedH265(folder, { ...options, pixelFormat }, REORDERED);
    return { ...encoded, units: packetized(encoded.units) };
  }
  if (codec === 'h264') {
    const { file, units } = await encodeH264(folder, options);
    return { file, units: units.map((unit) => packetizeAccessUnit(unit)) };
  }
  const file = join(folder, `${name}-${options.width}.ivf`);
  const encoded = await encodeFrames(folder, codec, options);
  await writeFile(file, writeIvf(codec, options, encoded));
  const payloadsOf = {
    vp8: packetizeVp8,
    vp9: (frame: Buffer) => packetizeLayer(frame, undefined, 1100, next),
    av1: (unit: Buffer) => packetizeObus(obusOf(unit).map(withoutSize), 1100, next),
  }[codec];
  return { file, units: encoded.map((unit) => payloadsOf(unit)) };
}

/** The payloads of a frame (RFC 7741 §4.2), with a payload descriptor of one byte. */
function packetizeVp8(frame: Buffer): Buffer[] {
  const payloads: Buffer[] = [];
  for (let at = 0; at < frame.length; at += 1100) {
    const descriptor = Buffer.of(at === 0 ? 0x10 : 0);
    payloads.push(Buffer.concat([descriptor, frame.subarray(at, at + 1100)]));
  }
  return payloads;
}
