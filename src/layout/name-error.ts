/**
 * A name that cannot become a path: of a stream, of a base directory, or of an object. Its message is
 * fit for who gave the name.
 */
export class NameError extends Error {
  override name = 'NameError';
}
