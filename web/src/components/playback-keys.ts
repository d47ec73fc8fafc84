import { clip, playback } from '../model/console.ts';

/** Where keys have a meaning of their own. */
const OWN_KEYS = 'input, select, textarea, [contenteditable]';

/**
 * Listens to the keys of the player, as editors and players have them.
 * @returns stops listening
 */
export function listenToKeys(onFullScreen: () => void): () => void {
  const keys: Record<string, () => void> = {
    ' ': () => playback.toggle(),
    k: () => playback.toggle(),
    j: () => playback.skip(-10_000),
    l: () => playback.skip(10_000),
    ArrowLeft: () => playback.skip(-5_000),
    ArrowRight: () => playback.skip(5_000),
    ',': () => playback.step(-1),
    '.': () => playback.step(1),
    m: () => playback.toggleMute(),
    f: onFullScreen,
    i: () => clip.markIn(playback.shownMs.peek()),
    o: () => clip.markOut(playback.shownMs.peek()),
  };
  const listen = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { target, key } = event;
    if (target instanceof Element && target.closest(OWN_KEYS) !== null) return;
    // The space bar presses the button that has the focus.
    if (key === ' ' && target instanceof Element && target.closest('button, summary, a')) return;
    const act = keys[key.length === 1 ? key.toLowerCase() : key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  document.addEventListener('keydown', listen);
  return () => document.removeEventListener('keydown', listen);
}
