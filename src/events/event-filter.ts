import { EVENT_TYPES, type EventType } from './event.ts';

const TYPES = Object.keys(EVENT_TYPES) as EventType[];

/**
 * Compiles patterns of types: a type, all of a group (`recording.*`), or `*`.
 * @returns whether a pattern selects a type
 */
export function eventMatcher(patterns: readonly string[]): (type: EventType) => boolean {
  const selected = new Set(patterns.flatMap(typesOf));
  return (type) => selected.has(type);
}

/** The types that a pattern selects; empty for a pattern that is none. */
export function typesOf(pattern: string): EventType[] {
  if (pattern === '*') return TYPES;
  if (!pattern.endsWith('.*')) return TYPES.filter((type) => type === pattern);
  return TYPES.filter((type) => type.startsWith(pattern.slice(0, -1)));
}

/** All patterns that can be written. */
export const EVENT_PATTERNS: readonly string[] = [
  '*',
  ...new Set(TYPES.map((type) => `${type.slice(0, type.indexOf('.'))}.*`)),
  ...TYPES,
];
