/**
 * Checks that an object of werift has the undocumented members that are used here, so that an
 * upgrade that moves them fails at once with a clear message.
 * @param name of the object, for the message
 * @param required paths of members and their `typeof`
 * @throws Error that names the missing member
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
