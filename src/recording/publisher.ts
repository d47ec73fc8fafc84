import type { TrackKind } from '../media/access-unit.ts';
import type { Ticks, Us } from '../media/media-time.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import { AudioTrack } from './audio-track.ts';
import type { DroppedUnits } from './dropped-units.ts';
import type { RecordingOptions } from './recording-options.ts';
import { StreamTimeline } from './stream-timeline.ts';
import { VideoTrack } from './video-track.ts';
import { WaitingSound } from './waiting-sound.ts';

/** Minimum interval between keyframe requests, µs. */
const KEYFRAME_INTERVAL_US = 1_000_000;

/**
 * The publisher of a recording: its tracks, their places in time, and the way to request keyframes.
 */
export class Publisher {
  readonly video: VideoTrack | undefined;
  readonly audio: AudioTrack | undefined;
  readonly timeline: StreamTimeline;
  /** Its sound that waits for the picture. */
  readonly waiting = new WaitingSound();
  readonly #requestKeyframe: () => void;
  readonly #attachedUs: number;
  #keyframeAskedUs = 0;

  /**
   * @param sections at most one per kind
   * @param dropped counts what the tracks drop
   * @param requestKeyframe requests a keyframe
   * @param options of the recording: its clock, and how losses are handled
   */
  constructor(
    sections: readonly MediaSection[],
    dropped: DroppedUnits,
    requestKeyframe: () => void,
    { now, onLoss = 'freeze' }: Pick<RecordingOptions, 'now' | 'onLoss'>,
  ) {
    this.#requestKeyframe = requestKeyframe;
    this.#attachedUs = now();
    for (const section of sections) {
      if (section.kind === 'video') {
        this.video = new VideoTrack(section, onLoss, dropped, () => this.askForKeyframe(now()));
      } else this.audio = new AudioTrack(section, dropped);
    }
    this.timeline = new StreamTimeline(this.video, this.audio);
  }

  /**
   * Makes the tracks' places final, see {@link StreamTimeline.settle}, and moves the waiting sound.
   * @returns the delay of each track; undefined if nothing was decided
   */
  settle(
    nowUs: number,
    force: boolean,
    correctionUs: number,
  ): Record<TrackKind, Ticks> | undefined {
    const before = this.timeline.base('audio');
    const moved = this.timeline.settle(nowUs, force, correctionUs);
    if (moved !== undefined) this.waiting.settle(this.timeline.base('audio') - before);
    return moved;
  }

  /** The track of a kind, if it was negotiated. */
  track(kind: TrackKind): VideoTrack | AudioTrack | undefined {
    return kind === 'video' ? this.video : this.audio;
  }

  /** Arrival of the latest picture, µs since the Unix epoch; 0 before the first. */
  get seenUs(): Us {
    return this.video?.lastArrivalUs ?? 0;
  }

  /**
   * Arrival of the latest picture that can be shown, µs since the Unix epoch; 0 before the first.
   * Pictures that refer to a lost one are excluded.
   */
  get shownUs(): Us {
    return this.video?.takenUs ?? 0;
  }

  /** Arrival of the latest sound, µs since the Unix epoch; 0 before the first. */
  get heardUs(): Us {
    return this.audio?.lastArrivalUs ?? 0;
  }

  /**
   * Kinds that were negotiated and have not arrived since an instant. @param us µs since the Unix
   * epoch
   */
  missingSince(us: number): TrackKind[] {
    const missing: TrackKind[] = [];
    if (this.#attachedUs > us) return missing;
    if (this.video && this.seenUs < us) missing.push('video');
    if (this.audio && this.heardUs < us) missing.push('audio');
    return missing;
  }

  /**
   * Requests a keyframe, unless one was requested a moment ago. @param nowUs µs since the Unix
   * epoch
   */
  askForKeyframe(nowUs: number): void {
    if (nowUs - this.#keyframeAskedUs < KEYFRAME_INTERVAL_US) return;
    this.#keyframeAskedUs = nowUs;
    this.#requestKeyframe();
  }
}
