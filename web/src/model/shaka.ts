import type shakaPlayer from 'shaka-player';
import { words } from '../words/language.ts';

/** The namespace of Shaka player. */
export type Shaka = typeof shakaPlayer;

let loading: Promise<Shaka> | undefined;

/**
 * Loads Shaka player when it is first needed: it is larger than all the rest of the console.
 * @throws Error in words where it cannot be loaded, or this browser cannot play with it
 */
export function loadShaka(): Promise<Shaka> {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Shaka> {
  const { default: shaka } = await import('shaka-player').catch((cause) => {
    throw new Error(words.peek().playerMissing, { cause });
  });
  shaka.polyfill.installAll();
  if (!shaka.Player.isBrowserSupported()) throw new Error(words.peek().noMediaSource);
  return shaka;
}
