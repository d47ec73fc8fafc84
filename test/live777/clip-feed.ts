import { steadyNowUs } from '../../src/clock/steady-clock.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';
import {
  AUDIO_PACKET_MS,
  audioPackets,
  FRAME_RATE,
  type VideoClip,
  type VideoFrame,
  videoFrames,
} from '../publisher/clip.ts';

const TICK_MS = 5;
const VIDEO_REPORT_INTERVAL_MS = 1000;
const AUDIO_REPORT_INTERVAL_MS = 2000;

/** Takes what a feed sends. */
export interface FeedReceiver {
  /** @param mediaSeconds capture time since the feed began */
  packet(kind: TrackKind, payload: Buffer, mediaSeconds: number, marker: boolean): void;
  /** The same instant on the wall clock and on the media clock. */
  report(kind: TrackKind, wallClockUs: number, mediaSeconds: number): void;
}

/**
 * A looped clip that is sent at its own pace to whoever receives it just then, as a server forwards
 * what its publisher sends: who joins in the middle of a picture group waits for the next keyframe.
 */
export class ClipFeed {
  readonly receivers = new Set<FeedReceiver>();
  readonly #frames: VideoFrame[];
  readonly #audio = audioPackets();
  readonly #kinds: ReadonlySet<TrackKind>;
  readonly #startUs = steadyNowUs();
  readonly #timer: NodeJS.Timeout;
  #nextFrame = 0;
  #nextAudio = 0;
  #nextReportMs = { video: 0, audio: 0 };
  /** The clip is turned by this many frames. */
  #turn = 0;
  /** Sends no media to anyone; reports go on. */
  muted = false;

  constructor(kinds: readonly TrackKind[], clip: VideoClip) {
    this.#kinds = new Set(kinds);
    this.#frames = videoFrames(clip);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Goes on with the clip's next keyframe, as a publisher does that is asked for one. */
  jumpToKeyframe(): void {
    while (!this.#frame().keyframe) this.#turn++;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #frame(): VideoFrame {
    return this.#frames[(this.#nextFrame + this.#turn) % this.#frames.length]!;
  }

  #tick(): void {
    const nowUs = steadyNowUs();
    const elapsedMs = (nowUs - this.#startUs) / 1000;
    for (; (this.#nextFrame / FRAME_RATE) * 1000 <= elapsedMs; this.#nextFrame++) {
      const { payloads } = this.#frame();
      payloads.forEach((payload, index) => {
        const last = index === payloads.length - 1;
        this.#send('video', payload, this.#nextFrame / FRAME_RATE, last);
      });
    }
    for (; this.#nextAudio * AUDIO_PACKET_MS <= elapsedMs; this.#nextAudio++) {
      const payload = this.#audio[this.#nextAudio % this.#audio.length]!;
      this.#send('audio', payload, (this.#nextAudio * AUDIO_PACKET_MS) / 1000, false);
    }
    this.#report('video', VIDEO_REPORT_INTERVAL_MS, nowUs, elapsedMs);
    this.#report('audio', AUDIO_REPORT_INTERVAL_MS, nowUs, elapsedMs);
  }

  #send(kind: TrackKind, payload: Buffer, seconds: number, marker: boolean): void {
    if (this.muted || !this.#kinds.has(kind)) return;
    for (const receiver of this.receivers) receiver.packet(kind, payload, seconds, marker);
  }

  #report(kind: TrackKind, intervalMs: number, nowUs: number, elapsedMs: number): void {
    if (!this.#kinds.has(kind) || elapsedMs < this.#nextReportMs[kind]) return;
    this.#nextReportMs[kind] = elapsedMs + intervalMs;
    for (const receiver of this.receivers) receiver.report(kind, nowUs, elapsedMs / 1000);
  }
}
