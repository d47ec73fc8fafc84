import type { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';

/** Values at which lengths and counts tend to go wrong. */
const BOUNDARIES = [0, 1, 2, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 254, 255];
const WIDE_BOUNDARIES = [
  0, 1, 255, 256, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_ffff,
];
const TEXT_BOUNDARIES = [
  ...['0', '-1', '1', '127', '128', '255', '256', '65535', '65536', '4294967295', '4294967296'],
  ...['9007199254740991', '9007199254740993', '1e400', 'NaN', '0x10', '1.5', ''],
  ...['__proto__', 'constructor', '\0', '\ud800', '\u2028', '%00', '../', '"', "'", '\\'],
];
/** One input in so many is made as long as it may be, which is where quadratic time hides. */
const LONG_ONE_IN = 1000;
/** Most changes that one input gets at once. */
const MOST_CHANGES = 6;

/**
 * A changed copy of an input.
 *
 * @param others what parts may be taken from
 * @returns at most `target.maxBytes` bytes
 */
export function mutate(
  input: Buffer,
  others: readonly Buffer[],
  target: FuzzTarget,
  random: Random,
): Buffer {
  let changed = input;
  // Mostly few: of many one is bound to break what the others need.
  const changes = 1 + random.below(1 + random.below(MOST_CHANGES));
  for (let change = 0; change < changes; change++) {
    const ways = target.lines && random.below(2) === 0 ? lineWays : byteWays;
    changed = random.pick(ways)(changed, others, target, random);
    if (changed.length > target.maxBytes) changed = changed.subarray(0, target.maxBytes);
  }
  if (random.below(LONG_ONE_IN) === 0) changed = repeatPart(changed, target, random);
  return changed === input ? Buffer.from(input) : changed;
}

type Way = (input: Buffer, others: readonly Buffer[], target: FuzzTarget, random: Random) => Buffer;

const byteWays: Way[] = [
  flipBit,
  setByte,
  addToByte,
  setInteger,
  deletePart,
  insertBytes,
  insertPart,
  copyPart,
  splice,
  insertWord,
  replaceNumber,
];

const lineWays: Way[] = [
  deleteLine,
  repeatLine,
  moveLine,
  takeLine,
  repeatToken,
  insertWord,
  replaceNumber,
];

function flipBit(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  return setAt(input, random, (byte) => byte ^ (1 << random.below(8)));
}

function setByte(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  const value = random.below(2) === 0 ? random.pick(BOUNDARIES) : random.below(256);
  return setAt(input, random, () => value);
}

function addToByte(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  const delta = random.below(33) - 16;
  return setAt(input, random, (byte) => byte + delta);
}

function setAt(input: Buffer, random: Random, change: (byte: number) => number): Buffer {
  if (input.length === 0) return Buffer.of(random.below(256));
  const copy = Buffer.from(input);
  const at = random.below(copy.length);
  copy[at] = change(copy[at]!);
  return copy;
}

function setInteger(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  const width = random.below(2) === 0 ? 2 : 4;
  if (input.length < width) return input;
  const copy = Buffer.from(input);
  const at = random.below(copy.length - width + 1);
  const value = random.pick(WIDE_BOUNDARIES) + random.below(5) - 2;
  copy.writeUIntBE((value >>> 0) % 256 ** width, at, width);
  return copy;
}

function deletePart(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  const [start, end] = part(input, random);
  return Buffer.concat([input.subarray(0, start), input.subarray(end)]);
}

function insertBytes(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  const added = Buffer.alloc(1 + random.below(16), random.below(256));
  if (random.below(2) === 0)
    for (let at = 0; at < added.length; at++) added[at] = random.below(256);
  return insertAt(input, random.below(input.length + 1), added);
}

function insertPart(input: Buffer, others: readonly Buffer[], _: unknown, random: Random): Buffer {
  const other = others.length === 0 ? input : random.pick(others);
  const [start, end] = part(other, random);
  return insertAt(input, random.below(input.length + 1), other.subarray(start, end));
}

function copyPart(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  if (input.length === 0) return input;
  const [start, end] = part(input, random);
  const copy = Buffer.from(input);
  input.copy(copy, random.below(input.length), start, end);
  return copy;
}

function splice(input: Buffer, others: readonly Buffer[], _: unknown, random: Random): Buffer {
  const other = others.length === 0 ? input : random.pick(others);
  return Buffer.concat([
    input.subarray(0, random.below(input.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ]);
}

function insertWord(input: Buffer, _others: unknown, target: FuzzTarget, random: Random): Buffer {
  const words = target.dictionary ?? [];
  const word =
    words.length > 0 && random.below(4) > 0 ? random.pick(words) : random.pick(TEXT_BOUNDARIES);
  return insertAt(input, random.below(input.length + 1), Buffer.from(word));
}

function replaceNumber(input: Buffer, others: unknown, target: FuzzTarget, random: Random): Buffer {
  const from = random.below(input.length + 1);
  let start = from;
  while (start < input.length && !isDigit(input[start]!)) start++;
  if (start === input.length) return insertWord(input, others, target, random);
  let end = start;
  while (end < input.length && isDigit(input[end]!)) end++;
  return Buffer.concat([
    input.subarray(0, start),
    Buffer.from(random.pick(TEXT_BOUNDARIES)),
    input.subarray(end),
  ]);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function repeatPart(input: Buffer, target: FuzzTarget, random: Random): Buffer {
  const [start, end] = part(input, random);
  const length = end - start;
  if (length === 0) return input;
  const times = Math.floor((target.maxBytes - input.length) / length);
  const wanted = Math.max(0, random.below(2) === 0 ? times : random.below(times + 1));
  const repeated = Buffer.alloc(wanted * length, input.subarray(start, end));
  return insertAt(input, end, repeated);
}

function deleteLine(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  const lines = linesOf(input);
  lines.splice(random.below(lines.length), 1);
  return Buffer.concat(lines);
}

function repeatLine(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  const lines = linesOf(input);
  lines.splice(random.below(lines.length), 0, random.pick(lines));
  return Buffer.concat(lines);
}

function moveLine(input: Buffer, _others: unknown, _target: unknown, random: Random): Buffer {
  const lines = linesOf(input);
  const [line] = lines.splice(random.below(lines.length), 1);
  lines.splice(random.below(lines.length + 1), 0, line!);
  return Buffer.concat(lines);
}

function takeLine(input: Buffer, others: readonly Buffer[], _: unknown, random: Random): Buffer {
  const lines = linesOf(input);
  const other = linesOf(others.length === 0 ? input : random.pick(others));
  const at = random.below(lines.length);
  lines.splice(at, random.below(2), random.pick(other));
  return Buffer.concat(lines);
}

/** Copies what stands between two separators behind itself, up to a few thousand times. */
function repeatToken(input: Buffer, _others: unknown, target: FuzzTarget, random: Random): Buffer {
  const from = random.below(input.length + 1);
  let start = from;
  while (start > 0 && !isSeparator(input[start - 1]!)) start--;
  let end = from;
  while (end < input.length && !isSeparator(input[end]!)) end++;
  const token = input.subarray(Math.max(0, start - 1), end);
  if (token.length === 0) return input;
  const most = random.below(LONG_ONE_IN / 20) === 0 ? target.maxBytes / token.length : 3;
  return insertAt(input, end, Buffer.alloc(token.length * Math.ceil(most), token));
}

function isSeparator(byte: number): boolean {
  return ' ;,:=/.\r\n'.includes(String.fromCharCode(byte));
}

/** The lines with their ends; at least one, which may be empty. */
function linesOf(input: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  while (start < input.length) {
    const newline = input.indexOf(0x0a, start);
    const end = newline < 0 ? input.length : newline + 1;
    lines.push(input.subarray(start, end));
    start = end;
  }
  return lines.length > 0 ? lines : [input];
}

/** Bounds of a part, mostly a short one. */
function part(input: Buffer, random: Random): [start: number, end: number] {
  const start = random.below(input.length + 1);
  const longest = random.below(4) === 0 ? input.length : 32;
  return [start, Math.min(input.length, start + 1 + random.below(longest + 1))];
}

function insertAt(input: Buffer, at: number, added: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), added, input.subarray(at)]);
}
