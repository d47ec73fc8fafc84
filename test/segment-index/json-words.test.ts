import t from 'tap';
import {
  OVERHANG,
  putNumber,
  putShortText,
  putText,
  TimeWriter,
  textWords,
} from '../../src/segment-index/json-words.ts';

const START = 5;

/** What is written from a position that no word is aligned to, with what must follow it at once. */
function written(put: (view: DataView, at: number) => number): string {
  const buffer = Buffer.alloc(START + 400 + OVERHANG, '#');
  const end = put(new DataView(buffer.buffer, buffer.byteOffset, buffer.length), START);
  t.equal(buffer.toString('latin1', 0, START), '#'.repeat(START), 'nothing before is changed');
  const rest = buffer.subarray(end + OVERHANG);
  t.ok(
    rest.every((byte) => byte === 0x23),
    'nothing is changed beyond the overhang',
  );
  return buffer.toString('utf8', START, end);
}

const around = (values: number[]) =>
  values.flatMap((value) => [value - 1, value, value + 1]).filter((value) => value >= 0);

t.test('writes numbers as text does', async (t) => {
  const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);
  const numbers = [
    ...around(powers),
    ...around([12_345_678, 100_010_000, 2 ** 31, 2 ** 32, 1e15 + 1e8, 9_007_199_200_000_000]),
    ...[1_753_315_200_000_000, 1_753_315_299_999_999, Number.MAX_SAFE_INTEGER],
  ];
  for (const number of numbers) {
    t.equal(
      written((view, at) => putNumber(view, at, number)),
      String(number),
    );
  }
});

t.test('pads numbers with zeros', async (t) => {
  for (const number of around([1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8, 123_456_789])) {
    for (let digits = 1; digits <= 9; digits++) {
      t.equal(
        written((view, at) => putNumber(view, at, number, digits)),
        String(number).padStart(digits, '0'),
      );
    }
  }
});

t.test('writes times whatever the previous one was', async (t) => {
  const writer = new TimeWriter();
  const hundredSeconds = 1_753_315_200_000_000;
  const times = [
    ...[hundredSeconds, hundredSeconds + 99_999_999, hundredSeconds - 1, hundredSeconds + 1e8],
    ...[0, 99_999_999, 1e8, 1e15 - 1, 1e15, 1e15 + 1e8 - 1, 1e15 - 1, 5, 1e15],
    ...[Number.MAX_SAFE_INTEGER, hundredSeconds, Number.MAX_SAFE_INTEGER - 1],
  ];
  const column = Float64Array.from(times);
  for (const [index, time] of times.entries()) {
    t.equal(
      written((view, at) => writer.put(view, at, column, index, 0)),
      String(time),
    );
  }
  t.equal(
    written((view, at) => writer.put(view, at, column, 0, 2 ** 33)),
    String(hundredSeconds + 2 ** 33),
  );
  t.equal(
    written((view, at) => writer.put(view, at, column, 0, -5)),
    String(hundredSeconds - 5),
  );
});

t.test('writes text of every length, and of all bytes that UTF-8 has', async (t) => {
  for (let length = 0; length <= 130; length++) {
    const text = 'abcdefghij'.repeat(13).slice(0, length);
    t.equal(
      written((view, at) => putText(view, at, textWords(text))),
      text,
    );
    if (length > 16) continue;
    t.equal(
      written((view, at) => putShortText(view, at, textWords(text))),
      text,
    );
  }
  for (const last of ['\x7f', '\u{10ffff}', 'ÿ', '日', '\ufeff']) {
    for (const before of ['\u{10ffff}', '\u{10ffff}\x7f', '\x7f\x7f', 'é', '\u{f0000}']) {
      for (let shift = 0; shift < 8; shift++) {
        const text = `${'-'.repeat(shift)}${before}${last}`;
        t.equal(
          written((view, at) => putText(view, at, textWords(text))),
          text,
        );
      }
    }
  }
});

t.test('writes a lone surrogate as a replacement character, as a buffer does', async (t) => {
  t.equal(
    written((view, at) => putText(view, at, textWords('a\ud800b'))),
    'a\ufffdb',
  );
});
