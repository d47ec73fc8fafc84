import { StoreError, type StoreErrorKind } from './store.ts';

/** Names of a store's settings, for the advice in errors. */
export interface SettingNames {
  /** E.g. `access_key_id and secret_access_key`. */
  keys: string;
  /** E.g. `session_token`. */
  token: string;
}

/** Context of a failure, and what must not be shown. */
export interface FailureContext {
  /** {@link Store.name}. */
  store: string;
  /** E.g. `put a/b.m4s`. */
  action: string;
  settings: SettingNames;
  /** Texts that must not appear anywhere, such as keys and tokens. */
  secrets: readonly string[];
}

/** Properties that the errors of both clients may have; none is guaranteed. */
interface ClientError {
  name?: unknown;
  code?: unknown;
  Code?: unknown;
  status?: unknown;
  message?: unknown;
  Region?: unknown;
  Endpoint?: unknown;
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number; headers?: Record<string, string | undefined> };
  res?: { headers?: Record<string, string | undefined> };
  errors?: unknown;
}

const TRANSIENT = new Set([
  'TimeoutError',
  'ConnectionTimeout',
  'ResponseTimeout',
  'SocketAssignTimeout',
  'ConnectionError',
  'RequestTimeout',
  'RequestTimeoutException',
  'IncompleteBody',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'QpsLimitExceeded',
  'DownloadTrafficRateLimitExceeded',
  'UploadTrafficRateLimitExceeded',
  'OperationAborted',
  'ConditionalRequestConflict',
  'InternalError',
  'ServiceUnavailable',
  'AbortError',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'ENFILE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EBUSY',
  'ENOMEM',
]);

const DENIED = new Set([
  'AccessDenied',
  'Forbidden',
  'InvalidAccessKeyId',
  // Used by versitygw with status 404.
  'XAdminUserNotFound',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidToken',
  'InvalidClientTokenId',
  'InvalidSecurity',
  'InvalidSecurityToken',
  'SecurityTokenExpired',
  'SecurityTokenNotSupported',
  'AccountProblem',
  'AllAccessDisabled',
  'UserDisable',
  'CredentialsProviderError',
  'TokenProviderError',
  'EACCES',
  'EPERM',
  'EROFS',
]);

const TOO_LARGE = new Set(['EntityTooLarge', 'MaxMessageLengthExceeded', 'EFBIG']);

const INTEGRITY = new Set([
  'BadDigest',
  'InvalidDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
]);

const EXISTS = new Set(['PreconditionFailed', 'FileAlreadyExists', 'EEXIST']);

const NOT_FOUND = new Set(['NoSuchKey', 'NotFound', 'InvalidRange', 'ENOENT']);

/**
 * Classifies an error of a provider's client, of the network or of the file system. This is the
 * only place that does so. Names and codes take precedence, because both providers send some
 * refusals with status 400; then the status.
 * @returns the error itself if it is a StoreError
 */
export function storeError(error: unknown, context: FailureContext): StoreError {
  if (error instanceof StoreError) return error;
  const failure = (typeof error === 'object' && error !== null ? error : {}) as ClientError;
  const status = statusOf(failure);
  const code = codeOf(failure, status);
  const said = typeof failure.message === 'string' ? failure.message : '';
  const kind = kindOf(code, status, said);
  // The text of a refusal repeats the request, including keys, headers and signature.
  const words =
    kind === 'denied' || status === undefined
      ? ''
      : `: ${withoutSecrets(said, context.secrets).slice(0, 200)}`;
  const answer = status === undefined || code === `HTTP${status}` ? code : `${code}, ${status}`;
  const text = withoutSecrets(
    `${context.store}: ${context.action} failed (${answer})${words}`,
    context.secrets,
  );
  const mend = mendOf(code, status, said, failure, context.settings);
  return new StoreError(mend === undefined ? text : `${text}; ${mend}`, {
    kind,
    code: withoutSecrets(code, context.secrets),
    status,
    retryAfterMs: retryAfterOf(failure),
    mend,
  });
}

function statusOf(failure: ClientError): number | undefined {
  const status =
    failure.$metadata?.httpStatusCode ?? failure.$response?.statusCode ?? failure.status;
  // ali-oss uses -1 for a broken connection and -2 for a timeout.
  return typeof status === 'number' && status > 0 ? status : undefined;
}

function codeOf(failure: ClientError, status: number | undefined): string {
  if (failure.status === -1 && typeof failure.message === 'string') {
    return codeInText(failure.message);
  }
  const inner = Array.isArray(failure.errors) ? (failure.errors[0] as ClientError) : undefined;
  for (const found of [failure.Code, failure.code, inner?.code, failure.name]) {
    if (typeof found !== 'string' || found === '' || /^\d+$/.test(found)) continue;
    const code = /^E[A-Z_]+$/.test(found) ? found : withoutErrorSuffix(found);
    if (code === '' || code === 'Unknown' || code === 'Type') continue;
    return code;
  }
  return status === undefined ? 'UnknownError' : `HTTP${status}`;
}

/** ali-oss has the system's code of a broken connection only in its message. */
function codeInText(message: string): string {
  const words = message.split(', ', 1)[0] ?? '';
  if (/certificate|SSL|TLS/.test(words)) return 'TLSError';
  return words.match(/\bE[A-Z_]{3,}\b/)?.[0] ?? 'ConnectionError';
}

/** ali-oss appends `Error` to each code; names that end in it are kept. */
function withoutErrorSuffix(name: string): string {
  if (/^(Timeout|Abort|Internal|CredentialsProvider|TokenProvider|Syntax)Error$/.test(name)) {
    return name;
  }
  return name.replace(/Error$/, '');
}

function kindOf(code: string, status: number | undefined, said: string): StoreErrorKind {
  // OSS refuses a request to another region's endpoint with AccessDenied.
  if (/must be addressed using the specified endpoint/i.test(said)) return 'misconfigured';
  if (TOO_LARGE.has(code) || status === 413) return 'too-large';
  if (INTEGRITY.has(code)) return 'integrity';
  if (TRANSIENT.has(code)) return 'transient';
  if (code === 'RequestTimeTooSkewed') return 'misconfigured';
  if (EXISTS.has(code) || status === 412) return 'exists';
  if (DENIED.has(code)) return 'denied';
  if (NOT_FOUND.has(code) || status === 416) return 'not-found';
  if (status === undefined) return isSystemCode(code) ? 'transient' : 'misconfigured';
  if (status === 401 || status === 403) return 'denied';
  if (status === 408 || status === 425 || status === 429) return 'transient';
  if (status >= 500 && status !== 501) return 'transient';
  return 'misconfigured';
}

/** System errors that are not listed are transient, except those of TLS and of invalid settings. */
function isSystemCode(code: string): boolean {
  return /^E[A-Z]+$/.test(code) && code !== 'EPROTO' && code !== 'EINVAL';
}

function mendOf(
  code: string,
  status: number | undefined,
  said: string,
  failure: ClientError,
  settings: SettingNames,
): string | undefined {
  if (/must be addressed using the specified endpoint/i.test(said)) {
    return `set endpoint and region to those of the bucket${named(failure.Endpoint)}`;
  }
  if (/signing region/i.test(said)) return 'set region to that of the bucket';
  switch (code) {
    case 'NoSuchBucket':
      return 'set bucket to one that exists, or create it';
    case 'InvalidBucketName':
      return 'set bucket to a valid bucket name';
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return `set region to that of the bucket${named(failure.Region)}`;
    case 'PermanentRedirect':
    case 'TemporaryRedirect':
    case 'HTTP301':
    case 'HTTP307':
      return `set region and endpoint to those of the bucket${named(failure.Endpoint)}`;
    case 'InvalidAccessKeyId':
    case 'XAdminUserNotFound':
    case 'InvalidClientTokenId':
    case 'SignatureDoesNotMatch':
      return `check ${settings.keys}`;
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'TokenRefreshRequired':
    case 'InvalidToken':
    case 'InvalidSecurity':
    case 'InvalidSecurityToken':
    case 'SecurityTokenExpired':
    case 'SecurityTokenNotSupported':
      return `give a valid ${settings.token} together with the keys it was issued with`;
    case 'CredentialsProviderError':
    case 'TokenProviderError':
      return `set ${settings.keys}, or give this machine a role`;
    case 'RequestTimeTooSkewed':
      return 'set the clock of this machine';
    case 'ENOTFOUND':
      return 'check endpoint and the name service';
    case 'ECONNREFUSED':
      return 'check endpoint and that the server runs';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'let this user write below root';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'make space on the disk';
    case 'NotImplemented':
      return 'the server lacks what recording needs; check endpoint';
  }
  if (/CERT|^EPROTO$|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return 'check that endpoint speaks TLS with a certificate this machine trusts, or begins with http://';
  }
  if (status === 401 || status === 403) {
    return `let ${settings.keys} put, get, list and delete in the bucket`;
  }
  if (status !== undefined && status < 400) return 'check endpoint: what answered is not a bucket';
  if (code === 'SyntaxError') return 'check endpoint: what answered does not speak its protocol';
  return undefined;
}

function named(value: unknown): string {
  return typeof value === 'string' && /^[\w.-]{1,100}$/.test(value) ? ` (${value})` : '';
}

function retryAfterOf(failure: ClientError): number | undefined {
  const headers = failure.$response?.headers ?? failure.res?.headers;
  const value = headers?.['retry-after'];
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return ms >= 0 ? ms : undefined;
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    clean = clean.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***');
  }
  return clean;
}
