import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '..');
const PAGES = ['*.md', 'design/*.md', 'docs/**/*.md', 'deploy/**/*.md'].flatMap((pages) =>
  globSync(pages, { cwd: ROOT }).map((page) => page.replaceAll('\\', '/')),
);
const FOLDERS = 'bin,src,routes,scripts,web,test,bench,fuzz,config,deploy,docs';
const FILES = new Set([
  ...globSync(`{${FOLDERS}}/**/*`, { cwd: ROOT }).map((file) => file.replaceAll('\\', '/')),
  ...globSync('*', { cwd: ROOT }),
]);
const NAMES = new Set([...FILES].map((file) => basename(file)));

/** What a page links to within the repository. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, target]) => target!);
}

/** Source files that a page names: with their path, or by their name alone. */
function namedFiles(text: string): string[] {
  return [...text.matchAll(/`([\w./-]+\.(?:ts|js))`/g)].map(([, name]) => name!);
}

/** The fragments by which a page's headings can be linked to, as GitHub makes them. */
function fragmentsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

for (const page of PAGES) {
  const text = readFileSync(join(ROOT, page), 'utf8');
  t.test(page, async (t) => {
    for (const link of linksOf(text)) {
      const [file = '', fragment] = link.split('#');
      const target = file === '' ? page : normalize(join(dirname(page), file));
      const isThere = PAGES.includes(target) || FILES.has(target.replace(/\/$/, ''));
      t.ok(isThere, `links to ${link}`);
      if (isThere && fragment !== undefined) {
        const linked = readFileSync(join(ROOT, target), 'utf8');
        t.ok(fragmentsOf(linked).includes(fragment), `links to a heading: ${link}`);
      }
    }
    for (const name of namedFiles(text)) {
      t.ok(name.includes('/') ? isFile(name) : NAMES.has(name), `names ${name}`);
    }
  });
}

/** A path from the root, or its end where a page tells of a folder. */
function isFile(path: string): boolean {
  return FILES.has(path) || [...FILES].some((file) => file.endsWith(`/${path}`));
}
