import { createHash, timingSafeEqual } from 'node:crypto';
import { CoordinationError } from '@agentcoord/contract';

/** Whether a `Proxy-Authorization` header has the password, whatever the name. */
export function authorises(header: string | undefined, password: string): boolean {
  const [, encoded = ''] = /^basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '') ?? [];
  const given = Buffer.from(encoded, 'base64')
    .toString()
    .replace(/^[^:]*:/, '');
  return timingSafeEqual(digest(given), digest(password));
}

const digest = (text: string) => createHash('sha256').update(text).digest();

export function challenge(): CoordinationError {
  return new CoordinationError({
    code: 'unauthenticated',
    message: 'The proxy serves the processes that were started behind it.',
    hint: 'Use the address in HTTPS_PROXY as it is, with its user and password.',
  });
}
