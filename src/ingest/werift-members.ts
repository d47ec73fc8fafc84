/**
 * Checks that an object of werift has the members that we use of it beyond its documented surface, so
 * that an upgrade that moves them fails at once and says so.
 * @param name what the object is called in the message
 * @param required paths of members, and what `typeof` must say of each
 * @throws Error naming the member that moved
 */
export function requireMembers(
  object: object,
  name: string,
  required: readonly (readonly [path: string, type: string])[],
): void {
  for (const [path, type] of required) {
    let value: unknown = object;
    for (const member of path.split('.')) {
      value = (value as Record<string, unknown> | null | undefined)?.[member];
    }
    if (value === null || typeof value !== type) {
      throw new Error(
        `werift has changed: ${name}.${path} is not a ${type}; adapt src/ingest/werift-*.ts`,
      );
    }
  }
}
