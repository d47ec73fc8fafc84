import { type AST, ParseError, parseTOML } from 'toml-eslint-parser';

/** Longest JSON pointer that is noted: far beyond any key that the schema knows. */
const LONGEST_POINTER = 1024;

/** Adds one part to a JSON pointer (RFC 6901 §3). */
export function pointerTo(parent: string, part: string | number): string {
  return `${parent}/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Finds the line of every key, table and array element of a TOML document, which the parser that gives
 * us its values does not tell.
 * @param toml a document that this parser has accepted
 * @returns line numbers from 1, by JSON pointer (`/recorder/sources/0/url`); none of keys that are
 * longer than any known one
 */
export function keyLines(toml: string): Map<string, number> {
  const lines = new Map<string, number>();
  const note = (parent: string, part: string | number, { loc }: AST.TOMLNode): string => {
    const pointer = pointerTo(parent, part);
    // Keys within keys without end would take memory that grows with the square of their number.
    if (pointer.length <= LONGEST_POINTER && !lines.has(pointer))
      lines.set(pointer, loc.start.line);
    return pointer;
  };
  const noteValue = (value: AST.TOMLContentNode, at: string): void => {
    if (value.type === 'TOMLInlineTable') noteKeys(value.body, at);
    else if (value.type === 'TOMLArray') {
      for (const [index, element] of value.elements.entries()) {
        noteValue(element, note(at, index, element));
      }
    }
  };
  const noteKeys = (body: readonly AST.TOMLKeyValue[], table: string): void => {
    for (const { key, value } of body) {
      let at = table;
      for (const part of key.keys)
        at = note(at, part.type === 'TOMLBare' ? part.name : part.value, part);
      noteValue(value, at);
    }
  };
  for (const node of topLevelOf(toml)) {
    if (node.type === 'TOMLKeyValue') noteKeys([node], '');
    else {
      let at = '';
      for (const part of node.resolvedKey) at = note(at, part, node);
      noteKeys(node.body, at);
    }
  }
  return lines;
}

/** Two parsers may disagree: then what is wrong is told without its line, and nothing else changes. */
function topLevelOf(toml: string): AST.TOMLTopLevelTable['body'] {
  try {
    // It knows no byte order mark.
    return parseTOML(toml.replace(/^\uFEFF/, '')).body[0].body;
  } catch (error) {
    if (error instanceof ParseError) return [];
    throw error;
  }
}
