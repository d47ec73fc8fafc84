import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDepacketizer } from '../../src/codecs/registry.ts';
import type { ContainerName } from '../../src/media/container-name.ts';
import { obusOf, packetizeObus, withoutSize } from '../codecs/av1/packetize.ts';
import { type EncodingOptions, encodeFrames, writeIvf } from '../codecs/encoded-frames.ts';
import { byteStream, encodeH265 } from '../codecs/h265/encoded-h265.ts';
import { packetizeUnit } from '../codecs/h265/packetize.ts';
import { packetizeLayer } from '../codecs/vp9/packetize.ts';
import { decodedFrames } from '../containers/mp4/encoded-media.ts';
import { makePacket, seededRandom } from '../rtp/packets.ts';
import type { SimulatedFrame } from './simulated-publisher.ts';

/** The clips that there are, each of another codec or profile. */
export const CLIPS = ['vp8', 'vp9', 'av1', 'h265', 'h265-main10'] as const;

/** Name of a clip. */
export type ClipName = (typeof CLIPS)[number];

/** Three seconds of a codec that went over RTP, a keyframe each two seconds. */
export interface CodecClip {
  frames: SimulatedFrame[];
  /** Digests of the pictures as they are decoded from the encoder's own file. */
  hashes: string[];
  container: ContainerName;
  codecString: RegExp;
  /** ffprobe's name of the codec. */
  ffmpegName: string;
}

const FACTS = {
  vp8: { container: 'webm', codecString: /^vp8$/, ffmpegName: 'vp8' },
  vp9: { container: 'mp4', codecString: /^vp09\.00\.\d\d\.08$/, ffmpegName: 'vp9' },
  av1: { container: 'mp4', codecString: /^av01\.0\.\d\dM\.08$/, ffmpegName: 'av1' },
  h265: { container: 'mp4', codecString: /^hvc1\.1\.6\.L\d+/, ffmpegName: 'hevc' },
  'h265-main10': { container: 'mp4', codecString: /^hvc1\.2\.4\.L\d+/, ffmpegName: 'hevc' },
} as const satisfies Record<ClipName, Omit<CodecClip, 'frames' | 'hashes'>>;

/**
 * Encodes a moving test picture of 30 frames a second, cuts it into packets as chance has it, and puts
 * them together again with our depacketizer.
 * @param folder an existing one
 */
export async function encodeCodecClip(
  folder: string,
  name: ClipName,
  size: { width: number; height: number },
): Promise<CodecClip> {
  const options = { ...size, frames: 90, keyframeInterval: 60 };
  const { file, units } = await encode(folder, name, options);
  const codec = name.startsWith('h265') ? 'h265' : name;
  const frames: SimulatedFrame[] = [];
  const format = { payloadType: 96, codec, clockRate: 90_000, parameters: {} };
  const depacketizer = createDepacketizer(format, ({ keyframe, parts }) =>
    frames.push({ keyframe, units: parts, codec }),
  );
  for (const [index, payloads] of units.entries()) {
    for (const [at, payload] of payloads.entries()) {
      const marker = at === payloads.length - 1;
      depacketizer.push(makePacket({ timestamp: index * 3000, payload, marker }), false);
    }
  }
  depacketizer.flush();
  return { frames, hashes: await decodedFrames(file), ...FACTS[name] };
}

/** What an encoder made, and the RTP payloads of each access unit. */
async function encode(
  folder: string,
  name: ClipName,
  options: EncodingOptions,
): Promise<{ file: string; units: Buffer[][] }> {
  const random = seededRandom(7);
  const next = () => Math.floor(random() * 256);
  const file = join(folder, `${name}-${options.width}.${name.startsWith('h265') ? 'h265' : 'ivf'}`);
  if (name === 'h265' || name === 'h265-main10') {
    const pixelFormat = name === 'h265' ? 'yuv420p' : 'yuv420p10le';
    const parts = await encodeH265(folder, { ...options, pixelFormat });
    await writeFile(file, byteStream(parts.flat()));
    return { file, units: parts.map((unit) => packetizeUnit(unit, 1100, next)) };
  }
  const encoded = await encodeFrames(folder, name, options);
  await writeFile(file, writeIvf(name, options, encoded));
  const payloadsOf = {
    vp8: packetizeVp8,
    vp9: (frame: Buffer) => packetizeLayer(frame, undefined, 1100, next),
    av1: (unit: Buffer) => packetizeObus(obusOf(unit).map(withoutSize), 1100, next),
  }[name];
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
