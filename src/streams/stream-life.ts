import type { StreamState } from '../recorder.ts';

/**
 * Whether a recording of the stream was asked for by name, and for how long that holds: `for-session`
 * until the publisher's session is ended, `standing` until it is stopped.
 */
export type Arm = 'no' | 'for-session' | 'standing';

/**
 * What becomes of the recording: `put-off` would be recorded if recordings might begin; `interrupted`
 * is open, and its publisher was lost.
 */
export type RecordingState = 'none' | 'put-off' | 'running' | 'interrupted';

/** Where a stream is in its life. */
export interface StreamLife {
  readonly isConnected: boolean;
  /** It comes from another node, or would if one had it. */
  readonly isPulled: boolean;
  readonly arm: Arm;
  /** A recording was stopped by name: none begins by itself while this publisher stays. */
  readonly isStopped: boolean;
  readonly recording: RecordingState;
}

/**
 * What happens to a stream:
 * - `offered`: a publisher's offer was accepted; `connected`: its session, or ours, is;
 * - `lost`: the session ended, and its publisher may come back; `left`: it ended for good;
 * - `grace-over`: a publisher that was lost did not come back in time;
 * - `pulled`: another node has the stream;
 * - `asked`, `stopped`: a recording was asked for by name, or is not wanted any more;
 * - `unpublished`: its publisher asks to end the session, which is about to end;
 * - `released`: nobody sends it any more, and what was sent is recorded;
 * - `room`: recordings may begin.
 */
export type StreamEvent =
  | 'offered'
  | 'connected'
  | 'lost'
  | 'left'
  | 'grace-over'
  | 'pulled'
  | 'released'
  | 'asked'
  | 'stopped'
  | 'unpublished'
  | 'room';

/** What decides besides a stream's life. */
export interface StreamRules {
  /** It is recorded as soon as somebody publishes it. */
  isAutomatic: boolean;
  /** Recordings may begin. */
  accepts: boolean;
}

/** How the life of a stream begins. */
export const NEW_LIFE: StreamLife = {
  isConnected: false,
  isPulled: false,
  arm: 'no',
  isStopped: false,
  recording: 'none',
};

/** What follows from an event. It changes nothing itself: the stream's host compares before and after. */
export function nextLife(life: StreamLife, event: StreamEvent, rules: StreamRules): StreamLife {
  const { isConnected, isPulled, arm, recording } = life;
  switch (event) {
    case 'offered':
      return { ...life, isStopped: false };
    case 'connected':
      return isWanted({ ...life, isConnected: true }, rules)
        ? begun({ ...life, isConnected: true }, rules)
        : { ...life, isConnected: true };
    case 'lost':
      return {
        ...life,
        isConnected: false,
        recording: recording === 'running' ? 'interrupted' : recording,
      };
    case 'left':
      return { ...life, isConnected: false, recording: 'none' };
    case 'grace-over':
      return isConnected ? life : { ...life, recording: 'none' };
    case 'pulled':
      return { ...life, isPulled: true, isStopped: isPulled && life.isStopped };
    case 'released':
      return { ...life, isPulled: false, recording: 'none' };
    case 'asked': {
      const asked = { ...life, arm: arm === 'no' ? newArm(life) : arm, isStopped: false };
      return isConnected && !isOpen(recording) ? begun(asked, rules) : asked;
    }
    case 'stopped':
      return {
        ...life,
        arm: 'no',
        isStopped: true,
        recording: recording === 'put-off' ? 'none' : recording,
      };
    case 'unpublished':
      // A publisher that never came is none that leaves.
      return isConnected && arm === 'for-session' ? { ...life, arm: 'no' } : life;
    case 'room':
      return isConnected && recording === 'put-off' ? begun(life, rules) : life;
  }
}

/** True while there is a recording that takes what comes, or waits for it. */
export function isOpen(recording: RecordingState): boolean {
  return recording === 'running' || recording === 'interrupted';
}

/**
 * What operators are told.
 * @param isFailing something cannot be written
 * @param isWhole of a recording: every track that was agreed on comes and can be recorded
 */
export function streamState(life: StreamLife, isFailing: boolean, isWhole: boolean): StreamState {
  if (isFailing) return 'failed';
  if (life.recording === 'interrupted') return 'interrupted';
  if (life.recording === 'running') return isWhole ? 'recording' : 'degraded';
  if (life.isConnected) return 'live';
  if (life.isPulled) return 'connecting';
  return life.arm === 'no' ? 'idle' : 'waiting';
}

function isWanted({ isPulled, arm, isStopped }: StreamLife, { isAutomatic }: StreamRules): boolean {
  return !isStopped && (isAutomatic || isPulled || arm !== 'no');
}

/** A recording that is open goes on, whatever waits for its upload. */
function begun(life: StreamLife, { accepts }: StreamRules): StreamLife {
  return { ...life, recording: accepts || isOpen(life.recording) ? 'running' : 'put-off' };
}

/** What is asked for while nobody publishes holds for every publisher to come. */
function newArm({ isConnected, recording }: StreamLife): Arm {
  return isConnected || isOpen(recording) ? 'for-session' : 'standing';
}
