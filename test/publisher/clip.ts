import { readFileSync } from 'node:fs';
import { accessUnits, nalType, nalUnits } from './annex-b.ts';
import { packetizeAccessUnit } from './h264-packetizer.ts';
import { readOggOpus } from './ogg-opus.ts';

/** Frames a second of both video fixtures. */
export const FRAME_RATE = 30;
/** RTP clock rate of H264 (RFC 6184 §8.2.1), ticks a second. */
export const VIDEO_CLOCK_RATE = 90_000;
/** RTP clock rate of Opus, whatever was encoded (RFC 7587 §4.1), ticks a second. */
export const AUDIO_CLOCK_RATE = 48_000;
/** Duration of one Opus packet of the fixture, ms. */
export const AUDIO_PACKET_MS = 20;
/** Frames from one IDR picture of the fixtures to the next. */
export const KEYFRAME_INTERVAL = 60;
/**
 * Where in each second of the clip the flash and the beep begin, ms: not at the whole second, so that
 * neither a flash nor a beep lies across the cut between two segments.
 */
export const FLASH_AT_MS = 500;

/** Video fixtures by file name. */
export type VideoClip = 'flash-and-beep.h264' | 'moving-640x360.h264';

/** One picture, ready to be sent. */
export interface VideoFrame {
  keyframe: boolean;
  /** Its NAL units without start codes. */
  units: Buffer[];
  /** Its RTP payloads, in order; the marker bit belongs to the last. */
  payloads: Buffer[];
  /** When it is shown, ticks since the first of the clip; its place in decoding order by default. */
  ticks?: number;
}

/** A clip of any codec, 30 frames a second, of which the first is a keyframe. */
export interface EncodedVideo {
  /** As `a=rtpmap` has it. */
  encodingName: string;
  /** As `a=fmtp` has them; empty for none. */
  parameters: string;
  /** In decoding order. */
  frames: VideoFrame[];
}

/** Reads a video fixture; the first frame is an IDR picture, so that the clip can be looped. */
export function videoFrames(name: VideoClip): VideoFrame[] {
  return accessUnits(nalUnits(fixture(name))).map((units) => ({
    keyframe: units.some((unit) => nalType(unit) === 5),
    units,
    payloads: packetizeAccessUnit(units),
  }));
}

/**
 * The Opus packets of the sound fixture. Packet i belongs to the instant i × 20 ms *exactly*: a WebRTC
 * receiver drops no pre-skip, so what comes out of its decoder is late by the encoder's look-ahead
 * (120 samples, 2.5 ms, the fixture's pre-skip), and the fixture's tone went into the encoder early
 * by just that. Nothing is left to be compensated in RTP timestamps.
 */
export function audioPackets(): Buffer[] {
  return readOggOpus(fixture('flash-and-beep.ogg')).packets;
}

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}
