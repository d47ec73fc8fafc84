import type { Layer } from './whep-resource.ts';

/**
 * Common names of simulcast encodings, the best one last. A RID has no meaning by itself (RFC 8851
 * §3), and a WHEP server does not report the resolution of an encoding.
 */
const RANKS: readonly (readonly string[])[] = [
  ['q', 'quarter', 'low', 'lo', 'lq', 'sd', 'small', 's'],
  ['h', 'half', 'm', 'mid', 'medium', 'mq'],
  ['f', 'full', 'high', 'hi', 'hq', 'hd', 'large', 'l'],
];

/**
 * Chooses the encoding with the highest resolution by its name: `q`, `h`, `f` as in examples for
 * browsers and in Live777; `l`, `m`, `h`; words; and numbers, of which OBS uses 0 for the full
 * resolution.
 * @returns `undefined` if there is no choice or the names are unknown: the server's choice remains
 */
export function bestLayer(layers: readonly Layer[]): Layer | undefined {
  if (layers.length < 2) return undefined;
  const names = layers.map(({ encodingId }) => encodingId.toLowerCase());
  if (names.every((name) => /^\d+$/.test(name))) {
    const best = Math.min(...names.map(Number));
    return layers[names.findIndex((name) => Number(name) === best)];
  }
  // In "l, m, h" these mean low and high; in "q, h, f" h is half, and in "s, m, l" l is large.
  const lowToHigh = !names.includes('q') && !names.includes('f') && !names.includes('s');
  const ranks = names.map((name) => rank(name, lowToHigh));
  const best = Math.max(...ranks);
  return best < 0 ? undefined : layers[ranks.indexOf(best)];
}

function rank(name: string, lowToHigh: boolean): number {
  if (lowToHigh && name === 'h') return 2;
  if (lowToHigh && name === 'l') return 0;
  return RANKS.findIndex((synonyms) => synonyms.includes(name));
}
