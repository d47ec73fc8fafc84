import type { StreamState } from '../recorder.ts';

/**
 * Whether a recording of the stream was requested by name, and for how long: `for-session` until
 * the publisher's session is ended, `standing` until the recording is stopped.
 */
export type Arm = 'no' | 'for-session' | 'standing';

/**
 * State of the recording: `put-off` begins as soon as recordings may begin; `interrupted` is open,
 * but its publisher was lost.
 */
export type RecordingState = 'none' | 'put-off' | 'running' | 'interrupted';

/** The state of a stream. */
export interface StreamLife {
  readonly isConnected: boolean;
  /** The stream is pulled from another node, even if no node has it at present. */
  readonly isPulled: boolean;
  readonly arm: Arm;
  /** A recording was stopped by name: none begins automatically while this publisher stays. */
  readonly isStopped: boolean;
  readonly recording: RecordingState;
}

/**
 * Events of a stream:
 * - `offered`: a publisher's offer was accepted;
 * - `connected`: the session, published or pulled, is connected;
 * - `lost`: the session ended, and the publisher may come back;
 * - `left`: the session ended for good;
 * - `grace-over`: a publisher that was lost did not come back in time;
 * - `pulled`: another node has the stream;
 * - `asked`, `stopped`: a caller requested a recording, or stopped it;
 * - `unpublished`: the publisher ends its session;
 * - `released`: nobody sends the stream any more, and all that was sent is recorded;
 * - `room`: recordings may begin;
 * - `rules-changed`: it may be that the stream is to be recorded automatically now, or no longer.
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
  | 'room'
  | 'rules-changed';

/** Conditions outside the stream that affect its life. */
export interface StreamRules {
  /** The stream is recorded as soon as somebody publishes it. */
  isAutomatic: boolean;
  /** Recordings may begin. */
  accepts: boolean;
}

/** The initial state. */
export const NEW_LIFE: StreamLife = {
  isConnected: false,
  isPulled: false,
  arm: 'no',
  isStopped: false,
  recording: 'none',
};

/**
 * The state that follows from an event. This function has no effects: the stream's host compares
 * the states and acts.
 */
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
      // A publisher that never connected has not left.
      return isConnected && arm === 'for-session' ? { ...life, arm: 'no' } : life;
    case 'room':
      return isConnected && recording === 'put-off' ? begun(life, rules) : life;
    case 'rules-changed':
      if (!isWanted(life, rules)) return { ...life, recording: 'none' };
      return isConnected && !isOpen(recording) ? begun(life, rules) : life;
  }
}

/** True while a recording is open, whether media arrives or not. */
export function isOpen(recording: RecordingState): boolean {
  return recording === 'running' || recording === 'interrupted';
}

/**
 * The state shown to operators.
 * @param isFailing something cannot be written
 * @param isWhole the recording receives every negotiated track and can record it
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

/** A recording that is open continues, however much data waits for upload. */
function begun(life: StreamLife, { accepts }: StreamRules): StreamLife {
  return { ...life, recording: accepts || isOpen(life.recording) ? 'running' : 'put-off' };
}

/** A request that comes while nobody publishes applies to every later publisher. */
function newArm({ isConnected, recording }: StreamLife): Arm {
  return isConnected || isOpen(recording) ? 'for-session' : 'standing';
}
