import t from 'tap';
import { patternDoubt, patternFault, streamMatcher } from '../src/stream-pattern.ts';

t.test('which names match', (t) => {
  // What Live777's patterns (Rust's glob, neither slashes nor leading dots are special) match.
  const names: [pattern: string, matched: string[], others: string[]][] = [
    ['*', ['cam1', 'site/cam2', '.front', 'a/.b', 'cam[1]', '日本', '😀', 'a b', '!x', '-'], []],
    ['**', ['cam1', 'a/b/.c'], []],
    ['cam*', ['cam', 'cam1', 'cam/2', 'cam.'], ['Cam1', 'xcam', '.cam']],
    ['*/cam', ['site/cam', 'a/b/cam', '/cam'], ['cam', 'site/cam2']],
    ['*.front', ['.front', 'x.front'], ['front']],
    ['site?/cam', ['site1/cam', 'site//cam', 'site😀/cam'], ['site/cam', 'site12/cam']],
    ['?', ['a', '/', '.', '😀'], ['', 'ab']],
    ['cam[1-3]', ['cam1', 'cam3'], ['cam4', 'cam[1-3]', 'cam']],
    ['cam[!1-3]', ['cam4', 'camx'], ['cam1', 'cam']],
    ['[[]x[]]', ['[x]'], ['x']],
    ['[a-]', ['a', '-'], ['b']],
    ['cam1', ['cam1'], ['cam10', 'cam', '/cam1']],
    ['!cam9', ['!cam9'], ['cam9', 'cam1']],
    ['{a,b}', ['{a,b}'], ['a', 'b']],
    ['a.b+(c)$^|\\d', ['a.b+(c)$^|\\d'], ['aXb+(c)$^|\\d', 'a.b+(c)$^|5']],
    ['*a*b', ['ab', 'aab', 'xaxb', 'abab'], ['aba', 'b']],
  ];
  for (const [pattern, matched, others] of names) {
    const isMatched = streamMatcher([pattern]);
    for (const name of matched) t.ok(isMatched(name), `${pattern} matches ${name}`);
    for (const name of others) t.notOk(isMatched(name), `${pattern} does not match ${name}`);
  }
  t.end();
});

t.test('any of several, and none of none', (t) => {
  const isMatched = streamMatcher(['a*', 'b']);
  t.strictSame(['a1', 'b', 'b1'].map(isMatched), [true, true, false]);
  t.notOk(streamMatcher([])('a'));
  t.end();
});

t.test('a name of a stranger that almost matches takes no time', (t) => {
  const isMatched = streamMatcher(['*a*a*a*a*a*a*a*a*a*a*b']);
  t.notOk(isMatched('a'.repeat(20_000)));
  t.end();
});

t.test('what is no pattern, and what may have been meant', (t) => {
  t.match(patternFault('cam[1'), /has no "\]"/);
  t.match(patternFault('cam[]'), /has no "\]"/);
  t.equal(patternFault('cam[1]*'), undefined);
  t.match(patternDoubt('!cam9'), /negation/);
  t.match(patternDoubt('cam{1,2}'), /braces/);
  t.equal(patternDoubt('cam{1}'), undefined);
  t.end();
});
