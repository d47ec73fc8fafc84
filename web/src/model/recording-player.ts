import { computed, signal } from '@preact/signals';
import { objectAddress } from '../api/address.ts';
import { ManifestPlayer } from './manifest-player.ts';
import type { WallClock } from './wall-clock.ts';

// Nearer to the live edge than this counts as live, seconds beyond the player's own delay.
const LIVE_TOLERANCE_SECONDS = 5;

/** What is played at one moment; times are seconds of the presentation. */
export interface PlayerPosition {
  start: number;
  end: number;
  time: number;
  isLive: boolean;
  isStopped: boolean;
  isMuted: boolean;
  /** Speed that was chosen, 1 for that of the recording. */
  rate: number;
}

const NOWHERE: PlayerPosition = {
  start: 0,
  end: 0,
  time: 0,
  isLive: false,
  isStopped: true,
  isMuted: false,
  rate: 1,
};

/** Plays the recording of a day, finished or still running, over its whole length. */
export class RecordingPlayer {
  /** What stands open; undefined while nothing does. */
  readonly opened = signal<{ stream: string; mpdPath: string } | undefined>(undefined);
  readonly message = signal('');
  readonly isWaiting = signal(false);
  readonly position = signal(NOWHERE);
  /** Whether it plays at the live end. */
  readonly isAtLive = computed(() => {
    const { isLive, end, time } = this.position.value;
    return isLive && end - time < LIVE_TOLERANCE_SECONDS;
  });

  #video: HTMLVideoElement | undefined;
  #player: ManifestPlayer | undefined;
  #isLoaded = false;

  /** Takes the element that shows the picture. @returns takes it away again */
  attach(video: HTMLVideoElement): () => void {
    this.#video = video;
    const events = ['timeupdate', 'progress', 'durationchange', 'seeked', 'play', 'pause'];
    const show = () => this.#show();
    for (const event of [...events, 'ended', 'volumechange', 'ratechange']) {
      video.addEventListener(event, show);
    }
    // Before that the playhead is at zero, wherever it is to begin.
    video.addEventListener('loadeddata', () => {
      this.#isLoaded = this.#player !== undefined;
      this.#show();
    });
    return () => void this.close();
  }

  /**
   * Opens a recording and starts playing it: a running one near its live end, else at its start.
   * @param stream name, for the title
   * @param mpdPath object path of the manifest
   */
  async open(stream: string, mpdPath: string): Promise<void> {
    await this.close();
    this.opened.value = { stream, mpdPath };
    await this.#load(mpdPath);
  }

  async #load(mpdPath: string, startTime?: number, isPaused = false): Promise<void> {
    const video = this.#video;
    if (video === undefined) return;
    this.isWaiting.value = true;
    const player = new ManifestPlayer(video, {
      onError: (message) => {
        this.isWaiting.value = false;
        this.message.value = message;
      },
      onBuffering: (isBuffering) => {
        this.isWaiting.value = isBuffering;
      },
      onEnded: (latest) => void this.#goOn(mpdPath, latest),
    });
    this.#player = player;
    const isThere = await player.load(objectAddress(mpdPath), () => startTime);
    if (this.#player !== player) return;
    // Refused where the page had no gesture yet; the play button is there for that.
    if (isThere && !isPaused) await video.play().catch(() => undefined);
    if (this.#player === player) this.isWaiting.value = false;
  }

  /** Lets go of the recording. */
  async close(): Promise<void> {
    this.opened.value = undefined;
    this.message.value = '';
    await this.#unload();
  }

  /** Lets go of the recording; what is shown of it stays until something else is there. */
  async #unload(): Promise<void> {
    this.#isLoaded = false;
    const player = this.#player;
    this.#player = undefined;
    await player?.close();
  }

  /**
   * Goes on at the same moment of a recording that has just ended. While it was running its Periods
   * stood at their times of the day; now they follow each other from zero, and a player would go on
   * at the old time in the new presentation.
   * @param ended what its last manifest says
   */
  async #goOn(mpdPath: string, ended: WallClock): Promise<void> {
    const video = this.#video;
    const player = this.#player;
    if (video === undefined || player === undefined) return;
    const startTime = ended.timeOf(player.wallClock.at(video.currentTime));
    const isPaused = video.paused;
    await this.#unload();
    // Nothing else was opened meanwhile.
    if (this.#player === undefined && this.opened.value?.mpdPath === mpdPath) {
      await this.#load(mpdPath, startTime, isPaused);
    }
  }

  /** When a moment of the presentation happened, ms since the Unix epoch. */
  epochMs(time: number): number | undefined {
    return this.#player?.wallClock.at(time);
  }

  /** Plays or pauses. */
  toggle(): void {
    const video = this.#video;
    if (video === undefined) return;
    if (video.paused || video.ended) void video.play().catch(() => undefined);
    else video.pause();
  }

  /** @param time seconds of the presentation */
  seek(time: number): void {
    if (this.#video !== undefined) this.#video.currentTime = time;
  }

  /** Chooses a speed, also for the recordings that are opened later. */
  setRate(rate: number): void {
    if (this.#video === undefined) return;
    this.#video.defaultPlaybackRate = rate;
    this.#video.playbackRate = rate;
  }

  toggleMute(): void {
    if (this.#video !== undefined) this.#video.muted = !this.#video.muted;
  }

  goToLive(): void {
    this.#player?.player?.goToLive();
  }

  #show(): void {
    const video = this.#video;
    const player = this.#player?.player;
    if (!this.#isLoaded || player === undefined || video === undefined) return;
    const { start, end } = player.seekRange();
    // Zero while it waits for data; what is chosen stays.
    const rate = player.getPlaybackRate();
    this.position.value = {
      start,
      // Of a recording that has just begun, less is there than the player stays behind the live end.
      end: Math.max(start, end, video.currentTime),
      time: video.currentTime,
      isLive: player.isLive(),
      isStopped: video.paused || video.ended,
      isMuted: video.muted,
      rate: rate > 0 ? rate : this.position.peek().rate,
    };
  }
}
