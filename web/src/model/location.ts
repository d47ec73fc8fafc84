import { signal } from '@preact/signals';

/** The pages of the console. */
export type Page = 'streams' | 'watch';

/** How many streams can be watched beside each other. */
export const MOST_WATCHED = 4;

/** What an address of the console says: a link to a moment of some streams. */
export interface Place {
  page: Page;
  /** What is watched, in the order of the tiles. */
  streams: string[];
  /** Which moment, ms since the Unix epoch; undefined: none in particular. */
  epochMs: number | undefined;
}

// A comma separates names, so those in a name are encoded once more.
const encodeName = (name: string) => name.replaceAll('%', '%25').replaceAll(',', '%2C');

/** Streams as a query names them, for `URLSearchParams` to encode. */
export function joinNames(streams: string[]): string {
  return streams.map(encodeName).join(',');
}

function splitNames(text: string): string[] {
  return text
    .split(',')
    .filter(Boolean)
    .map((name) => name.replaceAll('%2C', ',').replaceAll('%25', '%'));
}

/** Reads the query of an address. */
export function placeOf(search: string): Place {
  const query = new URLSearchParams(search);
  const epochMs = Date.parse(query.get('t') ?? '');
  const names = query.get('streams');
  return {
    page: names === null ? 'streams' : 'watch',
    streams: splitNames(names ?? '').slice(0, MOST_WATCHED),
    epochMs: Number.isNaN(epochMs) ? undefined : epochMs,
  };
}

/** The query of the address of a place. */
export function searchOf({ page, streams, epochMs }: Place): string {
  if (page === 'streams') return '';
  const query = new URLSearchParams({ streams: joinNames(streams) });
  if (epochMs !== undefined) query.set('t', new Date(epochMs).toISOString());
  // As people write them: neither has a meaning of its own in a query.
  return `?${query.toString().replaceAll('%3A', ':').replaceAll('%2C', ',')}`;
}

/** Where the reader is. */
export const place = signal<Place>(placeOf(location.search));

const addressOf = (to: Place) => `${location.pathname}${searchOf(to)}`;

/** Goes to another place, from which the browser's button leads back. */
export function goTo(to: Place): void {
  history.pushState(null, '', addressOf(to));
  place.value = to;
}

/**
 * Notes in the address what is watched now, so that it can be handed on.
 * @param epochMs ms since the Unix epoch; undefined: what is live
 */
export function noteMoment(epochMs: number | undefined): void {
  const to = { ...place.peek(), epochMs };
  history.replaceState(null, '', addressOf(to));
}

window.addEventListener('popstate', () => {
  place.value = placeOf(location.search);
});
