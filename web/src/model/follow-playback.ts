import { effect } from '@preact/signals';
import type { Playback } from './playback.ts';
import { around } from './time-range.ts';
import type { Timeline } from './timeline.ts';

/**
 * Moves the timeline on where what is played runs out of it; one that was moved elsewhere stays there.
 * @returns ends that
 */
export function followPlayback(playback: Playback, timeline: Timeline): () => void {
  let before: number | undefined;
  return effect(() => {
    const epochMs = playback.epochMs.value;
    const range = timeline.range.peek();
    const wasShown = before !== undefined && before >= range.startMs && before < range.endMs;
    before = epochMs;
    if (epochMs === undefined || !wasShown || epochMs < range.endMs) return;
    if (playback.isPlaying.peek()) timeline.range.value = around(range, epochMs);
  });
}
