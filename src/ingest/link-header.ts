import type { IceServer } from './ice-server.ts';

/** A link of a `Link` header (RFC 8288 §3). */
export interface Link {
  /** As written; it may be relative. */
  target: string;
  /** Relation types, in lower case. */
  relations: string[];
  /** Other parameters, with names in lower case. */
  parameters: Map<string, string>;
}

/** Parses a `Link` header field, up to the first malformed link. */
export function readLinks(header: string | null): Link[] {
  const links: Link[] = [];
  let rest = header ?? '';
  for (;;) {
    const target = /^[\s,]*<([^>]*)>/.exec(rest);
    if (target === null) return links;
    rest = rest.slice(target[0].length);
    const link: Link = { target: target[1]!.trim(), relations: [], parameters: new Map() };
    for (;;) {
      const parameter = /^\s*;\s*([^\s=;,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/.exec(
        rest,
      );
      if (parameter === null) break;
      rest = rest.slice(parameter[0].length);
      const name = parameter[1]!.toLowerCase();
      const value = parameter[2]?.replaceAll(/\\(.)/g, '$1') ?? parameter[3] ?? '';
      if (name === 'rel') link.relations = value.toLowerCase().split(/\s+/);
      else link.parameters.set(name, value);
    }
    links.push(link);
  }
}

/** The STUN and TURN servers among links (RFC 9725 §4.6). */
export function iceServersOf(links: readonly Link[]): IceServer[] {
  return links
    .filter(({ relations }) => relations.includes('ice-server'))
    .map(({ target, parameters }) => {
      const [username, credential] = [parameters.get('username'), parameters.get('credential')];
      return {
        urls: [target],
        ...(username === undefined ? {} : { username }),
        ...(credential === undefined ? {} : { credential }),
      };
    });
}
