import type { Test } from 'tap';
import {
  NOON_US,
  type SimulatedOptions,
  SimulatedPublisher,
  type Skip,
} from '../recording/simulated-publisher.ts';

/** 2026-03-04 23:59:52 UTC, µs since the Unix epoch: eight seconds before midnight. */
const BEFORE_MIDNIGHT_US = NOON_US + 12 * 3600e6 - 8e6;

/** What the files and index rows of a recording follow from, and nothing else. */
export interface Scenario {
  name: string;
  options?: SimulatedOptions;
  record(publisher: SteadyPublisher): Promise<void>;
}

/**
 * A simulated publisher whose media is on the disk before time goes on, so that what is written does
 * not depend on how fast the disk is.
 */
export class SteadyPublisher extends SimulatedPublisher {
  constructor(t: Test, options: SimulatedOptions = {}) {
    super(t, { videoReportUs: 0, audioReportUs: 0, ...options });
  }

  override async run(seconds: number, skip?: Skip): Promise<void> {
    for (let left = seconds; left > 0; left -= 0.25) {
      await super.run(Math.min(left, 0.25), skip);
      await this.recording.written();
    }
  }
}

/** Every 29th picture and every 17th packet of sound is lost. */
const lossy: Skip = (kind, index) => index % (kind === 'video' ? 29 : 17) === 13;

/** The recordings that are held: each with another part of what a stream can go through. */
export const scenarios: Scenario[] = [
  { name: 'clean', record: (publisher) => publisher.run(10) },
  {
    name: 'late reports and a drifting clock',
    options: {
      videoReportUs: 1_500_000,
      audioReportUs: 2_500_000,
      audioDelayUs: 120_000,
      driftPpm: 200,
      senderClockUs: 3600e6,
    },
    record: (publisher) => publisher.run(12),
  },
  { name: 'lossy', record: (publisher) => publisher.run(10, lossy) },
  {
    name: 'lossy, all pictures kept',
    options: { recording: { onLoss: 'keep' } },
    record: (publisher) => publisher.run(6, lossy),
  },
  {
    name: 'reconnecting',
    record: async (publisher) => {
      await publisher.run(5);
      publisher.recording.detach();
      await publisher.run(1.5, () => 'never sent');
      publisher.attach();
      await publisher.run(5);
    },
  },
  {
    name: 'midnight',
    options: { startUs: BEFORE_MIDNIGHT_US },
    record: (publisher) => publisher.run(16),
  },
  {
    name: 'another record',
    options: { recording: { maxRecordingSeconds: 4 } },
    record: (publisher) => publisher.run(10),
  },
  {
    name: 'resolution change',
    record: async (publisher) => {
      await publisher.run(4);
      publisher.clip = 'moving-640x360.h264';
      await publisher.run(4);
      publisher.clip = 'flash-and-beep.h264';
      await publisher.run(4);
    },
  },
  {
    name: 'timestamps that leap',
    record: async (publisher) => {
      await publisher.run(4);
      publisher.leap.video = 90_000 * 3600;
      publisher.leap.audio = 48_000 * 3600;
      await publisher.run(6);
    },
  },
  {
    name: 'a camera that is off for a while',
    record: async (publisher) => {
      await publisher.run(4);
      await publisher.run(9, (kind) => kind === 'video' && 'never sent');
      await publisher.run(5);
    },
  },
  {
    name: 'sound that is muted for a while',
    record: async (publisher) => {
      await publisher.run(4);
      await publisher.run(6, (kind) => kind === 'audio');
      await publisher.run(4);
    },
  },
  { name: 'sound alone', options: { video: false }, record: (publisher) => publisher.run(9) },
  { name: 'a picture alone', options: { audio: false }, record: (publisher) => publisher.run(9) },
];
