import { parse } from 'smol-toml';

/** Longest JSON pointer that is noted: far beyond any key that the schema knows. */
const LONGEST_POINTER = 1024;

/** Adds one part to a JSON pointer (RFC 6901 §3). */
export function pointerTo(parent: string, part: string | number): string {
  return `${parent}/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Finds the line of every key, table and array element of a TOML document, which the parser does
 * not tell.
 * @param toml a document that the TOML parser has accepted: what is malformed is not looked for
 * @returns line numbers from 1, by JSON pointer (`/recorder/sources/0/url`); none of keys that are
 * longer than any known one
 */
export function keyLines(toml: string): Map<string, number> {
  return new Scanner(toml).document();
}

class Scanner {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  /** How many elements an array of tables has so far, by its pointer. */
  readonly #arrayTables = new Map<string, number>();
  #position = 0;
  #line = 1;
  #lineCountedTo = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Map<string, number> {
    let table = '';
    for (;;) {
      this.#skipBlank();
      if (this.#position >= this.#text.length) return this.#lines;
      if (this.#peek() === '[') table = this.#header();
      else this.#keyAndValue(table);
    }
  }

  /** `[a.b]` or `[[a.b]]`; returns the pointer of the table that the following keys belong to. */
  #header(): string {
    const isArray = this.#text.startsWith('[[', this.#position);
    this.#position += isArray ? 2 : 1;
    const parts = this.#key();
    this.#position += isArray ? 2 : 1;
    let pointer = '';
    for (const [index, part] of parts.entries()) {
      pointer = pointerTo(pointer, part);
      if (pointer.length > LONGEST_POINTER) break;
      this.#note(pointer);
      const elements = this.#arrayTables.get(pointer);
      if (isArray && index === parts.length - 1) {
        this.#arrayTables.set(pointer, (elements ?? 0) + 1);
        pointer = pointerTo(pointer, elements ?? 0);
      } else if (elements !== undefined) {
        pointer = pointerTo(pointer, elements - 1);
      }
      this.#note(pointer);
    }
    return pointer;
  }

  #keyAndValue(table: string): void {
    let pointer = table;
    for (const part of this.#key()) {
      pointer = pointerTo(pointer, part);
      this.#note(pointer);
    }
    this.#skipBlank();
    this.#position++;
    this.#value(pointer);
  }

  /** A bare, quoted or dotted key; leaves the position at what follows it. */
  #key(): string[] {
    const parts: string[] = [];
    for (;;) {
      this.#skipBlank();
      const start = this.#position;
      const quote = this.#peek();
      if (quote === '"' || quote === "'") {
        this.#string();
        const raw = this.#text.slice(start, this.#position);
        parts.push(String(parse(`key = ${raw}`).key));
      } else {
        this.#skipUntil(/[\s.=\]]/y);
        parts.push(this.#text.slice(start, this.#position));
      }
      this.#skipBlank();
      if (this.#peek() !== '.') return parts;
      this.#position++;
    }
  }

  #value(pointer: string): void {
    this.#skipBlank();
    switch (this.#peek()) {
      case '"':
      case "'":
        this.#string();
        return;
      case '[':
        this.#position++;
        for (let index = 0; this.#more(']'); index++) {
          const element = pointerTo(pointer, index);
          this.#note(element);
          this.#value(element);
        }
        return;
      case '{':
        this.#position++;
        while (this.#more('}')) this.#keyAndValue(pointer);
        return;
      default:
        this.#skipUntil(/[,\]}#\n]/y);
    }
  }

  /** Steps over a comma, or over the closing bracket and answers false. */
  #more(close: string): boolean {
    this.#skipBlank();
    if (this.#peek() === ',') {
      this.#position++;
      this.#skipBlank();
    }
    if (this.#position >= this.#text.length) return false;
    if (this.#peek() !== close) return true;
    this.#position++;
    return false;
  }

  #string(): void {
    const quote = this.#text.charAt(this.#position);
    const long = this.#text.startsWith(quote.repeat(3), this.#position);
    const end = long ? quote.repeat(3) : quote;
    this.#position += end.length;
    while (this.#position < this.#text.length && !this.#text.startsWith(end, this.#position)) {
      this.#position += quote === '"' && this.#peek() === '\\' ? 2 : 1;
    }
    this.#position += end.length;
    // A long string may end in one or two quotes of its own before the three that close it.
    for (let extra = 0; long && extra < 2 && this.#peek() === quote; extra++) this.#position++;
  }

  #peek(): string {
    return this.#text.charAt(this.#position);
  }

  /** Steps over spaces, line ends and comments. */
  #skipBlank(): void {
    const blank = /(?:\s+|#[^\n]*)*/y;
    blank.lastIndex = this.#position;
    this.#position += blank.exec(this.#text)?.[0].length ?? 0;
  }

  /** Moves on by one character at least, so that no text can hold the scan up. */
  #skipUntil(stop: RegExp): void {
    do {
      this.#position++;
      stop.lastIndex = this.#position;
    } while (this.#position < this.#text.length && !stop.test(this.#text));
  }

  #note(pointer: string): void {
    // Keys within keys without end would take memory that grows with the square of their number.
    if (pointer.length > LONGEST_POINTER) return;
    for (; this.#lineCountedTo < this.#position; this.#lineCountedTo++) {
      if (this.#text.charCodeAt(this.#lineCountedTo) === 10) this.#line++;
    }
    if (!this.#lines.has(pointer)) this.#lines.set(pointer, this.#line);
  }
}
