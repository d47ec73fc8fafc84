import type { AccessUnit, TrackKind } from '../media/access-unit.ts';
import type { Ticks, Us } from '../media/media-time.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import { AudioTrack } from './audio-track.ts';
import type { DroppedUnits } from './dropped-units.ts';
import type { RecordingOptions } from './recording-options.ts';
import { StrayTimestamps } from './stray-timestamps.ts';
import { StreamTimeline } from './stream-timeline.ts';
import { VideoTrack } from './video-track.ts';
import { WaitingSound } from './waiting-sound.ts';

/** Keyframes are asked for at most this often, µs. */
const KEYFRAME_INTERVAL_US = 1_000_000;

/** Both tracks of a sender that begins anew jump within this time, µs. */
const JUMPING_US = 500_000;

/** What a publisher tells its recording. */
export interface PublisherEvents {
  /** Asks the publisher for a keyframe. */
  requestKeyframe(): void;
  /** A unit has its place. @param time on its track's own timeline */
  onUnit(kind: TrackKind, unit: AccessUnit, time: Ticks): void;
  /** The timestamps of a track jumped: it is to begin a new timeline. */
  onJump(kind: TrackKind): void;
}

/** The publisher of a recording: its tracks, where they lie in time, and the way to ask it. */
export class Publisher {
  readonly video: VideoTrack | undefined;
  readonly audio: AudioTrack | undefined;
  readonly timeline: StreamTimeline;
  /** Its sound that the picture has not caught up with. */
  readonly waiting = new WaitingSound();
  readonly #timestamps: Partial<Record<TrackKind, StrayTimestamps>> = {};
  readonly #events: PublisherEvents;
  readonly #attachedUs: number;
  #keyframeAskedUs = 0;
  #restartedUs = Number.NEGATIVE_INFINITY;

  /**
   * @param sections at most one a kind
   * @param dropped counts what the tracks drop
   * @param events is told what comes of its units
   * @param options of the recording: its clock, and what becomes of pictures after a loss
   */
  constructor(
    sections: readonly MediaSection[],
    dropped: DroppedUnits,
    events: PublisherEvents,
    { now, onLoss = 'freeze' }: Pick<RecordingOptions, 'now' | 'onLoss'>,
  ) {
    this.#events = events;
    this.#attachedUs = now();
    for (const section of sections) {
      if (section.kind === 'video') {
        this.video = new VideoTrack(section, onLoss, dropped, () => this.askForKeyframe(now()));
      } else this.audio = new AudioTrack(section, dropped);
    }
    this.timeline = new StreamTimeline(this.video, this.audio);
    if (this.video) this.#timestamps.video = this.#check('video', this.video);
    if (this.audio) this.#timestamps.audio = this.#check('audio', this.audio);
  }

  /** Takes the next unit of a track; it is placed now, or as soon as its timestamp is certain. */
  accept(kind: TrackKind, unit: AccessUnit): void {
    this.#timestamps[kind]?.push(unit);
  }

  /** Places units that wait for another one in vain. @param nowUs since the Unix epoch */
  tick(nowUs: number): void {
    this.#timestamps.video?.tick(nowUs);
    this.#timestamps.audio?.tick(nowUs);
  }

  /** Places units that wait for another one. */
  flush(): void {
    this.#timestamps.video?.flush();
    this.#timestamps.audio?.flush();
  }

  /**
   * A track begins a new timeline; the other one, too, if its timestamps have just jumped.
   * @param nowUs since the Unix epoch
   */
  restart(kind: TrackKind, nowUs: number): void {
    this.#restartedUs = nowUs;
    this.track(kind)?.restart();
    this.#timestamps[kind === 'video' ? 'audio' : 'video']?.confirm();
  }

  /**
   * Makes the tracks' places final, see {@link StreamTimeline.settle}, and moves the sound that waits.
   * @returns how much later each track now is; undefined when nothing was decided
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

  /** Arrival of the latest picture, µs since the Unix epoch; 0 before any. */
  get seenUs(): Us {
    return this.video?.lastArrivalUs ?? 0;
  }

  /**
   * Arrival of the latest picture that can be shown, µs since the Unix epoch; 0 before any. Those that
   * refer to a lost one come all the same.
   */
  get shownUs(): Us {
    return this.video?.takenUs ?? 0;
  }

  /** Arrival of the latest sound, µs since the Unix epoch; 0 before any. */
  get heardUs(): Us {
    return this.audio?.lastArrivalUs ?? 0;
  }

  /** Kinds that were negotiated and have not come since an instant. @param us since the epoch */
  missingSince(us: number): TrackKind[] {
    const missing: TrackKind[] = [];
    if (this.#attachedUs > us) return missing;
    if (this.video && this.seenUs < us) missing.push('video');
    if (this.audio && this.heardUs < us) missing.push('audio');
    return missing;
  }

  /** Asks for a keyframe, unless that was done a moment ago. @param nowUs since the Unix epoch */
  askForKeyframe(nowUs: number): void {
    if (nowUs - this.#keyframeAskedUs < KEYFRAME_INTERVAL_US) return;
    this.#keyframeAskedUs = nowUs;
    this.#events.requestKeyframe();
  }

  #check(kind: TrackKind, track: VideoTrack | AudioTrack): StrayTimestamps {
    const { timescale } = track;
    return new StrayTimestamps(track, {
      onUnit: (unit, own) => this.#events.onUnit(kind, unit, timescale.toTicks(own)),
      onJump: () => this.#events.onJump(kind),
      isJumping: (nowUs) => nowUs - this.#restartedUs < JUMPING_US,
    });
  }
}
