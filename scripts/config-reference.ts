/**
 * `npm run docs` writes the pages of all keys of live777.toml from the schema; `-- --check` checks that
 * they are up to date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigFile } from '../src/config/schema.ts';
import { storageTables } from '../src/config/tables/storage.ts';
import { CONFIG_WORDS, type KeyWords } from './config-words.ts';

const ROOT = join(import.meta.dirname, '..');
const LANGUAGES = ['en', 'zh'] as const;
type Language = (typeof LANGUAGES)[number];

/** The part of a JSON schema that the pages show. */
interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  /** Keys of `properties` that have to be there. */
  required?: string[] | undefined;
}

/** A table of live777.toml. */
interface Table {
  /** Its name, as in {@link CONFIG_WORDS}. */
  name: string;
  keys: Record<string, Schema>;
  /** Those that have to be given, if they have no default. */
  required: readonly string[];
}

const TEXTS = {
  en: {
    title: 'Configuration',
    intro:
      'All keys of `live777.toml`, written from the schema by `npm run docs`. [`config/live777.toml`](../../config/live777.toml) shows them in their places, and [`config/examples`](../../config/examples) has whole files. Relative paths are relative to the working directory. A mistake ends the start with file, line and a suggestion; tables that only Live777 reads are ignored.',
    head: ['key', 'value', 'default', 'meaning'],
    integer: 'integer',
    boolean: '`true` or `false`',
    string: 'text',
    list: 'list of ',
    tables: 'table',
    none: '—',
    required: '*required*',
  },
  zh: {
    title: '配置参考',
    intro:
      '`live777.toml` 的全部配置项，由 `npm run docs` 根据 schema 生成。[`config/live777.toml`](../../config/live777.toml) 按位置列出各项，[`config/examples`](../../config/examples) 提供完整示例。相对路径相对于工作目录。配置有误时程序不会启动，并给出文件、行号和修改建议；仅 Live777 使用的表会被忽略。',
    head: ['配置项', '取值', '默认值', '含义'],
    integer: '整数',
    boolean: '`true` 或 `false`',
    string: '文本',
    list: '列表：',
    tables: '表',
    none: '—',
    required: '*必填*',
  },
};

/** The tables of live777.toml, in the order of the schema. */
export function configTables(): Table[] {
  return tablesOf('', ConfigFile as unknown as Schema);
}

function tablesOf(name: string, schema: Schema): Table[] {
  if (name === 'recorder.storage') {
    return Object.entries(storageTables).map(([type, table]) => {
      const { properties, required = [] } = table as unknown as Schema;
      const { type: _type, ...keys } = properties!;
      return { name: `${name} (type = "${type}")`, keys, required };
    });
  }
  const own: Record<string, Schema> = {};
  const below: Table[] = [];
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const path = name === '' ? key : `${name}.${key}`;
    if (value.items?.properties) below.push(...tablesOf(`${path}[]`, value.items));
    else if (value.properties && key !== 'shard') below.push(...tablesOf(path, value));
    else own[key] = value;
  }
  return Object.keys(own).length > 0
    ? [{ name, keys: own, required: schema.required ?? [] }, ...below]
    : below;
}

/** The page of a language, as Markdown. @throws Error naming a key without words */
export function configReference(language: Language): string {
  const texts = TEXTS[language];
  const lines = [`# ${texts.title}`, '', texts.intro];
  for (const { name, keys, required } of configTables()) {
    lines.push('', `## \`${heading(name)}\``, '');
    lines.push(`| ${texts.head.join(' | ')} |`, '|---|---|---|---|');
    for (const [key, schema] of Object.entries(keys)) {
      const words = CONFIG_WORDS[name]?.[key];
      if (words === undefined)
        throw new Error(`scripts/config-words.ts says nothing of ${name}: ${key}`);
      const cells = [
        `\`${key}\``,
        valuesOf(schema, texts),
        defaultOf(schema, words, required.includes(key), language),
        words[language],
      ];
      lines.push(`| ${cells.join(' | ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function heading(name: string): string {
  const [table = '', condition] = name.split(' (', 2);
  const brackets = table.endsWith('[]') ? `[[${table.slice(0, -2)}]]` : `[${table}]`;
  return condition === undefined ? brackets : `${brackets} ${condition.slice(0, -1)}`;
}

function valuesOf(schema: Schema, texts: (typeof TEXTS)[Language]): string {
  if (schema.enum) return schema.enum.map((value) => `\`"${value}"\``).join(', ');
  if (schema.items) return `${texts.list}${valuesOf(schema.items, texts)}`;
  switch (schema.type) {
    case 'integer':
      return `${texts.integer}, ${schema.minimum}–${schema.maximum}`;
    case 'boolean':
      return texts.boolean;
    case 'object':
      return texts.tables;
    default:
      return texts.string;
  }
}

function defaultOf(schema: Schema, words: KeyWords, isRequired: boolean, language: Language) {
  if (words.default !== undefined) return words.default[language];
  if (schema.default !== undefined) return `\`${toml(schema.default)}\``;
  return isRequired ? TEXTS[language].required : TEXTS[language].none;
}

function toml(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(toml).join(', ')}]` : JSON.stringify(value);
}

/** Path of the page of a language, from the root of the repository. */
export function referenceFile(language: Language): string {
  return `docs/${language}/configuration.md`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  let code = 0;
  for (const language of LANGUAGES) {
    const file = join(ROOT, referenceFile(language));
    const text = configReference(language);
    if (!values.check) await writeFile(file, text);
    else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
      process.stderr.write(`${referenceFile(language)} is out of date: run \`npm run docs\`\n`);
      code = 1;
    }
  }
  return code;
}

if (import.meta.main) process.exitCode = await main();
