import { Type } from 'typebox';

/** Options of a table: it may hold nothing but the keys of its schema. */
export const CLOSED = { additionalProperties: false };

/** A key that is true or false, and false where it is not written. */
export function flag() {
  return Type.Boolean({ description: 'true or false', examples: [true], default: false });
}

/** Text that may be left out, but not be empty. */
export function text(example: string) {
  return Type.Optional(
    Type.String({ minLength: 1, description: 'text in quotes', examples: [example] }),
  );
}

/** Text that Live777 writes as `""` where it has none. */
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
