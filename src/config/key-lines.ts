import { type AST, ParseError, parseTOML } from 'toml-eslint-parser';

/** Maximum length of a JSON pointer, far beyond any key in the schema. */
const LONGEST_POINTER = 1024;

/** Appends a part to a JSON pointer (RFC 6901 §3). */
export function pointerTo(parent: string, part: string | number): string {
  return `${parent}/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Finds the line of every key, table and array element of a TOML document, which the parser of the
 * values does not report.
 * @param toml a document that this parser has accepted
 * @returns line numbers from 1, by JSON pointer (`/recorder/sources/0/url`); none for keys longer
 * than any known one
 */
export function keyLines(toml: string): Map<string, number> {
  const lines = new Map<string, number>();
  const note = (parent: string, part: string | number, { loc }: AST.TOMLNode): string => {
    const pointer = pointerTo(parent, part);
    // The memory for deeply nested keys would grow with the square of their number.
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

/** If the two parsers disagree, problems are reported without line numbers. */
function topLevelOf(toml: string): AST.TOMLTopLevelTable['body'] {
  try {
    // This parser does not accept a byte order mark.
    return parseTOML(toml.replace(/^\uFEFF/, '')).body[0].body;
  } catch (error) {
    if (error instanceof ParseError) return [];
    throw error;
  }
}
