import { Type } from 'typebox';

/** Options of a table that permits only the keys in its schema. */
export const CLOSED = { additionalProperties: false };

/** A boolean key with the default false. */
export function flag() {
  return Type.Boolean({ description: 'true or false', examples: [true], default: false });
}

/** Optional text that must not be empty. */
export function text(example: string) {
  return Type.Optional(
    Type.String({ minLength: 1, description: 'text in quotes', examples: [example] }),
  );
}

/** Optional text; Live777 writes `""` for none. */
export function textOrEmpty(example: string) {
  return Type.Optional(Type.String({ description: 'text in quotes', examples: [example] }));
}

/** The path of a folder. */
export function folder(path: string) {
  return Type.String({ minLength: 1, description: 'the path of a folder', default: path });
}

/** Patterns of the names of streams. */
export function streamPattern(example: string) {
  return Type.String({
    minLength: 1,
    description: 'a stream name or pattern',
    examples: [example],
  });
}
