import { randomInt } from 'node:crypto';
import { parse, write } from 'sdp-transform';
import type { RTCDtlsTransport } from 'werift';
import { FRAME_RATE, type VideoClip, videoFrames } from './clip.ts';
import { OutgoingTrack, type OutgoingTrackOptions } from './outgoing-track.ts';

const RID_URI = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';
const RID_EXTENSION = 10;

/** How a publisher of several encodings tells of them. */
export interface SimulcastOptions {
  /** Clips of the encodings in the order in which they are sent, each picture. */
  clips: VideoClip[];
  /**
   * `offered`: `a=rid` and `a=simulcast` (RFC 8853); `unasked`: identifiers in the packets alone;
   * `grouped`: `a=ssrc-group:SIM` without identifiers.
   */
  announced: 'offered' | 'unasked' | 'grouped';
}

/** Several encodings of the picture, all sent whatever is answered. */
export class SimulcastLayers {
  readonly #options: SimulcastOptions;
  readonly #ssrcs: number[];
  #layers: { track: OutgoingTrack; frames: ReturnType<typeof videoFrames> }[] = [];
  readonly #paused = new Set<number>();
  #frames = 0;

  constructor(options: SimulcastOptions) {
    this.#options = options;
    this.#ssrcs = options.clips.map(() => randomInt(1, 0x100000000));
  }

  /** SSRC of an encoding. */
  ssrc(number: number): number {
    return this.#ssrcs[number]!;
  }

  /** The offer with the encodings in its video section. */
  announce(offer: string): string {
    const { announced } = this.#options;
    const session = parse(offer);
    const video = session.media.find(({ type }) => type === 'video')!;
    const rids = this.#ssrcs.map((_, number) => String(number));
    delete video.ssrcGroups;
    delete video.ssrcs;
    if (announced === 'grouped') {
      video.ssrcGroups = [{ semantics: 'SIM', ssrcs: this.#ssrcs.join(' ') }];
      video.ssrcs = this.#ssrcs.map((id) => ({ id, attribute: 'cname', value: 'layers' }));
    } else {
      video.ext = [...(video.ext ?? []), { value: RID_EXTENSION, uri: RID_URI }];
    }
    if (announced === 'offered') {
      video.rids = rids.map((id) => ({ id, direction: 'send' }));
      video.simulcast = { dir1: 'send', list1: rids.join(';') };
    }
    return write(session);
  }

  /** Makes the tracks. @param options of the one video track that was negotiated */
  open(transport: RTCDtlsTransport, options: OutgoingTrackOptions, next: () => number): void {
    const { retransmission: _, ...video } = options;
    this.#layers = this.#options.clips.map((clip, number) => ({
      track: new OutgoingTrack(
        transport,
        {
          ...video,
          ssrc: this.#ssrcs[number]!,
          sequenceStart: randomInt(0x10000),
          timestampStart: randomInt(2 ** 32),
          ...(this.#options.announced !== 'grouped' && {
            rid: { id: RID_EXTENSION, value: String(number) },
          }),
        },
        next,
      ),
      frames: videoFrames(clip),
    }));
  }

  /** Sends nothing of an encoding until {@link resume}; its sequence numbers wait. */
  pause(number: number): void {
    this.#paused.add(number);
  }

  /** Sends it again, in the middle of its clip. */
  resume(number: number): void {
    this.#paused.delete(number);
  }

  /** How many pictures were captured. */
  get frames(): number {
    return this.#frames;
  }

  /** The next picture in all encodings that are not paused. */
  frame(send: (datagram: Buffer) => void): void {
    const number = this.#frames++;
    for (const [layer, { track, frames }] of this.#layers.entries()) {
      if (this.#paused.has(layer)) continue;
      const { payloads } = frames[number % frames.length]!;
      const timestamp = track.timestampAt(number / FRAME_RATE);
      for (const [i, payload] of payloads.entries()) {
        send(track.next(payload, timestamp, i === payloads.length - 1).datagram);
      }
    }
  }

  /** All tracks, for sender reports. */
  get tracks(): OutgoingTrack[] {
    return this.#layers.map(({ track }) => track);
  }
}
