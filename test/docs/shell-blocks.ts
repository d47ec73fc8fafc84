import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** A block of shell commands in a page of the documentation. */
export interface ShellBlock {
  commands: string;
  /** The comment in the line above it, which says how it is tested; empty without one. */
  mark: string;
}

/** Paths of the pages in a language, from the root of the repository. */
export function pagesIn(language: 'en' | 'zh'): string[] {
  const readme = language === 'en' ? 'README.md' : 'README.zh-CN.md';
  const pages = globSync(`docs/${language}/*.md`, { cwd: ROOT });
  return [readme, ...pages.map((page) => page.replaceAll('\\', '/')).sort()];
}

/** The blocks of a page, in order. */
export function shellBlocks(page: string): ShellBlock[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const blocks = text.matchAll(/(?:^<!-- (.*) -->\n)?^```sh\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, mark = '', commands = '']) => ({ mark, commands }));
}
