import t from 'tap';
import { patternFault, streamMatcher } from '../../src/layout/stream-pattern.ts';

t.test('which names match', (t) => {
  const names: [pattern: string, matched: string[], others: string[]][] = [
    [
      '*',
      ['cam1', 'site/cam2', '.front', 'a/.b', 'cam[1]', '日本', '😀', 'a b', '!x', '-', '.', '..'],
      [],
    ],
    ['**', ['cam1', 'a/b/.c', '..'], []],
    ['cam*', ['cam', 'cam1', 'cam/2', 'cam.', 'cam/.x/..'], ['Cam1', 'xcam', '.cam']],
    ['*/cam', ['site/cam', 'a/b/cam', './cam', '.a/cam', '/cam'], ['cam', 'site/cam2']],
    ['site/*', ['site/cam', 'site/a/.b'], ['site', 'sites/cam']],
    ['*.front', ['.front', 'x.front', 'a/.front'], ['front']],
    ['site?/cam', ['site1/cam', 'site//cam'], ['site/cam', 'site12/cam']],
    ['?', ['a', '/'], ['', 'ab']],
    // A pattern matches its own text too, for streams of such names.
    ['cam[1-3]', ['cam1', 'cam3', 'cam[1-3]'], ['cam4', 'cam']],
    ['cam[!1-3]', ['cam4', 'camx'], ['cam1', 'cam']],
    ['\\[x\\]', ['[x]'], ['x']],
    ['cam1', ['cam1'], ['cam10', 'cam', '/cam1', 'cam1/']],
    ['!cam9', ['cam1', '!cam9', 'a/b'], ['cam9']],
    ['cam{1,2}', ['cam1', 'cam2'], ['cam3', 'cam']],
    ['a.b+c$^', ['a.b+c$^'], ['aXb+c$^', 'a.bbc$^']],
    ['*a*b', ['ab', 'aab', 'xaxb', 'a/b/b'], ['aba', 'b']],
  ];
  for (const [pattern, matched, others] of names) {
    const isMatched = streamMatcher([pattern]);
    for (const name of matched) t.ok(isMatched(name), `${pattern} matches ${name}`);
    for (const name of others) t.notOk(isMatched(name), `${pattern} does not match ${name}`);
  }
  t.end();
});

t.test('any of several, none of none, and all but some', (t) => {
  const isMatched = streamMatcher(['a*', 'b']);
  t.strictSame(['a1', 'b', 'b1'].map(isMatched), [true, true, false]);
  t.notOk(streamMatcher([])('a'));
  t.notOk(streamMatcher([''])('a'));
  const isMost = streamMatcher(['cam*', '!cam9', '!*/test']);
  t.strictSame(['cam1', 'cam9', 'cam1/test', 'x'].map(isMost), [true, false, false, false]);
  t.end();
});

t.test('what is no pattern', (t) => {
  for (const pattern of ['cam[1', 'cam{1,2', '!cam[1']) {
    t.match(patternFault(pattern), /not closed/, pattern);
  }
  for (const pattern of ['cam[1]*', '!cam9', '', '*', 'a{b}']) {
    t.equal(patternFault(pattern), undefined, pattern);
  }
  t.end();
});
